"""The package is a line of stations: imports lead to the left, and only two stations import TensorFlow."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import aiedge

PACKAGE = Path(aiedge.__file__).parent
GROUND = {"boards", "colours", "errors", "files", "lesson", "logbook", "paths", "progress", "text"}
# As the package's docstring draws it.
LINE = re.findall(r"^ {4}(\S.*?)\n\n", aiedge.__doc__ or "", re.MULTILINE | re.DOTALL)[0].split()[::2]
LISTS = {"__init__", "__main__", "cli"}  # these name what the stations hold
FRAMEWORKS = {"keras", "tensorflow"}
WITH_FRAMEWORKS = {"train", "workshop"}


def sources() -> dict[str, str]:
    """The package's modules: names below `aiedge`, and texts."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path.read_text(encoding="utf-8")
        for path in PACKAGE.rglob("*.py")
    }


def imports(text: str) -> Iterator[str]:
    """Full names of what a module imports at any place, of packages of the kit what is imported from them, too."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where they lead"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def back_arrows(modules: dict[str, str]) -> list[str]:
    """Imports that lead to the right, or from the ground to a station, and TensorFlow where it may not be."""
    found = []
    for name, text in modules.items():
        station = name.split(".")[0]
        if station in LISTS:
            continue
        assert station in {*LINE, *GROUND}, (
            f"{name} is in no station: add it to the line in aiedge/__init__.py"
        )
        for imported in imports(text):
            root, *rest = imported.split(".")
            if root in FRAMEWORKS and station not in WITH_FRAMEWORKS:
                found.append(f"{name} imports {root}")
            if root != "aiedge" or not rest or rest[0] not in LINE:
                continue
            if station in GROUND or LINE.index(rest[0]) > LINE.index(station):
                found.append(f"{name} imports {imported}")
    return found


def test_imports_lead_to_the_left() -> None:
    assert not back_arrows(sources())


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("memory.map", "from aiedge.cost.description import table"),
        ("memory.map", "from aiedge import cost"),
        ("tflite.reader", "def f():\n    from aiedge.codegen import CompiledModel"),
        ("files", "import aiedge.tflite"),
        ("board.line", "if TYPE_CHECKING:\n    from aiedge.benchmark import Samples"),
        ("codegen.source", "import tensorflow as tf"),
    ],
)
def test_a_back_arrow_is_found(module: str, line: str) -> None:
    assert len(back_arrows({module: line})) == 1


def test_every_station_is_in_the_line() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders == set(LINE)
