"""Networks that run row by row against TensorFlow Lite Micro and against the same C with whole maps: no bit differs."""

import re
import subprocess
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from aiedge import cli, tflite
from aiedge.codegen import CompiledModel, Core, generate
from aiedge.codegen.toolchain import ENGINE
from aiedge.cost.emulator import count_instructions
from aiedge.cost.targets import TARGETS
from aiedge.errors import UserError
from aiedge.memory import plan_memory
from aiedge.tflite.interpreters import has_tflm, run_tflm_all
from aiedge.tflite.traits import FUSABLE
from tests.support.batch import STRICT, run_batch
from tests.support.model_files import ModelFile, dense_int8
from tests.support.networks import network
from tests.support.random_streams import random_network, residual_network
from tests.support.streams import far_streams, large_batches

needs_tflm = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)
SANITIZE = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
SAMPLES = 4


def inputs_of(graph: tflite.Graph, rng: np.random.Generator, count: int = SAMPLES) -> np.ndarray:
    """Random inputs [count, 1, height, width, channels]."""
    shape = (count, *graph.inputs[0].shape)
    if graph.inputs[0].dtype == np.float32:
        return rng.normal(0, 1, shape).astype(np.float32)
    return rng.integers(-128, 128, shape, dtype=np.int8)


def compare(
    dtype: str,
    seeds: Sequence[int],
    folder: Path,
    compiler: list[str],
    far: bool,
    draw: Callable[[np.random.Generator, str], bytes] = random_network,
    core: Core = "any",
) -> None:
    """Random networks, row by row and from the whole input, against TFLM; `far` as in `far_streams`.

    For the ESP32's core many rows are made at once.
    """
    models = [draw(np.random.default_rng(seed), dtype) for seed in seeds]
    graphs = [tflite.read(model) for model in models]
    inputs = [
        inputs_of(graph, np.random.default_rng(seed)) for seed, graph in zip(seeds, graphs, strict=True)
    ]
    with far_streams(far), large_batches():
        streamed = run_batch(graphs, [[x] for x in inputs], folder, compiler, stream=True, core=core)
    for seed, model, graph, x, results in zip(seeds, models, graphs, inputs, streamed, strict=True):
        said = f"seed {seed}: " + ", ".join(
            f"{op.kind} {list(op.outputs[0].shape)}" for op in graph.operators
        )
        for y, expected in zip(results, run_tflm_all(model, [x]), strict=True):
            if dtype == "int8":
                np.testing.assert_array_equal(y, expected, err_msg=said)
            else:
                most = float(np.abs(expected).max())
                np.testing.assert_allclose(y, expected, rtol=1e-5, atol=2e-6 * most, err_msg=said)


@needs_tflm
@pytest.mark.parametrize(
    ("dtype", "seeds", "far"),
    [
        ("int8", [*range(14), 1069], True),
        ("int8", [10, 17, 36, 58, 1201], False),
        ("float32", range(100, 104), True),
    ],
    ids=str,
)
def test_random_networks_under_sanitizers(
    dtype: str, seeds: Sequence[int], far: bool, tmp_path: Path, need_tool
) -> None:
    compare(dtype, seeds, tmp_path, [need_tool("clang", "apt install clang"), *SANITIZE], far)


@needs_tflm
@pytest.mark.parametrize(
    ("draw", "seeds", "far"),
    [
        (random_network, range(300, 308), True),
        (random_network, [10, 36], False),
        (residual_network, [5, 6], True),
    ],
)
def test_several_rows_at_once_under_sanitizers(
    draw: Callable[[np.random.Generator, str], bytes],
    seeds: Sequence[int],
    far: bool,
    tmp_path: Path,
    need_tool,
) -> None:
    """As the kernels of the ESP32's core have them, and beside these the others."""
    compare("int8", seeds, tmp_path, [need_tool("clang", "apt install clang"), *SANITIZE], far, draw, "esp32")


@needs_tflm
def test_several_sections_run_row_by_row() -> None:
    """The seeds that are streamed above have parts in between where whole maps take less."""
    for seed, sections in (10, 2), (17, 2), (36, 2), (58, 3), (1201, 3):
        graph = tflite.read(random_network(np.random.default_rng(seed), "int8"))
        best = plan_memory(graph, fusable=FUSABLE, streaming=True)
        with far_streams():
            one = plan_memory(graph, fusable=FUSABLE, streaming=True)
        assert len(best.sections) == sections and best.arena_bytes < one.arena_bytes


