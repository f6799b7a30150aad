"""Checks of the XOR notebook, one function for each TODO, in their order."""

import math
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
from aiedge.text import signed
from aiedge.tflite import Graph
from aiedge.tflite.integer import params_of, weight_params
from aiedge.workshop.checks import (
    CheckFailed,
    answer,
    as_array,
    as_number,
    expect,
    likely_mistake,
    listed,
    passed,
    still_open,
)

if TYPE_CHECKING:
    import keras

GATES = {
    "OR": (0, 1, 1, 1),
    "AND": (0, 0, 0, 1),
    "XNOR (the opposite)": (1, 0, 0, 1),
    "NAND": (1, 1, 1, 0),
    "NOR": (1, 0, 0, 0),
    "the first input": (0, 0, 1, 1),
    "the second input": (0, 1, 0, 1),
    "always 0": (0, 0, 0, 0),
    "always 1": (1, 1, 1, 1),
}


def truth_table(inputs: Any, targets: Any) -> None:
    """TODO 1: the four rows of XOR, inputs [4, 2] and targets [4, 1]."""
    x = as_array(inputs, 1, "inputs", (4, 2))
    y = as_array(targets, 1, "targets", (4, 1))
    rows = {(a, b) for a, b in x.tolist()}
    shown = ", ".join(f"{a:g} {b:g}" for a, b in sorted(rows))
    likely = "two rows are the same" if len(rows) < 4 else ""
    if not rows <= {(0, 0), (0, 1), (1, 0), (1, 1)}:
        likely = "an input is 0 or 1"
    expect(
        rows == {(0, 0), (0, 1), (1, 0), (1, 1)},
        1,
        f"the inputs {shown}",
        "each pair of 0 and 1 once",
        likely,
    )
    order = np.lexsort((x[:, 1], x[:, 0]))
    answers = tuple(y[order, 0].tolist())
    gate = next((name for name, values in GATES.items() if values == answers), "")
    likely = "XOR is 1 where the two inputs differ"
    if gate:
        likely = f"this is {gate}; {likely}"
    elif np.array_equal(y[:, 0], (0, 1, 1, 0)):
        likely = f"the targets stand in another order than the inputs; {likely}"
    expect(answers == (0, 1, 1, 0), 1, f"for 00, 01, 10, 11: {listed(answers)}", "[0, 1, 1, 0]", likely)
    for name, value in ("inputs", inputs), ("targets", targets):
        got = f"`{name}` is of type {type(value).__name__}"
        expect(isinstance(value, np.ndarray), 1, got, "a NumPy array", f"{name} = np.array(...)")
    passed(1, "the truth table is right.")


