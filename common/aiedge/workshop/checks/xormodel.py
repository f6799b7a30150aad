"""Checks of the XOR notebook, one function for each TODO, in their order."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aiedge.quantization import (
    QuantParams,
    fully_connected,
    layer_multipliers,
    multiply_by_quantized_multiplier,
    params_from_range,
)
from aiedge.quantization import quantize as reference_quantize
from aiedge.quantization.affine import INT8_MAX, INT8_MIN
from aiedge.tflite import Graph
from aiedge.tflite.integer import params_of, weight_params
from aiedge.workshop.checks import CheckFailed, answer, as_array, expect, passed, still_open

if TYPE_CHECKING:
    import keras

GATES = {"OR": (0, 1, 1, 1), "AND": (0, 0, 0, 1), "XNOR (the opposite)": (1, 0, 0, 1), "NAND": (1, 1, 1, 0)}


def truth_table(inputs: Any, targets: Any) -> None:
    """TODO 1: the four rows of XOR, inputs [4, 2] and targets [4, 1]."""
    x = as_array(inputs, 1, "inputs", (4, 2))
    y = as_array(targets, 1, "targets", (4, 1))
    rows = {(a, b) for a, b in x.tolist()}
    expect(
        rows == {(0, 0), (0, 1), (1, 0), (1, 1)}, 1, f"the inputs {sorted(rows)}", "each pair of 0 and 1 once"
    )
    order = np.lexsort((x[:, 1], x[:, 0]))
    answers = tuple(int(value) if value == int(value) else value for value in y[order, 0].tolist())
    gate = next((name for name, values in GATES.items() if values == answers), "")
    likely = (
        f"this is {gate}; XOR is 1 where the two inputs differ"
        if gate
        else "XOR is 1 where the two inputs differ"
    )
    expect(answers == (0, 1, 1, 0), 1, f"for 00, 01, 10, 11: {answers}", "(0, 1, 1, 0)", likely)
    for name, value in ("inputs", inputs), ("targets", targets):
        got = f"`{name}` is of type {type(value).__name__}"
        expect(isinstance(value, np.ndarray), 1, got, "a NumPy array", f"{name} = np.array(...)")
    passed(1, "the truth table is right.")


def network(model: Any) -> None:
    """TODO 2: a dense network 2-16-16-1, relu in the hidden layers and sigmoid at the end."""
    import keras

    still_open(2, model, "model")
    expect(
        isinstance(model, keras.Model), 2, f"`model` is of type {type(model).__name__}", "a keras.Sequential"
    )
    if not model.built:
        raise CheckFailed(
            "✗ TODO 2 is not right yet.\n  likely:   keras.Input((2,)) is missing as the first entry"
        )
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    units = [layer.units for layer in dense]
    expect(units == [16, 16, 1], 2, f"layers of {units} units", "[16, 16, 1]")
    activations = [layer.activation.__name__ for layer in dense]
    likely = (
        "without an activation between them, layers in a row are one linear layer"
        if "linear" in activations
        else ""
    )
    expect(
        activations == ["relu", "relu", "sigmoid"],
        2,
        f"activations {activations}",
        "['relu', 'relu', 'sigmoid']",
        likely,
    )
    expect(tuple(model.input_shape[1:]) == (2,), 2, f"input shape {model.input_shape}", "(None, 2)")
    passed(
        2, f"{model.count_params()} parameters: {' + '.join(str(layer.count_params()) for layer in dense)}."
    )


def trained(model: "keras.Model", inputs: NDArray, targets: NDArray) -> None:
    """After training: the model answers all four rows rightly."""
    answers = np.asarray(model(inputs.astype(np.float32)))[:, 0]
    right = (answers > 0.5) == (targets[:, 0] > 0.5)
    if not right.all():
        raise CheckFailed(
            f"✗ The network has {right.sum()} of 4 rows right: {np.round(answers, 2).tolist()}.\n"
            "  likely:   train for more epochs, or build the model and train again"
        )
    print(f"✓ Trained: {np.round(answers, 2).tolist()} for the targets {targets[:, 0].astype(int).tolist()}.")


def add_noise(function: Any) -> None:
    """TODO 3: a function (inputs, sigma, rng) that adds normal noise and leaves its argument alone."""
    clean = np.tile(np.array([[0.0, 1.0]]), (20000, 1))
    before = clean.copy()
    name = "add_noise(...)"
    noisy = as_array(answer(function, 3, name, clean, 0.25, np.random.default_rng(7)), 3, name, clean.shape)
    expect(
        bool(np.all(clean == before)),
        3,
        "your function changes its argument",
        "a new array",
        "inputs += … writes in place",
    )
    noise = noisy - clean
    mean, spread = float(noise.mean()), float(noise.std())
    expect(
        mean == 0 or float(np.ptp(noise, axis=0).max()) > 1e-9,
        3,
        "the same noise in every row",
        "noise of its own for each value",
        "pass size=inputs.shape; the order is rng.normal(mean, sigma, ...)",
    )
    if abs(mean + 0.5) < 0.01:
        likely = "add the noise to the inputs: inputs + ..."
    else:
        likely = "rng.uniform starts at its first argument; rng.normal is centred"
    expect(abs(mean) < 0.01, 3, f"noise with mean {mean:.3f}", "mean 0", likely)
    if abs(spread - 0.0625) < 0.005:
        likely = "sigma is the standard deviation, not the variance: do not square it"
    elif abs(spread - 1) < 0.05:
        likely = "the noise must be scaled by sigma"
    elif abs(spread - 0.25 / np.sqrt(3)) < 0.005:
        likely = "this is uniform noise: use rng.normal"
    else:
        likely = ""
    expect(abs(spread - 0.25) < 0.01, 3, f"standard deviation {spread:.3f}", "0.25 for sigma = 0.25", likely)
    expect(
        abs(np.corrcoef(noise.T)[0, 1]) < 0.05,
        3,
        "the same noise on both inputs",
        "noise of its own on each",
        "size=inputs.shape",
    )
    passed(3, "normal noise, centred, of the asked width.")


def scale_and_zero_point(scale: Any, zero_point: Any, low: float, high: float) -> None:
    """TODO 4: scale and zero point of the range [low, high] for int8."""
    s = float(as_array(scale, 4, "scale", ()))
    z = float(as_array(zero_point, 4, "zero_point", ()))
    right = params_from_range(low, high)
    likely = next(
        (
            text
            for value, text in (
                ((high - low) / 256, "256 values have 255 steps between them"),
                ((high - low) / 127, "asymmetric int8 uses all 255 steps from −128 to 127"),
                (255 / (high - low), "this is steps per unit; the scale is units per step"),
                (max(abs(low), abs(high)) / 127, "this is the symmetric scale, of weights"),
            )
            if np.isclose(s, value, rtol=1e-6)
        ),
        "255 steps span the range from low to high",
    )
    expect(bool(np.isclose(s, right.scale, rtol=1e-5)), 4, f"scale {s:.6g}", f"{right.scale:.6g}", likely)
    if z == right.zero_point + 128:
        likely = "this is the zero point of uint8; int8 starts at −128"
    elif z != round(z):
        likely = "the zero point is an integer: round it"
    else:
        likely = "low must become −128: solve low = scale · (−128 − zero_point), then round"
    expect(z == right.zero_point, 4, f"zero point {z:g}", right.zero_point, likely)
    passed(4, f"{low:.3f} … {high:.3f} becomes −128 … 127, and 0.0 is exactly {right.zero_point}.")


def quantize(function: Any) -> None:
    """TODO 5: a function (values, scale, zero_point) that returns int8."""
    values = np.array([0.0, 0.3, 0.49, 0.51, 1.0, -0.3, 40.0, -40.0])
    scale, zero_point = 0.1, 5
    returned = answer(function, 5, "quantize(...)", values, scale, zero_point)
    got = as_array(returned, 5, "quantize(...)", values.shape)
    right = reference_quantize(values, QuantParams(scale, zero_point)).astype(np.float64)
    mistakes: dict[str, NDArray] = {
        "np.round before astype, which cuts the fraction off": np.trunc(
            np.clip(values / scale + 5, -128, 127)
        ),
        "np.round before the zero point is added; astype alone cuts the fraction off": np.clip(
            np.trunc(values / scale) + 5, -128, 127
        ),
        "add the zero point before you clamp": (np.clip(np.round(values / scale), -128, 127) + 5)
        .astype(np.int64)
        .astype(np.int8),
        "divide by the scale": np.clip(np.round(values * scale) + 5, -128, 127),
        "add the zero point": np.clip(np.round(values / scale), -128, 127),
        "add the zero point, do not subtract it": np.clip(np.round(values / scale) - 5, -128, 127),
        "values outside of −128 … 127 must be clamped before astype, else they wrap around": (
            (np.round(values / scale) + 5).astype(np.int64).astype(np.int8)
        ),
        "clamp to −128 … 127": np.round(values / scale) + 5,
        "clamp to −128 … 127, the range of int8 (0 … 255 is uint8's)": np.clip(
            np.round(values / scale) + 5, 0, 255
        ),
    }
    likely = next((text for text, wrong in mistakes.items() if np.array_equal(got, wrong)), "")
    expect(
        np.array_equal(got, right),
        5,
        got.tolist(),
        f"{right.tolist()} for {values.tolist()}, scale 0.1, zero point 5",
        likely,
    )
    kind = getattr(returned, "dtype", type(returned).__name__)
    expect(kind == np.int8, 5, f"numbers of type {kind}", "int8", "end with .astype(np.int8)")
    passed(5, "rounded, shifted and clamped to int8.")


def integer_layer(function: Any, graph: Graph) -> None:
    """TODO 6: one dense layer in integers, on every layer of the student's own model, bit for bit."""
    rng = np.random.default_rng(0)
    for operator in (op for op in graph.operators if op.kind == "FULLY_CONNECTED"):
        weights, bias = operator.input(1), operator.input(2)
        source, target = params_of(operator.input(0)), params_of(operator.outputs[0])
        x = rng.integers(-128, 128, (64, weights.shape[1]), dtype=np.int8)
        arguments = (weights.values, bias.values, source, weight_params(weights), target)
        answers = answer(function, 6, "integer_layer(...)", x, *arguments)
        got = as_array(answers, 6, "integer_layer(...)", (64, weights.shape[0]))
        right = fully_connected(x, *arguments)
        likely = next(
            (text for text, wrong in _layer_mistakes(x, *arguments).items() if np.array_equal(got, wrong)), ""
        )
        wrong = int(np.sum(got != right))
        expect(wrong == 0, 6, f"{wrong} of {right.size} values differ in {operator}", "none", likely)
        kind = getattr(answers, "dtype", type(answers).__name__)
        expect(kind == np.int8, 6, f"numbers of type {kind}", "int8", "clamp, then end with .astype(np.int8)")
    passed(6, "every layer of your network, bit for bit.")


