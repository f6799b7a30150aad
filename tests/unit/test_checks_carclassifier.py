"""The checks of the car notebook: right answers pass, and each likely mistake is recognised."""

import math
from functools import cache

import numpy as np
import pytest

from aiedge import tflite
from aiedge.quantization import layer_multipliers, multiply_by_quantized_multiplier, patches
from aiedge.train import models
from aiedge.workshop.checks import carclassifier as checks
from tests.support.wrong_answers import ACCIDENTS, says

RIGHT = {
    checks.accuracy: lambda p, y: np.mean((p > 0.5) == y),
    checks.macs: lambda kernel, output: math.prod(kernel) * output[0] * output[1],
    checks.naive: lambda v: np.clip(np.round(v), -128, 127),
    checks.scale_of_layer: lambda w: np.abs(w).max() / 127,
    checks.scales_of_channels: lambda w: np.abs(w).max(axis=tuple(range(w.ndim - 1))) / 127,
    checks.activation_params: lambda low, high: ((high - low) / 255, round(-128 - low * 255 / (high - low))),
    checks.expected_ms: lambda macs, cycles, mhz: macs * cycles / mhz / 1000,
}


@pytest.mark.parametrize("check", RIGHT, ids=lambda check: check.__name__)
def test_right_answers_pass(check, capsys: pytest.CaptureFixture) -> None:
    check(RIGHT[check])
    assert "✓ TODO" in capsys.readouterr().out


@pytest.mark.parametrize("check", RIGHT, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("value", "text"), [(..., "still open"), (None, "is `return` missing?")])
def test_open_ones_are_called_open(check, value, text: str) -> None:
    says(text, check, lambda *arguments: value)