def network(model: Any) -> None:
    """TODO 2: a dense network 2-16-16-1, relu in the hidden layers and sigmoid at the end."""
    import keras

    still_open(2, model, "model")
    got = f"`model` is of type {type(model).__name__}"
    listed_layers = "keras.Sequential([...]) makes a network of the list" if isinstance(model, list) else ""
    expect(isinstance(model, keras.Model), 2, got, "a keras.Sequential", listed_layers)
    likely = "keras.Input((2,)) is missing as the first entry"
    expect(bool(model.built), 2, "a network that does not know its inputs", "2 inputs", likely)
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    units = [layer.units for layer in dense]
    likely = ""
    if units == [16, 1]:
        likely = "there are two hidden layers of 16"
    elif units[:1] == [2]:
        likely = "the 2 inputs are keras.Input((2,)), not a layer of neurons"
    elif units == [16, 16]:
        likely = "the output is missing: a layer of 1 neuron at the end"
    elif units[-1:] == [2]:
        likely = "one output is enough: how sure the network is of 1"
    elif len(units) > 3:
        likely = "a layer too many: two hidden ones and the output"
    elif len(units) == 3:
        likely = "16 neurons, 16 neurons, 1 neuron"
    expect(units == [16, 16, 1], 2, f"layers of {units} units", "[16, 16, 1]", likely)
    activations = [layer.activation.__name__ for layer in dense]
    likely = "the hidden layers have relu, the output sigmoid"
    if activations[-1] == "softmax":
        likely = "softmax of a single number is always 1: use sigmoid"
    elif "linear" in activations[:2]:
        likely = 'without an activation between them, layers in a row are one linear layer: activation="relu"'
    elif activations[-1] == "linear":
        likely = 'the output is between 0 and 1 by sigmoid: activation="sigmoid"'
    elif activations[-1] == "relu":
        likely = "relu at the end can answer more than 1, and has no slope below 0: use sigmoid"
    expect(
        activations == ["relu", "relu", "sigmoid"],
        2,
        f"activations {', '.join(activations)}",
        "relu, relu, sigmoid",
        likely,
    )
    expect(
        tuple(model.input_shape[1:]) == (2,),
        2,
        f"{model.input_shape[-1]} inputs",
        "2 inputs",
        "XOR has two inputs: keras.Input((2,))",
    )
    without = [layer.name for layer in dense if not layer.use_bias]
    expect(
        not without,
        2,
        f"no bias in {', '.join(without)}",
        "a bias in each layer",
        "use_bias=False leaves each neuron's line going through (0, 0): leave it out",
    )
    others = [type(layer).__name__ for layer in model.layers if layer not in dense]
    others = [name for name in others if name != "InputLayer"]
    expect(
        not others, 2, f"a layer of type {', '.join(others)}", "dense layers alone", "leave the others out"
    )
    passed(
        2, f"{model.count_params()} parameters: {' + '.join(str(layer.count_params()) for layer in dense)}."
    )


def trained(model: "keras.Model", inputs: NDArray, targets: NDArray) -> None:
    """After training: the model answers all four rows rightly."""
    answers = np.asarray(model(inputs.astype(np.float32)))[:, 0]
    right = (answers > 0.5) == (targets[:, 0] > 0.5)
    if not right.all():
        raise CheckFailed(
            f"✗ The network has {right.sum()} of 4 rows right: {listed(np.round(answers, 2))}.\n"
            "  likely:   train for more epochs, or build the model and train again"
        )
    print(f"✓ Trained: {np.round(answers, 2).tolist()} for the targets {targets[:, 0].astype(int).tolist()}.")


