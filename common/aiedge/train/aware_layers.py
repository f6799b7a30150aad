"""Layers that round as int8 does while a network trains: fake quantization with learned ranges."""

from typing import Any

import numpy as np

from aiedge.quantization.affine import INT8_MAX
from aiedge.train.framework import keras, tensorflow

layers = keras.layers
LEVELS = 255  # steps of int8
TIE = 1e-4  # what float32 may lack to half a step where integers would be exactly there
SMALLEST = 1e-6  # width of a range that holds nothing but zero


def fake_quantize(x: Any, low: Any, high: Any, steps: int) -> Any:
    """`x` clamped to low...high and rounded to one of `steps` + 1 levels, one of them exactly 0; low ≤ 0 ≤ high.

    s = (high − low) / steps,  y = s · (clamp(round(x / s + z), −⌈steps / 2⌉, ⌊steps / 2⌋) − z) with the zero point
    z = round(−low / s) − ⌈steps / 2⌉. Halves are rounded away from zero, as TensorFlow Lite averages integers.
    `low` and `high` are scalars or have an entry for each index of the last axis.

    The gradient takes rounding for the identity: ∂y/∂x is 1 inside the range and 0 outside (the straight-through
    estimator; Jacob et al. 2018). The ends learn as in Esser et al., *Learned Step Size Quantization*, 2020, equation
    3, with the step written as (high − low) / steps: ∂y/∂high is 1 above the range, (y − x) / (s · steps) inside, and 0
    below; ∂y/∂low is 1 below, the negative of that inside, and 0 above.
    """
    lowest, highest = -((steps + 1) // 2), steps // 2

    @tensorflow.custom_gradient
    def quantize(x: Any, low: Any, high: Any) -> tuple[Any, Any]:
        scale = (high - low) / steps
        zero = tensorflow.floor(0.5 - low / scale) + lowest
        exact = x / scale + zero
        levels = tensorflow.sign(exact) * tensorflow.floor(tensorflow.abs(exact) + (0.5 + TIE))
        y = scale * (tensorflow.clip_by_value(levels, lowest, highest) - zero)

        def gradient(upstream: Any) -> tuple[Any, Any, Any]:
            below = tensorflow.cast(levels < lowest, x.dtype)
            above = tensorflow.cast(levels > highest, x.dtype)
            inside = 1 - below - above
            rounding = inside * (y - x) / (scale * steps)
            axes = list(range(len(x.shape) - len(low.shape)))
            return (
                upstream * inside,
                tensorflow.reduce_sum(upstream * (below - rounding), axes),
                tensorflow.reduce_sum(upstream * (above + rounding), axes),
            )

        return y, gradient

    return quantize(x, low, high)


@keras.saving.register_keras_serializable("aiedge")
class FakeQuantize(keras.Layer):
    """Rounds a tensor of activations to the 256 levels of int8 between two ends, which are learned.

    `low` ≤ 0 ≤ `high` are where they start. An end that starts at 0 stays there, so that what a relu gives keeps all
    levels for positive values; with `learn` false both stay.
    """

    def __init__(self, low: float, high: float, learn: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self.start = float(low), float(high)
        self.learn = learn

    def build(self, shape: tuple[int | None, ...]) -> None:
        low, high = self.start
        self.low = self._end("low", low, lambda end: tensorflow.minimum(end, 0.0))
        self.high = self._end("high", high, lambda end: tensorflow.maximum(end, 0.0 if low < 0 else SMALLEST))

    def _end(self, name: str, value: float, constraint: Any) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=(),
            initializer=keras.initializers.Constant(value),
            trainable=self.learn,
            constraint=constraint if value else tensorflow.zeros_like,
        )

    def call(self, x: Any) -> Any:
        low, high = (tensorflow.convert_to_tensor(end) for end in (self.low, self.high))
        return fake_quantize(x, low, tensorflow.maximum(high, low + SMALLEST), LEVELS)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"low": self.start[0], "high": self.start[1], "learn": self.learn}

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape


@keras.saving.register_keras_serializable("aiedge")
class Quantized(keras.layers.Wrapper):
    """A convolution or dense layer whose weights are rounded to int8, symmetric, with a scale for each output channel.

    A channel's scale is its limit / 127. The limit is the largest weight's magnitude, or less where training learns
    that clamping the largest weights costs less than coarse steps. The layer must be linear.
    """

    def build(self, shape: tuple[int | None, ...]) -> None:
        if not self.layer.built:
            self.layer.build(shape)
        kernel = self.layer.kernel
        self.limit = self.add_weight(
            name="limit",
            shape=(self._per_channel(kernel).shape[-1],),
            # No limit but the largest weight, until `reset` is called.
            initializer=keras.initializers.Constant(np.finfo(np.float32).max),
            constraint=lambda limit: tensorflow.maximum(limit, SMALLEST),
        )
        self.built = True

    def reset(self) -> None:
        """Set every channel's limit to its largest weight."""
        flat = np.asarray(self._per_channel(self.layer.kernel))
        self.limit.assign(np.abs(flat).reshape(-1, flat.shape[-1]).max(axis=0))

    @property
    def _depthwise(self) -> bool:
        return isinstance(self.layer, layers.DepthwiseConv2D)

    def _per_channel(self, kernel: Any) -> Any:
        """The kernel with its output channels along the last axis; a depthwise one has them in two axes."""
        if not self._depthwise:
            return kernel
        height, width, channels, multiplier = kernel.shape
        return keras.ops.reshape(kernel, (height, width, channels * multiplier))

    def rounded_kernel(self) -> Any:
        """The weights as the rounded layer uses them."""
        kernel = tensorflow.convert_to_tensor(self.layer.kernel)
        flat = self._per_channel(kernel)
        largest = tensorflow.reduce_max(tensorflow.abs(flat), list(range(len(flat.shape) - 1)))
        # A limit above every weight would leave levels unused.
        limit = tensorflow.maximum(
            tensorflow.minimum(tensorflow.convert_to_tensor(self.limit), largest), SMALLEST
        )
        return tensorflow.reshape(fake_quantize(flat, -limit, limit, 2 * INT8_MAX), kernel.shape)

    def call(self, x: Any) -> Any:
        layer, kernel = self.layer, self.rounded_kernel()
        if isinstance(layer, layers.Dense):
            y = keras.ops.matmul(x, kernel)
        elif self._depthwise:
            y = keras.ops.depthwise_conv(
                x, kernel, layer.strides, layer.padding, layer.data_format, layer.dilation_rate
            )
        else:
            y = layer.convolution_op(x, kernel)
        return y + layer.bias if layer.use_bias else y

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return self.layer.compute_output_shape(shape)


@keras.saving.register_keras_serializable("aiedge")
class Range(keras.Layer):
    """Marks a tensor's range for TensorFlow's converter, which takes scale and zero point from it."""

    def __init__(self, low: float, high: float, **options: Any) -> None:
        super().__init__(**options)
        self.low, self.high = low, high

    def call(self, x: Any) -> Any:
        return tensorflow.quantization.fake_quant_with_min_max_args(x, self.low, self.high)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"low": self.low, "high": self.high}
