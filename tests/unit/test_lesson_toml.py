"""`lesson.toml` and `boards.json`: a lesson's facts and a board's have one place each, and they are right."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aiedge import boards, logbook
from aiedge.benchmark.data import samples
from aiedge.benchmark.models import Choice
from aiedge.cli import main
from aiedge.errors import UserError
from aiedge.lesson import Lesson, lessons, projects, read_lesson, read_lessons
from aiedge.train.models.weights import BUILDERS, WEIGHTS
from aiedge.workshop import progress
from aiedge.workshop.checks import passed
from aiedge.workshop.lessons.build import board_files, find_projects, write
from tests.support.tiny_lesson import write_lesson

NEEDED = "title = 'x'\nminutes = 1\nboard = 'no'\n"


WITH_FIRMWARE = [lesson for lesson in lessons() if lesson.firmware]


@pytest.mark.parametrize("lesson", WITH_FIRMWARE, ids=lambda lesson: lesson.name)
def test_a_lesson_s_facts_are_those_of_what_it_names(lesson: Lesson) -> None:
    data = lesson.data
    assert data and lesson.firmware
    test = samples(lesson.projects[0].name)  # complains about other classes
    assert set(test.expected) <= set(range(len(data.classes)))
    assert not data.side or test.inputs.shape[1:] == (data.side, data.side, 3)
    for weights in {lesson.weights, *lesson.models.values()} - {""}:
        assert weights in BUILDERS and (WEIGHTS / f"{weights}.npz").is_file()
    for project in lesson.projects:
        assert all((project.solution.parent / file).is_file() for file in lesson.shipped)


def test_the_readme_gives_the_minutes_of_each_project(repo: Path) -> None:
    lines = (repo / "README.md").read_text().splitlines()
    for lesson in lessons():
        for project in lesson.projects:
            (row,) = (line for line in lines if line.startswith("|") and f"[{project.name}]" in line)
            firmware = f" + {lesson.firmware.minutes}" if lesson.firmware else ""
            assert row.endswith(f"| {lesson.minutes}{firmware} |")


def test_no_other_place_names_a_lesson(repo: Path) -> None:
    """But for a lesson's own checks, the networks and weights that two are named after, and modules of their names."""
    package = repo / "common" / "aiedge"
    modules = {path.stem for path in package.rglob("*.py") if path.parent.name != "checks"}
    own = {package / "workshop/checks" / f"{lesson.name}.py" for lesson in lessons()}
    elsewhere = ("workshop/recipes", "train/models")
    named = ({lesson.name for lesson in lessons()} | set(projects())) - modules
    names = re.compile(rf"\b({'|'.join(named)})\b")
    found = [
        f"{path.relative_to(package)}: {line.strip()}"
        for path in package.rglob("*")
        if path.suffix in (".py", ".json", ".html", ".jinja", ".toml") and path not in own
        if not str(path.relative_to(package)).startswith(elsewhere)
        for line in path.read_text().splitlines()
        if names.search(line)
    ]
    assert found == []


