"""Reading a lesson's source: marked text in; the student's text, the solution and every stage between out.

`read_source` reads one file for one level and refuses, with file and line, whatever does not follow the rules
in the docstring of `aiedge.workshop.lessons`. The same rules hold for `notebook.py`, cell by cell, and for `main.cpp`,
which counts as one cell.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jupytext

from aiedge.errors import UserError
from aiedge.paths import shown

_ALONE = r"(?:BEGIN SOLUTION|END SOLUTION|END LEVEL)(?=\s*$)"
_WITH_TEXT = r"(?:TODO|SKELETON|BEGIN LEVEL)(?![A-Za-z])"
_MARKER = rf"(\s*)(?:#|//) ({_ALONE}|{_WITH_TEXT})(.*)"
# What looks like a marker but is none would end up in the student's copy.
_ALMOST = r"(?:#|//)\s*((?i:begin|end)[ _]+(?i:solution|level)|SKELETON|TODO\b)"
# A comment stays a comment, also one that looks like a commented magic: the source is a script.
_PERCENT = {"extension": ".py", "format_name": "percent", "comment_magics": False}
_PLAIN_TAGS = {"check", "raises-exception", "summary"}


class SourceError(UserError):
    """A source that breaks the rules of the markers; `problems` holds one "file:line: what" for each."""

    def __init__(self, problems: Sequence[str]):
        self.problems = list(problems)
        super().__init__(
            "\n       ".join(problems),
            "the markers are explained by: python -m pydoc aiedge.workshop.lessons",
        )


@dataclass(frozen=True)
class Line:
    """A line that some version shows: its number in the source, its text without marker, its TODO (0: none)."""

    number: int
    text: str
    role: Literal["both", "solution", "skeleton"]
    todo: int


@dataclass(frozen=True)
class Cell:
    """A percent cell, or the whole of a C++ file; `todos` holds the line number of each of its TODOs."""

    number: int
    header: str
    lines: tuple[Line, ...]
    kind: str
    metadata: dict[str, Any]
    raw: str
    todos: dict[int, int]

    @property
    def tags(self) -> list[str]:
        return self.metadata.get("tags", [])

    def text(self, solved: int) -> str:
        """The cell's text with the TODOs 1 to `solved` solved and the others as skeletons."""
        shown = [
            line.text
            for line in self.lines
            if line.role == "both" or (line.role == "solution") == (line.todo <= solved)
        ]
        return "\n".join(shown)


@dataclass(frozen=True)
class Source:
    """One source file as one level sees it."""

    path: Path
    cells: tuple[Cell, ...]

    @property
    def todos(self) -> dict[int, int]:
        """Line number of every TODO, by the TODO's number."""
        return {todo: line for cell in self.cells for todo, line in cell.todos.items()}

    def text(self, solved: int) -> str:
        """The file's text at the stage `solved`; only for a source of one cell, as `main.cpp` is."""
        return "\n".join(cell.text(solved) for cell in self.cells).rstrip("\n") + "\n"

    def at(self, line: int) -> str:
        """A place in the source as compilers write it: `file:line`."""
        return f"{shown(self.path)}:{line}"


def jupyter_cell(header: str, body: str) -> tuple[str, dict[str, Any], str]:
    """Type, metadata and source of one percent cell, as Jupytext reads it.

    >>> jupyter_cell('# %% [markdown] tags=["easy"]', "# # Title")
    ('markdown', {'tags': ['easy']}, '# Title')
    """
    cell = jupytext.reads(f"{header}\n{body}\n", fmt=_PERCENT).cells[0]
    own = ("lines_to_next_cell", "cell_marker", "cell_depth")
    metadata = {key: value for key, value in cell.metadata.items() if key not in own}
    return cell.cell_type, metadata, cell.source.strip("\n")


