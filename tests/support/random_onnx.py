"""Random ONNX graphs of all operators that are read, on odd shapes and in any layout, each value at least once used."""

from collections.abc import Callable, Sequence

import numpy as np
import onnx

from tests.support.onnx_networks import OnnxFile

Shape = tuple[int, ...]


class RandomOnnx:
    """A graph in the making: values with their shapes, and the dice."""

    def __init__(self, seed: int, shape: Shape | None = None):
        self.rng = np.random.default_rng(seed)
        self.shape = shape or self.first()
        self.file = OnnxFile(self.shape, seed, int(self.rng.choice([13, 14, 17])))
        self.values: dict[str, Shape] = {"input": self.shape}

    def first(self) -> Shape:
        """An image mostly, or a sequence, or a row."""
        rank = int(self.rng.choice([2, 3, 4, 4, 4, 4]))
        return (1, *(int(self.rng.integers(1, 9)) for _ in range(rank - 1)))

    def draw(self, nodes: int) -> onnx.ModelProto:
        """So many nodes, each mostly on the latest value; all that nobody reads are outputs."""
        for _ in range(nodes):
            names = list(self.values)
            x = names[-1] if self.rng.random() < 0.7 else names[int(self.rng.integers(len(names)))]
            kinds = BY_RANK.get(len(self.values[x]), ANY)
            kinds[int(self.rng.integers(len(kinds)))](self, x, self.values[x])
        read = {name for node in self.file.nodes for name in node.input}
        loose = [name for name in self.values if name not in read and name != "input"]
        return self.file.model(*loose)

    def add(self, kind: str, inputs: Sequence[str], shape: Sequence[int], **attributes: object) -> str:
        """Add a node whose output has that shape."""
        name = self.file.node(kind, inputs, **attributes)
        self.values[name] = tuple(int(size) for size in shape)
        return name

    def below(self, high: int, low: int = 1) -> int:
        """An integer of low to high."""
        return int(self.rng.integers(low, high + 1))

    def numbers(self, *values: int) -> str:
        """A constant of whole numbers."""
        return self.file.constant(np.array(values, np.int64), np.int64)


