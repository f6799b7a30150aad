"""What each operator of ONNX becomes, by its name: `OPERATORS`."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from aiedge.convert import onnx_windows
from aiedge.convert.network import RELU, RELU6, SIDE_BY_SIDE, Value
from aiedge.convert.onnx_file import Node
from aiedge.convert.onnx_windows import sliced

if TYPE_CHECKING:
    from aiedge.convert.onnx_translation import Translation


def with_axis(t: "Translation", value: Value, axis: int, name: str) -> Value:
    """The value with a dimension of 1 more, of ONNX's number `axis`."""
    shape = (*value.shape[:axis], 1, *value.shape[axis:])
    if value.data is not None or value.flat:
        return t.network.reshaped(value, shape, name)
    order = [a + (a >= axis) for a in value.order]
    order.insert(1 if order else 0, axis)
    return Value(shape, t.network.view(value.tensor, [shape[a] for a in order], name), tuple(order))


def without_axis(t: "Translation", value: Value, axis: int, name: str) -> Value:
    """The value without a dimension of 1."""
    shape = (*value.shape[:axis], *value.shape[axis + 1 :])
    if value.data is not None or value.flat:
        return t.network.reshaped(value, shape, name)
    order = tuple(a - (a > axis) for a in value.order if a != axis)
    return Value(shape, t.network.view(value.tensor, [shape[a] for a in order], name), order)


def with_rank(t: "Translation", value: Value, rank: int, name: str) -> Value:
    """The value with dimensions of 1 before its own, for one that broadcasts."""
    while len(value.shape) < rank:
        value = with_axis(t, value, 0, name)
    return value


def number(value: float) -> Value:
    """A constant without dimensions."""
    return Value((), data=np.array(value, np.float32))


def _unary(kind: str, **options: object) -> Callable[["Translation", Node], Value]:
    return lambda t, node: _element_wise(t, node, kind, **options)


def _element_wise(t: "Translation", node: Node, kind: str, **options: object) -> Value:
    value = t.value(node, 0)
    plain = tuple(range(len(value.shape)))
    order = plain if value.flat or value.data is not None else value.order
    x = t.network.lies_as(value, order, t.label(node))
    shape = [value.shape[axis] for axis in order]
    return Value(value.shape, t.network.step(kind, [x], shape, t.label(node), **options), order)


def _relu(t: "Translation", node: Node) -> Value:
    t.positive.add(node.outputs[0])
    value = t.value(node, 0)
    return value if t.fused(value, RELU) else _element_wise(t, node, "RELU")


def _clip(t: "Translation", node: Node) -> Value:
    value, bounds = t.value(node, 0), []
    for place, name in enumerate(("min", "max"), start=1):
        given = t.constant(node, place, "bounds").item() if t.has(node, place) else node.attributes.get(name)
        bounds.append(None if given is None or abs(given) > 1e38 else float(given))
    low, high = bounds
    if low is not None and low >= 0:
        t.positive.add(node.outputs[0])
    if bounds == [0.0, 6.0]:
        return value if t.fused(value, RELU6) else _element_wise(t, node, "RELU6")
    if bounds == [0.0, None]:
        return value if t.fused(value, RELU) else _element_wise(t, node, "RELU")
    for kind, bound in (("MAXIMUM", low), ("MINIMUM", high)):
        if bound is not None:
            value = t.binary(node, kind, value, number(bound))
    return value


def _leaky_relu(t: "Translation", node: Node) -> Value:
    return _element_wise(t, node, "LEAKY_RELU", alpha=float(node.attributes.get("alpha", 0.01)))


def _elu(t: "Translation", node: Node) -> Value:
    if node.attributes.get("alpha", 1.0) != 1.0:
        t.refuse(node, "its alpha is not 1", "train it with alpha=1")
    return _element_wise(t, node, "ELU")


def _prelu(t: "Translation", node: Node) -> Value:
    value, slope = t.value(node, 0), t.constant(node, 1, "slopes")
    order = value.order if value.flat is None else tuple(range(len(value.shape)))
    slopes = with_rank(t, Value(slope.shape, data=slope), len(value.shape), t.label(node))
    # TensorFlow Lite Micro takes slopes without the batch.
    inside = t.network.lies_as(slopes, order, f"{t.label(node)}/slopes")
    inputs = [t.network.lies_as(value, order, t.label(node)), inside]
    shape = [value.shape[axis] for axis in order]
    return Value(value.shape, t.network.step("PRELU", inputs, shape, t.label(node)), order)


