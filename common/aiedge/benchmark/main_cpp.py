"""The student's main.cpp: which function is which TODO, in which line, and the numbers that may be tuned."""

import re
from dataclasses import dataclass, field
from pathlib import Path

_TODO = re.compile(r"\s*// TODO (\d+): ")
_FUNCTION = re.compile(r"static [\w &]*?&?(\w+)\(.*\{$")
_NUMBER = re.compile(r"static const float (\w+) = (-?[\d.]+)f?;")


@dataclass(frozen=True)
class MainCpp:
    """`todos` are the TODOs' numbers by their functions, `lines` where these begin, 0 where the file lacks them.

    `numbers` are the real constants at its head. `text` is the whole file.
    """

    text: str = ""
    todos: dict[str, int] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)

    def where(self, function: str) -> str:
        """The TODO of a function and its line, in words: "TODO 4, main.cpp line 67"."""
        line = self.lines.get(function, 0)
        return f"TODO {self.todos[function]}, main.cpp{f' line {line}' if line else ''}"

    def body(self, function: str) -> str:
        """The text of a function, "" where the file lacks it."""
        line = self.lines.get(function, 0)
        rest = self.text.splitlines()[line:] if line else []
        end = next((i for i, text in enumerate(rest) if text.startswith("}")), len(rest))
        return "\n".join(rest[:end])

    def around(self, line: int) -> str:
        """The function of a TODO in which a line lies, "" for none."""
        before = [(start, name) for name, start in self.lines.items() if start <= line]
        start, name = max(before, default=(0, ""))
        return name if name and line <= start + self.body(name).count("\n") + 2 else ""

    def first(self, *functions: str) -> str:
        """The first of these functions that is a TODO, "" for none."""
        return next((name for name in functions if name in self.todos), "")


def read_main_cpp(path: Path, lesson: Path) -> MainCpp:
    """What a main.cpp says; the lesson's own one tells the TODOs of functions whose comments are gone."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    known = _functions(lesson.read_text(encoding="utf-8")) if lesson.is_file() else {}
    found = _functions(text)
    todos = {name: number for name, (number, _) in {**known, **found}.items()}
    lines = {name: line for name, (_, line) in found.items()}
    numbers = {name: float(value) for name, value in _NUMBER.findall(text)}
    return MainCpp(text, todos, lines, numbers)


def _functions(text: str) -> dict[str, tuple[int, int]]:
    """The number of the TODO and the line of each function that follows one.

    >>> _functions("// TODO 2: Add.\\n// Hint: +\\nstatic int add(int a) {\\n")
    {'add': (2, 3)}
    """
    found, todo = dict[str, tuple[int, int]](), 0
    for number, line in enumerate(text.splitlines(), 1):
        if match := _TODO.match(line):
            todo = int(match[1])
        elif todo and (match := _FUNCTION.match(line)):
            found[match[1]] = (todo, number)
            todo = 0
    return found
