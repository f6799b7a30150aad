"""Checks of the notebook on the search, one function for each TODO, in their order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from aiedge.workshop.checks import (
    answer,
    as_array,
    as_number,
    as_pair,
    expect,
    is_open,
    likely_mistake,
    open_todo,
    passed,
    still_open,
)

_ROOM = {"SRAM": 18_944, "flash": 65_536}
_CODE = 8_192


def fits(function: Any) -> None:
    """TODO 1: whether SRAM and flash, with the code beside them, are within a board's room."""
    name, full = "fits(...)", _ROOM["flash"] - _CODE
    cases = (
        *((1_000, 20_000), (18_000, 40_000), (18_945, 20_000), (1_000, 65_537), (1_000, full + 1)),
        *((1_000, full), (18_944, 20_000), (30_000, 15_000), (1_000, 80_000), (1_000, 5_000)),
    )
    given = []
    for ram, flash in cases:
        got = answer(function, 1, name, ram, flash, dict(_ROOM), likely=_FITS)
        if got is Ellipsis:
            raise open_todo(1, name)
        if not isinstance(got, bool | np.bool_):
            expect(
                False, 1, f"{name} returns {got!r:.40}", "True or False", "a comparison with <= gives that"
            )
        given.append(bool(got))
    rights = [_fits(ram, flash) for ram, flash in cases]
    # One answer is True or False for many reasons; all of them together tell which.
    likely = next(
        (text for text, wrong in _NO_FITS if given == [wrong(ram, flash) for ram, flash in cases]),
        "both comparisons must hold, each with the board's room on the right of <=",
    )
    for (ram, flash), got, right in zip(cases, given, rights, strict=True):
        asked = f"{right} for {ram:,} B of SRAM and {flash:,} B of flash in {_ROOM}, with {_CODE:,} B of code"
        expect(got == right, 1, f"{got}", asked, likely)
    passed(1, "what fits, and what does not.")


def _fits(ram: int, flash: int, code: int = _CODE) -> bool:
    return ram <= _ROOM["SRAM"] and flash + code <= _ROOM["flash"]


_FULL = "what is filled to the last byte still fits: <=, not <"
_TWO = "SRAM and flash are two memories: each is compared for itself"
_NO_FITS: tuple[tuple[str, Callable[[int, int], bool]], ...] = (
    ("the SRAM counts, too: both must be enough, so `and`", lambda r, f: f + _CODE <= _ROOM["flash"]),
    ("the flash counts, too: both must be enough, so `and`", lambda r, f: r <= _ROOM["SRAM"]),
    (
        "both must be enough, so `and`, not `or`",
        lambda r, f: r <= _ROOM["SRAM"] or f + _CODE <= _ROOM["flash"],
    ),
    (
        "the code needs CODE bytes of the flash as well: add them to the network's",
        lambda r, f: _fits(r, f, 0),
    ),
    ("the code takes room: add CODE to the network's flash", lambda r, f: _fits(r, f, -_CODE)),
    (_FULL, lambda r, f: _fits(r, f + 1)),
    (_FULL, lambda r, f: _fits(r + 1, f)),
    (_FULL, lambda r, f: _fits(r + 1, f + 1)),
    (_TWO, lambda r, f: r + f + _CODE <= _ROOM["flash"]),
    (_TWO, lambda r, f: r + f + _CODE <= sum(_ROOM.values())),
    (
        'room["SRAM"] belongs to ram, room["flash"] to flash',
        lambda r, f: r <= _ROOM["flash"] and f + _CODE <= _ROOM["SRAM"],
    ),
    ("the code lies in the flash, not in the SRAM", lambda r, f: _fits(r + _CODE, f, 0)),
    ("the code lies in the flash, not in the SRAM as well", lambda r, f: _fits(r + _CODE, f)),
    ("True means that it fits", lambda r, f: not _fits(r, f)),
    (
        "True means that it fits: <=, not >=",
        lambda r, f: r >= _ROOM["SRAM"] and f + _CODE >= _ROOM["flash"],
    ),
    (
        "`and` between two comparisons: & is between numbers",
        lambda r, f: r <= _ROOM["SRAM"] & f + _CODE <= _ROOM["flash"],
    ),
)
_FITS = {
    "'dict' object has no attribute": 'room is a dict: room["SRAM"], room["flash"]',
    "KeyError": 'the two names are "SRAM" and "flash": room["SRAM"]',
    "'SRAM' is not defined": 'the name stands in quotation marks: room["SRAM"]',
    "'dict'": 'the bytes are room["SRAM"] and room["flash"]',
    "'BOARDS'": "take the room that is given: it may be any board's",
}