@pytest.mark.parametrize("check", RIGHT, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("function", "text"), ACCIDENTS)
def test_accidents_are_told(check, function, text: str) -> None:
    says(text, check, function)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda p, y: np.sum((p > 0.5) == y), "number of right answers"),
        (lambda p, y: 100 * np.mean((p > 0.5) == y), "per cent"),
        (lambda p, y: np.mean((p > 0.5) != y), "wrong answers"),
        (lambda p, y: np.mean(p == y), "compare answers"),
        (lambda p, y: np.mean(p > 0.5), "called car"),
        (lambda p, y: (p > 0.5) == y, "a mean"),
        (lambda p, y: np.mean(p), "mean of the probabilities"),
        (lambda p, y: np.mean(np.abs(p - y)), "how far"),
        (lambda p, y: np.mean(y), "pictures with a car"),
        (lambda p, y: np.mean((p > 0) == y), "not above 0"),
        (lambda p, y: np.sum((p > 0.5) & (y == 1)) / len(y), "those without a car are right, too"),
        (lambda p, y: np.sum((p > 0.5) & (y == 1)) / np.sum(p > 0.5), "how many are one"),
        (lambda p, y: np.sum((p > 0.5) == y) / np.sum(y), "not by how many cars"),
        (lambda p, y: np.mean((p < 0.5) == y), "of wrong answers"),
        (lambda p, y: np.mean(p > 0.5 == y), "use & and |"),
        (lambda p, y: np.mean((p > 0.6) == y), "the threshold is 0.5"),
        (lambda p, y: np.mean(answers == y), "Run All Above"),  # noqa: F821
        (lambda p, y: np.mean((p > ...) == y), "still open"),
    ],
)
def test_accuracy_mistakes(function, text: str) -> None:
    says(text, checks.accuracy, function)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda kernel, output: math.prod(kernel) * math.prod(output), "rows and columns alone"),
        (lambda kernel, output: math.prod(kernel), "number of weights"),
        (lambda kernel, output: 2 * math.prod(kernel) * output[0] * output[1], "count as one step"),
        (lambda kernel, output: math.prod(kernel) * output[0], "rows times columns"),
        (lambda kernel, output: math.prod(kernel) * (output[0] + output[1]), "do not add"),
        (lambda kernel, output: math.prod(output[:2]) * math.prod(kernel[i] for i in range(4)), "IndexError"),
        (lambda kernel, output: math.prod(kernel) * output[1], "not columns times"),
        (lambda kernel, output: sum(kernel) * output[0] * output[1], "do not add"),
        (lambda kernel, output: output[0] * output[1], "how many weights has it"),
        (lambda kernel, output: math.prod(output), "multiply by all the numbers of its shape"),
        (lambda kernel, output: math.prod(kernel[:2]) * output[0] * output[1], "the channels too"),
        (lambda kernel, output: math.prod(kernel) + output[0] * output[1], "multiply, do not add"),
        (lambda kernel, output: (math.prod(kernel) + output[2]) * output[0] * output[1], "no multiplication"),
        (lambda kernel, output: math.prod(kernel[:-1]) * output[0] * output[1], "the last one too"),
        (lambda kernel, output: kernel * output[0] * output[1], "one number is wanted"),
        (lambda kernel, output: math.prod(kernel) * ... * output[1], "still open"),
    ],
)
def test_macs_mistakes(function, text: str) -> None:
    says(text, checks.macs, function)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda v: np.clip(np.trunc(v), -128, 127), "cuts the fraction off"),
        (lambda v: np.clip(np.floor(v), -128, 127), "np.floor"),
        (np.round, "clamp"),
        (lambda v: np.round(v).astype(np.int64).astype(np.int8), "wrap around"),
        (lambda v: np.clip(np.round(v), 0, 255), "uint8"),
        (lambda v: np.clip(np.round(v), -127, 127), "down to −128"),
        (lambda v: np.clip(v, -128, 127), "round, too"),
        (lambda v: np.round(v[:3]), "shape (3,)"),
        (lambda v: np.clip(np.ceil(v), -128, 127), "np.ceil rounds up"),
        (lambda v: np.clip(np.round(v), -128, 128), "not at 128"),
        (lambda v: np.clip(np.round(v), -128, 128).astype(np.int64).astype(np.int8), "128 wraps around"),
        (lambda v: np.minimum(np.round(v), 127), "clamp below"),
        (lambda v: np.maximum(np.round(v), -128), "clamp above"),
        (lambda v: np.clip(np.round(np.abs(v)), -128, 127), "negative numbers"),
        (lambda v: np.round(v / (np.abs(v).max() / 127)), "no scale yet"),
        (lambda v: v.astype(np.int64).astype(np.int8), "and rounded, before astype"),
        (lambda v: np.clip(int(v), -128, 127), "TypeError"),
        (lambda v: max(-128, min(127, np.round(v))), "use & and |"),
        (lambda v: np.clip(np.round(v), ...), "still open"),
    ],
)
def test_naive_mistakes(function, text: str) -> None:
    says(text, checks.naive, function)


