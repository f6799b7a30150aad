"""Checks of the notebooks' exercises: one line when the answer is right, else what was got, expected and likely.

One module a lesson; this one holds what they share. A check that is not passed raises `CheckFailed`, so that
"Run All" stops at the first open TODO. In a notebook the error shows as its text, without a traceback.
"""

import ast
import inspect
import textwrap
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
    "as_pair",
    "expect",
    "is_open",
    "likely_mistake",
    "listed",
    "open_todo",
    "passed",
    "still_open",
]

_SHOWN = 12  # numbers of an array that are shown


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


def open_todo(todo: int, name: str) -> CheckFailed:
    """The error for a TODO in whose place a `...` still stands."""
    what = "does nothing yet" if name.endswith(")") else "has no value yet"
    return CheckFailed(
        f"✗ TODO {todo} is still open: `{name}` {what}. Fill in the cell above, then run both."
    )


def still_open(todo: int, value: object, name: str) -> None:
    """Raise `CheckFailed` where the student has not replaced the `...` yet, in a value or within it."""
    if value is Ellipsis or value is None or _holds_ellipsis(value):
        raise open_todo(todo, name)


def answer(
    function: Any,
    todo: int,
    name: str,
    *arguments: Any,
    returns: bool = True,
    likely: Mapping[str, str] = {},
) -> Any:
    """What the student's function returns.

    Raises `CheckFailed` where it raises, with the line where it does, where a `...` still stands in it, and where it
    `returns` nothing though it should. `likely` says what is likely where an error's text has a key in it.
    """
    still_open(todo, function, name)
    if not callable(function):
        expect(
            False,
            todo,
            f"`{name}` is {_short(function)}",
            "a function",
            "the name of the function was given to a value",
        )
    try:
        value = function(*arguments)
    except Exception as error:
        if "ellipsis" in str(error).lower() or is_open(function):
            raise open_todo(todo, name) from error
        # The first frame is this one; the second is the student's own, whatever lies below.
        own = traceback.extract_tb(error.__traceback__)[1:2]
        where = f", in `{own[0].line}`" if own and own[0].line else ""
        text = f"{type(error).__name__}: {error}"
        causes = (*likely.items(), *_OF_ERRORS.items())
        found = next((words for key, words in causes if key in text), "")
        expect(False, todo, f"`{name}` stops with {text}{where}", "an answer", found)
    if value is None and returns:
        if is_open(function):
            raise open_todo(todo, name)
        expect(False, todo, f"`{name}` returns None", "an answer", "is `return` missing?")
    if value is Ellipsis:
        raise open_todo(todo, name)
    return value


# What is likely behind an error's text.
_OF_ERRORS = {
    "NameError": "a name is misspelt, or its cell has not run: Run → Run All Above Selected Cell",
    "UnboundLocalError": "a name is used before it has a value",
    "truth value of an array": "`and`, `or`, `if`, max() and a > b == c take one truth value: "
    "for arrays use & and |, each side in ( ), and .max()",
    "has no attribute": "the name behind the dot is misspelt, or the value is of another kind than you think",
    "bitwise_and": "& comes before >= and <=: each comparison stands in parentheses of its own",
    "could not be broadcast": "two shapes do not go together: print them",
    "matmul: Input operand": "the inner sizes of @ must be alike: the weights are [outputs, inputs], so use .T",
    "only integer scalar arrays": "an array stands where one number belongs",
    "AxisError": "there are not so many axes: print the shape",
    "IndexError": "there are not so many axes or elements: print the shape",
    "ZeroDivisionError": "a division by 0",
    "KeyError": "the first time there is nothing under this name: .get(name, ...) gives something for that",
    "out of bounds for int8": "int8 goes from −128 to 127: convert to np.int32 before you calculate",
    "positional argument": "the function must take the arguments that its first line names",
    "'list' object": "make an array of the list first: np.array(...)",
    "is not subscriptable": "one number has no parts: the value is of another kind than you think",
    "is not callable": "something that is no function is called: a bracket too many, or a name used twice",
    "unsupported operand": "the two values are of kinds that do not go together",
    "cannot reshape": "the new shape must hold as many numbers as the old one",
}


