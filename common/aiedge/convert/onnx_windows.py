"""ONNX's operators with a window: convolutions and pools, their padding, and what is folded into their weights."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aiedge.convert.network import NONE, SIDE_BY_SIDE, Step, Value
from aiedge.convert.onnx_file import Node
from aiedge.tflite.window import SAME, VALID, Window

if TYPE_CHECKING:
    from aiedge.convert.onnx_translation import Translation

LOWEST = float(np.finfo(np.float32).min)
# Operators with weights and the axis of those along which the channels lie.
CHANNELS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 0}
BIAS = {"TRANSPOSE_CONV": 3}  # the place of the bias; 2 of all others


def conv(t: "Translation", node: Node) -> Value:
    """Conv, in one or two dimensions."""
    weights, source = t.constant(node, 1, "weights"), t.image(node, 0)
    if weights.ndim == 3:
        weights = weights[:, :, np.newaxis]
    if weights.ndim != 4:
        t.refuse(
            node, f"it has weights of the shape {list(weights.shape)}", "one and two dimensions are supported"
        )
    group, (outputs, each) = node.attributes.get("group", 1), weights.shape[:2]
    if group < 1 or outputs % group or source.shape[1] != each * group:
        t.damaged(
            node,
            f"its weights {list(weights.shape)} in {group} groups do not take {source.shape[1]} channels",
        )
    bias = t.constant(node, 2, "bias") if t.has(node, 2) else np.zeros(outputs, np.float32)
    if bias.shape != (outputs,):
        t.damaged(node, f"its bias has the shape {list(bias.shape)} for {outputs} channels")
    windows, pads = _windows(t, node, source.shape[2:], weights.shape[2:])
    if any(pads):
        source = padded(t, node, source, pads, 0.0)
    x = t.network.lies_as(source, SIDE_BY_SIDE, t.label(node))
    shape = (source.shape[0], *(window.output for window in windows), outputs)
    options = dict(
        _options(windows), dilationHFactor=windows[0].dilation, dilationWFactor=windows[1].dilation
    )
    if group == source.shape[1] and each == 1 and group > 1:
        filters = t.network.constant(weights.transpose(1, 2, 3, 0), f"{t.label(node)}/weights")
        inputs = [x, filters, t.network.constant(bias, f"{t.label(node)}/bias")]
        y = t.network.step(
            "DEPTHWISE_CONV_2D", inputs, shape, t.label(node), **options, depthMultiplier=outputs // group
        )
    else:
        y = _groups(t, node, x, weights, bias, shape, options)
    return t.of_image(node, Value((shape[0], outputs, *shape[1:3]), y, SIDE_BY_SIDE))


def _groups(
    t: "Translation",
    node: Node,
    x: int,
    weights: NDArray,
    bias: NDArray,
    shape: tuple[int, ...],
    options: dict[str, int],
) -> int:
    """A convolution, or one for each group of channels, side by side."""
    group, name, net = node.attributes.get("group", 1), t.label(node), t.network
    whole, count = net.places[x].shape, weights.shape[1]
    parts = []
    for i, (w, b) in enumerate(zip(np.split(weights, group), np.split(bias, group), strict=True)):
        source, own = x, name if group == 1 else f"{name}/{i}"
        if group > 1:
            begin, end = [0, 0, 0, i * count], [*whole[:3], (i + 1) * count]
            source = sliced(t, x, begin, end, [1] * 4, own)
        inputs = [
            source,
            net.constant(w.transpose(0, 2, 3, 1), f"{own}/weights"),
            net.constant(b, f"{own}/bias"),
        ]
        parts.append(net.step("CONV_2D", inputs, (*shape[:3], len(w)), own, **options))
    return parts[0] if group == 1 else net.step("CONCATENATION", parts, shape, name, axis=3)


def sliced(
    t: "Translation", x: int, begin: Sequence[int], end: Sequence[int], steps: Sequence[int], name: str
) -> int:
    """STRIDED_SLICE of a tensor."""
    shape = [-(-(last - first) // step) for first, last, step in zip(begin, end, steps, strict=True)]
    lists = [
        t.network.constant(each, f"{name}/{what}", np.int32)
        for each, what in ((begin, "begin"), (end, "end"), (steps, "steps"))
    ]
    return t.network.step("STRIDED_SLICE", [x, *lists], shape, name)


def conv_transpose(t: "Translation", node: Node) -> Value:
    """ConvTranspose whose padding .tflite knows: none, or as much as makes the output a multiple of the stride."""
    weights, source = t.constant(node, 1, "weights"), t.image(node, 0)
    taps = weights.shape[2:]
    strides = node.attributes.get("strides", [1, 1])
    sizes = source.shape[2:]
    plain = (
        weights.ndim == 4
        and node.attributes.get("group", 1) == 1
        and set(node.attributes.get("dilations", [1])) == {1}
        and "output_shape" not in node.attributes
        and node.attributes.get("auto_pad", "NOTSET") == "NOTSET"
    )
    if not plain:
        t.refuse(
            node,
            "it has groups, dilations, one dimension, or a shape of its own",
            "plain ones in two dimensions are supported",
        )
    pads, extra = node.attributes.get("pads", [0] * 4), node.attributes.get("output_padding", [0, 0])
    outputs = [
        (size - 1) * stride + tap + more - first - last
        for size, stride, tap, more, first, last in zip(
            sizes, strides, taps, extra, pads[:2], pads[2:], strict=True
        )
    ]
    found = None
    for padding in (VALID, SAME):
        windows = [
            Window(out, size, tap, stride, 1, padding)
            for out, size, tap, stride in zip(outputs, sizes, taps, strides, strict=True)
        ]
        if all(w.fits and w.before == first for w, first in zip(windows, pads[:2], strict=True)):
            found = windows
            break
    if found is None:
        t.refuse(
            node,
            f"its padding {list(pads)} is none that .tflite has",
            "kernel = stride and padding 0 is, for one",
        )
    bias = t.constant(node, 2, "bias") if t.has(node, 2) else np.zeros(weights.shape[1], np.float32)
    name, net = t.label(node), t.network
    shape = (source.shape[0], *outputs, weights.shape[1])
    inputs = [
        net.constant(shape, f"{name}/shape", np.int32),
        net.constant(weights.transpose(1, 2, 3, 0), f"{name}/weights"),
        net.lies_as(source, SIDE_BY_SIDE, name),
        net.constant(bias, f"{name}/bias"),
    ]
    y = net.step("TRANSPOSE_CONV", inputs, shape, name, **_options(found))
    return Value((shape[0], shape[3], *outputs), y, SIDE_BY_SIDE)


def pool(t: "Translation", node: Node) -> Value:
    """MaxPool and AveragePool."""
    source, largest = t.image(node, 0), node.kind == "MaxPool"
    taps = list(node.attributes.get("kernel_shape", []))
    taps = [1, *taps] if len(taps) == 1 else taps
    if len(taps) != 2:
        t.refuse(node, f"it has a kernel of {len(taps)} dimensions", "one and two are supported")
    windows, pads = _windows(t, node, source.shape[2:], taps)
    counted = node.attributes.get("count_include_pad", 0)
    if any(window.dilation > 1 for window in windows):
        t.refuse(node, "it has dilations", "export it without")
    if not largest and counted and any(window.padding == SAME for window in windows):
        # .tflite leaves the padding out of the mean: it becomes part of the image.
        windows, pads = _windows(t, node, source.shape[2:], taps, explicit=True)
    if any(pads):
        if not largest and not counted:
            t.refuse(node, f"its mean leaves out the padding {pads}", "count_include_pad=True is supported")
        source = padded(
            t, node, source, pads, LOWEST if largest and not t.is_positive(node.inputs[0]) else 0.0
        )
    x = t.network.lies_as(source, SIDE_BY_SIDE, t.label(node))
    shape = (source.shape[0], *(window.output for window in windows), source.shape[1])
    kind = "MAX_POOL_2D" if largest else "AVERAGE_POOL_2D"
    options = dict(_options(windows), filterHeight=taps[0], filterWidth=taps[1])
    y = t.network.step(kind, [x], shape, t.label(node), **options)
    return t.of_image(node, Value((shape[0], shape[3], *shape[1:3]), y, SIDE_BY_SIDE))


def padded(t: "Translation", node: Node, value: Value, pads: Sequence[tuple[int, int]], fill: float) -> Value:
    """The value amid constants, `pads` before and behind along each axis of ONNX but the first two of an image."""
    pads = [(0, 0)] * (len(value.shape) - len(pads)) + list(pads)
    shape = tuple(size + sum(pad) for size, pad in zip(value.shape, pads, strict=True))
    order = value.order if value.flat is None and value.data is None else tuple(range(len(value.shape)))
    name, net = f"{t.label(node)}/padding", t.network
    inputs = [
        net.lies_as(value, order, name),
        net.constant([pads[axis] for axis in order], f"{name}/sizes", np.int32),
    ]
    if fill:
        inputs.append(net.constant(fill, f"{name}/value"))
    made = [shape[axis] for axis in order]
    return Value(shape, net.step("PADV2" if fill else "PAD", inputs, made, name), order)


def _windows(
    t: "Translation", node: Node, sizes: Sequence[int], taps: Sequence[int], explicit: bool = False
) -> tuple[list[Window], list[tuple[int, int]]]:
    """The windows along rows and columns, and the padding before and behind that has to be made, or none.

    With `explicit` no padding is left to the operator.
    """
    attributes, lines = node.attributes, len(node.attributes.get("kernel_shape", taps)) == 1

    def pair(name: str, default: Sequence[int]) -> list[int]:
        values = list(attributes.get(name, default))
        return [default[0], *values] if lines and len(values) == 1 else values

    strides, dilations = pair("strides", [1, 1]), pair("dilations", [1, 1])
    pads = list(attributes.get("pads", [0] * 4))
    if lines and len(pads) == 2:
        pads = [0, pads[0], 0, pads[1]]
    if (
        not len(strides) == len(dilations) == len(taps) == 2
        or len(pads) != 4
        or min(*strides, *dilations, *taps) < 1
    ):
        t.damaged(
            node, f"its strides {strides}, dilations {dilations} and padding {pads} do not fit {list(taps)}"
        )
    if min(pads) < 0 or max(*pads, *taps, *strides, *dilations) > 2**15:
        t.damaged(node, f"its padding is {pads}")
    mode, found, wanted = attributes.get("auto_pad", "NOTSET"), [], []
    for size, tap, stride, dilation, first, last in zip(
        sizes, taps, strides, dilations, pads[:2], pads[2:], strict=True
    ):
        same = Window(size, -(-size // stride), tap, stride, dilation, SAME)
        if mode.startswith("SAME"):
            total = max((same.output - 1) * stride + same.reach - size, 0)
            first = total // 2 if mode == "SAME_UPPER" else total - total // 2
            last = total - first
        elif mode == "VALID":
            first = last = 0
        room = size + first + last - same.reach
        output = -(-room // stride) + 1 if attributes.get("ceil_mode", 0) else room // stride + 1
        if attributes.get("ceil_mode", 0) and (output - 1) * stride >= size + first:
            output -= 1  # the last window would begin in the padding behind
        if room < 0 or output < 1:
            t.damaged(node, f"its window of {same.reach} does not fit into {size + first + last}")
        behind = max((output - 1) * stride + same.reach - size - first, 0)
        wanted.append((first, behind, same.output == output and same.before == first))
        found.append(Window(size, output, tap, stride, dilation, VALID))
    if not any(first or behind for first, behind, _ in wanted):
        return found, []
    if all(fits for *_, fits in wanted) and not explicit:
        return [Window(w.size, w.output, w.taps, w.stride, w.dilation, SAME) for w in found], []
    return found, [(first, behind) for first, behind, _ in wanted]


def _options(windows: Sequence[Window]) -> dict[str, int]:
    rows, columns = windows
    return {"strideH": rows.stride, "strideW": columns.stride, "padding": rows.padding}


def fold(t: "Translation", step: Step, factor: NDArray, offset: NDArray) -> None:
    """Multiply an operator's outputs by a factor, and add an offset, [channels], in its weights and bias."""
    net, axis, place = t.network, CHANNELS[step.kind], BIAS.get(step.kind, 2)
    old = net.places[step.inputs[1]], net.places[step.inputs[place]]
    weights, bias = (each.data.astype(np.float64) for each in old if each.data is not None)
    along = [-1 if d == axis else 1 for d in range(weights.ndim)]
    step.inputs[1] = net.constant(weights * factor.reshape(along), old[0].name)
    step.inputs[place] = net.constant(bias * factor + offset, old[1].name)


