"""Run the firmware as a program, as a student does, and say which TODOs are wrong and which is next."""

import re
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from aiedge.benchmark.firmware import brightness, examine, mistake, no_result, wrong_provider, wrong_speed
from aiedge.benchmark.main_cpp import MainCpp
from aiedge.board.line.conduct import Conduct
from aiedge.errors import UserError
from aiedge.lesson import Lesson

MOST_RESULTS = 200  # of the inputs that a firmware has in itself; with pictures of a folder there is no limit
SECONDS = 60.0  # without a line
TODO = re.compile(r"TODO (\d+): (.*?)(?: \(main\.cpp(?: line (\d+))?\))?$")
_BANNER = "bytes of arena, on "
# What a run compares although it stops at an open TODO; the others need all of them.
COMPARED_EARLY = ("get_ready", "preprocess")


@dataclass
class PlainRun:
    """What a run without a computer at the other end said, and how far it came.

    `todo` is the line of an open TODO. `ready` is whether `model.begin()` has succeeded; `inputs`, `runs` and `results`
    count the calls that did. `endless` is a run that had to be ended.
    """

    lines: list[str] = field(default_factory=list)
    conducts: list[Conduct] = field(default_factory=list)
    times_us: list[int] = field(default_factory=list)
    outputs: list[list[float]] = field(default_factory=list)
    todo: re.Match[str] | None = None
    ready: bool = False
    inputs: int = 0
    runs: int = 0
    results: int = 0
    endless: bool = False
    status: int = 0

    @property
    def error(self) -> str:
        """The error with which it stopped, "" for none."""
        return next((line.partition("error: ")[2] for line in self.lines if "error: " in line), "")

    def take(self, line: str) -> bool:
        """Note a line; whether it is one for people."""
        kind, _, rest = line.partition(" ")
        if kind != "facts":
            self.lines.append(line)
            self.todo = self.todo or TODO.match(line)
            return True
        numbers, _, text = rest.partition("|")
        what, *words = numbers.split()
        if what == "end":
            ready, self.inputs, self.runs, self.results = map(int, words)
            self.ready = bool(ready)
        else:
            time_us, network_us, request_us, flags = map(int, words[:4])
            self.conducts.append(Conduct.of(network_us, request_us, flags, text))
            self.times_us.append(time_us)
            self.outputs.append([float(word) for word in words[4:]])
        return False


def run_plain(command: Sequence[str | Path], show: Callable[[str], None] = lambda line: None) -> PlainRun:
    """Run a program built for `host`, at most as long as it says something new; `show` gets its lines.

    Raises `UserError` where it cannot be started.
    """
    run = PlainRun()
    limit = None if "--images" in command else MOST_RESULTS
    try:
        process = subprocess.Popen(
            [*map(str, command), "--facts"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise UserError(f"cannot start {command[0]}: {error.strerror}", "build it again") from error
    with process:
        watch = threading.Timer(SECONDS, process.kill)
        watch.start()
        for line in process.stdout or ():
            watch.cancel()
            if run.take(line.rstrip("\r\n")) and (limit is None or len(run.lines) <= limit):
                show(run.lines[-1])
            if limit is not None and len(run.lines) > limit:
                run.endless = True
                process.kill()
                break
            watch = threading.Timer(SECONDS, process.kill)
            watch.start()
        watch.cancel()
    run.status = process.returncode
    run.endless = run.endless or run.status == -9
    return run


def mistakes(run: PlainRun, main: MainCpp, lesson: Lesson, results: bool = True) -> list[str]:
    """The wrong TODOs before the open one, in words; of those of which the run tells something.

    Without `results` what the firmware made of its outputs is left to a run with more of them.
    """
    reached = int(run.todo[1]) if run.todo else 0

    def passed(function: str) -> bool:
        return function in main.todos and (not reached or main.todos[function] < reached)

    banner = any(_BANNER in line for line in run.lines)
    found = list[str]()
    if run.error:
        wrong = wrong_provider(main, run.error)
        return [wrong] if wrong else []
    if passed("get_ready") and not run.endless:
        if run.ready and not banner:
            what = "it returns false although model.begin() returned true"
            found.append(mistake(main, "get_ready", what, "return what model.begin() returns"))
        elif not run.ready:
            what = "it returns true although model.begin() was not called"
            found.append(mistake(main, "get_ready", what, "return what model.begin() returns"))
    if found:
        return found
    if passed("choose_provider") and (wrong := wrong_speed(main)):
        found.append(wrong)
    if passed("preprocess"):
        found += brightness(main, run.lines)
    if run.endless:
        what = "it returns true although provider.read() returned false or was not called: the firmware never ends"
        likely = "return what provider.read(model.input()) returns"
        return [*found, mistake(main, main.first("fill_input"), what, likely)]
    if passed("fill_input"):
        if not run.inputs:
            does = "goes on" if reached else "returns false"
            what = f"it {does} although provider.read() was not called"
            return [
                *found,
                mistake(main, "fill_input", what, "return what provider.read(model.input()) returns"),
            ]
        if not reached and run.inputs == 1 and not run.runs:
            what = "it returns false although provider.read() returned true"
            return [*found, mistake(main, "fill_input", what, "return what provider.read() returns")]
    if passed("run_network") and reached and not run.runs:
        what = "it returns true although model.invoke() was not called"
        return [*found, mistake(main, "run_network", what, "call it, and return what it returns")]
    for line in run.lines:
        if line.startswith("no result: ") and (wrong := no_result(main, line)):
            return [*found, wrong]
    classes = lesson.data.classes if lesson.data else ()
    if results and run.outputs and classes and len(run.outputs[0]) in (1, len(classes)):
        outputs = np.array(run.outputs, np.float32)
        found += examine(main, classes, run.conducts, outputs, run.times_us).mistakes
    return found


def next_todo(line: str, main: MainCpp | None = None) -> str:
    """The TODO that a firmware's line names; with the `main` of which a run found no mistake also those before it.

    Only of those that the run has compared it says that they are done.

    >>> main = MainCpp(todos={"get_ready": 1, "fill_input": 2, "run_network": 3})
    >>> next_todo("TODO 3: run the network (main.cpp line 52)", main)
    '✓ TODO 1. TODO 2 is compared once the last one is done. Next: TODO 3, main.cpp line 52: run the network'
    """
    match = TODO.search(line)
    assert match is not None
    number, what, place = match.groups()
    early = {main.todos.get(function) for function in COMPARED_EARLY} if main else set()
    before = range(1, int(number)) if main else range(0)
    done, later = ([str(n) for n in before if (n in early) is compared] for compared in (True, False))
    words = [f"✓ TODO {', '.join(done)}."] if done else []
    if later:
        verb = "is" if len(later) == 1 else "are"
        words.append(f"TODO {', '.join(later)} {verb} compared once the last one is done.")
    return " ".join([*words, f"Next: TODO {number}, main.cpp{f' line {place}' if place else ''}: {what}"])
