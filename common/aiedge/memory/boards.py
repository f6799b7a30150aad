"""What boards have: SRAM that a program may use for data, and flash, from their data sheets."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aiedge.errors import UserError


@dataclass(frozen=True)
class Board:
    """A board's SRAM and flash in bytes, and the document that says so."""

    key: str
    name: str
    sram: int
    flash: int
    source: str


@cache
def boards() -> dict[str, Board]:
    """The boards of `boards.json` by their short names.

    >>> boards()["bluepill"].sram
    20480
    """
    entries = json.loads(Path(__file__).with_name("boards.json").read_text())
    return {key: Board(key, **entry) for key, entry in entries.items()}


def board(key: str) -> Board:
    """The board of that short name; raises `UserError` for one that is not known."""
    if key not in boards():
        raise UserError(f"there is no board {key!r}", f"the boards are: {', '.join(boards())}")
    return boards()[key]