def add_noise(function: Any) -> None:
    """TODO 3: a function (inputs, sigma, rng) that adds normal noise and leaves its argument alone."""
    clean = np.tile(np.array([[0.0, 1.0]]), (20000, 1))
    before = clean.copy()
    name = "add_noise(...)"
    returned = answer(function, 3, name, clean, 0.25, np.random.default_rng(7))
    noisy = as_array(returned, 3, name, clean.shape)
    expect(
        bool(np.all(clean == before)),
        3,
        "your function changes its argument",
        "a new array",
        "inputs += … writes in place: return inputs + …",
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
    elif abs(mean - 0.25) < 0.01:
        likely = "the mean is 0, the standard deviation sigma: rng.normal(0, sigma, ...)"
    elif abs(mean - 1) < 0.01:
        likely = "the mean is 0: the order is rng.normal(mean, sigma, ...)"
    elif np.allclose(noise[:, 0], 0):
        likely = "add the noise, do not multiply by it: inputs that are 0 get none"
    else:
        likely = "rng.uniform starts at its first argument, and rng.random at 0; rng.normal is centred"
    expect(abs(mean) < 0.01, 3, f"noise with mean {mean:.3f}", "mean 0", likely)
    columns = noise.std(axis=0)
    if min(columns) < 1e-9 < max(columns):
        likely = "add the noise, do not multiply by it: inputs that are 0 get none"
        expect(False, 3, "noise on one input alone", "noise of its own on each", likely)
    if spread == 0:
        likely = "no noise is added: rng.normal(0, sigma, size=inputs.shape)"
    elif abs(spread - 0.5) < 0.005:
        likely = "sigma as it is, not its square root, nor twice"
    elif abs(spread - 0.25 / 2) < 0.005:
        likely = "sigma as it is, not half of it"
    elif abs(spread - 0.0625) < 0.005:
        likely = "sigma is the standard deviation, not the variance: do not square it"
    elif abs(spread - 1) < 0.05:
        likely = "the noise must be scaled by sigma"
    elif abs(spread - 0.25 / np.sqrt(3)) < 0.005 or abs(spread - 0.25 / np.sqrt(12)) < 0.005:
        likely = "this is uniform noise: use rng.normal"
    else:
        likely = "rng.normal(0, sigma, size=inputs.shape) has the width sigma"
    expect(abs(spread - 0.25) < 0.01, 3, f"standard deviation {spread:.3f}", "0.25 for sigma = 0.25", likely)
    expect(
        abs(np.corrcoef(noise.T)[0, 1]) < 0.05,
        3,
        "the same noise on both inputs",
        "noise of its own on each",
        "size=inputs.shape",
    )
    again, other = (
        as_array(answer(function, 3, name, clean, 0.25, np.random.default_rng(seed)), 3, name, clean.shape)
        for seed in (7, 8)
    )
    expect(
        not np.array_equal(again, other),
        3,
        "the same noise at every call",
        "other noise from another rng",
        "the random numbers come from the rng that is handed in: a generator of your own begins anew each time",
    )
    expect(
        np.array_equal(again, noisy),
        3,
        "other noise from the same rng",
        "all random numbers from rng",
        "use the rng that is handed in: rng.normal, not np.random.normal",
    )
    kind = type(returned).__name__
    expect(
        isinstance(returned, np.ndarray), 3, f"a {kind}", "a NumPy array", "leave .tolist() and list(...) out"
    )
    passed(3, "normal noise, centred, of the asked width.")


def scale_and_zero_point(scale: Any, zero_point: Any, low: float, high: float) -> None:
    """TODO 4: scale and zero point of the range [low, high] for int8."""
    s, z = as_number(scale, 4, "scale"), as_number(zero_point, 4, "zero_point")
    right = params_from_range(low, high)
    swapped = bool(np.isclose(z, right.scale, rtol=1e-5))
    got, asked = (
        f"scale {s:.5g}, zero point {z:.5g}",
        f"scale {right.scale:.5g}, zero point {right.zero_point}",
    )
    expect(not swapped, 4, got, asked, "scale and zero_point have changed places")
    likely = likely_mistake(
        s,
        {
            "256 values have 255 steps between them": (high - low) / 256,
            "asymmetric int8 uses all 255 steps from −128 to 127": (high - low) / 127,
            "the steps from −128 to 127 are 255, not 128": (high - low) / 128,
            "this is steps per unit; the scale is units per step": 255 / (high - low),
            "this is the symmetric scale, of weights": max(abs(low), abs(high)) / 127,
            "high minus low: low is negative": (high + low) / 255,
            "high minus low, not low minus high": (low - high) / 255,
            "the range is high − low: low is missing": high / 255,
            "divide the range by 255 steps": high - low,
            "divide by 255, do not multiply": (high - low) * 255,
        },
    )
    likely = likely or "255 steps span the range from low to high"
    expect(bool(np.isclose(s, right.scale, rtol=1e-5)), 4, f"scale {s:.5g}", f"{right.scale:.5g}", likely)
    exact = -128 - low / s
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
    elif z == round(127 - low / s):
        likely = "low becomes −128, not 127"
    elif z == round(-128 - high / s):
        likely = "low must become −128, not high: subtract low / scale"
    elif z == round(-127 - low / s):
        likely = "int8 starts at −128, not at −127"
    elif z == 0:
        likely = (
            "0 is the zero point of weights: low must become −128, solve low = scale · (−128 − zero_point)"
        )
    elif z == -128:
        likely = "−128 is right only for a range that begins at 0: subtract low / scale"
    elif z == -right.zero_point:
        likely = "the sign is wrong: low must become −128"
    else:
        likely = "low must become −128: solve low = scale · (−128 − zero_point), then round"
    expect(z == right.zero_point, 4, f"zero point {z:.5g}", right.zero_point, likely)
    ends, zero = f"{signed(low, '.3f')} … {signed(high, '.3f')}", signed(int(right.zero_point))
    passed(4, f"{ends} becomes −128 … 127, and 0.0 is exactly {zero}.")


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
        "np.floor rounds down: np.round to the nearest": np.clip(np.floor(values / scale) + 5, -128, 127),
        "np.ceil rounds up: np.round to the nearest": np.clip(np.ceil(values / scale) + 5, -128, 127),
        "int8 ends at 127: 128 wraps around to −128": np.clip(np.round(values / scale) + 5, -128, 128)
        .astype(np.int64)
        .astype(np.int8),
        "int8 ends at 127, not at 128": np.clip(np.round(values / scale) + 5, -128, 128),
        "int8 begins at −128": np.clip(np.round(values / scale) + 5, -127, 127),
        "divide the values by the scale before they are rounded": np.clip(
            np.round(values) / scale + 5, -128, 127
        ),
        "the zero point is added after the division": np.clip(np.round((values + 5) / scale), -128, 127),
        "subtract nothing from the values: divide by the scale, then add the zero point": np.clip(
            np.round((values - 5) / scale), -128, 127
        ),
        "clamp above, too, at 127": np.maximum(np.round(values / scale) + 5, -128),
        "clamp below, too, at −128": np.minimum(np.round(values / scale) + 5, 127),
        "these are real numbers again: the integers are wanted": np.round(values / scale) * scale,
        "round, so that whole numbers are left": np.clip(values / scale + 5, -128, 127),
        "divide by the scale, then round": np.clip(np.round(values) + 5, -128, 127),
    }
    likely = likely_mistake(got, mistakes)
    asked = f"{listed(right)} for {listed(values)}, scale 0.1, zero point 5"
    expect(np.array_equal(got, right), 5, listed(got), asked, likely)
    kind = getattr(returned, "dtype", type(returned).__name__)
    expect(kind == np.int8, 5, f"numbers of type {kind}", "int8", "end with .astype(np.int8)")
    passed(5, "rounded, shifted and clamped to int8.")


