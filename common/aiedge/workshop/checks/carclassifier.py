"""Checks of the car notebook, one function for each TODO, in their order."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.quantization import (
    QuantParams,
    layer_multipliers,
    multiply_by_quantized_multiplier,
    params_from_range,
    patches,
)
from aiedge.quantization.affine import INT8_MAX, INT8_MIN
from aiedge.tflite.integer import params_of, weight_params
from aiedge.workshop.checks import (
    CheckFailed,
    answer,
    as_array,
    as_number,
    as_pair,
    expect,
    likely_mistake,
    listed,
    passed,
    still_open,
)


def accuracy(function: Any) -> None:
    """TODO 1: the share of answers, probability above one half, that are the label."""
    # 4 cars found and 1 missed, 2 wrong alarms: no two of the shares below are alike.
    probabilities = np.array([0.9, 0.2, 0.65, 0.1, 0.8, 0.7, 0.3, 0.51, 0.95, 0.05, 0.4])
    labels = np.array([1, 0, 0, 0, 1, 0, 1, 1, 1, 0, 0])
    right = float(np.mean((probabilities > 0.5) == labels))
    got = as_number(answer(function, 1, "accuracy(...)", probabilities, labels), 1, "accuracy(...)")
    answers = probabilities > 0.5
    likely = likely_mistake(
        got,
        {
            "this is the number of right answers: divide by how many there are, or use np.mean": 8,
            "this is in per cent: the share lies between 0 and 1": 100 * right,
            "this is the share of wrong answers": 1 - right,
            "compare answers, not probabilities, with the labels": np.mean(probabilities == labels),
            "this is the share of pictures called car; compare with the labels": np.mean(answers),
            "the threshold is 0.5": np.mean(labels == np.round(probabilities + 0.3)),
            "the threshold is 0.5, not this one": np.mean((probabilities > 0.6) == labels),
            "this is the share of pictures with a car: compare answers above 0.5, not above 0": np.mean(
                labels
            ),
            "divide by how many there are, not by how many cars": 8 / 5,
            "of those called car, how many are one: compare all answers, also those without": 4 / 6,
            "count all right answers: those without a car are right, too": 4 / 11,
            "this is the mean of the probabilities": np.mean(probabilities),
            "this is how far the probabilities are from the labels: compare answers": np.mean(
                np.abs(probabilities - labels)
            ),
            "probabilities below 0.5 mean: no car": np.mean((probabilities < 0.5) == labels),
        },
    )
    if not likely and got > 1:
        likely = "a share lies between 0 and 1: divide by how many there are, or use np.mean"
    expect(math.isclose(got, right, rel_tol=1e-4), 1, f"{got:.5g} for 8 of 11 right", f"{right:.5g}", likely)
    passed(1, "the share of right answers.")


def macs(function: Any) -> None:
    """TODO 2: multiply-accumulate steps from the shapes of kernel and output, for all kinds of layers."""
    for kind, kernel, output in (
        ("a convolution", (3, 3, 16, 8), (5, 4, 8)),
        ("a depthwise convolution", (3, 3, 8), (5, 4, 8)),
        ("a dense layer", (256, 1), (1, 1, 1)),
    ):
        got = as_number(answer(function, 2, "macs(...)", kernel, output), 2, "macs(...)")
        weights, pixels = math.prod(kernel), output[0] * output[1]
        likely = likely_mistake(
            got,
            {
                "the kernel has the output's channels already: multiply by rows and columns alone": weights
                * pixels
                * output[2],
                "this is the number of weights: each is used for every pixel": weights,
                "a multiplication and an addition count as one step": 2 * weights * pixels,
                "each weight is used rows times columns times": weights * output[0],
                "multiply rows by columns, do not add them": weights * (output[0] + output[1]),
                "each weight is used rows times columns times, not columns times": weights * output[1],
                "multiply the numbers of the kernel's shape, do not add them": sum(kernel) * pixels,
                "the kernel is missing: how many weights has it?": pixels,
                "the kernel is missing: multiply by all the numbers of its shape": pixels * output[2],
                "all numbers of the kernel's shape count, the channels too": math.prod(kernel[:2]) * pixels,
                "every weight is used for every pixel: multiply, do not add": weights + pixels,
                "a bias is no multiplication": weights * pixels + output[2] * pixels,
                "all axes of the kernel count: the last one too": math.prod(kernel[:-1]) * pixels,
            },
        )
        asked = f"{weights * pixels:,} for {kind} with kernel {kernel} and output {output}"
        expect(got == weights * pixels, 2, f"{got:,.10g}", asked, likely)
    passed(2, "convolution, depthwise convolution and dense layer counted.")


def naive(function: Any) -> None:
    """TODO 3: numbers rounded and clamped to int8's range."""
    values = np.array([0.0, 0.4, 0.6, -0.3, -0.7, 5.9, 300.0, -300.0])
    got = as_array(answer(function, 3, "naive(...)", values.copy()), 3, "naive(...)", values.shape)
    right = np.clip(np.round(values), INT8_MIN, INT8_MAX)
    likely = likely_mistake(
        got,
        {
            "this cuts the fraction off: np.round first": np.clip(np.trunc(values), INT8_MIN, INT8_MAX),
            "np.floor rounds down; np.round to the nearest": np.clip(np.floor(values), INT8_MIN, INT8_MAX),
            "clamp to −128 … 127": np.round(values),
            "numbers beyond −128 … 127 must be clamped before astype, else they wrap around": np.round(values)
            .astype(np.int64)
            .astype(np.int8),
            "int8's range is −128 … 127 (0 … 255 is uint8's)": np.clip(np.round(values), 0, 255),
            "int8 goes down to −128": np.clip(np.round(values), -127, 127),
            "round, too": np.clip(values, INT8_MIN, INT8_MAX),
            "np.ceil rounds up; np.round to the nearest": np.clip(np.ceil(values), INT8_MIN, INT8_MAX),
            "int8 ends at 127: 128 wraps around to −128": np.clip(np.round(values), INT8_MIN, 128)
            .astype(np.int64)
            .astype(np.int8),
            "int8 ends at 127, not at 128": np.clip(np.round(values), INT8_MIN, 128),
            "int8 begins at −128: clamp below, too": np.minimum(np.round(values), INT8_MAX),
            "int8 ends at 127: clamp above, too": np.maximum(np.round(values), INT8_MIN),
            "np.abs is not wanted: int8 has negative numbers": np.clip(np.round(np.abs(values)), 0, INT8_MAX),
            "no scale yet: round the numbers as they are": np.round(values / (np.abs(values).max() / 127)),
            "numbers beyond −128 … 127 must be clamped, and rounded, before astype": np.trunc(values)
            .astype(np.int64)
            .astype(np.int8),
        },
    )
    expect(np.array_equal(got, right), 3, listed(got), f"{listed(right)} for {listed(values)}", likely)
    passed(3, "rounded and clamped.")


