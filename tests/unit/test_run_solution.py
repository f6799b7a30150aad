"""`python -m aiedge.workshop.notebooks run`: on a project of two cells."""

import nbformat
import pytest
from nbformat import v4

from aiedge.errors import UserError, exit_cleanly
from aiedge.workshop import notebooks
from tests.support.tiny_lesson import write_lesson


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Makes a project with these cells, its last one a summary; the kit is looked for in a temporary folder."""
    monkeypatch.setattr("aiedge.lesson.REPO", tmp_path)
    write_lesson(tmp_path)

    def make(*sources: str):
        cells = [v4.new_code_cell(source) for source in sources]
        cells[-1].metadata["tags"] = ["summary"]
        for kind in ("notebook", "solution"):
            (tmp_path / "tiny" / kind).mkdir(parents=True)
            nbformat.write(v4.new_notebook(cells=cells), tmp_path / "tiny" / kind / "tiny.ipynb")
        return tmp_path / "tiny"

    return make


def test_runs_in_the_scratch_folder_and_prints_the_summary(project, monkeypatch, capsys):
    folder = project("open('out.txt', 'w').close()\nprint('not this')", "print('3 bytes')\n'shown'")
    monkeypatch.setattr("sys.argv", ["notebooks", "run", "tiny"])
    assert notebooks.main() == 0
    printed = capsys.readouterr().out
    assert printed.startswith("3 bytes\n'shown'\n") and "not this" not in printed
    assert str(folder / "build" / "tiny.ipynb") in printed
    assert (folder / "build" / "out.txt").exists()


def test_a_failing_cell_is_named_and_the_outputs_are_kept(project):
    folder = project("print('before')", "1 / 0")
    with pytest.raises(UserError, match="code cell 2 stopped: ZeroDivisionError"):
        notebooks.run_solution("tiny")
    kept = nbformat.read(folder / "build" / "tiny.ipynb", as_version=4)
    assert kept.cells[0].outputs[0].text == "before\n"


def test_a_missing_solution(project):
    folder = project("1")
    (folder / "solution" / "tiny.ipynb").unlink()
    with pytest.raises(UserError, match="there is no"):
        notebooks.run_solution("tiny")


def test_a_folder_that_cannot_be_made(project, capsys):
    folder = project("1")
    (folder / "build").write_text("in its place")
    assert exit_cleanly(lambda: notebooks.run_solution("tiny") and 0) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"error: {folder}/build: ") and "\nhint: " in message
