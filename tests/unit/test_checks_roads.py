"""The checks of the notebook of roads: right answers pass, and each likely mistake is recognised."""

import math

import numpy as np
import pytest

from aiedge.workshop.checks import roads as checks
from tests.support.wrong_answers import ACCIDENTS, says


def fit(rows, flash, ram):
    return [row for row in rows if not row.tflm and len(row.model) <= flash and row.arena <= ram]


def least(rows):
    return min(rows, key=lambda row: row.difference, default=None)


def choose(rows, flash, ram):
    return least(fit(rows, flash, ram))


def agree(answers, wanted, tolerance):
    return np.all(np.abs(answers - wanted) <= tolerance)


def dot(x, w):
    return sum((a - 128) * (b - 128) for a, b in zip(x, w, strict=True))


def exponent(values, top):
    return int(np.ceil(np.log2(np.abs(values).max() / top)))


def shift(sums, amount):
    return (sums + (1 << (amount - 1))) >> amount


def kernel(values):
    return values.transpose(0, 2, 3, 1)


def dense(weights, channels, rows, columns):
    return kernel(weights.reshape(-1, channels, rows, columns)).reshape(len(weights), -1)


def judge(taken, period):
    numbers = taken // period
    return numbers[-1] - len(taken), np.max(taken - numbers * period)


RIGHT = [
    (checks.choose, choose),
    (checks.agree, agree),
    (checks.dot, dot),
    (checks.exponent, exponent),
    (checks.shift, shift),
    (checks.kernel, kernel),
    (checks.after_flatten, dense),
    (checks.judge, judge),
]


def choose_by_loop(rows, flash, ram):
    best = None
    for row in rows:
        if row.tflm == "" and len(row.model) <= flash and row.arena <= ram:
            best = row if best is None or row.difference < best.difference else best
    return best


def agree_by_loop(answers, wanted, tolerance):
    return all(abs(a - b) <= tolerance for a, b in zip(answers.ravel(), wanted.ravel(), strict=True))


