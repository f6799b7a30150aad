"""What a board prints between its frames, and what of it explains a silence."""

import re
from collections.abc import Callable

from aiedge.errors import UserError

MOST_LINES = 1000  # while it is asked for a reply; a board that starts prints some dozens


def printable(text: str) -> str:
    """Text from a board as a terminal may get it: nothing moves the cursor, starts a line or changes colours.

    >>> printable("xor\\x1b[2J\\r\\nmodel")
    'xor?[2J??model'
    """
    return "".join(c if c.isprintable() else "?" for c in text)


class Unfinished(UserError):
    """The firmware stops at `todo`, a TODO's line."""

    def __init__(self, todo: str):
        super().__init__(
            f"the firmware is unfinished: {todo}", "complete it in vscode/main/main.cpp and build it again"
        )
        self.todo = todo


class Endless(UserError):
    """The firmware works on and on, and never listens."""

    def __init__(self) -> None:
        super().__init__(
            "the board prints without end and does not answer",
            "is this the right port? A loop of main.cpp that never ends does this too: what returns true for ever?",
        )


class BoardLog:
    """Passes a board's lines on to `show`, and remembers the first that names an unfinished TODO or an error.

    `lines` counts those since somebody set it to 0; `has_ended` is whether the board said that the firmware is over.
    """

    def __init__(self, show: Callable[[str], None]):
        self.show = show
        self.todo = self.error = ""
        self.lines = 0
        self.has_ended = False

    def take(self, line: str) -> None:
        """A line that the board has printed."""
        self.lines += 1
        self.has_ended = self.has_ended or "Returned from app_main()" in line  # ESP-IDF's words
        self.todo = self.todo or find_todo(line)
        self.error = self.error or line.partition("error: ")[2]
        self.show(line)

    def check(self) -> None:
        """Raise `UserError` where the board has stopped at a TODO."""
        if self.todo:
            raise Unfinished(self.todo)


def find_todo(line: str) -> str:
    """The part of a log line that names an unfinished TODO, or "".

    >>> find_todo("I (312) TODO 3: run the network (main.cpp)")
    'TODO 3: run the network (main.cpp)'
    """
    match = re.search(r"TODO \d+: .*", line)
    return match.group() if match else ""
