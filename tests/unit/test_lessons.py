"""The lesson builder on a small lesson: what it writes, that it repeats itself, what it refuses."""

import base64
import json
import re
import struct
import sys
import zlib
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import pytest

from aiedge.cli import main
from aiedge.errors import UserError
from aiedge.lesson import read_lessons
from aiedge.workshop.lessons.build import Sources, build, find_projects
from aiedge.workshop.lessons.notebook import clean_outputs, strip_png
from aiedge.workshop.lessons.source import SourceError, read_source
from tests.support.tiny_lesson import MAIN_CPP, NOTEBOOK, write_lesson


def project(root: Path, name: str = "tiny") -> Sources:
    return next(project for project in find_projects(root) if project.name == name)


def code(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
    }


# --- what is written ---------------------------------------------------------------------------------------


def test_build_writes_student_and_solution(tmp_path: Path) -> None:
    write_lesson(tmp_path)
    said = build(project(tmp_path))
    assert said[-1] == "tiny: outputs stale, run --execute"
    assert {path for path in tree(tmp_path) if path.startswith("tiny/")} == {
        "tiny/notebook/tiny.ipynb",
        "tiny/solution/tiny.ipynb",
        "tiny/solution/main.cpp",
        "tiny/vscode/main/main.cpp",
        "tiny/vscode/main/CMakeLists.txt",
        "tiny/vscode/main/idf_component.yml",
        "tiny/vscode/CMakeLists.txt",
        "tiny/vscode/platformio.ini",
        "tiny/vscode/.vscode/extensions.json",
    }
    student = code(tmp_path / "tiny/notebook/tiny.ipynb")
    solution = code(tmp_path / "tiny/solution/tiny.ipynb")
    assert student[1] == "# TODO 1: Compute the scale (fill in 1 line).\nscale = ...  # one step"
    assert solution[1] == "# TODO 1: Compute the scale (fill in 1 line).\nscale = (high - low) / 255"
    # The skeleton's indentation is its marker's.
    assert student[3] == "# TODO 2: Write the function.\ndef quantize(x):\n    return ..."
    assert solution[3] == "# TODO 2: Write the function.\ndef quantize(x):\n    return round(x / scale)"
    assert '  todo(1, "answer");' in (tmp_path / "tiny/vscode/main/main.cpp").read_text().splitlines()
    assert "  return 42;" in (tmp_path / "tiny/solution/main.cpp").read_text().splitlines()


def test_student_notebook_has_no_outputs_locked_checks_and_the_ids_of_the_solution(tmp_path: Path) -> None:
    write_lesson(tmp_path)
    build(project(tmp_path))
    student = nbformat.read(tmp_path / "tiny/notebook/tiny.ipynb", as_version=4)
    solution = nbformat.read(tmp_path / "tiny/solution/tiny.ipynb", as_version=4)
    nbformat.validate(student)
    assert [cell.id for cell in student.cells] == [cell.id for cell in solution.cells]
    assert len({cell.id for cell in student.cells}) == len(student.cells)
    for cell in student.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None
        locked = "check" in cell.metadata.get("tags", [])
        assert (cell.metadata.get("editable") is False) == locked
        assert (cell.metadata.get("deletable") is False) == locked
    assert any("nbval-check-output" in cell.metadata.get("tags", []) for cell in student.cells)
    assert student.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def test_rebuild_is_byte_identical_from_any_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roots = [tmp_path / "one", tmp_path / "another place"]
    for root in roots:
        write_lesson(root)
        monkeypatch.chdir(root)
        build(project(root))
    assert tree(roots[0]) == tree(roots[1])
    assert build(project(roots[0]))[0] == "tiny: up to date"
    assert tree(roots[0]) == tree(roots[1])


def test_equal_cells_have_different_ids(tmp_path: Path) -> None:
    write_lesson(tmp_path, NOTEBOOK + "\n# %%\nprint()\n\n# %%\nprint()\n")
    build(project(tmp_path))
    cells = nbformat.read(tmp_path / "tiny/notebook/tiny.ipynb", as_version=4).cells
    assert cells[-1].source == cells[-2].source and cells[-1].id != cells[-2].id