OTHERS = [
    (checks.choose, choose_by_loop),
    (
        checks.choose,
        lambda rows, flash, ram: next(
            iter(sorted(fit(rows, flash, ram), key=lambda row: row.difference)), None
        ),
    ),
    (checks.agree, agree_by_loop),
    (checks.agree, lambda a, b, t: bool((abs(a - b) <= t).all())),
    (checks.agree, lambda a, b, t: np.abs(a - b).max() <= t),
    (checks.agree, lambda a, b, t: not np.any(~(np.abs(a - b) <= t))),
    (checks.agree, lambda a, b, t: np.allclose(a, b, rtol=0, atol=t)),
    (
        checks.dot,
        lambda x, w: (
            sum(a * b for a, b in zip(x, w, strict=True)) - 128 * (sum(x) + sum(w)) + 128 * 128 * len(x)
        ),
    ),
    (checks.exponent, lambda v, top: math.ceil(math.log2(max(abs(v)) / top))),
    (checks.exponent, lambda v, top: np.ceil(np.log2(np.abs(v) / top)).max()),
    (checks.shift, lambda s, n: s + 2 ** (n - 1) >> n),
    (checks.shift, lambda s, n: (s + 2**n // 2) // 2**n),
    (checks.shift, lambda s, n: np.floor(s / 2**n + 0.5).astype(int)),
    (checks.kernel, lambda k: np.moveaxis(k, 1, -1)),
    (checks.kernel, lambda k: np.stack([k[:, i] for i in range(k.shape[1])], axis=-1)),
    (checks.after_flatten, lambda w, c, r, s: w.reshape(-1, c, r * s).transpose(0, 2, 1).reshape(len(w), -1)),
    # A plane's numbers stay in their order, however it is split.
    (checks.after_flatten, lambda w, c, r, s: kernel(w.reshape(-1, c, s, r)).reshape(len(w), -1)),
    (checks.judge, lambda t, p: [max(t // p) - len(set(t // p)), max(t % p)]),
]


@pytest.mark.parametrize(("check", "function"), RIGHT + OTHERS)
def test_right_answers_pass(check, function, capsys: pytest.CaptureFixture) -> None:
    check(function)
    assert capsys.readouterr().out.startswith("✓ TODO")


@pytest.mark.parametrize("check", [check for check, _ in RIGHT])
@pytest.mark.parametrize(
    ("function", "text"), [*ACCIDENTS, (..., "still open"), (lambda *_: ..., "still open")]
)
def test_accidents_are_told(check, function, text: str) -> None:
    says(text, check, function)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (
            lambda rows, flash, ram: least([r for r in rows if len(r.model) <= flash and r.arena <= ram]),
            "is of no use",
        ),
        (
            lambda rows, flash, ram: least([r for r in rows if not r.tflm and r.arena <= ram]),
            "fit into the flash",
        ),
        (
            lambda rows, flash, ram: least([r for r in rows if not r.tflm and len(r.model) <= flash]),
            "fit into the RAM",
        ),
        (lambda rows, flash, ram: least([r for r in rows if not r.tflm]), "must fit into the"),
        (lambda rows, flash, ram: least(rows), "✗ TODO 1"),
        (
            lambda rows, flash, ram: least(
                [r for r in rows if not r.tflm and len(r.model) < flash and r.arena < ram]
            ),
            "<=, not <",
        ),
        (
            lambda rows, flash, ram: min(fit(rows, flash, ram), key=lambda r: len(r.model), default=None),
            "smallest file",
        ),
        (
            lambda rows, flash, ram: min(fit(rows, flash, ram), key=lambda r: r.arena, default=None),
            "smallest arena",
        ),
        (
            lambda rows, flash, ram: max(fit(rows, flash, ram), key=lambda r: r.difference, default=None),
            "min, not max",
        ),
        (lambda rows, flash, ram: least([r for r in rows if r.tflm]), "empty where it does"),
        (lambda rows, flash, ram: next(iter(fit(rows, flash, ram)), None), "the first that fits"),
        (lambda rows, flash, ram: choose(rows, ram, flash), "not the other way round"),
        (
            lambda rows, flash, ram: getattr(choose(rows, flash, ram), "name", None),
            "return the row, not its name",
        ),
        (lambda rows, flash, ram: min(fit(rows, flash, ram), key=lambda r: r.difference), "default=None"),
        (
            lambda rows, flash, ram: sorted(fit(rows, flash, ram), key=lambda r: r.difference)[0],
            "return None then",
        ),
        (lambda rows, flash, ram: min(fit(rows, flash, ram), default=None), "key=lambda row: row.difference"),
        (lambda rows, flash, ram: fit(rows, flash, ram), "one of these rows"),
        (lambda rows, flash, ram: min(row.difference for row in fit(rows, flash, ram)), "not its difference"),
        (lambda rows, flash, ram: least([r for r in rows if r.tflm == "yes"]), "or the list empty?"),
        (lambda rows, flash, ram: least([r for r in rows if r.tflm is None]), "or the list empty?"),
        (
            lambda rows, flash, ram: least(
                [r for r in rows if not r.compiled and len(r.model) <= flash and r.arena <= ram]
            ),
            "is about C",
        ),
        (
            lambda rows, flash, ram: least(
                [r for r in rows if not r.tflm and len(r.model) <= flash & r.arena <= ram]
            ),
            "& is between numbers",
        ),
        (lambda rows, flash, ram: min(fit(rows, flash, ram), lambda r: r.difference), "without key="),
        (lambda rows, flash, ram: min(rows, key=row.difference), "key is a function of a row"),  # noqa: F821
        (lambda rows, flash, ram: [r for r in rows if r.file <= flash], "a row has model"),
        (lambda rows, flash, ram: [r for r in rows if rows.arena <= ram], "`row` is one of it"),
        (lambda rows, flash, ram: [r for r in rows if len(r.arena) <= ram], "number of bytes already"),
        (lambda rows, flash, ram: [r for r in rows if len(r) <= flash], "len(row.model)"),
        (lambda rows, flash, ram: [r for r in rows if r.model <= flash], "len(row.model) is how many"),
        (lambda rows, flash, ram: print(choose(rows, flash, ram)), "is `return` missing"),
        (lambda rows, flash, ram: choose(rows, flash, ram).name, "row, not its name"),
    ],
)
def test_choices_that_are_wrong(function, text: str) -> None:
    says(text, checks.choose, function)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda a, b, t: np.abs(a - b) <= t, "np.all"),
        (lambda a, b, t: np.any(np.abs(a - b) <= t), "one wrong answer is enough"),
        (lambda a, b, t: np.mean(np.abs(a - b)) <= t, "one wrong answer is enough"),
        (lambda a, b, t: np.all(a - b <= t), "np.abs"),
        (lambda a, b, t: np.max(a - b) <= t, "np.abs"),
        (lambda a, b, t: np.abs(np.sum(a - b)) <= t, "✗ TODO 2"),
        (lambda a, b, t: np.abs(np.max(a - b)) <= t, "np.abs"),
        (lambda a, b, t: not np.any(np.abs(a - b) > t), "NaN"),
        (lambda a, b, t: not np.abs(a - b).max() > t, "NaN"),
        (lambda a, b, t: not np.nansum(np.abs(a - b) > t), "NaN"),
        (lambda a, b, t: np.array_equal(a, b), "not with 0"),
        (lambda a, b, t: np.all(a == b), "not with 0"),
        (lambda a, b, t: np.all(np.abs(a - b) > t), "True"),
        (lambda a, b, t: np.all(np.abs(a - b) <= 0.02), "take the tolerance that is given"),
        (lambda a, b, t: np.abs(a - b).max(), "True or False"),
        (lambda a, b, t: np.all(np.round(a) == b), "✗ TODO 2"),
        (lambda a, b, t: np.abs(a[0] - b[0])[0] <= t, "one wrong answer is enough"),
        (lambda a, b, t: "yes" if agree(a, b, t) else "no", "True or False"),
        (lambda a, b, t: int(agree(a, b, t)), "True or False"),
        (lambda a, b, t: not agree(a, b, t), "where nothing differs"),
        (lambda a, b, t: True, "✗ TODO 2"),
        (lambda a, b, t: False, "where nothing differs"),
        (lambda a, b, t: max(np.abs(a - b)) <= t and None, "✗ TODO 2"),
        (lambda a, b, t: np.all(np.abs(a - b) <= t, atol=1), "unexpected keyword"),
        (lambda a, b, t: all(np.abs(a - b) <= t), "all(...) and `if` do not"),
        (lambda a, b, t: bool(np.abs(a - b) <= t), "all(...) and `if` do not"),
        (lambda a, b, t: np.allclose(a, b, t), "rtol=0, atol=tolerance"),
        (lambda a, b, t: np.sum(np.abs(a - b)) <= t, "not their sum"),
        (lambda a, b, t: np.all(np.abs(a - b)) <= t, "np.all(...) comes last"),
        (lambda a, b, t: np.all(np.abs(a - b) >= t), "the wrong way round"),
    ],
)
def test_comparisons_that_are_wrong(function, text: str) -> None:
    says(text, checks.agree, function)


