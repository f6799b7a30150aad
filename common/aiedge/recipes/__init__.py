"""The commands that made the weights in `common/weights`, one module each.

    python -m aiedge.recipes.cars       the car classifier

Each trains on the real data sets, shows its progress, goes on where an interrupted run stopped, writes the weights and
renews the table of their test in `common/weights/README.md`.
"""

import re

from aiedge.files import write_atomic
from aiedge.paths import COMMON


def write_table(name: str, table: str) -> str:
    """Put a table between the marks of a recipe in the weights' README; returns the table."""
    path = COMMON / "weights" / "README.md"
    marks = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    write_atomic(path, marks.sub(lambda found: f"{found[1]}{table}\n{found[2]}", path.read_text("utf-8")))
    return table
