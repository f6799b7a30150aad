"""The checks of the XOR notebook: right answers pass, and each likely mistake is recognised."""

import numpy as np
import pytest

from aiedge import tflite
from aiedge.quantization import layer_multipliers, multiply_by_quantized_multiplier
from aiedge.train.framework import keras
from aiedge.train.models import dense_network
from aiedge.workshop.checks import xormodel as checks
from tests.support.wrong_answers import says

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
TARGETS = np.array([[0], [1], [1], [0]])
Dense = keras.layers.Dense


def test_truth_table(capsys: pytest.CaptureFixture) -> None:
    checks.truth_table(INPUTS, TARGETS)
    checks.truth_table(INPUTS[::-1].astype(float), TARGETS[::-1].astype(bool))
    assert capsys.readouterr().out.count("✓ TODO 1") == 2


@pytest.mark.parametrize(
    ("inputs", "targets", "text"),
    [
        (..., ..., "still open"),
        (INPUTS, ..., "`targets` has no value yet"),
        (INPUTS, None, "still open"),
        (INPUTS, [0, 1, 1, 0], "targets.reshape(4, 1)"),
        (INPUTS[:3], TARGETS, "shape (3, 2)"),
        (INPUTS.T, TARGETS, "shape (2, 4)"),
        (INPUTS, [[0], [1], [1], [1]], "this is OR"),
        (INPUTS, [[0], [0], [0], [1]], "this is AND"),
        (INPUTS, [[1], [0], [0], [1]], "this is XNOR"),
        (INPUTS, [[1], [1], [0], [0]], "XOR is 1 where the two inputs differ"),
        ([[0, 0], [0, 1], [0, 1], [1, 1]], TARGETS, "each pair of 0 and 1 once"),
        (INPUTS, [[0], [1], [np.nan], [0]], "NaN"),
        (INPUTS.tolist(), TARGETS, "inputs = np.array(...)"),
        (INPUTS, TARGETS.tolist(), "targets = np.array(...)"),
        (INPUTS, [[0.5], [1.5], [1.2], [0.3]], "(0.5, 1.5, 1.2, 0.3)"),
        (INPUTS.astype(str), TARGETS, "holds more than numbers"),
        (INPUTS, [[0], [10**400], [1], [0]], "holds more than numbers"),
        (keras.Input((2,)), TARGETS, "holds more than numbers"),
        (np.zeros((3000, 3000)), TARGETS, "shape (3000, 3000)"),
        (INPUTS, "four rows", "holds more than numbers"),
        ([[0, 0], [0, 1], [1]], TARGETS, "holds more than numbers"),
    ],
)
def test_truth_table_mistakes(inputs, targets, text: str) -> None:
    says(text, checks.truth_table, inputs, targets)


def test_network(capsys: pytest.CaptureFixture) -> None:
    checks.network(dense_network([2, 16, 16, 1]))
    assert "337 parameters: 48 + 272 + 17" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (lambda: ..., "still open"),
        (lambda: 7, "of type int"),
        (
            lambda: keras.Sequential([Dense(16, "relu"), Dense(16, "relu"), Dense(1, "sigmoid")]),
            "keras.Input",
        ),
        (lambda: dense_network([2, 16, 1]), "[16, 1]"),
        (lambda: dense_network([3, 16, 16, 1]), "(None, 3)"),
        (
            lambda: keras.Sequential([keras.Input((2,)), Dense(16), Dense(16, "relu"), Dense(1, "sigmoid")]),
            "one linear layer",
        ),
        (
            lambda: keras.Sequential(
                [keras.Input((2,)), Dense(16, "relu"), Dense(16, "relu"), Dense(1, "softmax")]
            ),
            "softmax",
        ),
    ],
)
def test_network_mistakes(model, text: str) -> None:
    says(text, checks.network, model())


def test_an_untrained_network_is_noticed() -> None:
    network = dense_network([2, 1])
    network.set_weights([np.zeros((2, 1)), np.ones(1)])
    says("has 2 of 4 rows right", checks.trained, network, INPUTS, TARGETS)


def test_add_noise(capsys: pytest.CaptureFixture) -> None:
    checks.add_noise(lambda x, sigma, rng: x + rng.normal(0, sigma, x.shape))
    assert "✓ TODO 3" in capsys.readouterr().out


def in_place(x, sigma, rng):
    x += rng.normal(0, sigma, x.shape)
    return x


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda x, sigma, rng: ..., "still open"),
        (in_place, "changes its argument"),
        (lambda x, sigma, rng: x + rng.uniform(0, sigma, x.shape), "rng.normal is centred"),
        (lambda x, sigma, rng: x + rng.normal(0, sigma**2, x.shape), "do not square"),
        (lambda x, sigma, rng: x + rng.normal(0, 1, x.shape), "scaled by sigma"),
        (lambda x, sigma, rng: x + rng.normal(0, sigma, (len(x), 1)), "the same noise on both inputs"),
        (lambda x, sigma, rng: x + rng.normal(0, sigma), "the same noise in every row"),
        (lambda x, sigma, rng: x + rng.normal(0, sigma, 2), "the same noise in every row"),
        (lambda x, sigma, rng: x + rng.normal(sigma, 0, x.shape), "the order is"),
        (lambda x, sigma, rng: x + rng.uniform(-sigma, sigma, x.shape), "uniform noise"),
        (lambda x, sigma, rng: rng.normal(0, sigma, x.shape), "add the noise to the inputs"),
        (lambda x, sigma, rng: x + rng.nrmal(0, sigma), "stops with AttributeError"),
        (7, "is not callable"),
        (lambda x, sigma, rng: x, "standard deviation 0.000"),
        (lambda x, sigma, rng: x[:2], "shape (2, 2)"),
        (lambda x, sigma, rng: x * np.nan, "NaN"),
    ],
)
def test_add_noise_mistakes(function, text: str) -> None:
    says(text, checks.add_noise, function)


