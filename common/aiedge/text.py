"""Tables as text, in columns or in Markdown, and their place in a README."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from aiedge.errors import UserError
from aiedge.files import write_atomic


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines of a table whose columns are as wide as their widest entry; numbers stand to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    to_right = [all(row[i][:1].isdigit() or not row[i] for row in rows) for i in range(len(head))]

    def line(cells: tuple[str, ...]) -> str:
        padded = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, to_right, strict=True))
        return "  ".join(padded).rstrip()

    return [line(head), line(tuple("-" * width for width in widths)), *(line(row) for row in rows)]


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown.

    >>> print(markdown(("network", "arena"), [("XOR", "32 B")]), end="")
    | network | arena |
    | --- | --- |
    | XOR | 32 B |
    """
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ("---",) * len(head), *rows))


def renew(path: Path, name: str, text: str) -> None:
    """Put `text` between the marks `<!-- name -->` and `<!-- end -->` of a Markdown file.

    Raises `UserError` where the file does not hold these marks once.
    """
    marks = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    renewed, count = marks.subn(lambda found: found[1] + text + found[2], path.read_text(encoding="utf-8"))
    if count != 1:
        raise UserError(
            f"{path} has {count} places for {name}", f"mark one with <!-- {name} --> and <!-- end -->"
        )
    write_atomic(path, renewed)
