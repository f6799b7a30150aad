"""Checks of the notebooks' exercises: one line when the answer is right, else what was got, expected and likely.

One module a lesson; this one holds what they share. A check that is not passed raises `CheckFailed`, so that
"Run All" stops at the first open TODO. In a notebook the error shows as its text, without a traceback.
"""

import traceback
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiedge import logbook

__all__ = [
    "CheckFailed",
    "answer",
    "as_array",
    "as_number",
    "expect",
    "likely_mistake",
    "listed",
    "passed",
    "still_open",
]


class CheckFailed(Exception):
    """An exercise that is open, or whose answer is wrong."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return str(self).splitlines()


def passed(todo: int, text: str) -> None:
    """Print the one line of a right answer, and keep it in the logbook of the project whose notebook this is."""
    if project := logbook.project_here():
        logbook.note(project, logbook.NOTEBOOK, todo)
    print(f"✓ TODO {todo}: {text}")


def expect(condition: bool, todo: int, got: object, expected: object, likely: str = "") -> None:
    """Raise `CheckFailed` unless the condition holds, with what was got, what was expected and the likely mistake.

    >>> expect(2 + 2 == 5, 1, "2 + 2 = 4", "5", "look again")
    Traceback (most recent call last):
        ...
    aiedge.workshop.checks.CheckFailed: ✗ TODO 1 is not right yet.
      got:      2 + 2 = 4
      expected: 5
      likely:   look again
    """
    if not condition:
        lines = [f"✗ TODO {todo} is not right yet.", f"  got:      {got}", f"  expected: {expected}"]
        raise CheckFailed("\n".join([*lines, f"  likely:   {likely}"] if likely else lines))


def still_open(todo: int, value: object, name: str) -> None:
    """Raise `CheckFailed` where the student has not replaced the `...` yet."""
    if value is Ellipsis or value is None:
        raise CheckFailed(
            f"✗ TODO {todo} is still open: `{name}` has no value yet. Fill in the cell above, then run both."
        )


def answer(function: Any, todo: int, name: str, *arguments: Any) -> Any:
    """What the student's function returns; raises `CheckFailed` where it raises, with the line where it does."""
    still_open(todo, function, name)
    try:
        return function(*arguments)
    except Exception as error:
        # The first frame is this one; the second is the student's own, whatever lies below.
        own = traceback.extract_tb(error.__traceback__)[1:2]
        where = f", in `{own[0].line}`" if own and own[0].line else ""
        raise CheckFailed(
            f"✗ TODO {todo} is not right yet.\n"
            f"  got:      `{name}` stops with {type(error).__name__}: {error}{where}\n"
            "  expected: an answer"
        ) from error


def as_array(value: Any, todo: int, name: str, shape: tuple[int, ...] | None = None) -> NDArray[np.float64]:
    """The student's value as float64, of the given shape and without NaN; raises `CheckFailed` otherwise."""
    still_open(todo, value, name)
    try:
        raw = np.asarray(value)
    except (TypeError, ValueError):
        raw = np.array(None)
    if raw.dtype.kind not in "biuf":
        kind = type(value).__name__
        raise CheckFailed(
            f"✗ TODO {todo} is not right yet.\n"
            f"  got:      `{name}` is a {kind} that holds more than numbers\n"
            "  expected: numbers"
        )
    array = raw.astype(np.float64)
    if shape is not None:
        likely = f"{name}.reshape{shape} would give it this shape" if array.size == np.prod(shape) else ""
        expect(array.shape == shape, todo, f"`{name}` has shape {array.shape}", f"shape {shape}", likely)
    expect(
        bool(np.all(np.isfinite(array))),
        todo,
        f"`{name}` holds NaN or infinity",
        "finite numbers",
        "a division by 0",
    )
    return array


def as_number(value: Any, todo: int, name: str) -> float:
    """The student's value as one finite number; raises `CheckFailed` otherwise."""
    return float(as_array(value, todo, name, ()))


def likely_mistake(got: ArrayLike, mistakes: Mapping[str, ArrayLike]) -> str:
    """The text of the first wrong answer that `got` is, "" for none.

    >>> likely_mistake(0.5, {"divided by 2": 0.5, "forgot to divide": 1.0})
    'divided by 2'
    """
    values = np.asarray(got, np.float64)
    for text, wrong in mistakes.items():
        if values.shape == np.shape(wrong) and np.allclose(values, wrong, rtol=1e-5, atol=1e-9):
            return text
    return ""


def listed(values: NDArray) -> str:
    """Numbers for people, in five digits."""
    return "[" + ", ".join(f"{value:.5g}" for value in values) + "]"
