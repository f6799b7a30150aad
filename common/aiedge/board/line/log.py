"""What a board prints between its frames, and what of it explains a silence."""

import re
from collections.abc import Callable

from aiedge.errors import UserError


class BoardLog:
    """Passes a board's lines on to `show`, and remembers the first that names an unfinished TODO or an error."""

    def __init__(self, show: Callable[[str], None]):
        self.show = show
        self.todo = self.error = ""

    def take(self, line: str) -> None:
        """A line that the board has printed."""
        self.todo = self.todo or find_todo(line)
        self.error = self.error or line.partition("error: ")[2]
        self.show(line)

    def check(self) -> None:
        """Raise `UserError` where the board has stopped at a TODO."""
        if self.todo:
            raise unfinished(self.todo)


def find_todo(line: str) -> str:
    """The part of a log line that names an unfinished TODO, or "".

    >>> find_todo("I (312) TODO 3: run the network (main.cpp)")
    'TODO 3: run the network (main.cpp)'
    """
    match = re.search(r"TODO \d+: .*", line)
    return match.group() if match else ""


def unfinished(todo: str) -> UserError:
    """The `UserError` for firmware that stopped at a TODO."""
    return UserError(
        f"the firmware is unfinished: {todo}",
        "complete it in vscode/main/main.cpp and build it again",
    )
