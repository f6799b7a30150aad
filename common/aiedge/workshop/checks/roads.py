"""Checks of the notebook of roads, one function for each TODO, in their order."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge.convert import Row
from aiedge.workshop.checks import (
    answer,
    as_array,
    as_number,
    as_pair,
    expect,
    is_open,
    likely_mistake,
    listed,
    open_todo,
    passed,
)


def _row(name: str, file: int, arena: int, difference: float, tflm: str = "", compiled: str = "") -> Row:
    return Row(name, bytes(file), arena, tflm, compiled, None if tflm else True, difference, ("CONV_2D",))


# Made up so that each condition alone decides once.
ROWS = (
    _row("none", 900, 800, 0.0),
    _row("dynamic", 300, 0, 0.001, "Hybrid models are not supported", "CONV_2D with int8 weights and floats"),
    _row("int4", 240, 150, 0.2, "weights of 4 bits are not supported"),
    _row("int8, old quantizer", 280, 195, 0.75),
    _row("int8, per tensor", 250, 190, 0.5),
    _row("int8", 320, 180, 0.25),
    _row("int16x8", 340, 420, 0.125),
)


def choose(function: Any) -> None:
    """TODO 1: of the conversions that run and fit, the one that differs least."""
    cases = {
        (1000, 1000): "none",
        (400, 500): "int16x8",
        (500, 300): "int8",
        (330, 500): "int8",
        (900, 800): "none",
        (300, 300): "int8, per tensor",
        (200, 300): None,
    }
    for (flash, ram), right in cases.items():
        # The order of the rows says nothing about what is best.
        for rows in (ROWS, ROWS[::-1]):
            given = list(rows)
            got = answer(function, 1, "choose(...)", given, flash, ram, returns=False, likely=_ROWS)
            if got is None and right and is_open(function):
                raise open_todo(1, "choose(...)")
            name = getattr(got, "name", got)
            likely = _choice(name, given, flash, ram)
            if got is None and right:
                likely = (
                    "is `return` missing, or the list empty? row.tflm is a text, empty where TFLM runs it"
                )
            elif not isinstance(got, Row | None):
                likely = _NO_ROW.get(type(got), "return one of the rows, or None")
            shown = f"{name!r}" if isinstance(name, str | None) else f"a {type(got).__name__}"
            room = f"{right!r} for {flash} bytes of flash and {ram} of RAM"
            expect(isinstance(got, Row | None) and name == right, 1, shown, room, likely)
    passed(1, "what runs, fits, and differs least.")


_NO_ROW = {
    str: "return the row, not its name",
    float: "return the row, not its difference: min(fit, key=lambda row: row.difference, default=None)",
    list: "one of these rows: min(fit, key=lambda row: row.difference, default=None)",
}

_ROWS = {
    "'function' and": "min(fit, key=lambda row: ...): without key= the function is one more thing to compare",
    "name 'row' is not defined": "key is a function of a row: key=lambda row: row.difference",
    "'Row' object has no attribute": "a row has model, arena, difference and tflm; its file is len(row.model)",
    "'list' object has no attribute": "`rows` is the list, `row` is one of it",
    "type 'int' has no len()": "row.arena is a number of bytes already; len(row.model) is another",
    "arg is an empty sequence": "nothing may fit: min(..., default=None)",
    "iterable argument is empty": "nothing may fit: min(..., default=None)",
    "list index out of range": "nothing may fit: return None then",
    "'<' not supported": "two rows cannot be compared: min(..., key=lambda row: row.difference)",
    "has no len()": "a row is no sequence: its bytes are len(row.model)",
    "not supported between instances of 'bytes'": "row.model is the file's bytes: len(row.model) is how many",
}


def _choice(name: Any, rows: Sequence[Row], flash: int, ram: int) -> str:
    """What is likely where another row was chosen."""

    def best(
        runs: bool = True, file: bool = True, arena: bool = True, strict: bool = False, key: Any = None
    ) -> str | None:
        left = [
            row
            for row in rows
            if (not runs or not row.tflm)
            and (not file or len(row.model) + strict <= flash)
            and (not arena or row.arena + strict <= ram)
        ]
        found = min(left, key=key or (lambda row: row.difference), default=None)
        return found.name if found else None

    ways = {
        "a conversion that TFLM does not run is of no use: row.tflm must be empty": best(runs=False),
        "`row.compiled` is about C: TFLM runs it where row.tflm is empty": min(
            (r for r in rows if not r.compiled and len(r.model) <= flash and r.arena <= ram),
            key=lambda r: r.difference,
            default=_row("", 0, 0, 0),
        ).name,
        "the file must fit into the flash: len(row.model)": best(file=False),
        "the arena must fit into the RAM: row.arena": best(arena=False),
        "the file must fit into the flash, and the arena into the RAM": best(file=False, arena=False),
        "what needs exactly as much as there is fits: <=, not <": best(strict=True),
        "flash holds the file, RAM the arena, not the other way round": min(
            (r for r in rows if not r.tflm and len(r.model) <= ram and r.arena <= flash),
            key=lambda r: r.difference,
            default=_row("", 0, 0, 0),
        ).name,
        "the smallest file is not asked for, but the smallest difference": best(
            key=lambda row: len(row.model)
        ),
        "the smallest arena is not asked for, but the smallest difference": best(key=lambda row: row.arena),
        "this one differs most: min, not max": best(key=lambda row: -row.difference),
        "row.tflm says why TFLM does not run it, and is empty where it does: `not row.tflm`": next(
            (row.name for row in rows if row.tflm), None
        ),
        "the first that fits need not differ least": next(
            (r.name for r in rows if not r.tflm and len(r.model) <= flash and r.arena <= ram), None
        ),
        "`and` between two conditions: & is between numbers, and comes before <=": min(
            (r for r in rows if not r.tflm and len(r.model) <= flash & r.arena <= ram),
            key=lambda r: r.difference,
            default=_row("", 0, 0, 0),
        ).name,
    }
    return next((text for text, wrong in ways.items() if wrong is not None and wrong == name), "")


def agree(function: Any) -> None:
    """TODO 2: whether answers are those of Keras, within a tolerance; NaN is none."""
    wanted = np.array([[0.0], [1.0], [1.0], [0.0]], np.float32)
    above, below, both = wanted.copy(), wanted.copy(), wanted.copy()
    above[3], below[1], both[0], both[1] = 0.06, 0.94, 0.05, 0.95
    rounded = wanted + np.float32(0.01)
    nan = (
        "NaN differs from everything, but NaN > tolerance is False, too: ask for <= tolerance of all answers"
    )
    each = "compare each difference with the tolerance, not their sum, and not with 0; np.all(...) comes last"
    if "allclose" in _names(function):
        each = "np.allclose counts in shares of what is wanted: it needs rtol=0, atol=tolerance"
    cases: list[tuple[str, NDArray, bool, str]] = [
        (
            "the same answers",
            wanted.copy(),
            True,
            "where nothing differs the answer is True: is <= the wrong way round, or a division by 0 there?",
        ),
        ("answers that are rounded a little", rounded, True, each),
        (
            "one answer that is 0.06 too large",
            above,
            False,
            "one wrong answer is enough: all of them must be near, not the mean or any of them",
        ),
        (
            "one answer that is 0.06 too small",
            below,
            False,
            "a difference may be negative: np.abs(...), and all of the answers",
        ),
        ("errors of 0.05, once up and once down", both, False, "errors must not cancel: np.abs(...) first"),
        ("zeros, as TensorFlow Lite Micro gives them", np.zeros_like(wanted), False, "compare every answer"),
        ("NaN, as LiteRT gives it", np.full_like(wanted, np.nan), False, nan),
        ("one NaN", np.where(wanted == 1, np.float32(np.nan), wanted), False, nan),
    ]
    for what, answers, right, likely in cases:
        got = answer(function, 2, "agree(...)", answers, wanted.copy(), 0.02, likely=_AGREE)
        truth = np.asarray(got)
        one = truth.shape == () and truth.dtype.kind == "b"
        several = (
            "np.all(...) makes one answer of many" if truth.size > 1 else "a comparison gives True or False"
        )
        expect(one, 2, f"agree(...) returns {_kind(got)}", "True or False", several)
        if (
            got
            and not right
            and np.isfinite(answers).all()
            and bool(np.any(np.abs(answers - wanted) <= 0.02))
        ):
            likely = likely or "all of the answers count"
        expect(bool(got) == right, 2, f"{bool(got)} for {what}", str(right), likely)
    classes = np.tile(wanted, 3)
    answer(function, 2, "agree(...)", classes.copy(), classes, 0.02, likely=_AGREE)
    once = answer(function, 2, "agree(...)", wanted + np.float32(0.25), wanted.copy(), 0.5)
    expect(
        bool(once),
        2,
        "False for errors of 0.25 with tolerance 0.5",
        "True",
        "take the tolerance that is given",
    )
    passed(2, "a lost weight does not pass, not even as NaN.")


_AGREE = {
    "unexpected keyword": "np.abs(answers - wanted) and a comparison are enough",
    "truth value of an array": "np.all(...) makes one answer of an array; all(...) and `if` do not",
}


def dot(function: Any) -> None:
    """TODO 3: a sum of products of bytes that stand for q = byte − 128, without NumPy."""
    numpy = bool(_names(function) & {"np", "numpy", "array", "asarray", "frombuffer"})
    expect(not numpy, 3, "a function that uses NumPy", "plain Python", "MicroPython has no NumPy: a loop")
    rng = np.random.default_rng(0)
    for x, w in (
        ([129, 131, 126, 135], [130, 126, 132, 121]),
        *((rng.integers(0, 256, 16), rng.integers(0, 256, 16)),),
    ):
        x, w = np.asarray(x), np.asarray(w)
        given = bytearray(x.astype(np.uint8)), bytearray(w.astype(np.uint8))
        returned = answer(function, 3, "dot(...)", *given, likely=_DOT)
        got = as_number(returned, 3, "dot(...)")
        a, b = x - 128, w - 128
        signed_x, signed_w = x.astype(np.uint8).view(np.int8), w.astype(np.uint8).view(np.int8)
        likely = likely_mistake(
            got,
            {
                "nothing was added: total += ..., not total + ...": 0,
                "a byte is the int8 plus 128: subtract 128 from both": x @ w,
                "brackets: (x[i] - 128) * (w[i] - 128)": np.sum(x - 128 * w - 128),
                "brackets: (w[i] - 128), too": np.sum(a * w - 128),
                "brackets: (x[i] - 128), too": np.sum(x - 128 * b),
                "^ 128 leaves a byte of 0 to 255: subtract 128": (x ^ 128) @ (w ^ 128),
                "x[i] times w[i], not times itself": a @ a,
                "w[i] times x[i], not times itself": b @ b,
                "the sum, not the mean: no division": (a @ b) / len(a),
                "the sum may be below 0 and above 255: keep all of it": a @ b & 255,
                "subtract 128 from the weights, too": a @ w,
                "subtract 128 from the inputs, too": x @ b,
                "subtract 128 from each byte, not once from the sum": x @ w - 128,
                "128 belongs to each of the two factors, not to their product": np.sum(x * w - 128),
                "the zero is byte 128, not 127": (x - 127) @ (w - 127),
                "the zero is byte 128, not 256": (x - 256) @ (w - 256),
                "subtract 128, do not add it": (x + 128) @ (w + 128),
                "the bytes are no two's complement: byte 128 is 0": signed_x.astype(int)
                @ signed_w.astype(int),
                "only the last product is there: add them up": a[-1] * b[-1],
                "only the first product is there: does `return` stand in the loop?": a[0] * b[0],
                "the last product is missing": a[:-1] @ b[:-1],
                "the first product is missing": a[1:] @ b[1:],
                "multiply, do not add, the two numbers of a place": np.sum(a + b),
                "every place once: two loops, one in the other, multiply all by all": np.sum(a) * np.sum(b),
                "the sum begins with 0": a @ b + 1,
            },
        )
        right = int(a @ b)
        if got != right and is_open(function):
            raise open_todo(3, "dot(...)")
        shown = " and ".join(str(list(map(int, row[:3]))) + " ..." * (len(row) > 3) for row in (x, w))
        expect(got == right, 3, f"{got:g}", f"{right} for the bytes {shown}", likely)
        whole = isinstance(returned, int | np.integer) and not isinstance(returned, bool)
        expect(whole, 3, f"a {type(returned).__name__}", "an int", "integers alone: no 0.0, no /")
    passed(3, "one neuron's sum, in Python that a board runs.")


_DOT = {
    "'bytearray' object cannot be interpreted": "range takes how many: range(len(x))",
    "to unpack": "two at a time from both: for a, b in zip(x, w)",
    "NumPy boolean subtract": "integers alone",
    "unsupported operand type(s) for -: 'bytearray'": "subtract from each byte, x[i], not from all of them",
    "can't multiply sequence": "multiply byte by byte, x[i] and w[i], in a loop",
    "'int' object is not iterable": "go through the places: for i in range(len(x))",
    "bytearray index out of range": "the places go from 0 to len(x) - 1: range(len(x))",
    "byte must be in range": "x and w stay as they are: count in a number of your own",
}


def exponent(function: Any) -> None:
    """TODO 4: the exponent of the smallest power of two that holds a tensor in int8 or int16."""
    cases = (
        ([0.2, -3.0, 0.1, 2.5, 0.1, 0.1, 0.2, 0.1], 127),
        ([-100.0, 10.0], 127),
        ([300.0, -290.0], 127),
        ([0.01, -0.003], 127),
        ([127.0, 3.0], 127),
        ([128.0], 127),
        ([1.0, -0.25], 32767),
        ([90000.0], 32767),
    )
    for values, top in cases:
        array = np.array(values)
        got = as_number(
            answer(function, 4, "exponent(...)", array.copy(), top, likely=_EXPONENT), 4, "exponent(...)"
        )
        largest = np.abs(array).max()
        real = np.log2(largest / top)
        mistakes: dict[str, Any] = {
            "the largest integer is top, not top + 1": np.ceil(np.log2(largest / (top + 1))),
            "the range is symmetric: the largest absolute value, not half of the span": np.ceil(
                np.log2(max(np.ptp(array), 1e-9) / (2 * top))
            ),
            "this one is too small, so that the largest value does not fit: round up, np.ceil": np.floor(
                real
            ),
            "round up, np.ceil, so that the largest value fits": np.round(real),
            "the exponent is a whole number: np.ceil(...)": real,
            "one too large: np.ceil once, of the largest absolute value, not of the span or the sum": np.ceil(
                real
            )
            + 1,
            "the logarithm is missing: np.log2(largest / top)": np.ceil(largest / top)
            if largest != top
            else np.nan,
            "that is what one step would be: its exponent is np.log2 of it, rounded up": largest / top
            if largest != top
            else np.nan,
            "divide by top before the logarithm: np.log2(largest / top)": np.ceil(np.log2(largest) / top),
            "divide by top before the logarithm, and round last": np.ceil(np.log2(largest)) / top,
            "round up last, behind the logarithm": np.log2(np.ceil(largest / top)),
            "top is the largest integer already: no 2 ** top": np.ceil(np.log2(largest) - top),
            "divide by top, do not multiply": np.ceil(np.log2(largest * top)),
            "no minus: a scale below 1 has a negative exponent": -np.ceil(real),
            "divide by the largest integer, top": np.ceil(np.log2(largest)),
            "value divided by integer, not the other way round": np.ceil(-real),
            "the exponent of 2: np.log2, not np.log": np.ceil(np.log(largest / top)),
            "the exponent of 2: np.log2, not np.log10": np.ceil(np.log10(largest / top)),
            "the largest absolute value: np.abs(values).max()": np.ceil(
                np.log2(max(array.max(), 1e-9) / top)
            ),
            "take the `top` that is given: 16 bits have another": np.ceil(np.log2(largest / 127)),
            "the largest of the values, not their mean": np.ceil(np.log2(np.abs(array).mean() / top)),
            "this is the scale: return the exponent alone": 2.0 ** np.ceil(real),
        }
        right = int(np.ceil(real))
        likely = likely_mistake(got, mistakes)
        expect(got == right, 4, f"{got:.5g}", f"{right} for {listed(array)}, largest integer {top:,}", likely)
    passed(4, "the finest power of two in which all values fit.")


_EXPONENT = {
    "cannot convert float infinity": "the logarithm of 0: take the largest absolute value first",
    "cannot convert float NaN": "the logarithm of a negative number: np.abs(values) first, then / top",
    "only 0-dimensional arrays": "one exponent for all values: .max()",
    "only length-1 arrays": "one exponent for all values: .max()",
}


def shift(function: Any) -> None:
    """TODO 5: a division by a power of two by shifting, halves up."""
    sums = np.array([*range(-70, 71), 1000, -1000])
    for amount in (6, 1, 2):
        returned = answer(function, 5, "shift(...)", sums.copy(), amount, likely=_SHIFT)
        got = as_array(returned, 5, "shift(...)", sums.shape)
        exact = sums / 2.0**amount
        right = np.floor(exact + 0.5)
        half = 2 ** (amount - 1)
        mistakes = {
            "this rounds down: add half of 2 ** amount before the shift": np.floor(exact),
            "this cuts off towards 0: add half of 2 ** amount, then >>": np.trunc(exact),
            "np.round takes halves to even numbers; these go up": np.round(exact),
            "halves of negative numbers go up, too: −2.5 becomes −2": np.trunc(
                exact + np.copysign(0.5, exact)
            ),
            "halves go up, not down": np.ceil(exact - 0.5),
            "this rounds up all of them": np.ceil(exact),
            "whole numbers are left: >> instead of /": exact,
            "the half is there, but whole numbers are left: >> instead of /": exact + 0.5,
            "a cast cuts off towards 0, so negative ones are wrong: (sums + half) >> amount": np.trunc(
                exact + 0.5
            ),
            "add the half, do not subtract it": np.floor(exact - 0.5),
            "the sum itself is not shifted: brackets around (sums + half)": sums,
            "behind the brackets to the right, >>, not to the left": (sums + half) * 2.0**amount,
            "shift by amount, which is above 0, not by -amount": np.where(sums + half < 0, -1, 0),
            "divide by 2 ** amount, which is >> amount, not by amount": (sums + half) / amount,
            "> compares, >> shifts": sums + half > amount,
            "the half is 1 << (amount - 1), not amount - 1": np.floor((sums + amount - 1) / 2.0**amount),
            "half of 2 ** amount is 1 << (amount - 1), not 1 << (amount + 1)": np.floor(exact + 2),
            "add 1 << (amount - 1), half of 2 ** amount, before the shift: this adds all of it": np.floor(
                exact + 1.0
            ),
            "half of 2 ** amount is 1 << (amount - 1), not 1 << (amount - 2)": np.floor(exact + 0.25),
            "add half of 2 ** amount, not 1": np.floor((sums + 1) / 2.0**amount),
            "add the half before the shift: behind it it is far too much": np.floor(exact)
            + 2.0 ** (amount - 1),
            "to the right, >>, not to the left": sums * 2.0**amount,
            "half of 2 ** amount is 1 << (amount - 1), not amount": np.floor((sums + amount) / 2.0**amount),
            "divide by 2 ** amount, not by amount": np.floor(sums / amount),
            "shift by amount, not by amount - 1": np.floor((sums + 2 ** (amount - 1)) / 2.0 ** (amount - 1)),
            "brackets: + goes before >>, so 1 << (amount - 1) needs its own": sums + 1
            << (amount - 1)
            >> amount,
            "the half is 1 << (amount - 1), not 2 * (amount - 1)": np.floor(
                (sums + 2 * (amount - 1)) / 2.0**amount
            ),
        }
        likely = likely_mistake(got, mistakes)
        where = np.flatnonzero(got != right)
        first = int(where[0]) if len(where) else 0
        shown = f"{got[first]:g} for {sums[first]} shifted by {amount}"
        expect(not len(where), 5, shown, f"{right[first]:g}", likely)
        whole = np.asarray(returned).dtype.kind == "i"
        expect(
            whole, 5, f"numbers of type {np.asarray(returned).dtype}", "integers", "use >> and +, no division"
        )
    passed(5, "rounded, halves up, by an addition and a shift.")


_SHIFT = {
    "__round__": "`sums` is an array, and round() takes halves to even numbers: add the half and shift",
    "converted to Python scalars": "`sums` is an array: + and >> take all of it at once",
    "can be converted to": "`sums` is an array: + and >> take all of it at once",
    "builtin_function_or_method": "`sum` is a function of Python's; the integers are in `sums`",
    "ufunc 'right_shift' not supported": "only integers can be shifted: leave / out",
    "ufunc 'left_shift' not supported": "only integers can be shifted: leave / out",
    "unsupported operand type(s) for >>": "only integers can be shifted: leave / out",
    "negative shift count": "shift by amount, and add 1 << (amount - 1)",
}


def kernel(function: Any) -> None:
    """TODO 6: a convolution's kernel from [out, in, rows, columns] to [out, rows, columns, in]."""
    given = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    right = given.transpose(0, 2, 3, 1)
    name = "kernel_from_torch(...)"
    returned = answer(function, 6, name, given.copy(), likely=_AXES)
    got = as_array(returned, 6, name)
    said = {
        (0, 1, 2, 3): "nothing has moved: transpose returns a new array",
        (2, 3, 1, 0): "this is Keras's order, [rows, columns, in, out]; TFLite's begins with the outputs",
        (0, 3, 2, 1): "rows and columns have changed places: the rows come first",
        (0, 3, 1, 2): "this goes the other way, from TFLite's order to PyTorch's",
        (1, 2, 3, 0): "the outputs stay in front; the inputs go to the end",
        (3, 2, 1, 0): "only the inputs move, to the end: .T turns all axes round",
        (0, 2, 1, 3): "the inputs go to the end, behind the columns",
    }
    order = next((a for a in permutations(range(4)) if np.array_equal(got, given.transpose(a))), None)
    likely = f"this is {_order(order, 'inputs')}" if order else ""
    if order in said:
        likely = said[order]
    elif not order and got.size < given.size:
        likely = "square brackets take a part: kernel.transpose(0, ...) moves the axes, and keeps all numbers"
    if got.shape == right.shape and np.array_equal(got.ravel(), given.ravel()):
        likely = "reshape leaves the numbers where they are and mixes the axes: transpose moves them"
    expect(got.shape == right.shape, 6, f"shape {got.shape} of {given.shape}", f"{right.shape}", likely)
    same = bool(np.array_equal(got, right))
    expect(same, 6, f"{int(np.sum(got != right))} of {right.size} numbers in other places", "none", likely)
    passed(6, "the inputs' axis is the last one now.")