def test_scale_and_zero_point(capsys: pytest.CaptureFixture) -> None:
    scale = 2.0 / 255
    checks.scale_and_zero_point(scale, round(-128 + 0.5 / scale), -0.5, 1.5)
    assert "✓ TODO 4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("scale", "zero_point", "text"),
    [
        (..., ..., "still open"),
        (2 / 255, ..., "`zero_point` has no value yet"),
        (2 / 256, -64, "255 steps"),
        (2 / 127, -64, "asymmetric"),
        (255 / 2, -64, "steps per unit"),
        (1.5 / 127, -64, "symmetric scale"),
        (0.5, -64, "255 steps span the range"),
        (2 / 255, 64, "uint8"),
        (2 / 255, -64.25, "round it"),
        (2 / 255, 0, "low must become −128"),
        (float("nan"), -64, "NaN"),
        ([2 / 255], -64, "shape (1,)"),
    ],
)
def test_scale_and_zero_point_mistakes(scale, zero_point, text: str) -> None:
    says(text, checks.scale_and_zero_point, scale, zero_point, -0.5, 1.5)


def q(values, scale, zero_point):
    return np.round(values / scale) + zero_point


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda v, s, z: None, "still open"),
        (lambda v, s, z: np.clip(v / s + z, -128, 127).astype(np.int8), "cuts the fraction off"),
        (
            lambda v, s, z: (np.clip(np.round(v / s), -128, 127) + z).astype(np.int64).astype(np.int8),
            "you clamp",
        ),
        (lambda v, s, z: np.clip(q(v, s, z), -128, 127).astype(int).tolist(), "numbers of type list"),
        (lambda v, s, z: v / nothing, "NameError: name 'nothing' is not defined, in `(lambda v, s, z"),  # noqa: F821
        (lambda v, s, z: np.clip(np.round(v * s) + z, -128, 127).astype(np.int8), "divide by the scale"),
        (lambda v, s, z: np.clip(np.round(v / s), -128, 127).astype(np.int8), "add the zero point"),
        (lambda v, s, z: np.clip(np.round(v / s) - z, -128, 127).astype(np.int8), "do not subtract it"),
        (lambda v, s, z: q(v, s, z).astype(np.int64).astype(np.int8), "wrap around"),
        (lambda v, s, z: q(v, s, z), "clamp"),
        (lambda v, s, z: np.clip(q(v, s, z), 0, 255), "uint8"),
        (lambda v, s, z: np.clip(q(v, s, z), -128, 127), "numbers of type float64"),
        (lambda v, s, z: np.zeros(3), "shape (3,)"),
    ],
)
def test_quantize_mistakes(function, text: str) -> None:
    says(text, checks.quantize, function)


def test_quantize(capsys: pytest.CaptureFixture) -> None:
    checks.quantize(lambda v, s, z: np.clip(q(v, s, z), -128, 127).astype(np.int8))
    assert "✓ TODO 5" in capsys.readouterr().out


def layer(x, w, b, source, weights, target, zero=1, bias=1, offset=1, wide=np.int32, clamp=True):
    multiplier, shift = layer_multipliers(source, weights, target, len(w))
    sums = (x.astype(wide) - wide(zero * source.zero_point)) @ w.T.astype(wide) + bias * b
    y = multiply_by_quantized_multiplier(sums, multiplier, shift) + offset * target.zero_point
    return (np.clip(y, -128, 127) if clamp else y).astype(np.int8)


def with_real_factor(x, w, b, source, weights, target):
    sums = (x.astype(np.int32) - source.zero_point) @ w.T.astype(np.int32) + b
    y = np.round(sums * source.scale * weights.scale / target.scale) + target.zero_point
    return np.clip(y, -128, 127).astype(np.int8)


def test_integer_layer(xormodel: bytes, capsys: pytest.CaptureFixture) -> None:
    checks.integer_layer(layer, tflite.read(xormodel))
    assert "✓ TODO 6" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"zero": 0}, "subtract the input's zero point"),
        ({"bias": 0}, "add the bias"),
        ({"offset": 0}, "add the output's zero point"),
        ({"wide": np.int8}, "int8 overflows"),
        ({"clamp": False}, "clamp"),
    ],
)
def test_integer_layer_mistakes(change: dict, text: str, xormodel: bytes) -> None:
    says(text, checks.integer_layer, lambda *arguments: layer(*arguments, **change), tflite.read(xormodel))


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda *a: ..., "still open"),
        (lambda x, w, *rest: x @ w, "ValueError"),
        (with_real_factor, "use multiply_by_quantized_multiplier"),
        (lambda *a: layer(*a).astype(np.int32), "numbers of type int32"),
        (lambda *a: layer(*a)[:, :1], "shape"),
    ],
)
def test_integer_layer_accidents(function, text: str, xormodel: bytes) -> None:
    says(text, checks.integer_layer, function, tflite.read(xormodel))