@needs_tflm
@pytest.mark.parametrize("far", [False, True])
def test_residual_blocks_that_halve_the_size(far: bool, tmp_path: Path, need_tool) -> None:
    """Shortcuts through 1x1 convolutions of stride 2 and through pools wait for the longer branch."""
    compiler = [need_tool("clang", "apt install clang"), *SANITIZE]
    compare("int8", range(4), tmp_path, compiler, far, residual_network)


@needs_tflm
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("first", range(1000, 1400, 40))
def test_many_random_networks(first: int, tmp_path: Path, need_tool) -> None:
    compiler = [need_tool("gcc", "apt install gcc"), *SANITIZE]
    compare("int8", range(first, first + 40), tmp_path, compiler, first % 80 > 0)


# Bytes of the arena at most, the picture included; whole maps need 55,296, 9,664, 49,152, 138,240 and 12,288.
ARENAS = {
    "mobilenet_v1": 14_336,
    "cifar_cnn_25_51_76": 4_096,
    "resnet8": 12_288,
    "mobilenet_v2": 16_384,
    "cifar_tiny": 6_144,
}


@pytest.mark.parametrize("name", ARENAS)
def test_arenas_of_known_networks(name: str) -> None:
    plan = plan_memory(tflite.read(network(name)), fusable=FUSABLE, streaming=True)
    assert plan.stream is not None and plan.proved and plan.arena_bytes <= ARENAS[name]


@pytest.mark.parametrize(
    "name",
    [
        "cifar_cnn_25_51_76",
        "cifar_tiny",
        "resnet8",
        "mobilenet_v1",
        pytest.param("mobilenet_v2", marks=pytest.mark.slow),
    ],
)
def test_known_networks_give_the_same_bits(name: str) -> None:
    graph = tflite.read(network(name))
    x = inputs_of(graph, np.random.default_rng(1), 3)[:, 0]
    expected = CompiledModel(graph).predict(x)
    np.testing.assert_array_equal(CompiledModel(graph, stream=True).predict(x), expected)


@pytest.mark.parametrize("target", TARGETS)
def test_streaming_costs_few_instructions(target: str) -> None:
    try:
        TARGETS[target].require()
    except UserError as error:
        pytest.skip(error.message)
    graph = tflite.read(network("cifar_cnn_25_51_76"))
    inputs = [[x] for x in inputs_of(graph, np.random.default_rng(2), 2)]
    whole, streamed = (
        count_instructions(
            graph, generate(graph, "net", stream, core=TARGETS[target].kernels), TARGETS[target], inputs
        )
        for stream in (False, True)
    )
    np.testing.assert_array_equal(streamed.outputs[0], whole.outputs[0])
    # On the ESP32's core a strip is one row: what a row needs of others is laid out again.
    assert streamed.total <= (1.05 if TARGETS[target].kernels == "any" else 1.1) * whole.total


def two_layers() -> bytes:
    """A picture of 5 rows through a 3x3 convolution, twice."""
    file = ModelFile()
    tensors = [file.tensor([1, 5, 4, 2], scale=0.1) for _ in range(3)]
    values = np.random.default_rng(3).integers(-127, 128, (2, 3, 3, 2))
    for source, target in pairwise(tensors):
        weights = file.tensor([2, 3, 3, 2], scale=0.01, data=values)
        options = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
        file.operator("CONV_2D", [source, weights, -1], [target], version=3, padding=0, **options)
    return file.build([tensors[0]], [tensors[2]])


STATUSES = """
#include "net.h"
static _Alignas(4) uint8_t arena[NET_ARENA_BYTES + 4];
int main(void) {
  static int8_t row[NET_ROW_COUNT], y[NET_OUTPUT_COUNT];
  if (net_push_row(row, y, arena) != 4) return 7;  // not begun: all zeros
  arena[NET_ARENA_BYTES] = 7;
  if (net_begin(0) != 1 || net_begin(arena + 1) != 2 || net_begin(arena) != 0) return 1;
  if (net_push_row(0, y, arena) != 1 || net_push_row(row, 0, arena) != 1 || net_push_row(row, y, 0) != 1) return 2;
  if (net_push_row(row, y, arena + 2) != 2) return 3;
  for (int i = 0; i < NET_ROWS; i++) {
    if (net_push_row(row, y, arena) != (i < NET_ROWS - 1 ? 3 : 0)) return 4;
  }
  if (net_push_row(row, y, arena) != 4) return 5;  // all are there
  for (int i = 0; i < NET_ARENA_BYTES; i++) arena[i] = 0xa5;
  if (net_push_row(row, y, arena) != 4) return 6;  // not begun
  return arena[NET_ARENA_BYTES] != 7;
}
"""


