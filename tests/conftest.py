"""Fixtures that several tests share."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.hidden_wheel import hide_tflm

# Before TensorFlow is imported by anything: no pages about the CPU it found.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

# No test asks the network for pictures: the drawn ones, unless the environment names a folder with the real ones.
os.environ.setdefault("AIEDGE_DATA", "drawn")

REPO = Path(__file__).resolve().parent.parent

# What the tests compile is thrown away with this folder, which pytest's workers share.
if "AIEDGE_CACHE" not in os.environ:
    os.environ["AIEDGE_CACHE"] = tempfile.mkdtemp(prefix="aiedge-")
    atexit.register(shutil.rmtree, os.environ["AIEDGE_CACHE"], ignore_errors=True)


if os.environ.get("WITHOUT_TFLM"):
    hide_tflm(Path(os.environ["AIEDGE_CACHE"]) / "hook")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The notebooks first: each takes a minute, and where they came last, one worker would wait for the other."""
    items.sort(key=lambda item: item.path.parent.name != "notebooks")


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
def pio_folder(tmp_path_factory) -> Path:
    """A folder for builds of the XOR project with sources in its `main`: the library is compiled once for all."""
    return tmp_path_factory.mktemp("a folder")


@pytest.fixture(scope="session")
def build_xor(pio_folder, tmp_path_factory) -> Callable[..., Path]:
    """`build_xor(main_cpp, environment)` is the XOR firmware with this main.cpp, built by PlatformIO."""
    from aiedge.board.build import build

    project = REPO / "xormodel"

    def built(main_cpp: Path, environment: str = "host") -> Path:
        model = project / "solution/xormodel.cpp"
        program = build(project / "vscode", environment, main_cpp, model, pio_folder)
        return Path(shutil.copy2(program, tmp_path_factory.mktemp("program")))

    return built


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Folder for what a person may want to look at after a run (git-ignored)."""
    folder = REPO / "tests" / "artifacts"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def browser(tmp_path) -> Iterator:
    """A headless Chromium, driven by its own driver."""
    from tests.support.page import headless

    with headless(tmp_path, "window-size=1280,1000") as window:
        yield window
