"""`python -m aiedge.lessons build|check`; see `python -m pydoc aiedge.lessons`."""

import argparse
import sys
from pathlib import Path

from aiedge.errors import Parser, exit_cleanly
from aiedge.lessons.build import Project, build, find_lessons
from aiedge.lessons.check import check
from aiedge.paths import REPO


def main(arguments: list[str] | None = None) -> int:
    """Run the command; exit status 1 if a check fails, 2 for an error in a source."""
    parser = Parser(prog="python -m aiedge.lessons", description="Build and check the lessons.")
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
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(arguments)
    return exit_cleanly(lambda: _run(options), options.debug)


def _run(options: argparse.Namespace) -> int:
    lessons = find_lessons(options.root.resolve(), options.lesson)
    projects = [project for lesson in lessons for project in lesson.projects]
    if options.command == "build":
        for project in projects:
            print(*build(project, run=options.execute), sep="\n")
        return 0
    return max([_check(project, options.static) for project in projects], default=0)


def _check(project: Project, static: bool) -> int:
    failures = check(project, static)
    print(*(failures or [f"{project.name}: ok"]), sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
