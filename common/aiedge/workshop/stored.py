"""Figures of the kit's own runs, out of the tables of docs/results.md: what a notebook shows in place of a long run."""

from pathlib import Path

from aiedge.errors import UserError
from aiedge.paths import REPO
from aiedge.text import parts

RESULTS = REPO / "docs/results.md"


def tables(name: str, path: Path = RESULTS) -> list[list[dict[str, str]]]:
    """The tables of one generated part, such as "rtos.py": for each its rows, the cells by the head's names.

    Raises `UserError` where the document does not hold that part, or no table in it.
    """
    found = parts(path.read_text(encoding="utf-8")) if path.is_file() else {}
    blocks: list[list[list[str]]] = [[]]
    for line in found.get(name, "").splitlines():
        if line.startswith("| "):
            blocks[-1].append([cell.strip() for cell in line.strip("| ").split(" | ")])
        elif blocks[-1]:
            blocks.append([])
    filled = [block for block in blocks if block]
    if not filled:
        raise UserError(f"{path.name} holds no table of {name}", "fetch the whole repository again")
    return [[dict(zip(head, row, strict=True)) for row in rows] for head, _, *rows in filled]
