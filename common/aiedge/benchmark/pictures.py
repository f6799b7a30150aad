"""The picture of a result: confusion, ROC curve and latency, in one PNG."""

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aiedge.benchmark import metrics
from aiedge.benchmark.result import MANY, BenchmarkResult
from aiedge.colours import BLUE, GREY, ORANGE

_BINS = 40


def draw(result: BenchmarkResult) -> bytes:
    """A PNG of the result."""
    panels = [_confusion, *([] if result.scores is None else [_roc]), _latency]
    first, height = (4.4, 4.2) if len(result.setting.classes) <= MANY else (6.4, 6.0)
    widths = [first, *[4.4] * (len(panels) - 1)]
    figure = Figure(figsize=(sum(widths), height), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(panels), width_ratios=widths), panels, strict=True):
        panel(axes, result)
    s = result.setting
    figure.suptitle(
        f"{s.project}, {s.variant}, {s.runtime}: {result.accuracy:.2%} of {s.samples:,} right "
        f"({s.data_source}; {'stand-in board on this computer' if s.simulated else 'board'})"
    )
    picture = io.BytesIO()
    figure.savefig(picture, dpi=110, metadata={"Software": None})
    return picture.getvalue()


def _confusion(axes: Axes, result: BenchmarkResult) -> None:
    table, names = result.confusion, result.setting.classes
    rates = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(rates, cmap="Blues", vmin=0, vmax=1)
    size = 10 if len(names) <= MANY else 8
    for (row, column), count in np.ndenumerate(table):
        colour = "white" if rates[row, column] > 0.5 else "black"
        axes.text(column, row, f"{count:,}", ha="center", va="center", color=colour, size=size)
    ticks = range(len(names))
    axes.set_xticks(ticks, names, rotation=0 if len(names) < 4 else 90)
    axes.set_yticks(ticks, names)
    axes.set(xlabel="answer", ylabel="truth", title=f"Balanced accuracy {result.balanced_accuracy:.2%}")


def _roc(axes: Axes, result: BenchmarkResult) -> None:
    assert result.scores is not None
    axes.plot([0, 1], [0, 1], ":", color=GREY, label="guessing")
    axes.plot(*metrics.roc(result.expected == 1, result.scores), color=BLUE)
    predicted = result.predicted
    false, true = (predicted[result.expected == c].mean() for c in (0, 1))
    axes.plot(false, true, "o", color=ORANGE, label="threshold in use")
    axes.set(
        xlabel="false alarms",
        ylabel=f"{result.setting.classes[1]} found",
        title=f"ROC, area {result.auc:.4f}",
        aspect="equal",
    )
    axes.legend(loc="lower right")


def _latency(axes: Axes, result: BenchmarkResult) -> None:
    times = result.times_us / 1000
    axes.hist(times, bins=_BINS, range=(times.min(), np.percentile(times, 99) + 1e-3), color=BLUE)
    axes.axvline(float(np.median(times)), color=ORANGE, label=f"median {np.median(times):,.3g} ms")
    clock = "this computer's time" if result.setting.simulated else "board"
    axes.set(xlabel=f"ms an inference ({clock})", ylabel="inferences", title="Latency of 99 %")
    axes.legend()
