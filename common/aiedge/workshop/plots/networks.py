"""Pictures for the notebooks. Every function draws one figure and returns nothing."""

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from numpy.typing import NDArray

from aiedge.colours import BLUE, GREY, ORANGE
from aiedge.text import signed

MARKERS = "os"
WIDTH = 7.0  # inches of the widest figure: in a window of 1024 pixels JupyterLab shows it unreduced


def points(inputs: NDArray, targets: NDArray, title: str) -> None:
    """Points of the plane, inputs [n, 2], coloured by their target, 0 or 1."""
    _, axes = plt.subplots(figsize=(4, 4.3), layout="constrained")
    _scatter(axes, inputs, targets)
    _frame(axes, title)
    legend_below(axes)
    plt.show()


def loss(histories: dict[str, dict[str, list[float]]]) -> None:
    """Loss by epoch, a line for each named history."""
    _, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
    for (name, history), colour in zip(histories.items(), (BLUE, ORANGE, GREY), strict=False):
        axes.plot(range(1, len(history["loss"]) + 1), history["loss"], color=colour, label=name)
    axes.set(xlabel="epoch", ylabel="loss", title="What training does to the loss", ylim=(0, None))
    legend_below(axes)
    plt.show()


def decision_surfaces(
    networks: dict[str, Callable[[NDArray], NDArray]], inputs: NDArray, targets: NDArray, margin: float = 0.4
) -> None:
    """Output of each named network over the plane, with the points on it; a network takes [n, 2] and returns [n, 1]."""
    ticks = np.linspace(-margin, 1 + margin, 101)
    plane = np.stack(np.meshgrid(ticks, ticks), axis=-1)
    figure, all_axes = plt.subplots(
        1, len(networks), figsize=(WIDTH / 2 * len(networks), 3.4), squeeze=False, layout="constrained"
    )
    for axes, (name, network) in zip(all_axes[0], networks.items(), strict=True):
        values = np.asarray(network(plane.reshape(-1, 2).astype(np.float32))).reshape(len(ticks), len(ticks))
        image = axes.contourf(ticks, ticks, values, levels=np.linspace(0, 1, 11), cmap="PuOr_r")
        axes.contour(ticks, ticks, values, levels=[0.5], colors="black", linestyles="dashed")
        _scatter(axes, inputs, targets)
        _frame(axes, name)
    for axes in all_axes[0, 1:]:
        axes.set(ylabel="", yticklabels=[])
    figure.colorbar(image, ax=all_axes, label="output", shrink=0.8)
    plt.show()


def accuracy_by_noise(sigmas: Sequence[float], accuracies: dict[str, Sequence[float]]) -> None:
    """Accuracy against the noise on the inputs, a line for each named network."""
    _, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
    for (name, values), colour in zip(accuracies.items(), (BLUE, ORANGE, GREY), strict=False):
        axes.plot(sigmas, np.multiply(values, 100), "o-", color=colour, label=name)
    axes.axhline(50, color=GREY, linestyle=":", label="guessing")
    axes.set(
        xlabel="standard deviation of the noise",
        ylabel="right answers (%)",
        title="How much noise the network bears",
        ylim=(40, 102),
    )
    legend_below(axes)
    plt.show()


def quantization_line(scale: float, zero_point: int, low: float, high: float) -> None:
    """The straight line between real numbers and int8, and the staircase that rounding makes of it near zero."""
    _, (whole, near) = plt.subplots(1, 2, figsize=(WIDTH, 3.4), layout="constrained")
    real = np.linspace(low, high, 200)
    whole.plot(real, real / scale + zero_point, color=BLUE)
    whole.plot([low, 0, high], [-128, zero_point, 127], "o", color=ORANGE)
    whole.annotate(
        f"zero point {signed(zero_point)}", (0, zero_point), textcoords="offset points", xytext=(10, -14)
    )
    whole.set(xlabel="real number r", ylabel="integer q", title="q = r / scale + zero point")
    around = np.linspace(-3 * scale, 3 * scale, 601)
    steps = np.round(around / scale)
    near.plot(around, around, color=GREY, label="real number")
    near.step(around, steps * scale, color=BLUE, where="mid", label="what int8 keeps of it")
    near.set(xlabel="real number r", title=f"One step is the scale: {scale:.5f}")
    legend_below(near)
    plt.show()


def memory(sizes: dict[str, float], budgets: dict[str, float]) -> None:
    """Bytes as horizontal bars on a logarithmic axis, with what the board has as lines."""
    _, axes = plt.subplots(figsize=(WIDTH, 0.45 * len(sizes) + 1.5), layout="constrained")
    names, values = list(sizes)[::-1], list(sizes.values())[::-1]
    drawn = axes.barh(names, values, color=BLUE, log=True)
    label_bars(axes, drawn, [f"{value:,.0f}" for value in values])
    for (name, budget), style in zip(budgets.items(), ("--", ":"), strict=False):
        axes.axvline(budget, color=ORANGE, linestyle=style, label=f"{name}: {budget:,.0f}")
    axes.set(
        xlabel="bytes",
        xlim=(1, max(budgets.values()) * 30),
    )
    axes.set_title("What it takes, and what the board has")
    legend_below(axes)
    plt.show()


def legend_below(axes: Axes, columns: int = 2) -> None:
    """The legend below the axes, where it hides neither data nor a title."""
    if axes.get_legend_handles_labels()[1]:
        axes.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, 0),
            borderaxespad=4.4,
            ncols=columns,
            frameon=False,
            fontsize=9,
        )


def label_bars(axes: Axes, drawn: BarContainer, labels: Sequence[str], size: float = 9) -> None:
    """The value behind each bar, on a ground of its own, so that no line runs through it."""
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    for text in axes.bar_label(drawn, labels=labels, padding=4, fontsize=size, bbox=ground):
        text.set_zorder(5)


def disagreement(inputs: NDArray, difference: NDArray, title: str) -> None:
    """Where in the plane of two int8 inputs two runtimes differ, and by how much; difference [n]."""
    _, axes = plt.subplots(figsize=(4.5, 4), layout="constrained")
    differ = difference != 0
    mark = axes.scatter(inputs[differ, 0], inputs[differ, 1], c=difference[differ], s=4, cmap="coolwarm")
    axes.set(
        xlim=(-128, 127),
        ylim=(-128, 127),
        xlabel="first input (int8)",
        ylabel="second input (int8)",
        title=title,
    )
    plt.colorbar(mark, label="difference")
    plt.show()


def _scatter(axes: Axes, inputs: NDArray, targets: NDArray) -> None:
    for value, colour, marker in zip((0, 1), (BLUE, ORANGE), MARKERS, strict=True):
        chosen = inputs[targets[:, 0] == value]
        axes.scatter(
            chosen[:, 0],
            chosen[:, 1],
            s=60,
            c=colour,
            marker=marker,
            edgecolors="white",
            label=f"target {value}",
            zorder=3,
        )


def _frame(axes: Axes, title: str) -> None:
    axes.set(xlabel="first input", ylabel="second input", title=title, aspect="equal")
