"""What the firmware tests share: compilers, the library's files, the protocol's golden blocks."""

import atexit
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.files import cache_folder
from aiedge.lesson import find_project, projects
from aiedge.paths import REPO
from aiedge.workshop.lessons.source import read_source
from tests.support.once import made_once

HERE = REPO / "tests/firmware"
LIBRARY = REPO / "common/firmware/src"
ENGINE = REPO / "common/aiedge/engine"
VSCODE = REPO / "xormodel/vscode"
PROJECTS = [name for name in projects() if find_project(name).lesson.firmware]
BOARD = REPO / "common/boards/esp-eye"
LESSON = REPO / "common/lessons/xormodel/main.cpp"
CAR_LESSON = REPO / "common/lessons/carclassifier/main.cpp"
CIFAR_LESSON = REPO / "common/lessons/cifar_cnn/main.cpp"
MODEL = REPO / "xormodel/solution/xormodel.cpp"

STRICT = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
CXX = ["-std=c++17", *STRICT, f"-I{LIBRARY}"]
SANITIZED = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
RELEASE = ["-O2", "-DNDEBUG"]
BUILDS = {
    "gcc-sanitized": ("g++", SANITIZED),
    "gcc-release": ("g++", RELEASE),
    "clang-sanitized": ("clang++", SANITIZED),
    "clang-release": ("clang++", RELEASE),
}
# Both compilers and both sets of flags; the other two pairs take longer than they tell.
QUICK = ["gcc-sanitized", "clang-release"]
EVERY_BUILD = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in BUILDS]
QEMU = ["qemu-system-arm", "-M", "mps2-an386", "-display", "none", "-monitor", "none", "-semihosting-config"]
APT = {
    "g++": "g++",
    "clang++": "clang",
    "arm-none-eabi-g++": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "qemu-system-arm": "qemu-system-arm",
}


def need(*tools: str) -> None:
    """Skip the test where a tool is missing, and say how to install it."""
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing (Debian: apt install {APT[tool]})")


