"""Samples for calibration, in all the forms in which they are given, as one float32 array for each input."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError

# Of an endless generator or data set these are enough for the ranges.
MOST_SAMPLES = 10_000
UNIT_HINT = (
    "give float32 arrays [n, ...], a list of them for several inputs, a generator, or a tf.data.Dataset"
)


def sample_arrays(
    calibration: Any, shapes: Sequence[tuple[int | None, ...]], names: Sequence[str]
) -> list[NDArray[np.float32]]:
    """The samples as float32 arrays [n, ...], one for each input, of which `shapes` are without the batch.

    `calibration` holds arrays, or is a mapping by the inputs' names, a generator, or a data set. Raises `UserError` for
    samples that are none, are not finite or do not fit, naming which.
    """
    shapes, names = [tuple(shape) for shape in shapes], list(names)
    arrays = _arrays(calibration() if callable(calibration) else calibration, shapes, names)
    if len(arrays) != len(shapes):
        raise UserError(
            f"there are calibration samples for {len(arrays)} inputs, and the model has {len(shapes)}",
            f"they are {', '.join(names)}; {UNIT_HINT}",
        )
    for name, shape, array in zip(names, shapes, arrays, strict=True):
        of = f" of {name!r}" if len(names) > 1 else ""
        if not _fits(array.shape[1:], shape):
            one = (
                " (one sample: put it into an array of samples, x[None])" if _fits(array.shape, shape) else ""
            )
            raise UserError(
                f"the calibration samples{of} have the shape {list(array.shape)}{one}, "
                f"and the model takes {['n', *shape]}",
                UNIT_HINT,
            )
        if not len(array):
            raise UserError(f"there are no calibration samples{of}", "give some hundred typical inputs")
        if len(array) != len(arrays[0]):
            raise UserError(
                f"there are {len(array)} calibration samples for {name!r}, and {len(arrays[0])} for {names[0]!r}",
                "give each input the same number of them",
            )
        bad = np.flatnonzero(~np.isfinite(array.reshape(len(array), -1)).all(axis=1))
        if len(bad):
            raise UserError(
                f"calibration sample {bad[0]}{of} has {odd(array[bad[0]])}"
                + (f", and so have {len(bad) - 1} more" if len(bad) > 1 else ""),
                "leave such samples out: one value of the kind would be the range of a tensor",
            )
    return arrays


def _arrays(calibration: Any, shapes: list[tuple], names: list[str]) -> list[NDArray]:
    """The samples as arrays, from arrays, a mapping, a generator or a data set; without a batch's axis it is added."""
    if isinstance(calibration, dict):
        missing = [name for name in names if name not in calibration]
        if missing:
            raise UserError(
                f"there are no calibration samples for {missing[0]!r}", f"the inputs are {', '.join(names)}"
            )
        return [_array(calibration[name]) for name in names]
    if isinstance(calibration, list | tuple) and not calibration:
        raise UserError("there are no calibration samples", "give some hundred typical inputs")
    if isinstance(calibration, list | tuple) and (
        len(shapes) > 1 or (len(calibration) == 1 and _fits(np.shape(calibration[0])[1:], shapes[0]))
    ):
        return [_array(array) for array in calibration]
    if hasattr(calibration, "__array__") or isinstance(calibration, list | tuple):
        return [_array(calibration)]
    if not isinstance(calibration, Iterable):
        raise UserError(f"calibration samples cannot be a {type(calibration).__name__}", UNIT_HINT)
    parts: list[list[NDArray]] = []
    total = 0
    for i, element in enumerate(islice(calibration, MOST_SAMPLES)):
        batches = _of_element(element, shapes, names)
        if not batches or any(batch.ndim == 0 for batch in batches):
            raise UserError(f"element {i} of the calibration samples lacks values for an input", UNIT_HINT)
        parts.append(batches)
        total += len(batches[0])
        if total >= MOST_SAMPLES:
            break
    if not parts:
        raise UserError("there are no calibration samples: the generator gave none", "make it anew")
    kinds = [[batch.shape[1:] for batch in batches] for batches in parts]
    other = next((i for i, kind in enumerate(kinds) if kind != kinds[0]), None)
    if other is not None:
        raise UserError(
            f"element {other} of the calibration samples has values of the shapes "
            f"{[list(shape) for shape in kinds[other]]}, and element 0 of {[list(shape) for shape in kinds[0]]}",
            UNIT_HINT,
        )
    return [np.concatenate(column)[:MOST_SAMPLES] for column in zip(*parts, strict=True)]


def _of_element(element: Any, shapes: list[tuple], names: list[str]) -> list[NDArray]:
    """What one step of a generator or a data set gives: a sample or a batch, mostly with labels behind it."""
    if isinstance(element, dict):
        parts = [element.get(name) for name in names]
    elif isinstance(element, tuple | list):
        nested = element[0] if element and isinstance(element[0], tuple | list | dict) else None
        if isinstance(nested, dict):
            return _of_element(nested, shapes, names)
        parts = list(nested if nested is not None else element)[: len(shapes)]
    else:
        parts = [element]
    arrays = [_array(part) for part in parts]
    return [
        array[np.newaxis] if _fits(array.shape, shape) else array
        for array, shape in zip(arrays, shapes, strict=False)
    ]


def _array(values: Any) -> NDArray:
    try:
        # A cast would drop the imaginary parts.
        if np.iscomplexobj(values):
            raise ValueError("they are complex")
        return np.asarray(values, np.float32)
    except (TypeError, ValueError) as error:
        raise UserError(f"calibration samples are no numbers: {error}", UNIT_HINT) from error


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(b is None or a == b for a, b in zip(shape, wanted, strict=True))


def odd(values: NDArray) -> str:
    """What of an array is not finite."""
    return "NaN" if np.isnan(values).any() else "an infinite value"