def saved(function: Any) -> None:
    """TODO 2: the share of the bytes that is saved."""
    for before, after in ((80_000, 20_000), (5_000, 4_000)):
        got = as_number(answer(function, 2, "saved(...)", before, after), 2, "saved(...)")
        right = (before - after) / before
        likely = likely_mistake(
            got,
            {
                "this is the share that is left: 1 minus it is saved": after / before,
                "this is how many times smaller it is": before / after,
                "these are bytes: divide them by what it was before": before - after,
                "the share goes from 0 to 1: no × 100": 100 * right,
                "before minus after, not the other way round": -right,
                "the share of what it was before, not of what is left": (before - after) / after,
                "this is the share that is left, in percent": 100 * after / before,
                "divide by the bytes before, not by both together": (before - after) / (before + after),
                "brackets: (before - after) / before": before - after / before,
                "a share has decimals: / alone, no // and no round": 0,
                "a share has decimals: no round": 1,
                "what is left in parts of what there was: after / before": 1 - before / after,
                "divide by the bytes before, do not multiply": (before - after) * before,
                "these are bytes: put them in parts of `before`": 1 - after,
                "bytes are no percent: put them in parts of `before`": 100 - after,
                "what is saved above, what there was below the line": before / (before - after),
                "what is saved belongs above the line, and `before` below": 1 / (before - after),
                "the difference, not the sum": (before + after) / before,
            },
        )
        expect(
            bool(np.isclose(got, right)),
            2,
            f"{got:.5g}",
            f"{right:.5g} for {before:,} → {after:,} bytes",
            likely,
        )
    passed(2, "shares saved.")


@dataclass
class _Costs:
    ram: int
    flash: int


def objective(function: Any) -> None:
    """TODO 3: accuracy and flash of what fits, 0 right answers of what does not, which must not be trained."""
    name, trained = "objective(...)", []

    def train() -> float:
        trained.append(True)
        return 0.75

    for costs in (_Costs(2_000, 30_000), _Costs(20_000, 30_000), _Costs(2_000, 60_000)):
        trained.clear()
        fit = costs.ram <= _ROOM["SRAM"] and costs.flash + _CODE <= _ROOM["flash"]
        right, flash = as_pair(
            answer(function, 3, name, costs, train, likely=_OBJECTIVE),
            3,
            name,
            "the share right",
            "bytes of flash",
        )
        if right is train or flash is train:
            expect(False, 3, "the function `train` itself", "the number that it returns", "call it: train()")
        if not isinstance(flash, str) and np.size(flash) == 1 and not np.isfinite(flash):
            same = "the bytes stay as they are, also of what does not fit"
            expect(False, 3, f"{flash} bytes of flash", f"{costs.flash:,}", same)
        got = (as_number(right, 3, "the share right"), as_number(flash, 3, "bytes of flash"))
        what = f"SRAM {costs.ram:,} B, flash {costs.flash:,} B"
        expect(
            fit or not trained,
            3,
            f"a network that does not fit ({what}) was trained",
            "no training: (0.0, flash)",
            "ask `fits(costs.ram, costs.flash, ROOM)` first, and return before train() is called",
        )
        expect(
            not fit or bool(trained),
            3,
            f"a network that fits ({what}) was not trained",
            "(train(), costs.flash)",
            "what fits is to be trained: is the condition the wrong way round, or ram and flash?",
        )
        expect(
            len(trained) < 2,
            3,
            f"train() was called {len(trained)} times",
            "once",
            "keep its answer in a variable",
        )
        wanted = (0.75 if fit else 0.0, float(costs.flash))
        likely = likely_mistake(
            got,
            {
                "first the share right, then the bytes": wanted[::-1],
                "return what train() returns": (1.0 if fit else np.nan, wanted[1]),
                "the share right goes from 0 to 1: no × 100": (75.0, wanted[1]),
                "the second number is the flash, not the SRAM": (wanted[0], costs.ram),
                "what does not fit has 0 right answers": (0.75, wanted[1]),
                "the bytes stay as they are, also of what does not fit": (wanted[0], 0.0),
                "the study minimizes the bytes by itself: no minus": (wanted[0], -wanted[1]),
                "the share right is maximized by the study: no error rate": (1 - wanted[0], wanted[1]),
                "only the flash is asked for, without the SRAM": (wanted[0], costs.flash + costs.ram),
                "the code is for `fits` alone: the network's own bytes here": (
                    wanted[0],
                    costs.flash + _CODE,
                ),
            },
        )
        expect(got == wanted, 3, f"{got}", f"{wanted} for {what}", likely)
    passed(3, "an objective that trains only what fits.")