def test_int8_is_welcome_where_numbers_are_whole(capsys: pytest.CaptureFixture) -> None:
    checks.naive(lambda v: np.clip(np.round(v), -128, 127).astype(np.int8))
    assert "✓" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda w: w.max() / 127, "np.abs first"),
        (lambda w: w.min() / 127, "np.abs first"),
        (lambda w: np.abs(w).max() / 128, "divide by 127"),
        (lambda w: np.abs(w).max() / 255, "2 max"),
        (lambda w: np.ptp(w) / 255, "of activations"),
        (lambda w: 127 / np.abs(w).max(), "what to divide by"),
        (lambda w: np.abs(w).max(), "the scale makes it 127"),
        (lambda w: np.abs(w).max(axis=0) / 127, "or has an axis"),
        (lambda w: np.abs(w).mean() / 127, "not the mean"),
        (lambda w: w.std() / 127, "not the standard deviation"),
        (lambda w: np.abs(w).max() * 127, "changed places"),
        (lambda w: np.abs(w).max() / 256, "not 256"),
        (lambda w: np.abs(w).min() / 127, "is not the largest"),
        (lambda w: round(float(np.abs(w).max()) / 127), "do not round it"),
        (lambda w: np.ptp(w) / 127, "two sides"),
        (lambda w: abs(w.max()) / 127, "np.abs first"),
        (lambda w: w.abs().max() / 127, "the name behind the dot"),
        (lambda w: max(w) / 127, "use & and |"),
        (lambda w: np.abs(w).max() / ..., "still open"),
    ],
)
def test_scale_of_layer_mistakes(function, text: str) -> None:
    says(text, checks.scale_of_layer, function)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda w: np.abs(w).max() / 127, "wants an axis"),
        (lambda w: np.abs(w).max(axis=-1) / 127, "over the channels"),
        (lambda w: np.abs(w).max(axis=tuple(range(1, w.ndim))) / 127, "last axis here"),
        (lambda w: np.abs(w).max(axis=(0, 1)) / 127, "reshape to a table"),
        (lambda w: np.abs(w).max(axis=0) / 127, "the first axis alone"),
        (lambda w: np.abs(w.reshape(-1, w.shape[-1])).max(axis=1) / 127, "each column, a channel"),
        (lambda w: np.abs(w).max(axis=(0, 1, 2), keepdims=True) / 127, "keepdims=False"),
        (lambda w: w.reshape(-1, w.shape[-1]).max(axis=0) / 127, "np.abs first"),
        (lambda w: np.abs(w.reshape(-1, w.shape[-1])).max(axis=0) / 128, "divide by 127"),
        (lambda w: 127 / np.abs(w.reshape(-1, w.shape[-1])).max(axis=0), "what to divide by"),
        (lambda w: np.abs(w.reshape(-1, w.shape[-1])).max(axis=0), "divide by 127"),
        (lambda w: np.full(w.shape[-1], np.abs(w).max() / 127), "its own maximum"),
        (lambda w: np.abs(w.reshape(w.shape[-1], -1)).max(axis=1) / 127, "mixes the channels"),
        (lambda w: np.abs(w.reshape(-1, w.shape[-1])).mean(axis=0) / 127, "not the mean"),
        (lambda w: np.abs(w).max(axis=(0, 1, 2)) / 127, "all but the last"),
        (lambda w: np.abs(w.reshape(-1, w.shape[-1])).sum(axis=0) / 127, "not the sum"),
        (lambda w: np.abs(w.reshape(-1, w.shape[-1])).max(axis=0) / 255, "not 255"),
        (lambda w: np.ptp(w.reshape(-1, w.shape[-1]), axis=0) / 255, "of activations"),
        (lambda w: np.abs(w.reshape(-1, w.shape[-1]).max(axis=0)) / 127, "np.abs first"),
        (lambda w: w.reshape(-1, w.shape[-1]).min(axis=0) / 127, "np.abs first"),
        (lambda w: np.abs(w.reshape(-1, w.shape[-1])).max(axis=0) * 127, "changed places"),
        (lambda w: np.abs(w.reshape(-1, 5)).max(axis=0) / 127, "hold as many numbers"),
        (lambda w: np.abs(w).max(axis=...) / 127, "still open"),
    ],
)
def test_scales_of_channels_mistakes(function, text: str) -> None:
    says(text, checks.scales_of_channels, function)


