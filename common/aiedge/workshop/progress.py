"""How far a student is: `aiedge progress`, and the last cell of each notebook."""

import argparse
from collections.abc import Callable

from aiedge import logbook
from aiedge.errors import Parser


def progress(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's argument; return what it does."""
    parser.add_argument("project", nargs="?", help="only this one (default: all, in the workshop's order)")
    return _progress


def _progress(options: argparse.Namespace) -> None:
    """Print a line for each project."""
    names = [options.project] if options.project else [project.name for project in logbook.way()]
    print("\n".join(map(logbook.line, names)))


def show(project: str) -> None:
    """Print how far the project is that this notebook belongs to, and which comes next.

    In another folder than the student's, such as that of a solution's run, only the second line appears.
    """
    if logbook.project_here() == project:
        print(logbook.line(project))
    if following := logbook.after(project):
        print(f"Next: {following}")
    else:
        print("That was the last project.")
