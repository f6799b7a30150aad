"""Random models of one operator or two, of any shape and quantization that TensorFlow Lite Micro takes."""

from collections.abc import Callable

import numpy as np

from aiedge.codegen.operators.elementwise import DEQUANTIZED, QUANTIZED
from aiedge.tflite.traits import TRAITS, Nature
from tests.support.model_files import TYPES
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
    ratio = float(10 ** d.rng.uniform(-2, 2)) * (np.prod(shape) / np.prod(result) if kind == "SUM" else 1)
    extreme = kind.startswith("REDUCE")
    target = d.like(source, result) if extreme else d.tensor(result, d.params[source][0] * float(ratio))
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
    zero_points = [d.zero_point(), d.zero_point()]
    if kind == "SQUARED_DIFFERENCE":
        scales = [min(each, 30.0) for each in scales]
    if kind in ONE_SCALE:
        scales, zero_points = scales[:1] * 2, zero_points[:1] * 2
    fixed = int(d.rng.choice([-1, -1, 0, 1]))
    operands = [
        d.constant(s, *params) if i == fixed else d.input(s, *params)
        for i, (s, *params) in enumerate(zip(shapes, scales, zero_points, strict=True))
    ]
    if fixed < 0 and d.rng.random() < 0.1:
        d.inputs, operands = [operands[0]], [operands[0]] * 2
    a, b = ([1] * (4 - len(d.shapes[o])) + d.shapes[o] for o in operands)
    rank = max(len(d.shapes[o]) for o in operands)
    result = [max(m, n) for m, n in zip(a, b, strict=True)][4 - rank :]
    if kind in ONE_SCALE:
        return d.add(kind, operands, [d.like(operands[0], result)])
    wide = scales[0] * scales[1] * 64 if kind in ("MUL", "PRELU") else max(scales)
    if kind == "SQUARED_DIFFERENCE":
        wide = max(scales) ** 2 * float(10 ** d.rng.uniform(*((1, 6) if d.dtype == "int16" else (-3, 3))))
        return d.add(kind, operands, [d.tensor(result, wide)])
    if kind == "PRELU":
        return d.add(kind, operands, [d.tensor(result, max(wide, scales[0] * 2 ** d.rng.uniform(-2, 4)))])
    # A factor that is a power of two makes halves, which must be rounded.
    target = d.tensor(result, wide * d.pick(float(10 ** d.rng.uniform(-2, 2)), 0.5, 1.0, 2.0, 8.0))
    # TFLM refuses a relu6 whose 6 leaves int32.
    activation = d.activation() if d.params[target][0] > 1e-6 else 0
    return d.add(kind, operands, [target], fusedActivationFunction=activation)


# Operators of two inputs that compare integers: all have one scale and zero point.
ONE_SCALE = ("MAXIMUM", "MINIMUM")


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


def transpose(d: Draw, kind: str) -> list[int]:
    # Five dimensions may need more loops than the kernel has.
    source = d.input(d.pick(d.shape(highest=5), [2, 3, 2, 4, 3]))
    order = d.rng.permutation(len(d.shapes[source])).tolist()
    target = d.like(source, [d.shapes[source][axis] for axis in order])
    return d.add(kind, [source, d.integers(order)], [target])


def reverse(d: Draw, kind: str) -> list[int]:
    source = d.input(d.shape())
    first, last = sorted(d.rng.integers(0, len(d.shapes[source]), 2).tolist())
    return d.add(kind, [source, d.integers(range(first, last + 1))], [d.like(source)])


def depth(d: Draw, kind: str) -> list[int]:
    block = d.size(4)
    batch, height, width, channels = d.image(largest=4)
    shapes = [[batch, height, width, channels * block**2], [batch, height * block, width * block, channels]]
    shapes = shapes if kind == "DEPTH_TO_SPACE" else shapes[::-1]
    source = d.input(shapes[0])
    return d.add(kind, [source], [d.like(source, shapes[1])], blockSize=block)


def tile(d: Draw, kind: str) -> list[int]:
    source = d.input(d.shape(largest=4))
    times = [d.size(3) for _ in d.shapes[source]]
    result = [n * m for n, m in zip(times, d.shapes[source], strict=True)]
    return d.add(kind, [source, d.integers(times)], [d.like(source, result)])


