"""`aiedge lessons check`: it passes a sound lesson and reports each planted defect."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import numpy as np
import pytest

from aiedge.cli import main
from aiedge.errors import UserError
from aiedge.workshop.lessons.build import Sources, build, find_projects
from aiedge.workshop.lessons.check import check
from aiedge.workshop.lessons.rehearsal import rehearse_firmware, rehearse_notebook
from tests.support.tiny_lesson import MAIN_CPP, NOTEBOOK, write_lesson

COMPILER = shutil.which("g++") or shutil.which("clang++")
needs_compiler = pytest.mark.skipif(not COMPILER, reason="no C++ compiler (Debian: apt install g++)")


def project(root: Path) -> Sources:
    return find_projects(root, "tiny")[0]


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kit with the tiny lesson, built and executed."""
    root = tmp_path_factory.mktemp("kit")
    write_lesson(root)
    build(project(root), run=True, progress=False)
    return root


@pytest.fixture
def kit(executed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of that kit, which is the current folder."""
    shutil.copytree(executed, tmp_path / "kit")
    monkeypatch.chdir(tmp_path / "kit")
    yield tmp_path / "kit"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """PlatformIO's place is taken by the compiler alone: the tiny firmware is one file."""

    def compile_alone(
        vscode: Path, environment: str, main_cpp: Path, model_cpp: Path, build_dir: Path
    ) -> Path:
        assert environment == "host" and (vscode / "main").is_dir() and model_cpp.name == "tiny.cpp"
        build_dir.mkdir(exist_ok=True)
        command = [str(COMPILER), "-std=c++17", str(main_cpp), "-o", str(build_dir / "program")]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
        if done.returncode:
            raise UserError(f"the firmware does not build for host\n{done.stderr}")
        return build_dir / "program"

    monkeypatch.setattr("aiedge.board.build.build", compile_alone)


def plant(root: Path, *changes: tuple[str, str], file: str = "notebook.py") -> None:
    """Change the source and rebuild, so that the defect is the only one but for stale outputs."""
    source = root / "common/lessons/tiny" / file
    text = source.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    source.write_text(text)
    build(project(root))


def static(root: Path) -> list[str]:
    return [line for line in check(project(root), static=True) if "outputs stale" not in line]


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


# --- a sound lesson ----------------------------------------------------------------------------------------


@needs_compiler
@pytest.mark.parametrize("terminal", [True, False])
def test_a_sound_lesson_passes(
    kit: Path,
    compiled: None,
    terminal: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A terminal shows bars, a log does not."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert main(["lessons", "check", "--root", str(kit)]) == 0
    captured = capsys.readouterr()
    assert captured.out == "tiny: ok\n"
    for bar in ("tiny: notebook: 100%", "tiny: firmware: 100%"):
        assert (bar in captured.err) == terminal


def test_execute_stores_outputs_and_artefacts_the_same_each_time(kit: Path) -> None:
    before = {path: path.read_bytes() for path in kit.rglob("*") if path.is_file()}
    assert (kit / "tiny/solution/tiny.cpp").read_text() == "int tiny = 1;\n"
    solution = nbformat.read(kit / "tiny/solution/tiny.ipynb", as_version=4)
    assert solution.cells[-1].outputs[-1].text == "64\n" and solution.cells[-1].execution_count == 6
    assert build(project(kit), run=True, progress=False) == ["tiny: up to date"]
    assert before == {path: path.read_bytes() for path in kit.rglob("*") if path.is_file()}


def test_models_come_from_the_weights_of_the_kit(
    kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aiedge import tflite
    from aiedge.train import models
    from aiedge.train.aware import quantization_aware
    from aiedge.train.models import weights

    samples = np.random.default_rng(0).uniform(size=(8, 2)).astype(np.float32)
    aware = quantization_aware(models.randomize(models.dense_network([2, 4, 1])), samples)
    monkeypatch.setattr(weights, "WEIGHTS", tmp_path)
    monkeypatch.setitem(weights.BUILDERS, "small_qat", lambda: aware)
    models.save_weights(aware, tmp_path / "small_qat.npz")
    toml = kit / "common/lessons/tiny/lesson.toml"
    toml.write_text('models = { small = "small_qat", other = "other_qat" }\n' + toml.read_text())
    said = build(project(kit), run=True, progress=False)
    assert said[-2:] == [
        "wrote tiny/solution/small.cpp from the weights small_qat",
        "tiny/solution/other.cpp: not written, there are no weights other_qat",
    ]
    model = tflite.from_c_array(kit / "tiny/solution/small.cpp")
    assert tflite.read(model).parameters == 2 * 4 + 4 + 4 + 1
    assert static(kit) == ["tiny/solution/other.cpp: missing, run build tiny --execute"]


def test_cells_run_on_drawn_pictures_alone(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever pictures this computer has, none of them gets into a committed output, and a rehearsal needs none."""
    monkeypatch.setenv("AIEDGE_DATA", "/pictures")
    source = kit / "common" / "lessons" / "tiny" / "notebook.py"
    cell = "import os\nassert os.environ['AIEDGE_DATA'] == 'drawn', os.environ['AIEDGE_DATA']\n"
    source.write_text(source.read_text().replace("low, high = -1.0, 1.0\n", f"low, high = -1.0, 1.0\n{cell}"))
    build(project(kit), run=True, progress=False)
    assert rehearse_notebook(project(kit), progress=False) == []


def test_a_level_s_firmware_is_built_with_the_lesson_s_model(tmp_path: Path) -> None:
    write_lesson(tmp_path, levels=["easy", "hard"])
    hard = find_projects(tmp_path, "tiny")[1]
    models = []

    def run(vscode: Path, main_cpp: Path, model_cpp: Path) -> str:
        models.append(model_cpp.relative_to(tmp_path).as_posix())
        return ""

    rehearse_firmware(hard, progress=False, run=run)
    assert set(models) == {"tiny_hard/solution/tiny.cpp"}


def test_execute_writes_nothing_when_a_cell_fails(kit: Path) -> None:
    before = (kit / "tiny/solution/tiny.ipynb").read_bytes()
    source = kit / "common/lessons/tiny/notebook.py"
    source.write_text(NOTEBOOK + "\n# %%\n# Far.\n1 / 0\n")
    with pytest.raises(UserError, match="tiny: code cell 7 stopped: ZeroDivisionError") as caught:
        build(project(kit), run=True, progress=False)
    assert caught.value.hint == "the cell begins with: 1 / 0"
    source.write_text(NOTEBOOK.replace("tiny.cpp", "other.cpp"))
    with pytest.raises(UserError, match="the solution writes no tiny"):
        build(project(kit), run=True, progress=False)
    assert (kit / "tiny/solution/tiny.ipynb").read_bytes() == before


# --- defects of the generated files ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("tiny/notebook/tiny.ipynb", "takes no time", "takes time"),
        ("tiny/solution/tiny.ipynb", "takes no time", "takes time"),
        ("tiny/vscode/main/main.cpp", "Print it", "Say it"),
        ("tiny/solution/main.cpp", "return 42", "return 43"),
    ],
)
def test_hand_edited_copies_are_reported(kit: Path, file: str, old: str, new: str) -> None:
    text = (kit / file).read_text()
    (kit / file).write_text(text.replace(old, new))
    assert static(kit) == [f"{file}:{line_of(text, old)}: a rebuild differs; edit the source, run build"]


def test_a_missing_copy_is_reported(kit: Path) -> None:
    (kit / "tiny/vscode/main/main.cpp").unlink()
    assert static(kit) == ["tiny/vscode/main/main.cpp: missing, run build tiny"]


def test_stale_outputs_are_reported_before_and_after_a_rebuild(kit: Path) -> None:
    source = kit / "common/lessons/tiny/notebook.py"
    source.write_text(NOTEBOOK.replace("-1.0, 1.0", "-0.99, 1.0"))
    stale = "tiny/solution/tiny.ipynb: outputs stale, run build tiny --execute"
    assert stale in check(project(kit), static=True)
    build(project(kit))
    assert check(project(kit), static=True) == [stale]


def test_an_error_in_the_outputs_is_reported(kit: Path) -> None:
    path = kit / "tiny/solution/tiny.ipynb"
    nb = nbformat.read(path, as_version=4)
    nb.cells[1].outputs = [v4.new_output("error", ename="ValueError", evalue="no", traceback=[])]
    nbformat.write(nb, path)
    assert "tiny/solution/tiny.ipynb: code cell 1 holds an error: ValueError" in static(kit)


def test_a_missing_artefact_is_reported(kit: Path) -> None:
    (kit / "tiny/solution/tiny.cpp").unlink()
    assert static(kit) == ["tiny/solution/tiny.cpp: missing, run build tiny --execute"]


# --- defects of the sources --------------------------------------------------------------------------------

SOURCE = "common/lessons/tiny/notebook.py"
TODO_1, TODO_2 = line_of(NOTEBOOK, "TODO 1"), line_of(NOTEBOOK, "TODO 2")


def test_todo_without_check_is_reported(kit: Path) -> None:
    plant(kit, ('# %% tags=["check"]\nif scale', "# %%\nif scale"))
    assert static(kit) == [f"{SOURCE}:{TODO_1}: TODO 1 has no check cell directly after it"]


def test_check_that_comes_later_is_reported(kit: Path) -> None:
    plant(kit, ('# %% tags=["check"]\nif scale', '# %%\nx = 1\n\n# %% tags=["check"]\nif scale'))
    assert static(kit) == [f"{SOURCE}:{TODO_1}: TODO 1 has no check cell directly after it"]


def test_todo_without_hint_is_reported(kit: Path) -> None:
    plant(kit, ("# <details><summary>Hint</summary>Divide by the scale.</details>", "# Divide."))
    assert static(kit) == [f"{SOURCE}:{TODO_2}: TODO 2 has no <details> hint in a cell directly before it"]


def test_todo_whose_hint_is_further_up_is_reported(kit: Path) -> None:
    plant(kit, ("# %%\n# TODO 2", "# %%\nx = 1\n\n# %%\n# TODO 2"))
    assert static(kit) == [
        f"{SOURCE}:{TODO_2 + 3}: TODO 2 has no <details> hint in a cell directly before it"
    ]


def test_solution_that_stands_elsewhere_too_is_reported(kit: Path) -> None:
    plant(kit, ("print(quantize(0.5))", "scale = (high - low) / 255"))
    line = line_of(NOTEBOOK, "scale = (high")
    assert static(kit) == [f"{SOURCE}:{line}: the solution of TODO 1 stands in the student's copy"]


def test_solution_as_skeleton_is_reported(kit: Path) -> None:
    plant(kit, ("# SKELETON return ...", "# SKELETON return round(x / scale)"))
    line = line_of(NOTEBOOK, "return round")
    assert static(kit) == [f"{SOURCE}:{line}: the solution of TODO 2 stands in the student's copy"]


def test_solution_of_the_firmware_in_its_skeleton_is_reported(kit: Path) -> None:
    skeleton = '  // SKELETON todo(2, "print");\n'
    plant(kit, (skeleton, skeleton + '  // SKELETON printf("%d\\n", value);\n'), file="main.cpp")
    line = line_of(MAIN_CPP, 'printf("%d\\n", value);')
    what = "the solution of TODO 2 stands in the student's copy"
    assert static(kit) == [f"common/lessons/tiny/main.cpp:{line}: {what}"]


def test_leftover_marker_is_reported(kit: Path) -> None:
    plant(kit, ("int main() {", "/* END SOLUTION */\nint main() {"), file="main.cpp")
    failures = static(kit)
    assert len(failures) == 2 and all("leftover marker: /* END SOLUTION */" in line for line in failures)
    assert failures[1].startswith("tiny/vscode/main/main.cpp:")


def test_too_long_cell_is_reported(kit: Path) -> None:
    plant(kit, ("low, high = -1.0, 1.0", "low, high = -1.0, 1.0\n" + 29 * "low\n"))
    line = line_of(NOTEBOOK, "from aiedge.workshop.checks") - 1
    assert static(kit) == [f"{SOURCE}:{line}: cell of 31 lines, limit 30"]


def test_cells_that_are_long_in_the_middle_are_reported(kit: Path) -> None:
    plant(kit, (NOTEBOOK, NOTEBOOK + 10 * ("\n# %%\n" + 7 * "low\n")))
    assert static(kit) == [f"{SOURCE}:1: median of code cells is 7 lines, limit 6"]


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("notebook.py", "# TODO 2:", "# TODO 3:", "TODO 3 where TODO 2 comes next"),
        ("notebook.py", "# TODO 2:", "# TODO 1:", "TODO 1 is there already, in line"),
        ("notebook.py", "# END SOLUTION\n", "", "BEGIN SOLUTION is not closed in its cell"),
        ("notebook.py", "    return round(x / scale)\n", "", "empty solution"),
        ("notebook.py", "# SKELETON scale", "# SKELETON[mild] scale", "unknown level 'mild'"),
        ("notebook.py", 'tags=["nbval-check-output"]', 'tags=["mild"]', "unknown level or tag 'mild'"),
        ("notebook.py", "low, high = -1.0, 1.0", "# SKELETON low", "SKELETON outside"),
        ("main.cpp", "// TODO 2:", "// TODO 4:", "TODO 4 where TODO 2 comes next"),
        ("main.cpp", "  // END SOLUTION\n", "", "TODO inside a solution"),
        (
            "main.cpp",
            "#include <stdlib.h>",
            "#include <stdlib.h>\n// BEGIN LEVEL mild\n// END LEVEL",
            "unknown level",
        ),
    ],
)
def test_broken_rules_are_reported_with_file_and_line(
    kit: Path, file: str, old: str, new: str, what: str
) -> None:
    source = kit / "common/lessons/tiny" / file
    source.write_text(source.read_text().replace(old, new, 1))
    failures = check(project(kit), static=True)
    assert any(line.startswith(f"common/lessons/tiny/{file}:") and what in line for line in failures)


@pytest.mark.parametrize("skeleton", ["return 0;", 'todo(2, "answer");'])
def test_firmware_region_that_does_not_stop_is_reported(kit: Path, skeleton: str) -> None:
    plant(kit, ('todo(1, "answer");', skeleton), file="main.cpp")
    line = line_of(MAIN_CPP, "TODO 1")
    what = "the skeleton of TODO 1 does not call todo(1, ...)"
    assert static(kit) == [f"common/lessons/tiny/main.cpp:{line}: {what}"]


def test_check_exits_with_1_and_reports_a_line_each(kit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant(kit, ('# %% tags=["check"]\nif scale', "# %%\nif scale"))
    (kit / "tiny/solution/tiny.cpp").unlink()
    assert main(["lessons", "check", "--static", "--root", str(kit)]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2


# --- defects that show when the notebook runs --------------------------------------------------------------


def test_checks_that_do_not_stop_the_skeleton_are_reported(tmp_path: Path) -> None:
    """One kernel for three: a check that accepts, a check that raises another error, a broken last cell."""
    notebook = NOTEBOOK.replace("if scale is ... or not", "if scale is not ... and not")
    notebook = notebook.replace("quantize(1.0) != 128", "quantize(1.0) + 0 != 128")
    notebook = notebook.replace("print(quantize(0.5))", "print(quantise(0.5))")
    write_lesson(tmp_path, notebook)
    assert [line.split(":", 2)[2] for line in rehearse_notebook(project(tmp_path), progress=False)] == [
        " the check accepts the skeleton of TODO 1",
        " the check of TODO 2 raises TypeError: unsupported operand type(s) for +: 'ellipsis' and 'int'"
        " on the skeleton, not CheckFailed",
        " the solution stops: NameError: name 'quantise' is not defined",
    ]


def test_solution_that_fails_its_check_is_reported(tmp_path: Path) -> None:
    """Both skeletons stop by themselves: the first soundly, by a TypeError, the second as it is no Python."""
    notebook = NOTEBOOK.replace("# SKELETON scale = ...", "# SKELETON scale = ... / 255")
    notebook = notebook.replace("# SKELETON return ...", "# SKELETON return (")
    notebook = notebook.replace("return round(x / scale)", "return round(x * scale)")
    source = write_lesson(tmp_path, notebook) / "notebook.py"
    failures = rehearse_notebook(project(tmp_path), progress=False)
    assert failures[0].startswith(f"{source}:{TODO_2 - 1}: the skeleton of TODO 2 is no Python: ")
    assert failures[1:] == [
        f"{source}:{line_of(notebook, 'if quantize(1.0)') - 1}:"
        " the solution stops: CheckFailed: quantize(1.0) is 0"
    ]


def test_python_that_dies_is_reported(kit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(kit / "common/lessons/tiny")
    write_lesson(kit, "# %%\nimport os\nos._exit(1)\n")
    (kit / "common/lessons/tiny/main.cpp").unlink()
    build(project(kit))
    assert f"{SOURCE}:1: Python dies in this cell" in check(project(kit), progress=False)


# --- defects that show when the firmware runs --------------------------------------------------------------


def firmware_failures(root: Path, *changes: tuple[str, str]) -> list[str]:
    text = MAIN_CPP
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    write_lesson(root, firmware=text)
    (root / "tiny/vscode/main").mkdir(parents=True)
    return [line.split("main.cpp: ")[1] for line in rehearse_firmware(project(root), progress=False)]


@needs_compiler
@pytest.mark.parametrize(
    ("old", "new", "failures"),
    [
        (
            'SKELETON todo(1, "answer");',
            "SKELETON return 0;",
            ["with 0 of 2 TODOs solved: stops at TODO 2; expected: stops at TODO 1"],
        ),
        (
            "return 42;",
            'todo(2, "again");',
            [
                "with 2 of 2 TODOs solved: stops at TODO 2; expected: runs to its end",
            ],
        ),
        (
            "const int value = answer();",
            "const int value = 42;",
            [
                "with 0 of 2 TODOs solved: stops at TODO 2; expected: stops at TODO 1",
            ],
        ),
        (
            "return value == 42 ? 0 : 1;",
            "return 9;",
            ["with 2 of 2 TODOs solved: ends with status 9; expected: runs to its end"],
        ),
    ],
)
def test_firmware_that_stops_elsewhere_is_reported(
    tmp_path: Path, compiled: None, old: str, new: str, failures: list[str]
) -> None:
    assert firmware_failures(tmp_path, (old, new)) == failures


@needs_compiler
def test_firmware_that_does_not_compile_is_reported_with_the_compilers_line(
    tmp_path: Path, compiled: None
) -> None:
    (failure,) = firmware_failures(tmp_path, ('SKELETON todo(2, "print");', "SKELETON todo(2);"))[:1]
    assert "error: " in failure and "expected: stops at TODO 1" in failure


def test_no_compiler_is_said_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert firmware_failures(tmp_path) == []
    assert "firmware NOT checked, there is no C++ compiler" in capsys.readouterr().out


def test_solution_file_is_sorted_json_with_fixed_metadata(kit: Path) -> None:
    text = (kit / "tiny/solution/tiny.ipynb").read_text(encoding="utf-8")
    content = json.loads(text)
    assert json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n" == text
    assert set(content["metadata"]) == {"kernelspec", "language_info"}
    assert content["metadata"]["language_info"] == {"name": "python"}
