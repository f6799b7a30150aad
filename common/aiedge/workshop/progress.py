"""How far a student is: `aiedge progress`, and the first and the last cell of each notebook."""

import argparse
import json
import re
from collections.abc import Callable
from pathlib import Path

from aiedge import logbook
from aiedge.errors import Parser

# In a small window tables keep their lines, and move sideways; messages end their lines between words.
STYLE = (
    '<style>[data-mime-type="application/vnd.jupyter.stdout"] pre { white-space: pre; overflow-x: auto; } '
    ".jp-RenderedText pre { word-break: normal; }</style>"
)


def progress(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's argument; return what it does."""
    parser.add_argument("project", nargs="?", help="only this one (default: all, in the workshop's order)")
    return _progress


def _progress(options: argparse.Namespace) -> None:
    """Print a line for each project."""
    names = [options.project] if options.project else [project.name for project in logbook.way()]
    print("\n".join(map(logbook.line, names)))


def resume(notebook: str = "") -> None:
    """In a notebook that was begun: show how far it is, with a link to the section of its next TODO.

    No words in a new one; nothing in another folder than the student's, such as that of a solution's run. A notebook
    within another lesson's folder gives its name.
    """
    logbook.opened = notebook
    project = logbook.project_here()
    if not project:
        return
    from IPython.display import HTML, Markdown, display

    display(HTML(STYLE))
    if not logbook.solved(project, logbook.NOTEBOOK):
        return
    rest = set(logbook.todos(project, logbook.NOTEBOOK)) - logbook.solved(project, logbook.NOTEBOOK)
    text = f"Welcome back: {logbook.line(project)}"
    if rest and (section := section_of(min(rest), Path(f"{project}.ipynb"))):
        place = section.replace(" ", "-")
        text += (
            f"\n\nIt is in [{section}](<#{place}>). Select its cell there, then *Run → Run All Above Selected Cell* "
            "brings your variables back."
        )
    display(Markdown(text))


def section_of(todo: int, notebook: Path) -> str:
    """The heading above a TODO of a notebook, "" where there is none to be found."""
    heading = ""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            text = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                heading = (re.findall(r"^## (.*)$", text, re.M) or [heading])[-1]
            elif re.search(rf"# TODO {todo}: ", text):
                return heading
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return ""


def show(project: str) -> None:
    """Print how far the project is that this notebook belongs to, and which comes next.

    In another folder than the student's only the second line appears.
    """
    if logbook.project_here() == project:
        print(logbook.line(project, "still open"))
    if following := logbook.after(project):
        print(f"Next: {following}")
    else:
        print("That was the last project.")