def broadcast(d: Draw, kind: str) -> list[int]:
    shape = d.shape(highest=5, largest=4)
    part = [1 if d.rng.random() < 0.5 else n for n in shape[int(d.rng.integers(len(shape))) :]]
    source = d.input(part)
    return d.add(kind, [source, d.integers(shape)], [d.like(source, shape)])


def sliced(d: Draw, kind: str) -> list[int]:
    source = d.input(d.shape(highest=5))
    shape = np.array(d.shapes[source])
    begin = d.rng.integers(0, shape)
    sizes = d.rng.integers(1, shape - begin + 1)
    asked = np.where((begin + sizes == shape) & (d.rng.random(len(shape)) < 0.5), -1, sizes)
    target = d.like(source, sizes.tolist())
    return d.add(kind, [source, d.integers(begin), d.integers(asked)], [target])


def unpack(d: Draw, kind: str) -> list[int]:
    source = d.input(d.shape(lowest=2))
    shape = d.shapes[source]
    axis = int(d.rng.integers(len(shape)))
    targets = [d.like(source, [*shape[:axis], *shape[axis + 1 :]]) for _ in range(shape[axis])]
    signed = axis - len(shape) if d.rng.random() < 0.3 else axis
    return d.add(kind, [source], targets, axis=signed, num=shape[axis])


def pack(d: Draw, kind: str) -> list[int]:
    first = d.input(d.shape(lowest=0, highest=3))
    shape, count = d.shapes[first], int(d.rng.integers(1, 5))
    parts = [first]
    for _ in range(1, count):
        fixed = d.rng.random() < 0.2
        parts.append(d.constant(shape, *d.params[first]) if fixed else d.input(shape, *d.params[first]))
    axis = int(d.rng.integers(len(shape) + 1))
    target = d.like(first, [*shape[:axis], count, *shape[axis:]])
    signed = axis - len(shape) - 1 if d.rng.random() < 0.3 else axis
    return d.add(kind, parts, [target], axis=signed, valuesCount=count)


def add_n(d: Draw, kind: str) -> list[int]:
    first = d.input(d.shape())
    parts = [first] + [d.input(d.shapes[first], *d.params[first]) for _ in range(d.rng.integers(1, 15))]
    scale = d.params[first][0] * np.sqrt(len(parts)) * d.pick(float(10 ** d.rng.uniform(-2, 2)), 0.5, 1, 2)
    return d.add(kind, parts, [d.tensor(d.shapes[first], float(scale))])


def mirror_pad(d: Draw, kind: str) -> list[int]:
    source = d.input(d.shape())
    shape, mode = d.shapes[source], d.pick(0, 1)
    paddings = d.rng.integers(0, np.minimum(np.array(shape) + mode, 4)[:, None], (len(shape), 2))
    target = d.like(source, [n + int(p.sum()) for n, p in zip(shape, paddings, strict=True)])
    return d.add(kind, [source, d.integers(paddings)], [target], mode=mode)


def gather(d: Draw, kind: str) -> list[int]:
    source = d.input(d.shape())
    shape = d.shapes[source]
    if kind == "GATHER_ND":
        depth = int(d.rng.integers(1, len(shape) + 1))
        positions = d.shape(0, 2)
        indices = d.rng.integers(0, shape[:depth], [*positions, depth])
        return d.add(kind, [source, d.integers(indices)], [d.like(source, [*positions, *shape[depth:]])])
    axis = int(d.rng.integers(len(shape)))
    batches = int(d.rng.integers(axis + 1))
    named = [*shape[:batches], *d.shape(1 if batches == 0 else 0, 2)]
    if d.rng.random() < 0.5:
        indices = d.integers(d.rng.integers(0, shape[axis], named))
    else:
        indices = largest(d, d.input([*named, shape[axis]]), named, len(named))
    target = d.like(source, [*shape[:axis], *named[batches:], *shape[axis + 1 :]])
    signed = axis - len(shape) if d.rng.random() < 0.3 else axis
    return d.add(kind, [source, indices], [target], axis=signed, batchDims=batches)


def largest(d: Draw, source: int, shape: list[int], axis: int, kind: str = "ARG_MAX") -> int:
    """The index of the largest value, or smallest, along a dimension."""
    target = d.file.tensor(shape, "int32")
    return d.add(kind, [source, d.integers(axis)], [target], outputType=TYPES["int32"])[0]


