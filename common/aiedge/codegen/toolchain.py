"""The C compilers: this computer's, and a microcontroller's, which measures the bytes of generated C."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from aiedge import include_dir
from aiedge.codegen.source import CSource
from aiedge.errors import GET_ZIG, UserError
from aiedge.files import write_atomic

ENGINE = include_dir()
CORTEX_M4 = ("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard")
CORTEX_M0PLUS = ("arm-none-eabi-gcc", "-mcpu=cortex-m0plus", "-mthumb", "-mfloat-abi=soft")
# Zig's own defaults are the instructions of this very processor, which change the last bit of floats, and traps.
ZIG_HOST = ("-mcpu=baseline", "-fno-sanitize=undefined")
# The ESP32's kernels in assembly, and an assembler that knows their instructions, as Debian has one.
ESP32_KERNELS = ENGINE / "aiedge_lx6.S"
ESP32_ASSEMBLER = ("llvm-mc-22", "-triple=xtensa", "-mcpu=esp32", "-filetype=obj")


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
    source: CSource,
    compiler: tuple[str, ...] = CORTEX_M4,
    optimize: str = "-Os",
    assembler: tuple[str, ...] = (),
) -> Footprint | None:
    """Bytes of the network on a microcontroller (Cortex-M4 unless told); None where its compiler is missing.

    With an `assembler` those of the ESP32's kernels count that the network calls: a linker leaves the others out.
    """
    size, nm = (re.sub(r"(gcc|clang|cc)$", tool, compiler[0]) for tool in ("size", "nm"))
    if not shutil.which(compiler[0]) or not shutil.which(size):
        return None
    with tempfile.TemporaryDirectory() as folder:
        source.write(folder)
        program = Path(folder) / "model.o"
        run_compiler(
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
        sections = _sections(size, program)
        if assembler:
            kernels = _sections(size, assemble(ESP32_KERNELS, Path(folder), compiler, assembler))
            undefined = _output(nm, "--undefined-only", "--format=posix", str(program))
            called = {f".text.{line.split()[0]}" for line in undefined.splitlines()}
            sections += [(name, bytes_) for name, bytes_ in kernels if name in called]
    code = sum(size for name, size in sections if name.startswith((".text", ".literal")))
    constants = sum(size for name, size in sections if name.startswith(".rodata"))
    return Footprint(code, constants, source.plan.arena_bytes)


def _sections(size: str, file: Path) -> list[tuple[str, int]]:
    """Names and bytes of an object file's sections."""
    found = re.findall(r"^(\.\S+)\s+(\d+)", _output(size, "-A", str(file)), re.MULTILINE)
    return [(name, int(bytes_)) for name, bytes_ in found]


def _output(*command: str) -> str:
    """What a tool of the compiler's prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def assemble(
    file: Path, folder: Path, compiler: Sequence[str], assembler: Sequence[str], flags: Sequence[str] = ()
) -> Path:
    """The object file in `folder` of an .S, by the compiler's preprocessor, with its `flags`, and the assembler."""
    plain, made = folder / f"{file.stem}.s", folder / f"{file.stem}.o"
    run_compiler([*compiler, *flags, "-E", "-P", "-x", "assembler-with-cpp", str(file), "-o", str(plain)])
    run_program([*assembler, str(plain), "-o", str(made)])
    return made


def copy_engine(folder: str | Path) -> list[Path]:
    """Copy the engine's files into `folder`, where generated C finds them; return the copies' paths.

    All of them, 140 KB: a program of one's own includes some that its networks do not, such as `aiedge_quantize.h`, and
    a network that is generated anew into the same folder may need others.
    """
    headers = sorted(ENGINE.glob("*.[hS]"))
    if not headers:
        raise UserError(f"the engine's headers are not in {ENGINE}", "install aiedge again")
    return [write_atomic(Path(folder) / path.name, path.read_bytes()) for path in headers]


def host_compiler() -> tuple[str, ...]:
    """This computer's C compiler: `CC` of the environment, with the flags in it, or the first that is installed.

    Where the system has none, it is the one of the Python package ziglang, if that is there.
    """
    if named := os.environ.get("CC", "").strip():
        try:
            return (named,) if shutil.which(named) else tuple(shlex.split(named, posix=os.name != "nt"))
        except ValueError as error:
            raise UserError(
                f"CC in the environment is {named!r}: {error}", "name a compiler there"
            ) from error
    if compiler := next((c for c in ("cc", "gcc", "clang") if shutil.which(c)), None):
        return (compiler,)
    if find_spec("ziglang"):
        return zig("cc", *ZIG_HOST)
    raise UserError(
        "no C compiler is installed",
        f"Debian and Ubuntu: apt install gcc; macOS: xcode-select --install; anywhere: {GET_ZIG}",
    )


def zig(*words: str) -> tuple[str, ...]:
    """A command of the compiler that pip brings, such as `zig("cc", "-c", "net.c")`.

    Raises `UserError` where its package, ziglang of the extra `cc`, is not installed.
    """
    if not find_spec("ziglang"):
        raise UserError(
            "the Python package ziglang, which compiles for the browser, is not installed", GET_ZIG
        )
    # -P: no module is taken from the folder that the person is in.
    return (sys.executable, "-P", "-m", "ziglang", *words)


def run_compiler(command: list[str]) -> None:
    """Run a C compiler as C11 with the engine's headers; raise `UserError` with what it says where it fails."""
    run_program([*command, "-std=c11", f"-I{ENGINE}"])


def run_program(command: list[str]) -> None:
    """Run a compiler or assembler; raise `UserError` with what it says where it fails."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise UserError(
            f"the compiler {command[0]} does not run: {error.strerror}",
            "look at CC in the environment: it names a compiler of this computer, or is not set",
        ) from error
    if run.returncode:
        raise UserError(
            f"{command[0]} failed: {run.stderr.strip()[-500:]}", "check the compiler with `aiedge doctor`"
        )
