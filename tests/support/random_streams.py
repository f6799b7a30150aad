"""Random networks of layers that can run row by row: odd sizes, strides, paddings, branches."""

from collections.abc import Callable

import numpy as np

from aiedge.tflite.traits import TRAITS, Nature
from tests.support.random_layers import Draw, behind, converted, filtered, not_negative
from tests.support.random_operators import FLOATS, ONE_SCALE, OPERATORS, WITHOUT_TFLM, positive

SAME, VALID = 0, 1


def _geometry(
    d: Draw, size: list[int], largest: int = 5
) -> tuple[int, list[int], list[int], list[int], list[int]]:
    """Padding, window, stride, dilation and the sizes that come out; a VALID window fits into the image."""
    padding = d.pick(SAME, VALID)
    window = [int(n) for n in d.rng.integers(1, largest + 1, 2)]
    stride = [d.pick(1, 1, 2, 3) for _ in range(2)]
    dilation = [d.pick(1, 1, 1, 2) for _ in range(2)]
    reach = [(w - 1) * step + 1 for w, step in zip(window, dilation, strict=True)]
    if any(r > n for r, n in zip(reach, size, strict=True)):
        padding = SAME
    sizes = [
        -(-n // s) if padding == SAME else (n - r) // s + 1
        for n, s, r in zip(size, stride, reach, strict=True)
    ]
    return padding, window, stride, dilation, sizes


def convolution(
    d: Draw,
    source: int,
    same_size: bool = False,
    outputs: int | None = None,
    stride: int | None = None,
    pointwise: float = 0.3,
) -> int:
    """CONV_2D or DEPTHWISE_CONV_2D; with `same_size` or a `stride` the padding is SAME.

    With the probability `pointwise` its window is 1×1, as in most layers of small networks.
    """
    _, height, width, channels = d.shapes[source]
    padding, window, strides, dilation, sizes = _geometry(d, [height, width])
    if same_size or stride:
        padding, strides = SAME, [stride or 1] * 2
        sizes = [-(-height // strides[0]), -(-width // strides[1])]
    if d.rng.random() < pointwise:
        window, dilation = [1, 1], [1, 1]
        if padding == VALID:
            sizes = [(n - 1) // s + 1 for n, s in zip((height, width), strides, strict=True)]
    depthwise = d.rng.random() < 0.5 and (outputs is None or outputs % channels == 0)
    if outputs is None:
        outputs = channels * d.pick(1, 1, 2) if depthwise else int(d.rng.integers(1, 13))
    shape = [1, *window, outputs] if depthwise else [outputs, *window, channels]
    scales = 10 ** d.rng.uniform(-3, -1, outputs)
    depth = window[0] * window[1] * (1 if depthwise else channels)
    values = d.rng.integers(-127, 128, shape)
    if d.dtype == "float32":
        weights = d.file.tensor(shape, "float32", data=values / (127 * np.sqrt(depth)))
        bias = d.file.tensor([outputs], "float32", data=d.rng.normal(0, 0.3, outputs))
        target = d.tensor([1, *sizes, outputs])
    else:
        scale = d.params[source][0]
        weights = d.file.tensor(shape, scale=scales.tolist(), axis=3 if depthwise else 0, data=values)
        bias = d.file.tensor(
            [outputs], "int32", scale=(scales * scale).tolist(), data=d.rng.integers(-3000, 3000, outputs)
        )
        result = max(
            scale * float(scales.mean()) * 60 * np.sqrt(depth) * float(10 ** d.rng.uniform(-0.3, 0.5)), 1e-6
        )
        target = d.tensor([1, *sizes, outputs], result)
    options: dict[str, object] = {"padding": padding, "strideH": strides[0], "strideW": strides[1]}
    options |= {"dilationHFactor": dilation[0], "dilationWFactor": dilation[1]}
    options["fusedActivationFunction"] = d.activation(1, 3)
    if depthwise:
        options["depthMultiplier"] = outputs // channels
    kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    return d.add(kind, [source, weights, bias], [target], version=3, **options)[0]


def pool(d: Draw, source: int, tiled: float = 0.4, kind: str | None = None) -> int:
    """A pool of this kind or of any; with the probability `tiled` the windows lie side by side."""
    _, height, width, channels = d.shapes[source]
    padding, window, stride, _, _ = _geometry(d, [height, width], 4)
    if d.rng.random() < tiled:
        window = d.pick([2, 2], [int(n) for n in d.rng.integers(2, 7, 2)])
        padding, stride = VALID, window
    if any(w > n for w, n in zip(window, (height, width), strict=True)):
        padding = SAME
    sizes = [
        -(-n // s) if padding == SAME else (n - w) // s + 1
        for n, s, w in zip((height, width), stride, window, strict=True)
    ]
    target = d.like(source, [1, *sizes, channels])
    options = {"padding": padding, "strideH": stride[0], "strideW": stride[1]}
    options |= {"filterHeight": window[0], "filterWidth": window[1]}
    kind = kind or d.pick("MAX_POOL_2D", "AVERAGE_POOL_2D")
    return d.add(kind, [source], [target], fusedActivationFunction=0, **options)[0]


def pooled(d: Draw, source: int) -> int:
    """A convolution and a pool, which may run as one step, or keep sums."""
    return pool(d, convolution(d, source), 0.9)


def unary(d: Draw, source: int) -> int:
    """An element-wise operator."""
    return behind(d, d.pick("RELU", "LEAKY_RELU", "LOGISTIC", "TANH", "RELU6"), source)[0]


def residual(d: Draw, source: int) -> int:
    """One to three layers beside the identity, or beside a convolution, of one stride; added up."""
    stride = d.pick(1, 1, 2, 3)
    channels = d.shapes[source][3]
    outputs = channels if stride == 1 else int(d.rng.integers(1, 9))
    branch = source
    for _ in range(d.rng.integers(0, 3)):
        branch = convolution(d, branch, same_size=True)
    branch = convolution(d, branch, outputs=outputs, stride=stride)
    other = (
        source
        if stride == 1 and d.rng.random() < 0.7
        else convolution(d, source, outputs=outputs, stride=stride)
    )
    scale = max(d.params[branch][0], d.params[other][0]) * float(d.rng.uniform(0.7, 2))
    pair = [branch, other] if d.rng.random() < 0.5 else [other, branch]
    target = d.tensor(d.shapes[branch], scale)
    return d.add(d.pick("ADD", "ADD", "SUB"), pair, [target], fusedActivationFunction=d.activation(1, 3))[0]


def scaled(d: Draw, source: int) -> int:
    """Times a constant of each channel."""
    factor = d.constant([d.shapes[source][3]], 0.01)
    target = d.tensor(d.shapes[source], d.params[source][0] * 0.6)
    return d.add("MUL", [source, factor], [target], fusedActivationFunction=0)[0]


def concatenation(d: Draw, source: int) -> int:
    """The input beside a layer's output, along the channels."""
    branch = d.like(source, d.shapes[source])
    d.add(
        "MAX_POOL_2D", [source], [branch], padding=SAME, strideH=1, strideW=1, filterHeight=3, filterWidth=2
    )
    shape = [*d.shapes[source][:3], 2 * d.shapes[source][3]]
    return d.add("CONCATENATION", [source, branch], [d.like(source, shape)], axis=d.pick(3, -1))[0]


def pad(d: Draw, source: int) -> int:
    """Zeros around the image."""
    paddings = np.array([[0, 0], *d.rng.integers(0, 3, (2, 2)), [0, 0]])
    shape = [n + int(sum(p)) for n, p in zip(d.shapes[source], paddings, strict=True)]
    return d.add("PAD", [source, d.integers(paddings)], [d.like(source, shape)])[0]


LAYERS = (
    convolution,
    convolution,
    pooled,
    pool,
    pooled,
    unary,
    residual,
    residual,
    scaled,
    concatenation,
    pad,
)


def side_by_side(d: Draw, source: int, kind: str) -> int:
    """An image beside its RELU, or where both must have one scale beside its pool, in one operator."""
    if kind in FLOATS:  # divisors that are not 0
        return d.add(kind, [source, not_negative(d, source)], [d.tensor(d.shapes[source])])[0]
    same = kind == "CONCATENATION" or kind in ONE_SCALE
    other = d.like(source) if same else behind(d, "RELU", source)[0]
    if same:
        d.add("MAX_POOL_2D", [source], [other], strideH=1, strideW=1, filterHeight=3, filterWidth=3)
    if kind in ONE_SCALE:
        return d.add(kind, [source, other], [d.like(source)])[0]
    if kind == "CONCATENATION":
        *shape, channels = d.shapes[source]
        return d.add(kind, [source, other], [d.like(source, [*shape, 2 * channels])], axis=3)[0]
    scale = d.params[source][0] * d.params[other][0] * 64 if kind == "MUL" else 2 * d.params[other][0]
    if kind == "SQUARED_DIFFERENCE" and d.dtype == "int16":  # no finer than the square
        scale = 8 * max(d.params[source][0], d.params[other][0]) ** 2
    return d.add(kind, [source, other], [d.tensor(d.shapes[source], max(scale, 1e-5))])[0]


def padded(d: Draw, source: int, kind: str) -> int:
    """An image amid its zero points, or for PADV2 amid another constant."""
    batch, height, width, channels = d.shapes[source]
    paddings = d.integers([[0, 0], [1, 2], [2, 0], [0, 0]])
    value = [d.constant([1], *d.params[source])] if kind == "PADV2" else []
    target = d.like(source, [batch, height + 3, width + 2, channels])
    return d.add(kind, [source, paddings, *value], [target])[0]


# For each nature that runs row by row what puts a kind of it behind an image.
STREAMED: dict[Nature, Callable[[Draw, int, str], int]] = {
    Nature.UNARY: lambda d, source, kind: behind(d, kind, source)[0],
    Nature.CONVERSION: lambda d, source, kind: converted(d, kind, source)[0],
    Nature.BINARY: side_by_side,
    Nature.CONVOLUTION: lambda d, source, kind: filtered(d, kind, source),
    Nature.DEPTHWISE: lambda d, source, kind: filtered(d, kind, source),
    Nature.POOL: lambda d, source, kind: pool(d, source, kind=kind),
    Nature.CONCATENATION: side_by_side,
    Nature.PAD: padded,
}


def streamed(rng: np.random.Generator, kind: str, dtype: str) -> bytes:
    """A network that can run row by row: a convolution, the kind, and what goes on on its rows."""
    d = Draw(rng, dtype)
    d.biased = kind in WITHOUT_TFLM
    x = d.input([1, int(rng.integers(6, 12)), int(rng.integers(6, 12)), int(rng.integers(1, 5))], 0.05)
    y = filtered(d, "CONV_2D", x, same_size=True)
    if OPERATORS.get(kind) is positive:
        y = not_negative(d, y)
    y = STREAMED[TRAITS[kind].nature](d, y, kind)
    return d.file.build([x], [filtered(d, "CONV_2D", behind(d, "RELU", y)[0], same_size=True)])


def other_ends(rng: np.random.Generator, dtype: str) -> bytes:
    """A network of int8 whose input and output have another type."""
    d = Draw(rng, dtype)
    x = d.input([1, int(rng.integers(6, 12)), int(rng.integers(6, 12)), int(rng.integers(1, 5))], 0.05)
    y = filtered(d, "CONV_2D", converted(d, "QUANTIZE", x)[0], same_size=True)
    return d.file.build([x], converted(d, "QUANTIZE", behind(d, "RELU", y)[0], [dtype]))


def in_place(rng: np.random.Generator, kind: str, dtype: str) -> bytes:
    """An element-wise operator between others, which may write over what it reads."""
    d = Draw(rng, dtype)
    x = d.input([1, 5, int(rng.integers(2, 9)), 3], 0.05)
    y = not_negative(d, x) if OPERATORS.get(kind) is positive else behind(d, "RELU", x)[0]
    y = STREAMED[TRAITS[kind].nature](d, y, kind)
    return d.file.build([x], behind(d, "RELU", y))


def fused(rng: np.random.Generator, first: str, second: str) -> bytes:
    """Two int8 operators that one call can run."""
    d = Draw(rng, "int8")
    x = d.input([1, int(rng.integers(7, 12)), int(rng.integers(7, 12)), int(rng.integers(1, 5))], 0.05)
    return d.file.build([x], [pool(d, filtered(d, first, x, same_size=True), tiled=1, kind=second)])


def end(d: Draw, source: int) -> int:
    """What stands behind the layers: nothing, a mean, or a dense layer."""
    choice = d.rng.integers(3)
    _, height, width, channels = d.shapes[source]
    if choice == 0:
        return source
    if choice == 1:
        target = d.like(source, [1, channels])
        return d.add("MEAN", [source, d.integers([1, 2])], [target], keepDims=False)[0]
    flat = d.like(source, [1, height * width * channels])
    d.add("RESHAPE", [source, d.integers([1, height * width * channels])], [flat], newShape=d.shapes[flat])
    outputs, size = 5, height * width * channels
    values = d.rng.integers(-127, 128, [outputs, size])
    if d.dtype == "float32":
        weights, target = (
            d.file.tensor([outputs, size], "float32", data=values / (127 * size)),
            d.tensor([1, outputs]),
        )
    else:
        weights = d.file.tensor([outputs, size], scale=0.01, data=values)
        target = d.tensor([1, outputs], max(d.params[source][0] * 0.01 * 100 * float(np.sqrt(size)), 1e-6))
    return d.add("FULLY_CONNECTED", [flat, weights, -1], [target], version=4, fusedActivationFunction=0)[0]


def halved(d: Draw, source: int, outputs: int) -> int:
    """A residual block at half the size: two convolutions beside a 1×1 one of stride 2, or beside a pool."""
    branch = convolution(d, source, outputs=outputs, stride=2)
    branch = convolution(d, branch, same_size=True, outputs=outputs)
    if outputs == d.shapes[source][3] and d.rng.random() < 0.5:
        other = d.like(source, d.shapes[branch])
        sizes = {"filterHeight": 2, "filterWidth": 2, "strideH": 2, "strideW": 2}
        d.add(d.pick("MAX_POOL_2D", "AVERAGE_POOL_2D"), [source], [other], padding=SAME, **sizes)
    else:
        other = convolution(d, source, outputs=outputs, stride=2, pointwise=1)
    scale = max(d.params[branch][0], d.params[other][0]) * float(d.rng.uniform(0.7, 2))
    target = d.tensor(d.shapes[branch], scale)
    return d.add("ADD", [branch, other], [target], fusedActivationFunction=1)[0]


def residual_network(rng: np.random.Generator, dtype: str = "int8") -> bytes:
    """A small residual network: a pooled convolution, blocks of which some halve the size, 1×1, mean, dense layer."""
    d = Draw(rng, dtype)
    x = d.input([1, *(int(n) for n in rng.integers(9, 40, 2)), int(rng.integers(1, 5))], 0.02)
    y = pooled(d, x)
    for _ in range(rng.integers(1, 4)):
        y = halved(d, y, d.shapes[y][3] if rng.random() < 0.5 else int(rng.integers(2, 9)))
        for _ in range(rng.integers(2)):
            y = residual(d, y)
    y = convolution(d, y, outputs=int(rng.integers(8, 30)), pointwise=1)
    return d.file.build([x], [end(d, pool(d, y))])


def random_network(rng: np.random.Generator, dtype: str) -> bytes:
    """A network of two to six layers; now and then a tensor in between is an output too."""
    d = Draw(rng, dtype)
    height, width = (int(n) for n in rng.integers(3, 24, 2))
    x = d.input([1, height, width, int(rng.integers(1, 7))], float(10 ** rng.uniform(-2, 0)))
    tensors = [x]
    for place in range(rng.integers(2, 7)):
        layer = LAYERS[rng.integers(3 if place == 0 else len(LAYERS))]
        tensors.append(layer(d, tensors[-1]))
    outputs = [end(d, tensors[-1])]
    if rng.random() < 0.2 and len(tensors) > 2 and tensors[1] != outputs[0]:
        outputs.append(tensors[1])
    return d.file.build([x], outputs)