def read_source(path: Path, levels: Sequence[str], level: str = "") -> Source:
    """Read `path` as `level` sees it (one of `levels`, or "" where the lesson has none).

    Raises `SourceError` with every breach of the rules in the file, and `UserError` if it cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {shown(path)}: {error}") from error
    return _Reader(path, levels, level).read(lines)


class _Reader:
    """One reading of a file for one level: the problems and the TODOs met so far."""

    def __init__(self, path: Path, levels: Sequence[str], level: str):
        self.path, self.levels, self.level = path, levels, level
        self.problems: list[tuple[int, str]] = []
        self.todos: dict[int, int] = {}

    def problem(self, number: int, what: str) -> None:
        self.problems.append((number, what))

    def read(self, lines: list[str]) -> Source:
        parts = [(0, "", lines)] if self.path.suffix == ".cpp" else self.split(lines)
        cells = [cell for part in parts if (cell := self.cell(*part))]
        if self.problems:
            raise SourceError(
                [f"{shown(self.path)}:{number}: {what}" for number, what in sorted(self.problems)]
            )
        return Source(self.path, tuple(cells))

    def split(self, lines: list[str]) -> list[tuple[int, str, list[str]]]:
        """Line number, header and body of every percent cell."""
        starts = [index for index, line in enumerate(lines) if re.match(r"#\s*%%", line)] or [len(lines)]
        for number, line in enumerate(lines[: starts[0]], 1):
            if line.strip() and not line.startswith("#"):
                self.problem(number, "code before the first `# %%` belongs to no cell")
                break
        ends = [*starts[1:], len(lines)]
        pairs = zip(starts, ends, strict=True)
        return [(start + 1, lines[start], lines[start + 1 : end]) for start, end in pairs if start < end]

    def cell(self, number: int, header: str, body: list[str]) -> Cell | None:
        """The cell, or None where it belongs to another level alone."""
        kind, metadata = "code", dict[str, Any]()
        if header:
            kind, metadata, _ = jupyter_cell(header, "\n".join(body))
        if "incorrectly_encoded_metadata" in metadata or "=" in metadata.get("title", ""):
            self.problem(number, 'the metadata of this cell cannot be read; write it as in tags=["check"]')
        tags = metadata.get("tags", [])
        for tag in tags:
            if tag not in self.levels and tag not in _PLAIN_TAGS and not tag.startswith("nbval-"):
                self.problem(number, f"unknown level or tag {tag!r}")
        if set(tags) & set(self.levels) and self.level not in tags:
            return None
        numbered = self.of_level(list(enumerate(body, number + 1)))
        if kind == "code":
            lines, todos = self.code(numbered)
        else:
            lines, todos = self.prose(numbered), {}
        if header and len(todos) > 1:
            self.problem(
                max(todos.values()), "a second TODO in this cell: give it a cell and a check of its own"
            )
        return Cell(number, header, tuple(lines), kind, metadata, "\n".join([header, *body]), todos)

    def of_level(self, numbered: list[tuple[int, str]]) -> list[tuple[int, str]]:
        """The lines that this level shows, without BEGIN LEVEL and END LEVEL."""
        kept, begin, visible = [], 0, True
        for number, text in numbered:
            match = re.fullmatch(_MARKER, text)
            word = match[2] if match else ""
            if match and word == "BEGIN LEVEL":
                if begin:
                    self.problem(number, "BEGIN LEVEL inside a level")
                if (name := match[3].strip()) not in self.levels:
                    self.problem(number, f"unknown level {name!r}")
                begin, visible = number, name == self.level
            elif word == "END LEVEL":
                if not begin:
                    self.problem(number, "END LEVEL without BEGIN LEVEL")
                begin, visible = 0, True
            elif visible:
                kept.append((number, text))
        if begin:
            self.problem(begin, "BEGIN LEVEL is not closed in its cell")
        return kept

    def prose(self, numbered: list[tuple[int, str]]) -> list[Line]:
        """The lines of a markdown or raw cell, which may speak of a TODO but hold no solution."""
        for number, text in numbered:
            if (match := re.search(_ALMOST, text)) and match[1] != "TODO":
                self.problem(number, f"a marker outside a code cell: {text.strip()}")
        return [Line(number, text.rstrip(), "both", 0) for number, text in numbered]

    def code(self, numbered: list[tuple[int, str]]) -> tuple[list[Line], dict[int, int]]:
        """The lines of a code cell, each with its role, and the cell's TODOs."""
        lines, todos = list[Line](), dict[int, int]()
        todo, begin, solved = 0, 0, False
        for number, text in numbered:
            match = re.fullmatch(_MARKER, text)
            indent, word, rest = match.groups() if match else ("", "", "")
            if not match:
                if re.search(_ALMOST, text):
                    self.problem(number, f"not a marker as written: {text.strip()}")
                lines.append(Line(number, text.rstrip(), "solution" if begin else "both", todo))
                solved = solved or not re.match(r"\s*(#|//|$)", text)
            elif word == "TODO":
                todo = self.todo(number, rest, inside=bool(begin))
                todos[todo] = number
                lines.append(Line(number, text.rstrip(), "both", todo))
            elif word == "SKELETON":
                if not begin:
                    self.problem(number, "SKELETON outside BEGIN SOLUTION ... END SOLUTION")
                if (skeleton := self.skeleton(number, rest)) is not None:
                    lines.append(Line(number, (indent + skeleton).rstrip(), "skeleton", todo))
            elif word == "BEGIN SOLUTION":
                if begin:
                    self.problem(number, "BEGIN SOLUTION inside a solution")
                if not todo:
                    self.problem(number, "a solution without a TODO before it in its cell")
                begin, solved = number, False
            elif word == "END SOLUTION":
                if not begin:
                    self.problem(number, "END SOLUTION without BEGIN SOLUTION")
                elif not solved:
                    self.problem(begin, "empty solution")
                begin = 0
        if begin:
            self.problem(begin, "BEGIN SOLUTION is not closed in its cell")
        for todo in todos.keys() - {line.todo for line in lines if line.role == "solution"}:
            self.problem(todos[todo], f"TODO {todo} has no BEGIN SOLUTION ... END SOLUTION")
        return lines, todos

    def todo(self, number: int, rest: str, inside: bool) -> int:
        """The number of the TODO in this line, which must be the next one."""
        named = re.match(r" (\d+): \S", rest)
        expected = max(self.todos, default=0) + 1
        todo = int(named[1]) if named else expected
        if not named:
            self.problem(number, "a TODO reads `TODO 1: what to do`")
        elif inside:
            self.problem(number, "TODO inside a solution")
        elif todo in self.todos:
            self.problem(number, f"TODO {todo} is there already, in line {self.todos[todo]}")
        elif todo != expected:
            self.problem(number, f"TODO {todo} where TODO {expected} comes next")
        self.todos.setdefault(todo, number)
        return todo

    def skeleton(self, number: int, rest: str) -> str | None:
        """The text of a skeleton line, None where another level shows it."""
        match = re.fullmatch(r"(?:\[(.*?)\])?(?: (.*))?", rest)
        if not match:
            self.problem(number, "a skeleton reads `SKELETON text` or `SKELETON[level] text`")
            return None
        if match[1] is not None and match[1] not in self.levels:
            self.problem(number, f"unknown level {match[1]!r}")
        return match[2] or "" if match[1] in (None, self.level) else None
