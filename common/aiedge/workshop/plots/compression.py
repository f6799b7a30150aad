"""Plots of a network that is made smaller: where its numbers sit, what pruning takes, ours beside published figures."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from aiedge.workshop.plots.networks import BLUE, GREY, ORANGE, WIDTH, label_bars, legend_below


def columns(values: Mapping[str, Mapping[str, float]], title: str) -> None:
    """A panel of horizontal bars for each unit, all with the same names, two in a row: {unit: {name: value}}."""
    count = max(len(panel) for panel in values.values())
    rows = -(-len(values) // 2)
    figure, all_axes = plt.subplots(
        rows,
        -(-len(values) // rows),
        figsize=(WIDTH, (0.36 * count + 0.9) * rows + 0.4),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axes in all_axes.flat[len(values) :]:
        axes.axis("off")
    for axes, (unit, panel) in zip(all_axes.flat, values.items(), strict=False):
        drawn = axes.barh(list(panel), list(panel.values()), color=BLUE)
        label_bars(axes, drawn, [f"{value:,.{_digits(value)}f}" for value in panel.values()])
        room = 1.6  # for the numbers behind the bars
        axes.set(xlabel=unit, xlim=(0, max(*panel.values(), 1e-9) * room), xticks=[])
    all_axes[0, 0].invert_yaxis()
    figure.suptitle(title)
    plt.show()


def scores(
    values: Mapping[str, NDArray], title: str, gone: Mapping[str, Sequence[int]] | None = None
) -> None:
    """Importance of the channels of each layer, the greatest score first; channels that are `gone` are orange."""
    ratios = [20 + len(score) for score in values.values()]
    figure, all_axes = plt.subplots(
        1, len(values), figsize=(WIDTH, 3.1), squeeze=False, width_ratios=ratios, layout="constrained"
    )
    for axes, (name, score) in zip(all_axes[0], values.items(), strict=True):
        order = np.argsort(score)[::-1]
        lost = np.isin(order, list((gone or {}).get(name, ())))
        for chosen, colour, label in ((~lost, BLUE, "stay"), (lost, ORANGE, "go")):
            if chosen.any():
                axes.bar(np.flatnonzero(chosen), score[order][chosen], 1.0, color=colour, label=label)
        axes.set(xlabel=f"{len(score)} channels of {name}", ylim=(0, 1.1 * score.max()))
    all_axes[0, 0].set_ylabel("score")
    figure.suptitle(title)
    if gone:
        legend_below(all_axes[0, -1])
    plt.show()


def methods(values: Mapping[str, NDArray], title: str) -> None:
    """Scores of the same channels by several methods, a row each, in the order of the first; dark is important."""
    order = np.argsort(next(iter(values.values())))[::-1]
    rows = [np.argsort(np.argsort(score))[order] / (len(order) - 1) for score in values.values()]
    _, axes = plt.subplots(figsize=(WIDTH, 0.4 * len(rows) + 1.2), layout="constrained")
    image = axes.imshow(rows, cmap="Blues", aspect="auto", vmin=0, vmax=1)
    axes.set_yticks(range(len(rows)), list(values))
    axes.set(xlabel=f"channels, in the order of {next(iter(values))}", title=title)
    bar = plt.colorbar(image, ticks=[0, 1])
    bar.set_ticklabels(["last", "first"])
    plt.show()


def recovery(shares: Sequence[float], whole: float, title: str) -> None:
    """Share of right answers by epoch of fine-tuning, from 0 epochs on; the dotted line is the whole network's."""
    _, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
    axes.plot(range(len(shares)), 100 * np.asarray(shares), "o-", color=BLUE, label="pruned network")
    axes.axhline(100 * whole, color=GREY, linestyle=":", label="before pruning")
    axes.set_xticks(range(len(shares)))
    axes.set(xlabel="epochs of fine-tuning", ylabel="right answers (%)", ylim=(0, 100))
    axes.set_title(title)
    legend_below(axes)
    plt.show()


def straight_through(slope: Callable[[NDArray], NDArray], low: float, high: float, levels: int = 9) -> None:
    """Rounding to few levels between two ends, and the slope with which training goes back through it."""
    _, (values, slopes) = plt.subplots(1, 2, figsize=(WIDTH, 3.4), layout="constrained")
    x = np.linspace(low - 0.4, high + 0.4, 801)
    step = (high - low) / (levels - 1)
    values.plot(x, x, color=GREY, label="real number")
    values.plot(
        x,
        low + step * np.round((np.clip(x, low, high) - low) / step),
        color=BLUE,
        label="rounded and clamped",
    )
    values.set(xlabel="x", title=f"Forwards: {levels} levels")
    legend_below(values, 1)
    slopes.plot(x, np.zeros_like(x), color=GREY, label="the staircase's own")
    slopes.plot(x, slope(x), color=ORANGE, label="used in training")
    slopes.set(xlabel="x", title="Backwards: the slope", ylim=(-0.1, 1.6))
    legend_below(slopes, 1)
    plt.show()


def beside(panels: Mapping[str, Mapping[str, Sequence[float | None]]], names: Sequence[str]) -> None:
    """Groups of bars for `names`, a panel for each unit: {unit: {series: values}}; None leaves a bar out."""
    _, all_axes = plt.subplots(
        1,
        len(panels),
        figsize=(WIDTH, 0.62 * len(names) + 1.5),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axes, (unit, series) in zip(all_axes[0], panels.items(), strict=True):
        height = 0.8 / len(series)
        colours = (GREY, BLUE, ORANGE) if len(series) > 1 else (BLUE,)
        for i, (label, values, colour) in enumerate(zip(series, series.values(), colours, strict=False)):
            places = np.arange(len(names)) + (i - (len(series) - 1) / 2) * height
            drawn = axes.barh(places, [value or 0 for value in values], height, color=colour, label=label)
            labels = ["" if value is None else f"{value:.{_digits(value)}f}" for value in values]
            label_bars(axes, drawn, labels)
        most = max(value or 0 for values in series.values() for value in values)
        axes.set(xlabel=unit, xlim=(0, 1.4 * most))
        legend_below(axes, 1 if len(panels) > 1 else 2)
    all_axes[0, 0].set_yticks(range(len(names)), names)
    all_axes[0, 0].invert_yaxis()
    plt.show()


def _digits(value: float) -> int:
    """Digits after the point: none for large and whole numbers, three for those below 10."""
    return 0 if value >= 1000 or value == int(value) else 1 if value >= 100 else 2 if value >= 10 else 3
