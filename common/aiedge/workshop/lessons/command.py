"""`aiedge lessons build|check|slides`; see `python -m pydoc aiedge.workshop.lessons`."""

import argparse
from collections.abc import Callable
from pathlib import Path

from aiedge.errors import Parser
from aiedge.files import write_atomic
from aiedge.paths import REPO, shown
from aiedge.workshop.lessons.build import Sources, board_files, build, find_projects, write
from aiedge.workshop.lessons.check import check, check_tree


def lessons(parser: Parser) -> Callable[[argparse.Namespace], int]:
    """Add the command's arguments; return what it does: exit status 1 if a check fails."""
    commands = parser.add_subparsers(dest="command", required=True)
    builder = commands.add_parser("build", help="write the student folders, and PlatformIO's boards")
    builder.add_argument("--execute", action="store_true", help="run the solutions and store their outputs")
    checker = commands.add_parser("check", help="verify sources, student folders and solutions")
    checker.add_argument("--static", action="store_true", help="only what needs no kernel and no compiler")
    slider = commands.add_parser("slides", help="write a lesson as slides: HTML that needs no network")
    slider.add_argument(
        "-o", "--output", type=Path, default=REPO / "results" / "slides", metavar="FOLDER", help="where to"
    )
    for command in (builder, checker, slider):
        command.add_argument("lesson", nargs="?", default="", help="name of a lesson (default: all)")
        command.add_argument(
            "--root", type=Path, default=REPO, help="top folder of the kit (default: this kit)"
        )
    return _lessons


def _lessons(options: argparse.Namespace) -> int:
    root = options.root.resolve()
    projects, boards = find_projects(root, options.lesson), board_files(root)
    if options.command == "build":
        for project in projects:
            print(*build(project, run=options.execute), sep="\n")
        for line in write(boards):
            print(line)
        return 0
    if options.command == "slides":
        from aiedge.workshop.lessons.slides import slides

        for project in projects:
            path = write_atomic(options.output / f"{project.name}.html", slides(project))
            print(f"wrote {shown(path)}")
        return 0
    for difference in (differences := check_tree(boards)):
        print(difference)
    return max([bool(differences), *(_check(project, options.static) for project in projects)])


def _check(project: Sources, static: bool) -> int:
    failures = check(project, static)
    print(*(failures or [f"{project.name}: ok"]), sep="\n")
    return 1 if failures else 0