def arg(d: Draw, kind: str) -> list[int]:
    source = d.input(d.shape(largest=9))
    shape = d.shapes[source]
    axis = int(d.rng.integers(len(shape)))
    signed = axis - len(shape) if d.rng.random() < 0.3 else axis
    d.dtype = "int32"
    return [largest(d, source, [*shape[:axis], *shape[axis + 1 :]], signed, kind)]


def blocks(d: Draw, kind: str) -> list[int]:
    spatial, batches, channels = d.pick(1, 2, 2), d.pick(1, 1, 2), d.size()
    block = [d.size(3) for _ in range(spatial)]
    parts = [d.size(5) for _ in range(spatial)]
    borders = []
    for n, b in zip(parts, block, strict=True):
        before = int(d.rng.integers(0, min(3, n * b)))
        borders.append([before, int(d.rng.integers(0, min(3, n * b - before)))])
    image = [n * b - sum(border) for n, b, border in zip(parts, block, borders, strict=True)]
    shapes = [[batches, *image, channels], [batches * int(np.prod(block)), *parts, channels]]
    shapes = shapes if kind == "SPACE_TO_BATCH_ND" else shapes[::-1]
    source = d.input(shapes[0])
    inputs = [source, d.integers(block), d.integers(borders)]
    return d.add(kind, inputs, [d.like(source, shapes[1])])


def softmax(d: Draw, kind: str) -> list[int]:
    shape = [*d.shape(highest=3), int(d.rng.choice([1, 2, 10, 37, 300, 511]))]
    source = d.input(shape, float(10 ** d.rng.uniform(-4, 0.5)))
    beta = float(d.rng.choice([1.0, 1.0, 0.5, 3.0]))
    if kind == "LOG_SOFTMAX":
        return d.add(kind, [source], [d.tensor(shape, 1 / 16, 127)])
    if d.dtype == "int8" and d.rng.random() < 0.3:
        target = d.file.tensor(shape, "int16", scale=1 / 65536, zero_point=-32768)
        d.dtype = "int16 with a zero point"  # no operator takes that
        return d.add(kind, [source], [target], beta=beta)
    output = (1 / 256, -128) if d.dtype != "int16" else (2.0**-15, 0)
    return d.add(kind, [source], [d.tensor(shape, *output)], beta=beta)


def normalization(d: Draw, kind: str) -> list[int]:
    source = d.input([*d.shape(highest=3), int(d.rng.choice([1, 2, 10, 300]))])
    return d.add(kind, [source], [d.tensor(d.shapes[source], 1 / 128, 0)])


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


def matmul(d: Draw, kind: str) -> list[int]:
    rows, depth, columns = d.size(9), d.size(20), d.size(9)
    batches = d.shape(0, 3, 4)
    ones = [1 if d.rng.random() < 0.3 else n for n in batches]
    pair = [batches[int(d.rng.integers(len(batches) + 1)) :] if d.rng.random() < 0.3 else ones, batches]
    if d.rng.random() < 0.5:
        pair = pair[::-1]
    flags = {name: bool(d.rng.random() < 0.5) for name in ("adjX", "adjY")}
    shapes = [
        [*batch, *(size[::-1] if flag else size)]
        for batch, size, flag in zip(pair, ([rows, depth], [depth, columns]), flags.values(), strict=True)
    ]
    a = d.input(shapes[0])
    b = d.constant(shapes[1]) if d.rng.random() < 0.4 else d.input(shapes[1])
    scale = d.params[a][0] * d.params[b][0] * np.sqrt(depth) * d.pick(1, 30, 100)
    return d.add(kind, [a, b], [d.tensor([*batches, rows, columns], float(scale))], **flags)


def broadcasting(d: Draw, shape: list[int]) -> list[int]:
    """A shape that broadcasts to this one: some of its sizes are 1, and the first ones may be missing."""
    part = [1 if d.rng.random() < 0.2 else n for n in shape]
    return part[int(d.rng.integers(len(part))) :] if d.rng.random() < 0.2 else part


def true(d: Draw, shape: list[int], kind: str = "LESS") -> int:
    """What is true of two inputs of which one has the shape, and the other broadcasts to it."""
    scale = min(d.scale(), 0.9)
    a, b = d.input(shape, scale), d.input(broadcasting(d, shape), min(scale * d.pick(1.0, 0.7, 2.0), 0.9))
    return d.add(kind, d.pick([a, b], [b, a]), [d.file.tensor(shape, "bool")])[0]


