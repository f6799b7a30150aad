"""int16 activations, and other types at a network's ends: what random models do not reach, against TFLM."""

import zlib
from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from aiedge.codegen import generate
from aiedge.cost.emulator import count_instructions
from aiedge.cost.targets import TARGETS
from aiedge.errors import UserError
from aiedge.tflite.interpreters import has_tflm, run_tflm_all
from tests.support.adversarial_scales import INT16, adversarial_int16
from tests.support.batch import run_batch
from tests.support.random_layers import Draw, behind, filtered
from tests.support.random_streams import other_ends, pool

needs_tflm = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)
EVERY = np.arange(-(2**15), 2**15).astype(np.int16)


def compare(models: list[bytes], inputs: list[list[np.ndarray]], folder: Path, gcc: str) -> None:
    results = run_batch([tflite.read(model) for model in models], inputs, folder, [gcc, "-O2"])
    for model, x, outputs in zip(models, inputs, results, strict=True):
        np.testing.assert_array_equal(outputs[0], run_tflm_all(model, x)[0])


@needs_tflm
def test_every_value_of_the_interpolated_functions(tmp_path: Path, need_tool) -> None:
    rng, models = np.random.default_rng(0), []
    for kind in ("LOGISTIC", "TANH"):
        for scale in (2.0**-12, 2.0**-11, 2.0**-13, 2.0**-15, 1.0, 2.6, 1e-3, 3.1e-4, 1e-6):
            d = Draw(rng, "int16")
            x = d.input([1, len(EVERY)], scale)
            models.append(d.file.build([x], d.add(kind, [x], [d.tensor([1, len(EVERY)], 2.0**-15)])))
    compare(models, [[EVERY.reshape(1, 1, -1)]] * len(models), tmp_path, need_tool("gcc", "apt install gcc"))


@needs_tflm
def test_every_difference_and_many_sums_of_softmax(tmp_path: Path, need_tool) -> None:
    rng, models, inputs = np.random.default_rng(1), [], []
    for scale, beta in ((1e-4, 1.0), (10 / 65535, 1.0), (1e-3, 0.5), (1.0, 1.0), (4.0, 1.0), (1e-7, 2.0)):
        for columns in (2, 3, 10, 1000, 40_000):
            d, rows = Draw(rng, "int16"), max(1, 20_000 // columns)
            x = d.input([rows, columns], scale)
            y = d.add("SOFTMAX", [x], [d.tensor([rows, columns], 2.0**-15)], beta=beta)
            models.append(d.file.build([x], y))
            width = int(rng.choice([2**15, 500]))
            inputs.append([rng.integers(-width, width, (1, rows, columns)).astype(np.int16)])
    compare(models, inputs, tmp_path, need_tool("gcc", "apt install gcc"))


@needs_tflm
@pytest.mark.parametrize("kind", INT16)
def test_factors_are_formed_as_tflm_forms_them(kind: str, tmp_path: Path, need_tool) -> None:
    rng = np.random.default_rng(zlib.crc32(kind.encode()))
    cases = [adversarial_int16(rng, kind) for _ in range(4)]
    gcc = need_tool("gcc", "apt install gcc")
    compare([case.model for case in cases], [case.inputs for case in cases], tmp_path, gcc)


def network(rng: np.random.Generator) -> bytes:
    """Convolutions, a pool, a sum, a function and a softmax."""
    d = Draw(rng, "int16")
    x = d.input([1, 8, 7, 3], 1e-4)
    a = filtered(d, "DEPTHWISE_CONV_2D", filtered(d, "CONV_2D", x, same_size=True), same_size=True)
    b = behind(d, "LEAKY_RELU", a)[0]
    if d.shapes[a][3] < 3:  # of which a softmax would say little
        return network(rng)
    scale = 2 * max(d.params[a][0], d.params[b][0])
    c = pool(d, d.add("ADD", [a, b], [d.tensor(d.shapes[a], scale)])[0])
    y = behind(d, "TANH", c)[0]
    return d.file.build([x], d.add("SOFTMAX", [y], [d.tensor(d.shapes[y], 2.0**-15)], beta=1.0))


@needs_tflm
def test_on_an_emulated_core() -> None:
    try:
        TARGETS["cortex-m4"].require()
    except UserError as error:
        pytest.skip(error.message)
    rng = np.random.default_rng(3)
    for model in (network(rng), network(rng), other_ends(rng, "uint8"), other_ends(rng, "int32")):
        graph = tflite.read(model)
        bounds = np.iinfo(graph.inputs[0].dtype)
        shape = (4, *graph.inputs[0].shape)
        x = rng.integers(bounds.min, bounds.max, shape, graph.inputs[0].dtype, endpoint=True)
        count = count_instructions(
            graph, generate(graph, "net"), TARGETS["cortex-m4"], [[each] for each in x]
        )
        expected = run_tflm_all(model, [x])[0]
        assert np.unique(expected).size > 2
        np.testing.assert_array_equal(count.outputs[0].reshape(expected.shape), expected)


@pytest.mark.parametrize(
    ("kind", "scale", "zero_point", "hint"),
    [
        ("HARD_SWISH", 0.1, 0, "both be int8, or both float32"),
        ("LOGISTIC", 0.1, 0, "scale 1/32768"),
        ("RELU", 0.1, 5, "the zero point of its int16 inputs and outputs must be 0"),
        ("SOFTMAX", 0.1, 0, "scale 1/32768"),
        ("RESIZE_BILINEAR", 0.1, 0, "must be all int8, or all float32"),
    ],
)
def test_what_is_not_supported_is_named(kind: str, scale: float, zero_point: int, hint: str) -> None:
    d = Draw(np.random.default_rng(0), "int16")
    x = d.input([1, 4, 4, 2], 0.1)
    more = [d.integers([4, 4])] if kind.startswith("RESIZE") else []
    model = d.file.build([x], d.add(kind, [x, *more], [d.tensor([1, 4, 4, 2], scale, zero_point)]))
    with pytest.raises(UserError) as caught:
        generate(tflite.read(model), "net")
    assert f"operator 0 ({kind}) is not supported" in caught.value.message and hint in caught.value.hint
