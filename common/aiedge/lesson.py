"""The lessons, as each one's `common/lessons/<lesson>/lesson.toml` says: the one place that holds a lesson's facts.

    title = "XOR: the smallest network that needs a hidden layer"
    minutes = 55                     # for the notebook: the sum of those in its headings
    place = 1                        # in the workshop's way, from the first project to the last
    board = "optional"               # in words
    levels = ["easy", "hard"]        # two projects, <lesson>_easy and <lesson>_hard; without it one, <lesson>
    within = "<lesson>"              # one more notebook in that lesson's folder, without levels and firmware
    artifacts = ["<lesson>.cpp"]     # what the solution notebook writes and the kit ships
    weights = "small"                # the float network's trained weights: common/weights/small.npz
    models = { tiny = "small_qat" }  # solution/tiny.cpp: the int8 model made from these weights

    [data]                           # on what a board is tested
    set = "cars"                     # of aiedge.train.datasets; or `inputs` and `answers`, every one to be right
    side = 96                        # of the network's square colour picture, in pixels; left out for other inputs
    classes = ["no car", "car"]

    [firmware]                       # what vscode/ needs, for a lesson with a main.cpp
    minutes = 25                     # for the firmware's TODOs, on this computer and on the board
    arena = 8192                     # bytes of TensorFlow Lite Micro's arena
    float_arena = 335872             # that of the float network, for environments that take it
    settings = "all"                 # ESP-IDF's: "base", or "all" with the workshop's settings for speed
    upload = "esp-eye"               # the environment that goes to the board
    camera = true                    # needs the camera's driver
    environments = ["stream.ini"]    # of common/platforms, beside lesson.ini
    about = "row by row"             # those in words

Keys with a default in the classes below may be left out. This module needs nothing but the standard library.
"""

import tomllib
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from aiedge.errors import UserError
from aiedge.paths import REPO, shown

SETTINGS = ("base", "all")
# The fields' types in TOML's words; the others are tables.
_TYPES: dict[Any, str] = {
    str: "string",
    int: "integer",
    bool: "boolean",
    tuple[str, ...]: "array of strings",
    tuple[int, ...]: "array of integers",
    tuple[tuple[float, ...], ...]: "array of arrays of numbers",
    dict[str, str]: "table of strings",
}


@dataclass(frozen=True)
class Data:
    """What a network takes and answers: the data `set`'s name, or `inputs` with the class number of each.

    `side` is that of a square colour picture in pixels, 0 where the network takes something else.
    """

    classes: tuple[str, ...]
    set: str = ""
    side: int = 0
    inputs: tuple[tuple[float, ...], ...] = ()
    answers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Firmware:
    """What a PlatformIO project needs to know; arenas in bytes."""

    arena: int
    minutes: int = 0
    float_arena: int = 0
    settings: str = "all"
    upload: str = "esp-eye"
    camera: bool = False
    environments: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True)
class Lesson:
    """What `lesson.toml` says, of the lesson in `folder` of the kit at `root`."""

    folder: Path
    root: Path
    title: str
    minutes: int
    board: str
    place: int = 1000
    levels: tuple[str, ...] = ()
    within: str = ""
    artifacts: tuple[str, ...] = ()
    weights: str = ""
    models: dict[str, str] = field(default_factory=dict)
    data: Data | None = None
    firmware: Firmware | None = None

    @property
    def name(self) -> str:
        """The lesson's name, which is its main model's too."""
        return self.folder.name

    @property
    def others(self) -> tuple[str, ...]:
        """Names of the int8 models beside the main one."""
        return tuple(name for name in self.models if name != self.name)

    @property
    def shipped(self) -> list[str]:
        """Names of all files in a solution's folder that a run of the builder makes."""
        return [*self.artifacts, *(f"{name}.cpp" for name in self.models)]

    @property
    def projects(self) -> list["Project"]:
        """One project per level, or one in all."""
        return [Project(self, level) for level in self.levels or ("",)]


@dataclass(frozen=True)
class Project:
    """What a student works on: a lesson at a level, "" where it has none."""

    lesson: Lesson
    level: str = ""

    @property
    def name(self) -> str:
        """The notebook's name, and the folder's, which the board says too."""
        return f"{self.lesson.name}_{self.level}" if self.level else self.lesson.name

    @property
    def folder(self) -> Path:
        """The student's folder: its own, or that of the lesson which this one is `within`."""
        return self.lesson.root / (self.lesson.within or self.name)

    @property
    def student(self) -> Path:
        """Path of the student's notebook."""
        return self.folder / "notebook" / f"{self.name}.ipynb"

    @property
    def solution(self) -> Path:
        """Path of the executed notebook."""
        return self.folder / "solution" / f"{self.name}.ipynb"


def lessons() -> tuple[Lesson, ...]:
    """The lessons of this kit in the workshop's order; none where the package was installed without the kit."""
    return _kept(REPO)


@cache
def _kept(root: Path) -> tuple[Lesson, ...]:
    return tuple(read_lessons(root))