def params(low, high, steps=255, first=-128):
    scale = (high - low) / steps
    return scale, round(first - low / scale)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda low, high: (..., ...), "`scale` has no value yet"),
        (lambda low, high: (params(low, high)[0], ...), "`zero_point` has no value yet"),
        (lambda low, high: params(low, high)[0], "two values"),
        (lambda low, high: params(low, high, 256), "255 steps between"),
        (lambda low, high: params(low, high, 127), "asymmetric"),
        (lambda low, high: (255 / (high - low), -128), "steps per unit"),
        (lambda low, high: (max(-low, high) / 127, 0), "of weights"),
        (lambda low, high: ((high + low) / 255, params(low, high)[1]), "low may be negative"),
        (lambda low, high: params(low, high, first=0), "uint8"),
        (lambda low, high: (params(low, high)[0], -128 - low / params(low, high)[0]), "round it"),
        (
            lambda low, high: (params(low, high)[0], round(-128 + low / params(low, high)[0])),
            "above −128",
        ),
        (lambda low, high: (params(low, high)[0], 0), "not symmetric"),
        (lambda low, high: params(low, high, first=127), "not 127"),
        (lambda low, high: params(low, high)[::-1], "have changed places"),
        (lambda low, high: (params(low, high)[0], int(-128 - low / params(low, high)[0])), "int() cuts"),
        (
            lambda low, high: (params(low, high)[0], math.floor(-128 - low / params(low, high)[0])),
            "math.floor",
        ),
        (
            lambda low, high: (params(low, high)[0], math.ceil(-128 - low / params(low, high)[0])),
            "int() cuts",
        ),
        (lambda low, high: (params(low, high, 254)[0], 0), "not 254"),
        (lambda low, high: (high / 255, 0), "low is missing"),
        (lambda low, high: ((low - high) / 255, 0), "not low minus high"),
        (lambda low, high: (high - low, 0), "divide the range"),
        (lambda low, high: ((high - low) * 255, 0), "do not multiply"),
        (lambda low, high: (params(low, high)[0], round(-127 - low / params(low, high)[0])), "not at −127"),
        (lambda low, high: (params(low, high)[0], round(-128 - high / params(low, high)[0])), "not high"),
        (lambda low, high: (params(low, high)[0], round(-128 - low)), "divide low by the scale"),
        (lambda low, high: [params(low, high)], "two values"),
        (lambda low, high: ((high - low) / ..., -128), "still open"),
        (lambda low, high: (params(low, high)[0], -128), "right only for a range that begins at 0"),
    ],
)
def test_activation_params_mistakes(function, text: str) -> None:
    says(text, checks.activation_params, function)


def note(ranges, name, values, start=(0.0, 0.0), first=min, second=max):
    low, high = ranges.get(name, start)
    ranges[name] = (first(low, values.min()), second(high, values.max()))


def test_note_range(capsys: pytest.CaptureFixture) -> None:
    checks.note_range(note)
    assert "✓ TODO 7" in capsys.readouterr().out


def only_new(ranges, name, values):
    ranges.setdefault(name, (values.min(), values.max()))


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda ranges, name, values: None, "still open"),
        (lambda ranges, name, values: ranges.__setitem__(name, ...), "still open"),
        (lambda ranges, name, values: (values.min(), values.max()), "store the pair"),
        (lambda r, n, v: note(r, "all", v), "each name has its own pair"),
        (lambda r, n, v: r.__setitem__(n, (v.min(), v.max())), "last batch alone"),
        (lambda r, n, v: note(r, n, v, (np.inf, -np.inf)), "begin with (0, 0)"),
        (only_new, "the first batch alone"),
        (lambda r, n, v: note(r, n, v, second=lambda a, b: b), "highest is the max"),
        (lambda r, n, v: note(r, n, v, first=lambda a, b: b), "lowest is the min"),
        (lambda r, n, v: r.__setitem__(n, (5.0, 0.0) if n == "b" else (3.0, -1.0)), "the lowest comes first"),
        (lambda r, n, v: note(r, n, v, first=max, second=min), "changed places"),
        (lambda r, n, v: r.__setitem__(n, v.max()), "shape ()"),
        (lambda r, n, v: r[n], "KeyError"),
        (lambda r, n, v: note(r, n, v, first=max), "the min, not the max"),
        (lambda r, n, v: note(r, n, v, second=min), "neither the min nor high alone"),
        (lambda r, n, v: r.__setitem__(n, [v.min(), v.max(), 0]), "shape (3,)"),
        (lambda r, n, v: note(r, n, v, first=lambda a, b: a), "values.min() is missing"),
        (lambda r, n, v: note(r, n, v, second=lambda a, b: a), "neither the min nor high alone"),
        (
            lambda r, n, v: note(r, n, v, second=lambda a, b: a + b, first=lambda a, b: a + b),
            "these are sums",
        ),
        (lambda r, n, v: r.__setitem__(n, (min(v), max(v))), "an axis is missing or one too many"),
        (lambda r, n, v: r.__setitem__(n, (min(0, v), 0)), "use & and |"),
    ],
)
def test_note_range_mistakes(function, text: str) -> None:
    says(text, checks.note_range, function)


