"""Playing the student: every TODO stops until it is solved, in the notebook and in the firmware."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import nbformat.v4 as v4
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.paths import shown
from aiedge.workshop.lessons.build import Sources
from aiedge.workshop.notebooks import DRAWN, hidden, kernel

STOPPED = 3  # exit status of the firmware on the host where todo() stops it
SECONDS = 60
# Takes the PlatformIO project, main.cpp and the model's .cpp; returns what the host's firmware prints.
RunFirmware = Callable[[Path, Path, Path], str]


@dataclass(frozen=True)
class _Step:
    """A cell to run: as the solution has it, as the student has it, or the check that meets the skeleton."""

    cell: NotebookNode
    place: str
    todo: int
    role: Literal["solved", "skeleton", "check of skeleton"]


def rehearse_notebook(project: Sources, progress: bool = True) -> list[str]:
    """Run the notebook in an empty folder: each skeleton must fail its check, each solution must pass it.

    One kernel does it in one pass. A notebook with the TODOs 1..k-1 filled runs the solved cells 1..k-1 in
    order and then the skeleton of k; this pass has run the same cells when it meets that skeleton. It must
    stop there. Then the solved cell k follows, as a student's next try does, and its check must pass: that is
    the notebook with 1..k filled, on its way to k+1. The end of the pass is the end of the full solution.
    """
    failures, steps = list[str](), _steps(project)
    nb = v4.new_notebook(cells=[step.cell for step in steps])
    bar = tqdm(steps, desc=f"{project.name}: notebook", unit="cell", disable=hidden(progress))
    temporary = tempfile.TemporaryDirectory(prefix="aiedge-", ignore_cleanup_errors=True)
    with temporary as folder, kernel(nb, folder, DRAWN) as client:
        stopped = False
        for index, step in enumerate(bar):
            if step.role == "check of skeleton" and stopped:
                continue  # The skeleton itself has stopped the student.
            ename, evalue = _run(client, step, index)
            stopped = step.role == "skeleton" and bool(ename)
            if complaint := _judge(step, ename, evalue):
                failures.append(f"{step.place}: {complaint}")
                if step.role == "solved":
                    break  # What follows depends on this cell.
    return failures


def _run(client: NotebookClient, step: _Step, index: int) -> tuple[str, str]:
    """Run the step's cell; returns name and text of the exception that it raises, or two empty strings."""
    try:
        client.execute_cell(step.cell, index)
    except CellExecutionError as error:
        return error.ename, error.evalue
    except DeadKernelError as error:
        raise UserError(f"{step.place}: Python dies in this cell") from error
    return "", ""


def _judge(step: _Step, ename: str, evalue: str) -> str:
    """What is wrong with the end of a step, "" for nothing."""
    reason = f"{ename}: {evalue}".splitlines()[0]
    match step.role:
        case "solved":
            return f"the solution stops: {reason}" if ename else ""
        case "skeleton":
            # Any other error of the skeleton stops the student just as its check would.
            broken = ename in ("SyntaxError", "IndentationError")
            return f"the skeleton of TODO {step.todo} is no Python: {reason}" if broken else ""
        case "check of skeleton" if not ename:
            return f"the check accepts the skeleton of TODO {step.todo}"
        case "check of skeleton" if ename != "CheckFailed":
            return f"the check of TODO {step.todo} raises {reason} on the skeleton, not CheckFailed"
    return ""


def _steps(project: Sources) -> list[_Step]:
    """The cells in the order of the rehearsal: skeleton, its check, solution; the check again as it comes."""
    source, steps = project.notebook, list[_Step]()
    student, solution = project.notebook_at(0).cells, project.notebook_at(len(source.todos)).cells
    for index, cell in enumerate(source.cells):
        if cell.kind != "code":
            continue
        for todo in cell.todos:
            steps.append(_Step(_copy(student[index]), source.at(cell.number), todo, "skeleton"))
            if index + 1 < len(student) and "check" in source.cells[index + 1].tags:
                place = source.at(source.cells[index + 1].number)
                steps.append(_Step(_copy(solution[index + 1]), place, todo, "check of skeleton"))
        steps.append(_Step(_copy(solution[index]), source.at(cell.number), 0, "solved"))
    return steps


def _copy(cell: NotebookNode) -> NotebookNode:
    """The cell under an id of its own: a rehearsal runs some cells twice."""
    return v4.new_code_cell(cell.source, metadata=cell.metadata)


def run_on_host(vscode: Path, main_cpp: Path, model_cpp: Path) -> str:
    """What the host's firmware prints; raises `UserError` if it does not compile, crashes or does not end."""
    from aiedge.board.build import build

    workspace = main_cpp.parent / "build"
    program = build(vscode, "host", main_cpp=main_cpp, model_cpp=model_cpp, build_dir=workspace)
    try:
        done = subprocess.run(
            [program], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(f"does not end within {SECONDS} seconds") from error
    if done.returncode not in (0, STOPPED):
        raise UserError(f"ends with status {done.returncode} {done.stderr.strip()}".strip())
    return done.stdout


def rehearse_firmware(project: Sources, progress: bool = True, run: RunFirmware = run_on_host) -> list[str]:
    """Build and run `main.cpp` with TODOs 1..k solved, for every k: it must stop at k+1, the last at none."""
    source, failures = project.firmware, list[str]()
    if source is None:
        return []
    if not any(shutil.which(compiler) for compiler in ("c++", "g++", "clang++")):
        print(f"{project.name}: firmware NOT checked, there is no C++ compiler (Debian: apt install g++)")
        return []
    count, model = len(source.todos), project.solution.parent / f"{project.lesson.name}.cpp"
    bar = tqdm(range(count + 1), desc=f"{project.name}: firmware", unit="build", disable=hidden(progress))
    with tempfile.TemporaryDirectory(prefix="aiedge-", ignore_cleanup_errors=True) as folder:
        for solved in bar:
            main = write_atomic(Path(folder) / "main.cpp", source.text(solved))
            expected = _stop(solved + 1 if solved < count else 0)
            try:
                met = re.search(r"TODO (\d+)", run(project.folder / "vscode", main, model))
                found = _stop(int(met[1]) if met else 0)
            except UserError as error:
                found = _first_error(error.message)
            if found != expected:
                stage = f"{shown(source.path)}: with {solved} of {count} TODOs solved"
                failures.append(f"{stage}: {found}; expected: {expected}")
    return failures


def _stop(todo: int) -> str:
    return f"stops at TODO {todo}" if todo else "runs to its end"


def _first_error(message: str) -> str:
    """The line of a compiler's output that says what is wrong, or the first one of any message."""
    lines = message.splitlines()
    return next((line for line in lines if "error:" in line.lower()), lines[0]).strip()
