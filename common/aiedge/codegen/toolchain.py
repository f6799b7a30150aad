"""The C compilers: this computer's, and a microcontroller's, which measures the bytes of generated C."""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from aiedge import include_dir
from aiedge.codegen.source import CSource
from aiedge.errors import UserError
from aiedge.files import write_atomic

ENGINE = include_dir()
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
    size = re.sub(r"(gcc|clang|cc)$", "size", compiler[0])
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
        sizes = subprocess.run(
            [size, "-A", str(program)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    sections = {name: int(size) for name, size in re.findall(r"^(\.\S+)\s+(\d+)", sizes, re.MULTILINE)}
    code = sum(size for name, size in sections.items() if name.startswith((".text", ".literal")))
    constants = sum(size for name, size in sections.items() if name.startswith(".rodata"))
    return Footprint(code, constants, source.plan.arena_bytes)


def copy_engine(folder: str | Path) -> list[Path]:
    """Copy the engine's headers into `folder`, where generated C finds them; return the copies' paths.

    All of them, 160 KB: a program of one's own includes some that its networks do not, such as `aiedge_quantize.h`, and
    a network that is generated anew into the same folder may need others.
    """
    headers = sorted(ENGINE.glob("*.[hS]"))
    if not headers:
        raise UserError(f"the engine's headers are not in {ENGINE}", "install aiedge again")
    return [write_atomic(Path(folder) / path.name, path.read_bytes()) for path in headers]


def host_compiler() -> tuple[str, ...]:
    """This computer's C compiler: `CC` of the environment, with the flags in it, or the first that is installed."""
    if named := os.environ.get("CC", "").strip():
        return (named,) if shutil.which(named) else tuple(shlex.split(named, posix=os.name != "nt"))
    compiler = next((c for c in ("cc", "gcc", "clang") if shutil.which(c)), None)
    if not compiler:
        raise UserError(
            "no C compiler is installed", "Debian and Ubuntu: apt install gcc; macOS: xcode-select --install"
        )
    return (compiler,)


def run_compiler(command: list[str]) -> None:
    """Run a C compiler as C11 with the engine's headers; raise `UserError` with what it says where it fails."""
    try:
        run = subprocess.run(
            [*command, "-std=c11", f"-I{ENGINE}"], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise UserError(
            f"the C compiler {command[0]} does not run: {error.strerror}",
            "look at CC in the environment: it names a compiler of this computer, or is not set",
        ) from error
    if run.returncode:
        raise UserError(
            f"{command[0]} failed: {run.stderr.strip()[-500:]}", "check the compiler with `aiedge doctor`"
        )
