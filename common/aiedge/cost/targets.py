"""The emulated cores: how to build a program for each, and how to run it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from aiedge.codegen.toolchain import CORTEX_M4
from aiedge.cost.harness import C_SOURCES
from aiedge.errors import UserError

BSP = Path(__file__).with_name("bsp")


@dataclass(frozen=True)
class Target:
    """An emulated core: its compiler with the flags that pick the core, its start-up code, and QEMU's command.

    `floats` tells whether its libraries can calculate with them. `packages` are Debian's packages that hold the tools.
    """

    name: str
    core: str
    compiler: tuple[str, ...]
    platform: Path
    link: tuple[str, ...]
    emulator: str
    floats: bool
    packages: str

    @property
    def sources(self) -> list[Path]:
        """The start-up code, and what the harness needs of the machine."""
        return [*sorted(self.platform.glob("*.[cS]")), C_SOURCES / f"machine_{self.name.replace('-', '_')}.c"]

    def require(self) -> None:
        """Raise `UserError` where a tool is missing."""
        for program in (self.compiler[0], self.emulator.split()[0]):
            if not shutil.which(program):
                raise UserError(f"{program} is missing", f"Debian and Ubuntu: apt install {self.packages}")


TARGETS = {
    target.name: target
    for target in (
        Target(
            name="cortex-m4",
            core="Cortex-M4, emulated",
            compiler=CORTEX_M4,
            platform=BSP / "cortex_m4",
            link=("--specs=nosys.specs",),
            emulator="qemu-system-arm -M mps2-an386 -semihosting-config enable=on,target=native",
            floats=True,
            packages="gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm",
        ),
        Target(
            name="xtensa",
            core="Xtensa LX106, emulated",
            compiler=("xtensa-lx106-elf-gcc",),
            platform=BSP / "xtensa_lx106",
            # GCC would turn the loops of memcpy() and memset() into calls of themselves.
            link=("-fno-tree-loop-distribute-patterns",),
            emulator="qemu-system-xtensa -M sim -cpu lx106 -semihosting",
            floats=False,  # Debian's libgcc for it lacks them
            packages="gcc-xtensa-lx106 picolibc-xtensa-lx106-elf qemu-system-misc",
        ),
    )
}