def number(d: Draw, source: int, shape: list[int], *dtypes: str) -> list[int]:
    """A tensor in another type, of which the model is then."""
    d.dtype = d.pick(*dtypes)
    return d.add("CAST", [source], [d.tensor(shape)])


def comparison(d: Draw, kind: str) -> list[int]:
    shape = d.shape()
    return number(d, true(d, shape, kind), shape, "int8", "float32")


def logical(d: Draw, kind: str) -> list[int]:
    shape = d.shape()
    sources = [true(d, shape)] if kind == "LOGICAL_NOT" else [true(d, shape), true(d, broadcasting(d, shape))]
    found = d.add(kind, sources, [d.file.tensor(shape, "bool")])[0]
    return number(d, found, shape, "int8", "float32")


def selection(d: Draw, kind: str) -> list[int]:
    shape = d.shape()
    a = d.input(shape)
    b = d.input(broadcasting(d, shape), *d.params[a])
    return d.add(kind, [true(d, broadcasting(d, shape)), *d.pick([a, b], [b, a])], [d.like(a)])


def cast(d: Draw, kind: str) -> list[int]:
    source = d.input(d.shape(largest=9))
    return number(d, source, d.shapes[source], "int8", "int16", "int32", "float32")


def cumsum(d: Draw, kind: str) -> list[int]:
    source = d.input(d.shape(largest=20))
    shape = d.shapes[source]
    axis = int(d.rng.integers(len(shape)))
    options = {name: bool(d.rng.random() < 0.5) for name in ("exclusive", "reverse")}
    target = d.tensor(shape, d.params[source][0] * float(10 ** d.rng.uniform(-1, 2)))
    signed = axis - len(shape) if d.rng.random() < 0.3 else axis
    return d.add(kind, [source, d.integers([signed])], [target], **options)


def fill(d: Draw, kind: str) -> list[int]:
    """The value is an input, or a constant that is compared with one; ZEROS_LIKE is compared, too."""
    shape = d.shape()
    if kind == "FILL" and d.rng.random() < 0.5:
        value = d.input([])
        return d.add(kind, [d.integers(shape), value], [d.like(value, shape)])
    source = d.input(shape)
    filled = d.like(source)
    inputs = [source] if kind == "ZEROS_LIKE" else [d.integers(shape), d.constant([], *d.params[source])]
    d.add(kind, inputs, [filled])
    return d.add("MAXIMUM", [source, filled], [d.like(source)])


def convolution(d: Draw, kind: str) -> list[int]:
    return [filtered(d, kind, d.input([d.pick(1, 1, 2, 3), d.size(12), d.size(12), d.size(9)]))]


