"""Random models of one operator or two, of any shape and quantization that TensorFlow Lite Micro takes."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from aiedge.tflite.traits import TRAITS, Nature
from tests.support.model_files import ModelFile

T = TypeVar("T")


class Draw:
    """A model in the making, and the dice."""

    def __init__(self, rng: np.random.Generator, dtype: str):
        self.rng, self.dtype, self.file = rng, dtype, ModelFile()
        self.inputs: list[int] = []
        self.shapes: dict[int, list[int]] = {}
        self.params: dict[int, tuple[float, int]] = {}

    def scale(self) -> float:
        """Mostly ordinary, now and then extreme."""
        return float(10 ** self.rng.uniform(*((-6, 4) if self.rng.random() < 0.2 else (-3, 0))))

    def zero_point(self) -> int:
        """Any, the ends and zero more often."""
        return int(self.rng.choice([-128, 127, 0, *self.rng.integers(-128, 128, 3)]))

    def size(self, largest: int = 7) -> int:
        """The size of a dimension, 1 more often."""
        return int(self.rng.choice([1, *self.rng.integers(1, largest + 1, 3)]))

    def image(self, largest: int = 9, channels: int = 9) -> list[int]:
        """Batch, height, width and channels."""
        batch = int(self.rng.choice([1, 1, 1, 2]))
        return [batch, self.size(largest), self.size(largest), self.size(channels)]

    def shape(self, lowest: int = 1, highest: int = 4, largest: int = 6) -> list[int]:
        """One to four dimensions."""
        return [self.size(largest) for _ in range(self.rng.integers(lowest, highest + 1))]

    def pick(self, *values: T) -> T:
        """One of the values."""
        return values[self.rng.integers(len(values))]

    def tensor(
        self,
        shape: list[int],
        scale: float | None = None,
        zero_point: int | None = None,
        data: NDArray | None = None,
    ) -> int:
        """A tensor of the model's type; scale and zero point are drawn unless given."""
        scale = self.scale() if scale is None else scale
        zero_point = self.zero_point() if zero_point is None else zero_point
        quantization = {"scale": scale, "zero_point": zero_point} if self.dtype == "int8" else {}
        index = self.file.tensor(shape, self.dtype, data=data, **quantization)
        self.shapes[index], self.params[index] = shape, (scale, zero_point)
        return index

    def input(self, shape: list[int], scale: float | None = None, zero_point: int | None = None) -> int:
        """An input of the model."""
        self.inputs.append(self.tensor(shape, scale, zero_point))
        return self.inputs[-1]

    def constant(self, shape: list[int], scale: float | None = None, zero_point: int | None = None) -> int:
        """A random constant of the model's type."""
        values = self.rng.integers(-128, 128, shape) if self.dtype == "int8" else self.rng.normal(0, 3, shape)
        return self.tensor(shape, scale, zero_point, values)

    def integers(self, values: object) -> int:
        """A constant of int32."""
        values = np.asarray(values, np.int32)
        return self.file.tensor(list(values.shape), "int32", data=values)

    def like(self, tensor: int, shape: list[int] | None = None) -> int:
        """A tensor of the scale and zero point of another one."""
        return self.tensor(self.shapes[tensor] if shape is None else shape, *self.params[tensor])

    def activation(self, *choices: int) -> int:
        """A fused activation, none more often."""
        return int(self.rng.choice([0, 0, *(choices or (1, 2, 3))]))

    def add(
        self, kind: str, inputs: list[int], outputs: list[int], version: int = 1, **options: object
    ) -> list[int]:
        """Add the operator and return its outputs."""
        self.file.operator(kind, inputs, outputs, version, **options)
        return outputs