def _order(axes: Sequence[int], second: str) -> str:
    """A new order of the axes of a kernel in words, beside the one that is wanted."""
    names = ("outputs", second, "rows", "columns")
    shown = ", ".join(names[axis] for axis in axes)
    return f"[{shown}]; wanted is [outputs, rows, columns, {second}]"


_AXES = {
    "out of bounds for array of dimension": "the axes count from 0",
    "interpreted as an integer": "the axes are four numbers: transpose(0, ...)",
    "axes don't match array": "name all four axes once: transpose(0, ...)",
    "repeated axis": "name each axis once",
    "has no attribute 'permute'": "permute is PyTorch's; NumPy says transpose",
}


def after_flatten(function: Any) -> None:
    """TODO 7: columns of a dense layer that follows Flatten, from planes to channels side by side."""
    rng = np.random.default_rng(0)
    channels, rows, columns = 3, 2, 4
    weights = rng.permutation(5 * channels * rows * columns).reshape(5, -1)
    name = "dense_from_torch(...)"
    returned = answer(function, 7, name, weights.copy(), channels, rows, columns, likely=_AXES)
    got = as_array(returned, 7, name, weights.shape)
    cube = weights.reshape(5, channels, rows, columns)
    right = cube.transpose(0, 2, 3, 1).reshape(5, -1)
    sides = weights.reshape(5, rows, columns, channels)
    likely = likely_mistake(
        got,
        {
            "nothing has moved: split the columns into channels, rows, columns first, then transpose": weights,
            "this goes the other way: PyTorch's columns are channels, rows, columns": sides.transpose(
                0, 3, 1, 2
            ).reshape(5, -1),
            "the columns count channels first: reshape(-1, channels, rows, columns)": sides.transpose(
                0, 2, 3, 1
            ).reshape(5, -1),
            "rows and columns have changed places: the rows come before the columns": cube.transpose(
                0, 3, 2, 1
            ).reshape(5, -1),
            "the outputs stay in front: leave axis 0 where it is": cube.transpose(2, 3, 1, 0).reshape(5, -1),
            "the outputs stay in front; .T mixes them with the inputs": weights.T.reshape(5, -1),
            **{
                f"this is {_order(axes, 'channels')}": cube.transpose(axes).reshape(5, -1)
                for axes in permutations(range(4))
                if axes != (0, 2, 3, 1)
            },
        },
    )
    last = weights.reshape(channels, rows, columns, -1)
    if not likely and any(
        np.array_equal(got, last.transpose(axes).reshape(5, -1)) for axes in permutations(range(4))
    ):
        likely = "the outputs are the first axis of the matrix: reshape(-1, channels, rows, columns)"
    wrong = int(np.sum(got != right))
    expect(not wrong, 7, f"{wrong} of {right.size} weights in other places", "none", likely)
    passed(7, "each weight meets the number that it learned for.")


