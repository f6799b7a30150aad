"""From a lesson's folder to the files that a student sees."""

import tempfile
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode

from aiedge.boards import boards
from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.lesson import Project, read_lessons
from aiedge.paths import shown
from aiedge.workshop.lessons.notebook import clean_outputs, from_file, keep_outputs, to_notebook, to_text
from aiedge.workshop.lessons.source import Source, read_source
from aiedge.workshop.lessons.vscode import project_files
from aiedge.workshop.notebooks import DRAWN, execute


class Sources(Project):
    """A project with its sources in `common/lessons`, and what is made from them."""

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
            self.student: to_text(self.notebook_at(0)),
            self.solution: to_text(solution),
        }
        if self.firmware:
            if self.lesson.firmware is None:
                toml = shown(self.lesson.folder / "lesson.toml")
                raise UserError(f"{toml}: a lesson with a main.cpp needs a table [firmware]")
            files |= project_files(self)
            files[self.folder / "solution" / "main.cpp"] = self.firmware.text(len(self.firmware.todos))
            files[self.folder / "vscode" / "main" / "main.cpp"] = self.firmware.text(0)
        return files


def find_projects(root: Path, lesson: str = "") -> list[Sources]:
    """The projects of the kit at `root`, or those of one lesson; raises `UserError` where there is none."""
    return [
        Sources(project.lesson, project.level)
        for found in read_lessons(root, lesson)
        for project in found.projects
    ]


def build(project: Sources, run: bool = False, progress: bool = True) -> list[str]:
    """Write the project's generated files and return what there is to say, a line each.

    With `run` the solution notebook is executed in an empty folder, on drawn pictures, the lesson's artefacts are
    copied to the solution, and its models are made from the kit's weights. Raises `UserError`, with nothing written,
    for a source that breaks the rules or a cell that fails.
    """
    if run:
        files, fresh = _executed(project, progress), True
    else:
        files, fresh = project.generated()
    said = write(files) or [f"{project.name}: up to date"]
    if not fresh:
        said.append(f"{project.name}: outputs stale, run --execute")
    return said + (_write_models(project) if run else [])


def _write_models(project: Sources) -> list[str]:
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


def board_files(root: Path) -> dict[Path, str]:
    """Path and content of PlatformIO's file of each board that has one, for the kit at `root`."""
    folder = root / "common" / "boards"
    found = [board for board in boards().values() if board.platformio and folder.is_dir()]
    return {folder / f"{board.key}.json": board.manifest for board in found}


def write(files: dict[Path, str]) -> list[str]:
    """Write the files that are not so yet; return a line for each."""
    changed = [path for path, text in files.items() if not same(path, text)]
    for path in changed:
        write_atomic(path, files[path])
    return [f"wrote {shown(path)}" for path in changed]


def same(path: Path, text: str) -> bool:
    """Whether the file holds exactly this text."""
    return path.is_file() and path.read_bytes() == text.encode()


def _executed(project: Sources, progress: bool) -> dict[Path, str]:
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