# For each kind of the table of traits what draws a model of it.
OPERATORS: dict[str, Callable[[Draw, str], list[int]]] = {
    "CONV_2D": convolution,
    "DEPTHWISE_CONV_2D": convolution,
    "FULLY_CONNECTED": dense,
    "BATCH_MATMUL": matmul,
    "QUANTIZE": conversion,
    "DEQUANTIZE": conversion,
    "RESHAPE": reshape,
    "MAX_POOL_2D": pool,
    "AVERAGE_POOL_2D": pool,
    "L2_POOL_2D": pool,
    "MEAN": mean,
    "SUM": mean,
    "REDUCE_MAX": mean,
    "REDUCE_MIN": mean,
    "ADD": binary,
    "ADD_N": add_n,
    "SUB": binary,
    "MUL": binary,
    "EQUAL": comparison,
    "NOT_EQUAL": comparison,
    "GREATER": comparison,
    "GREATER_EQUAL": comparison,
    "LESS": comparison,
    "LESS_EQUAL": comparison,
    "LOGICAL_AND": logical,
    "LOGICAL_OR": logical,
    "LOGICAL_NOT": logical,
    "SELECT_V2": selection,
    "CAST": cast,
    "CUMSUM": cumsum,
    "FILL": fill,
    "ZEROS_LIKE": fill,
    "MAXIMUM": binary,
    "MINIMUM": binary,
    "PRELU": binary,
    "SQUARED_DIFFERENCE": binary,
    "DIV": binary,
    "FLOOR_DIV": binary,
    "FLOOR_MOD": binary,
    "CONCATENATION": concatenation,
    "SPLIT": split,
    "SPLIT_V": split,
    "PAD": pad,
    "PADV2": pad,
    "SQUEEZE": reshape,
    "EXPAND_DIMS": reshape,
    "STRIDED_SLICE": strided_slice,
    "ARG_MAX": arg,
    "ARG_MIN": arg,
    "TRANSPOSE": transpose,
    "REVERSE_V2": reverse,
    "DEPTH_TO_SPACE": depth,
    "SPACE_TO_DEPTH": depth,
    "BROADCAST_TO": broadcast,
    "TILE": tile,
    "SLICE": sliced,
    "PACK": pack,
    "UNPACK": unpack,
    "MIRROR_PAD": mirror_pad,
    "SPACE_TO_BATCH_ND": blocks,
    "BATCH_TO_SPACE_ND": blocks,
    "GATHER": gather,
    "GATHER_ND": gather,
    "SOFTMAX": softmax,
    "LOG_SOFTMAX": softmax,
    "L2_NORMALIZATION": normalization,
    "RESIZE_NEAREST_NEIGHBOR": resize,
    "RESIZE_BILINEAR": resize,
    "TRANSPOSE_CONV": transpose_conv,
    "ABS": unary,
    "NEG": unary,
    "SQUARE": unary,
    "SQRT": positive,
    "RSQRT": positive,
    "EXP": unary,
    "LOG": positive,
    "SIN": unary,
    "COS": unary,
    "FLOOR": unary,
    "CEIL": unary,
    "ROUND": unary,
    "ELU": unary,
    "GELU": unary,
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


# Operators that take floats alone, beside unary ones without a table.
FLOATS = ("DIV", "FLOOR_DIV", "FLOOR_MOD", "L2_POOL_2D")
# What TensorFlow Lite Micro has not: LiteRT's reference kernels and NumPy say what is right.
WITHOUT_TFLM = ("GELU", "TILE")
# The kinds that TensorFlow Lite Micro and the kit take of int16.
INT16 = {
    "ABS",
    "ADD",
    "AVERAGE_POOL_2D",
    "CONCATENATION",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "EXPAND_DIMS",
    "FULLY_CONNECTED",
    "MAXIMUM",
    "MAX_POOL_2D",
    "MINIMUM",
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
    "PACK",
    "RESIZE_NEAREST_NEIGHBOR",
    "SQUARED_DIFFERENCE",
    "STRIDED_SLICE",
    "SUB",
    "SUM",
}


def dtypes(kind: str) -> tuple[str, ...]:
    """The types of the kind's inputs that TensorFlow Lite Micro takes; a unary operator without a table has floats."""
    trait = TRAITS[kind]
    if trait.nature is Nature.CONVERSION:
        return DEQUANTIZED if trait.table is None else tuple(QUANTIZED)
    if kind in FLOATS or (trait.nature is Nature.UNARY and trait.table is None):
        return ("float32",)
    return ("int8", "int16", "float32") if kind in INT16 else ("int8", "float32")


def random_model(rng: np.random.Generator, kind: str, dtype: str) -> bytes:
    """A model of the operator, one time in three with an element-wise one behind each of its outputs."""
    draw = Draw(rng, dtype)
    outputs = OPERATORS[kind](draw, kind)
    alone = kind in WITHOUT_TFLM
    others = [
        other for other in UNARY if draw.dtype in dtypes(other) and not alone and other not in WITHOUT_TFLM
    ]
    if others and rng.random() < 1 / 3:
        outputs = [behind(draw, draw.pick(*others), output)[0] for output in outputs]
    return draw.file.build(draw.inputs, outputs)


KINDS_AND_TYPES = [(kind, dtype) for kind in OPERATORS if kind in TRAITS for dtype in dtypes(kind)]

# Natures that move bytes, of whatever type, and kinds whose kernel differs from another one's by a sign or a function.
MOVING = {Nature.PERMUTATION, Nature.REPETITION, Nature.MIRROR, Nature.UNPACK, Nature.GATHER, Nature.BLOCKS}
MOVING |= {Nature.PACK, Nature.NEAREST}
ALIKE = {"SLICE", "MINIMUM", "REDUCE_MIN", "ARG_MIN", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS_EQUAL"}
ALIKE |= {"LOGICAL_OR", "CEIL", "COS", "ROUND", "SIN", "FLOOR_DIV", "FLOOR_MOD", "ZEROS_LIKE"}


def is_alike(kind: str, dtype: str) -> bool:
    """Whether another kind or type has the same kernel but for a sign or a function, or the type."""
    return dtype != "int8" and (kind in ALIKE or TRAITS[kind].nature in MOVING) and "int8" in dtypes(kind)