def compile_cpp(compiler: str, flags: list[str], sources: list[Path], program: Path) -> Path:
    """Compile C++ sources into a program; a warning fails the test."""
    need(compiler)
    command = [compiler, *CXX, *flags, *map(str, sources), "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


def golden(block: str) -> dict[str, str]:
    """A fenced block of PROTOCOL.md, as name → the rest of the line."""
    text = (REPO / "common/firmware/PROTOCOL.md").read_text()
    found = re.search(rf"^```{block}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found, f"PROTOCOL.md has no block {block}"
    return dict(line.split(": ", 1) for line in found[1].splitlines())


def cobs(data: bytes) -> bytes:
    """COBS by its definition: every block of up to 254 bytes without a zero, led by its length plus one."""
    out = b""
    pieces = data.split(b"\0")
    for last, piece in ((i == len(pieces) - 1, piece) for i, piece in enumerate(pieces)):
        while len(piece) > 254 or (len(piece) == 254 and not last):
            out, piece = out + b"\xff" + piece[:254], piece[254:]
        # A body that ends with a full block gets no empty block after it.
        out += bytes([len(piece) + 1]) + piece
    return out


def wire(kind: int, seq: int, payload: bytes) -> bytes:
    body = bytes([kind]) + seq.to_bytes(2, "little") + payload
    return b"\0" + cobs(body + zlib.crc32(body).to_bytes(4, "little")) + b"\0"


def main_cpp(solved: int, folder: Path) -> Path:
    """The lesson's main.cpp with TODOs 1 to `solved` solved, written into `folder`."""
    path = folder / "main.cpp"
    path.write_text(read_source(LESSON, []).text(solved))
    return path


def car_main(folder: Path, solved: int = 6, level: str = "easy") -> Path:
    """The car lesson's main.cpp with TODOs 1 to `solved` solved, written into `folder`."""
    path = folder / "main.cpp"
    path.write_text(read_source(CAR_LESSON, ["easy", "hard"], level).text(solved))
    return path


def cifar_main(folder: Path, solved: int = 5) -> Path:
    """The lesson cifar_cnn's main.cpp with TODOs 1 to `solved` solved, written into `folder`."""
    path = folder / "main.cpp"
    path.write_text(read_source(CIFAR_LESSON, []).text(solved))
    return path


@cache
def _folder() -> Path:
    """A folder for what is compiled, which is removed when Python ends."""
    folder = Path(tempfile.mkdtemp(prefix="aiedge-firmware-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _new_folder() -> Path:
    return Path(tempfile.mkdtemp(dir=_folder()))


@cache
def generated(model: Path = MODEL, *options: str) -> Path:
    """A folder with the model as C code and aiedge_model.h in it, by `aiedge compile` with these options."""
    folder = _new_folder()
    command = [sys.executable, "-m", "aiedge", "compile", model, "-o", folder, "--firmware", *options]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@cache
def objects_of(compiler: str, flags: tuple[str, ...], sources: tuple[Path, ...]) -> list[Path]:
    """Object files of C and C++ sources, compiled once for all of pytest's workers; a warning fails the test."""
    version = subprocess.run([compiler, "--version"], capture_output=True).stdout
    files = [path for path in sorted((*LIBRARY.rglob("*"), *ENGINE.iterdir(), *sources)) if path.is_file()]
    content = [repr((compiler, CXX, flags)).encode(), version, *(path.read_bytes() for path in files)]
    folder = cache_folder("objects") / hashlib.sha256(b"\0".join(content)).hexdigest()[:32]

    def compiled(source: Path) -> Path:
        is_c = source.suffix == ".c"
        program = {"g++": "gcc", "clang++": "clang"}[compiler] if is_c else compiler

        def make() -> bytes:
            path = _new_folder() / "object.o"
            command = [program, *(["-std=c11", *STRICT] if is_c else CXX), *flags, "-c", source, "-o", path]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            return path.read_bytes()

        path = folder / f"{source.parent.name}-{source.name}.o"
        made_once(path, make)
        return path

    with ThreadPoolExecutor(os.cpu_count()) as side_by_side:
        return list(side_by_side.map(compiled, sources))


def firmware(
    compiler: str,
    flags: list[str],
    main: Path,
    model: Path = MODEL,
    main_flags: list[str] | None = None,
    options: tuple[str, ...] = (),
) -> Path:
    """The firmware as a program, compiled without PlatformIO: all of the library, the model, and `main`.

    `main_flags` are for `main` and what depends on the model, `options` for `aiedge compile`. What was compiled before
    in the same way is not compiled again.
    """
    need(compiler)
    return _firmware(compiler, tuple(flags), main.read_text(), model, tuple(main_flags or ()), options)


@cache
def _firmware(
    compiler: str,
    flags: tuple[str, ...],
    main: str,
    model: Path,
    main_flags: tuple[str, ...],
    options: tuple[str, ...],
) -> Path:
    folder = _new_folder()
    (folder / "main.cpp").write_text(main)
    model_c = generated(model, *options)
    of_model = (LIBRARY / "CompiledModel.cpp", LIBRARY / "LayerTimes.cpp", model_c / f"{model.stem}.c")
    library = tuple(sorted({*LIBRARY.glob("*.cpp"), *LIBRARY.glob("host/*.cpp")} - {*of_model}))
    includes = (f"-I{model_c}", f"-I{ENGINE}", "-DAIEDGE_RUNTIME_COMPILED")
    for_model = (*flags, *includes, *main_flags)
    objects = [*objects_of(compiler, flags, library), *objects_of(compiler, for_model, of_model)]
    # A student's function does not use its argument before it is written.
    rest = [*flags, *main_flags, "-Wno-unused-parameter"]
    return compile_cpp(compiler, rest, [folder / "main.cpp", *objects], folder / "program")


def oracle(model: bytes, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    """What TensorFlow Lite Micro answers to inputs [n, ...]; skips the test where it is not installed."""
    if not tflite.has_tflm():
        pytest.skip("TensorFlow Lite Micro is missing (Linux: pip install tflite-micro)")
    return np.concatenate([np.asarray(tflite.run_tflm(model, x[None])) for x in inputs])