def early(x, w):
    for a, b in zip(x, w, strict=True):
        return (a - 128) * (b - 128)


def last(x, w):
    for a, b in zip(x, w, strict=True):
        total = (a - 128) * (b - 128)
    return total


def not_begun(x, w):
    total = 0
    ...
    return total


def only_added(x, w):
    total = 0
    for a, b in zip(x, w, strict=True):
        total + (a - 128) * (b - 128)
    return total


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (not_begun, "still open"),
        (only_added, "total += ..., not total + ..."),
        (lambda x, w: sum(a - 128 * b - 128 for a, b in zip(x, w, strict=True)), "brackets"),
        (lambda x, w: sum((a - 128) * b - 128 for a, b in zip(x, w, strict=True)), "(w[i] - 128), too"),
        (lambda x, w: sum(a - 128 * (b - 128) for a, b in zip(x, w, strict=True)), "(x[i] - 128), too"),
        (lambda x, w: sum((a ^ 128) * (b ^ 128) for a, b in zip(x, w, strict=True)), "subtract 128"),
        (lambda x, w: dot(x, x), "w[i], not times itself"),
        (lambda x, w: dot(w, w), "x[i], not times itself"),
        (lambda x, w: dot(x, w) / len(x), "not the mean"),
        (lambda x, w: dot(x, w) & 255, "keep all of it"),
        (lambda x, w: np.dot(np.array(x) - 128, np.array(w) - 128), "MicroPython has no NumPy"),
        (lambda x, w: list(range(x)), "range(len(x))"),
        (lambda x, w: [a * b for a, b in (x, w)], "zip(x, w)"),
        (lambda x, w: sum(a * b for a, b in zip(x, w, strict=True)), "subtract 128 from both"),
        (lambda x, w: sum((a - 128) * b for a, b in zip(x, w, strict=True)), "from the weights, too"),
        (lambda x, w: sum(a * (b - 128) for a, b in zip(x, w, strict=True)), "from the inputs, too"),
        (lambda x, w: sum(a * b for a, b in zip(x, w, strict=True)) - 128, "not once from the sum"),
        (lambda x, w: sum(a * b - 128 for a, b in zip(x, w, strict=True)), "not to their product"),
        (lambda x, w: sum((a - 127) * (b - 127) for a, b in zip(x, w, strict=True)), "byte 128, not 127"),
        (lambda x, w: sum((a - 256) * (b - 256) for a, b in zip(x, w, strict=True)), "not 256"),
        (lambda x, w: sum((a + 128) * (b + 128) for a, b in zip(x, w, strict=True)), "do not add it"),
        (
            lambda x, w: sum(
                (a - 256 * (a > 127)) * (b - 256 * (b > 127)) for a, b in zip(x, w, strict=True)
            ),
            "no two's complement",
        ),
        (early, "`return` stand in the loop"),
        (last, "only the last product"),
        (lambda x, w: dot(x[:-1], w[:-1]), "the last product is missing"),
        (lambda x, w: dot(x[1:], w[1:]), "the first product is missing"),
        (lambda x, w: sum(a + b - 256 for a, b in zip(x, w, strict=True)), "multiply, do not add"),
        (lambda x, w: sum((a - 128) * (b - 128) for a in x for b in w), "two loops"),
        (lambda x, w: 1 + dot(x, w), "begins with 0"),
        (lambda x, w: float(dot(x, w)), "integers alone"),
        (
            lambda x, w: int(np.dot(np.array(list(x)) - 128, np.array(list(w)) - 128)),
            "MicroPython has no NumPy",
        ),
        (lambda x, w: (x - 128) * (w - 128), "from each byte"),
        (lambda x, w: x * w, "byte by byte"),
        (lambda x, w: sum(x[i] * w[i] for i in len(x)), "range(len(x))"),
        (lambda x, w: sum(x[i] * w[i] for i in range(1, len(x) + 1)), "from 0 to len(x) - 1"),
        (lambda x, w: print(dot(x, w)), "is `return` missing?"),
        (lambda x, w: [(a - 128) * (b - 128) for a, b in zip(x, w, strict=True)], "a sum"),
    ],
)
def test_sums_that_are_wrong(function, text: str) -> None:
    says(text, checks.dot, function)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda v, top: np.floor(np.log2(np.abs(v).max() / top)), "round up, np.ceil"),
        (lambda v, top: int(np.log2(np.abs(v).max() / top)), "round up, np.ceil"),
        (lambda v, top: round(float(np.log2(np.abs(v).max() / top))), "round up, np.ceil"),
        (lambda v, top: np.log2(np.abs(v).max() / top), "a whole number"),
        (lambda v, top: 2.0 ** exponent(v, top), "return the exponent alone"),
        (lambda v, top: np.ceil(np.log2(np.abs(v).max())), "divide by the largest integer"),
        (lambda v, top: np.ceil(np.log2(top / np.abs(v).max())), "not the other way round"),
        (lambda v, top: np.ceil(np.log(np.abs(v).max() / top)), "not np.log"),
        (lambda v, top: np.ceil(np.log10(np.abs(v).max() / top)), "np.log10"),
        (lambda v, top: np.ceil(np.log2(np.abs(v).max() / (2 * top + 1))), "round up, np.ceil"),
        (lambda v, top: np.ceil(np.log2(np.ptp(v) / top)), "not of the span"),
        (lambda v, top: np.ceil(np.log2(v.max() / top)), "np.abs(values).max()"),
        (lambda v, top: exponent(v, 127), "16 bits have another"),
        (lambda v, top: np.ceil(np.log2(np.abs(v).max() / (top + 1))), "not top + 1"),
        (lambda v, top: np.ceil(np.log2(np.abs(v).mean() / top)), "not their mean"),
        (lambda v, top: exponent(v, top) + 1, "np.ceil once"),
        (lambda v, top: np.floor(np.log2(np.abs(v).max() / top)) + 1, "np.ceil once"),
        (lambda v, top: np.ceil(np.log2(np.abs(v).sum() / top)), "or the sum"),
        (lambda v, top: np.ceil(np.log2((v.max() - v.min()) / (2 * top))), "not half of the span"),
        (lambda v, top: np.ceil(np.abs(v).max() / top), "the logarithm is missing"),
        (lambda v, top: np.ceil(np.log2(np.abs(v).max())) / top, "round last"),
        (lambda v, top: np.log2(np.ceil(np.abs(v).max() / top)), "behind the logarithm"),
        (lambda v, top: np.ceil(np.log2(np.abs(v).max() / 2.0**top)), "no 2 ** top"),
        (lambda v, top: np.ceil(np.log2(np.abs(v).max() * top)), "do not multiply"),
        (lambda v, top: -exponent(v, top), "no minus"),
        (lambda v, top: int(np.log2(np.abs(v).max() - top)), "then / top"),
        (lambda v, top: np.ceil(np.log2(np.abs(v) / top)), "✗ TODO 4"),
        (lambda v, top: int(np.ceil(np.log2(np.abs(v) / top))), "one exponent for all"),
        (lambda v, top: int(np.ceil(np.log2(v.min() / top))), "✗ TODO 4"),
        (lambda v, top: np.abs(v).max() / top, "its exponent is np.log2"),
    ],
)
def test_exponents_that_are_wrong(function, text: str) -> None:
    says(text, checks.exponent, function)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda s, n: s >> n, "this rounds down"),
        (lambda s, n: s // 2**n, "this rounds down"),
        (lambda s, n: np.trunc(s / 2**n).astype(int), "cuts off towards 0"),
        (lambda s, n: np.round(s / 2**n).astype(int), "to even numbers"),
        (lambda s, n: np.sign(s) * (np.abs(s) + 2 ** (n - 1) >> n), "−2.5 becomes −2"),
        (lambda s, n: -(-s + 2 ** (n - 1) >> n), "not down"),
        (lambda s, n: -(-s >> n), "rounds up all"),
        (lambda s, n: s / 2**n, ">> instead of /"),
        (lambda s, n: (s + (1 << n)) >> n, "this adds all of it"),
        (lambda s, n: (s >> n) + 1, "this adds all of it"),
        (lambda s, n: (s + (1 << n) // 4) >> n, "not 1 << (amount - 2)"),
        (lambda s, n: (s + (1 << n + 1)) >> n, "not 1 << (amount + 1)"),
        (lambda s, n: s + ((1 << (n - 1)) >> n), "the sum itself is not shifted"),
        (lambda s, n: (s + n - 1) >> n, "not amount - 1"),
        (lambda s, n: (s - (1 << (n - 1))) >> n, "do not subtract it"),
        (lambda s, n: (s + (1 << (n - 1))) << n, "behind the brackets to the right"),
        (lambda s, n: (s + (1 << (n - 1))) > n, "> compares"),
        (lambda s, n: (s + (1 << (n - 1))) / n, "not by amount"),
        (lambda s, n: np.where(s + (1 << (n - 1)) < 0, -1, 0), "not by -amount"),
        (lambda s, n: (s / 2**n + 0.5).astype(int), "a cast cuts off towards 0"),
        (lambda s, n: round(s / 2**n), "round() takes halves"),
        (lambda s, n: int(s / 2**n + 0.5), "`sums` is an array"),
        (lambda s, n: (sum + (1 << (n - 1))) >> n, "are in `sums`"),
        (lambda s, n: (s + 1) >> n, "not 1"),
        (lambda s, n: (s >> n) + (1 << (n - 1)), "before the shift"),
        (lambda s, n: s << n, "not to the left"),
        (lambda s, n: s // n, "not by amount"),
        (lambda s, n: (s + (1 << (n - 1))) >> (n - 1), "not by amount - 1"),
        (lambda s, n: s + 1 << (n - 1) >> n, "brackets"),
        (lambda s, n: (s + 2 * (n - 1)) >> n, "not 2 * (amount - 1)"),
        (lambda s, n: (s + n) >> n, "not amount"),
        (lambda s, n: s + (1 << (n - 1)) >> n - 1, "not by amount - 1"),
        (lambda s, n: (s + 2 ** (n - 1)) / 2**n, "the half is there"),
        (lambda s, n: (s + 0.5) >> n, "only integers can be shifted"),
        (lambda s, n: s / 2 >> n, "only integers can be shifted"),
        (lambda s, n: np.floor(s / 2**n + 0.5), "integers"),
        (lambda s, n: shift(s, n)[1:], "shape (142,)"),
        (lambda s, n: shift(s, n).sum(), "shape ()"),
    ],
)
def test_shifts_that_are_wrong(function, text: str) -> None:
    says(text, checks.shift, function)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda k: k, "nothing has moved"),
        (lambda k: k.transpose(2, 3, 1, 0), "Keras's order"),
        (lambda k: k.transpose(0, 3, 2, 1), "rows and columns have changed places"),
        (lambda k: k.transpose(0, 3, 1, 2), "the other way"),
        (lambda k: k.transpose(1, 2, 3, 0), "the outputs stay in front"),
        (lambda k: k.T, "turns all axes round"),
        (lambda k: k.transpose(0, 2, 1, 3), "behind the columns"),
        (lambda k: k.reshape(2, 4, 5, 3), "reshape leaves the numbers"),
        (lambda k: k.transpose(0, 2, 3), "name all four axes"),
        (lambda k: k.transpose(0, 2, 2, 1), "name each axis once"),
        (lambda k: k.permute(0, 2, 3, 1), "PyTorch's"),
        (lambda k: k.swapaxes(1, 3), "rows and columns"),
        (lambda k: kernel(k)[::-1], "in other places"),
        (lambda k: kernel(k)[0], "shape (4, 5, 3)"),
        (lambda k: k.flatten(), "shape (120,)"),
        (lambda k: k.transpose(1, 0, 2, 3), "this is [inputs, outputs, rows, columns]"),
        (lambda k: k.transpose(0, 1, 3, 2), "this is [outputs, inputs, columns, rows]"),
        (lambda k: k[0, 2, 3, 1], "square brackets take a part"),
        (lambda k: k.transpose(1, 3, 4, 2), "count from 0"),
        (lambda k: k.transpose("0231"), "four numbers"),
        (lambda k: k.shape, "shape (4,)"),
    ],
)
def test_kernels_that_are_wrong(function, text: str) -> None:
    says(text, checks.kernel, function)