def folds(t: "Translation", value: Value, axis: int) -> Step | None:
    """The operator with weights that makes the value, whose channels are its `axis` of ONNX, where they can be changed.

    Nothing else reads what it makes, and no activation is between.
    """
    step = t.behind(value)
    last = value.order[-1:] == (axis,)
    if step and last and step.kind in CHANNELS and not step.options.get("fusedActivationFunction", NONE):
        return step
    return None


def batch_norm(t: "Translation", node: Node) -> Value:
    """BatchNormalization: into the weights before it, or a factor and an offset for each channel."""
    value = t.value(node, 0)
    gamma, beta, mean, variance = (t.constant(node, i, "statistics").astype(np.float64) for i in range(1, 5))
    channels = value.shape[1] if len(value.shape) > 1 else 0
    if {each.shape for each in (gamma, beta, mean, variance)} != {(channels,)}:
        t.damaged(node, f"its statistics do not fit {list(value.shape)}")
    if node.attributes.get("training_mode", 0):
        t.refuse(node, "it computes its statistics anew", "export the model with model.eval()")
    factor = gamma / np.sqrt(variance + node.attributes.get("epsilon", 1e-5))
    offset = beta - mean * factor
    step = folds(t, value, 1)
    if step:
        fold(t, step, factor, offset)
        return value
    along = (channels, *(1,) * (len(value.shape) - 2))
    for kind, constant in (("MUL", factor), ("ADD", offset)):
        value = t.binary(node, kind, value, Value(along, data=np.float32(constant).reshape(along)))
    return value
