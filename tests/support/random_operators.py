"""Random models of one operator or two, of any shape and quantization that TensorFlow Lite Micro takes."""

from collections.abc import Callable

import numpy as np

from aiedge.codegen.operators.elementwise import DEQUANTIZED, QUANTIZED
from aiedge.tflite.traits import TRAITS, Nature
from tests.support.random_layers import Draw, behind, converted, filtered, not_negative, weighted
from tests.support.random_states import lstm, stateful, svdf


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
    sizes = [d.size(4) if kind == "SPLIT_V" else shape[axis] for _ in range(count)]
    parts = [[*shape[:axis], size, *shape[axis + 1 :]] for size in sizes]
    shape[axis] = sum(sizes)
    source = d.input(shape)
    signed = axis - len(shape) if d.rng.random() < 0.3 else axis
    targets = [d.like(source, part) for part in parts]
    if kind == "SPLIT_V":
        return d.add(kind, [source, d.integers(sizes), d.integers(signed)], targets, numSplits=count)
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
    if d.dtype == "int8" and d.rng.random() < 0.3:
        target = d.file.tensor(shape, "int16", scale=1 / 65536, zero_point=-32768)
        d.dtype = "int16 with a zero point"  # no operator takes that
        return d.add(kind, [source], [target], beta=beta)
    output = (1 / 256, -128) if d.dtype != "int16" else (2.0**-15, 0)
    return d.add(kind, [source], [d.tensor(shape, *output)], beta=beta)


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
    if d.dtype != "float32":
        bias_type = "int32" if d.dtype == "int8" else d.pick("int64", "int16")
        scales = 10 ** d.rng.uniform(-4, -1, d.pick(1, outputs))
        weights = d.file.tensor(shape, scale=scales.tolist(), data=d.rng.integers(-127, 128, shape))
        target = d.tensor(
            [batch, *result, outputs], d.params[source][0] * float(scales.mean() * sums * d.pick(1, 30))
        )
        values = d.rng.integers(-5000, 5000, outputs)
        bias_scales = np.broadcast_to(scales, outputs) * d.params[source][0]
        bias = (
            [d.file.tensor([outputs], bias_type, scale=bias_scales.tolist(), data=values)]
            if with_bias
            else []
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


def conversion(d: Draw, kind: str) -> list[int]:
    return converted(d, kind, d.input(d.shape(largest=9)), QUANTIZED[d.dtype])


def dense(d: Draw, kind: str) -> list[int]:
    rows, inputs, outputs = d.size(), d.size(40), d.size(20)
    source = d.input([rows, inputs])
    return [weighted(d, kind, source, [outputs, inputs], [rows, outputs], version=4)]


def convolution(d: Draw, kind: str) -> list[int]:
    return [filtered(d, kind, d.input([d.pick(1, 1, 2, 3), d.size(12), d.size(12), d.size(9)]))]


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
    "SPLIT_V": split,
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
    "SVDF": svdf,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm,
    **dict.fromkeys(("CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"), stateful),
}
UNARY = [kind for kind, draw in OPERATORS.items() if draw is unary]


# The kinds that TensorFlow Lite Micro and the kit take of int16.
INT16 = {
    "ADD",
    "AVERAGE_POOL_2D",
    "CONCATENATION",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "EXPAND_DIMS",
    "FULLY_CONNECTED",
    "MAX_POOL_2D",
    "MUL",
    "PAD",
    "PADV2",
    "RESHAPE",
    "SPLIT",
    "SQUEEZE",
    "LEAKY_RELU",
    "LOGISTIC",
    "MEAN",
    "RELU",
    "RELU6",
    "SOFTMAX",
    "TANH",
    "TRANSPOSE_CONV",
    "STRIDED_SLICE",
    "SUB",
}


def dtypes(kind: str) -> tuple[str, ...]:
    """The types of the kind's inputs that TensorFlow Lite Micro takes; a unary operator without a table has floats."""
    trait = TRAITS[kind]
    if trait.nature is Nature.CONVERSION:
        return DEQUANTIZED if trait.table is None else tuple(QUANTIZED)
    if trait.nature is Nature.UNARY and trait.table is None:
        return ("float32",)
    return ("int8", "int16", "float32") if kind in INT16 else ("int8", "float32")


def random_model(rng: np.random.Generator, kind: str, dtype: str) -> bytes:
    """A model of the operator, one time in three with an element-wise one behind each of its outputs."""
    draw = Draw(rng, dtype)
    outputs = OPERATORS[kind](draw, kind)
    others = [other for other in UNARY if draw.dtype in dtypes(other)]
    if others and rng.random() < 1 / 3:
        outputs = [behind(draw, draw.pick(*others), output)[0] for output in outputs]
    return draw.file.build(draw.inputs, outputs)


KINDS_AND_TYPES = [(kind, dtype) for kind in OPERATORS if kind in TRAITS for dtype in dtypes(kind)]