def split(w, *sizes):
    return w.reshape(-1, *sizes)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda w, c, r, s: w, "nothing has moved"),
        (lambda w, c, r, s: split(w, c, r, s).reshape(len(w), -1), "nothing has moved"),
        (lambda w, c, r, s: split(w, r, s, c).transpose(0, 3, 1, 2).reshape(len(w), -1), "the other way"),
        (lambda w, c, r, s: split(w, r, s, c).transpose(0, 2, 3, 1).reshape(len(w), -1), "channels first"),
        (lambda w, c, r, s: split(w, c, r, s).transpose(0, 3, 2, 1).reshape(len(w), -1), "rows come before"),
        (lambda w, c, r, s: split(w, c, r, s).transpose(2, 3, 1, 0).reshape(len(w), -1), "leave axis 0"),
        (lambda w, c, r, s: w.T.reshape(len(w), -1), "mixes them with the inputs"),
        (lambda w, c, r, s: w.T, "changed places"),
        (lambda w, c, r, s: kernel(split(w, c, r, s)), "reshape(5, 24)"),
        (lambda w, c, r, s: kernel(split(w, c, r, s)).reshape(-1), "reshape(5, 24)"),
        (lambda w, c, r, s: w.transpose(0, 2, 3, 1), "name all four axes"),
        (lambda w, c, r, s: w.reshape(c, r, s), "as many numbers"),
        (lambda w, c, r, s: dense(w, c, r, s)[::-1], "in other places"),
        (
            lambda w, c, r, s: split(w, c, r, s).transpose(0, 2, 1, 3).reshape(len(w), -1),
            "this is [outputs, rows, channels, columns]",
        ),
        (
            lambda w, c, r, s: w.reshape(c, r, s, -1).transpose(1, 2, 0, 3).reshape(len(w), -1),
            "first axis of the matrix",
        ),
        (lambda w, c, r, s: split(w, c, r, s).transpose(1, 2, 3, 0).reshape(len(w), -1), "stay in front"),
    ],
)
def test_columns_that_are_wrong(function, text: str) -> None:
    says(text, checks.after_flatten, function)


