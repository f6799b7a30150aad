"""Tables as text, in columns or in Markdown, and their place in a document."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from aiedge.errors import UserError
from aiedge.files import write_atomic


def signed(number: float, form: str = "") -> str:
    """A number with the minus sign of the lessons' texts.

    >>> signed(-128), signed(-0.5, ".2f")
    ('−128', '−0.50')
    """
    return f"{number:{form}}".replace("-", "−")


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


# A generated part of a Markdown file: its name, the digest of what was generated, the text, the end.
PART = re.compile(r"<!-- (\S+)(?: sha256:(\w+))? -->\n(.*?)<!-- end -->", re.DOTALL)


def part(name: str, text: str) -> str:
    """The text between its marks; the first one holds a digest, which tells an edit by hand.

    >>> print(part("xor.py", "32 B\\n"))
    <!-- xor.py sha256:3d0e46876979e286 -->
    32 B
    <!-- end -->
    """
    digest = hashlib.sha256(f"{name}\n{text}".encode()).hexdigest()[:16]
    return f"<!-- {name} sha256:{digest} -->\n{text}<!-- end -->"


def parts(document: str) -> dict[str, str]:
    """The generated parts of a Markdown document by name, with their marks.

    >>> parts("before\\n" + part("xor.py", "32 B\\n") + "\\nafter") == {"xor.py": part("xor.py", "32 B\\n")}
    True
    """
    return {found[1]: found[0] for found in PART.finditer(document)}


def edited(document: str) -> list[str]:
    """Names of the generated parts of a Markdown document that are not as they were generated.

    >>> edited(part("xor.py", "32 B\\n").replace("32", "31"))
    ['xor.py']
    """
    return [found[1] for found in PART.finditer(document) if found[0] != part(found[1], found[3])]


def renew(path: Path, name: str, text: str) -> None:
    """Put `text` in place of the generated part `name` of a Markdown file: between `<!-- name -->` and `<!-- end -->`.

    The first mark gets the text's digest. Raises `UserError` where the file does not hold these marks once.
    """
    document = path.read_text(encoding="utf-8")
    found = [match for match in PART.finditer(document) if match[1] == name]
    if len(found) != 1:
        raise UserError(
            f"{path} has {len(found)} places for {name}", f"mark one with <!-- {name} --> and <!-- end -->"
        )
    begin, end = found[0].span()
    write_atomic(path, document[:begin] + part(name, text) + document[end:])
