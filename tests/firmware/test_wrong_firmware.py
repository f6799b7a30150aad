"""Likely wrong answers to main.cpp's TODOs: each is named, with its TODO and what is likely, within bounded time."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from aiedge import benchmark, tflite
from aiedge.benchmark import Options, Samples, session
from aiedge.benchmark.firmware import WrongTodo, does_not_compile
from aiedge.benchmark.main_cpp import MainCpp, read_main_cpp
from aiedge.benchmark.plain import mistakes, next_todo, run_plain
from aiedge.board import Board, StandIn
from aiedge.lesson import Lesson, find_project
from aiedge.paths import REPO
from tests.support.firmware import BUILDS, MODEL, car_main, cifar_main, compile_cpp, firmware, main_cpp
from tests.support.wrong_firmware import WRONG, Wrong, with_all, with_body

CIFAR_MODEL = REPO / "tests/golden/cifar_cnn_25_51_76.tflite"
PROJECTS = {
    "xor": "xormodel",
    "easy": "carclassifier_easy",
    "hard": "carclassifier_hard",
    "cifar": "cifar_cnn",
}


class Sketch:
    """A lesson's main.cpp with all wrong answers, as a program."""

    def __init__(self, lesson: str, folder: Path, car_models: Path):
        makers = {
            "xor": lambda: main_cpp(5, folder),
            "easy": lambda: car_main(folder, 6, "easy"),
            "hard": lambda: car_main(folder, 6, "hard"),
            "cifar": lambda: cifar_main(folder),
        }
        self.folder, self.lesson = folder, find_project(PROJECTS[lesson]).lesson
        # The tests' car network answers 0.5 or more to everything: a student may tune the threshold.
        self.text = makers[lesson]().read_text().replace("kThreshold = 0.5f", "kThreshold = 0.75f")
        self.model = {"xor": MODEL, "cifar": CIFAR_MODEL}.get(lesson, car_models / "carclassifier.cpp")
        path = folder / "all.cpp"
        path.write_text(with_all(self.text, lesson))
        self.program = firmware(*BUILDS["gcc-release"], path, self.model, ["-w"])

    def main_of(self, wrong: Wrong | None) -> MainCpp:
        """What the kit reads of the student's file."""
        path = self.folder / "main.cpp"
        path.write_text(with_body(self.text, wrong.function, wrong.body) if wrong else self.text)
        return read_main_cpp(path, self.lesson.folder / "main.cpp")

    def samples(self) -> Samples:
        """Inputs to which the network has several answers."""
        data = self.lesson.data
        if data.inputs:
            return benchmark.samples("xormodel")
        rng = np.random.default_rng(5)
        images = rng.integers(0, 256, (12, data.side, data.side, 3)).astype(np.uint8)
        images[::2] = rng.integers(0, 256, (6, 1, 1, 3))
        return Samples(images, np.arange(12) % len(data.classes), data.classes)


@pytest.fixture(scope="module")
def sketches(tmp_path_factory, car_models) -> dict[str, Sketch]:
    return {name: Sketch(name, tmp_path_factory.mktemp(name), car_models) for name in PROJECTS}


def found(sketch: Sketch, main: MainCpp, monkeypatch: pytest.MonkeyPatch, verify: bool = False) -> list[str]:
    """What the kit says of a firmware: of the program alone, and where that is well, of the one that is asked."""
    wrong = mistakes(run_plain([sketch.program]), main, sketch.lesson, results=False)
    if wrong:
        return wrong
    monkeypatch.setattr(session, "_main_cpp", lambda project, solution: main)
    model, options = tflite.load_model(sketch.model), Options(verify=verify)
    try:
        with StandIn(sketch.program) as stand_in, Board(stand_in.port) as board:
            result = benchmark.run(board, stand_in.port, model, sketch.samples(), True, options)
    except WrongTodo as error:
        return list(error.mistakes)
    return list(result.firmware.mistakes)


@pytest.mark.parametrize("name", PROJECTS)
def test_right_ones_are_compared_and_right(name, sketches, monkeypatch):
    sketch = sketches[name]
    run = run_plain([sketch.program])
    assert mistakes(run, sketch.main_of(None), sketch.lesson) == [] and run.results >= 1
    assert found(sketch, sketch.main_of(None), monkeypatch) == []
    model = tflite.load_model(sketch.model)
    with StandIn(sketch.program) as stand_in, Board(stand_in.port) as board:
        checked = benchmark.run(board, stand_in.port, model, sketch.samples(), True, Options()).firmware
    lights = len(sketch.samples()) if name in ("easy", "hard") else 0
    assert (checked.answers, checked.times, checked.lights) == (*[len(sketch.samples())] * 2, lights)


@pytest.mark.parametrize(("number", "wrong"), enumerate(WRONG), ids=lambda value: str(value))
def test_wrong_ones_are_named(number, wrong, sketches, monkeypatch):
    sketch = sketches[wrong.lesson]
    monkeypatch.setenv("AIEDGE_WRONG", str(number))
    main = sketch.main_of(wrong)
    said = found(sketch, main, monkeypatch, verify=wrong.words == "other pictures than were sent")
    assert len(said) == 1, said
    line = (
        main.text[: re.search(rf"^static .*\b{wrong.function}\(", main.text, re.MULTILINE).start()].count(
            "\n"
        )
        + 1
    )
    assert said[0].startswith(f"✗ TODO {main.todos[wrong.function]}, main.cpp line {line}: "), said
    assert wrong.words in said[0], said