_OBJECTIVE = {
    "fits() missing": "fits takes three things: fits(costs.ram, costs.flash, ROOM)",
    "train() takes": "train() takes nothing: it knows its network",
    "'room' is not defined": "the Blue Pill's room is ROOM",
    "'ram' is not defined": "the network's bytes are costs.ram and costs.flash",
    "'flash' is not defined": "the network's bytes are costs.ram and costs.flash",
    "'_Costs' object has no attribute": "the network's bytes are costs.ram and costs.flash",
}


def front(function: Any) -> None:
    """TODO 4: the numbers of the points that no other one beats."""
    name = "front(...)"
    rng = np.random.default_rng(4)
    drawn = np.stack([rng.uniform(0.8, 1, 12).round(2), rng.integers(5, 60, 12) * 1000], 1)
    for points in (
        np.array(
            [[0.9, 1000], [0.95, 2000], [0.93, 3000], [0.99, 4000], [0.85, 1000], [0.97, 6000], [0.94, 2500]]
        ),
        drawn,
    ):
        got = answer(function, 4, name, points.copy())
        still_open(4, got, name)
        try:
            array = np.asarray(got, float)
            numbers = sorted(int(k) for k in array.ravel())
        except (TypeError, ValueError):
            numbers, array = [], np.array(np.nan)
        likely = (
            "append k to the list" if array.shape else "append k to `best`, and return it behind the loop"
        )
        listed = bool(array.shape and np.all(array == array.round()))
        expect(listed, 4, f"{name} returns {str(got)[:60]}", "a list of numbers of points", likely)
        right = _unbeaten(points)
        if numbers != right and is_open(function):
            raise open_todo(4, name)
        mistakes = {
            "these are the points that another one beats: take the others": sorted(
                set(range(len(points))) - set(right)
            ),
            "more right answers are better, and fewer bytes: here both are to be high": _unbeaten(
                points * [1, -1]
            ),
            "more right answers are better, and fewer bytes: here both are to be low": _unbeaten(
                points * [-1, 1]
            ),
            "more right answers are better, and fewer bytes: here it is the other way round": _unbeaten(
                -points
            ),
            "this is the most accurate one alone": [int(points[:, 0].argmax())],
            "this is the smallest one alone": [int(points[:, 1].argmin())],
            "every point is in it: one that beats it is enough, so .any(); does any beat another one?": list(
                range(len(points))
            ),
            "no point is in it: to beat is to be as_good & better, so a point does not beat itself": [],
            "the points count from 0: k, not k + 1": [k + 1 for k in right],
            "to beat, a point is at least as good in both, and better in one of them": _strictly(points),
        }
        likely = next((text for text, wrong in mistakes.items() if numbers == wrong), "")
        if numbers != right and not likely and max(numbers) >= len(points):
            likely = "the numbers of the points are wanted, not the points"
        elif numbers != right and not likely:
            likely = "look at each point: is there one with at least as many right answers and at most as many bytes?"
        expect(numbers == right, 4, f"{numbers}", f"{right} of {points.tolist()}", likely)
    passed(4, "a front.")


def _unbeaten(points: np.ndarray) -> list[int]:
    return [
        k
        for k, (right, size) in enumerate(points)
        if not any(a >= right and b <= size and (a > right or b < size) for a, b in points)
    ]


def _strictly(points: np.ndarray) -> list[int]:
    return [k for k, (right, size) in enumerate(points) if not any(a > right and b < size for a, b in points)]


