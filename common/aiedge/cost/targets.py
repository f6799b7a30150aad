"""The emulated cores: how to build a program for each, and how to run it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from aiedge.codegen import Core
from aiedge.codegen.toolchain import CORTEX_M0PLUS, CORTEX_M4, ESP32_ASSEMBLER
from aiedge.cost.cycles import CORES as TIMED
from aiedge.cost.harness import C_SOURCES
from aiedge.errors import UserError

BSP = Path(__file__).with_name("bsp")
MPS2 = "qemu-system-arm -M mps2-an386 -semihosting-config enable=on,target=native"
ARM_PACKAGES = "gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm"


@dataclass(frozen=True)
class Target:
    """An emulated core: its compiler with the flags that pick the core, its start-up code, and QEMU's command.

    `floats` tells whether its libraries can calculate with them. `packages` are Debian's packages that hold the tools.
    The C is generated for `kernels`; `assembler` is for kernels that the compiler does not know the instructions of.
    `machine` is the name of the file that calls the emulator, and `support` are sources besides those of the platform.
    """

    name: str
    core: str
    compiler: tuple[str, ...]
    platform: Path
    link: tuple[str, ...]
    emulator: str
    floats: bool
    packages: str
    machine: str
    support: tuple[Path, ...] = ()
    kernels: Core = "any"
    assembler: tuple[str, ...] = ()

    @property
    def estimates_cycles(self) -> bool:
        """Whether `aiedge.cost.cycles` knows the core."""
        return self.name in TIMED

    @property
    def sources(self) -> list[Path]:
        """The start-up code, and what the harness needs of the machine."""
        return [*sorted(self.platform.glob("*.[cS]")), *self.support, C_SOURCES / self.machine]

    @property
    def tools(self) -> tuple[str, ...]:
        """The programs that must be installed."""
        return (self.compiler[0], self.emulator.split()[0], *self.assembler[:1])

    def require(self) -> None:
        """Raise `UserError` where a tool is missing."""
        for program in self.tools:
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
            emulator=MPS2,
            floats=True,
            packages=ARM_PACKAGES,
            machine="machine_cortex_m4.c",
        ),
        Target(
            name="cortex-m0plus",
            core="Cortex-M0+, emulated",
            compiler=CORTEX_M0PLUS,
            # QEMU's boards with this core have too little memory. A Cortex-M4 runs its instructions, all of them.
            platform=BSP / "cortex_m4",
            link=("--specs=nosys.specs",),
            emulator=MPS2,
            floats=True,
            packages=ARM_PACKAGES,
            machine="machine_cortex_m4.c",
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
            machine="machine_xtensa.c",
        ),
        Target(
            name="esp32",
            core="ESP32's Xtensa LX6, emulated",
            # The LX106's compiler, which knows the instructions that both have.
            compiler=("xtensa-lx106-elf-gcc", f"-I{BSP / 'esp32'}"),
            platform=BSP / "esp32",
            link=("-fno-tree-loop-distribute-patterns",),
            # QEMU 7.2 keeps the registers of MAC16 twice, and within a block of instructions reads old values.
            emulator="qemu-system-xtensa -M sim -cpu de212 -semihosting -singlestep",
            floats=False,
            packages="llvm-22 gcc-xtensa-lx106 picolibc-xtensa-lx106-elf qemu-system-misc",
            machine="machine_xtensa.c",
            support=(BSP / "xtensa_lx106" / "integer.c",),
            kernels="esp32",
            assembler=ESP32_ASSEMBLER,
        ),
    )
}