def test_levels_make_two_projects(tmp_path: Path) -> None:
    notebook = NOTEBOOK.replace(
        "# SKELETON scale = ...  # one step",
        "# SKELETON[easy] scale = ...  # (high - low) over 255\n# SKELETON[hard] scale = ...",
    )
    notebook += '\n# %% tags=["hard"]\nprint("for experts")\n'
    notebook += "\n# %%\n# BEGIN LEVEL easy\nprint(1)\n# END LEVEL\nx = 2\n"
    firmware = MAIN_CPP + "// BEGIN LEVEL hard\nstatic int spare = 0;\n// END LEVEL\n"
    write_lesson(tmp_path, notebook, firmware, levels=["easy", "hard"])
    for level in ("easy", "hard"):
        build(project(tmp_path, f"tiny_{level}"))
    easy, hard = (code(tmp_path / f"tiny_{level}/notebook/tiny_{level}.ipynb") for level in ("easy", "hard"))
    assert easy[1].endswith("scale = ...  # (high - low) over 255") and hard[1].endswith("\nscale = ...")
    assert easy[-1] == "print(1)\nx = 2" and hard[-2:] == ['print("for experts")', "x = 2"]
    main_cpp = [(tmp_path / f"tiny_{level}/vscode/main/main.cpp").read_text() for level in ("easy", "hard")]
    assert ["spare" in text for text in main_cpp] == [False, True]
    text = (tmp_path / "tiny_hard/notebook/tiny_hard.ipynb").read_text()
    assert '"hard"' not in text and "LEVEL" not in text


def test_todos_count_from_one_at_every_level(tmp_path: Path) -> None:
    source = write_lesson(tmp_path) / "notebook.py"
    cell = '\n# %% tags=["{}"]\n# TODO 1: Do.\n# BEGIN SOLUTION\nx = 1\n# SKELETON x = ...\n# END SOLUTION\n'
    source.write_text(cell.format("easy") + cell.format("hard"))
    for level in ("easy", "hard"):
        assert list(read_source(source, ["easy", "hard"], level).todos) == [1]


def test_stages_solve_one_todo_after_the_other(tmp_path: Path) -> None:
    source = read_source(write_lesson(tmp_path) / "main.cpp", [])
    stages = [re.findall(r"todo\((\d)", source.text(solved)) for solved in range(3)]
    assert stages == [["1", "2"], ["2"], []]


def test_comments_stay_comments(tmp_path: Path) -> None:
    source = "# Notes of the author come before the first cell.\n\n# %%\n# cp a b\n# %time\nx = 1\n"
    write_lesson(tmp_path, source)
    build(project(tmp_path))
    assert code(tmp_path / "tiny/solution/tiny.ipynb") == ["# cp a b\n# %time\nx = 1"]


# --- outputs -----------------------------------------------------------------------------------------------


def test_outputs_stay_while_the_code_stays(tmp_path: Path) -> None:
    folder = write_lesson(tmp_path)
    path = tmp_path / "tiny/solution/tiny.ipynb"
    build(project(tmp_path))
    nb = nbformat.read(path, as_version=4)
    for count, cell in enumerate((cell for cell in nb.cells if cell.cell_type == "code"), 1):
        cell.execution_count, cell.outputs = count, [v4.new_output("stream", name="stdout", text="kept\n")]
    nbformat.write(nb, path)
    (folder / "notebook.py").write_text(NOTEBOOK.replace("A scale maps", "The scale maps"))
    assert not any("stale" in line for line in build(project(tmp_path)))
    assert "The scale maps" in path.read_text() and '"kept\\n"' in path.read_text()
    (folder / "notebook.py").write_text(NOTEBOOK.replace("low, high = -1.0, 1.0", "low, high = -2.0, 2.0"))
    assert build(project(tmp_path))[-1] == "tiny: outputs stale, run --execute"
    assert '"kept\\n"' not in path.read_text()


@pytest.mark.parametrize("content", ["", "[]", "{}", "no JSON", '{"cells": 3}'])
def test_a_solution_that_cannot_be_read_is_stale(tmp_path: Path, content: str) -> None:
    write_lesson(tmp_path)
    path = tmp_path / "tiny/solution/tiny.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert build(project(tmp_path))[-1] == "tiny: outputs stale, run --execute"
    assert json.loads(path.read_text())["cells"]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_pngs_lose_their_texts_and_nothing_else() -> None:
    head, end = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)),
        chunk(b"IDAT", b"pixels") + chunk(b"IEND", b""),
    )
    texts = chunk(b"tEXt", b"Software\0Matplotlib version3.11.2") + chunk(b"tIME", bytes(7))
    assert strip_png(head + texts + end) == head + end


