"""Random models of one convolution, with odd shapes and extreme scales."""

import numpy as np

from tests.support.model_files import ModelFile

SAME, VALID = 0, 1


def random_convolution(seed: int, dtype: str = "int8") -> bytes:
    """A model of one convolution, depthwise for odd seeds."""
    rng = np.random.default_rng(seed)
    depthwise = seed % 2 == 1
    kh, kw = (int(n) for n in rng.integers(1, 6, 2))
    stride = [int(n) for n in rng.integers(1, 4, 2)]
    if seed % 5 == 0:
        kh = kw = stride[0] = stride[1] = 1
    dilation = [int(n) for n in (rng.integers(1, 4, 2) if rng.random() < 0.3 else (1, 1))]
    padding = int(rng.integers(0, 2))
    reach = [(k - 1) * d + 1 for k, d in zip((kh, kw), dilation, strict=True)]
    size = [int(rng.integers(r if padding == VALID else 1, r + 12)) for r in reach]
    channels, outputs = int(rng.integers(1, 20)), int(rng.integers(1, 20))
    if depthwise:
        outputs = channels * int(rng.choice([1, 1, 1, 2, 3]))
    out = [
        -(-n // s) if padding == SAME else (n - r) // s + 1
        for n, s, r in zip(size, stride, reach, strict=True)
    ]
    file = ModelFile()
    int8 = dtype == "int8"
    in_scale = float(10 ** rng.uniform(-3, 0)) if int8 else None
    x = file.tensor([1, *size, channels], dtype, in_scale, int(rng.integers(-128, 128)))
    shape = [1, kh, kw, outputs] if depthwise else [outputs, kh, kw, channels]
    per_channel = outputs if rng.random() < 0.8 else 1
    scale = 10 ** rng.uniform(-4, -1, per_channel)
    axis = 3 if depthwise else 0
    weights = rng.integers(-128, 128, shape) if int8 else rng.normal(0, 0.3, shape)
    w = file.tensor(shape, dtype, scale.tolist() if int8 else None, axis=axis, data=weights)
    inputs = [x, w]
    if rng.random() < 0.8:
        bias = rng.integers(-3000, 3000, outputs) if int8 else rng.normal(0, 0.3, outputs)
        inputs += [
            file.tensor(
                [outputs],
                "int32" if int8 else dtype,
                (scale * in_scale).tolist() if int8 else None,
                data=bias,
            )
        ]
    depth = kh * kw * (1 if depthwise else channels)
    out_scale = (in_scale or 1) * float(scale.mean()) * np.sqrt(depth) * float(10 ** rng.uniform(0, 2.5))
    y = file.tensor(
        [1, *out, outputs], dtype, max(out_scale, 1e-6) if int8 else None, int(rng.integers(-128, 128))
    )
    options = {
        "padding": padding,
        "strideH": stride[0],
        "strideW": stride[1],
        "dilationHFactor": dilation[0],
        "dilationWFactor": dilation[1],
        "fusedActivationFunction": int(rng.choice([0, 1, 3])),
    }
    if depthwise:
        options["depthMultiplier"] = outputs // channels
    kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    file.operator(kind, inputs, [y], version=3, **options)
    return file.build([x], [y])