def integer_layer(function: Any, graph: Graph) -> None:
    """TODO 6: one dense layer in integers, on every layer of the student's own model, bit for bit."""
    rng = np.random.default_rng(0)
    layers = []
    for operator in (op for op in graph.operators if op.kind == "FULLY_CONNECTED"):
        weights, bias = operator.input(1), operator.input(2)
        source, target = params_of(operator.input(0)), params_of(operator.outputs[0])
        layers.append((str(operator), (weights.values, bias.values, source, weight_params(weights), target)))
    # Once more with zero points of which no two are alike, and none is −128.
    weights_, bias_, source, w, target = layers[0][1]
    other = (weights_, bias_, QuantParams(source.scale, 5), w, QuantParams(target.scale, -20))
    for name, arguments in [*layers, ("a layer with other zero points", other)]:
        x = rng.integers(-128, 128, (64, arguments[0].shape[1]), dtype=np.int8)
        answers = answer(function, 6, "integer_layer(...)", x, *arguments)
        got = as_array(answers, 6, "integer_layer(...)", (64, len(arguments[0])))
        right = fully_connected(x, *arguments)
        wrong = int(np.sum(got != right))
        likely = ""
        if wrong:
            mistakes = _layer_mistakes(x, *arguments)
            likely = next((text for text, made in mistakes.items() if np.array_equal(got, made)), "")
            if not likely and np.abs(got - right).max() <= 1:
                likely = "nearly: a real factor, np.round or // rounds otherwise: use multiply_by_quantized_multiplier"
        expect(wrong == 0, 6, f"{wrong} of {right.size} values differ in {name}", "none", likely)
        kind = getattr(answers, "dtype", type(answers).__name__)
        expect(kind == np.int8, 6, f"numbers of type {kind}", "int8", "clamp, then end with .astype(np.int8)")
    passed(6, "every layer of your network, bit for bit.")


