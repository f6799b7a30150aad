"""What the documents state of the kit itself, out of its code: operators, commands, boards.

    python -m tests.benchmarks.facts           prints it
    python -m tests.benchmarks.facts --write   also renews the generated parts of docs/compiler.md

It takes a second, and a test compares the documents with it.
"""

import contextlib
import io
import os
import re
import sys
import textwrap
from unittest import mock

from aiedge.boards import boards
from aiedge.cli import main as aiedge
from aiedge.codegen.operators import EMITTERS
from aiedge.errors import Parser, exit_cleanly
from aiedge.paths import REPO
from aiedge.text import markdown, renew
from aiedge.tflite.traits import TRAITS

DOCUMENT = REPO / "docs/compiler.md"
LINE = 130


def operators() -> str:
    """The operators that become C."""
    kinds = sorted(kind for kind, trait in TRAITS.items() if trait.nature in EMITTERS)
    return textwrap.fill(", ".join(kinds) + ".", LINE) + "\n"


def commands() -> str:
    """What `aiedge --help` lists."""
    found = re.findall(r"^    ([\w-]+)\s+(\S.*)$", help_of([]), re.MULTILINE)
    return markdown(("command", "what it does"), [(f"`aiedge {name}`", text) for name, text in found])


def help_of(words: list[str]) -> str:
    """What `aiedge ... --help` prints."""
    text = io.StringIO()
    wide = mock.patch.dict(os.environ, COLUMNS="500")  # no line is broken
    with wide, contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        aiedge([*words, "--help"])
    return text.getvalue()


def memories() -> str:
    """The boards that `--board` knows, and their memories."""
    head = ("`--board`", "board", "SRAM for data", "PSRAM", "flash for the program")
    rows = [
        (
            f"`{board.key}`",
            board.name,
            f"{board.sram:,} B",
            f"{board.psram:,} B" if board.psram else "",
            f"{board.flash:,} B",
        )
        for board in boards().values()
    ]
    return markdown(head, rows)


PARTS = {"facts.py:operators": operators, "facts.py:commands": commands, "facts.py:boards": memories}


def main() -> None:
    """Print the parts; with --write renew them."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="renew the parts of docs/compiler.md")
    options = parser.parse_args()
    for name, make in PARTS.items():
        text = make()
        print(text)
        if options.write:
            renew(DOCUMENT, name, text)


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
