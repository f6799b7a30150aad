"""Fixtures that several tests share."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

# Before TensorFlow is imported by anything: no pages about the CPU it found.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

REPO = Path(__file__).resolve().parent.parent

# What the tests compile is thrown away with this folder, which pytest's workers share.
if "AIEDGE_CACHE" not in os.environ:
    os.environ["AIEDGE_CACHE"] = tempfile.mkdtemp(prefix="aiedge-")
    atexit.register(shutil.rmtree, os.environ["AIEDGE_CACHE"], ignore_errors=True)


@pytest.fixture(scope="session")
def repo() -> Path:
    """Top folder of the kit."""
    return REPO


@pytest.fixture(scope="session")
def need_tool() -> Callable[[str, str], str]:
    """`need_tool(program, how)` returns the program's path, or skips the test and says how to install it."""

    def need(program: str, how: str) -> str:
        path = shutil.which(program)
        if path is None:
            pytest.skip(f"needs {program}: {how}")
        return path

    return need


@pytest.fixture(scope="session")
def xormodel() -> bytes:
    """The shipped int8 XOR model (.tflite), out of its C array."""
    from aiedge.tflite import load_model

    return load_model(REPO / "xormodel" / "solution" / "xormodel.cpp")


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Folder for what a person may want to look at after a run (git-ignored)."""
    folder = REPO / "tests" / "artifacts"
    folder.mkdir(exist_ok=True)
    return folder