def smallest(function: Any) -> None:
    """TODO 5: the number of the smallest network that is right often enough, None where there is none."""
    name = "smallest(...)"
    points = np.array(
        [
            *([0.90, 3000], [0.80, 2000], [0.97, 9000], [0.85, 2500], [0.96, 7000]),
            *([0.99, 20000], [0.95, 5000], [0.965, 30000], [0.955, 8000]),
        ]
    )
    for target in (0.95, 0.985, 0.955, 0.5):
        got = answer(function, 5, name, points.copy(), target, returns=False, likely=_SMALLEST)
        if got is Ellipsis or (got is None and is_open(function)):
            raise open_todo(5, name)
        enough = [k for k in range(len(points)) if points[k, 0] >= target]
        right = min(enough, key=lambda k: points[k, 1])
        if got is None:
            expect(
                False, 5, f"{name} returns None", f"{right} for the target {target}", "is `return` missing?"
            )
        if isinstance(got, list) or np.shape(got) == (2,):
            one = "one of these numbers: min(enough, key=lambda k: points[k, 1])"
            likely = one if isinstance(got, list) else "these are the point's values: return its number"
            expect(False, 5, f"{name} returns {str(got)[:60]}", "the number of a network", likely)
        value = as_number(got, 5, name)
        likely = likely_mistake(
            value,
            {
                "this is the most accurate one: the smallest that is enough": int(points[:, 0].argmax()),
                "this is the largest of those that are enough": max(enough, key=lambda k: points[k, 1]),
                "these are its bytes: return its number": points[right, 1],
                "this is its share of right answers: return its number": points[right, 0],
                "this is the smallest of all: is it right often enough? points[k, 0] >= target": int(
                    points[:, 1].argmin()
                ),
                "the target itself is enough: >=, not >": 4 if target == 0.95 else -1,
                "its place among those that are enough is not its number among all": enough.index(right),
                "the fewest bytes, points[k, 1], not the fewest right answers": min(
                    enough, key=lambda k: points[k, 0]
                ),
                "this is the first that is enough: take the smallest": enough[0],
                "this is the last that is enough: take the smallest": enough[-1],
            },
        )
        expect(
            value == right, 5, f"{value:g}", f"{right} for the target {target} of {points.tolist()}", likely
        )
    got = answer(function, 5, name, points.copy(), 0.999, returns=False, likely=_SMALLEST)
    expect(
        got is None,
        5,
        f"{got} where no network reaches the target",
        "None",
        _NONE,
    )
    passed(5, "the smallest that meets the target.")


_NONE = "look whether there is one before you choose: ... if enough else None"
_SMALLEST = {
    "empty sequence": _NONE,
    "argument is empty": _NONE,
    "list index out of range": _NONE,
    "'numpy.ndarray' object is not callable": "key is a function: key=lambda k: points[k, 1]",
    "not subscriptable": "k is a number; its network's bytes are points[k, 1]",
    "invalid index to scalar": "k is a number; its network's bytes are points[k, 1]",
    "'int' object is not iterable": "go through the numbers: for k in range(len(points))",
    "out of bounds for axis 1": "first the network, then which of its two numbers: points[k, 0]",
}


def estimate(function: Any) -> None:
    """TODO 6: milliseconds and microjoules of a number of cycles."""
    name = "estimate(...)"
    for cycles, clock, current, volts in ((2_000_000, 64e6, 6.3, 3.0), (500_000, 125e6, 28.0, 3.3)):
        pair = as_pair(
            answer(function, 6, name, cycles, clock, current, volts), 6, name, "milliseconds", "microjoules"
        )
        numbers = "numbers alone: units and decimals come when they are printed"
        expect(not any(isinstance(each, str) for each in pair), 6, f"{pair}", "two numbers", numbers)
        got = as_array(pair, 6, name, (2,))
        seconds = cycles / clock
        time, energy = 1e3 * seconds, 1e3 * seconds * current * volts
        likely = (
            likely_mistake(
                got[0],
                {
                    "these are seconds: 1,000 milliseconds are one": seconds,
                    "these are microseconds": 1e6 * seconds,
                    "cycles divided by the clock, not the other way round": clock / cycles,
                    "cycles divided by the clock, not multiplied": cycles * clock,
                    "a clock of so many hertz makes so many cycles a second: divide by it": float(cycles),
                    "first the milliseconds, then the microjoules": energy,
                    "a second has 1,000 milliseconds: times 1,000, not divided": seconds / 1e3,
                    "cycles divided by the clock, not the clock by the cycles": 1e3 * clock / cycles,
                    "parts of a millisecond count: /, not //": 1e3 * cycles // clock,
                },
            )
            or "cycles / clock_hz are seconds; 1,000 milliseconds are one"
        )
        expect(
            bool(np.isclose(got[0], time)),
            6,
            f"{got[0]:.5g} ms",
            f"{time:.5g} ms for {cycles:,} cycles",
            likely,
        )
        likely = (
            likely_mistake(
                got[1],
                {
                    "volts × milliamperes × milliseconds are microjoules: no factor of 1,000 more": energy
                    * 1e3,
                    "this takes the time in seconds: volts × milliamperes × milliseconds are microjoules": energy
                    / 1e3,
                    "these are joules": energy / 1e6,
                    "the volts are missing": time * current,
                    "the current is missing": time * volts,
                    "multiply by the volts: power is voltage times current": time * current / volts,
                    "this is the power, in milliwatts: multiply it by the time": current * volts,
                    "the power times the time, not divided by it": current * volts / time,
                    "multiply, do not add": volts + current + time,
                },
            )
            or "E = U · I · t, with t in milliseconds"
        )
        expect(
            bool(np.isclose(got[1], energy)),
            6,
            f"{got[1]:.5g} µJ",
            f"{energy:.5g} µJ at {current} mA, {volts} V",
            likely,
        )
    passed(6, "time and energy, from cycles.")