def test_outputs_are_cleaned(tmp_path: Path) -> None:
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"tEXt", b"Software\0Matplotlib") + chunk(b"IEND", b"")
    image = v4.new_output("display_data", data={"image/png": base64.b64encode(png).decode()})
    bar = v4.new_output("stream", name="stderr", text="100%|###| 3/3 [00:01<00:00, 2.5it/s]\n[1, 2]\n")
    cell = v4.new_code_cell(
        "x", outputs=[image, bar], metadata={"execution": {"iopub.execute_input": "2026"}}
    )
    clean_outputs(v4.new_notebook(cells=[cell]), tmp_path)
    assert b"Matplotlib" not in base64.b64decode(image.data["image/png"])
    assert bar.text == "100%|###| 3/3\n[1, 2]\n"
    assert cell.metadata == {}


@pytest.mark.parametrize("text", ["{folder}/model.cpp", "{prefix}/lib", "/tmp/ipykernel_123/5.py:1: Warning"])
def test_outputs_that_name_the_machine_are_refused(tmp_path: Path, text: str) -> None:
    text = text.format(folder=tmp_path, prefix=sys.prefix)
    nb = v4.new_notebook(cells=[v4.new_code_cell("x", outputs=[v4.new_output("stream", text=text)])])
    with pytest.raises(UserError, match="code cell 1 prints"):
        clean_outputs(nb, tmp_path)


# --- what is refused ---------------------------------------------------------------------------------------

