"""Frames: golden bytes, round trips, and streams with garbage in them."""

import re
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiedge.board.line.frames import Frame, FrameReader, cobs_decode, cobs_encode, decode, encode
from aiedge.board.line.protocol import MAX_PAYLOAD, FrameType
from aiedge.paths import COMMON

PROTOCOL = (COMMON / "firmware" / "PROTOCOL.md").read_text(encoding="utf-8")


def golden(block):
    """Lines `name: rest` of a fenced block of PROTOCOL.md."""
    (text,) = re.findall(rf"^```{block}\n(.*?)^```", PROTOCOL, re.MULTILINE | re.DOTALL)
    return dict(line.split(": ", 1) for line in text.splitlines())


def count(n):
    return bytes(i % 256 for i in range(n))


EMPTY_SHA256 = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
MESSAGES = {  # PROTOCOL.md's table, in Python
    "hello": Frame(FrameType.HELLO, 1, b"\x03"),
    "hello_reply": Frame(
        FrameType.HELLO_REPLY,
        1,
        struct.pack("<4B4I2H", 3, 0, 0, 0, 2, 1, 32, 16384, 1024, 16) + EMPTY_SHA256 + b"xormodel",
    ),
    "write": Frame(FrameType.WRITE, 2, b"\x07\0\0\x80\x7f"),
    "write_later_piece": Frame(FrameType.WRITE, 3, b"\x08\x01\x02" + count(16)),
    "ack": Frame(FrameType.ACK, 3, b"\x01\0\0\x80"),
    "result": Frame(
        FrameType.RESULT,
        2,
        struct.pack("<BIIBIIB", 7, zlib.crc32(b"\x80\x7f"), 12, 0x7F, 11, 20, 7) + b"= 1",
    ),
    "fetch": Frame(FrameType.FETCH, 4, b"\x07"),
    "set_baud": Frame(FrameType.SET_BAUD, 5, struct.pack("<I", 921600)),
    "baud_reply": Frame(FrameType.BAUD_REPLY, 5, struct.pack("<I", 921600)),
    "error": Frame(FrameType.ERROR, 3, b"\x02the input has 2 bytes, in units of 16"),
    "empty_payload": Frame(FrameType.WRITE, 0x1234),
    "last_seq": Frame(FrameType.HELLO, 0xFFFF, b"\x03"),
    "zeros": Frame(FrameType.WRITE, 0, bytes(32)),
    "full_block": Frame(FrameType.WRITE, 257, b"\x01" * 247),
    "two_full_blocks": Frame(FrameType.WRITE, 257, b"\x01" * 501),
    "full_block_and_one": Frame(FrameType.WRITE, 257, b"\x01" * 248),
    "payload_254": Frame(FrameType.WRITE, 254, count(254)),
    "payload_255": Frame(FrameType.WRITE, 255, count(255)),
    "payload_256": Frame(FrameType.WRITE, 256, count(256)),
    "payload_1024": Frame(FrameType.WRITE, 1024, count(1024)),
}


def test_every_golden_frame_has_its_message():
    assert golden("frames").keys() == MESSAGES.keys()


@pytest.mark.parametrize("name", MESSAGES)
def test_golden_frame(name):
    wire = bytes.fromhex(golden("frames")[name])
    assert encode(MESSAGES[name]) == wire
    assert decode(wire[1:-1]) == MESSAGES[name]
    assert FrameReader().feed(wire) == [MESSAGES[name]]


@pytest.mark.parametrize("name", golden("bad-frames"))
def test_bad_frame(name):
    reader = FrameReader()
    assert reader.feed(bytes.fromhex(golden("bad-frames")[name])) == []
    assert reader.bad_frames == 1


@pytest.mark.parametrize("name", golden("streams"))
@pytest.mark.parametrize("piece", [1, 5, 10_000])
def test_stream(name, piece):
    stream, expected = golden("streams")[name].split(" -> ")
    seqs, bad_frames = expected.split("; ")
    data, reader = bytes.fromhex(stream), FrameReader()
    found = [
        frame for start in range(0, len(data), piece) for frame in reader.feed(data[start : start + piece])
    ]
    assert [frame.seq for frame in found] == [int(seq) for seq in seqs.split()]
    assert reader.bad_frames == int(bad_frames)


