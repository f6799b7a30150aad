"""Builds with the system's Arm GCC and newlib, without a C++ library, and runs the result in QEMU."""

import os
import shutil
import sys

from SCons.Script import COMMAND_LINE_TARGETS, AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
# The start-up code comes with the package, whose own benchmarks run on it, too.
common = os.path.dirname(os.path.dirname(os.path.realpath(env.PioPlatform().get_dir())))
bsp = os.path.join(common, "aiedge", "cost", "bsp", "cortex_m4")


def require(tool: str, package: str) -> None:
    """Stop the build with what to install where a tool is missing."""
    if shutil.which(tool) or env.IsIntegrationDump():
        return
    hint = f"sudo apt install {package}" if sys.platform.startswith("linux") else f"install {tool}"
    sys.stderr.write(f"error: {tool} is missing\nhint: {hint}, or use the environment host\n")
    env.Exit(2)


require("arm-none-eabi-gcc", "gcc-arm-none-eabi libnewlib-arm-none-eabi")
if {"exec", "upload"} & set(COMMAND_LINE_TARGETS):
    require("qemu-system-arm", "qemu-system-arm")

cpu = ["-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"]
tool = "arm-none-eabi-"
env.Replace(
    CC=tool + "gcc",
    CXX=tool + "g++",
    AS=tool + "gcc",
    AR=tool + "ar",
    RANLIB=tool + "ranlib",
    LINK=tool + "gcc",  # g++ would ask for a C++ library
    SIZETOOL=tool + "size",
    PROGNAME="firmware",
    PROGSUFFIX=".elf",
    SIZEPROGREGEXP=r"^(?:\.text|\.rodata|\.data|\.ARM\.exidx)\s+(\d+).*",
    SIZEDATAREGEXP=r"^(?:\.data|\.bss)\s+(\d+).*",
    SIZECHECKCMD="$SIZETOOL -A -d $SOURCES",
)
env.Append(
    CCFLAGS=[*cpu, "-ffunction-sections", "-fdata-sections"],
    CXXFLAGS=[
        "-std=gnu++17",
        "-fno-exceptions",
        "-fno-rtti",
        "-fno-threadsafe-statics",
        "-fno-use-cxa-atexit",
    ],
    LINKFLAGS=[
        *cpu,
        "--specs=nano.specs",
        "--specs=rdimon.specs",
        "-nostartfiles",
        "-Wl,--gc-sections",
        "-Wl,-u,_printf_float",
        f"-Wl,-T,{os.path.join(bsp, 'mps2.ld')}",
    ],
    LIBS=["m"],
)
env.BuildSources(os.path.join("$BUILD_DIR", "bsp"), bsp)

program = env.BuildProgram()
qemu = (
    "qemu-system-arm -M mps2-an386 -display none -monitor none -chardev stdio,id=uart,signal=on"
    " -serial chardev:uart -semihosting-config enable=on,target=native -kernel $SOURCE"
)
run = env.VerboseAction(qemu, "Running $SOURCE in QEMU")
AlwaysBuild(env.Alias("upload", program, run))
env.AddPlatformTarget("exec", program, run, "Run", "Run the firmware in QEMU")
Default([program])