def _layer_mistakes(
    x: NDArray, weights: NDArray, bias: NDArray, source: QuantParams, w: QuantParams, target: QuantParams
) -> dict[str, NDArray]:
    """Likely wrong answers of the integer layer, by what went wrong."""
    multiplier, shift = layer_multipliers(source, w, target, len(weights))
    wide = weights.T.astype(np.int64)
    products = (x.astype(np.int64) - source.zero_point) @ wide
    # NumPy's int8 wraps around without a word.
    narrow = ((x - np.int8(source.zero_point)) @ weights.T).astype(np.int64)

    def scaled(sums: NDArray) -> NDArray:
        return multiply_by_quantized_multiplier(sums, multiplier, shift) + target.zero_point

    return {
        "subtract the input's zero point from x first": np.clip(scaled(x @ wide + bias), INT8_MIN, INT8_MAX),
        "add the bias to the sum, before it is scaled": np.clip(scaled(products), INT8_MIN, INT8_MAX),
        "add the output's zero point after scaling": np.clip(
            scaled(products + bias) - target.zero_point, INT8_MIN, INT8_MAX
        ),
        "int8 overflows: convert x and the weights to int32 before you multiply": np.clip(
            scaled(narrow + bias), INT8_MIN, INT8_MAX
        ),
        "a real factor rounds otherwise: use multiply_by_quantized_multiplier": np.clip(
            np.round((products + bias) * (source.scale * w.scale / target.scale)) + target.zero_point,
            INT8_MIN,
            INT8_MAX,
        ),
        "clamp to −128 … 127 before astype, else large values wrap around": scaled(products + bias).astype(
            np.int8
        ),
    }