FRAMES = st.builds(
    Frame,
    st.integers(0, 255),
    st.integers(0, 0xFFFF),
    st.binary(max_size=64)
    | st.integers(0, MAX_PAYLOAD).flatmap(lambda n: st.sampled_from([bytes(n), b"\x01" * n, count(n)])),
)


@given(st.binary(max_size=600) | st.integers(250, 1100).map(lambda n: b"\x07" * n))
def test_cobs_round_trip(data):
    encoded = cobs_encode(data)
    assert 0 not in encoded
    assert len(encoded) <= max(1, len(data) + -(-len(data) // 254))
    assert cobs_decode(encoded) == data


@given(st.binary(max_size=300))
def test_cobs_decode_never_fails(data):
    decoded = cobs_decode(data)
    assert decoded is None or len(decoded) <= len(data)


def test_an_empty_last_block_is_accepted():
    assert cobs_decode(b"\xff" + b"\x01" * 254 + b"\x01") == b"\x01" * 254


@given(FRAMES)
def test_frame_round_trip(frame):
    wire = encode(frame)
    assert wire.count(0) == 2 and wire[0] == wire[-1] == 0
    assert decode(wire[1:-1]) == frame


@given(
    st.lists(FRAMES, max_size=5),
    st.binary(max_size=40).map(lambda text: text.replace(b"\0", b"")),
    st.integers(1, 50),
)
def test_frames_between_garbage(sent, garbage, piece):
    stream = garbage + b"".join(encode(frame) + garbage for frame in sent)
    reader = FrameReader()
    found = [f for start in range(0, len(stream), piece) for f in reader.feed(stream[start : start + piece])]
    assert found == sent
    assert reader.bad_frames == 0


@given(st.binary(max_size=200), FRAMES)
def test_a_frame_after_any_bytes_and_silence_arrives(garbage, frame):
    reader = FrameReader()
    reader.feed(garbage)
    reader.silence()
    assert reader.feed(encode(frame)) == [frame]


@given(FRAMES, st.data())
def test_one_damaged_byte_never_makes_another_frame(frame, data):
    wire = bytearray(encode(frame))
    position = data.draw(st.integers(0, len(wire) - 1))
    wire[position] ^= data.draw(st.integers(1, 255))
    assert FrameReader().feed(bytes(wire)) in ([], [frame])


def test_a_frame_that_is_too_long_cannot_be_sent():
    with pytest.raises(ValueError, match="at most 1024 bytes, not 1025"):
        encode(Frame(FrameType.WRITE, 0, bytes(1025)))


def test_text_is_passed_on_line_by_line():
    lines = []
    reader = FrameReader(lines.append)
    hello = encode(MESSAGES["hello"])
    reader.feed(
        b"\x1b[0;32mI (29) boot: ESP-IDF\x1b[0m\r\n\r\nhalf a li" + hello + "température\t20\n".encode()
    )
    assert lines == ["I (29) boot: ESP-IDF", "half a li", "température     20"]
    reader.feed(b"no line end")
    reader.silence()
    assert lines[3:] == ["no line end"]


def test_garbage_is_not_text():
    lines = []
    reader = FrameReader(lines.append)
    reader.feed(b"\x83\x02\x7f garbage\n\xff\xfe\n\x00\x05\x11\x22\x33\x00")
    reader.silence()
    assert lines == []


def test_text_after_a_stray_zero_is_still_shown():
    lines = []
    reader = FrameReader(lines.append)
    reader.feed(b"\0TODO 3: run the network\r\nsecond line\r\n" + encode(MESSAGES["hello"]))
    assert lines == ["TODO 3: run the network", "second line"]


def test_text_without_an_end_is_cut():
    lines = []
    FrameReader(lines.append).feed(b"x" * 2500)
    assert [len(line) for line in lines] == [1000, 1000]
