"""Adds TensorFlow Lite Micro with its reference kernels to the build, from the source tree in TFLM_DIR.

Such a tree is what TFLM's own create_tflm_tree.py writes: the folders tensorflow, signal and third_party (with
flatbuffers, gemmlowp and ruy). Nothing of it is part of the kit.
"""

import os
import sys
from pathlib import Path

Import("env")  # noqa: F821  (SCons hands it to this script)

SOURCES = [
    "tensorflow/compiler/mlir/lite/core/api",
    "tensorflow/compiler/mlir/lite/schema",
    "tensorflow/lite/core/api",
    "tensorflow/lite/core/c",
    "tensorflow/lite/kernels",
    "tensorflow/lite/kernels/internal",
    "tensorflow/lite/micro",
    "tensorflow/lite/micro/arena_allocator",
    "tensorflow/lite/micro/kernels",
    "tensorflow/lite/micro/memory_planner",
    "tensorflow/lite/micro/tflite_bridge",
]
INCLUDES = [".", "third_party/flatbuffers/include", "third_party/gemmlowp", "third_party/ruy"]


def stop(message: str) -> None:
    """End the build as every command of the kit ends after a mistake."""
    hint = "set TFLM_DIR to a source tree that TFLM's create_tflm_tree.py wrote"
    sys.stderr.write(f"error: {message}\nhint: {hint}\n")
    env.Exit(2)  # noqa: F821


def build_tflm() -> None:
    """Add the library, its include paths and the one definition that its sources and users must share."""
    if not os.environ.get("TFLM_DIR"):
        stop("TFLM_DIR is not set")
    tree = Path(os.environ["TFLM_DIR"]).resolve()
    for folder in SOURCES + INCLUDES:
        if not (tree / folder).is_dir():
            stop(f"{tree} lacks the folder {folder}")
    env.Append(  # noqa: F821
        CPPPATH=[str(tree / folder) for folder in INCLUDES], CPPDEFINES=["TF_LITE_STATIC_MEMORY"]
    )
    library = env.Clone()  # noqa: F821
    # TFLM does not compile with exceptions; its warnings are its own.
    library.Append(CCFLAGS=["-w"], CXXFLAGS=["-fno-exceptions", "-fno-rtti"])
    filters = [f"+<{folder}/*.{suffix}>" for folder in SOURCES for suffix in ("cc", "cpp")]
    filters += ["-<**/*_test.*>", "-<**/test_help*>"]
    archive = library.BuildLibrary(os.path.join("$BUILD_DIR", "tflm"), str(tree), filters)
    env.Append(LIBS=[archive])  # noqa: F821


if not env.IsIntegrationDump() and not env.IsCleanTarget():  # noqa: F821
    build_tflm()
