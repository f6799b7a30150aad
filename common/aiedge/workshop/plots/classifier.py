"""Plots of what a classifier answers, and figures as bars."""

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from aiedge.workshop.plots.networks import BLUE, GREY, ORANGE, WIDTH, label_bars, legend_below


def pictures(
    images: NDArray, titles: Sequence[str], wrong: Sequence[bool] | None = None, columns: int = 6
) -> None:
    """Images [n, height, width, 3] in rows, each under its title, which is orange where the answer is wrong.

    Of one channel, [n, height, width, 1], they are grey.
    """
    rows = max(1, -(-len(images) // columns))
    figure, all_axes = plt.subplots(
        rows, columns, figsize=(WIDTH, (0.35 + WIDTH / columns) * rows), squeeze=False, layout="constrained"
    )
    for axes in all_axes.flat:
        axes.axis("off")
    marks = wrong if wrong is not None else [False] * len(images)
    for axes, image, title, mark in zip(all_axes.flat, images, titles, marks, strict=False):
        axes.imshow(image, cmap="gray" if image.shape[2:] == (1,) else None)
        axes.set_title(
            textwrap.fill(title, max(11, 84 // columns), break_long_words=False),
            fontsize=8 if columns < 8 else 7,
            color=ORANGE if mark else "black",
            fontweight="bold" if mark else None,
        )
    if not len(images):
        figure.text(0.5, 0.5, "none", ha="center")
    plt.show()


def confusion(labels: NDArray, answers: NDArray, classes: Sequence[str]) -> None:
    """How often which class got which answer; labels and answers are class numbers [n]."""
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (np.asarray(labels, int), np.asarray(answers, int)), 1)
    several = len(classes) > 4
    side = 1.2 + (0.55 if several else 1.3) * len(classes)
    _, axes = plt.subplots(figsize=(side, side), layout="constrained")
    axes.imshow(counts, cmap="Blues", vmax=counts.max() * 1.5)
    for row, column in np.ndindex(counts.shape):
        axes.text(
            column, row, f"{counts[row, column]:,}", ha="center", va="center", fontsize=9 if several else 13
        )
    ticks = range(len(classes))
    axes.set_xticks(ticks, classes, rotation=90 if several else 0)
    axes.set_yticks(ticks, classes, rotation=0 if several else 90, va="center")
    axes.set(xlabel="answer", ylabel="what it is", title="Which pictures get which answer")
    plt.show()


def shares(values: Mapping[str, float], title: str, guessing: float | None = 0.5) -> None:
    """Shares from 0 to 1 as horizontal bars in per cent; a dotted line says what guessing gives."""
    _, axes = plt.subplots(figsize=(WIDTH, 0.36 * len(values) + 1.6), layout="constrained")
    names = list(values)[::-1]
    drawn = axes.barh(names, [100 * values[name] for name in names], color=BLUE)
    label_bars(axes, drawn, [f"{100 * values[name]:.1f} %" for name in names])
    if guessing is not None:
        axes.axvline(100 * guessing, color=GREY, linestyle=":", label="guessing")
        legend_below(axes)
    axes.set(xlabel="right answers (%)", xlim=(0, 116), title=title)
    plt.show()


def lines(
    places: Sequence[float],
    values: Mapping[str, Sequence[float]],
    xlabel: str,
    title: str,
    lowest: float = 45,
) -> None:
    """Shares from 0 to 1 in per cent over `places`, which are drawn in their order, a line for each name.

    The axis begins at `lowest` per cent.
    """
    _, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
    for (name, series), colour, marker in zip(values.items(), (ORANGE, BLUE, GREY), "os^", strict=False):
        axes.plot(range(len(places)), 100 * np.asarray(series), f"{marker}-", color=colour, label=name)
    axes.set_xticks(range(len(places)), [f"{place:g}" for place in places])
    axes.set(xlabel=xlabel, ylabel="right answers (%)", title=title, ylim=(lowest, 101))
    legend_below(axes, 3)
    plt.show()


def bars(
    values: Mapping[str, float],
    title: str,
    unit: str,
    line: tuple[str, float] | None = None,
    log: bool = False,
) -> None:
    """Figures of any unit as horizontal bars; `line` is a name and a value to compare them with."""
    _, axes = plt.subplots(figsize=(WIDTH, 0.42 * len(values) + 1.5), layout="constrained")
    names = list(values)[::-1]
    drawn = axes.barh(names, [values[name] for name in names], color=BLUE, log=log)
    top = max(values.values(), default=1)
    label_bars(axes, drawn, [_figure(values[name]) for name in names])
    if line:
        axes.axvline(line[1], color=ORANGE, linestyle="--", label=line[0])
        legend_below(axes)
        top = max(top, line[1])
    axes.set(xlabel=unit, title=title, xlim=(None if log else 0, top * (4 if log else 1.25)))
    if not log:
        axes.locator_params(axis="x", nbins=6)
        axes.xaxis.set_major_formatter(lambda value, _: _figure(value))
    plt.show()


def _figure(value: float) -> str:
    """A large number whole, a small one with three digits."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
