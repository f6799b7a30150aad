"""The checks of the notebook on the search: right answers pass, and each likely mistake is recognised."""

import numpy as np
import pytest

from aiedge.workshop.checks import search as checks
from tests.support.wrong_answers import ACCIDENTS, says

CODE = 8192


def fits(ram, flash, room):
    return ram <= room["SRAM"] and flash + CODE <= room["flash"]


ROOM = {"SRAM": 18_944, "flash": 65_536}


def objective(costs, train):
    return (train() if fits(costs.ram, costs.flash, ROOM) else 0.0), costs.flash


def front(points, beats=lambda p, q: (p[0] >= q[0] and p[1] <= q[1]) and (p[0] > q[0] or p[1] < q[1])):
    return [k for k, q in enumerate(points) if not any(beats(p, q) for p in points)]


def smallest(points, target, enough=lambda right, target: right >= target, choose=min, key=1):
    kept = [k for k in range(len(points)) if enough(points[k, 0], target)]
    return choose(kept, key=lambda k: points[k, key]) if kept else None


def estimate(cycles, clock, current, volts, seconds=1000):
    time = seconds * cycles / clock
    return time, volts * current * time


RIGHT = {
    checks.fits: fits,
    checks.saved: lambda before, after: 1 - after / before,
    checks.objective: objective,
    checks.front: front,
    checks.smallest: smallest,
    checks.estimate: estimate,
}


@pytest.mark.parametrize(
    ("number", "check"), enumerate(RIGHT, 1), ids=lambda value: getattr(value, "__name__", "")
)
def test_the_right_answer_passes(number, check, capsys) -> None:
    check(RIGHT[check])
    assert capsys.readouterr().out.startswith(f"✓ TODO {number}: ")