def scale_of_layer(function: Any) -> None:
    """TODO 4: s = max|w| / 127 of a whole kernel."""
    weights = _kernel()
    got = as_number(answer(function, 4, "scale_of_layer(...)", weights), 4, "scale_of_layer(...)")
    largest = float(np.abs(weights).max())
    likely = likely_mistake(
        got,
        {
            "the largest weight by size is negative here: np.abs first": weights.max() / 127,
            "the lowest number is not the largest by size: np.abs first": weights.min() / 127,
            "divide by 127: int8 goes to 127 and the range is symmetric": largest / 128,
            "one step is max / 127; 255 steps span from −max to max, which is 2 max": largest / 255,
            "this is the asymmetric scale, of activations": np.ptp(weights) / 255,
            "this is how much to multiply by; the scale is what to divide by": 127 / largest,
            "this is the largest weight; the scale makes it 127": largest,
            "the largest weight, not the mean": float(np.abs(weights).mean()) / 127,
            "the largest weight, not the standard deviation": float(weights.std()) / 127,
            "multiply and divide have changed places: the largest divided by 127": largest * 127,
            "the scale is positive: np.abs first": -largest / 127,
            "np.abs before .max(), not after it": abs(float(weights.max())) / 127,
            "from 0 to the largest weight there are 127 steps, not 256": largest / 256,
            "the smallest by size is not the largest": float(np.abs(weights).min()) / 127,
            "the scale is a real number: do not round it": round(largest / 127),
            "from the lowest to the highest is two sides: the largest by size, and 127 steps": np.ptp(weights)
            / 127,
        },
    )
    expect(math.isclose(got, largest / 127, rel_tol=1e-6), 4, f"{got:.5g}", f"{largest / 127:.5g}", likely)
    passed(4, "the largest weight becomes 127 or −127.")


