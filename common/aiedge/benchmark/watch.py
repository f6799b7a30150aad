"""What `pio run -e host -t exec` starts: the firmware as a program, and then what is to be said of its TODOs.

`python -m aiedge.benchmark.watch PROJECT MAIN_CPP PROGRAM [ARGUMENT ...]`. The program's lines go to the screen as they
come. A run that stops at an open TODO ends with status 0, one with a wrong TODO with 1. The logbook keeps how far the
student's own main.cpp came.

`... watch --errors PROJECT MAIN_CPP` reads what a compiler said of a main.cpp that does not compile; it names the TODO.
"""

import subprocess
import sys
from pathlib import Path

from aiedge import logbook
from aiedge.benchmark.firmware import does_not_compile
from aiedge.benchmark.main_cpp import read_main_cpp
from aiedge.benchmark.plain import TODO, mistakes, next_todo, run_plain
from aiedge.errors import exit_cleanly
from aiedge.lesson import find_project


def main(arguments: list[str]) -> int:
    """Run a project's program; print its lines, and what is to be said of the TODOs."""
    if arguments[0] == "--errors":
        return _errors(*arguments[1:])
    name, main_cpp, program, *rest = arguments
    if "--pty" in rest or "--tcp" in rest:  # a board for another program
        return subprocess.call([program, *rest])
    project = find_project(name)
    lesson, own = project.lesson, project.folder / "vscode" / "main" / "main.cpp"
    text = read_main_cpp(Path(main_cpp), lesson.folder / "main.cpp")

    def show(line: str) -> None:
        if not TODO.match(line):
            print(line, flush=True)

    run = run_plain([program, *rest], show)
    found = mistakes(run, text, lesson)
    following = next_todo(run.todo.group(), text) if run.todo else ""
    reached = found[0] if found else following
    if Path(main_cpp).resolve() == own.resolve() and (reached or (run.status == 0 and text.todos)):
        logbook.note_firmware(name, reached)
    if found:
        print(*["", *found], sep="\n")
        return 1
    if following:
        print(f"\n{following}")
        return 0
    if run.status == 0 and text.todos:
        how = f"../run_serial.py --simulate {name}, in the folder {name}, sends it the test set"
        print(f"\n✓ What the firmware says agrees with its network. Next: {how}")
    return run.status


def _errors(name: str, main_cpp: str) -> int:
    """Print the TODO of the first error in what a compiler said, on stdin; nothing where it lies in none."""
    lesson = find_project(name).lesson
    if wrong := does_not_compile(read_main_cpp(Path(main_cpp), lesson.folder / "main.cpp"), sys.stdin.read()):
        print(f"\n{wrong}")
    return 0


if __name__ == "__main__":
    sys.exit(exit_cleanly(lambda: main(sys.argv[1:])))
