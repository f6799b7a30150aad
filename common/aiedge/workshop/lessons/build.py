"""From a lesson's folder to the files that a student sees."""

import tempfile
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode

from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.workshop.lessons.notebook import clean_outputs, from_file, keep_outputs, to_notebook, to_text
from aiedge.workshop.lessons.source import Source, read_source, shown
from aiedge.workshop.notebooks import DRAWN, execute

_KEYS: dict[str, type] = {
    "title": str,
    "minutes": int,
    "board": str,
    "levels": list,
    "artifacts": list,
    "models": dict,
}


@dataclass(frozen=True)
class Lesson:
    """What `lesson.toml` says: the minutes a student needs, the board in words, the files that the solution
    notebook writes and the kit ships (`artifacts`), the int8 models that the kit ships beside them, by the names of
    their trained weights (`models`), one project per level."""

    folder: Path
    root: Path
    title: str
    minutes: int
    board: str
    levels: list[str]
    artifacts: list[str]
    models: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def shipped(self) -> list[str]:
        """Names of all files in a solution's folder that the build makes by a run."""
        return [*self.artifacts, *(f"{name}.cpp" for name in self.models)]

    @property
    def projects(self) -> list["Project"]:
        """One project per level, or one in all."""
        return [Project(self, level) for level in self.levels or [""]]


@dataclass(frozen=True)
class Project:
    """One student folder: a lesson at a level."""

    lesson: Lesson
    level: str

    @property
    def name(self) -> str:
        return f"{self.lesson.name}_{self.level}" if self.level else self.lesson.name

    @property
    def folder(self) -> Path:
        return self.lesson.root / self.name

    @property
    def solution(self) -> Path:
        """Path of the executed notebook."""
        return self.folder / "solution" / f"{self.name}.ipynb"

    @cached_property
    def notebook(self) -> Source:
        return read_source(self.lesson.folder / "notebook.py", self.lesson.levels, self.level)

    @cached_property
    def firmware(self) -> Source | None:
        """The source of the firmware, None for a lesson without."""
        path = self.lesson.folder / "main.cpp"
        return read_source(path, self.lesson.levels, self.level) if path.exists() else None

    def notebook_at(self, solved: int) -> NotebookNode:
        """The notebook with the TODOs 1 to `solved` solved, without outputs."""
        return to_notebook(self.notebook, self.lesson.levels, solved)

    def generated(self) -> tuple[dict[Path, str], bool]:
        """Path and content of every generated file, and whether the solution's outputs are up to date."""
        solution = self.notebook_at(len(self.notebook.todos))
        fresh = keep_outputs(solution, from_file(self.solution))
        return self.files(solution), fresh

    def files(self, solution: NotebookNode) -> dict[Path, str]:
        """Path and content of every generated file, given the solution notebook with its outputs."""
        files = {
            self.folder / "notebook" / f"{self.name}.ipynb": to_text(self.notebook_at(0)),
            self.solution: to_text(solution),
        }
        if self.firmware:
            files[self.folder / "solution" / "main.cpp"] = self.firmware.text(len(self.firmware.todos))
            files[self.folder / "vscode" / "main" / "main.cpp"] = self.firmware.text(0)
        return files


def find_lessons(root: Path, name: str = "") -> list[Lesson]:
    """The lessons of the kit at `root`, or the one named `name`; raises `UserError` where there is none."""
    folders = sorted(path.parent for path in (root / "common" / "lessons").glob("*/lesson.toml"))
    if name:
        names = ", ".join(folder.name for folder in folders) or "none"
        folders = [folder for folder in folders if folder.name == name]
        if not folders:
            raise UserError(f"there is no lesson named {name!r}", f"the lessons are: {names}")
    return [read_lesson(folder, root) for folder in folders]


def read_lesson(folder: Path, root: Path) -> Lesson:
    """Read `lesson.toml`; raises `UserError` for a key that is missing, unknown or of another type."""
    path = folder / "lesson.toml"
    try:
        values = {"levels": [], "artifacts": [], "models": {}} | tomllib.loads(
            path.read_text(encoding="utf-8")
        )
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read {shown(path)}: {error}") from error
    for key in sorted(_KEYS.keys() | values.keys()):
        if key not in _KEYS:
            raise UserError(f"{shown(path)}: unknown key {key!r}", f"the keys are: {', '.join(_KEYS)}")
        if not isinstance(values.get(key), _KEYS[key]):
            raise UserError(f"{shown(path)}: {key} must be there and be of type {_KEYS[key].__name__}")
    return Lesson(folder, root, **values)


def build(project: Project, run: bool = False, progress: bool = True) -> list[str]:
    """Write the project's generated files and return what there is to say, a line each.

    With `run` the solution notebook is executed in an empty folder, on drawn pictures, the lesson's artefacts are
    copied to the solution, and its models are made from the kit's weights. Raises `UserError`, with nothing written,
    for a source that breaks the rules or a cell that fails.
    """
    if run:
        files, fresh = _executed(project, progress), True
    else:
        files, fresh = project.generated()
    changed = [path for path, text in files.items() if not same(path, text)]
    for path in changed:
        write_atomic(path, files[path])
    said = [f"wrote {shown(path)}" for path in changed] or [f"{project.name}: up to date"]
    if not fresh:
        said.append(f"{project.name}: outputs stale, run --execute")
    return said + (_write_models(project) if run else [])


def _write_models(project: Project) -> list[str]:
    """Write the lesson's models as C arrays to the solution and say so; a model without trained weights is left out."""
    from aiedge import tflite
    from aiedge.train import models  # TensorFlow, which takes seconds
    from aiedge.train.models.weights import WEIGHTS

    said = []
    for name, weights in project.lesson.models.items():
        path = project.solution.parent / f"{name}.cpp"
        if (WEIGHTS / f"{weights}.npz").exists():
            tflite.write_c_array(tflite.convert_int8(models.pretrained(weights)), path)
            said.append(f"wrote {shown(path)} from the weights {weights}")
        else:
            said.append(f"{shown(path)}: not written, there are no weights {weights}")
    return said


def same(path: Path, text: str) -> bool:
    """Whether the file holds exactly this text."""
    return path.is_file() and path.read_bytes() == text.encode()


def _executed(project: Project, progress: bool) -> dict[Path, str]:
    """The generated files after a run of the solution; its artefacts are copied."""
    nb = project.notebook_at(len(project.notebook.todos))
    with tempfile.TemporaryDirectory(prefix="aiedge-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        try:
            execute(nb, folder, progress, DRAWN)
            clean_outputs(nb, folder)
        except UserError as error:
            raise UserError(f"{project.name}: {error.message}", error.hint) from error
        files = project.files(nb)
        for artifact in project.lesson.artifacts:
            if not (folder / artifact).is_file():
                raise UserError(f"{project.name}: the solution writes no {artifact}, which lesson.toml names")
        for artifact in project.lesson.artifacts:
            write_atomic(project.solution.parent / artifact, (folder / artifact).read_bytes())
    return files