def judge(function: Any) -> None:
    """TODO 8: samples that were missed, and the worst lateness, from the times at which they were taken."""
    cases = (
        ("samples 3, 4, 7 and 12", [3040, 4010, 7350, 12200], 1000, 8, 350),
        ("each sample at once", [500, 1000, 1500], 500, 0, 0),
        ("sample 5 alone", [5900], 1000, 4, 900),
        ("samples 4, 8 and 12", [435, 870, 1290], 100, 9, 90),
    )
    for what, times, period, missed, late in cases:
        taken = np.array(times)
        got = answer(function, 8, "judge(...)", taken.copy(), period)
        first, second = as_pair(got, 8, "judge(...)", "missed", "worst")
        lost, worst = as_number(first, 8, "missed"), as_number(second, 8, "worst")
        numbers = taken // period
        lateness = taken - numbers * period
        count = len(taken)
        likely = likely_mistake(
            lost,
            {
                "this is how many were taken: the others were missed": count,
                "this is how many there were: those that were taken are not missed": numbers[-1],
                "the samples count from 1: nothing is missed after sample 1": numbers[-1] - count + 1,
                "the samples count from 1, and the last one was taken": numbers[-1] - count - 1,
                "those before the first one that was taken are missed, too": numbers[-1]
                - numbers[0]
                + 1
                - count,
                "the difference of the times is not a number of samples: divide by the period": taken[-1]
                - count,
                "taken minus all is negative: all minus taken": count - numbers[-1],
                "worst and missed have changed places": late if late != missed else np.nan,
                "the number of a sample is a whole one: //": taken[-1] / period - count,
                "these are the gaps, not the samples in them": np.sum(np.diff(numbers) > 1),
                "the last one that was taken, taken[-1], says how many there were": numbers[0] - count,
                "the number of the last sample: //, not %": lateness[-1] - count,
                "the number of the last sample, not a sum": taken.sum() // period - count,
            }
            if lost != missed
            else {},
        )
        expect(lost == missed, 8, f"{lost:g} missed", f"{missed} for {what}", likely)
        likely = likely_mistake(
            worst,
            {
                "the mean lateness is not asked for, but the largest": lateness.mean(),
                "the smallest lateness is not asked for, but the largest": lateness.min(),
                "late against the schedule, sample · period, not since the start": taken.max(),
                "lateness is the time since the sample was due, not the time to the next": (
                    period - lateness
                ).max(),
                "the time between two samples is not asked for": np.diff(taken).max()
                if count > 1
                else np.nan,
                "late against its own sample: number · period, not the count of those taken": (
                    taken - np.arange(1, count + 1) * period
                ).max(),
                "late in the unit of the times: not divided by the period": lateness.max() / period,
                "the number of the sample, not what is left over: %": numbers.max(),
                "the sum of all is not asked for, but the largest": lateness.sum(),
                "the last one need not be the latest": lateness[-1],
                "in the unit of the times: no factor of 1,000": lateness.max() * 1000,
                "each sample is due at its own time, number · period: taken % period": (taken - period).max(),
                "what is left over of a period: %, not /": (taken / period).max(),
                "np.max is the largest, np.argmax its place": lateness.argmax(),
                "the time between two samples is not asked for: taken % period": np.diff(taken).max() % period
                if count > 1
                else np.nan,
                "the time between two samples is not asked for: use taken % period": np.diff(taken).max()
                - period
                if count > 1
                else np.nan,
            },
        )
        expect(worst == late, 8, f"worst lateness {worst:g}", f"{late} for {what}", likely)
    passed(8, "missed samples and the worst lateness.")


def _names(function: Any) -> set[str]:
    """The names of other things that a function uses."""
    return set(getattr(getattr(function, "__code__", None), "co_names", ()))


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return f"a {type(value).__name__}"