def _hard_sigmoid(t: "Translation", node: Node) -> Value:
    """relu6(x + 3) / 6 for the slope and offset that networks have; others by maximum and minimum."""
    alpha, beta = (float(node.attributes.get(name, value)) for name, value in (("alpha", 0.2), ("beta", 0.5)))
    t.positive.add(node.outputs[0])
    value = t.value(node, 0)
    if abs(alpha - 1 / 6) < 1e-6 and beta == 0.5:
        value = t.binary(node, "ADD", value, number(3), fusedActivationFunction=RELU6)
        return t.binary(node, "MUL", value, number(1 / 6))
    value = t.binary(node, "ADD", t.binary(node, "MUL", value, number(alpha)), number(beta))
    return t.binary(node, "MINIMUM", t.binary(node, "MAXIMUM", value, number(0)), number(1))


def _arithmetic(t: "Translation", node: Node) -> Value:
    a, b = t.value(node, 0), t.value(node, 1)
    kind = {"Add": "ADD", "Sub": "SUB", "Mul": "MUL", "Div": "DIV"}[node.kind]
    if kind in ("ADD", "MUL") and a.data is not None:
        a, b = b, a
    if kind == "DIV" and b.data is not None and b.data.dtype.kind == "f":
        if not b.data.all():
            t.damaged(node, "it divides by 0")
        kind, b = "MUL", Value(b.shape, data=(1 / b.data.astype(np.float64)).astype(np.float32))
    if kind == "SUB" and b.data is not None:
        kind, b = "ADD", Value(b.shape, data=-b.data)
    axis = a.order[-1] if a.order else -1
    if b.data is not None and kind in ("ADD", "MUL") and b.data.ndim <= len(a.shape):
        step = onnx_windows.folds(t, a, axis)
        shape = (1,) * (len(a.shape) - b.data.ndim) + b.data.shape
        if step and all(size == 1 for i, size in enumerate(shape) if i != axis):
            each = np.broadcast_to(b.data.ravel().astype(np.float64), a.shape[axis])
            ones, zeros = np.ones(a.shape[axis]), np.zeros(a.shape[axis])
            onnx_windows.fold(t, step, *((each, zeros) if kind == "MUL" else (ones, each)))
            return a
    return t.binary(node, kind, a, b)


def _extremes(t: "Translation", node: Node) -> Value:
    kind = "MAXIMUM" if node.kind == "Max" else "MINIMUM"
    value = t.value(node, 0)
    for place in range(1, len(node.inputs)):
        value = t.binary(node, kind, value, t.value(node, place))
    return value


def _gemm(t: "Translation", node: Node) -> Value:
    weights = t.constant(node, 1, "weights")
    if node.attributes.get("transA", 0):
        t.refuse(node, "its input is transposed", "export it as torch.nn.Linear")
    if weights.ndim != 2:
        t.damaged(node, f"its weights have the shape {list(weights.shape)}")
    weights = weights if node.attributes.get("transB", 0) else weights.T
    weights = weights.astype(np.float64) * node.attributes.get("alpha", 1.0)
    bias = np.zeros(len(weights))
    if t.has(node, 2):
        given = t.constant(node, 2, "bias").astype(np.float64) * node.attributes.get("beta", 1.0)
        if given.size not in (1, len(weights)):
            t.damaged(node, f"its bias has {given.size} values for {len(weights)}")
        bias = bias + given.ravel()
    return _dense(t, node, t.value(node, 0), weights, bias)