def test_there_are_many_of_each_todo():
    counts = Counter((wrong.lesson, wrong.function) for wrong in WRONG)
    print(f"\n{len(WRONG)} wrong answers to {len(counts)} TODOs of main.cpp, each named with its cause")
    assert len(WRONG) >= 120 and min(counts.values()) >= 1


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("function", ["get_ready", "fill_input", "run_network", "read_output"])
def test_a_forgotten_return_is_an_error_of_the_compiler(compiler, function, tmp_path):
    text = main_cpp(5, tmp_path).read_text()
    body = "const bool done = model.invoke(); (void)done;"
    (tmp_path / "main.cpp").write_text(with_body(text, function, body))
    flags = ["-Wno-error", "-Wno-unused-parameter", "-fsyntax-only"]
    with pytest.raises(AssertionError, match=r"main\.cpp:\d+:\d+: error: .*return"):
        compile_cpp(compiler, flags, [tmp_path / "main.cpp"], tmp_path / "none")


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_a_provider_that_is_not_static_is_an_error_of_the_compiler(compiler, tmp_path):
    project = find_project("carclassifier_hard")
    path = tmp_path / "main.cpp"
    text = (project.folder / "solution" / "main.cpp").read_text()
    path.write_text(text.replace("  static CameraImageProvider", "  CameraImageProvider"))
    flags = ["-Wno-error", "-Wno-unused-parameter", "-fsyntax-only"]
    with pytest.raises(AssertionError) as caught:
        compile_cpp(compiler, flags, [path], tmp_path / "none")
    said = does_not_compile(read_main_cpp(path, project.lesson.folder / "main.cpp"), str(caught.value))
    assert said.startswith("✗ TODO 1, ") and "without `static`" in said, said


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("const bool done = model.invoke(); (void)done;", "is `return` missing?"),
        ("return model.invoke()", "ends with a semicolon"),
        ("return network.invoke();", "misspelt"),
        ("return model.invoked();", "behind the dot is misspelt"),
        ("return model.invoke(3);", "which arguments"),
    ],
)
def test_the_todo_of_an_error_of_the_compiler_is_named(body, words, tmp_path):
    path = main_cpp(5, tmp_path)
    path.write_text(with_body(path.read_text(), "run_network", f"(void)time_us; {body}"))
    with pytest.raises(AssertionError) as caught:
        compile_cpp("g++", ["-fsyntax-only", "-Wno-unused-parameter"], [path], tmp_path / "none")
    main = read_main_cpp(path, find_project("xormodel").lesson.folder / "main.cpp")
    said = does_not_compile(main, str(caught.value))
    assert said.startswith(f"✗ TODO 3, main.cpp line {main.lines['run_network']}: line ") and words in said, (
        said
    )


@pytest.mark.parametrize("solved", range(5))
def test_an_open_todo_is_no_mistake(solved, tmp_path):
    path = main_cpp(solved, tmp_path)
    run = run_plain([firmware(*BUILDS["gcc-release"], path)])
    lesson: Lesson = find_project("xormodel").lesson
    assert mistakes(run, read_main_cpp(path, lesson.folder / "main.cpp"), lesson) == []
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if f"todo({solved + 1}," in text)
    said = next_todo(run.todo.group(), read_main_cpp(path, lesson.folder / "main.cpp"))
    done, _, following = said.rpartition("Next: ")
    assert following.startswith(f"TODO {solved + 1}, main.cpp line {line}: ")
    # What only a whole run compares gets no ✓ yet: `get(1) > 0.5f` in TODO 4 would have one.
    assert done.startswith("✓ TODO 1. ") == bool(solved)
    later = ", ".join(map(str, range(2, solved + 1)))
    assert (f" TODO {later} " in done and "once the last one is done" in done) == bool(later)


@pytest.mark.parametrize(
    ("solved", "function", "body", "words"),
    [
        (1, "get_ready", "return true;", "model.begin() was not called"),
        (2, "fill_input", "(void)provider; return true;", "provider.read() was not called"),
        (3, "run_network", "(void)time_us; return true;", "model.invoke() was not called"),
        (4, "run_network", "const bool done = model.invoke(); time_us = 0; return done;", ""),
    ],
)
def test_a_wrong_todo_is_no_progress(solved, function, body, words, tmp_path):
    """Each TODO that the run passed is looked at, as far as it shows, before the next one is named."""
    path = main_cpp(solved, tmp_path)
    path.write_text(with_body(path.read_text(), function, body))
    lesson = find_project("xormodel").lesson
    run = run_plain([firmware(*BUILDS["gcc-release"], path)])
    said = mistakes(run, read_main_cpp(path, lesson.folder / "main.cpp"), lesson)
    assert [words in line for line in said] == ([True] if words else [])