MISTAKES = [
    (checks.fits, lambda ram, flash, room: ram <= room["SRAM"] or flash + CODE <= room["flash"], "so `and`"),
    (checks.fits, lambda ram, flash, room: flash + CODE <= room["flash"], "the SRAM counts, too"),
    (checks.fits, lambda ram, flash, room: ram <= room["SRAM"], "the flash counts, too"),
    (checks.fits, lambda ram, flash, room: ram <= room["SRAM"] and flash <= room["flash"], "CODE bytes"),
    (checks.fits, lambda ram, flash, room: ram <= room["SRAM"] and flash + CODE < room["flash"], "<=, not <"),
    (checks.fits, lambda ram, flash, room: ram < room["SRAM"] and flash + CODE <= room["flash"], "<=, not <"),
    (checks.fits, lambda ram, flash, room: ram + flash + CODE <= room["flash"], "two memories"),
    (
        checks.fits,
        lambda ram, flash, room: ram <= room["SRAM"] and flash - CODE <= room["flash"],
        "add CODE to the",
    ),
    (checks.fits, lambda ram, flash, room: ram < room["SRAM"] and flash + CODE < room["flash"], "<=, not <"),
    (checks.fits, lambda ram, flash, room: ram + flash + CODE <= sum(room.values()), "two memories"),
    (checks.fits, lambda ram, flash, room: ram <= room["flash"] and flash + CODE <= room["SRAM"], "to flash"),
    (checks.fits, lambda ram, flash, room: fits(ram + CODE, flash - CODE, room), "not in the SRAM"),
    (checks.fits, lambda ram, flash, room: fits(ram + CODE, flash, room), "not in the SRAM as well"),
    (
        checks.fits,
        lambda ram, flash, room: ram <= room["SRAM"] & flash + CODE <= room["flash"],
        "& is between",
    ),
    (checks.fits, lambda ram, flash, room: ram >= room["SRAM"] and flash >= room["flash"], "<=, not >="),
    (
        checks.fits,
        lambda ram, flash, room: ram <= room["SRAM"] and room["flash"] <= flash + CODE,
        "both comparisons",
    ),
    (checks.fits, lambda ram, flash, room: ram <= room.SRAM, "room is a dict"),
    (checks.fits, lambda ram, flash, room: ram <= room["sram"], 'are "SRAM" and "flash"'),
    (checks.fits, lambda ram, flash, room: ram <= room[SRAM], "in quotation marks"),  # noqa: F821
    (checks.fits, lambda ram, flash, room: ram <= room and flash <= room, 'room["SRAM"] and room["flash"]'),
    (checks.fits, lambda ram, flash, room: ram <= BOARDS["pico"].sram, "that is given"),  # noqa: F821
    (checks.fits, lambda ram, flash, room: not fits(ram, flash, room), "True means that it fits"),
    (checks.fits, lambda ram, flash, room: room["SRAM"] - ram, "a comparison"),
    (checks.saved, lambda before, after: after / before, "the share that is left"),
    (checks.saved, lambda before, after: before / after, "times smaller"),
    (checks.saved, lambda before, after: before - after, "these are bytes"),
    (checks.saved, lambda before, after: 100 * (before - after) / before, "no × 100"),
    (checks.saved, lambda before, after: (after - before) / before, "not the other way round"),
    (checks.saved, lambda before, after: (before - after) / after, "not of what is left"),
    (checks.saved, lambda before, after: 100 * after / before, "in percent"),
    (checks.saved, lambda before, after: (before - after) / (before + after), "not by both"),
    (checks.saved, lambda before, after: before - after / before, "brackets"),
    (checks.saved, lambda before, after: (before - after) // before, "no // and no round"),
    (checks.saved, lambda before, after: round((before - after) / before), "decimals: no round"),
    (checks.saved, lambda before, after: 1 - before / after, "after / before"),
    (checks.saved, lambda before, after: (before - after) * before, "do not multiply"),
    (checks.saved, lambda before, after: 1 - after, "in parts of `before`"),
    (checks.saved, lambda before, after: 100 - after, "bytes are no percent"),
    (checks.saved, lambda before, after: before / (before - after), "below the line"),
    (checks.saved, lambda before, after: 1 / (before - after), "above the line"),
    (checks.saved, lambda before, after: (before + after) / before, "the difference, not the sum"),
    (checks.objective, lambda costs, train: (train(), costs.flash), "was trained"),
    (checks.objective, lambda costs, train: fits(costs, ROOM), "fits takes three things"),
    (checks.objective, lambda costs, train: (train(costs), costs.flash), "train() takes nothing"),
    (checks.objective, lambda costs, train: fits(costs.ram, costs.flash, room), "is ROOM"),  # noqa: F821
    (checks.objective, lambda costs, train: fits(ram, flash, ROOM), "costs.ram and costs.flash"),  # noqa: F821
    (checks.objective, lambda costs, train: (train(), costs.rom), "costs.ram and costs.flash"),
    (
        checks.objective,
        lambda costs, train: (
            objective(costs, train)[0],
            costs.flash if fits(costs.ram, costs.flash, ROOM) else np.inf,
        ),
        "the bytes stay",
    ),
    (
        checks.objective,
        lambda costs, train: (objective(costs, train)[0] and 1.0, costs.flash),
        "what train()",
    ),
    (checks.objective, lambda costs, train: (100 * objective(costs, train)[0], costs.flash), "no × 100"),
    (
        checks.objective,
        lambda costs, train: (train() if fits(costs.flash, costs.ram, ROOM) else 0.0, costs.flash),
        "or ram and flash?",
    ),
    (
        checks.objective,
        lambda costs, train: (0.0 if fits(costs.ram, costs.flash, ROOM) else train(), costs.flash),
        "the wrong way round",
    ),
    (checks.objective, lambda costs, train: objective(costs, train)[::-1], "first the share right"),
    (checks.objective, lambda costs, train: (objective(costs, train)[0], costs.ram), "not the SRAM"),
    (
        checks.objective,
        lambda costs, train: (
            (train(), costs.flash) if fits(costs.ram, costs.flash, ROOM) else (0.75, costs.flash)
        ),
        "has 0 right answers",
    ),
    (
        checks.objective,
        lambda costs, train: (train(), costs.flash) if fits(costs.ram, costs.flash, ROOM) else (0.0, 0),
        "the bytes stay as they are",
    ),
    (checks.objective, lambda costs, train: (objective(costs, train)[0], -costs.flash), "no minus"),
    (checks.objective, lambda costs, train: (train, costs.flash), "call it: train()"),
    (checks.objective, lambda costs, train: objective(costs, train)[0], "two values"),
    (checks.objective, lambda costs, train: objective(costs, lambda: 1 - train()), "no error rate"),
    (
        checks.objective,
        lambda costs, train: (objective(costs, train)[0] and train(), costs.flash),
        "keep its answer in a variable",
    ),
    (checks.front, lambda points: sorted(set(range(len(points))) - set(front(points))), "take the others"),
    (checks.front, lambda points: front(points * [1, -1]), "here both are to be high"),
    (checks.front, lambda points: front(points * [-1, 1]), "here both are to be low"),
    (checks.front, lambda points: front(-points), "the other way round"),
    (checks.front, lambda points: [int(points[:, 0].argmax())], "the most accurate one alone"),
    (checks.front, lambda points: [int(points[:, 1].argmin())], "the smallest one alone"),
    (checks.front, lambda points: list(range(len(points))), "every point is in it"),
    (
        checks.front,
        lambda points: front(points, lambda p, q: p[0] >= q[0] and p[1] <= q[1]),
        "not beat itself",
    ),
    (
        checks.front,
        lambda points: front(points, lambda p, q: p[0] > q[0] and p[1] < q[1]),
        "at least as good in both",
    ),
    (checks.front, lambda points: points[front(points)], "append k to the list"),
    (checks.front, lambda points: points[front(points), 0], "append k to the list"),
    (checks.front, lambda points: points[front(points), 1], "the numbers of the points"),
    (checks.front, lambda points: front(points)[0], "behind the loop"),
    (checks.front, lambda points: [k + 1 for k in front(points)], "count from 0"),
    (checks.front, lambda points: front(points, lambda p, q: p[0] > q[0] or p[1] < q[1]), "as_good & better"),
    (checks.front, lambda points: [1], "look at each point"),
    (checks.smallest, lambda points, target: int(points[:, 0].argmax()), "the most accurate one"),
    (checks.smallest, lambda points, target: smallest(points, target, choose=max), "the largest of those"),
    (checks.smallest, lambda points, target: points[smallest(points, target), 1], "return its number"),
    (checks.smallest, lambda points, target: points[smallest(points, target), 0], "return its number"),
    (checks.smallest, lambda points, target: int(points[:, 1].argmin()), "right often enough?"),
    (checks.smallest, lambda points, target: smallest(points, target, np.greater), ">=, not >"),
    (
        checks.smallest,
        lambda points, target: int(points[points[:, 0] >= target, 1].argmin()),
        "not its number among all",
    ),
    (
        checks.smallest,
        lambda points, target: int(np.flatnonzero(points[:, 0] >= target)[0]),
        "the first that is",
    ),
    (
        checks.smallest,
        lambda points, target: int(np.flatnonzero(points[:, 0] >= target)[-1]),
        "the last that is",
    ),
    (
        checks.smallest,
        lambda points, target: smallest(points, target) if target < 0.99 else 0,
        "look whether there is one",
    ),
    (checks.smallest, lambda points, target: None, "is `return` missing"),
    (checks.smallest, lambda points, target: points[smallest(points, target)], "the point's values"),
    (checks.smallest, lambda points, target: [smallest(points, target)], "one of these numbers"),
    (checks.smallest, lambda points, target: smallest(points, target, key=0), "not the fewest right"),
    (
        checks.smallest,
        lambda points, target: min(
            (k for k in range(len(points)) if points[k, 0] >= target), key=lambda k: points[k, 1]
        ),
        "if enough else None",
    ),
    (checks.smallest, lambda points, target: min([0, 1], key=points[:, 1]), "key is a function"),
    (checks.smallest, lambda points, target: min([0, 1], key=lambda k: k[1]), "k is a number"),
    (checks.smallest, lambda points, target: min(np.arange(2), key=lambda k: k[1]), "k is a number"),
    (checks.smallest, lambda points, target: [points[k] for k in len(points)], "range(len(points))"),
    (checks.smallest, lambda points, target: [points[0, k] for k in range(3)], "first the network"),
    (checks.estimate, lambda c, f, i, u: (c / f / 1000, 0), "not divided"),
    (checks.estimate, lambda c, f, i, u: (1000 * f / c, 0), "not the clock by the cycles"),
    (checks.estimate, lambda c, f, i, u: (1000 * c // f, 0), "/, not //"),
    (checks.estimate, lambda c, f, i, u: (1000 / f, 0), "cycles / clock_hz are seconds"),
    (checks.estimate, lambda c, f, i, u: (1e3 * c / f, 1e3 * c / f + i + u), "do not add"),
    (checks.estimate, lambda c, f, i, u: (1e3 * c / f, 1e3 * c / f * i * u**2), "E = U · I · t"),
    (checks.estimate, lambda c, f, i, u: (f"{1e3 * c / f} ms", "1 µJ"), "numbers alone"),
    (checks.estimate, lambda *a: estimate(*a, seconds=1), "these are seconds"),
    (checks.estimate, lambda *a: estimate(*a, seconds=1e6), "these are microseconds"),
    (checks.estimate, lambda c, f, i, u: (f / c, 0), "not the other way round"),
    (checks.estimate, lambda c, f, i, u: (f * c, 0), "not multiplied"),
    (checks.estimate, lambda c, f, i, u: (c, 0), "a clock of so many hertz"),
    (checks.estimate, lambda *a: estimate(*a)[::-1], "first the milliseconds"),
    (checks.estimate, lambda *a: (estimate(*a)[0], 1e3 * estimate(*a)[1]), "no factor of 1,000"),
    (checks.estimate, lambda *a: (estimate(*a)[0], 1e-3 * estimate(*a)[1]), "the time in seconds"),
    (checks.estimate, lambda *a: (estimate(*a)[0], 1e-6 * estimate(*a)[1]), "these are joules"),
    (checks.estimate, lambda c, f, i, u: (1e3 * c / f, 1e3 * c / f * i), "the volts are missing"),
    (checks.estimate, lambda c, f, i, u: (1e3 * c / f, 1e3 * c / f * u), "the current is missing"),
    (checks.estimate, lambda c, f, i, u: (1e3 * c / f, 1e3 * c / f * i / u), "multiply by the volts"),
    (checks.estimate, lambda c, f, i, u: (1e3 * c / f, i * u), "this is the power"),
    (checks.estimate, lambda c, f, i, u: (1e3 * c / f, i * u / (1e3 * c / f)), "not divided by it"),
    (checks.estimate, lambda *a: estimate(*a)[0], "two values"),
]


@pytest.mark.parametrize(("check", "wrong", "text"), MISTAKES)
def test_likely_mistakes(check, wrong, text: str) -> None:
    says(text, check, wrong)


@pytest.mark.parametrize("check", RIGHT)
@pytest.mark.parametrize(("wrong", "text"), ACCIDENTS)
def test_accidents(check, wrong, text: str) -> None:
    says("✗ TODO" if check is checks.fits else text, check, wrong)


def half_done(points):
    best = []
    for right, size in points:
        as_good = (points[:, 0] >= right) & (points[:, 1] <= size)
        if not as_good.any():
            ...
    return best


def test_a_front_that_is_half_done_is_open() -> None:
    says("TODO 4 is still open", checks.front, half_done)


@pytest.mark.parametrize("check", RIGHT)
@pytest.mark.parametrize("nothing", [..., None, lambda *arguments: ..., lambda *arguments: (..., ...)])
def test_an_open_todo(check, nothing) -> None:
    says("TODO", check, nothing)
