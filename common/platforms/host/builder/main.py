"""Builds the firmware as a program with GCC or Clang, whichever is there, or with Zig, which pip brings."""

import os
import shutil
import sys

from SCons.Script import AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
sys.path.insert(
    0, os.path.dirname(os.path.dirname(os.path.realpath(env.PioPlatform().get_dir()))) + "/platforms"
)
from zig import GET_ZIG, find_zig  # noqa: E402

if shutil.which("g++"):
    env.Replace(CC="gcc", CXX="g++", AR="ar", RANLIB="ranlib")
elif shutil.which("clang++"):
    env.Replace(CC="clang", CXX="clang++", AR="ar", RANLIB="ranlib")
elif zig := find_zig(env):
    # Its own defaults are the instructions of this very processor, and traps.
    flags = "-mcpu=baseline -fno-sanitize=undefined"
    env.Replace(CC=f"{zig} cc {flags}", CXX=f"{zig} c++ {flags}", AR=f"{zig} ar", RANLIB=f"{zig} ranlib")
elif not env.IsIntegrationDump():
    installers = {"win32": "", "darwin": "xcode-select --install; or "}
    hint = f"{installers.get(sys.platform, 'sudo apt install g++; or ')}{GET_ZIG}"
    sys.stderr.write(f"error: there is no C++ compiler\nhint: {hint}\n")
    env.Exit(2)

env.Append(CCFLAGS=["-ffunction-sections", "-fdata-sections"], CXXFLAGS=["-std=gnu++17"])
if sys.platform == "win32":
    env.Replace(PROGSUFFIX=".exe")
    env.Append(LIBS=["ws2_32"], LINKFLAGS=["-static"])
elif sys.platform == "darwin":
    env.Append(LINKFLAGS=["-Wl,-dead_strip"])
else:
    env.Append(CCFLAGS=["-pthread"], LINKFLAGS=["-Wl,--gc-sections", "-pthread"])

# In  -a "--images FOLDER"  an option and its value are one argument.
arguments = [
    part
    for argument in env.get("PROGRAM_ARGS", [])
    for part in (argument.split(" ", 1) if argument.startswith("--") else [argument])
]
env.Replace(PROGRAM_ARGS=arguments)
program = env.BuildProgram()
# AIEDGE_WATCH, by compile_model.py, is what runs a lesson's program and says which TODO is next.
run = env.VerboseAction("$AIEDGE_WATCH $SOURCE $PROGRAM_ARGS", "Running $SOURCE")
AlwaysBuild(env.Alias("upload", program, run))
env.AddPlatformTarget("exec", program, run, "Run", "Run the firmware on this computer")
Default([program])