def pool(d: Draw, kind: str) -> list[int]:
    source = d.input(d.image(channels=13))
    batch, height, width, channels = d.shapes[source]
    padding = d.pick(0, 1)
    window = [d.size(5) if padding == 0 else int(d.rng.integers(1, size + 1)) for size in (height, width)]
    if d.rng.random() < 0.1:
        window = [height, width]
    stride = [d.size(3), d.size(3)]
    result = [
        -(-size // s) if padding == 0 else (size - w + s) // s
        for size, w, s in zip((height, width), window, stride, strict=True)
    ]
    target = d.like(source, [batch, *result, channels])
    options = {"padding": padding, "strideH": stride[0], "strideW": stride[1]}
    options |= {"filterHeight": window[0], "filterWidth": window[1]}
    return d.add(kind, [source], [target], fusedActivationFunction=d.activation(), **options)


def mean(d: Draw, kind: str) -> list[int]:
    source = d.input(d.image(largest=d.pick(4, 20)) if d.rng.random() < 0.5 else d.shape())
    shape = d.shapes[source]
    if len(shape) == 4 and d.rng.random() < 0.5:
        axes = [1, 2]
    else:
        axes = d.rng.permutation(len(shape))[: d.rng.integers(1, len(shape) + 1)].tolist()
    keep = bool(d.rng.random() < 0.5)
    result = [1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes]
    target = d.tensor(result, d.params[source][0] * float(10 ** d.rng.uniform(-2, 2)))
    signed = [a - len(shape) if d.rng.random() < 0.3 and axes != [1, 2] else a for a in axes]
    return d.add(kind, [source, d.integers(signed)], [target], keepDims=keep)


def binary(d: Draw, kind: str) -> list[int]:
    shape = d.shape()
    shapes = [list(shape), list(shape)]
    if d.rng.random() < 0.6:
        for i in range(len(shape)):
            if d.rng.random() < 0.4:
                shapes[d.rng.integers(2)][i] = 1
        if d.rng.random() < 0.3:
            short = d.rng.integers(2)
            shapes[short] = (
                shapes[short][d.rng.integers(1, len(shape)) :] if len(shape) > 1 else shapes[short]
            )
    scale = d.scale()
    scales = [
        scale,
        scale * d.pick(1.0, float(10 ** d.rng.uniform(-3, 3)), float(10 ** d.rng.uniform(-1, 1))),
    ]
    fixed = int(d.rng.choice([-1, -1, 0, 1]))
    operands = [
        d.constant(s, k) if i == fixed else d.input(s, k)
        for i, (s, k) in enumerate(zip(shapes, scales, strict=True))
    ]
    if fixed < 0 and d.rng.random() < 0.1:
        d.inputs, operands = [operands[0]], [operands[0]] * 2
    a, b = ([1] * (4 - len(d.shapes[o])) + d.shapes[o] for o in operands)
    rank = max(len(d.shapes[o]) for o in operands)
    result = [max(m, n) for m, n in zip(a, b, strict=True)][4 - rank :]
    wide = scales[0] * scales[1] * 64 if kind == "MUL" else max(scales)
    # A factor that is a power of two makes halves, which must be rounded.
    target = d.tensor(result, wide * d.pick(float(10 ** d.rng.uniform(-2, 2)), 0.5, 1.0, 2.0, 8.0))
    # TFLM refuses a relu6 whose 6 leaves int32.
    activation = d.activation() if d.params[target][0] > 1e-6 else 0
    return d.add(kind, operands, [target], fusedActivationFunction=activation)


def concatenation(d: Draw, kind: str) -> list[int]:
    first = d.input(d.shape())
    axis = int(d.rng.integers(len(d.shapes[first])))
    parts = [first]
    for _ in range(d.rng.integers(1, 5)):
        shape = list(d.shapes[first])
        shape[axis] = d.size()
        if d.rng.random() < 0.2:
            parts.append(d.constant(shape, *d.params[first]))
        else:
            parts.append(d.like(first, shape))
            d.inputs.append(parts[-1])
    result = list(d.shapes[first])
    result[axis] = sum(d.shapes[part][axis] for part in parts)
    signed = axis - len(result) if d.rng.random() < 0.3 else axis
    return d.add(kind, parts, [d.like(first, result)], axis=signed)


def split(d: Draw, kind: str) -> list[int]:
    shape, count = d.shape(), int(d.rng.integers(1, 5))
    axis = int(d.rng.integers(len(shape)))
    part = list(shape)
    shape[axis] *= count
    source = d.input(shape)
    signed = axis - len(shape) if d.rng.random() < 0.3 else axis
    targets = [d.like(source, part) for _ in range(count)]
    return d.add(kind, [d.integers(signed), source], targets, numSplits=count)


def pad(d: Draw, kind: str) -> list[int]:
    source = d.input(d.shape(largest=5))
    shape = d.shapes[source]
    paddings = d.rng.integers(0, 4, (len(shape), 2)) * (d.rng.random((len(shape), 1)) < 0.6)
    target = d.like(source, [n + int(p.sum()) for n, p in zip(shape, paddings, strict=True)])
    value = [d.constant([1], *d.params[source])] if kind == "PADV2" else []
    return d.add(kind, [source, d.integers(paddings), *value], [target])


def reshape(d: Draw, kind: str) -> list[int]:
    source = d.input(d.shape(largest=3))
    shape = d.shapes[source]
    if kind == "SQUEEZE":
        ones = [i for i, n in enumerate(shape) if n == 1 and d.rng.random() < 0.7]
        squeezed = ones or [i for i, n in enumerate(shape) if n == 1]
        result = [n for i, n in enumerate(shape) if i not in squeezed]
        return d.add(kind, [source], [d.like(source, result)], squeezeDims=ones)
    if kind == "RESHAPE":
        result = d.rng.permutation(shape).tolist()
        return d.add(kind, [source, d.integers(result)], [d.like(source, result)], newShape=result)
    axis = int(d.rng.integers(len(shape) + 1))
    return d.add(kind, [source, d.integers(axis)], [d.like(source, [*shape[:axis], 1, *shape[axis:]])])


def strided_slice(d: Draw, kind: str) -> list[int]:
    while True:
        shape = d.shape(largest=8)
        begin, end = (d.rng.integers(-n - 2, n + 3) for n in [np.array(shape)] * 2)
        strides = d.rng.choice([1, 1, 1, 2, 3, -1, -2], len(shape))
        masks = {name: int(d.rng.integers(16)) & int(d.rng.integers(16)) for name in ("beginMask", "endMask")}
        masks["shrinkAxisMask"] = int(d.rng.integers(16)) & int(d.rng.integers(16)) & int(d.rng.integers(16))
        result, empty = [], False
        for i, n in enumerate(shape):
            first = None if masks["beginMask"] >> i & 1 else begin[i]
            if masks["shrinkAxisMask"] >> i & 1:
                strides[i], empty = 1, empty or not (first is None or -n <= first < n)
                continue
            last = None if masks["endMask"] >> i & 1 else end[i]
            result.append(len(range(n)[first : last : strides[i]]))
        if not empty and 0 not in result:
            break
    source = d.input(shape)
    inputs = [source, *(d.integers(values) for values in (begin, end, strides))]
    return d.add(kind, inputs, [d.like(source, result)], **masks)


def softmax(d: Draw, kind: str) -> list[int]:
    shape = [*d.shape(highest=3), int(d.rng.choice([1, 2, 10, 37, 300, 511]))]
    source = d.input(shape, float(10 ** d.rng.uniform(-4, 0.5)))
    beta = float(d.rng.choice([1.0, 1.0, 0.5, 3.0]))
    return d.add(kind, [source], [d.tensor(shape, 1 / 256, -128)], beta=beta)


def resize(d: Draw, kind: str) -> list[int]:
    source = d.input(d.image(largest=8, channels=6))
    batch, _, _, channels = d.shapes[source]
    size = [d.size(17), d.size(17)]
    options = d.pick({}, {"alignCorners": True}, {"halfPixelCenters": True})
    if kind == "RESIZE_NEAREST_NEIGHBOR" and d.rng.random() < 0.2:
        options = {"alignCorners": True, "halfPixelCenters": True}
    target = d.like(source, [batch, *size, channels])
    return d.add(kind, [source, d.integers(size)], [target], **options)


def transpose_conv(d: Draw, kind: str) -> list[int]:
    padding = d.pick(0, 1)
    stride, window, source_size = ([d.size(n), d.size(n)] for n in (3, 5, 6))
    result = []
    for s, w, n in zip(stride, window, source_size, strict=True):
        low, high = ((n - 1) * s + 1, n * s) if padding == 0 else ((n - 1) * s + w, n * s + w - 1)
        result.append(int(d.rng.integers(low, high + 1)))
    batch, channels, outputs = int(d.pick(1, 1, 2)), d.size(9), d.size(9)
    shape = [outputs, *window, channels]
    with_bias = d.rng.random() < 0.7
    sums = np.sqrt(np.prod(shape[1:]))
    source = d.input([batch, *source_size, channels])
    if d.dtype == "int8":
        scales = 10 ** d.rng.uniform(-4, -1, d.pick(1, outputs))
        weights = d.file.tensor(shape, scale=scales.tolist(), data=d.rng.integers(-127, 128, shape))
        target = d.tensor(
            [batch, *result, outputs], d.params[source][0] * float(scales.mean() * sums * d.pick(1, 30))
        )
        values = d.rng.integers(-5000, 5000, outputs)
        bias_scales = np.broadcast_to(scales, outputs) * d.params[source][0]
        bias = (
            [d.file.tensor([outputs], "int32", scale=bias_scales.tolist(), data=values)] if with_bias else []
        )
    else:
        weights = d.constant(shape)
        target = d.tensor([batch, *result, outputs])
        bias = [d.constant([outputs])] if with_bias else []
    activation = d.activation() if d.params[target][0] > 1e-6 else 0
    inputs = [d.integers(d.shapes[target]), weights, source, *bias]
    options = {"padding": padding, "strideH": stride[0], "strideW": stride[1]}
    return d.add(kind, inputs, [target], version=4, fusedActivationFunction=activation, **options)


def unary(d: Draw, kind: str) -> list[int]:
    return behind(d, kind, d.input(d.shape(largest=9)))


def positive(d: Draw, kind: str) -> list[int]:
    """An element-wise operator that is not defined below 0."""
    return behind(d, kind, not_negative(d, d.input(d.shape(largest=9))))


def not_negative(d: Draw, source: int) -> int:
    """What has no negative numbers: of int8 no integers for them either, of floats none near 0."""
    if d.dtype == "int8":
        return behind(d, "LOGISTIC", source)[0]
    return behind(d, "EXP", behind(d, "TANH", source)[0])[0]


# Scale and zero point of the output where they are no free choice, from the input's and a ratio.
OUTPUTS: dict[str, Callable[[float, int, float], tuple[float, int | None]]] = {
    "LOGISTIC": lambda scale, zero_point, ratio: (1 / 256, -128),
    "TANH": lambda scale, zero_point, ratio: (1 / 128, 0),
    "RELU6": lambda scale, zero_point, ratio: (scale, zero_point),
    "HARD_SWISH": lambda scale, zero_point, ratio: (scale * max(ratio, 0.0081), None),
}


def behind(d: Draw, kind: str, source: int) -> list[int]:
    """An element-wise operator on a tensor that the model has."""
    scale, zero_point = d.params[source]
    ratio = float(10 ** d.rng.uniform(-2, 3))
    params = OUTPUTS[kind](scale, zero_point, ratio) if kind in OUTPUTS else (scale * ratio, None)
    options = {"alpha": float(d.rng.uniform(-0.5, 1.5))} if kind == "LEAKY_RELU" else {}
    return d.add(kind, [source], [d.tensor(d.shapes[source], *params)], **options)


def converted(d: Draw, kind: str, source: int) -> list[int]:
    """QUANTIZE to int8 from the model's type, or DEQUANTIZE to float32; what comes out has that type."""
    d.dtype = "int8" if kind == "QUANTIZE" else "float32"
    return d.add(kind, [source], [d.tensor(d.shapes[source])])


def conversion(d: Draw, kind: str) -> list[int]:
    return converted(d, kind, d.input(d.shape(largest=9)))


def dense(d: Draw, kind: str) -> list[int]:
    rows, inputs, outputs = d.size(), d.size(40), d.size(20)
    source = d.input([rows, inputs])
    return [weighted(d, kind, source, [outputs, inputs], [rows, outputs], version=4)]


def convolution(d: Draw, kind: str) -> list[int]:
    source = d.input([1, d.size(12), d.size(12), d.size(9)])
    return [filtered(d, kind, source)]


def filtered(d: Draw, kind: str, source: int, same_size: bool = False) -> int:
    """CONV_2D or DEPTHWISE_CONV_2D of an image that the model has."""
    _, height, width, channels = d.shapes[source]
    padding = 0 if same_size else d.pick(0, 1)
    stride = [1, 1] if same_size else [d.size(3), d.size(3)]
    window = [d.size(5) if padding == 0 else int(d.rng.integers(1, size + 1)) for size in (height, width)]
    dilation = [d.pick(1, 1, 2) if padding == 0 else 1 for _ in window]
    sizes = [
        -(-size // s) if padding == 0 else (size - w) // s + 1
        for size, w, s in zip((height, width), window, stride, strict=True)
    ]
    outputs = channels * d.pick(1, 1, 2) if kind == "DEPTHWISE_CONV_2D" else d.size(12)
    options = {"padding": padding, "strideH": stride[0], "strideW": stride[1]}
    options |= {"dilationHFactor": dilation[0], "dilationWFactor": dilation[1]}
    shape = [outputs, *window, channels]
    if kind == "DEPTHWISE_CONV_2D":
        options["depthMultiplier"] = outputs // channels
        shape = [1, *window, outputs]
    return weighted(d, kind, source, shape, [1, *sizes, outputs], version=3, **options)


def weighted(
    d: Draw, kind: str, source: int, shape: list[int], result: list[int], version: int, **options: object
) -> int:
    """A layer with weights of this shape, and mostly a bias."""
    axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
    outputs, scale = shape[axis], d.params[source][0]
    depth = int(np.prod(shape)) // outputs
    scales = 10 ** d.rng.uniform(-4, -1, d.pick(1, outputs))
    bias = d.rng.integers(-5000, 5000, outputs)
    if d.dtype == "int8":
        weights = d.file.tensor(
            shape, scale=scales.tolist(), axis=axis, data=d.rng.integers(-127, 128, shape)
        )
        add = d.file.tensor([outputs], "int32", scale=(scales * scale).tolist(), data=bias)
    else:
        weights, add = d.constant(shape), d.constant([outputs])
    spread = scale * float(scales.mean()) * np.sqrt(depth) * d.pick(1, 30)
    # TFLM refuses a relu6 whose 6 leaves int32.
    target = d.tensor(result, max(float(spread), 1e-5))
    inputs = [source, weights, *([add] if d.rng.random() < 0.8 else [])]
    d.add(kind, inputs, [target], version, fusedActivationFunction=d.activation(1, 3), **options)
    return target


# For each kind of the table of traits what draws a model of it.
OPERATORS: dict[str, Callable[[Draw, str], list[int]]] = {
    "CONV_2D": convolution,
    "DEPTHWISE_CONV_2D": convolution,
    "FULLY_CONNECTED": dense,
    "QUANTIZE": conversion,
    "DEQUANTIZE": conversion,
    "RESHAPE": reshape,
    "MAX_POOL_2D": pool,
    "AVERAGE_POOL_2D": pool,
    "MEAN": mean,
    "ADD": binary,
    "SUB": binary,
    "MUL": binary,
    "CONCATENATION": concatenation,
    "SPLIT": split,
    "PAD": pad,
    "PADV2": pad,
    "SQUEEZE": reshape,
    "EXPAND_DIMS": reshape,
    "STRIDED_SLICE": strided_slice,
    "SOFTMAX": softmax,
    "RESIZE_NEAREST_NEIGHBOR": resize,
    "RESIZE_BILINEAR": resize,
    "TRANSPOSE_CONV": transpose_conv,
    "ABS": unary,
    "NEG": unary,
    "SQUARE": unary,
    "SQRT": positive,
    "RSQRT": positive,
    "EXP": unary,
    "ELU": unary,
    "RELU": unary,
    "RELU6": unary,
    "LEAKY_RELU": unary,
    "HARD_SWISH": unary,
    "LOGISTIC": unary,
    "TANH": unary,
}
UNARY = [kind for kind, draw in OPERATORS.items() if draw is unary]


def dtypes(kind: str) -> tuple[str, ...]:
    """The types of the kind's inputs that TensorFlow Lite Micro takes; a unary operator without a table has floats."""
    trait = TRAITS[kind]
    if trait.nature is Nature.CONVERSION and trait.table is None:
        return ("int8",)
    return ("float32",) if trait.nature is Nature.UNARY and trait.table is None else ("int8", "float32")


def random_model(rng: np.random.Generator, kind: str, dtype: str) -> bytes:
    """A model of the operator, one time in three with an element-wise one behind each of its outputs."""
    draw = Draw(rng, dtype)
    outputs = OPERATORS[kind](draw, kind)
    if rng.random() < 1 / 3:
        others = [other for other in UNARY if draw.dtype in dtypes(other)]
        outputs = [behind(draw, draw.pick(*others), output)[0] for output in outputs]
    return draw.file.build(draw.inputs, outputs)


KINDS_AND_TYPES = [(kind, dtype) for kind in OPERATORS if kind in TRAITS for dtype in dtypes(kind)]
