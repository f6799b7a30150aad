"""Figures for notebooks, out of the tables of docs/results.md."""

from pathlib import Path

import pytest

from aiedge.errors import UserError
from aiedge.text import markdown, part
from aiedge.workshop.stored import tables


def test_the_rows_of_a_part_have_the_names_of_the_head(tmp_path: Path) -> None:
    first = markdown(("way", "RAM B"), [("loop", "12,364"), ("tasks, two", "15,092")])
    text = part("a.py", f"CNN\n\n{first}\nwords\n\n{markdown(('x',), [('1',)])}")
    path = tmp_path / "results.md"
    path.write_text(f"# Results\n\n{part('b.py', first)}\n\n{text}\n", encoding="utf-8")
    assert tables("a.py", path) == [
        [{"way": "loop", "RAM B": "12,364"}, {"way": "tasks, two", "RAM B": "15,092"}],
        [{"x": "1"}],
    ]
    with pytest.raises(UserError, match=r"no table of c\.py"):
        tables("c.py", path)
    with pytest.raises(UserError, match=r"no table of a\.py"):
        tables("a.py", tmp_path / "missing.md")


def test_the_notebook_s_figures_are_there() -> None:
    ways = {row["way"]: row for row in tables("rtos.py")[0]}
    assert {"super-loop", "interrupt"} <= set(ways)
    assert int(ways["super-loop"]["missed"]) > 100 > int(ways["interrupt"]["missed"])
