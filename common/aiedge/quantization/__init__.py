"""Quantization arithmetic in NumPy, as the lessons teach it and as TensorFlow Lite Micro computes it.

A real number `r` is stored as an integer `q` by  r = scale · (q − zero_point)  (Jacob et al., "Quantization and
Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018, equation 1).

- `affine`: `QuantParams`, from a range to scale and zero point, quantize and dequantize
- `factors`: the real factors between scales, as TensorFlow Lite Micro forms them
- `fixed_point`: multiplying an int32 by a real factor with integers only
- `int16`: the constants of operators on 16 bits that are no tables of all outputs
- `layers`: one fully connected layer, the patches of a convolution, the exponentials of a softmax
- `tables`: the 256-entry tables of element-wise operators
"""

from aiedge.quantization.affine import QuantParams, dequantize, params_from_range, params_symmetric, quantize
from aiedge.quantization.fixed_point import (
    multiply_by_quantized_multiplier,
    multiply_rounding_once,
    quantize_multiplier,
)
from aiedge.quantization.layers import fully_connected, layer_multipliers, patches, requantize

__all__ = [
    "QuantParams",
    "dequantize",
    "fully_connected",
    "layer_multipliers",
    "multiply_by_quantized_multiplier",
    "multiply_rounding_once",
    "params_from_range",
    "params_symmetric",
    "patches",
    "quantize",
    "quantize_multiplier",
    "requantize",
]
