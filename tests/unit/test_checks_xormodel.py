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
        (INPUTS.T, TARGETS, "inputs.T turns them round"),
        (INPUTS, [[0], [1], [1], [1]], "this is OR"),
        (INPUTS, [[0], [0], [0], [1]], "this is AND"),
        (INPUTS, [[1], [0], [0], [1]], "this is XNOR"),
        (INPUTS, [[1], [1], [0], [0]], "XOR is 1 where the two inputs differ"),
        ([[0, 0], [0, 1], [0, 1], [1, 1]], TARGETS, "each pair of 0 and 1 once"),
        (INPUTS, [[0], [1], [np.nan], [0]], "NaN"),
        (INPUTS, [[1], [1], [1], [0]], "this is NAND"),
        (INPUTS, [[1], [0], [0], [0]], "this is NOR"),
        (INPUTS, [[0], [0], [1], [1]], "this is the first input"),
        (INPUTS, [[0], [0], [0], [0]], "this is always 0"),
        (INPUTS[[1, 0, 2, 3]], TARGETS, "in another order than the inputs"),
        (INPUTS * 2, TARGETS, "an input is 0 or 1"),
        (INPUTS, TARGETS.T, "targets.T turns them round"),
        (INPUTS, [[...], [1], [1], [0]], "still open"),
        ([..., ..., ..., ...], TARGETS, "still open"),
        (np.array([[0, ...], [0, 1], [1, 0], [1, 1]], dtype=object), TARGETS, "still open"),
        (INPUTS.tolist(), TARGETS, "inputs = np.array(...)"),
        (INPUTS, TARGETS.tolist(), "targets = np.array(...)"),
        (INPUTS, [[0.5], [1.5], [1.2], [0.3]], "[0.5, 1.5, 1.2, 0.3]"),
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


