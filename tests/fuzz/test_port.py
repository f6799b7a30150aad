"""libFuzzer on the firmware's serial port, under the sanitizers; it begins with the protocol's golden frames.

    tests/run.sh tests/fuzz/test_port.py -m "not slow"    # the same inputs each time, by a seed
    tests/run.sh tests/fuzz/test_port.py -m slow          # an hour for each network, another way each time

A crash leaves the input that made it in tests/artifacts; it belongs into `golden/port` then, which is tried first.
"""

import re
import subprocess
from pathlib import Path

import pytest

from aiedge.paths import REPO
from tests.support.firmware import ENGINE, LIBRARY, generated, golden, need, objects_of

HERE = REPO / "tests/fuzz"
KEPT = REPO / "tests/golden/port"
FLAGS = ("-O1", "-g", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all")
COMMANDS = [
    *("name%", "profile%", "timestamp%", "help%", "results%", "layers%", "memory%", "infer 3%", "infer 2 1%"),
    *("db load 4%", "db 00ff0102%", "db print%", "db load 99999999999999999999%", "db load 0%", "db zz%"),
]
# For each: how many inputs of the fuzzer take seconds, the project, options of `aiedge compile`.
NETWORKS = {"rows pushed": (3000, "cifar_cnn", "--stream"), "a whole input": (12_000, "xormodel")}


def record(kind: int, data: bytes) -> bytes:
    """Bytes of a script of port.cpp, in records of at most 255."""
    pieces = [data[i : i + 255] for i in range(0, len(data), 255)]
    return b"".join(bytes([kind, len(piece)]) + piece for piece in pieces)


def message(kind: int, seq: int, payload: bytes) -> bytes:
    """A record that the script's reader makes a frame of."""
    return record(1, bytes([kind, *seq.to_bytes(2, "little")]) + payload)


def corpus(folder: Path) -> None:
    """Scripts of golden frames as they are, whole conversations, and MLPerf Tiny's commands."""
    wires = [*golden("frames").values(), *golden("bad-frames").values()]
    wires += [rest.split(" -> ")[0] for rest in golden("streams").values()]
    hello = message(1, 1, b"\x02")
    pieces = [bytes([7, unit, 0]) + bytes(range(192)) for unit in range(0, 3072 // 16, 12)]
    write = b"".join(message(2, 2 + i, piece) for i, piece in enumerate(pieces))
    scripts = [record(0, bytes.fromhex(wire)) for wire in wires]
    scripts += [
        hello + message(2, 2, b"\x07\0\0\x01\x02") + message(3, 3, b"\x07"),
        hello + write + message(3, 99, b"\x07") + b"\xff",
        hello + message(2, 2, bytes(3 + 16)) + message(2, 3, b"\0\x01\0" + bytes(16)),
        hello + message(4, 2, (921600).to_bytes(4, "little")) + b"\xff\xff" + message(1, 3, b"\x02"),
        *(hello + record(0, command.encode()) for command in COMMANDS),
        record(0, "".join(COMMANDS).encode()),
    ]
    folder.mkdir()
    for i, script in enumerate(scripts):
        (folder / f"{i}").write_bytes(script)


@pytest.mark.timeout(4000)
@pytest.mark.parametrize("length", ["seconds", pytest.param("an hour", marks=pytest.mark.slow)])
@pytest.mark.parametrize("network", NETWORKS)
def test_the_port_stays_within_its_memory_and_its_protocol(network: str, length: str, tmp_path: Path) -> None:
    need("clang++")
    runs, project, *options = NETWORKS[network]
    how_long = ["-seed=1", f"-runs={runs}"] if length == "seconds" else ["-max_total_time=3600"]
    model = REPO / project / f"solution/{project}.cpp"
    code = generated(model, *options)
    includes = (f"-I{LIBRARY}", f"-I{ENGINE}", f"-I{code}", "-DAIEDGE_RUNTIME_COMPILED")
    own = (
        LIBRARY / "CompiledModel.cpp",
        LIBRARY / "LayerTimes.cpp",
        code / f"{project}.c",
        HERE / "port.cpp",
    )
    library = tuple(sorted({*LIBRARY.glob("*.cpp"), LIBRARY / "host/memory.cpp"} - {*own}))
    objects = [*objects_of("clang++", FLAGS, library), *objects_of("clang++", (*FLAGS, *includes), own)]
    program = tmp_path / "port"
    subprocess.run(["clang++", *FLAGS, *objects, "-o", program], check=True)
    corpus(tmp_path / "corpus")
    artifacts = REPO / "tests/artifacts"
    artifacts.mkdir(exist_ok=True)
    folders = [tmp_path / "corpus", *([KEPT] if KEPT.exists() else [])]
    options = [
        *how_long,
        "-max_len=4096",
        "-timeout=10",
        "-rss_limit_mb=1024",
        f"-artifact_prefix={artifacts}/port-",
    ]
    # The fuzzer goes by the peak of its memory, and a process begins with its parent's: a shell's, not this one's.
    shell = ["sh", "-c", '"$@"; exit $?', "sh"]
    command = [*shell, program, *options, *folders]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "DONE" in done.stderr
    whole, damaged = map(int, re.findall(r"frames: (\d+) whole, (\d+) damaged", done.stderr)[0])
    print(f"{network}: {whole:,} whole frames and {damaged:,} damaged ones")  # shown by pytest -rP
    assert whole > runs and damaged > runs // 100
