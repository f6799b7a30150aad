"""What must hold for a project: each function returns its failures, one line each, with file and line."""

import re
from itertools import zip_longest
from pathlib import Path
from statistics import median

from aiedge.errors import UserError
from aiedge.paths import shown
from aiedge.workshop.lessons.build import Sources, same
from aiedge.workshop.lessons.notebook import code_cells, from_file
from aiedge.workshop.lessons.rehearsal import rehearse_firmware, rehearse_notebook
from aiedge.workshop.lessons.source import Cell, Source, SourceError

MEDIAN_LINES = 6
MOST_LINES = 30
_LEFTOVER = re.compile(r"(BEGIN|END) (SOLUTION|LEVEL)|SKELETON")


def check(project: Sources, static: bool = False, progress: bool = True) -> list[str]:
    """All failures of the project; with `static` only those that need no kernel and no compiler."""
    try:
        sources = [source for source in (project.notebook, project.firmware) if source]
        files, fresh = project.generated()
    except SourceError as error:
        return error.problems
    except UserError as error:
        return [error.message]
    failures = check_tree(files, project.lesson.name) + check_outputs(project, fresh) + check_leftovers(files)
    failures += check_todo_cells(project.notebook) + check_sizes(project)
    failures += [failure for source in sources for failure in check_leaks(source)]
    if project.firmware:
        failures += check_todo_calls(project.firmware)
    if not static:
        for rehearse in (rehearse_notebook, rehearse_firmware):
            try:
                failures += rehearse(project, progress)
            except UserError as error:
                failures.append(error.message)
    return failures


def check_tree(files: dict[Path, str], lesson: str = "") -> list[str]:
    """A rebuild of that lesson, or of all, changes no file."""
    failures = []
    for path, text in files.items():
        if not path.exists():
            failures.append(f"{shown(path)}: missing, run build {lesson}".rstrip())
        elif not same(path, text):
            there = path.read_text(encoding="utf-8", errors="replace").split("\n")
            pairs = enumerate(zip_longest(there, text.split("\n")), 1)
            line = next((number for number, (old, new) in pairs if old != new), 1)
            failures.append(f"{shown(path)}:{line}: a rebuild differs; edit the source, run build")
    return failures


def check_outputs(project: Sources, fresh: bool) -> list[str]:
    """The solution was run as it is now, without an error, and its artefacts are there."""
    failures = []
    if not fresh:
        failures.append(
            f"{shown(project.solution)}: outputs stale, run build {project.lesson.name} --execute"
        )
    nb = from_file(project.solution)
    for number, cell in enumerate(code_cells(nb) if nb else [], 1):
        for output in cell.outputs:
            if output.output_type == "error":
                failures.append(
                    f"{shown(project.solution)}: code cell {number} holds an error: {output.ename}"
                )
    for artifact in project.lesson.shipped:
        path = project.solution.parent / artifact
        if not path.exists():
            failures.append(f"{shown(path)}: missing, run build {project.lesson.name} --execute")
    return failures


def check_leftovers(files: dict[Path, str]) -> list[str]:
    """No marker has survived into a generated file."""
    return [
        f"{shown(path)}:{number}: leftover marker: {line.strip()}"
        for path, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        if _LEFTOVER.search(line)
    ]


def check_todo_cells(source: Source) -> list[str]:
    """Every TODO has its check cell directly after it and its hint directly before it."""
    failures = []
    nothing = Cell(0, "", (), "none", {}, "", {})
    neighbours = zip((nothing, *source.cells), source.cells, (*source.cells[1:], nothing), strict=False)
    for before, cell, after in neighbours:
        for todo, line in cell.todos.items():
            if after.kind != "code" or "check" not in after.tags:
                failures.append(f"{source.at(line)}: TODO {todo} has no check cell directly after it")
            if before.kind != "markdown" or "<details" not in before.text(0):
                failures.append(
                    f"{source.at(line)}: TODO {todo} has no <details> hint in a cell directly before it"
                )
    return failures


def check_todo_calls(source: Source) -> list[str]:
    """Every skeleton of the firmware stops by `todo(number, ...)`."""
    failures = []
    for todo, number in source.todos.items():
        skeleton = [
            line.text
            for cell in source.cells
            for line in cell.lines
            if line.role == "skeleton" and line.todo == todo
        ]
        if not re.search(rf"\btodo\({todo}, ", "\n".join(skeleton)):
            failures.append(
                f"{source.at(number)}: the skeleton of TODO {todo} does not call todo({todo}, ...)"
            )
    return failures


def check_leaks(source: Source) -> list[str]:
    """No line of a solution stands in the student's code, be it in a skeleton or elsewhere."""
    code = [cell for cell in source.cells if cell.kind == "code"]
    student = {line.strip() for cell in code for line in cell.text(0).splitlines()}
    return [
        f"{source.at(line.number)}: the solution of TODO {line.todo} stands in the student's copy"
        for cell in code
        for line in cell.lines
        if line.role == "solution" and _tells_something(line.text.strip()) and line.text.strip() in student
    ]


def _tells_something(line: str) -> bool:
    """Whether a line gives a solution away, as `else:` or `return x` do not."""
    return len(line) >= 10 and bool(re.search(r"[=(*/+-]", line)) and not line.startswith(("#", "//"))


def check_sizes(project: Sources) -> list[str]:
    """Code cells are short: the limits hold for the student's copy and for the solution."""
    source, failures = project.notebook, dict[str, None]()
    for solved in (0, len(source.todos)):
        nb = project.notebook_at(solved)
        sizes = {cell.id: len(cell.source.splitlines()) for cell in code_cells(nb)}
        middle = median(sizes.values()) if sizes else 0
        if middle > MEDIAN_LINES:
            failures[f"{source.at(1)}: median of code cells is {middle:g} lines, limit {MEDIAN_LINES}"] = None
        for cell, origin in zip(nb.cells, source.cells, strict=True):
            if sizes.get(cell.id, 0) > MOST_LINES:
                failures[
                    f"{source.at(origin.number)}: cell of {sizes[cell.id]} lines, limit {MOST_LINES}"
                ] = None
    return list(failures)
