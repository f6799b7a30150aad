"""`aiedge lessons build|check`; see `python -m pydoc aiedge.workshop.lessons`."""

import argparse
from collections.abc import Callable
from pathlib import Path

from aiedge.errors import Parser
from aiedge.paths import REPO
from aiedge.workshop.lessons.build import Sources, build, find_projects
from aiedge.workshop.lessons.check import check


def lessons(parser: Parser) -> Callable[[argparse.Namespace], int]:
    """Add the command's arguments; return what it does: exit status 1 if a check fails."""
    commands = parser.add_subparsers(dest="command", required=True)
    builder = commands.add_parser("build", help="write the student folders from common/lessons")
    builder.add_argument("--execute", action="store_true", help="run the solutions and store their outputs")
    checker = commands.add_parser("check", help="verify sources, student folders and solutions")
    checker.add_argument("--static", action="store_true", help="only what needs no kernel and no compiler")
    for command in (builder, checker):
        command.add_argument("lesson", nargs="?", default="", help="name of a lesson (default: all)")
        command.add_argument(
            "--root", type=Path, default=REPO, help="top folder of the kit (default: this kit)"
        )
    return _lessons


def _lessons(options: argparse.Namespace) -> int:
    projects = find_projects(options.root.resolve(), options.lesson)
    if options.command == "build":
        for project in projects:
            print(*build(project, run=options.execute), sep="\n")
        return 0
    return max([_check(project, options.static) for project in projects], default=0)


def _check(project: Sources, static: bool) -> int:
    failures = check(project, static)
    print(*(failures or [f"{project.name}: ok"]), sep="\n")
    return 1 if failures else 0
