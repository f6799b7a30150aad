"""Values that follow from shapes alone, computed when a model is read.

A model with an open batch asks its input for its shape, takes it apart and puts it together again, for a RESHAPE
behind it. The shapes of a `Graph` are fixed, so that all this is constant. The operators stay in the graph, for the
interpreter runs them: `Operator.folded` tells of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.slicing import ranges

MOST_VALUES = 2**12  # that such an operator reads and writes


def fold(operators: Sequence[Operator]) -> tuple[tuple[Operator, ...], dict[int, Tensor]]:
    """The operators with constants in place of what follows from shapes, and those constants by their numbers.

    Raises `ValueError` where such an operator is impossible.
    """
    known: dict[int, Tensor] = {}
    result = []
    for operator in operators:
        if any(t is not None and t.index in known for t in operator.inputs):
            inputs = tuple(t if t is None else known.get(t.index, t) for t in operator.inputs)
            operator = replace(operator, inputs=inputs)
        if _folds(operator):
            target = operator.outputs[0]
            try:
                with np.errstate(all="raise"):
                    values = np.asarray(FOLDS[operator.kind](operator))
            except (ArithmeticError, IndexError, TypeError, ValueError) as error:
                raise ValueError(f"{operator} is impossible: {error}") from error
            if values.size != target.elements:
                raise ValueError(
                    f"{operator} is impossible: it makes {values.size} values for {list(target.shape)}"
                )
            data = values.astype(target.dtype).reshape(target.shape)
            known[target.index] = replace(target, data=data, folded=True)
            operator = replace(operator, outputs=(known[target.index],))
        result.append(operator)
    return tuple(result), known


def _folds(operator: Operator) -> bool:
    """Whether the operator computes whole numbers of shapes and constants."""
    if operator.kind not in FOLDS or len(operator.outputs) != 1 or not operator.inputs:
        return False
    target = operator.outputs[0]
    sources = [t for t in operator.inputs if t is not None]
    if operator.kind == "SHAPE":
        known = len(sources) == 1
    else:
        known = all(t.is_constant and (_whole(t) or operator.kind == "FILL") for t in sources)
    return (
        known
        and (_whole(target) or operator.kind == "FILL")
        and sum(t.elements for t in (target, *(t for t in sources if t.is_constant))) <= MOST_VALUES
        and not operator.options.get("fusedActivationFunction")
    )


def _whole(tensor: Tensor) -> bool:
    """Whether the tensor holds whole numbers that count something."""
    return tensor.dtype in (np.int32, np.int64) and tensor.quantization is None


def _values(operator: Operator, position: int) -> NDArray:
    return operator.input(position).values


def _all(operator: Operator) -> list[NDArray]:
    return [t.values for t in operator.inputs if t is not None]


def _axis(operator: Operator) -> int:
    return int(operator.options.get("axis") or 0)  # type: ignore[call-overload]


def _binary(function: Callable[[NDArray, NDArray], NDArray]) -> Callable[[Operator], NDArray]:
    return lambda operator: function(_values(operator, 0), _values(operator, 1))


def _reduced(function: Callable[..., NDArray]) -> Callable[[Operator], NDArray]:
    return lambda operator: function(
        _values(operator, 0), axis=tuple(int(axis) for axis in _values(operator, 1).ravel())
    )


def _view(operator: Operator) -> NDArray:
    return _values(operator, 0)


def _sliced(operator: Operator) -> NDArray:
    values = _values(operator, 0)
    taken = [first + step * np.arange(size) for first, size, step in ranges(operator)]
    return values[np.ix_(*taken)] if taken else values


def _filled(operator: Operator) -> NDArray:
    shape = [int(size) for size in _values(operator, 0).ravel()]
    if shape != list(operator.outputs[0].shape):
        raise ValueError(f"it makes {shape} of {list(operator.outputs[0].shape)}")
    return np.full(shape, _values(operator, 1).ravel()[0])


FOLDS: dict[str, Callable[[Operator], NDArray]] = {
    "SHAPE": lambda operator: np.array(operator.input(0).shape, np.int64),
    "PACK": lambda operator: np.stack(_all(operator), _axis(operator)),
    "CONCATENATION": lambda operator: np.concatenate(_all(operator), _axis(operator)),
    "STRIDED_SLICE": _sliced,
    "GATHER": lambda operator: np.take(_values(operator, 0), _values(operator, 1), _axis(operator)),
    "CAST": _view,
    "RESHAPE": _view,
    "SQUEEZE": _view,
    "EXPAND_DIMS": _view,
    "ADD": _binary(np.add),
    "SUB": _binary(np.subtract),
    "MUL": _binary(np.multiply),
    "FLOOR_DIV": _binary(np.floor_divide),
    "MAXIMUM": _binary(np.maximum),
    "MINIMUM": _binary(np.minimum),
    "REDUCE_PROD": _reduced(np.prod),
    "SUM": _reduced(np.sum),
    "FILL": _filled,
}