def _layer_mistakes(
    x: NDArray, weights: NDArray, bias: NDArray, source: QuantParams, w: QuantParams, target: QuantParams
) -> dict[str, NDArray]:
    """Likely wrong answers of the integer layer, by what went wrong."""
    multiplier, shift = layer_multipliers(source, w, target, len(weights))
    wide, z_x, z_y = weights.T.astype(np.int64), int(source.zero_point), int(target.zero_point)
    products = (x.astype(np.int64) - z_x) @ wide
    # NumPy's int8 wraps around without a word.
    small = x - np.int8(z_x)
    factor = source.scale * w.scale / target.scale

    def scaled(sums: NDArray) -> NDArray:
        return multiply_by_quantized_multiplier(sums, multiplier, shift)

    def clamped(y: NDArray) -> NDArray:
        return np.clip(y, INT8_MIN, INT8_MAX)

    right = scaled(products + bias) + z_y
    overflow = "int8 overflows: convert x and the weights to int32 before you multiply"
    return {
        "subtract the input's zero point from x first": clamped(scaled(x @ wide + bias) + z_y),
        "subtract the input's zero point, do not add it": clamped(
            scaled((x.astype(np.int64) + z_x) @ wide + bias) + z_y
        ),
        "subtract x_params.zero_point from x, not the output's": clamped(
            scaled((x.astype(np.int64) - z_y) @ wide + bias) + z_y
        ),
        "add the bias to the sum, before it is scaled": clamped(scaled(products) + z_y),
        "add the bias before the sum is scaled, not after it": clamped(scaled(products) + bias + z_y),
        "add the bias, do not subtract it": clamped(scaled(products - bias) + z_y),
        "add the output's zero point after scaling": clamped(right - z_y),
        "add y_params.zero_point, not the input's": clamped(right - z_y + z_x),
        "add the output's zero point, do not subtract it": clamped(right - 2 * z_y),
        overflow: clamped(scaled((small @ weights.T).astype(np.int64) + bias) + z_y),
        f"{overflow}, and before you subtract": clamped(scaled(small.astype(np.int64) @ wide + bias) + z_y),
        f"{overflow}; subtract the input's zero point": clamped(
            scaled((x @ weights.T).astype(np.int64) + bias) + z_y
        ),
        "a real factor rounds otherwise: use multiply_by_quantized_multiplier": clamped(
            np.round((products + bias) * factor) + z_y
        ),
        "this cuts the fraction off: use multiply_by_quantized_multiplier": clamped(
            np.trunc((products + bias) * factor) + z_y
        ),
        "this rounds down: use multiply_by_quantized_multiplier": clamped(
            np.floor((products + bias) * factor) + z_y
        ),
        "multiplier and shift have changed places": clamped(
            multiply_by_quantized_multiplier(products + bias, shift, multiplier) + z_y
        ),
        "clamp to −128 … 127 before astype, else large values wrap around": right.astype(np.int8),
        "int8 ends at 127: 128 wraps around to −128": np.clip(right, INT8_MIN, 128).astype(np.int8),
        "int8 ends at 127, not at 128": np.clip(right, INT8_MIN, 128),
        "int8 goes down to −128": np.clip(right, -127, INT8_MAX),
        "int8 goes from −128 to 127 (0 … 255 is uint8's)": np.clip(right, 0, 255),
        "clamp to −128 … 127": right,
    }
