"""Builds the firmware as WebAssembly, with Zig's compiler and its C library for WASI, without a C++ library."""

import os
import sys

from SCons.Script import AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
sys.path.insert(0, os.path.dirname(os.path.realpath(env.PioPlatform().get_dir())))
from zig import GET_ZIG, find_zig  # noqa: E402

zig = find_zig(env)
if not zig and not env.IsIntegrationDump():
    sys.stderr.write(
        f"error: the Python package ziglang, which compiles for the browser, is not installed\nhint: {GET_ZIG}\n"
    )
    env.Exit(2)

# SIMD is in every browser since 2023.
target = ["--target=wasm32-wasi", "-msimd128", "-fno-sanitize=undefined"]
env.Replace(
    CC=f"{zig} cc",
    CXX=f"{zig} c++",
    AR=f"{zig} ar",
    RANLIB=f"{zig} ranlib",
    LINK=f"{zig} cc",  # c++ would build and link a C++ library
    PROGNAME="firmware",
    PROGSUFFIX=".wasm",
)
env.Append(
    CCFLAGS=[*target, "-ffunction-sections", "-fdata-sections"],
    CXXFLAGS=["-std=gnu++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"],
    # The stack lies below all data: where it grows too large, the browser stops it.
    LINKFLAGS=[*target, "-Wl,--gc-sections", "-Wl,-z,stack-size=262144", "-Wl,--strip-all"],
)

program = env.BuildProgram()
# AIEDGE_SHOW, by compile_model.py, is what serves the page.
run = env.VerboseAction("$AIEDGE_SHOW $SOURCE", "Showing $SOURCE")
AlwaysBuild(env.Alias("upload", program, run))
env.AddPlatformTarget("exec", program, run, "Run", "Run the firmware on a page in the browser")
Default([program])
