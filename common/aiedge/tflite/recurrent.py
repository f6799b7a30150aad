"""The factors between the scales of layers that keep a state, as TensorFlow Lite Micro forms them."""

from collections.abc import Sequence

import numpy as np

from aiedge.quantization.factors import PINNED, Real, product, quotient
from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.integer import params_of

# The LSTM's weights by gate, in the order forget, input, cell, output: those of its input, and of its hidden state.
OF_INPUT, OF_STATE = (2, 1, 3, 4), (6, 5, 7, 8)
HIDDEN, CELL = 18, 19
GATE, UNIT = 2.0**-12, 2.0**-15  # scales of what goes into the gates, and of what comes out


def svdf_factors(operator: Operator, real: Real = PINNED) -> list[float]:
    """From a filter's sum to the state, and from a unit's to the output."""
    source, feature, time, state = (operator.input(position) for position in (0, 1, 2, 4))
    x, w, s, v, y = (_scale(tensor) for tensor in (source, feature, state, time, operator.outputs[0]))
    return [quotient(x, w, s, real), quotient(s, v, y, real)]


def gate_factors(operator: Operator, real: Real = PINNED) -> tuple[list[float], list[float]]:
    """From the sums of each gate to what goes into it: those over the input, and those over the hidden state."""

    def side(tensor: Tensor, positions: Sequence[int]) -> list[float]:
        weights = (_scale(operator.input(position)) for position in positions)
        return [float(product(_scale(tensor), weight, GATE, real)) for weight in weights]

    return side(operator.input(0), OF_INPUT), side(operator.input(HIDDEN), OF_STATE)


def cell_factors(operator: Operator) -> dict[str, float]:
    """From the products of gates and cells to the cells and the hidden state."""
    cell, hidden = _scale(operator.input(CELL)), _scale(operator.input(HIDDEN))
    return {
        "forget": quotient(UNIT, cell, cell),
        "input": quotient(UNIT, UNIT, cell),
        "output": quotient(UNIT, UNIT, hidden),
    }


def _scale(tensor: Tensor) -> float:
    return float(np.float32(params_of(tensor).scale))
