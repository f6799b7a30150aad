"""Random layers for the kernels of the ESP32's core: each of their ways, and scales at which sums lie halfway."""

from collections.abc import Callable

import numpy as np

from tests.support.model_files import ModelFile

SAME, VALID = 0, 1


def layer(
    rng: np.random.Generator,
    shape: list[int],
    channels: int,
    filters: int,
    taps: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    pool: int = 0,
    depthwise: bool = False,
) -> bytes:
    """A model of a convolution of an image of this height and width, half of the time in the arena,
    always for a depthwise one."""
    file, padding = ModelFile(), int(rng.integers(2))
    reach = [(t - 1) * d + 1 for t, d in zip(taps, dilation, strict=True)]
    if padding == VALID:
        shape = [max(n, r) for n, r in zip(shape, reach, strict=True)]
    result = [
        -(-n // s) if padding == SAME else (n - r) // s + 1
        for n, s, r in zip(shape, stride, reach, strict=True)
    ]
    x = source = file.tensor([1, *shape, channels], "int8", 2.0**-4, int(rng.integers(-128, 128)))
    if depthwise or rng.random() < 0.5:
        x = file.tensor([1, *shape, channels], "int8", 2.0**-4, zero_point(file, source))
        options = {"filterHeight": 1, "filterWidth": 1, "strideH": 1, "strideW": 1, "padding": VALID}
        file.operator("MAX_POOL_2D", [source], [x], version=1, **options)
    y_zero = int(rng.choice([-128, rng.integers(-128, 128)]))
    y = file.tensor([1, *result, filters], "int8", 2.0**-3, y_zero)
    w, bias = weights(rng, file, [1, *taps, filters] if depthwise else [filters, *taps, channels], depthwise)
    options = {"padding": padding, "strideH": stride[0], "strideW": stride[1]}
    options |= {"dilationHFactor": dilation[0], "dilationWFactor": dilation[1]}
    options["fusedActivationFunction"] = int(y_zero == -128)
    if depthwise:
        options["depthMultiplier"] = 1
    file.operator("DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", [x, w, bias], [y], version=3, **options)
    if pool and min(result) >= pool:
        conv, y = y, file.tensor([1, *(n // pool for n in result), filters], "int8", 2.0**-3, y_zero)
        options = dict.fromkeys(("filterHeight", "filterWidth", "strideH", "strideW"), pool)
        file.operator("MAX_POOL_2D", [conv], [y], version=1, padding=VALID, **options)
    return file.build([source], [y])


def zero_point(file: ModelFile, tensor: int) -> int:
    """The zero point of a tensor of the file."""
    return int(file.model.subgraphs[0].tensors[tensor].quantization.zeroPoint[0])


def weights(rng: np.random.Generator, file: ModelFile, shape: list[int], depthwise: bool) -> tuple[int, int]:
    """Weights and bias whose outputs fill int8 with scales from 2^-2 down; half of them are powers of two exactly.

    An output has twice the input's scale: a factor is half of the weights' scale.
    """
    outputs = shape[3] if depthwise else shape[0]
    taps = int(np.prod(shape)) // outputs
    largest = int(rng.choice([2, 20, 128]))
    spread = 74 * np.sqrt(taps) * largest / np.sqrt(3)
    exponents = np.round(np.log2(spread / 10 ** rng.uniform(1, 2.3, outputs)))
    factors = 2.0 ** -np.clip(exponents, 2, 17)
    if rng.random() < 0.5:
        factors *= rng.uniform(0.5, 1, outputs)
    data = rng.integers(-largest, largest, shape)
    w = file.tensor(shape, "int8", (2 * factors).tolist(), axis=3 if depthwise else 0, data=data)
    bias = rng.integers(-int(spread) - 1, int(spread) + 1, outputs)
    return w, file.tensor([outputs], "int32", (factors / 8).tolist(), data=bias)


def pointwise(rng: np.random.Generator) -> bytes:
    channels = int(rng.choice([4, 8, 12, 64, 68, 100, 7]))
    return layer(rng, [size(rng), size(rng)], channels, size(rng), (1, 1))


def three_rows(rng: np.random.Generator) -> bytes:
    stride = int(rng.integers(1, 4))
    channels = int(rng.choice([4, 8, 12, 2] if stride % 2 else [3, 4, 1]))
    return layer(
        rng, [size(rng), size(rng)], channels, size(rng), (3, int(rng.choice([1, 3, 5]))), (stride, stride)
    )


def nine_or_ten(rng: np.random.Generator) -> bytes:
    """Rows of nine or ten taps, as a first layer has them."""
    channels, columns, stride = [(3, 3, 2), (2, 5, 1), (2, 5, 3), (1, 9, 2), (1, 10, 2)][int(rng.integers(5))]
    shape, strides = [size(rng), 4 + size(rng)], (int(rng.integers(1, 4)), stride)
    return layer(rng, shape, channels, size(rng), (3, columns), strides)


def windows(rng: np.random.Generator) -> bytes:
    taps = int(rng.integers(1, 6)), int(rng.integers(1, 6))
    stride = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    dilation = (2, int(rng.integers(1, 4))) if rng.random() < 0.3 else (1, 1)
    channels = int(rng.choice([1, 3, 4, 5, 8, 17]))
    return layer(rng, [size(rng), size(rng)], channels, size(rng), taps, stride, dilation)


def pooled(rng: np.random.Generator) -> bytes:
    channels = int(rng.choice([1, 3, 4, 8]))
    shape = [int(n) for n in rng.integers(4, 12, 2)]
    return layer(rng, shape, channels, size(rng), (3, 3), pool=int(rng.choice([2, 2, 3])))


def depthwise(rng: np.random.Generator) -> bytes:
    channels = int(rng.choice([4, 8, 12]))
    stride = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    return layer(rng, [size(rng), size(rng)], channels, channels, (3, 3), stride, depthwise=True)


def rows_of_five(rng: np.random.Generator) -> bytes:
    """Depthwise windows that are not 3×3; rows have up to five taps."""
    channels = int(rng.choice([4, 8, 12]))
    stride = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    taps = [(5, 5), (5, 5), (1, 5), (7, 5), (3, 2), (2, 4), (5, 3)][int(rng.integers(7))]
    return layer(rng, [size(rng), size(rng)], channels, channels, taps, stride, depthwise=True)


def dense(rng: np.random.Generator) -> bytes:
    file, inputs, outputs = ModelFile(), int(rng.choice([32, 33, 64, 68, 130])), size(rng)
    x = file.tensor([1, inputs], "int8", 2.0**-4, int(rng.integers(-128, 128)))
    y = file.tensor([1, outputs], "int8", 2.0**-3, int(rng.choice([-128, rng.integers(-128, 128)])))
    w, bias = weights(rng, file, [outputs, 1, 1, inputs], False)
    tensor = file.model.subgraphs[0].tensors[w]
    tensor.shape = [outputs, inputs]
    file.operator("FULLY_CONNECTED", [x, w, bias], [y], version=4)
    return file.build([x], [y])


def sums(rng: np.random.Generator) -> bytes:
    """ADD or SUB of an image's two halves, the second one at another scale; many sums lie halfway."""
    file, shape = ModelFile(), [1, size(rng), size(rng), size(rng)]
    scales = 2.0 ** (rng.uniform(-6, 3, 2) if rng.random() < 0.3 else rng.integers(-1, 2, 2))
    halves = {"scale": float(scales[0]), "zero_point": int(rng.integers(-128, 128))}
    x = file.tensor([*shape[:3], 2 * shape[3]], "int8", **halves)
    first, second = (file.tensor(shape, "int8", **halves) for _ in range(2))
    file.operator("SPLIT", [file.tensor([], "int32", data=np.array(3)), x], [first, second], numSplits=2)
    other = file.tensor(shape, "int8", float(scales[1]), int(rng.integers(-128, 128)))
    file.operator("QUANTIZE", [second], [other])
    y_zero = int(rng.choice([-128, rng.integers(-128, 128)]))
    y = file.tensor(shape, "int8", float(scales.max() * rng.choice([0.1, 2, 4])), y_zero)
    kind = "ADD" if scales[0] < scales[1] else str(rng.choice(["ADD", "SUB"]))
    file.operator(kind, [first, other], [y], version=2, fusedActivationFunction=int(y_zero == -128))
    return file.build([x], [y])


def scaled(rng: np.random.Generator) -> bytes:
    """MUL, ADD or SUB with a constant, which is the same for all pixels; many results lie halfway."""
    file, shape = ModelFile(), [1, size(rng), size(rng), size(rng)]
    kind = str(rng.choice(["MUL", "MUL", "ADD", "SUB"]))
    exact = rng.random() < 0.6
    scales = 2.0 ** (rng.integers(-4, 0, 2) if exact else rng.uniform(-5, 0, 2))
    if kind != "MUL":
        scales = -np.sort(-scales)
    x = file.tensor(shape, "int8", float(scales[0]), int(rng.integers(-128, 128)))
    channels = int(rng.choice([1, shape[3]]))
    limits = [(-128, 128), (-4, 5)][int(rng.integers(2))]
    constant = file.tensor(
        [1, channels][int(rng.integers(2)) :],
        "int8",
        float(scales[1]),
        int(rng.integers(-128, 128) if rng.random() < 0.7 else 0),
        data=rng.integers(*limits, channels),
    )
    y_zero = int(rng.choice([-128, rng.integers(-128, 128)]))
    whole = scales[0] * (64 * scales[1] if kind == "MUL" else 1)
    y = file.tensor(shape, "int8", float(whole * rng.choice([0.25, 1, 2])), y_zero)
    order = [x, constant] if rng.random() < 0.7 else [constant, x]
    file.operator(kind, order, [y], version=2, fusedActivationFunction=int(y_zero == -128))
    return file.build([x], [y])


def pools(rng: np.random.Generator) -> bytes:
    """A pool behind a layer that leaves its input in the arena."""
    file, shape = ModelFile(), [size(rng), size(rng)]
    taps, stride, padding = rng.integers(1, 6, 2), rng.integers(1, 4, 2), int(rng.integers(2))
    if rng.random() < 0.1:
        shape, taps, padding = [20, 20], np.array([16, 16]), VALID
    if padding == VALID:
        shape = [max(n, int(t)) for n, t in zip(shape, taps, strict=True)]
    result = [
        -(-n // s) if padding == SAME else (n - t) // s + 1
        for n, s, t in zip(shape, stride, taps, strict=True)
    ]
    channels, zero = int(rng.choice([4, 8, 12, 20])), int(rng.integers(-128, 128))
    source, x = (file.tensor([1, *shape, channels], "int8", 0.1, zero) for _ in range(2))
    y = file.tensor([1, *map(int, result), channels], "int8", 0.1, zero)
    one = {"filterHeight": 1, "filterWidth": 1, "strideH": 1, "strideW": 1, "padding": VALID}
    file.operator("MAX_POOL_2D", [source], [x], version=1, **one)
    options = {"filterHeight": int(taps[0]), "filterWidth": int(taps[1]), "padding": padding}
    options |= {"strideH": int(stride[0]), "strideW": int(stride[1])}
    kind = str(rng.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"]))
    options["fusedActivationFunction"] = int(rng.integers(2)) if kind == "MAX_POOL_2D" else 0
    file.operator(kind, [x], [y], version=1, **options)
    return file.build([source], [y])


def size(rng: np.random.Generator) -> int:
    """Of an image, or a number of filters."""
    return int(rng.integers(1, 13))


LAYERS: dict[str, Callable[[np.random.Generator], bytes]] = {
    draw.__name__: draw
    for draw in (
        pointwise,
        three_rows,
        nine_or_ten,
        windows,
        pooled,
        depthwise,
        rows_of_five,
        dense,
        sums,
        scaled,
        pools,
    )
}
