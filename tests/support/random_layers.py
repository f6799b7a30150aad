"""Random models in the making, and random layers on a tensor that a model has."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tests.support.model_files import ModelFile

T = TypeVar("T")


class Draw:
    """A model in the making, and the dice."""

    def __init__(self, rng: np.random.Generator, dtype: str):
        self.rng, self.dtype, self.file = rng, dtype, ModelFile()
        self.biased = False  # whether all layers have a bias, as LiteRT wants them
        self.inputs: list[int] = []
        self.shapes: dict[int, list[int]] = {}
        self.params: dict[int, tuple[float, int]] = {}

    def scale(self) -> float:
        """Mostly ordinary, now and then extreme."""
        return float(10 ** self.rng.uniform(*((-6, 4) if self.rng.random() < 0.2 else (-3, 0))))

    def zero_point(self) -> int:
        """Any of the model's type, the ends and zero more often."""
        if self.dtype in ("float32", "int16"):
            return 0
        bounds = np.iinfo(self.dtype)
        middle = (bounds.min + bounds.max + 1) // 2
        ends = [bounds.min, bounds.max, middle]
        return int(self.rng.choice([*ends, *(middle + self.rng.integers(-128, 128, 3))]))

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
        quantization = {"scale": scale, "zero_point": zero_point} if self.dtype != "float32" else {}
        index = self.file.tensor(shape, self.dtype, data=data, **quantization)
        self.shapes[index], self.params[index] = shape, (scale, zero_point)
        return index

    def input(self, shape: list[int], scale: float | None = None, zero_point: int | None = None) -> int:
        """An input of the model."""
        self.inputs.append(self.tensor(shape, scale, zero_point))
        return self.inputs[-1]

    def constant(self, shape: list[int], scale: float | None = None, zero_point: int | None = None) -> int:
        """A random constant of the model's type."""
        if self.dtype == "float32":
            return self.tensor(shape, scale, zero_point, self.rng.normal(0, 3, shape))
        bounds = np.iinfo(self.dtype)
        values = self.rng.integers(bounds.min, bounds.max + 1, shape)
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


# Scale and zero point of the output where they are no free choice, from the input's and a ratio.
INT16_OUTPUTS = {"LOGISTIC": (2.0**-15, 0), "TANH": (2.0**-15, 0)}
OUTPUTS: dict[str, Callable[[float, int, float], tuple[float, int | None]]] = {
    "LOGISTIC": lambda scale, zero_point, ratio: (1 / 256, -128),
    "TANH": lambda scale, zero_point, ratio: (1 / 128, 0),
    "RELU6": lambda scale, zero_point, ratio: (scale, zero_point),
    "HARD_SWISH": lambda scale, zero_point, ratio: (scale * max(ratio, 0.0081), None),
}


# Options of element-wise operators.
OPTIONS: dict[str, Callable[[Draw], dict[str, object]]] = {
    "LEAKY_RELU": lambda d: {"alpha": float(d.rng.uniform(-0.5, 1.5))},
    "GELU": lambda d: {"approximate": bool(d.rng.random() < 0.5)},
}


def behind(d: Draw, kind: str, source: int) -> list[int]:
    """An element-wise operator on a tensor that the model has."""
    if d.dtype == "int16" and kind in INT16_OUTPUTS and (d.params[source][0] > 2 or d.rng.random() < 0.5):
        fine = d.pick(2.0**-12, 2.0**-11, float(10 ** d.rng.uniform(-6, 0)))
        while d.params[source][0] != fine:
            step = max(fine, d.params[source][0] / 2**20)  # no ratio may reach 2^30
            (source,) = d.add("QUANTIZE", [source], [d.tensor(d.shapes[source], step)])
    scale, zero_point = d.params[source]
    ratio = float(10 ** d.rng.uniform(-2, 3))
    params = OUTPUTS[kind](scale, zero_point, ratio) if kind in OUTPUTS else (scale * ratio, None)
    if d.dtype == "int16":
        params = INT16_OUTPUTS.get(kind, params)
    options = OPTIONS[kind](d) if kind in OPTIONS else {}
    return d.add(kind, [source], [d.tensor(d.shapes[source], *params)], **options)