@pytest.fixture(scope="module")
def model() -> bytes:
    return int8_model()


@cache
def int8_model() -> bytes:
    """An int8 MobileNet with random weights whose input has another range than 0 to 1, and so another zero point."""
    network = models.randomize(models.mobilenet_v1(size=32))
    return tflite.convert_int8(network, models.random_images(8, (32, 32, 3)) - 0.3)


def convolution(
    x,
    w,
    b,
    source,
    weights,
    target,
    fill=None,
    zero=1,
    bias=1,
    late=0,
    offset=1,
    wide=np.int32,
    clamp=(-128, 127),
    multiply=multiply_by_quantized_multiplier,
    take=None,
    give=None,
):
    """The convolution with one thing done otherwise; `take` and `give` give other zero points for input and output."""
    multiplier, shift = layer_multipliers(source, weights, target, len(w))
    z_x = source.zero_point if take is None else take(source, target)
    z_y = target.zero_point if give is None else give(source, target)
    seen = patches(x, 3, 2, source.zero_point if fill is None else fill).astype(wide)
    sums = (seen - wide(zero * z_x)) @ w.reshape(len(w), -1).T.astype(wide) + bias * b
    y = multiply(sums, multiplier, shift) + late * b + offset * z_y
    return (np.clip(y, *clamp) if clamp else y).astype(np.int8)


def with_real_factor(x, w, b, source, weights, target):
    seen = patches(x, 3, 2, source.zero_point).astype(np.int32) - source.zero_point
    sums = seen @ w.reshape(len(w), -1).T.astype(np.int32) + b
    y = np.round(sums * source.scale * weights.scale / target.scale) + target.zero_point
    return np.clip(y, -128, 127).astype(np.int8)


def test_integer_convolution(model: bytes, capsys: pytest.CaptureFixture) -> None:
    checks.integer_convolution(convolution, model)
    assert "✓ TODO 8" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"fill": 0}, "the edge must stand for 0.0"),
        ({"zero": 0}, "subtract the input's zero point"),
        ({"zero": 0, "fill": 0}, "and fill the edge"),
        ({"bias": 0}, "add the bias to the sums"),
        ({"bias": 0, "late": 1}, "add the bias to the sums"),
        ({"offset": 0}, "add the output's zero point"),
        ({"wide": np.int8}, "int8 overflows"),
        ({"clamp": None}, "clamp"),
        ({"fill": -128}, "which is not always −128"),
        ({"take": lambda source, target: -128, "fill": None}, "neither the output's nor always −128"),
        ({"take": lambda source, target: target.zero_point}, "neither the output's nor always −128"),
        ({"give": lambda source, target: source.zero_point}, "not the input's"),
        ({"zero": -1}, "do not add it"),
        ({"bias": -1}, "do not subtract it"),
        ({"offset": -1}, "do not subtract it"),
        ({"clamp": (-128, 128)}, "128 wraps around"),
        ({"clamp": (-127, 127)}, "goes down to −128"),
        ({"clamp": (0, 127)}, "goes from −128 to 127"),
        (
            {
                "multiply": lambda sums, multiplier, shift: multiply_by_quantized_multiplier(
                    sums, shift, multiplier
                )
            },
            "changed places",
        ),
    ],
)
def test_integer_convolution_mistakes(change: dict, text: str, model: bytes) -> None:
    says(text, checks.integer_convolution, lambda *arguments: convolution(*arguments, **change), model)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda *a: ..., "still open"),
        (lambda x, w, *rest: x @ w, "ValueError"),
        (with_real_factor, "use multiply_by_quantized_multiplier"),
        (lambda *a: convolution(*a).astype(np.int32), "numbers of type int32"),
        (lambda *a: convolution(*a)[..., :1], "shape"),
        (lambda *a: convolution(*a) // 2, "values differ"),
        (lambda *a: None, "is `return` missing?"),
        (lambda x, *a: patches(x, 3, 2, ...), "still open"),
        (lambda x, w, *a: patches(x, 3, 2, 0) @ w, "use .T"),
        (lambda x, w, b, *a: convolution(x, w, b, *a).reshape(-1, 8), "would give it this shape"),
        (lambda x, w, *a: convolution(x, w.reshape(27, 8).T.reshape(w.shape), *a), "mixes them"),
    ],
)
def test_integer_convolution_accidents(function, text: str, model: bytes) -> None:
    says(text, checks.integer_convolution, function, model)