def _matmul(t: "Translation", node: Node) -> Value:
    a, b = t.value(node, 0), t.value(node, 1)
    if b.data is not None and b.data.ndim == 2:
        return _dense(t, node, a, b.data.T.astype(np.float64), np.zeros(b.shape[1]))
    if a.data is not None or b.data is not None or len(a.shape) != len(b.shape) or len(a.shape) < 2:
        t.refuse(
            node,
            f"it multiplies {list(a.shape)} by {list(b.shape)}",
            "a matrix of weights, or two of one rank, are supported",
        )
    if a.shape[:-2] != b.shape[:-2] or a.shape[-1] != b.shape[-2]:
        t.refuse(
            node,
            f"it multiplies {list(a.shape)} by {list(b.shape)}",
            "matrices that fit, without broadcasting, are supported",
        )
    name, shape = t.label(node), (*a.shape[:-1], b.shape[-1])
    inputs = [t.network.lies_as(each, range(len(each.shape)), name) for each in (a, b)]
    return Value(shape, t.network.step("BATCH_MATMUL", inputs, shape, name), tuple(range(len(shape))))


def _dense(t: "Translation", node: Node, value: Value, weights: np.ndarray, bias: np.ndarray) -> Value:
    """FULLY_CONNECTED; behind a Flatten its weights take the channels as they lie."""
    if not value.shape or value.shape[-1] != weights.shape[1]:
        t.damaged(node, f"its weights {list(weights.shape)} do not take {list(value.shape)}")
    name, net = t.label(node), t.network
    shape = (*value.shape[:-1], len(weights))
    if value.flat:
        image = value.flat
        _, channels, *size = image.shape
        weights = weights.reshape(-1, channels, *size).transpose(SIDE_BY_SIDE).reshape(len(weights), -1)
        x = net.view(image.tensor, value.shape, name)
    else:
        x = net.lies_as(value, range(len(value.shape)), name)
    inputs = [x, net.constant(weights, f"{name}/weights"), net.constant(bias, f"{name}/bias")]
    y = net.step("FULLY_CONNECTED", inputs, shape, name, keepNumDims=len(shape) > 2)
    return Value(shape, y, tuple(range(len(shape))))


def _global_pool(t: "Translation", node: Node) -> Value:
    value = t.value(node, 0)
    kind = "MEAN" if node.kind == "GlobalAveragePool" else "REDUCE_MAX"
    return _reduced(t, node, value, kind, range(2, len(value.shape)), True)


def _reduce(t: "Translation", node: Node) -> Value:
    value = t.value(node, 0)
    axes = t.constant(node, 1, "axes").ravel().tolist() if t.has(node, 1) else node.attributes.get("axes")
    if axes is None or not len(axes):
        if node.attributes.get("noop_with_empty_axes", 0):
            return value
        axes = range(len(value.shape))
    kind = {"ReduceMean": "MEAN", "ReduceSum": "SUM", "ReduceMax": "REDUCE_MAX", "ReduceMin": "REDUCE_MIN"}
    return _reduced(t, node, value, kind[node.kind], axes, bool(node.attributes.get("keepdims", 1)))


def _reduced(t: "Translation", node: Node, value: Value, kind: str, axes: Sequence[int], keep: bool) -> Value:
    rank, name, net = len(value.shape), t.label(node), t.network
    axes = sorted({_axis(t, node, axis, rank) for axis in axes})
    order = value.order if value.flat is None and value.data is None else tuple(range(rank))
    x = net.lies_as(value, order, name)
    places = sorted(order.index(axis) for axis in axes)
    shape = tuple(1 if axis in axes else size for axis, size in enumerate(value.shape))
    inputs = [x, net.constant(places, f"{name}/axes", np.int32)]
    made = Value(shape, net.step(kind, inputs, [shape[a] for a in order], name, keepDims=True), order)
    for axis in reversed(axes if not keep else []):
        made = without_axis(t, made, axis, name)
    return made