def as_array(value: Any, todo: int, name: str, shape: tuple[int, ...] | None = None) -> NDArray[np.float64]:
    """The student's value as float64, of the given shape and without NaN; raises `CheckFailed` otherwise."""
    still_open(todo, value, name)
    try:
        raw = np.asarray(value)
    except (TypeError, ValueError):
        raw = np.array(None)
    if raw.dtype.kind not in "biuf":
        expect(
            False,
            todo,
            f"`{name}` is a {type(value).__name__} that holds more than numbers",
            "numbers",
            _not_numbers(value),
        )
    array = raw.astype(np.float64)
    if shape is not None:
        likely = _shape_mistake(array.shape, shape, name)
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


def as_pair(value: Any, todo: int, name: str, first: str, second: str) -> tuple[Any, Any]:
    """The two values that a function returns, of which none is open; raises `CheckFailed` otherwise."""
    pair = isinstance(value, tuple | list) and len(value) == 2
    expect(
        pair,
        todo,
        f"`{name}` returns {_short(value)}",
        f"two values: {first}, {second}",
        f"return {first}, {second}",
    )
    still_open(todo, value[0], first)
    still_open(todo, value[1], second)
    return value[0], value[1]


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


def listed(values: ArrayLike) -> str:
    """Numbers for people, in five digits; there is one 0.

    >>> listed([0.1 + 0.2, 5.0, -0.0])
    '[0.3, 5, 0]'
    """
    numbers = np.asarray(values, np.float64).ravel()
    more = ", ..." if numbers.size > _SHOWN else ""
    return "[" + ", ".join(f"{value + 0:.5g}" for value in numbers[:_SHOWN]) + more + "]"


def _short(value: Any) -> str:
    """A value in few words."""
    if isinstance(value, int | float | np.number):
        return f"the number {float(value):.5g}"
    return (
        f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
    )


def _shape_mistake(got: tuple[int, ...], wanted: tuple[int, ...], name: str) -> str:
    """What is likely where an array has another shape."""
    if len(got) == 2 and got == wanted[::-1] and got[0] != got[1]:
        return f"rows and columns have changed places: {name}.T turns them round, reshape would mix them"
    if not wanted:
        return "one number is wanted, for all of them together: a sum, a mean or a maximum is missing, or has an axis"
    if int(np.prod(got)) == int(np.prod(wanted)):
        return f"{name}.reshape{wanted} would give it this shape"
    if not got:
        return "one number was made of many: an axis is missing, or the sum or mean is one too many"
    if len(got) == len(wanted):
        return "some of the numbers are missing, or some too many: is a part of the array left out?"
    return "an axis is missing or one too many"


def _not_numbers(value: Any) -> str:
    """What is likely where a value holds more than numbers."""
    if isinstance(value, str):
        return "numbers stand without quotation marks"
    if isinstance(value, list | tuple):
        return "the rows of a list are of one length, and hold numbers alone"
    if callable(value):
        return "the function itself: call it, with its arguments in parentheses"
    if isinstance(value, np.ndarray) and value.dtype.kind in "US":
        return "numbers stand without quotation marks"
    return "an array of numbers, or one number"


def _holds_ellipsis(value: Any, depth: int = 3) -> bool:
    """Whether a `...` stands somewhere in lists, tuples or an array of objects."""
    if value is Ellipsis:
        return True
    if isinstance(value, np.ndarray) and value.dtype == object:
        return any(item is Ellipsis for item in value.ravel())
    if isinstance(value, list | tuple) and depth:
        return any(_holds_ellipsis(item, depth - 1) for item in value)
    return False


def is_open(function: Any) -> bool:
    """Whether a `...` that is no index stands in the source of a function, as its skeleton has it."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return False
    indexes = {
        id(node)
        for index in ast.walk(tree)
        if isinstance(index, ast.Subscript)
        for node in ast.walk(index.slice)
    }
    return any(
        isinstance(node, ast.Constant) and node.value is Ellipsis and id(node) not in indexes
        for node in ast.walk(tree)
    )
