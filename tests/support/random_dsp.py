"""Random layers for the kernels of a Cortex-M with DSP instructions, at scales at which many sums lie halfway."""

from collections.abc import Callable

import numpy as np

from tests.support.model_files import ModelFile
from tests.support.random_lx6 import SAME, VALID, layer, size, weights


def depthwise(rng: np.random.Generator) -> bytes:
    """3x3 taps over an image of some tiles; half of the time one of four times its size was in the arena before."""
    file, padding, channels = ModelFile(), int(rng.choice([SAME, VALID])), 4 * int(rng.integers(1, 4))
    stride = [int(rng.integers(1, 4)), int(rng.integers(1, 3))]
    shape = [int(rng.integers(3, 12)), int(rng.choice([rng.integers(3, 12), rng.integers(24, 70)]))]
    result = [-(-n // s) if padding == SAME else (n - 3) // s + 1 for n, s in zip(shape, stride, strict=True)]
    image = {"scale": 2.0**-4, "zero_point": int(rng.integers(-128, 128))}
    maps = [[1, *(each * n for n in shape), channels] for each in ((2, 2, 1) if rng.random() < 0.5 else (1,))]
    tensors = [file.tensor(each, "int8", **image) for each in maps]
    for i in range(len(maps) - 1):
        options = dict.fromkeys(("filterHeight", "filterWidth", "strideH", "strideW"), i + 1)
        file.operator("MAX_POOL_2D", tensors[i : i + 1], tensors[i + 1 : i + 2], padding=VALID, **options)
    y_zero = int(rng.choice([-128, rng.integers(-128, 128)]))
    y = file.tensor([1, *result, channels], "int8", 2.0**-3, y_zero)
    w, bias = weights(rng, file, [1, 3, 3, channels], True)
    options = {"padding": padding, "strideH": stride[0], "strideW": stride[1], "depthMultiplier": 1}
    options |= {"dilationHFactor": 1, "dilationWFactor": 1, "fusedActivationFunction": int(y_zero == -128)}
    file.operator("DEPTHWISE_CONV_2D", [tensors[-1], w, bias], [y], version=3, **options)
    return file.build(tensors[:1], [y])


def pointwise(rng: np.random.Generator) -> bytes:
    """Filters of one tap, in pairs, of channels in fours."""
    channels, filters = 4 * int(rng.integers(1, 12)), 2 * size(rng)
    return layer(rng, [size(rng), size(rng)], channels, filters, (1, 1))


def windows(rng: np.random.Generator) -> bytes:
    """Windows of few channels, filters in pairs."""
    taps, stride = ([int(n) for n in rng.integers(1, high, 2)] for high in (5, 4))
    dilation = (2, int(rng.integers(1, 3))) if rng.random() < 0.2 else (1, 1)
    shape = [int(n) for n in rng.integers(1, 14, 2)]
    return layer(
        rng,
        shape,
        int(rng.integers(1, 4)),
        2 * size(rng),
        (taps[0], taps[1] + 1),
        (stride[0], stride[1]),
        dilation,
    )


LAYERS: dict[str, Callable[[np.random.Generator], bytes]] = {
    draw.__name__: draw for draw in (depthwise, pointwise, windows)
}
