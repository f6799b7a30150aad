"""The firmware as super-loop, interrupt and tasks, on the emulated Cortex-M4; the kernel of our own."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from platformio.project.config import ProjectConfig

from aiedge import CompiledModel, tflite
from aiedge.cli import main
from aiedge.cost.harness import run_tool
from aiedge.errors import UserError
from aiedge.paths import REPO
from aiedge.rtos import WAYS, Measured, measure
from aiedge.rtos.esp_eye import environments, write_project
from aiedge.rtos.ways import C_SOURCES, CORTEX_M4, EMULATOR, FLAGS, LINK, freertos_folder, total_bytes
from tests.support.firmware import HERE, STRICT, need
from tests.support.networks import network

LESSON_INI = REPO / "common/platforms/lesson.ini"

TOOLS = ("arm-none-eabi-g++", "qemu-system-arm")
KERNEL = C_SOURCES / "kernel.c"
BY_NAME = {way.name: way for way in WAYS}


@pytest.fixture(scope="module")
def measured() -> dict[str, Measured]:
    """What each way without FreeRTOS did with the CIFAR CNN."""
    need(*TOOLS)
    graph = tflite.read(network("cifar_cnn_25_51_76"))
    sample = np.random.default_rng(0).integers(-128, 128, graph.inputs[0].shape).astype(np.int8)
    ways = [way for way in WAYS if not way.is_freertos]
    results = {way.name: measure(graph, way, sample) for way in ways}
    expected = CompiledModel(graph).predict(sample)
    for result in results.values():
        np.testing.assert_array_equal(result.output, expected)
    return results


def test_who_takes_the_samples_decides_how_many_are_missed(measured) -> None:
    loop, polls, interrupt, tasks = measured.values()
    for result in measured.values():
        assert result.taken + result.missed > 600
        assert sum(result.histogram) == result.taken
        assert result.earliest_ns <= result.mean_ns <= result.latest_ns
    # The loop takes one sample an inference; polling one at each operator that took longer than a sample.
    assert loop.taken == 3
    assert loop.taken < polls.taken < 30
    assert interrupt.missed == tasks.missed == 0
    assert interrupt.latest_ns < tasks.latest_ns < 10_000 < polls.latest_ns


def test_what_tasks_cost(measured) -> None:
    loop, _, interrupt, tasks = measured.values()
    assert loop.inference_ns < interrupt.inference_ns < tasks.inference_ns < 1.01 * loop.inference_ns
    assert 500 < tasks.switch_ns(interrupt) < 5000
    assert 0 < tasks.flash - interrupt.flash < 1024
    assert 0 < tasks.ram - interrupt.ram < 3 * 1024
    assert tasks.stack < 2048 + 2048 + 512


def test_the_same_run_gives_the_same_figures(measured) -> None:
    graph = tflite.read(network("cifar_cnn_25_51_76"))
    sample = np.random.default_rng(0).integers(-128, 128, graph.inputs[0].shape).astype(np.int8)
    again, before = measure(graph, BY_NAME["interrupt"], sample), measured["interrupt"]
    assert (again.histogram, again.inference_ns) == (before.histogram, before.inference_ns)


def test_the_kernel_is_small(tmp_path: Path) -> None:
    need(*TOOLS)
    assert len(KERNEL.read_text().splitlines()) <= 80
    assert total_bytes([KERNEL], tmp_path) <= 600


def race(source: str, folder: Path) -> tuple[int, int]:
    """Notifications that this kernel loses, and those that were one with another, over all moments."""
    (folder / "k.c").write_text(source)
    run_tool(
        [
            *(*CORTEX_M4, *FLAGS, "-std=gnu11", f"-I{C_SOURCES}", '-DKERNEL_C="k.c"', "-I."),
            *(HERE / "cpp/kernel_race.c", C_SOURCES / "board_cortex_m4.c"),
            *(*LINK, "-T", C_SOURCES / "mps2.ld", "-o", "program"),
        ],
        folder,
    )
    _, lost, _, merged = run_tool([*EMULATOR, "program"], folder).decode().split()
    return int(lost), int(merged)


def test_the_kernel_loses_no_notification(tmp_path: Path) -> None:
    need(*TOOLS)
    lost, merged = race(KERNEL.read_text(), tmp_path)
    assert lost == 0
    assert merged > 0  # the timer came as early as that


def test_a_wait_that_clears_at_its_end_loses_some(tmp_path: Path) -> None:
    """The mistake that a first version had: who wakes sets the mark, and who was woken clears it, outside."""
    need(*TOOLS)
    source = KERNEL.read_text()
    for ours, theirs in (
        (
            '"cpsie i\\n isb" ::: "memory");  // the switch comes here',
            '"cpsie i\\n isb" ::: "memory");\n  me->notified = 0;',
        ),
        ("void kernel_wait(void) {", "void kernel_wait(void) {\n  task *me = running;"),
        (
            "if (tasks[number].ready) {\n    tasks[number].notified = 1;\n  } else {",
            "tasks[number].notified = 1;\n  if (!tasks[number].ready) {",
        ),
    ):
        assert source.count(ours) == 1
        source = source.replace(ours, theirs)
    lost, _ = race(source, tmp_path)
    assert lost > 0


def test_tasks_on_freertos(measured) -> None:
    if not os.environ.get("FREERTOS_KERNEL"):
        pytest.skip("needs FREERTOS_KERNEL=PATH: git clone https://github.com/FreeRTOS/FreeRTOS-Kernel")
    graph = tflite.read(network("cifar_cnn_25_51_76"))
    sample = np.random.default_rng(0).integers(-128, 128, graph.inputs[0].shape).astype(np.int8)
    theirs = measure(graph, BY_NAME["two tasks, FreeRTOS"], sample, freertos_folder())
    ours = measured["two tasks, own kernel"]
    np.testing.assert_array_equal(theirs.output, ours.output)
    assert theirs.missed == 0
    assert ours.latest_ns < theirs.latest_ns < 20_000
    assert ours.flash < theirs.flash


def test_a_missing_freertos_is_told(tmp_path: Path, monkeypatch) -> None:
    need(*TOOLS)
    graph = tflite.read(network("cifar_cnn_25_51_76"))
    sample = np.zeros(graph.inputs[0].shape, np.int8)
    with pytest.raises(UserError, match="needs its sources"):
        measure(graph, BY_NAME["two tasks, FreeRTOS"], sample)
    monkeypatch.setenv("FREERTOS_KERNEL", str(tmp_path))
    with pytest.raises(UserError, match=r"has no tasks\.c"):
        freertos_folder()
    monkeypatch.delenv("FREERTOS_KERNEL")
    assert freertos_folder() is None


def test_the_command_says_all_of_it(tmp_path: Path, monkeypatch, capsys) -> None:
    need(*TOOLS)
    monkeypatch.delenv("FREERTOS_KERNEL", raising=False)
    path = tmp_path / "xor.tflite"
    path.write_bytes(network("two_inputs"))
    assert main(["rtos", str(path)]) == 2
    assert "one int8 input and one int8 output" in capsys.readouterr().err
    assert main(["rtos", str(REPO / "xormodel/solution/xormodel.cpp"), "--histogram"]) == 0
    said = capsys.readouterr().out
    for way in WAYS:
        assert (way.name in said) == (not way.is_freertos)
    assert "left out: the way of FreeRTOS needs its sources" in said
    assert "two tasks, own kernel cost more than the interrupt" in said


@pytest.fixture(scope="module")
def eye(tmp_path_factory) -> Path:
    """The project for the ESP-EYE."""
    folder = tmp_path_factory.mktemp("eye")
    graph = tflite.read(REPO / "xormodel/solution/xormodel.cpp")
    written = write_project(graph, np.zeros((1, 2), np.int8), folder)
    assert all(path.exists() for path in written)
    return folder


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_each_way_compiles_against_declarations_of_esp_idf(eye: Path, compiler: str) -> None:
    cxx = compiler.replace("gcc", "g++").replace("clang", "clang++")
    need(cxx)
    main = eye / "main"
    for way in environments().values():
        flags = [
            "-DESP_PLATFORM",
            f"-DWAY={way}",
            f"-I{main}",
            f"-I{HERE / 'esp_idf'}",
            *STRICT,
            "-fsyntax-only",
        ]
        for source in sorted(main.glob("*.c")):
            steps = ["-include", str(main / "step.h")] if source.name == "model.c" else []
            run_tool([compiler, "-std=gnu17", *flags, *steps, str(source)], eye)
        run_tool([cxx, "-std=gnu++20", *flags, str(main / "main.cpp")], eye)


def test_the_project_for_the_esp_eye_is_what_its_tools_read(eye: Path) -> None:
    """PlatformIO's own reading; the files that ESP-IDF's CMake is told of; its settings are symbols."""
    config = ProjectConfig(str(eye / "platformio.ini"))
    ways = {name: config.get(f"env:{name}", "build_flags") for name in config.envs()}
    assert ways == {name: [f"-D WAY={way}"] for name, way in environments().items()}
    assert set(environments().values()) == {way.way for way in WAYS}
    for name in config.envs():
        assert config.get(f"env:{name}", "framework") == ["espidf"]
        pinned = re.search(r"^platform = (espressif32@\S+)$", LESSON_INI.read_text(), re.MULTILINE)
        assert pinned and config.get(f"env:{name}", "platform") == pinned[1]
    named = re.findall(r'"(\w+\.(?:c|cpp))"', (eye / "main/CMakeLists.txt").read_text())
    assert {path.name for path in (eye / "main").glob("*.c*")} == {*named}
    symbols = json.loads((HERE / "esp_idf/kconfig.json").read_text())["symbols"]
    for line in (eye / "sdkconfig.defaults").read_text().splitlines():
        assert line.removeprefix("CONFIG_").split("=")[0] in symbols


def test_the_command_writes_the_project(tmp_path: Path, capsys) -> None:
    command = ["rtos", str(REPO / "xormodel/solution/xormodel.cpp"), "--esp-eye", str(tmp_path / "eye")]
    assert main(command) == 0
    assert "esp-eye-super-loop, esp-eye-super-loop-that-polls, esp-eye-interrupt" in capsys.readouterr().out
