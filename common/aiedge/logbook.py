"""What a student has solved in this copy of the kit: a line for each TODO in a small file, `.progress`.

The checks of the notebooks and runs of the firmware add to it. A line is added by one write and none is changed, so
that a notebook and a firmware run may write at the same time; a line that cannot be read is passed over. Nothing here
stops a student: where the file cannot be written, nothing is kept.
"""

import contextlib
import os
import re
from pathlib import Path

from aiedge.lesson import Project, find_project, lessons
from aiedge.paths import REPO

FILE = REPO / ".progress"
NOTEBOOK, FIRMWARE = "notebook", "firmware"
opened = ""  # the notebook that this kernel runs, where it says so: a folder may have several
MOST = 2**20  # bytes: a file that is larger was not written here


def note(project: str, part: str, *todos: int) -> None:
    """Keep that these TODOs of a part, "notebook" or "firmware", are solved."""
    new = sorted(set(todos) - solved(project, part))
    if not new:
        return
    # A line that was cut off ends before these begin.
    text = "\n" + "".join(f"{project} {part} {todo}\n" for todo in new)
    with contextlib.suppress(OSError):
        file = os.open(FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(file, text.encode())
        finally:
            os.close(file)


def solved(project: str, part: str) -> set[int]:
    """Numbers of the TODOs that are solved, of those that there are."""
    try:
        with open(FILE, "rb") as file:
            lines = file.read(MOST).decode("utf-8", "replace").splitlines()
    except OSError:
        return set()
    found = (re.fullmatch(rf"{project} {part} (\d{{1,3}})", line) for line in lines)
    return {int(line[1]) for line in found if line} & set(todos(project, part))


def todos(project: str, part: str) -> list[int]:
    """Numbers of a part's TODOs, as the project's solution has them."""
    found = find_project(project)
    if part == FIRMWARE and found.lesson.firmware is None:
        return []
    path = found.solution if part == NOTEBOOK else found.solution.with_name("main.cpp")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return []
    return sorted({int(number) for number in re.findall(r"(?:#|//) TODO (\d+): ", text)})


def note_firmware(project: str, stopped_at: str = "") -> None:
    """Keep how far a student's firmware came: to the TODO that `stopped_at` names, the next one or the wrong one.

    Without such words it came to its end.
    """
    named = re.search(r"Next: TODO (\d+)", stopped_at) or re.search(r"TODO (\d+)", stopped_at)
    end = int(named[1]) if named else max(todos(project, FIRMWARE), default=0) + 1
    note(project, FIRMWARE, *range(1, end))


def project_here(folder: Path | None = None) -> str:
    """The project whose notebook a kernel runs: its folder is `<project>/notebook` of this kit; "" elsewhere.

    Of several notebooks in one folder it is the one that is `opened`, else the one which the folder is named after.
    """
    here = (folder or Path.cwd()).resolve()
    found = [project.name for project in way() if here == project.student.parent.resolve()]
    return opened if opened in found else next((name for name in found if name == here.parent.name), "")


def line(project: str, following_is: str = "next") -> str:
    """How far the student is, such as "<project> ✓ notebook 4/6, firmware 2/5 · next: TODO 5"."""
    counts, following = [], ""
    for part in (NOTEBOOK, FIRMWARE):
        if there := todos(project, part):
            done = solved(project, part)
            counts.append(f"{part} {len(done)}/{len(there)}")
            if not following and (rest := [todo for todo in there if todo not in done]):
                following = f"{'firmware, ' if part == FIRMWARE else ''}TODO {rest[0]}"
    return f"{project} ✓ {', '.join(counts)} · {f'{following_is}: {following}' if following else 'done'}"


def complete(project: str) -> bool:
    """Whether all TODOs of both parts are solved."""
    return all(set(todos(project, part)) == solved(project, part) for part in (NOTEBOOK, FIRMWARE))


def after(project: str) -> str:
    """The project that follows in the workshop's way, at its first level; "" after the last one."""
    lesson = find_project(project).lesson
    later = [other for other in lessons() if other.place > lesson.place]
    return later[0].projects[0].name if later else ""


def way() -> list[Project]:
    """All projects in the order in which the workshop takes them."""
    return [project for lesson in lessons() for project in lesson.projects]
