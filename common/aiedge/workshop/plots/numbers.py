"""Plots of weights and activations, and of what rounding leaves of them."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, NullLocator
from numpy.typing import NDArray

from aiedge.workshop.plots.networks import BLUE, GREY, ORANGE, WIDTH, legend_below


def histograms(values: Mapping[str, NDArray], title: str) -> None:
    """Histograms in a grid of two or three columns, over the same range of numbers; counts on a logarithmic axis."""
    columns = 3 if len(values) % 3 == 0 else min(2, len(values))
    rows = -(-len(values) // columns)
    figure, all_axes = plt.subplots(
        rows,
        columns,
        figsize=(WIDTH, 2.5 * rows + 0.3),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    low = min(float(np.min(array)) for array in values.values())
    high = max(float(np.max(array)) for array in values.values())
    for axes, (name, array) in zip(all_axes.flat, values.items(), strict=True):
        axes.hist(np.ravel(array), bins=np.linspace(low, high, 61), color=BLUE, log=True)
        axes.set_title(name, fontsize=10)
    for axes in all_axes[-1]:
        axes.set_xlabel("value")
    for axes in all_axes[:, 0]:
        axes.set_ylabel("how many")
    figure.suptitle(title)
    plt.show()


def channel_ranges(values: NDArray, title: str) -> None:
    """From lowest to highest value of each channel, the last axis; the middle half of its values is thick."""
    flat = np.reshape(values, (-1, values.shape[-1]))
    low, first, third, high = np.percentile(flat, (0, 25, 75, 100), axis=0)
    channels = np.arange(flat.shape[1])
    _, axes = plt.subplots(figsize=(WIDTH, 3.3), layout="constrained")
    axes.vlines(channels, low, high, color=BLUE, linewidth=1.5, label="lowest to highest")
    axes.vlines(channels, first, third, color=ORANGE, linewidth=4, label="middle half")
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.set(xlabel="channel", ylabel="value", title=title)
    legend_below(axes)
    plt.show()


def steps_by_channel(weights: NDArray, scales: Mapping[str, NDArray | float]) -> None:
    """How many of int8's 255 steps each channel's weights span, for each named scale; channels are the last axis."""
    largest = np.abs(np.reshape(weights, (-1, weights.shape[-1]))).max(axis=0)
    order = np.argsort(largest)
    _, axes = plt.subplots(figsize=(WIDTH, 3.3), layout="constrained")
    for (name, scale), colour, marker in zip(scales.items(), (ORANGE, BLUE, GREY), "os^", strict=False):
        steps = 2 * np.rint(largest / np.where(np.asarray(scale) > 0, scale, 1)) + 1
        axes.plot(steps[order], marker, color=colour, label=name, markersize=5)
    axes.set(
        xlabel="channel, the one with the smallest weights first",
        ylabel="integers in use",
        yscale="log",
        title="How many integers the weights of a channel can become",
    )
    axes.yaxis.set_major_locator(LogLocator(2))
    axes.yaxis.set_major_formatter("{x:.0f}")
    axes.yaxis.set_minor_locator(NullLocator())
    legend_below(axes)
    plt.show()


def settling(ranges: Mapping[str, tuple[NDArray, NDArray]], most: int = 6) -> None:
    """How ranges grow with the number of pictures: width so far as a share of the last, a line for each tensor.

    Each value has the lowest and the highest number of each picture alone, two arrays [n]. The `most` tensors whose
    ranges take longest are drawn.
    """
    widths = dict[str, NDArray]()
    for name, (low, high) in ranges.items():
        width = np.maximum.accumulate(np.maximum(high, 0)) - np.minimum.accumulate(np.minimum(low, 0))
        widths[name] = 100 * width / (width[-1] or 1)
    slowest = sorted(widths, key=lambda name: float(np.mean(widths[name])))[:most]
    _, axes = plt.subplots(figsize=(WIDTH, 3.9), layout="constrained")
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(slowest)))
    for name, colour in zip(slowest, colours, strict=True):
        axes.plot(np.arange(1, len(widths[name]) + 1), widths[name], color=colour, label=name)
    axes.set(
        xlabel="pictures seen",
        ylabel="width of the range (%)",
        xscale="log",
        title="How fast the ranges settle",
    )
    axes.xaxis.set_major_formatter("{x:g}")
    legend_below(axes, 3)
    plt.show()


def same_scales(mine: Mapping[str, float], theirs: Mapping[str, float], title: str) -> None:
    """Scales of the same tensors by two ways, one against the other; equal ones lie on the line."""
    _, axes = plt.subplots(figsize=(4.2, 4), layout="constrained")
    pairs = np.array([(mine[name], theirs[name]) for name in mine])
    ends = (pairs[pairs > 0].min() * 0.8, pairs.max() * 1.25)
    axes.plot(ends, ends, color=GREY, linewidth=1)
    axes.plot(pairs[:, 0], pairs[:, 1], "o", color=BLUE, alpha=0.6)
    axes.set(xlabel="your scale", ylabel="the converter's scale", title=title)
    axes.loglog()
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 3)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter("{x:g}")
    plt.show()
