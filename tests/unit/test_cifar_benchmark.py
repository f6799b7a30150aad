"""`python -m tests.benchmarks.cifar`: what it counts and what it prints."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from aiedge import tflite
from aiedge.errors import UserError
from aiedge.paths import REPO
from aiedge.text import parts
from aiedge.train import models
from aiedge.train.datasets import Dataset, Splits
from aiedge.train.datasets.sets import CLASSES
from aiedge.train.models.weights import BUILDERS
from tests.support.networks import network


@pytest.fixture(scope="module")
def cifar():
    """The benchmark as a module."""
    spec = importlib.util.spec_from_file_location("cifar_benchmark", REPO / "tests/benchmarks/cifar.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def row(cifar):
    """A row that misses no target."""
    return cifar.Row(
        weights="cifar_pruned",
        format="INT8",
        accuracy=75.0,
        parameters=28_576,
        file_bytes=36_888,
        weight_bytes=29_062,
        macs=3_645_064,
        arenas=((9664, 12_746), (2512, 2618)),
        instructions={"cortex-m4": 6_853_089, "esp32": 24_000_000},
        tflm_arena=35_696,
        tflm_head=32_000,
        differing=(0, 0),
    )


@pytest.fixture(scope="module")
def noise():
    """Random pictures of ten classes in place of CIFAR-10."""
    rng = np.random.default_rng(0)
    names = CLASSES
    labels = np.arange(20) % 10
    pixels = rng.integers(0, 256, (20, 32, 32, 3), np.uint8)
    every = Dataset(pixels, labels, names, np.array(names)[labels])
    return Splits(every, every, every.take(12), "noise")


def cells(table, name):
    """The cells of the first row that begins with this name."""
    return next(line for line in table.splitlines() if line.startswith(f"| {name} |"))[2:-2].split(" | ")


def test_ours_stands_beside_the_published(cifar, row):
    table = cifar.accuracy_table([replace(row, format="FP32", accuracy=74.0), row], 40.0)
    assert table.splitlines()[2:] == [
        "| pruned, before fine-tuning | FP32 | 44.84 % | 40.00 % |  |  |",
        "| pruned | FP32 | 73.12 % | 74.00 % | 0.207 | 0.114 |",
        "| pruned | INT8 | 72.63 % | 75.00 % | 0.052 | 0.029 |",
    ]


def test_missed_targets_are_bold(cifar, row):
    assert "**" not in cifar.accuracy_table([row], None) + cifar.cost_table([row], 10)
    for weights, accuracy in (("cifar_pruned", 74.4), ("cifar_tiny_qat", 81.9), ("cifar_original", 75.0)):
        table = cifar.accuracy_table([replace(row, weights=weights, accuracy=accuracy)], None)
        assert f"**{accuracy:.2f} %**" in table
    for change, text in (
        ({"parameters": 28_577}, "**28,577**"),
        ({"macs": 3_700_000}, "**3,700,000**"),
        ({"arenas": ((20_000, 23_082), (16_300, 16_406))}, "**16,300 B + 106**"),
        ({"differing": (3, 1)}, "**3 and 1**"),
    ):
        assert text in cifar.cost_table([replace(row, **change)], 10)


def test_estimates_come_from_instructions_and_published_cycles(cifar, row):
    table = cifar.board_table([row, replace(row, weights="cifar_tiny")])
    assert cells(table, "time: estimate for compiled C") == [
        "time: estimate for compiled C",
        "",
        "100 ms",
        "100 ms",
    ]
    # 30 to 68 mA at 3.3 V for a tenth of a second.
    assert cells(table, "energy: estimate for compiled C")[2] == "9.9–22.4 mJ"
    assert cells(table, "time: estimate for TFLM with ESP-NN, 12.7 cycles a MAC")[2] == "194 ms"


def test_answers_are_compared_with_tflm(cifar, monkeypatch, need_tool, noise, tmp_path):
    need_tool("cc", "apt install gcc")
    if not tflite.has_tflm():
        pytest.skip("needs the tflite-micro wheel: Linux on x86-64")
    model = network("cifar_cnn_25_51_76")
    monkeypatch.setattr(cifar, "CHUNK", 5)
    monkeypatch.setattr(cifar, "KEPT", tmp_path)
    accuracy, differing = cifar.int8_answers(model, noise.test, 12)
    assert differing == (0, 0)
    params = tflite.read(model).inputs[0].quantization
    pixels = np.round(noise.test.inputs / params.scale + params.zero_point).clip(-128, 127).astype(np.int8)
    outputs = tflite.run_tflm(model, pixels)
    assert accuracy == pytest.approx(100 * np.mean(outputs.argmax(axis=1) == noise.test.labels))

    # In each of three parts one picture gets another output, one more another answer.
    parts = iter([outputs[0:5].copy(), outputs[5:10].copy(), outputs[10:12].copy()])

    def others(model, inputs):
        found = next(parts)
        found[0, found[0].argmin()] += 1
        found[1] = -1 - found[1]
        return found

    monkeypatch.setattr(cifar.tflite, "run_tflm", others)
    assert cifar.int8_answers(model, noise.test, 12)[1] == (0, 0)  # those that were kept
    monkeypatch.setattr(cifar, "KEPT", tmp_path / "other")
    assert cifar.int8_answers(model, noise.test, 12)[1] == (6, 3)


@pytest.mark.slow
def test_all_tables_come_from_one_run(cifar, need_tool, noise, monkeypatch, tmp_path):
    monkeypatch.setattr(cifar, "KEPT", tmp_path)
    need_tool("qemu-system-arm", "apt install qemu-system-arm")
    need_tool("qemu-system-xtensa", "apt install qemu-system-misc")
    if not tflite.has_tflm():
        pytest.skip("needs the tflite-micro wheel: Linux on x86-64")

    def load(name):
        return models.randomize(BUILDERS[name]())

    readme, weights = cifar.tables(["cifar_pruned", "cifar_tiny_qat"], noise, 12, load)
    costs = readme.partition("What they take")[2]
    assert cells(costs, "pruned")[1:3] == ["FP32", "28,576"]
    aware = cells(costs, "small residual network, quantization-aware")
    assert aware[1] == "INT8" and aware[5] == "3,011,520" and aware[-1] == "0 and 0"
    assert [line.split()[1] for line in weights.splitlines()[2:]] == [
        "cifar_pruned.npz",
        "cifar_tiny_qat.npz",
    ]


@pytest.mark.skipif(not tflite.has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64")
def test_nothing_is_written_without_the_pictures(cifar, monkeypatch):
    monkeypatch.setattr("sys.argv", ["cifar.py", "--write"])
    monkeypatch.setenv("AIEDGE_DATA", "/nowhere")
    before = (REPO / "docs/results.md").read_bytes()
    with pytest.raises(UserError, match=r"cifar10\.npz"):
        cifar.main()
    assert (REPO / "docs/results.md").read_bytes() == before


@pytest.mark.parametrize("arguments", [["--write", "cifar_tiny"], ["cifar_teeny"]])
def test_wrong_arguments_are_named(cifar, monkeypatch, arguments, capsys):
    monkeypatch.setattr("sys.argv", ["cifar.py", *arguments])
    with pytest.raises(SystemExit) as ended:
        cifar.main()
    assert ended.value.code == 2
    assert "all networks" in capsys.readouterr().err or arguments == ["cifar_teeny"]


@pytest.mark.parametrize("file", ["docs/results.md", "common/weights/README.md"])
def test_there_is_a_place_for_the_tables(file):
    assert "cifar.py" in parts((REPO / file).read_text())


def test_the_budget_is_the_one_that_the_results_name(cifar):
    text = (REPO / "docs/results.md").read_text()
    assert f"budget: {cifar.MOST_PARAMETERS:,} parameters, {cifar.MOST_MACS / 1e6:.2f} million MACs" in text
    assert f"{cifar.MOST_BYTES:,} bytes of activations" in text