TODO = "# %%\n# TODO 1: Do.\n"
REFUSED = {
    "unclosed solution": (TODO + "# BEGIN SOLUTION\nx = 1\n", 3, "BEGIN SOLUTION is not closed in its cell"),
    "solution over two cells": (TODO + "# BEGIN SOLUTION\nx = 1\n# %%\n# END SOLUTION", 3, "is not closed"),
    "end without begin": (TODO + "# END SOLUTION\n", 3, "END SOLUTION without BEGIN SOLUTION"),
    "solution in a solution": (
        TODO + "# BEGIN SOLUTION\n# BEGIN SOLUTION\nx = 1\n# END SOLUTION\n",
        4,
        "inside",
    ),
    "skeleton outside": (TODO + "# SKELETON x = ...\n", 3, "SKELETON outside BEGIN SOLUTION"),
    "empty solution": (TODO + "# BEGIN SOLUTION\n\n# SKELETON x\n# END SOLUTION\n", 3, "empty solution"),
    "only a comment as solution": (TODO + "# BEGIN SOLUTION\n# hm\n# END SOLUTION\n", 3, "empty solution"),
    "TODO without solution": (TODO + "x = 1\n", 2, "TODO 1 has no BEGIN SOLUTION"),
    "solution without TODO": (
        "# %%\n# BEGIN SOLUTION\nx = 1\n# END SOLUTION\n",
        2,
        "without a TODO before it",
    ),
    "TODO in a solution": (TODO + "# BEGIN SOLUTION\n# TODO 2: x\nx = 1\n# END SOLUTION\n", 4, "TODO inside"),
    "TODO without number": ("# %%\n# TODO: tidy up\n", 2, "a TODO reads"),
    "first TODO is 2": (
        "# %%\n# TODO 2: Do.\n# BEGIN SOLUTION\nx = 1\n# END SOLUTION\n",
        2,
        "where TODO 1 comes",
    ),
    "duplicate TODO": (
        2 * (TODO + "# BEGIN SOLUTION\nx = 1\n# END SOLUTION\n"),
        7,
        "there already, in line 2",
    ),
    "unknown level of a skeleton": (
        TODO + "# BEGIN SOLUTION\nx = 1\n# SKELETON[mild] x\n# END SOLUTION",
        5,
        "'mild'",
    ),
    "skeleton that cannot be read": (
        TODO + "# BEGIN SOLUTION\nx = 1\n# SKELETON: x\n# END SOLUTION",
        5,
        "reads",
    ),
    "unknown level of a region": (
        "# %%\n# BEGIN LEVEL mild\nx = 1\n# END LEVEL\n",
        2,
        "unknown level 'mild'",
    ),
    "unclosed level": ("# %%\n# BEGIN LEVEL easy\nx = 1\n", 2, "BEGIN LEVEL is not closed"),
    "level in a level": ("# %%\n# BEGIN LEVEL easy\n# BEGIN LEVEL easy\n# END LEVEL\n", 3, "inside a level"),
    "level end without begin": ("# %%\n# END LEVEL\n", 2, "END LEVEL without BEGIN LEVEL"),
    "unknown level of a cell": ('# %% tags=["mild"]\nx = 1\n', 1, "unknown level or tag 'mild'"),
    "unreadable metadata": ("# %% tags=[check]\nx = 1\n", 1, "metadata of this cell"),
    "marker in a markdown cell": ("# %% [markdown]\n# BEGIN SOLUTION\n", 2, "outside a code cell"),
    "marker without a space": (TODO + "#BEGIN SOLUTION\n", 3, "not a marker as written: #BEGIN SOLUTION"),
    "marker in small letters": (TODO + "# begin solution\n", 3, "not a marker as written"),
    "marker with an s": (TODO + "# END SOLUTIONS\n", 3, "not a marker"),
    "marker with a word more": (TODO + "# BEGIN SOLUTION here\n", 3, "not a marker as written"),
    "marker after code": ("# %%\nx = 1  # TODO 1: Do.\n", 2, "not a marker as written"),
    "code before the first cell": ("x = 1\n# %%\n", 1, "belongs to no cell"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_sources_that_break_the_rules_are_refused_with_file_and_line(tmp_path: Path, name: str) -> None:
    text, line, words = REFUSED[name]
    source = write_lesson(tmp_path, text, levels=["easy", "hard"]) / "notebook.py"
    with pytest.raises(SourceError) as caught:
        build(project(tmp_path, "tiny_easy"))
    assert any(f"{source}:{line}: " in problem and words in problem for problem in caught.value.problems)
    assert not (tmp_path / "tiny_easy").exists()


def test_a_source_shows_all_its_problems_at_once(tmp_path: Path) -> None:
    source = write_lesson(tmp_path, "# %%\n# END SOLUTION\n# TODO: x\n# BEGIN LEVEL mild\n") / "notebook.py"
    with pytest.raises(SourceError) as caught:
        read_source(source, [])
    assert {problem.split(":")[1] for problem in caught.value.problems} == {"2", "3", "4"}


def test_cpp_keeps_the_same_rules(tmp_path: Path) -> None:
    source = write_lesson(tmp_path, firmware=MAIN_CPP.replace("  // END SOLUTION\n", "", 1)) / "main.cpp"
    with pytest.raises(SourceError, match=re.escape(f"{source}:")):
        read_source(source, [])


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("title = 'x'\nminutes = 1\n", "board must be there"),
        ("title = 'x'\nminutes = 'ten'\nboard = 'no'\n", "minutes must be there and be of type integer"),
        ("title = 'x'\nminutes = 1\nboard = 'no'\ncolour = 'red'\n", "unknown key 'colour'"),
        ("title = \n", "cannot read"),
    ],
)
def test_lesson_toml_is_checked(tmp_path: Path, toml: str, words: str) -> None:
    (write_lesson(tmp_path) / "lesson.toml").write_text(toml)
    with pytest.raises(UserError, match=words):
        read_lessons(tmp_path)


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_lesson(tmp_path)
    assert main(["lessons", "build", "--root", str(tmp_path)]) == 0
    assert "tiny: outputs stale, run --execute" in capsys.readouterr().out
    assert main(["lessons", "check", "tiny", "--static", "--root", str(tmp_path)]) == 1
    assert "outputs stale" in capsys.readouterr().out
    assert main(["lessons", "build", "huge", "--root", str(tmp_path)]) == 2
    assert "hint: the lessons are: tiny" in capsys.readouterr().err
    (folder / "notebook.py").write_text("# %%\n# TODO 7: x\n")
    assert main(["lessons", "build", "--root", str(tmp_path)]) == 2
    assert "notebook.py:2: TODO 7 where TODO 1 comes next" in capsys.readouterr().err
