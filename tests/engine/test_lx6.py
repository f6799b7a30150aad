"""The kernels of the ESP32's core against TensorFlow Lite Micro: in C on this computer, and on the emulated core."""

import zlib
from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from aiedge.codegen import CompiledModel, CSource, generate
from aiedge.codegen.operators.lx6 import STRIP_BYTES
from aiedge.errors import UserError
from aiedge.quantization import multiply_by_quantized_multiplier
from aiedge.tflite.interpreters import has_tflm
from tests.support.batch import run_batch
from tests.support.esp32 import ESP32, MEMORY_END, run_esp32, run_program
from tests.support.networks import network
from tests.support.random_lx6 import LAYERS
from tests.support.streams import large_batches

needs_tflm = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)
# What does not run row by row: a dense layer, and sums behind a SPLIT.
WHOLE = ("dense", "sums")
FLASH = 1 << 20  # bytes for the weights of all layers as int16
SANITIZE = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def models(kind: str, seed: int, count: int) -> list[bytes]:
    """Random models of one layer, of which most have a kernel of that core."""
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode())])
    drawn = [LAYERS[kind](rng) for _ in range(count)]
    assert sum("_lx6_int8(" in generate(tflite.read(m), "net", core="esp32").c for m in drawn) > 0.7 * count
    return drawn


def inputs(graph: tflite.Graph, runs: int) -> np.ndarray:
    """Random inputs, of which the first one is of extreme values only."""
    rng = np.random.default_rng(runs)
    x = rng.integers(-128, 128, (runs, *graph.inputs[0].sample_shape), dtype=np.int8)
    x[0] = rng.choice(np.array([-128, 127], np.int8), x[0].shape)
    return x


def expect(model: bytes, x: np.ndarray, y: np.ndarray) -> None:
    """No value may differ from TFLM's."""
    expected = tflite.run_tflm(model, x)
    np.testing.assert_array_equal(
        y.reshape(expected.shape), expected, err_msg=str(tflite.read(model).operators)
    )


@needs_tflm
@pytest.mark.parametrize(
    ("kind", "stream"),
    [(kind, stream) for kind in LAYERS for stream in ((False,) if kind in WHOLE else (False, True))],
)
def test_in_c_under_sanitizers(kind: str, stream: bool, tmp_path: Path, need_tool) -> None:
    compiler = [need_tool("clang", "apt install clang"), *SANITIZE]
    drawn = models(kind, 1, 12)
    graphs = [tflite.read(model) for model in drawn]
    x = [inputs(graph, 4) for graph in graphs]
    flash = FLASH if stream or kind in WHOLE else 0
    outputs = run_batch(
        graphs, [[each] for each in x], tmp_path, compiler, stream=stream, core="esp32", flash=flash
    )
    for model, values, (y,) in zip(drawn, x, outputs, strict=True):
        expect(model, values, y)


@needs_tflm
@pytest.mark.parametrize(
    ("windowed", "stream"), [(False, False), (True, False), (False, True)], ids=["call0", "windowed", "rows"]
)
def test_on_the_emulated_core(windowed: bool, stream: bool, tmp_path: Path, need_tool) -> None:
    """Both forms of the kernels, one with int16 weights.

    Each second time the arena ends where memory ends, else the input does.

    By rows, many of which are made at once, the core's own kernels and others do it.
    """
    need_esp32(need_tool)
    kinds = [kind for kind in LAYERS if not stream or kind not in WHOLE]
    drawn = [model for kind in kinds for model in models(kind, 2, 8)]
    graphs = [tflite.read(model) for model in drawn]
    x = [inputs(graph, 2) for graph in graphs]
    with large_batches():
        y = run_esp32(graphs, x, tmp_path, windowed, stream, FLASH if windowed else 0)
    for model, values, output in zip(drawn, x, y, strict=True):
        expect(model, values, output)


def need_esp32(need_tool) -> None:
    """Skip without the tools of the emulated core."""
    for program in ESP32.tools:
        need_tool(program, f"apt install {ESP32.packages}")


@pytest.mark.parametrize(("place", "ends"), [(MEMORY_END - 4, 0), (MEMORY_END, 99)])
def test_memory_ends_where_the_tests_say(place: int, ends: int, tmp_path: Path, need_tool) -> None:
    need_esp32(need_tool)
    program = f'#include "machine.h"\nint main(void) {{ machine_exit(*(volatile int *){place:#x} & 0); }}\n'
    if ends == 0:
        assert run_program(program, [], tmp_path) == b""
    else:
        with pytest.raises(UserError, match=f"status {ends}"):
            run_program(program, [], tmp_path)


