"""Compile generated C: for this computer to run it from Python, or for a microcontroller to measure it."""

import ctypes
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.source import CSource
from aiedge.errors import UserError
from aiedge.paths import COMMON
from aiedge.tflite.graph import Graph

ENGINE = COMMON / "engine" / "src"
CORTEX_M4 = ("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard")


@dataclass(frozen=True)
class Footprint:
    """Bytes of a compiled network: machine code, constants, and the arena it works in."""

    code: int
    constants: int
    arena: int

    @property
    def flash(self) -> int:
        """Code and constants."""
        return self.code + self.constants


def footprint(
    source: CSource, compiler: tuple[str, ...] = CORTEX_M4, optimize: str = "-Os"
) -> Footprint | None:
    """Bytes of the network on a microcontroller (Cortex-M4 unless told); None where its compiler is missing."""
    if not shutil.which(compiler[0]):
        return None
    with tempfile.TemporaryDirectory() as folder:
        source.write(folder)
        program = Path(folder) / "model.o"
        _run_compiler(
            [
                *compiler,
                optimize,
                "-ffunction-sections",
                "-c",
                f"{folder}/{source.name}.c",
                "-o",
                str(program),
            ]
        )
        sizes = subprocess.run(
            [compiler[0].replace("gcc", "size"), "-A", str(program)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    sections = {name: int(size) for name, size in re.findall(r"^(\.\S+)\s+(\d+)", sizes, re.MULTILINE)}
    code = sum(size for name, size in sections.items() if name.startswith(".text"))
    constants = sum(size for name, size in sections.items() if name.startswith(".rodata"))
    return Footprint(code, constants, source.plan.arena_bytes)


def compile_and_run(graph: Graph, source: CSource, inputs: NDArray) -> NDArray:
    """Compile the generated C with this computer's C compiler and run it on `inputs` [n, ...] in the model's own type.

    Returns the outputs [n, ...]. Raises `UserError` where no C compiler is installed.
    """
    entry, result = graph.inputs[0], graph.outputs[0]
    inputs = np.ascontiguousarray(inputs, entry.dtype).reshape(len(inputs), *entry.sample_shape)
    outputs = np.empty((len(inputs), *result.sample_shape), result.dtype)
    arena = np.empty(source.plan.arena_bytes // 4 + 1, np.uint32)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        invoke = ctypes.CDLL(str(_shared_library(source, Path(folder))))[f"{source.name}_invoke"]
        invoke.argtypes = [ctypes.c_void_p] * 3
        for x, y in zip(inputs, outputs, strict=True):
            status = invoke(x.ctypes.data, y.ctypes.data, arena.ctypes.data)
            assert status == 0, f"{source.name}_invoke returned {status}"
    return outputs


def _shared_library(source: CSource, folder: Path) -> Path:
    compiler = os.environ.get("CC") or next((c for c in ("cc", "gcc", "clang") if shutil.which(c)), None)
    if not compiler:
        raise UserError(
            "no C compiler is installed", "Debian and Ubuntu: apt install gcc; macOS: xcode-select --install"
        )
    source.write(folder)
    library = folder / f"{source.name}.so"
    _run_compiler(
        [compiler, "-O2", "-shared", "-fPIC", str(folder / f"{source.name}.c"), "-o", str(library), "-lm"]
    )
    return library


def _run_compiler(command: list[str]) -> None:
    run = subprocess.run([*command, "-std=c11", f"-I{ENGINE}"], capture_output=True, text=True, check=False)
    if run.returncode:
        raise UserError(
            f"{command[0]} failed: {run.stderr.strip()[-500:]}", "check the compiler with `aiedge doctor`"
        )