def _axis(t: "Translation", node: Node, axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        t.damaged(node, f"its axis {axis} is none of {rank}")
    return int(axis) % rank


def _flatten(t: "Translation", node: Node) -> Value:
    value = t.value(node, 0)
    axis = node.attributes.get("axis", 1)
    axis = len(value.shape) if axis == len(value.shape) else _axis(t, node, axis, len(value.shape))
    sizes = [int(np.prod(part, dtype=np.int64)) for part in (value.shape[:axis], value.shape[axis:])]
    return t.network.reshaped(value, sizes, t.label(node))


def _reshape(t: "Translation", node: Node) -> Value:
    value = t.value(node, 0)
    wanted = [int(size) for size in t.constant(node, 1, "sizes").ravel()]
    copies = not node.attributes.get("allowzero", 0)
    shape = [
        value.shape[i] if size == 0 and copies and i < len(value.shape) else size
        for i, size in enumerate(wanted)
    ]
    total = int(np.prod(value.shape, dtype=np.int64))
    known = int(np.prod([size for size in shape if size != -1], dtype=np.int64))
    if shape.count(-1) > 1 or known < 1 or (total % known if -1 in shape else total != known):
        t.damaged(node, f"it makes {wanted} of {list(value.shape)}")
    return t.network.reshaped(
        value, [total // known if size == -1 else size for size in shape], t.label(node)
    )


def _squeeze(t: "Translation", node: Node) -> Value:
    value, rank = t.value(node, 0), len(t.value(node, 0).shape)
    axes = t.constant(node, 1, "axes").ravel().tolist() if t.has(node, 1) else node.attributes.get("axes")
    if axes is None:
        axes = [i for i, size in enumerate(value.shape) if size == 1]
    for axis in sorted({_axis(t, node, axis, rank) for axis in axes}, reverse=True):
        if value.shape[axis] != 1:
            t.damaged(node, f"its axis {axis} has the size {value.shape[axis]}")
        value = without_axis(t, value, axis, t.label(node))
    return value


def _unsqueeze(t: "Translation", node: Node) -> Value:
    value = t.value(node, 0)
    axes = t.constant(node, 1, "axes").ravel().tolist() if t.has(node, 1) else node.attributes.get("axes", [])
    rank = len(value.shape) + len(axes)
    for axis in sorted({_axis(t, node, axis, rank) for axis in axes}):
        value = with_axis(t, value, axis, t.label(node))
    return value


def _transpose(t: "Translation", node: Node) -> Value:
    value, rank = t.value(node, 0), len(t.value(node, 0).shape)
    moves = tuple(node.attributes.get("perm", range(rank)[::-1]))
    if sorted(moves) != list(range(rank)):
        t.damaged(node, f"it moves {list(moves)} of {rank} axes")
    if value.flat:
        value = Value(value.shape, t.network.lies_as(value, range(rank), t.label(node)), tuple(range(rank)))
    shape = tuple(value.shape[axis] for axis in moves)
    return Value(shape, value.tensor, tuple(moves.index(axis) for axis in value.order))


def _concat(t: "Translation", node: Node) -> Value:
    values = [t.value(node, i) for i in range(len(node.inputs))]
    rank = len(values[0].shape)
    axis = _axis(t, node, node.attributes.get("axis", 1), rank)
    shapes = {tuple(size for i, size in enumerate(value.shape) if i != axis) for value in values}
    if len(shapes) > 1 or {len(value.shape) for value in values} != {rank}:
        t.damaged(node, f"it joins {[list(value.shape) for value in values]} along {axis}")
    whole = next((v for v in values if v.data is None and v.flat is None), None)
    order, name = whole.order if whole else tuple(range(rank)), t.label(node)
    inputs = [t.network.lies_as(value, order, name) for value in values]
    shape = list(values[0].shape)
    shape[axis] = sum(value.shape[axis] for value in values)
    made = [shape[a] for a in order]
    y = t.network.step("CONCATENATION", inputs, made, name, axis=order.index(axis))
    return Value(tuple(shape), y, order)


def _cut(
    t: "Translation", node: Node, value: Value, cuts: dict[int, tuple[int, int, int]], name: str
) -> Value:
    """Of some axes only a part: first, end, step."""
    order = value.order if value.flat is None else tuple(range(len(value.shape)))
    x = t.network.lies_as(value, order, name)
    parts = [cuts.get(axis, (0, value.shape[axis], 1)) for axis in order]
    begin, end, steps = ([part[i] for part in parts] for i in range(3))
    y = sliced(t, x, begin, end, steps, name)
    sizes = dict(zip(order, t.network.places[y].shape, strict=True))
    return Value(tuple(sizes[axis] for axis in range(len(order))), y, order)


def _split(t: "Translation", node: Node) -> list[Value]:
    value = t.value(node, 0)
    axis = _axis(t, node, node.attributes.get("axis", 0), len(value.shape))
    count, size = len(node.outputs), value.shape[axis]
    given = t.constant(node, 1, "sizes").ravel().tolist() if t.has(node, 1) else node.attributes.get("split")
    each = -(-size // count)
    sizes = list(given) if given is not None else [min(each, size - i * each) for i in range(count)]
    if len(sizes) != count or sum(sizes) != size or min(sizes) < 1:
        t.damaged(node, f"it takes {size} apart into {sizes}")
    first, made = 0, []
    for i, part in enumerate(sizes):
        made.append(_cut(t, node, value, {axis: (first, first + part, 1)}, f"{t.label(node)}/{i}"))
        first += part
    return made


def _slice(t: "Translation", node: Node) -> Value:
    value, rank = t.value(node, 0), len(t.value(node, 0).shape)

    def numbers(place: int, name: str, default: Sequence[int]) -> list[int]:
        if t.has(node, place):
            return [int(each) for each in t.constant(node, place, name).ravel()]
        return list(node.attributes.get(name, default))

    starts, ends = numbers(1, "starts", []), numbers(2, "ends", [])
    axes, steps = numbers(3, "axes", range(len(starts))), numbers(4, "steps", [1] * len(starts))
    if not len(starts) == len(ends) == len(axes) == len(steps):
        t.damaged(node, f"it has the starts {starts}, ends {ends}, axes {axes} and steps {steps}")
    cuts = {}
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis = _axis(t, node, axis, rank)
        if step < 1:
            t.refuse(node, f"its step is {step}", "steps of 1 and more are supported")
        first, last, _ = slice(start, end, step).indices(value.shape[axis])
        if first >= last:
            t.damaged(node, f"nothing is left of the axis {axis}")
        cuts[axis] = (first, last, step)
    return _cut(t, node, value, cuts, t.label(node))


def _pad(t: "Translation", node: Node) -> Value:
    value, rank = t.value(node, 0), len(t.value(node, 0).shape)
    sizes = (
        t.constant(node, 1, "sizes").ravel().tolist()
        if t.has(node, 1)
        else list(node.attributes.get("pads", []))
    )
    fill = (
        float(t.constant(node, 2, "value").item())
        if t.has(node, 2)
        else float(node.attributes.get("value", 0.0))
    )
    axes = t.constant(node, 3, "axes").ravel().tolist() if t.has(node, 3) else list(range(rank))
    if (
        len(sizes) != 2 * len(axes)
        or node.attributes.get("mode", "constant") != "constant"
        or min(sizes, default=0) < 0
    ):
        t.refuse(
            node,
            f"it pads by {sizes}, mode {node.attributes.get('mode', 'constant')}",
            "constant padding of 0 and more is supported",
        )
    pads = [(0, 0)] * rank
    for axis, first, last in zip(axes, sizes[: len(axes)], sizes[len(axes) :], strict=True):
        pads[_axis(t, node, axis, rank)] = (int(first), int(last))
    return onnx_windows.padded(t, node, value, pads, fill) if any(map(any, pads)) else value


def _softmax(t: "Translation", node: Node) -> Value:
    value, rank = t.value(node, 0), len(t.value(node, 0).shape)
    axis = _axis(t, node, node.attributes.get("axis", -1 if t.model.opset >= 13 else 1), rank)
    if t.model.opset < 13 and any(size > 1 for size in value.shape[axis + 1 :]):
        t.refuse(node, "it is one over several axes, as before opset 13", "export it with opset_version=17")
    order = (
        value.order
        if value.flat is None and value.order and value.order[-1] == axis
        else (*(i for i in range(rank) if i != axis), axis)
    )
    x = t.network.lies_as(value, order, t.label(node))
    kind, options = ("SOFTMAX", {"beta": 1.0}) if node.kind == "Softmax" else ("LOG_SOFTMAX", {})
    shape = [value.shape[a] for a in order]
    return Value(value.shape, t.network.step(kind, [x], shape, t.label(node), **options), order)


def _resize(t: "Translation", node: Node) -> Value:
    """Resize of an image's rows and columns, nearest or linear, in the ways that .tflite has, too."""
    value, get = t.image(node, 0), node.attributes.get
    if t.has(node, 3):
        sizes = [int(size) for size in t.constant(node, 3, "sizes").ravel()]
    else:
        place = 2 if t.has(node, 2) else 1
        scales = t.constant(node, place, "scales").ravel().astype(np.float64)
        sizes = [int(np.floor(size * scale)) for size, scale in zip(value.shape, scales, strict=False)]
    if len(sizes) != 4 or tuple(sizes[:2]) != value.shape[:2] or min(sizes) < 1:
        t.refuse(
            node, f"it makes {sizes} of {list(value.shape)}", "rows and columns of an image are supported"
        )
    mode, where = get("mode", "nearest"), get("coordinate_transformation_mode", "half_pixel")
    whole = all(new % old == 0 for new, old in zip(sizes[2:], value.shape[2:], strict=True))
    ways = {"asymmetric": (0, 0), "half_pixel": (0, 1), "pytorch_half_pixel": (0, 1), "align_corners": (1, 0)}
    if mode == "nearest" and whole and where in ("asymmetric", "half_pixel", "pytorch_half_pixel"):
        near = get("nearest_mode", "round_prefer_floor")
        if where == "asymmetric" and near != "floor" and sizes[2:] != list(value.shape[2:]):
            t.refuse(node, f"it rounds by {near}", "nearest_mode='floor' is supported")
        kind, options = "RESIZE_NEAREST_NEIGHBOR", {}
    elif mode == "linear" and where in ways:
        corners, half = ways[where]
        kind, options = "RESIZE_BILINEAR", {"alignCorners": bool(corners), "halfPixelCenters": bool(half)}
    else:
        t.refuse(node, f"mode {mode}, {where}", "nearest by whole factors, and linear, are supported")
    name = t.label(node)
    inputs = [
        t.network.lies_as(value, SIDE_BY_SIDE, name),
        t.network.constant(sizes[2:], f"{name}/size", np.int32),
    ]
    y = t.network.step(kind, inputs, [sizes[a] for a in SIDE_BY_SIDE], name, **options)
    return Value(tuple(sizes), y, SIDE_BY_SIDE)


def _same(t: "Translation", node: Node) -> Value:
    """What changes nothing in an inference."""
    if node.inputs[0] in t.positive:
        t.positive.add(node.outputs[0])
    return t.value(node, 0)


def _cast(t: "Translation", node: Node) -> Value:
    if node.attributes.get("to") not in (1, 10, 11):  # float32, float16, float64
        t.refuse(node, f"it casts to type {node.attributes.get('to')}", "real numbers are supported")
    return t.value(node, 0)


OPERATORS: dict[str, Callable[["Translation", Node], Value | list[Value]]] = {
    "Abs": _unary("ABS"),
    "Add": _arithmetic,
    "AveragePool": onnx_windows.pool,
    "BatchNormalization": onnx_windows.batch_norm,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": _concat,
    "Conv": onnx_windows.conv,
    "ConvTranspose": onnx_windows.conv_transpose,
    "Div": _arithmetic,
    "Dropout": _same,
    "Elu": _elu,
    "Flatten": _flatten,
    "Gemm": _gemm,
    "GlobalAveragePool": _global_pool,
    "GlobalMaxPool": _global_pool,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _unary("HARD_SWISH"),
    "Identity": _same,
    "LeakyRelu": _leaky_relu,
    "LogSoftmax": _softmax,
    "MatMul": _matmul,
    "Max": _extremes,
    "MaxPool": onnx_windows.pool,
    "Min": _extremes,
    "Mul": _arithmetic,
    "PRelu": _prelu,
    "Pad": _pad,
    "ReduceMax": _reduce,
    "ReduceMean": _reduce,
    "ReduceMin": _reduce,
    "ReduceSum": _reduce,
    "Relu": _relu,
    "Reshape": _reshape,
    "Resize": _resize,
    "Sigmoid": _unary("LOGISTIC"),
    "Slice": _slice,
    "Softmax": _softmax,
    "Split": _split,
    "Squeeze": _squeeze,
    "Sub": _arithmetic,
    "Tanh": _unary("TANH"),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