def test_threshold(capsys: pytest.CaptureFixture) -> None:
    checks.threshold(lambda p: round(0.5 / p.scale) + p.zero_point)
    checks.threshold(lambda p: np.rint(0.5 / p.scale + p.zero_point))
    assert capsys.readouterr().out.count("✓ TODO 9") == 2


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (..., "still open"),
        (lambda p: ..., "still open"),
        (lambda p: None, "is `return` missing?"),
        (lambda p: round(0.5 / p.scale), "add the zero point"),
        (lambda p: 0.5 / p.scale, "add the zero point, and round"),
        (lambda p: 0.5 / p.scale + p.zero_point, "round it"),
        (lambda p: int(0.5 / p.scale) + p.zero_point, "cut the fraction off"),
        (lambda p: 0.5 // p.scale + p.zero_point, "cut the fraction off"),
        (lambda p: round(0.5 / p.scale) - p.zero_point, "do not subtract it"),
        (lambda p: round(0.5 * p.scale) + p.zero_point, "divide by the scale"),
        (lambda p: 0.5 * p.scale + p.zero_point, "divide by the scale, and round"),
        (lambda p: round((0.5 + p.zero_point) / p.scale), "divide 0.5 by the scale alone"),
        (lambda p: round(1 / p.scale) + p.zero_point, "one half, not one"),
        (lambda p: 0.5, "the answer is an int8"),
        (lambda p: 127, "uint8"),
        (lambda p: 0, "happen to be so"),
        (lambda p: 42, "got:      42"),
        (lambda p: p.scale, "this is the scale"),
        (lambda p: [0], "one number is wanted"),
        (lambda p: float("nan"), "NaN"),
        (lambda p: "0", "holds more than numbers"),
    ],
)
def test_threshold_mistakes(function, text: str) -> None:
    says(text, checks.threshold, function)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda macs, cycles, mhz: macs * cycles / mhz / 1e6, "seconds"),
        (lambda macs, cycles, mhz: macs * cycles / mhz, "microseconds"),
        (lambda macs, cycles, mhz: macs * cycles, "divide by the cycles"),
        (lambda macs, cycles, mhz: macs / cycles / mhz / 1000, "cycles that each takes"),
        (lambda macs, cycles, mhz: macs / mhz / 1000, "cycles of a MAC are missing"),
        (lambda macs, cycles, mhz: mhz * 1000 / (macs * cycles), "upside down"),
        (lambda macs, cycles, mhz: macs * cycles * mhz, "do not multiply by it"),
        (lambda macs, cycles, mhz: macs * cycles / 240e3, "use the argument"),
        (lambda macs, cycles, mhz: (macs + cycles) / mhz / 1000, "the cycles of a MAC are missing"),
        (lambda macs, cycles, mhz: macs * cycles / mhz * 1000, "in parentheses"),
        (lambda macs, cycles, mhz: macs * cycles / 1000, "divide by the megahertz, too"),
        (lambda macs, cycles, mhz: cycles / mhz / 1000, "the MACs are missing"),
        (lambda macs, cycles, mhz: ... / mhz, "still open"),
        (lambda macs, cycles: macs * cycles, "must take the arguments"),
    ],
)
def test_expected_ms_mistakes(function, text: str) -> None:
    says(text, checks.expected_ms, function)