def converted(d: Draw, kind: str, source: int, targets: Sequence[str] = ("int8",)) -> list[int]:
    """QUANTIZE from the model's type, or DEQUANTIZE to float32; what comes out has that type."""
    d.dtype = d.pick(*targets) if kind == "QUANTIZE" else "float32"
    return d.add(kind, [source], [d.tensor(d.shapes[source])])


def not_negative(d: Draw, source: int) -> int:
    """What has no negative numbers: of int8 no integers for them either, of floats none near 0."""
    if d.dtype == "int8":
        return behind(d, "LOGISTIC", source)[0]
    return behind(d, "EXP", behind(d, "TANH", source)[0])[0]


def filtered(d: Draw, kind: str, source: int, same_size: bool = False) -> int:
    """CONV_2D or DEPTHWISE_CONV_2D of an image that the model has."""
    batch, height, width, channels = d.shapes[source]
    padding = 0 if same_size else d.pick(0, 1)
    stride = [1, 1] if same_size else [d.size(3), d.size(3)]
    window = [d.size(5) if padding == 0 else int(d.rng.integers(1, size + 1)) for size in (height, width)]
    dilation = [d.pick(1, 1, 2) if padding == 0 else 1 for _ in window]
    sizes = [
        -(-size // s) if padding == 0 else (size - w) // s + 1
        for size, w, s in zip((height, width), window, stride, strict=True)
    ]
    outputs = channels * d.pick(1, 1, 2) if kind == "DEPTHWISE_CONV_2D" else d.size(12)
    groups = 1
    if not same_size and d.rng.random() < 0.3:
        groups = d.pick(*(n for n in range(1, channels + 1) if channels % n == 0))
        outputs = -(-outputs // groups) * groups
    options = {"padding": padding, "strideH": stride[0], "strideW": stride[1]}
    options |= {"dilationHFactor": dilation[0], "dilationWFactor": dilation[1]}
    shape = [outputs, *window, channels // groups]
    if kind == "DEPTHWISE_CONV_2D":
        options["depthMultiplier"] = outputs // channels
        shape = [1, *window, outputs]
    return weighted(d, kind, source, shape, [batch, *sizes, outputs], version=3, **options)


def weighted(
    d: Draw, kind: str, source: int, shape: list[int], result: list[int], version: int, **options: object
) -> int:
    """A layer with weights of this shape, and mostly a bias."""
    axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
    outputs, scale = shape[axis], d.params[source][0]
    depth = int(np.prod(shape)) // outputs
    scales = 10 ** d.rng.uniform(-4, -1, d.pick(1, outputs))
    bias = d.rng.integers(-5000, 5000, outputs)
    if d.dtype != "float32":
        # TFLM's depthwise layers take no int32 amid int16.
        wide = ["int64"] if axis == 3 else ["int64", "int32"]
        bias_type = "int32" if d.dtype == "int8" else d.pick(*wide)
        weights = d.file.tensor(
            shape, scale=scales.tolist(), axis=axis, data=d.rng.integers(-127, 128, shape)
        )
        # Converters leave the axis of the weights in it.
        add = d.file.tensor([outputs], bias_type, scale=(scales * scale).tolist(), axis=axis, data=bias)
    else:
        weights, add = d.constant(shape), d.constant([outputs])
    spread = scale * float(scales.mean()) * np.sqrt(depth) * d.pick(1, 30)
    # TFLM refuses a relu6 whose 6 leaves int32.
    target = d.tensor(result, max(float(spread), 1e-5))
    inputs = [source, weights, *([add] if d.rng.random() < 0.8 or d.biased else [])]
    d.add(kind, inputs, [target], version, fusedActivationFunction=d.activation(1, 3), **options)
    return target