@needs_tflm
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["cifar_cnn_25_51_76", "resnet8"])
def test_networks(name: str, stream: bool) -> None:
    model = network(name)
    compiled = CompiledModel(model, ("-O2",), stream=stream, core="esp32")
    x = inputs(compiled.graph, 4)
    expect(model, x, compiled.predict(x))


def test_weights_from_a_file() -> None:
    linked, loaded = (
        CompiledModel(network("resnet8"), ("-O1",), weights=weights, core="esp32")
        for weights in ("linked", "loaded")
    )
    x = inputs(linked.graph, 2)
    np.testing.assert_array_equal(loaded.predict(x), linked.predict(x))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["cifar_cnn_25_51_76", "resnet8"])
def test_scratch_is_in_the_plan(name: str, stream: bool) -> None:
    """One stretch of the arena for each layer, apart from all that is live meanwhile; none for other cores."""
    graph = tflite.read(network(name))
    plan, plain = (generate(graph, "net", stream, core=core).plan for core in ("esp32", "any"))
    scratch = [buffer for buffer in plan.buffers if buffer.purpose == "scratch"]
    assert scratch and not any(buffer.purpose == "scratch" for buffer in plain.buffers)
    longest = 2 * max(t.elements // t.shape[0] for t in graph.constants)
    assert plain.arena_bytes < plan.arena_bytes <= plain.arena_bytes + STRIP_BYTES + longest
    for one in scratch:
        for other in plan.buffers:
            if other is not one and one.overlaps_in_time(other) and other.bytes:
                assert one.offset + one.bytes <= other.offset or other.offset + other.bytes <= one.offset


@pytest.mark.parametrize("stream", [False, True])
def test_flash_goes_where_a_byte_saves_the_most(stream: bool) -> None:
    graph = tflite.read(network("resnet8"))

    def source(flash: int) -> CSource:
        return generate(graph, "net", stream, core="esp32", flash=flash)

    least, most = source(0), source(FLASH)
    value = {i: most.wide.saved[i] / size for i, size in most.wide.layers.items()}
    assert len(value) == sum(".taps = " in line for line in least.c.splitlines()) and min(value.values()) > 0
    for flash in (100, 1000, 9000, 40_000, FLASH):
        some = source(flash)
        assert some.constant_bytes - least.constant_bytes == some.wide.bytes <= flash
        # A layer that is not among them does not fit beside the better and the equal ones.
        for i in value.keys() - some.wide.layers.keys():
            better = sum(size for j, size in some.wide.layers.items() if value[j] > 0.999 * value[i])
            assert better + most.wide.layers[i] > flash
    assert len(source(9000).wide.layers) in range(1, len(value))


@pytest.mark.parametrize(
    ("bits", "largest", "shifts"), [(7, 2**23, (1, 16)), (1, 2**28, (1, 21))], ids=["dot", "add"]
)
def test_one_rounding_is_tflms_two(bits: int, largest: int, shifts: tuple[int, int]) -> None:
    """What the kernels make of a sum, at the edges of every output and anywhere, in any zero point's two ways."""
    rng = np.random.default_rng(bits)
    for _ in range(400):
        shift = int(rng.integers(shifts[0], shifts[1] + 1))
        multiplier = int(rng.choice([2**30, 2**31 - 1, rng.integers(2**30, 2**31)]))
        zero_point = int(rng.integers(-128, 128))
        edges = (np.arange(-300, 301) * 2 + 1) * 2 ** (30 + shift) // multiplier
        sums = np.concatenate(
            [edges[:, None] + np.arange(-3, 4), rng.integers(-largest, largest, (50, 7))]
        ).ravel()
        sums = sums[np.abs(sums) < largest]
        expected = multiply_by_quantized_multiplier(sums, multiplier, -shift) + zero_point
        high = (sums << bits + 1) * multiplier >> 32
        rounding = 2 ** (bits - 1) + 2 ** (bits + shift - 1) + (zero_point << bits + shift)
        assert max(np.abs(sums << bits + 1).max(), np.abs(high).max() + abs(rounding) + 2**bits) < 2**31
        both = high + rounding - (high < 0) * 2**bits >> bits + shift
        np.testing.assert_array_equal(both.clip(-128, 127), expected.clip(-128, 127))
        # With the lowest zero point it is all one.
        low = (high + rounding - (zero_point + 128 << bits + shift) >> bits + shift).clip(-128, 127)
        np.testing.assert_array_equal(low, (expected - zero_point - 128).clip(-128, 127))
