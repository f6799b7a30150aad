"""What a notebook says of a NameError and of an open TODO, in a kernel that the set-up has prepared."""

import os
import sys
from pathlib import Path

import nbformat.v4 as v4
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from aiedge.workshop import environment
from aiedge.workshop.hints import hint


def test_errors_that_say_so_themselves_have_no_hint() -> None:
    assert hint(ValueError("no")) == hint(TypeError("unsupported operand")) == ""
    assert "still open" in hint(TypeError("unsupported operand type(s) for -: 'ellipsis' and 'float'"))


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("model.predict(1)", "`model` is not there: the cell that makes it has not run"),
        ("scale = (... - 1.0) / 255", "A TODO is still open"),
    ],
)
def test_a_kernel_that_has_just_started_says_what_to_do(
    cell: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "profile_default").mkdir()
    (tmp_path / "profile_default/ipython_kernel_config.py").write_text(environment.KERNEL_SETTINGS)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    nb = v4.new_notebook(cells=[v4.new_code_cell(cell)])
    with pytest.raises(CellExecutionError):
        NotebookClient(nb, kernel_name="python3", timeout=120).execute()
    streams = [output.text for output in nb.cells[0].outputs if output.output_type == "stream"]
    assert words in "".join(streams)
    assert any(output.output_type == "error" for output in nb.cells[0].outputs)