def scales_of_channels(function: Any) -> None:
    """TODO 5: s = max|w| / 127 of each channel, the last axis, of kernels of every kind."""
    for weights in (_kernel(), _kernel()[:, :, 0], _kernel()[0, 0]):
        name = "scales_of_channels(...)"
        channels = weights.shape[-1]
        value = answer(function, 5, name, weights)
        got = as_array(value, 5, name)
        likely = ""
        if got.shape == () and weights.ndim < 4:
            likely = "a depthwise kernel has three axes, a dense one two: range(weights.ndim - 1) is all but the last"
        elif got.shape == ():
            likely = "one number for all: the maximum wants an axis"
        elif got.shape == weights.shape[:1] != (channels,):
            likely = "channels are the last axis here, not the first"
        elif got.shape == weights.shape[:-1]:
            likely = "axis=-1 takes the maximum over the channels: take it over all other axes"
        elif got.shape == (weights.size // channels,):
            likely = (
                "axis=1 of the table is the maximum of each row; axis=0 is that of each column, a channel"
            )
        elif got.shape == weights.shape[1:]:
            likely = "axis=0 is the first axis alone: take it of the table, or over all axes but the last"
        elif got.size == channels:
            likely = "keepdims=False, or .reshape(-1) at the end"
        elif got.shape == weights.shape[-2:]:
            likely = "the maximum over the first two axes leaves two: reshape to a table, or range(weights.ndim - 1)"
        shown = f"shape {got.shape} for a kernel of shape {weights.shape}"
        expect(got.shape == (channels,), 5, shown, f"shape {(channels,)}", likely)
        flat = weights.reshape(-1, channels)
        largest = np.abs(flat).max(axis=0)
        likely = likely_mistake(
            got,
            {
                "weights are negative, too: np.abs first": flat.max(axis=0) / 127,
                "divide by 127": largest / 128,
                "this is how much to multiply by; the scale is what to divide by": 127 / largest,
                "the scale makes the largest weight 127: divide by 127": largest,
                "each channel has its own maximum": np.full(channels, np.abs(weights).max() / 127),
                "reshape(-1, channels) keeps the last axis whole; reshape(channels, -1) mixes the channels": np.abs(
                    weights.reshape(channels, -1)
                ).max(axis=1)
                / 127,
                "the maximum, not the mean": np.abs(flat).mean(axis=0) / 127,
                "the maximum, not the sum": np.abs(flat).sum(axis=0) / 127,
                "symmetric int8 has 127 steps on each side, not 255": largest / 255,
                "this is the asymmetric scale, of activations": np.ptp(flat, axis=0) / 255,
                "np.abs before .max(), not after it": np.abs(flat.max(axis=0)) / 127,
                "the lowest number is not the largest by size: np.abs first": flat.min(axis=0) / 127,
                "multiply and divide have changed places: the largest divided by 127": largest * 127,
            },
        )
        right = largest / 127
        expect(np.allclose(got, right, rtol=1e-6), 5, listed(got), listed(right), likely)
    passed(5, "a scale for each channel, whatever the kernel's axes.")


def activation_params(function: Any) -> None:
    """TODO 6: scale and zero point of a range for int8."""
    # In the last range the zero point's fraction is above one half: there int() and round() differ.
    for low, high in ((-1.0, 3.0), (0.0, 6.0), (-2.5, 0.0), (-0.7, 2.0)):
        name = "activation_params(...)"
        pair = as_pair(answer(function, 6, name, low, high), 6, name, "scale", "zero_point")
        s, z = as_number(pair[0], 6, "scale"), as_number(pair[1], 6, "zero_point")
        right = params_from_range(low, high)
        swapped = math.isclose(z, float(right.scale), rel_tol=1e-6)
        got = f"scale {s:.5g}, zero point {z:.5g}"
        expect(
            not swapped,
            6,
            got,
            f"scale {right.scale:.5g}, zero point {right.zero_point}",
            "scale and zero_point have changed places: return scale, zero_point",
        )
        likely = likely_mistake(
            s,
            {
                "256 values have 255 steps between them": (high - low) / 256,
                "asymmetric int8 uses all 255 steps from −128 to 127": (high - low) / 127,
                "this is steps per unit; the scale is units per step": 255 / (high - low),
                "this is the symmetric scale, of weights": max(-low, high) / 127,
                "high minus low: low may be negative": (high + low) / 255,
                "high minus low, not low minus high": (low - high) / 255,
                "these 255 steps span high − low: low is missing": high / 255,
                "divide the range by 255": high - low,
                "256 numbers have 255 steps between them, not 254": (high - low) / 254,
                "divide, do not multiply": (high - low) * 255,
                "two ends, high and low: this is their mean": (high + low) / 2,
            },
        )
        asked = f"for {low:g} … {high:g}"
        expect(
            math.isclose(s, float(right.scale), rel_tol=1e-6),
            6,
            f"scale {s:.5g} {asked}",
            f"{right.scale:.5g}",
            likely,
        )
        exact = -128 - low / s
        if z == right.zero_point:
            continue
        if z != round(z):
            likely = "the zero point is an integer: round it"
        elif z == int(exact):
            likely = "int() cuts the fraction off, and math.ceil does the same here: round(...)"
        elif z == math.floor(exact):
            likely = "math.floor rounds down: round(...)"
        elif z == right.zero_point + 128:
            likely = "this is the zero point of uint8; int8 starts at −128"
        elif z == round(-128 + low / s):
            likely = "subtract low / scale: low is negative, so the zero point is above −128"
        elif z == 0:
            likely = "0 is the zero point of weights; activations are not symmetric"
        elif z == round(127 - low / s):
            likely = "low becomes −128, not 127"
        elif z == -128:
            likely = "−128 is right only for a range that begins at 0: subtract low / scale"
        elif z == round(-128 - low * s):
            likely = "divide low by the scale, do not multiply"
        elif z == round(-128 - high / s):
            likely = "low must become −128, not high: subtract low / scale"
        elif z == round(-127 - low / s):
            likely = "int8 starts at −128, not at −127"
        elif z == round(128 + low / s) or z == round(128 - low / s):
            likely = "low becomes −128: the sign of the 128 is wrong"
        elif z == round(-128 - low):
            likely = "divide low by the scale"
        else:
            likely = "low must become −128: solve −128 = low / scale + zero_point"
        expect(False, 6, f"zero point {z:.5g} {asked}", right.zero_point, likely)
    passed(6, "lowest to −128, highest to 127, and 0 has an integer.")


def note_range(function: Any) -> None:
    """TODO 7: a dict of (lowest, highest) by name that only ever widens, and holds 0."""
    ranges: dict[str, Any] = {}
    batches = [
        ("a", [-1.0, 2.0]),
        ("b", [1.0, 5.0]),
        ("a", [0.5, 3.0]),
        ("a", [-0.5, 1.0]),
        ("b", [2.0, 4.0]),
    ]
    expected = {"a": (-1.0, 3.0), "b": (0.0, 5.0)}
    for name, values in batches:
        array = np.array([values], np.float32)
        returned = answer(function, 7, "note_range(...)", ranges, name, array, returns=False)
        if not ranges and returned is not None:
            likely = "store the pair: ranges[name] = ..., and return nothing"
            expect(False, 7, "`ranges` stays empty, the pair is returned", "a pair in `ranges`", likely)
    if not ranges:
        raise CheckFailed("✗ TODO 7 is still open: `ranges` is empty after five calls.")
    if any(value is Ellipsis for value in ranges.values()):
        still_open(7, ..., "ranges[name]")
    expect(
        set(ranges) == set(expected),
        7,
        f"ranges of {sorted(map(str, ranges))}",
        "ranges of ['a', 'b']",
        "each name has its own pair: ranges[name] = ...",
    )
    got = {}
    for name, pair in ranges.items():
        got[name] = tuple(as_array(pair, 7, f"ranges[{name!r}]", (2,)).tolist())
    wrong: dict[str, dict[str, tuple[float, float]]] = {
        "this keeps the last batch alone: compare with what was known": {"a": (-0.5, 1.0), "b": (2.0, 4.0)},
        "begin with (0, 0), so that 0 lies in the range": {"a": (-1.0, 3.0), "b": (1.0, 5.0)},
        "this keeps the first batch alone": {"a": (-1.0, 2.0), "b": (1.0, 5.0)},
        "begin with (0, 0), and widen at every call": {"a": (-1.0, 2.0), "b": (0.0, 5.0)},
        "the highest is the max of what is known and values.max()": {"a": (-1.0, 1.0), "b": (0.0, 4.0)},
        "the lowest is the min of what is known and values.min()": {"a": (-0.5, 3.0), "b": (2.0, 5.0)},
        "the lowest comes first": {"a": (3.0, -1.0), "b": (5.0, 0.0)},
        "min and max have changed places": {"a": (0.5, 0.0), "b": (2.0, 0.0)},
        "the lowest so far is the min, not the max": {"a": (0.5, 3.0), "b": (2.0, 5.0)},
        "values.min() and values.max(), not the mean": {"a": (0.0, 1.75), "b": (0.0, 3.0)},
        "these are sums: keep the lower and the higher of two": {"a": (-1.0, 6.0), "b": (3.0, 9.0)},
        "the lower of two numbers: values.min() is missing": {"a": (0.0, 3.0), "b": (0.0, 5.0)},
        "the highest is max(high, values.max()): neither the min nor high alone": {
            "a": (-1.0, 0.0),
            "b": (0.0, 0.0),
        },
    }
    likely = next((text for text, pairs in wrong.items() if pairs == got), "")
    wrong_name = next((name for name in expected if got[name] != expected[name]), "a")
    shown, asked = listed(got[wrong_name]), listed(expected[wrong_name])
    expect(got == expected, 7, f"{shown} for {wrong_name!r}", f"{asked} after all its batches", likely)
    passed(7, "ranges only widen, and hold 0.")


def integer_convolution(function: Any, model: bytes) -> None:
    """TODO 8: the model's first layer in integers on a picture of noise, bit for bit what the interpreter computes."""
    graph = tflite.read(model)
    operator = graph.operators[0]
    x = np.random.default_rng(0).integers(-128, 128, graph.inputs[0].sample_shape, dtype=np.int8)
    weights, bias = operator.input(1), operator.input(2)
    params = (params_of(operator.input(0)), weight_params(weights), params_of(operator.outputs[0]))
    right = tflite.tensor_after_run(model, x, operator.outputs[0].index)
    name = "integer_convolution(...)"
    returned = answer(function, 8, name, x, weights.values, bias.values, *params)
    got = as_array(returned, 8, name, right.shape)
    _compare_convolution(got, right, x, weights.values, bias.values, *params)
    kind = getattr(returned, "dtype", type(returned).__name__)
    expect(kind == np.int8, 8, f"numbers of type {kind}", "int8", "clamp, then end with .astype(np.int8)")
    # Once more with zero points of which no two are alike, and none is −128.
    source, _, target = params
    other = (QuantParams(source.scale, -3), params[1], QuantParams(target.scale, 11))
    right = _convolution(x, weights.values, bias.values, *other)
    got = as_array(answer(function, 8, name, x, weights.values, bias.values, *other), 8, name, right.shape)
    _compare_convolution(got, right, x, weights.values, bias.values, *other)
    passed(8, f"all {right.size:,} values, bit for bit those of the interpreter.")


def threshold(function: Any) -> None:
    """TODO 9: the integer that stands for 0.5, for scales and zero points of which the first one needs rounding."""
    for scale, zero_point in ((0.012, -21), (0.003, 5), (1 / 256, -128)):
        params = QuantParams(scale, zero_point)
        got = as_number(answer(function, 9, "threshold_of(...)", params), 9, "threshold_of(...)")
        steps = 0.5 / scale
        likely = likely_mistake(
            got,
            {
                "add the zero point": round(steps),
                "add the zero point, and round": steps,
                "round it: the answer is an int8": steps + zero_point,
                "int() and // cut the fraction off: round(...)": int(steps) + zero_point,
                "add the zero point, do not subtract it": round(steps) - zero_point,
                "divide by the scale": round(0.5 * scale) + zero_point,
                "divide by the scale, and round": 0.5 * scale + zero_point,
                "this is a real number: the answer is an int8": 0.5,
                "127 is the middle of uint8": 127,
                "0 stands for 0.5 only where scale and zero point happen to be so": 0,
                "0.5 is one half: of a probability, not of the scale": round(0.5 * 255) + zero_point,
                "the probability is one half, not one": round(1 / scale) + zero_point,
                "this is the scale": scale,
                "divide 0.5 by the scale alone, then add the zero point": round((0.5 + zero_point) / scale),
                "multiply nothing: 0.5 / scale + zero point": round(steps) * zero_point,
                "the other way round: 0.5 / scale, not scale / 0.5": round(scale / 0.5) + zero_point,
            },
        )
        right = round(steps) + zero_point
        asked = f"{right} for the scale {scale:.4g} and the zero point {zero_point}"
        expect(got == right, 9, f"{got:.5g}", asked, likely)
    passed(9, "the integer that stands for one half.")


def expected_ms(function: Any) -> None:
    """TODO 10: milliseconds from MACs, cycles a MAC and megahertz."""
    got = as_number(answer(function, 10, "expected_ms(...)", 6_000_000, 20.0, 160), 10, "expected_ms(...)")
    cycles = 6_000_000 * 20.0
    likely = likely_mistake(
        got,
        {
            "these are seconds": cycles / 160e6,
            "these are microseconds": cycles / 160,
            "a megahertz is a million cycles in a second, a thousand in a millisecond": cycles
            / 160e3
            / 1000
            * 1e6,
            "these are cycles: divide by the cycles of a millisecond": cycles,
            "multiply MACs by the cycles that each takes": 6_000_000 / 20.0 / 160e3,
            "the cycles of a MAC are missing": 6_000_000 / 160e3,
            "this is milliseconds upside down: cycles / cycles per millisecond": 160e3 / cycles,
            "divide by the clock, do not multiply by it": cycles * 160,
            "divide by the clock, do not multiply by it: cycles / (megahertz * 1000)": cycles * 160e3,
            "the clock is 160 MHz, not 240: use the argument": cycles / 240e3,
            "the MACs are missing": 20.0 / 160e3,
            "megahertz * 1000 in parentheses: a / b * c divides by b alone": cycles / 160 * 1000,
            "these are kilocycles: divide by the megahertz, too": cycles / 1000,
            "these are nanoseconds": cycles / 160 * 1e3,
        },
    )
    asked = "750 ms for 6 million MACs of 20 cycles at 160 MHz"
    expect(math.isclose(got, 750), 10, f"{got:.5g}", asked, likely)
    passed(10, "MACs, cycles and a clock make milliseconds.")


def _kernel() -> NDArray[np.float32]:
    """A kernel [3, 3, 2, 4] whose channels have ranges of their own; its largest weight by size is negative."""
    kernel = np.random.default_rng(0).uniform(-1, 1, (3, 3, 2, 4)).astype(np.float32)
    kernel *= np.array([0.01, 0.1, 1, 4], np.float32)
    kernel[0, 0, 0] = (-0.02, 0.2, -1.5, -6.0)
    return kernel


def _compare_convolution(got: NDArray, right: NDArray, *arguments: Any) -> None:
    """Raise `CheckFailed` unless all values are right, with the mistake that leads to those that were got."""
    wrong = int(np.sum(got != right))
    if not wrong:
        return
    mistakes = _convolution_mistakes(*arguments)
    likely = next((text for text, made in mistakes if np.array_equal(got, made())), "")
    if not likely and np.abs(got - right).max() <= 1:
        likely = (
            "nearly: a real factor, np.round or // rounds otherwise: use multiply_by_quantized_multiplier"
        )
    place = tuple(int(i[0]) for i in np.nonzero(got != right))
    first = f"{wrong:,} of {right.size:,} values differ, the first is {got[place]:.5g}"
    expect(False, 8, first, f"{right[place]:.5g} at {place}", likely)


def _convolution(
    x: NDArray,
    weights: NDArray,
    bias: NDArray,
    source: QuantParams,
    w: QuantParams,
    target: QuantParams,
    fill: int | None = None,
    offset: int | None = None,
    added: int | None = None,
    clamp: Callable[[NDArray], NDArray] = lambda y: np.clip(y, INT8_MIN, INT8_MAX),
    before: NDArray | int | None = None,
    after: NDArray | int = 0,
    multiply: Callable[..., NDArray] = multiply_by_quantized_multiplier,
) -> NDArray:
    """The integer convolution; what is given instead of None makes a mistake of it."""
    multiplier, shift = layer_multipliers(source, w, target, len(weights))
    zero = int(source.zero_point)
    seen = patches(x, 3, 2, zero if fill is None else fill).astype(np.int64) - (
        zero if offset is None else offset
    )
    sums = seen @ weights.reshape(len(weights), -1).T.astype(np.int64) + (bias if before is None else before)
    y = multiply(sums, multiplier, shift) + after + (target.zero_point if added is None else added)
    return clamp(np.asarray(y))


def _convolution_mistakes(
    x: NDArray, weights: NDArray, bias: NDArray, source: QuantParams, w: QuantParams, target: QuantParams
) -> list[tuple[str, Callable[[], NDArray]]]:
    """Likely wrong answers of the integer convolution: what went wrong, and what comes out then."""
    zero, z_y = int(source.zero_point), int(target.zero_point)

    def made(**changes: Any) -> Callable[[], NDArray]:
        return lambda: _convolution(x, weights, bias, source, w, target, **changes)

    def narrow() -> NDArray:
        small = (patches(x, 3, 2, zero) - np.int8(zero)) @ weights.reshape(len(weights), -1).T
        multiplier, shift = layer_multipliers(source, w, target, len(weights))
        sums = small.astype(np.int64) + bias
        return np.clip(multiply_by_quantized_multiplier(sums, multiplier, shift) + z_y, INT8_MIN, INT8_MAX)

    def wrapped(y: NDArray) -> NDArray:
        return y.astype(np.int8)

    def to_128(y: NDArray) -> NDArray:
        return np.clip(y, INT8_MIN, 128).astype(np.int8)

    def swapped(sums: NDArray, multiplier: NDArray, shift: NDArray) -> NDArray:
        return multiply_by_quantized_multiplier(sums, shift, multiplier)

    def real(around: Callable[[NDArray], NDArray]) -> Callable[..., NDArray]:
        factor = float(source.scale) * w.scales(len(weights)) / float(target.scale)
        return lambda sums, multiplier, shift: around(sums * factor)

    mixed = weights.reshape(-1, len(weights)).T.reshape(weights.shape)
    subtract = "subtract the input's zero point from the patches"
    before = "add the bias to the sums, before they are scaled"
    return [
        ("the edge must stand for 0.0: fill with the zero point of x", made(fill=0)),
        (
            "the edge must stand for 0.0: fill with the zero point of x, which is not always −128",
            made(fill=-128),
        ),
        (subtract, made(offset=0)),
        (f"{subtract}, do not add it", made(offset=-zero)),
        (f"{subtract}, and fill the edge with it", made(fill=0, offset=0)),
        (f"{subtract}: x_params.zero_point, neither the output's nor always −128", made(offset=z_y)),
        (f"{subtract}: x_params.zero_point, neither the output's nor always −128", made(offset=-128)),
        (
            "reshape(8, 27).T keeps each kernel whole; reshape(27, 8) mixes them",
            lambda: _convolution(x, mixed, bias, source, w, target),
        ),
        (before, made(before=0)),
        (before, made(before=0, after=bias)),
        ("add the bias, do not subtract it", made(before=-bias)),
        ("add the output's zero point after scaling", made(added=0)),
        ("add the output's zero point, y_params.zero_point, not the input's", made(added=zero)),
        ("add the output's zero point, do not subtract it", made(added=-z_y)),
        ("int8 overflows: convert the patches to int32 first", narrow),
        (
            "a real factor rounds otherwise: use multiply_by_quantized_multiplier",
            made(multiply=real(np.round)),
        ),
        ("this cuts the fraction off: use multiply_by_quantized_multiplier", made(multiply=real(np.trunc))),
        ("this rounds down: use multiply_by_quantized_multiplier", made(multiply=real(np.floor))),
        ("multiplier and shift have changed places", made(multiply=swapped)),
        ("clamp to −128 … 127 before astype, else large values wrap around", made(clamp=wrapped)),
        ("int8 ends at 127: 128 wraps around to −128", made(clamp=to_128)),
        ("int8 ends at 127, not at 128", made(clamp=lambda y: np.clip(y, INT8_MIN, 128))),
        ("int8 goes down to −128", made(clamp=lambda y: np.clip(y, -127, INT8_MAX))),
        ("int8 goes from −128 to 127 (0 … 255 is uint8's)", made(clamp=lambda y: np.clip(y, 0, 255))),
        ("int8 goes from −128 to 127", made(clamp=lambda y: np.clip(y, 0, INT8_MAX))),
        ("clamp to −128 … 127", made(clamp=lambda y: y)),
    ]
