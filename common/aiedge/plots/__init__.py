"""Plots for the notebooks. Every function draws one figure and returns nothing.

- `networks`: points and decision surfaces, loss, memory against the board's
- `classifier`: pictures with answers, the confusion matrix, accuracies and other figures as bars
- `numbers`: weights and activations, channel by channel, and what rounding leaves of them
"""

from aiedge.plots.classifier import bars, confusion, lines, pictures, shares
from aiedge.plots.networks import (
    BLUE,
    GREY,
    MARKERS,
    ORANGE,
    accuracy_by_noise,
    decision_surfaces,
    disagreement,
    loss,
    memory,
    points,
    quantization_line,
)
from aiedge.plots.numbers import (
    channel_ranges,
    histograms,
    same_scales,
    settling,
    steps_by_channel,
)

__all__ = [
    "BLUE",
    "GREY",
    "MARKERS",
    "ORANGE",
    "accuracy_by_noise",
    "bars",
    "channel_ranges",
    "confusion",
    "decision_surfaces",
    "disagreement",
    "histograms",
    "lines",
    "loss",
    "memory",
    "pictures",
    "points",
    "quantization_line",
    "same_scales",
    "settling",
    "shares",
    "steps_by_channel",
]