def test_rows_out_of_turn_are_refused(tmp_path: Path, need_tool) -> None:
    compiler = need_tool("gcc", "apt install gcc")
    generate(tflite.read(two_layers()), "net", True).write(tmp_path)
    (tmp_path / "main.c").write_text(STATUSES)
    files = [tmp_path / "net.c", tmp_path / "main.c", "-o", tmp_path / "main"]
    subprocess.run([compiler, *STRICT, *SANITIZE, *files], check=True)
    assert subprocess.run([tmp_path / "main"], check=False).returncode == 0


def test_a_dense_network_cannot_run_row_by_row() -> None:
    graph = tflite.read(dense_int8(np.random.default_rng(4), [6, 4]))
    with pytest.raises(UserError, match="cannot run row by row"):
        generate(graph, "net", True)


def test_an_input_that_is_read_later_is_not_streamed() -> None:
    """A residual branch from the input to a layer that needs whole maps keeps the picture."""
    file = ModelFile()
    x, y = (file.tensor([1, 4, 4, 2], scale=0.1) for _ in range(2))
    flat = [file.tensor([1, 32], scale=0.1) for _ in range(3)]
    shape = file.tensor([2], "int32", data=np.array([1, 32]))
    file.operator("RELU", [x], [y])
    file.operator("RESHAPE", [x, shape], [flat[0]], newShape=[1, 32])
    file.operator("RESHAPE", [y, shape], [flat[1]], newShape=[1, 32])
    file.operator("ADD", [flat[0], flat[1]], [flat[2]])
    with pytest.raises(UserError, match="cannot run row by row"):
        generate(tflite.read(file.build([x], [flat[2]])), "net", True)


def pools(window: int, stride: int, scale: float | list[float] = 0.1) -> tflite.Graph:
    """An image of one row through three pools that reach far beyond it."""
    file = ModelFile()
    tensors = [
        file.tensor([1, 1, 4, 2], scale=scale),
        *(file.tensor([1, 1, 1, 2], scale=0.1) for _ in range(3)),
    ]
    for source, target in pairwise(tensors):
        size = {"filterHeight": window, "filterWidth": 3, "strideH": stride, "strideW": stride}
        file.operator("MAX_POOL_2D", [source], [target], padding=0, **size)
    return tflite.read(file.build([tensors[0]], [tensors[3]]))


@needs_tflm
def test_a_network_may_begin_with_an_element_wise_layer() -> None:
    file = ModelFile()
    x, y = (file.tensor([1, 5, 4, 2], scale=0.1) for _ in range(2))
    file.operator("RELU", [x], [y])
    model = file.build([x], [y])
    values = np.random.default_rng(6).integers(-128, 128, (4, 5, 4, 2), np.int8)
    y_of_rows = CompiledModel(tflite.read(model), stream=True).predict(values)
    np.testing.assert_array_equal(y_of_rows, run_tflm_all(model, [values[:, None]])[0])


def test_strides_far_beyond_the_image_are_not_waited_for() -> None:
    graph = pools(3, 1 << 16)
    x = np.random.default_rng(5).integers(-128, 128, (4, 1, 4, 2), np.int8)
    with far_streams():
        plan = plan_memory(graph, streaming=True)
        by_rows = CompiledModel(graph, stream=True).predict(x)
    assert plan.stream is not None and len(plan.stream.flows) == 1  # the third would wait for row 2^32
    np.testing.assert_array_equal(by_rows, CompiledModel(graph).predict(x))


def test_windows_far_beyond_the_image_get_no_ring() -> None:
    with pytest.raises(UserError, match="cannot run row by row"):
        plan_memory(pools(1 << 30, 1), streaming=True)


def test_the_command_streams(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.tflite").write_bytes(two_layers())
    assert cli.main(["compile", str(tmp_path / "net.tflite"), "-o", str(tmp_path), "--stream"]) == 0
    assert "net_push_row" in (tmp_path / "net.h").read_text() and "row by row" in capsys.readouterr().out
    (tmp_path / "dense.tflite").write_bytes(dense_int8(np.random.default_rng(4), [6, 4]))
    assert cli.main(["compile", str(tmp_path / "dense.tflite"), "-o", str(tmp_path), "--stream"]) == 2
    assert "cannot run row by row" in capsys.readouterr().err


def test_the_header_gives_the_engines_number_for_more_rows() -> None:
    status = (ENGINE / "aiedge_status.h").read_text(encoding="utf-8")
    (number,) = re.findall(r"AIEDGE_MORE_ROWS = (\d)", status)
    header = generate(tflite.read(network("cifar_cnn_25_51_76")), "net", stream=True).header
    assert re.findall(r"AIEDGE_MORE_ROWS \((\d)\)", header) == [number]