def projects() -> list[str]:
    """Names of all projects, in alphabetical order."""
    return sorted(project.name for lesson in lessons() for project in lesson.projects)


def find_project(name: str) -> Project:
    """The project `name`; raises `UserError` for a name that is none."""
    for found in (project for lesson in lessons() for project in lesson.projects):
        if found.name == name:
            return found
    raise UserError(
        f"there is no project named {name!r}", f"the projects are: {', '.join(projects()) or 'none'}"
    )


def project_dir(name: str) -> Path:
    """Folder of the project `name`; raises `UserError` for a name that is none."""
    return find_project(name).folder


def lesson_of(name: str) -> str:
    """Name of the lesson that the project `name` is of, `name` itself for a project of another kit.

    >>> all(lesson_of(project.name) == lesson.name for lesson in lessons() for project in lesson.projects)
    True
    """
    return find_project(name).lesson.name if name in projects() else name


def read_lessons(root: Path, name: str = "") -> list[Lesson]:
    """The lessons of the kit at `root`, or the one named `name`; raises `UserError` where there is none."""
    folders = sorted(path.parent for path in (root / "common" / "lessons").glob("*/lesson.toml"))
    if name:
        names = ", ".join(folder.name for folder in folders) or "none"
        folders = [folder for folder in folders if folder.name == name]
        if not folders:
            raise UserError(f"there is no lesson named {name!r}", f"the lessons are: {names}")
    return sorted((read_lesson(folder, root) for folder in folders), key=lambda lesson: lesson.place)


def read_lesson(folder: Path, root: Path) -> Lesson:
    """Read `lesson.toml`; raises `UserError` for a key that is missing, unknown, of another type or in conflict."""
    path = folder / "lesson.toml"
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read {shown(path)}: {error}") from error
    try:
        lesson: Lesson = _fill(Lesson, values, "", folder=folder, root=root)
        _check_data(lesson.data)
        _check_firmware(lesson.firmware, root)
        _check_within(lesson)
    except _Wrong as error:
        raise UserError(f"{shown(path)}: {error.message}", error.hint) from error
    return lesson


class _Wrong(UserError):
    """What is wrong within a `lesson.toml`."""


def _fill(kind: Any, values: dict[str, Any], table: str, **given: Path) -> Any:
    """A dataclass from a table of the file; the fields that are `given` are no keys."""
    hints = get_type_hints(kind)
    keys = [name for name in hints if name not in given]
    required = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
    for key in values:
        if key not in keys:
            raise _Wrong(
                f"unknown key {table + key!r}", f"the keys are: {', '.join(table + k for k in keys)}"
            )
    found: dict[str, Any] = dict(given)
    for key in keys:
        if key in values or key in required:
            try:
                found[key] = _value(hints[key], values.get(key), f"{table}{key}.")
            except TypeError as error:
                name = _TYPES.get(hints[key], "table")
                raise _Wrong(f"{table}{key} must be there and be of type {name}") from error
    return kind(**found)


def _value(kind: Any, value: Any, table: str) -> Any:
    """A value of the file as its field has it; raises `TypeError` for one of another type."""
    inner, origin = get_args(kind), get_origin(kind)
    if origin is tuple and isinstance(value, list):
        return tuple(_value(inner[0], item, table) for item in value)
    if origin is dict and isinstance(value, dict):
        return {key: _value(inner[1], item, table) for key, item in value.items()}
    if type(None) in inner and isinstance(value, dict):
        return _fill(inner[0], value, table)
    if type(value) is kind or (kind is float and type(value) is int):
        return value
    raise TypeError


def _check_data(data: Data | None) -> None:
    if data is None:
        return
    if bool(data.set) == bool(data.inputs):
        raise _Wrong("data needs either a set or inputs with their answers")
    if len(data.inputs) != len(data.answers):
        raise _Wrong(f"data has {len(data.inputs)} inputs and {len(data.answers)} answers")
    if any(not 0 <= answer < len(data.classes) for answer in data.answers):
        raise _Wrong("data.answers are numbers of the classes", f"0 to {len(data.classes) - 1}")


def _check_within(lesson: Lesson) -> None:
    if not lesson.within:
        return
    if lesson.levels or lesson.firmware:
        raise _Wrong("a lesson within another one has neither levels nor firmware")
    host = lesson.root / "common" / "lessons" / lesson.within
    if host == lesson.folder or not (host / "lesson.toml").is_file():
        raise _Wrong(f"within: there is no lesson {lesson.within!r} beside it")
    found = read_lesson(host, lesson.root)
    if found.levels or found.within:
        raise _Wrong(
            f"within: {lesson.within!r} has no one folder of its own", "name a lesson without levels"
        )


def _check_firmware(firmware: Firmware | None, root: Path) -> None:
    if firmware is None:
        return
    if firmware.settings not in SETTINGS:
        raise _Wrong(f"firmware.settings cannot be {firmware.settings!r}", f"choose {' or '.join(SETTINGS)}")
    for file in firmware.environments:
        if not (root / "common" / "platforms" / file).is_file():
            raise _Wrong(f"firmware.environments: there is no {file}", "put it into common/platforms")
