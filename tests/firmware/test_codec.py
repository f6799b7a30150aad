"""The C++ frame codec against PROTOCOL.md's golden frames and against a reference in Python."""

import random
import subprocess
from pathlib import Path

import pytest

from tests.support.firmware import BUILDS, HERE, LIBRARY, compile_cpp, golden, wire


@pytest.fixture(params=BUILDS.values(), ids=BUILDS.keys(), scope="module")
def codec(request, tmp_path_factory):
    """Function that sends lines to cpp/codec.cpp and returns the lines that it prints."""
    compiler, flags = request.param
    program = tmp_path_factory.mktemp("codec") / "codec"
    compile_cpp(compiler, flags, [HERE / "cpp/codec.cpp", LIBRARY / "frame.cpp"], program)
    return lambda lines: talk(program, lines)


def talk(program: Path, lines: list[str]) -> list[str]:
    done = subprocess.run(
        [program], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def parse(line: str) -> tuple[list[tuple[int, int, str]], int, bytes]:
    """The answer to `receive`: frames, number of bad frames, text."""
    *frames, damaged, text = line.split(";")
    split = [frame.split(" ") for frame in frames]
    return [(int(kind), int(seq), data) for kind, seq, data in split], int(damaged), bytes.fromhex(text)


def test_golden_frames_decode_and_encode_to_the_same_bytes(codec):
    frames = golden("frames")
    for name, line in zip(frames, codec([f"receive {hex}" for hex in frames.values()]), strict=True):
        received, damaged, text = parse(line)
        assert len(received) == 1 and damaged == 0 and text == b"", name
        kind, seq, payload = received[0]
        assert codec([f"encode {kind} {seq} {payload}"]) == [frames[name]], name


def test_bad_golden_frames_are_counted_and_not_delivered(codec):
    frames = golden("bad-frames")
    for name, line in zip(frames, codec([f"receive {hex}" for hex in frames.values()]), strict=True):
        assert parse(line)[:2] == ([], 1), name


def test_golden_streams(codec):
    for name, rest in golden("streams").items():
        hex, expected = rest.split(" -> ")
        seqs, bad = expected.split(";")
        received, damaged, _ = parse(codec([f"receive {hex}"])[0])
        assert ([seq for _, seq, _ in received], damaged) == ([int(s) for s in seqs.split()], int(bad)), name


def test_every_payload_length_against_the_reference(codec):
    rng = random.Random(1)
    # Few zeros make full blocks likely.
    payloads = [bytes(rng.choices(range(256), [rng.choice([1, 0.02])] + [1] * 255, k=n)) for n in range(1025)]
    lines = codec([f"encode 2 {n} {payload.hex()}" for n, payload in enumerate(payloads)])
    wires = [wire(2, n, payload) for n, payload in enumerate(payloads)]
    assert [bytes.fromhex(line) for line in lines] == wires
    for n, line in enumerate(codec([f"receive {sent.hex()}" for sent in wires])):
        assert parse(line) == ([(2, n, payloads[n].hex())], 0, b"")


def test_a_frame_with_the_largest_payload_arrives_and_a_larger_one_does_not(codec):
    for size, arrives in (1024, True), (1025, False), (5000, False):
        stream = wire(2, 1, b"\x55" * size) + wire(2, 2, b"ok")
        seqs = [seq for _, seq, _ in parse(codec([f"receive {stream.hex()}"])[0])[0]]
        assert (1 in seqs) == arrives


def test_garbage_never_gives_a_wrong_frame_and_good_frames_after_silence_arrive(codec):
    rng = random.Random(2)
    commands, sent = [], []
    for n in range(300):
        garbage = rng.choices([0, rng.randrange(256), *rng.sample(range(256), 5)], k=rng.randrange(1500))
        good = wire(2, n, rng.randbytes(rng.randrange(40)))
        commands.append(f"receive {bytes(garbage).hex() or '55'}-{good.hex()}")
        sent.append(n)
    for n, line in zip(sent, codec(commands), strict=True):
        received, _, _ = parse(line)
        assert [seq for _, seq, _ in received] == [n]


def test_silence_ends_a_frame_and_counts_it(codec):
    good = wire(1, 7, b"\x01")
    received, damaged, _ = parse(codec([f"receive {good[:5].hex()}-{good.hex()}"])[0])
    assert ([seq for _, seq, _ in received], damaged) == ([7], 1)
    # The zero that opened a frame which never came is not a bad frame.
    assert parse(codec([f"receive 00-{good.hex()}"])[0])[1] == 0


def test_a_damaged_byte_anywhere_costs_that_frame_only(codec):
    first, second = wire(2, 1, bytes(range(20))), wire(2, 2, b"second")
    commands = []
    for place in range(len(first) - 1):  # not the closing zero: the next frame's takes its place
        for change in (b"", b"\0", b"\x55", first[place : place + 1] * 2):
            damaged = first[:place] + change + first[place + 1 :]
            commands.append(f"receive {(damaged + second).hex()}")
    for command, line in zip(commands, codec(commands), strict=True):
        received, _, _ = parse(line)
        assert received[-1] == (2, 2, b"second".hex()), command
        assert received[:-1] in ([], [(2, 1, bytes(range(20)).hex())]), command


def test_cobs_code_with_a_block_past_the_end_is_refused(codec):
    assert codec(["decode 0511", "decode 01", "decode 0111", "decode ff01"]) == ["", "", "", ""]
    assert codec(["decode 0211", "decode 021101"]) == ["11", "1100"]
