"""The drawings of the result page, as numbers that its template puts into HTML and SVG."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiedge.benchmark import metrics

_BINS = 40
_POINTS = 200


# Of a quantity each unit's name and size, the smallest first.
TIME = (("µs", 1.0), ("ms", 1e3), ("s", 1e6))
BYTES = (("B", 1.0), ("KiB", 1024.0))
COUNT = (("", 1.0), ("thousand", 1e3), ("million", 1e6))
ENERGY = (("µJ", 1.0), ("mJ", 1e3))
PERCENT = (("%", 1.0),)


@dataclass(frozen=True)
class Bar:
    """One bar: what it is of, where its figure comes from, and the figure; from `low` on where that is a range."""

    label: str
    note: str
    value: float
    variant: str
    low: float | None = None


@dataclass(frozen=True)
class Chart:
    """Bars of one quantity, in the first of its `units`. They end at `full`, or at the longest of them.

    `budget` is what the board has: shown as the part that a bar takes.
    """

    title: str
    source: str
    units: tuple[tuple[str, float], ...]
    bars: list[Bar]
    budget: float = 0.0
    full: float = 0.0

    @property
    def longest(self) -> float:
        """Where the bars end."""
        return self.full or max(bar.value for bar in self.bars) or 1

    @property
    def unit(self) -> tuple[str, float]:
        """Name and size of the unit in which the longest bar is at least 1."""
        return next((unit for unit in self.units[::-1] if self.longest >= unit[1]), self.units[0])

    def shown(self, bar: Bar) -> str:
        """The bar's figure in words of the unit.

        >>> chart = Chart("", "", TIME, [Bar("a", "", 1234, "int8"), Bar("b", "", 50, "int8", 40)])
        >>> [chart.shown(bar) for bar in chart.bars], chart.unit[0]
        (['1.23', '0.04–0.05'], 'ms')
        """
        values = [bar.value] if bar.low is None else [bar.low, bar.value]
        return "–".join(f"{v:.1f}" if self.full else figure(v / self.unit[1]) for v in values)

    def part(self, bar: Bar) -> str:
        """How much of the budget a bar takes, in words; "" where there is no budget."""
        if not self.budget:
            return ""
        unit, size = next(unit for unit in self.units[::-1] if self.budget >= unit[1])
        return f"{100 * bar.value / self.budget:.2g} % of {figure(self.budget / size)} {unit}"

    def percent(self, value: float) -> float:
        """Length of a bar in per cent of the chart's width.

        >>> Chart("", "", TIME, [Bar("a", "", 4, "int8")]).percent(1)
        25.0
        """
        return round(100 * value / self.longest, 2)


def figure(value: float) -> str:
    """A number with three digits, or more where it is large.

    >>> figure(1234.5), figure(99.99), figure(0.0123)
    ('1,234', '100', '0.0123')
    """
    return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:.3g}"


def roc_line(positive: NDArray, scores: NDArray) -> str:
    """Points of a ROC curve for an SVG polyline in a box of 100 × 100, thinned out where they are many.

    >>> roc_line(np.array([False, True]), np.array([0.1, 0.9]))
    '0,100 0,0 100,0'
    """
    x, y = metrics.roc(positive, scores)
    if len(x) > _POINTS:  # the corners of the curve matter, not the points on its straight parts
        turns = np.flatnonzero((np.diff(x[:-1]) > 0) != (np.diff(x[1:]) > 0)) + 1
        keep = np.r_[0, turns, len(x) - 1]
        keep = keep[:: -(-len(keep) // _POINTS)]
        x, y = x[np.r_[keep, len(x) - 1]], y[np.r_[keep, len(y) - 1]]
    return " ".join(f"{100 * a:.4g},{100 - 100 * b:.4g}" for a, b in zip(x, y, strict=True))


def histogram(values: NDArray) -> str:
    """Path of a histogram for an SVG box of 100 × 100, from the least to the largest value."""
    low, high = float(values.min()), float(values.max())
    counts, _ = np.histogram(values, bins=_BINS, range=(low, high if high > low else low + 1))
    heights = 100 - 100 * counts / counts.max()
    width = 100 / _BINS
    steps = [f"V{height:.3g}H{width * (i + 1):.4g}" for i, height in enumerate(heights)]
    return f"M0,100{''.join(steps)}V100Z"
