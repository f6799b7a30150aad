"""Plots for the notebooks. Every function draws one figure and returns nothing.

- `networks`: points and decision surfaces, loss, memory against the board's
- `classifier`: pictures with answers, the confusion matrix, accuracies and other figures as bars
- `compression`: where a network's numbers sit, what pruning takes, ours beside published figures
- `moving`: convolutions at work, as moving pictures
- `integers`: the number line of int8, a layer in integers, an arena
- `schedule`: when samples are due and taken
- `search`: what networks take, what pruning saves, the front
- `numbers`: weights and activations, channel by channel, and what rounding leaves of them
"""

from aiedge.workshop.plots.classifier import bars, confusion, lines, pictures, shares
from aiedge.workshop.plots.compression import beside, columns, methods, recovery, scores, straight_through
from aiedge.workshop.plots.integers import arena, integer_layer, number_line
from aiedge.workshop.plots.moving import convolutions, sliding
from aiedge.workshop.plots.networks import (
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
from aiedge.workshop.plots.numbers import (
    channel_ranges,
    histograms,
    same_scales,
    settling,
    steps_by_channel,
)
from aiedge.workshop.plots.schedule import samples
from aiedge.workshop.plots.search import front, savings, sizes

__all__ = [
    "BLUE",
    "GREY",
    "MARKERS",
    "ORANGE",
    "accuracy_by_noise",
    "arena",
    "bars",
    "beside",
    "channel_ranges",
    "columns",
    "confusion",
    "convolutions",
    "decision_surfaces",
    "disagreement",
    "front",
    "histograms",
    "integer_layer",
    "lines",
    "loss",
    "memory",
    "methods",
    "number_line",
    "pictures",
    "points",
    "quantization_line",
    "recovery",
    "same_scales",
    "samples",
    "savings",
    "scores",
    "settling",
    "shares",
    "sizes",
    "sliding",
    "steps_by_channel",
    "straight_through",
]