def _window(
    d: RandomOnnx, sizes: Sequence[int], dilated: bool
) -> tuple[dict[str, object], list[int], list[int]]:
    """Attributes of a window, the sizes that come out, and its kernel."""
    attributes: dict[str, object] = {}
    kernel = [d.below(min(4, size + 2)) for size in sizes]
    strides = [d.below(3) for _ in sizes]
    dilations = [d.below(2) if dilated and d.rng.random() < 0.3 else 1 for _ in sizes]
    reach = [(k - 1) * dilation + 1 for k, dilation in zip(kernel, dilations, strict=True)]
    attributes |= {"kernel_shape": kernel, "strides": strides, "dilations": dilations}
    mode = d.below(3)
    # onnxruntime refuses the others.
    if mode == 1 and set(dilations) == {1} and all(k >= s for k, s in zip(kernel, strides, strict=True)):
        attributes["auto_pad"] = str(d.rng.choice(["SAME_UPPER", "SAME_LOWER"]))
        return attributes, [-(-size // s) for size, s in zip(sizes, strides, strict=True)], kernel
    pads = [[d.below(r - 1, 0) if mode == 2 else 0 for r in reach] for _ in range(2)]
    for i, size in enumerate(sizes):
        while size + pads[0][i] + pads[1][i] < reach[i]:
            pads[int(d.rng.integers(2))][i] += 1
    attributes["pads"] = [*pads[0], *pads[1]]
    out = [(size + a + b - r) // s + 1 for size, a, b, r, s in zip(sizes, *pads, reach, strides, strict=True)]
    return attributes, out, kernel


def conv(d: RandomOnnx, x: str, shape: Shape) -> None:
    """Conv of any groups, mostly with a batch normalization, an addition or an activation behind it."""
    channels = shape[1]
    group = int(d.rng.choice([1, 1, channels, *(n for n in (2, 3) if channels % n == 0)]))
    filters = group * d.below(3)
    attributes, out, kernel = _window(d, shape[2:], True)
    inputs = [x, d.file.random(filters, channels // group, *kernel, spread=0.4)]
    if d.rng.random() < 0.5:
        inputs.append(d.file.random(filters))
    y = d.add("Conv", inputs, (1, filters, *out), group=group, **attributes)
    d.file.channels[y] = filters
    if d.rng.random() < 0.4:
        name = d.file.norm(y)
        d.values[name], y = d.values[y], name
    if d.rng.random() < 0.3:
        y = d.add("Add", [y, d.file.random(filters, *[1] * len(out))], d.values[y])
    if d.rng.random() < 0.5:
        activation(d, y, d.values[y])


def pool(d: RandomOnnx, x: str, shape: Shape) -> None:
    """MaxPool or AveragePool."""
    attributes, out, kernel = _window(d, shape[2:], False)
    attributes.pop("dilations")
    kind = str(d.rng.choice(["MaxPool", "AveragePool"]))
    if kind == "AveragePool":
        if "auto_pad" in attributes and attributes["auto_pad"] == "SAME_LOWER":
            attributes["auto_pad"] = "SAME_UPPER"
        elif any(attributes.get("pads", [])):  # type: ignore[arg-type]
            attributes["count_include_pad"] = 1
    pads = attributes.get("pads", [0] * 2 * len(out))
    if any(p >= k for p, k in zip(pads, kernel * 2, strict=True)):  # type: ignore[arg-type]
        return  # ONNX allows none as large as the kernel
    strides: list[int] = attributes["strides"]  # type: ignore[assignment]
    if any((o - 1) * s - p >= n for o, s, p, n in zip(out, strides, pads, shape[2:], strict=False)):  # type: ignore[call-overload]
        return  # a window of padding alone
    d.add(kind, [x], (*shape[:2], *out), **attributes)


def activation(d: RandomOnnx, x: str, shape: Shape) -> None:
    """An element-wise operator."""
    kind = str(
        d.rng.choice(
            [
                "Relu",
                "Clip",
                "Clip6",
                "LeakyRelu",
                "Sigmoid",
                "Tanh",
                "HardSigmoid",
                "Abs",
                "Elu",
                "PRelu",
                "HardSwish",
            ]
        )
    )
    if kind == "HardSwish" and d.file.opset < 14:
        kind = "Relu"
    if kind == "Clip6":
        d.add("Clip", [x, d.file.constant(0.0), d.file.constant(6.0)], shape)
    elif kind == "Clip":
        d.add("Clip", [x, d.file.constant(-0.4), d.file.constant(0.7)], shape)
    elif kind == "PRelu":
        slopes = d.file.random(*(shape[1], *[1] * (len(shape) - 2)) if len(shape) > 2 else shape[1:])
        d.add(kind, [x, slopes], shape)
    else:
        options = {"HardSigmoid": {"alpha": 1 / 6}, "LeakyRelu": {"alpha": 0.3}}.get(kind, {})
        d.add(kind, [x], shape, **options)


def arithmetic(d: RandomOnnx, x: str, shape: Shape) -> None:
    """Two values of one shape, or a value and a constant that broadcasts."""
    kind = str(d.rng.choice(["Add", "Sub", "Mul", "Max", "Min", "Div"]))
    same = [name for name, other in d.values.items() if other == shape]
    if kind != "Div" and d.rng.random() < 0.5:
        pair = [x, same[int(d.rng.integers(len(same)))]]
    else:
        rank = d.below(len(shape), 0)
        sizes = [size if d.rng.random() < 0.5 else 1 for size in shape[len(shape) - rank :]]
        pair = [x, d.file.constant(d.rng.uniform(0.5, 2, sizes) * d.rng.choice([-1, 1], sizes))]
        if kind in ("Add", "Sub", "Mul", "Max", "Min") and d.rng.random() < 0.3:
            pair.reverse()
    d.add(kind, pair, shape)


def transpose(d: RandomOnnx, x: str, shape: Shape) -> None:
    """Any order of the axes behind the batch."""
    moves = [0, *(1 + d.rng.permutation(len(shape) - 1))]
    d.add("Transpose", [x], [shape[m] for m in moves], perm=[int(m) for m in moves])


def reshape(d: RandomOnnx, x: str, shape: Shape) -> None:
    """Flatten, Reshape, Squeeze or Unsqueeze."""
    kind = d.below(4)
    ones = [i for i, size in enumerate(shape) if size == 1 and i]
    if kind == 1:
        d.add("Flatten", [x], (1, int(np.prod(shape))))
    elif kind == 2 and ones and len(shape) > 2:
        d.add("Squeeze", [x, d.numbers(ones[0])], [size for i, size in enumerate(shape) if i != ones[0]])
    elif kind == 3 and len(shape) < 4:
        place = d.below(len(shape))
        d.add("Unsqueeze", [x, d.numbers(place)], [*shape[:place], 1, *shape[place:]])
    else:
        rest = [1, *d.rng.permutation(shape[1:])]
        d.add("Reshape", [x, d.numbers(*rest[:-1], -1)], rest)


def dense(d: RandomOnnx, x: str, shape: Shape) -> None:
    """Gemm of a row, MatMul of others, mostly with an addition."""
    outputs = d.below(6)
    if len(shape) == 2 and d.rng.random() < 0.6:
        turned = d.below(1, 0)
        weights = d.file.random(
            *((outputs, shape[1]) if turned else (shape[1], outputs)), spread=shape[1] ** -0.5
        )
        d.add("Gemm", [x, weights, d.file.random(outputs)], (1, outputs), transB=turned, alpha=0.7, beta=1.5)
        return
    y = d.add(
        "MatMul", [x, d.file.random(shape[-1], outputs, spread=shape[-1] ** -0.5)], (*shape[:-1], outputs)
    )
    if d.rng.random() < 0.6:
        d.add("Add", [y, d.file.random(outputs)], d.values[y])


def concat(d: RandomOnnx, x: str, shape: Shape) -> None:
    """Two values, or one and a constant, along one axis."""
    axis = d.below(len(shape) - 1)
    fits = [
        n
        for n, s in d.values.items()
        if len(s) == len(shape)
        and all(a == b for i, (a, b) in enumerate(zip(s, shape, strict=True)) if i != axis)
    ]
    other = fits[int(d.rng.integers(len(fits)))]
    made = list(shape)
    made[axis] += d.values[other][axis]
    if made[axis] < 40:
        d.add("Concat", [x, other], made, axis=axis - len(shape) if d.rng.random() < 0.3 else axis)


def cut(d: RandomOnnx, x: str, shape: Shape) -> None:
    """Slice or Pad."""
    axis = d.below(len(shape) - 1)
    size, made = shape[axis], list(shape)
    if d.rng.random() < 0.5:
        pads = [0] * 2 * len(shape)
        pads[axis], pads[axis + len(shape)] = d.below(2, 0), d.below(2, 0)
        made[axis] += pads[axis] + pads[axis + len(shape)]
        d.add("Pad", [x, d.numbers(*pads), d.file.constant(float(d.rng.choice([0, 0, 1.5])))], made)
        return
    start = d.below(size - 1, 0)
    step = d.below(2)
    made[axis] = -(-(size - start) // step)
    d.add("Slice", [x, d.numbers(start), d.numbers(2**31 - 1), d.numbers(axis), d.numbers(step)], made)


def reduce(d: RandomOnnx, x: str, shape: Shape) -> None:
    """A mean or an extreme over an axis, or over the image."""
    if len(shape) == 4 and d.rng.random() < 0.5:
        kind = str(d.rng.choice(["GlobalAveragePool", "GlobalMaxPool"]))
        d.add(kind, [x], (*shape[:2], 1, 1))
        return
    axis, keep = d.below(len(shape) - 1), d.below(1, 0) or len(shape) == 2
    made = [1 if i == axis else size for i, size in enumerate(shape) if keep or i != axis]
    d.add(str(d.rng.choice(["ReduceMean", "ReduceMax"])), [x], made, axes=[axis], keepdims=int(keep))


def softmax(d: RandomOnnx, x: str, shape: Shape) -> None:
    """Softmax along any axis."""
    d.add("Softmax", [x], shape, axis=d.below(len(shape) - 1))


def split(d: RandomOnnx, x: str, shape: Shape) -> None:
    """Two parts along an axis."""
    axis = d.below(len(shape) - 1)
    if shape[axis] < 2:
        return
    first = d.below(shape[axis] - 1)
    name = d.file.node("Split", [x, d.numbers(first, shape[axis] - first)], 2, axis=axis)
    for i, size in enumerate((first, shape[axis] - first)):
        d.values[f"{name}.{i}"] = (*shape[:axis], size, *shape[axis + 1 :])
        d.file.channels[f"{name}.{i}"] = d.values[f"{name}.{i}"][1]


def resize(d: RandomOnnx, x: str, shape: Shape) -> None:
    """Twice or three times the rows and columns."""
    factor = d.below(3)
    made = (*shape[:2], shape[2] * factor, shape[3] * factor)
    mode = d.below(4)
    options = [
        {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
        {"mode": "linear", "coordinate_transformation_mode": "half_pixel"},
        {"mode": "linear", "coordinate_transformation_mode": "align_corners"},
        {"mode": "linear", "coordinate_transformation_mode": "asymmetric"},
    ][mode - 1]
    if max(made) < 30:
        d.add("Resize", [x, "", d.file.constant([1, 1, factor, factor])], made, **options)


def transposed_conv(d: RandomOnnx, x: str, shape: Shape) -> None:
    """ConvTranspose with kernel and stride of one size."""
    size, filters = d.below(2), d.below(3)
    weights = d.file.random(shape[1], filters, size, size, spread=0.4)
    made = (1, filters, shape[2] * size, shape[3] * size)
    if max(made) < 30:
        y = d.add(
            "ConvTranspose",
            [x, weights, d.file.random(filters)],
            made,
            kernel_shape=[size] * 2,
            strides=[size] * 2,
        )
        d.file.channels[y] = filters


Maker = Callable[[RandomOnnx, str, Shape], None]
ANY: list[Maker] = [activation, arithmetic, transpose, reshape, dense, concat, cut, reduce, softmax, split]
BY_RANK: dict[int, list[Maker]] = {
    3: [*ANY, conv, pool],
    4: [*ANY, *[conv] * 6, *[pool] * 2, resize, transposed_conv],
}