def network(*layers) -> keras.Model:
    return keras.Sequential([keras.Input((2,)), *layers])


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
        (lambda: dense_network([3, 16, 16, 1]), "keras.Input((2,))"),
        (
            lambda: keras.Sequential([keras.Input((2,)), Dense(16), Dense(16, "relu"), Dense(1, "sigmoid")]),
            "one linear layer",
        ),
        (
            lambda: keras.Sequential(
                [keras.Input((2,)), Dense(16, "relu"), Dense(16, "relu"), Dense(1, "softmax")]
            ),
            "always 1",
        ),
        (lambda: [keras.Input((2,)), Dense(16, "relu")], "keras.Sequential([...])"),
        (
            lambda: network(Dense(2, "relu"), Dense(16, "relu"), Dense(16, "relu"), Dense(1, "sigmoid")),
            "are keras.Input",
        ),
        (lambda: network(Dense(16, "relu"), Dense(16, "relu")), "the output is missing"),
        (lambda: network(Dense(16, "relu"), Dense(16, "relu"), Dense(2, "softmax")), "one output is enough"),
        (lambda: network(Dense(16, "relu"), Dense(16, "relu"), Dense(1)), "sigmoid"),
        (lambda: network(Dense(16, "relu"), Dense(16, "relu"), Dense(1, "relu")), "more than 1"),
        (
            lambda: network(Dense(16, "tanh"), Dense(16, "relu"), Dense(1, "sigmoid")),
            "hidden layers have relu",
        ),
        (lambda: network(Dense(8, "relu"), Dense(16, "relu"), Dense(1, "sigmoid")), "16 neurons"),
        (
            lambda: network(
                *[Dense(16, "relu")] * 1, Dense(16, "relu"), Dense(16, "relu"), Dense(1, "sigmoid")
            ),
            "too many",
        ),
        (
            lambda: network(Dense(16, "relu", use_bias=False), Dense(16, "relu"), Dense(1, "sigmoid")),
            "going through (0, 0)",
        ),
        (
            lambda: network(Dense(16, "relu"), Dense(16, "relu"), Dense(1, "sigmoid", use_bias=False)),
            "use_bias=False",
        ),
        (
            lambda: network(
                Dense(16, "relu"), keras.layers.Dropout(0.5), Dense(16, "relu"), Dense(1, "sigmoid")
            ),
            "leave the others out",
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
        (7, "expected: a function"),
        (lambda x, sigma, rng: x, "standard deviation 0.000"),
        (lambda x, sigma, rng: x[:2], "shape (2, 2)"),
        (lambda x, sigma, rng: x * np.nan, "NaN"),
        (lambda x, sigma, rng: None, "is `return` missing?"),
        (
            lambda x, sigma, rng: (x + rng.normal(0, sigma, x.shape)).tolist(),
            "leave .tolist() and list(...) out",
        ),
        (
            lambda x, sigma, rng: x + np.random.default_rng(0).normal(0, sigma, x.shape),
            "a generator of your own",
        ),
        (lambda x, sigma, rng: x + np.random.normal(0, sigma, x.shape), "not np.random.normal"),
        (lambda x, sigma, rng: x + rng.normal(0, np.sqrt(sigma), x.shape), "not its square root"),
        (lambda x, sigma, rng: x + rng.normal(0, sigma / 2, x.shape), "not half of it"),
        (lambda x, sigma, rng: x + sigma * rng.random(x.shape), "rng.normal is centred"),
        (lambda x, sigma, rng: x + rng.normal(sigma, 1, x.shape), "the standard deviation sigma"),
        (lambda x, sigma, rng: x + rng.normal(1, sigma, x.shape), "the mean is 0"),
        (lambda x, sigma, rng: x * (1 + rng.normal(0, sigma, x.shape)), "do not multiply"),
        (lambda x, sigma, rng: x + rng.normal(0, sigma, len(x)), "two shapes do not go together"),
        (lambda x, sigma, rng: x + sigma * (rng.random(x.shape) - 0.5), "use rng.normal"),
        (lambda x, sigma, rng: x + rng.normal(0, sigma, size=inputs.shape), "Run All Above"),  # noqa: F821
        (lambda x, sigma: x, "must take the arguments"),
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
        (-64, 2 / 255, "have changed places"),
        (2 / 255, -65, "math.floor"),
        (2 / 255, -128, "begins at 0"),
        (2 / 255, -192, "low is negative"),
        (2 / 255, 191, "low becomes −128, not 127"),
        (2 / 255, -319, "not high"),
        (2 / 255, -63, "not at −127"),
        (1 / 255, -64, "low is negative"),
        (-2 / 255, -64, "not low minus high"),
        (1.5 / 255, -64, "low is missing"),
        (2.0, -64, "divide the range"),
        (2 * 255.0, -64, "do not multiply"),
        (2 / 128, -64, "not 128"),
        (lambda: 2 / 255, -64, "call it"),
        ("2 / 255", -64, "without quotation marks"),
    ],
)
def test_scale_and_zero_point_mistakes(scale, zero_point, text: str) -> None:
    says(text, checks.scale_and_zero_point, scale, zero_point, -0.5, 1.5)


def q(values, scale, zero_point):
    return np.round(values / scale) + zero_point


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda v, s, z: None, "is `return` missing?"),
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
        (lambda v, s, z: np.clip(np.floor(v / s) + z, -128, 127).astype(np.int8), "np.floor rounds down"),
        (lambda v, s, z: np.clip(np.ceil(v / s) + z, -128, 127).astype(np.int8), "np.ceil rounds up"),
        (lambda v, s, z: np.clip(q(v, s, z), -128, 128).astype(np.int64).astype(np.int8), "128 wraps around"),
        (lambda v, s, z: np.clip(q(v, s, z), -128, 128), "not at 128"),
        (lambda v, s, z: np.clip(q(v, s, z), -127, 127).astype(np.int8), "begins at −128"),
        (lambda v, s, z: np.clip(np.round((v + z) / s), -128, 127).astype(np.int8), "after the division"),
        (
            lambda v, s, z: np.clip(np.round((v - z) / s), -128, 127).astype(np.int8),
            "then add the zero point",
        ),
        (lambda v, s, z: np.round(v / s) * s, "real numbers again"),
        (lambda v, s, z: np.minimum(q(v, s, z), 127), "clamp below"),
        (lambda v, s, z: np.maximum(q(v, s, z), -128), "clamp above"),
        (lambda v, s, z: np.clip(v / s + z, -128, 127), "whole numbers are left"),
        (
            lambda v, s, z: np.clip(np.round(v) + z, -128, 127).astype(np.int8),
            "divide by the scale, then round",
        ),
        (lambda v, s, z: [np.int8(x) for x in np.clip(q(v, s, z), -128, 127)], "numbers of type list"),
        (lambda v, s, z: np.clip(q(v, s, z), -128, 127).astype(np.int8)[:, None], "would give it this shape"),
        (lambda v, s, z: int(q(v, s, z)), "stops with TypeError"),
        (lambda v, s, z: round(v / s, ...) + z, "still open"),
        (lambda v, s, z: np.clip(v / s + z, ...), "still open"),
    ],
)
def test_quantize_mistakes(function, text: str) -> None:
    says(text, checks.quantize, function)