def late(taken, period):
    return np.max(taken - taken // period * period)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda t, p: (len(t), late(t, p)), "how many were taken"),
        (lambda t, p: (t[-1] // p, late(t, p)), "how many there were"),
        (lambda t, p: (t[-1] // p - len(t) + 1, late(t, p)), "count from 1"),
        (lambda t, p: (t[-1] // p - len(t) - 1, late(t, p)), "the last one was taken"),
        (lambda t, p: (t[-1] // p - t[0] // p + 1 - len(t), late(t, p)), "before the first one"),
        (lambda t, p: (t[-1] - len(t), late(t, p)), "divide by the period"),
        (lambda t, p: (len(t) - t[-1] // p, late(t, p)), "all minus taken"),
        (lambda t, p: judge(t, p)[::-1], "changed places"),
        (lambda t, p: (t[-1] / p - len(t), late(t, p)), "a whole one"),
        (lambda t, p: (np.sum(np.diff(t // p) > 1), late(t, p)), "the gaps"),
        (lambda t, p: (judge(t, p)[0], np.mean(t % p)), "the mean"),
        (lambda t, p: (judge(t, p)[0], np.min(t % p)), "the smallest"),
        (lambda t, p: (judge(t, p)[0], t.max()), "since the start"),
        (lambda t, p: (judge(t, p)[0], np.max(p - t % p)), "the time to the next"),
        (lambda t, p: (judge(t, p)[0], np.diff(t).max()), "between two samples"),
        (lambda t, p: (judge(t, p)[0], np.max(t - np.arange(1, len(t) + 1) * p)), "its own sample"),
        (lambda t, p: (judge(t, p)[0], late(t, p) / p), "not divided by the period"),
        (lambda t, p: (judge(t, p)[0], max(t // p)), "what is left over"),
        (lambda t, p: (judge(t, p)[0], sum(t % p)), "the sum of all"),
        (lambda t, p: (judge(t, p)[0], t[-1] % p), "the last one need not"),
        (lambda t, p: (t[0] // p - len(t), late(t, p)), "taken[-1], says how many"),
        (lambda t, p: (t[-1] % p - len(t), late(t, p)), "//, not %"),
        (lambda t, p: (t.sum() // p - len(t), late(t, p)), "not a sum"),
        (lambda t, p: (judge(t, p)[0], 1000 * late(t, p)), "no factor of 1,000"),
        (lambda t, p: (judge(t, p)[0], np.max(t - p)), "due at its own time"),
        (lambda t, p: (judge(t, p)[0], np.max(t / p)), "%, not /"),
        (lambda t, p: (judge(t, p)[0], np.argmax(t % p)), "np.argmax its place"),
        (lambda t, p: (judge(t, p)[0], np.diff(t).max() % p), "not asked for: taken % period"),
        (lambda t, p: (judge(t, p)[0], np.diff(t).max() - p), "use taken % period"),
        (lambda t, p: judge(t, p)[0], "two values"),
        (lambda t, p: (judge(t, p)[0], t % p), "one number is wanted"),
        (lambda t, p: (judge(t, p)[0], ...), "still open"),
    ],
)
def test_judgements_that_are_wrong(function, text: str) -> None:
    says(text, checks.judge, function)
