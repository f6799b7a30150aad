"""Where TensorFlow Lite Micro (TFLM) of another version answers otherwise than the wheel that the kit pins."""

import numpy as np

from aiedge.quantization import layer_multipliers, quantize_multiplier
from aiedge.quantization.factors import OTHER, PINNED, Real, product, sums
from aiedge.tflite.graph import Graph, Operator
from aiedge.tflite.integer import params_of, unary_table, weight_params
from aiedge.tflite.recurrent import gate_factors, svdf_factors
from aiedge.tflite.traits import Nature


def rounded_apart(graph: Graph) -> list[Operator]:
    """The int8 operators whose constants differ where their factors are formed in float32 (`quantization.factors`)."""
    return [
        operator
        for operator in graph.operators
        if operator.trait.single
        and all(t.dtype == np.int8 and t.quantization for t in (operator.input(0), operator.outputs[0]))
        and not np.array_equal(_constants(operator, PINNED), _constants(operator, OTHER))
    ]


def _constants(operator: Operator, real: Real) -> np.ndarray:
    """What the operator's factors become: multipliers and shifts, or a table."""
    source, target = params_of(operator.input(0)), params_of(operator.outputs[0])
    if operator.nature is Nature.UNARY:
        return unary_table(operator, real)
    if operator.nature in (Nature.MEMORY, Nature.RECURRENT):
        memory = operator.nature is Nature.MEMORY
        sides = [svdf_factors(operator, real)] if memory else gate_factors(operator, real)
        return np.array([quantize_multiplier(factor) for side in sides for factor in side])
    other = weight_params(operator.input(1))
    if operator.nature is Nature.DENSE:
        channels = operator.outputs[0].shape[-1]
        return np.array(layer_multipliers(source, other, target, channels, real))
    if operator.nature is Nature.MATMUL:
        return np.array(
            quantize_multiplier(float(product(source.scale, other.scale, float(target.scale), real)))
        )
    smaller, larger = sorted((float(source.scale), float(other.scale)))
    return np.array([quantize_multiplier(f) for f in sums(larger, smaller, float(target.scale), real)])
