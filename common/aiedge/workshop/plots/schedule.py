"""Plots of time: when samples are due, and when firmware takes them."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from aiedge.colours import BLUE, LIGHT_GREY, ORANGE
from aiedge.workshop.plots.networks import WIDTH, legend_below


def samples(taken: Mapping[str, NDArray], period: float, begin: float, end: float, title: str) -> None:
    """For each name the times at which samples are taken, within `begin` and `end`; grey is when one is due."""
    _, axes = plt.subplots(figsize=(WIDTH, 0.7 * len(taken) + 1.5), layout="constrained")
    due = np.arange(np.ceil(begin / period), np.floor(end / period) + 1) * period
    for row, (name, times) in enumerate(taken.items()):
        seen = times[(times >= begin) & (times <= end)]
        labels = ("due", "taken") if row == 0 else ("", "")
        axes.vlines(due, row - 0.35, row + 0.35, color=LIGHT_GREY, label=labels[0])
        axes.plot(seen, np.full(len(seen), row), "o", color=ORANGE, label=labels[1])
        axes.text(end, row + 0.42, name, ha="right", va="top", color=BLUE, fontsize=9)
    axes.set(xlabel="time (ms)", yticks=[], ylim=(len(taken) - 0.4, -0.6), xlim=(begin, end), title=title)
    legend_below(axes)
    plt.show()