def test_quantize(capsys: pytest.CaptureFixture) -> None:
    checks.quantize(lambda v, s, z: np.clip(q(v, s, z), -128, 127).astype(np.int8))
    assert "✓ TODO 5" in capsys.readouterr().out


def layer(
    x,
    w,
    b,
    source,
    weights,
    target,
    zero=1,
    bias=1,
    late=0,
    offset=1,
    wide=np.int32,
    narrow=None,
    clamp=(-128, 127),
    multiply=multiply_by_quantized_multiplier,
    take=None,
    give=None,
):
    """The layer with one thing done otherwise; `take` and `give` give other zero points for input and output."""
    multiplier, shift = layer_multipliers(source, weights, target, len(w))
    z_x = source.zero_point if take is None else take(source, target)
    z_y = target.zero_point if give is None else give(source, target)
    centred = x.astype(narrow or wide) - (narrow or wide)(zero * z_x)
    sums = centred.astype(wide) @ w.T.astype(wide) + bias * b
    y = multiply(sums, multiplier, shift) + late * b + offset * z_y
    return (np.clip(y, *clamp) if clamp else y).astype(np.int8)


def real(around):
    """A multiplication by the real factor."""

    def multiply(sums, multiplier, shift):
        return around(sums * np.asarray(multiplier, float) * 2.0 ** (np.asarray(shift) - 31))

    return multiply


def swapped(sums, multiplier, shift):
    return multiply_by_quantized_multiplier(sums, shift, multiplier)


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
        ({"narrow": np.int8}, "and before you subtract"),
        ({"wide": np.int8, "zero": 0}, "int8 overflows"),
        ({"clamp": None}, "clamp"),
        ({"zero": -1}, "do not add it"),
        ({"bias": 0, "late": 1}, "not after it"),
        ({"bias": -1}, "do not subtract it"),
        ({"offset": -1}, "do not subtract it"),
        ({"take": lambda source, target: target.zero_point}, "not the output's"),
        ({"give": lambda source, target: source.zero_point}, "not the input's"),
        ({"clamp": (-128, 128)}, "128 wraps around"),
        ({"clamp": (-127, 127)}, "goes down to −128"),
        ({"clamp": (0, 127)}, "values differ"),
        ({"multiply": real(np.round)}, "use multiply_by_quantized_multiplier"),
        ({"multiply": real(np.floor)}, "use multiply_by_quantized_multiplier"),
        ({"multiply": real(np.trunc)}, "cuts the fraction off"),
        ({"multiply": swapped}, "have changed places"),
    ],
)
def test_integer_layer_mistakes(change: dict, text: str, xormodel: bytes) -> None:
    says(text, checks.integer_layer, lambda *arguments: layer(*arguments, **change), tflite.read(xormodel))


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda *a: ..., "still open"),
        (lambda x, w, *rest: x @ w, "ValueError"),
        (lambda *a: layer(*a).astype(np.int32), "numbers of type int32"),
        (lambda *a: layer(*a)[:, :1], "shape"),
        (lambda *a: layer(*a).T, "turns them round"),
        (lambda *a: None, "is `return` missing?"),
        (lambda x, w, b, *rest: x.astype(np.int32) @ w.astype(np.int32) + b, "use .T"),
        (lambda x, w, b, *rest: np.clip(x @ w.T, ...), "still open"),
    ],
)
def test_integer_layer_accidents(function, text: str, xormodel: bytes) -> None:
    says(text, checks.integer_layer, function, tflite.read(xormodel))
