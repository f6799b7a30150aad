"""Plots of a search: what networks take, what pruning saves, and the front."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import ArrayLike

from aiedge.workshop.plots.networks import BLUE, GREY, ORANGE, WIDTH, legend_below


def sizes(ram: ArrayLike, flash: ArrayLike, limits: Mapping[str, Sequence[float]]) -> None:
    """SRAM against flash of networks, a dot each; a dashed corner for each board: {name: (SRAM, flash)}, in bytes."""
    x, y = np.asarray(flash), np.asarray(ram)
    _, axes = plt.subplots(figsize=(WIDTH, 3.8), layout="constrained")
    axes.scatter(x, y, 14, color=BLUE, alpha=0.6, label="a network")
    high = {"x": 1.1 * x.max(), "y": 1.1 * y.max()}
    for (name, (most_ram, most_flash)), colour in zip(limits.items(), (ORANGE, GREY), strict=False):
        right, top = min(most_flash, high["x"]), min(most_ram, high["y"])
        axes.plot([right, right, 0], [0, top, top], "--", color=colour, label=f"room of the {name}")
    axes.set(xlabel="bytes of flash", ylabel="bytes of SRAM", xlim=(0, high["x"]), ylim=(0, high["y"] * 1.05))
    legend_below(axes)
    plt.show()


def savings(shares: Sequence[float], saved: Mapping[str, Sequence[float]]) -> None:
    """What a pruned share saves of each thing, in percent: {thing: shares saved}; dotted: as much as was pruned."""
    _, axes = plt.subplots(figsize=(6, 3.8), layout="constrained")
    x = 100 * np.asarray(shares)
    axes.plot(x, x, ":", color=GREY, label="as much as was pruned")
    for (name, values), marker in zip(saved.items(), "os^D", strict=False):
        axes.plot(x, 100 * np.asarray(values), f"{marker}-", label=name)
    axes.set(xlabel="share of channels and neurons pruned (%)", ylabel="saved (%)", ylim=(0, 100))
    legend_below(axes)
    plt.show()


def front(
    points: ArrayLike, best: Sequence[int], unit: str, chosen: int | None = None, target: float = 0
) -> None:
    """Right answers against bytes: `points` [networks, 2], the `best` of them as stairs, one `chosen`, the target."""
    values = np.asarray(points, float)
    _, axes = plt.subplots(figsize=(WIDTH, 3.9), layout="constrained")
    rest = np.setdiff1d(np.arange(len(values)), best)
    axes.scatter(values[rest, 1], 100 * values[rest, 0], 24, color=GREY, alpha=0.5, label="beaten by another")
    stairs = values[sorted(best, key=lambda k: values[k, 1])]
    axes.step(stairs[:, 1], 100 * stairs[:, 0], where="post", color=BLUE, alpha=0.5)
    axes.scatter(stairs[:, 1], 100 * stairs[:, 0], 40, color=BLUE, label="front", zorder=3)
    if chosen is not None:
        right, size = values[chosen]
        axes.scatter(
            size, 100 * right, 200, facecolors="none", edgecolors=ORANGE, linewidths=2, label="chosen"
        )
    if target:
        axes.axhline(100 * target, color=ORANGE, linestyle="--", label="target")
    axes.set(xlabel=unit, ylabel="right answers (%)", xlim=(0, None))
    legend_below(axes)
    plt.show()