def test_the_reader_needs_the_standard_library_alone(repo: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import aiedge.lesson; aiedge.lesson.lessons();"
        "print(*sorted(name for name in sys.modules if name.startswith('aiedge.')))"
    )
    command = [sys.executable, "-I", "-S", "-c", program, str(repo / "common")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["aiedge.errors", "aiedge.lesson", "aiedge.paths"]


REFUSED = {
    "no such key": ("colour = 'red'\n", "unknown key 'colour'"),
    "no such key of a table": ("[data]\nclasses = ['a']\nsize = 3\n", "unknown key 'data.size'"),
    "a key that lacks": ("[firmware]\n", "firmware.arena must be there and be of type integer"),
    "a number for a list": ("levels = 2\n", "levels must be there and be of type array of strings"),
    "a list of numbers": ("levels = [2]\n", "levels must be there and be of type array of strings"),
    "a word for a table": ("data = 'cars'\n", "data must be there and be of type table"),
    "a model with a number": ("models = { a = 1 }\n", "models must be there and be of type table of strings"),
    "a word for yes": ("[firmware]\narena = 1\ncamera = 'yes'\n", "firmware.camera must .* boolean"),
    "words as inputs": (
        "[data]\nclasses = ['a']\ninputs = [['x']]\n",
        "data.inputs must .* arrays of numbers",
    ),
    "neither set nor inputs": ("[data]\nclasses = ['a']\n", "either a set or inputs"),
    "too few answers": ("[data]\nclasses = ['a']\ninputs = [[1]]\n", "1 inputs and 0 answers"),
    "an answer too high": (
        "[data]\nclasses = ['a']\ninputs = [[1]]\nanswers = [1]\n",
        "numbers of the classes",
    ),
    "no such settings": ("[firmware]\narena = 1\nsettings = 'fast'\n", "settings cannot be 'fast'"),
    "a lesson that is none": ("within = 'none'\n", "within: there is no lesson 'none' beside it"),
    "within itself": ("within = 'tiny'\n", "within: there is no lesson 'tiny' beside it"),
    "a firmware within another": (
        "within = 'tiny'\n[firmware]\narena = 1\n",
        "within another one has neither levels nor",
    ),
    "levels within another": (
        "within = 'tiny'\nlevels = ['a']\n",
        "within another one has neither levels nor",
    ),
    "no such file": ("[firmware]\narena = 1\nenvironments = ['a.ini']\n", "environments: there is no a.ini"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_in_a_lesson_toml_is_named_with_its_file(name: str, tmp_path: Path) -> None:
    toml, words = REFUSED[name]
    folder = write_lesson(tmp_path)
    (folder / "lesson.toml").write_text(NEEDED + toml)
    with pytest.raises(UserError, match=rf"lesson\.toml: .*{words}"):
        read_lesson(folder, tmp_path)


def test_what_may_be_left_out(tmp_path: Path) -> None:
    (write_lesson(tmp_path) / "lesson.toml").write_text(NEEDED)
    (lesson,) = read_lessons(tmp_path)
    assert [project.name for project in lesson.projects] == ["tiny"] and lesson.shipped == []
    with pytest.raises(UserError, match=r"a lesson with a main\.cpp needs a table \[firmware\]"):
        find_projects(tmp_path)[0].generated()


def write_second(root: Path, within: str = "tiny") -> Path:
    """A lesson `second` in the folder of the lesson `tiny`."""
    folder = root / "common/lessons/second"
    folder.mkdir()
    notebook = (root / "common/lessons/tiny/notebook.py").read_text().replace("tiny.cpp", "second.cpp")
    (folder / "notebook.py").write_text(notebook)
    (folder / "lesson.toml").write_text(f"{NEEDED}within = '{within}'\nplace = 2000\n")
    return folder


def test_a_second_notebook_lies_in_the_folder_of_another_lesson(tmp_path: Path, monkeypatch, capsys) -> None:
    write_lesson(tmp_path)
    write_second(tmp_path)
    assert main(["lessons", "build", "--root", str(tmp_path)]) == 0
    made = {path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*/*.ipynb")}
    assert made == {
        f"tiny/{kind}/{name}.ipynb" for kind in ("notebook", "solution") for name in ("tiny", "second")
    }
    assert not (tmp_path / "second").exists()
    monkeypatch.setattr("aiedge.lesson.REPO", tmp_path)
    monkeypatch.setattr(logbook, "FILE", tmp_path / ".progress")
    monkeypatch.setattr(logbook, "opened", "")
    monkeypatch.chdir(tmp_path / "tiny/notebook")
    # What is solved in one of them counts for it alone; which it is, its first cell says.
    for opened, todos in (("second", (1, 2)), ("", (1,))):
        progress.resume(opened)
        for todo in todos:
            passed(todo, "right")
    assert main(["progress"]) == 0
    lines = capsys.readouterr().out.splitlines()[-2:]
    assert lines[0] == "tiny ✓ notebook 1/2, firmware 0/2 · next: TODO 2"
    assert lines[1] == "second ✓ notebook 2/2 · done"
    assert [logbook.after(name) for name in ("tiny", "second")] == ["second", ""]


@pytest.mark.parametrize("name", ["levels", "within"])
def test_a_lesson_lies_in_one_that_has_a_folder_of_its_own(name: str, tmp_path: Path) -> None:
    write_lesson(tmp_path, levels=["easy"] if name == "levels" else None)
    folder = write_second(tmp_path)
    if name == "within":
        third = folder.with_name("third")
        third.mkdir()
        (third / "lesson.toml").write_text(f"{NEEDED}within = 'second'\n")
        folder = third
    with pytest.raises(UserError, match="has no one folder of its own"):
        read_lesson(folder, tmp_path)


def test_a_notebook_without_firmware_is_no_project_to_simulate(tmp_path: Path, monkeypatch) -> None:
    write_lesson(tmp_path)
    write_second(tmp_path)
    monkeypatch.setattr("aiedge.lesson.REPO", tmp_path)
    with pytest.raises(UserError, match="second is a notebook without firmware") as error:
        Choice("second", solution=True).require()
    assert error.value.hint == "these have one: tiny"


def test_a_new_lesson_has_a_project_that_platformio_reads(repo: Path, tmp_path: Path) -> None:
    """Its folder in `common/lessons` is all that a lesson needs; here it lies in a kit with the same `common/`."""
    write_lesson(tmp_path, levels=["easy", "hard"])
    for name in ("platforms", "boards", "firmware"):
        (tmp_path / "common" / name).symlink_to(repo / "common" / name)
    assert main(["lessons", "build", "--root", str(tmp_path)]) == 0
    command = [sys.executable, "-m", "platformio", "project", "config", "--json-output"]
    for level in ("easy", "hard"):
        vscode = tmp_path / f"tiny_{level}" / "vscode"
        done = subprocess.run([*command, "-d", vscode], capture_output=True, text=True, check=True)
        environments = {name: dict(options) for name, options in json.loads(done.stdout)}
        host = environments["env:host"]
        assert (host["custom_model"], host["custom_project"]) == ("tiny", f"tiny_{level}")
        assert "AIEDGE_TFLM_ARENA_BYTES=2048" in " ".join(environments["env:esp-eye"]["build_flags"])


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[dict], None]:
    """`table(entries)` adds boards to those of the kit."""

    def add(entries: dict) -> None:
        path = tmp_path / "boards.json"
        path.write_text(json.dumps(json.loads(boards.TABLE.read_text()) | entries))
        monkeypatch.setattr(boards, "TABLE", path)
        boards.boards.cache_clear()

    monkeypatch.setattr(boards, "TABLE", boards.TABLE)
    yield add
    boards.boards.cache_clear()


def test_a_new_board_is_an_entry(repo: Path, tmp_path: Path, table: Callable, capsys) -> None:
    table(
        {"nut": {"name": "Nut", "sram": 8192, "flash": 2**21, "sources": {}, "platformio": {"vendor": "x"}}}
    )
    model = repo / "xormodel/solution/xormodel.cpp"
    assert main(["memory", str(model), "--board", "nut"]) == 0
    assert "Nut: 8,192 bytes of SRAM" in capsys.readouterr().out
    (tmp_path / "common/boards").mkdir(parents=True)
    assert f"wrote {tmp_path}/common/boards/nut.json" in write(board_files(tmp_path))
    assert json.loads((tmp_path / "common/boards/nut.json").read_text()) == {
        "name": "Nut",
        "vendor": "x",
        "upload": {"flash_size": "2MB", "maximum_ram_size": 8192, "maximum_size": 2097152},
    }
    assert main(["memory", str(model), "--board", "bolt"]) == 2
    assert "hint: the boards are: esp-eye, " in capsys.readouterr().err


def test_a_board_s_file_is_checked(tmp_path: Path, capsys) -> None:
    (tmp_path / "common/boards").mkdir(parents=True)
    (tmp_path / "common/boards/esp-eye.json").write_text("{}\n")
    assert main(["lessons", "check", "--static", "--root", str(tmp_path)]) == 1
    assert "esp-eye.json:1: a rebuild differs" in capsys.readouterr().out
