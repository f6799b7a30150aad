"""Drawings of ideas about integers: the number line with its zero point, a layer in boxes, an arena."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from aiedge.colours import BLUE, GREEN, GREY, LIGHT_GREY, ORANGE
from aiedge.memory.plan import MemoryPlan
from aiedge.quantization import params_from_range
from aiedge.text import signed
from aiedge.workshop.plots.networks import WIDTH

# What happens to a sum on its way to an int8: the box, and the numbers in it.
LAYER = (
    ("x − $z_x$", "int32"),
    ("× w, add up", "int32"),
    ("+ bias", "int32"),
    ("× multiplier,\n>> shift", "int32"),
    ("+ $z_y$", "int32"),
    ("clamp to\n−128 … 127", "int8"),
)


def number_line(low: float, high: float) -> None:
    """Real numbers above, the int8 that stand for them below; the zero point is the one below 0.0."""
    params = params_from_range(low, high)
    _, axes = plt.subplots(figsize=(WIDTH, 2.6), layout="constrained")
    zero_point = int(params.zero_point)
    marks = {-128: BLUE, zero_point: ORANGE, 127: BLUE}
    for q in range(-128, 128, 5):
        axes.plot([q, q], [0.93, 1.0], color=LIGHT_GREY, linewidth=0.8)
        axes.plot([q, q], [0.0, 0.07], color=LIGHT_GREY, linewidth=0.8)
    for y in (0.0, 1.0):
        axes.plot([-128, 127], [y, y], color="black")
    for q, colour in marks.items():
        real = float(params.scale) * (q - zero_point)
        axes.plot([q, q], [0.0, 1.0], color=colour, linewidth=2)
        axes.text(q, 1.08, signed(real, ".2f"), ha="center", fontsize=11, color="black")
        axes.text(q, -0.22, signed(q, "d"), ha="center", fontsize=11, color="black")
    side = "left" if zero_point < 0 else "right"
    axes.text(
        zero_point + (4 if side == "left" else -4),
        0.5,
        "zero point",
        ha=side,
        va="center",
        fontsize=11,
    )
    axes.text(-150, 1.0, "real", ha="right", va="center", fontsize=11)
    axes.text(-150, 0.0, "int8", ha="right", va="center", fontsize=11)
    axes.set(xlim=(-185, 140), ylim=(-0.35, 1.25))
    axes.set_title(
        f"255 steps from {signed(low, 'g')} to {signed(high, 'g')}: one step is {params.scale:.4f}"
    )
    axes.axis("off")
    plt.show()


def integer_layer() -> None:
    """One layer in integers, as boxes from x to y."""
    _, axes = plt.subplots(figsize=(WIDTH, 1.9), layout="constrained")
    width, gap = 1.55, 0.3
    axes.text(-0.25, 0.5, "x\nint8", ha="right", va="center", fontsize=11)
    for i, (what, kind) in enumerate(LAYER):
        left = i * (width + gap)
        colour = ORANGE if kind == "int8" else BLUE
        axes.add_patch(
            Rectangle((left, 0), width, 1, facecolor=colour, alpha=0.25, edgecolor=colour, linewidth=1.5)
        )
        axes.text(left + width / 2, 0.5, what, ha="center", va="center", fontsize=8)
        axes.text(left + width / 2, -0.15, kind, ha="center", va="top", fontsize=9, color="#444444")
        axes.annotate("", (left, 0.5), (left - gap + 0.02, 0.5), arrowprops={"arrowstyle": "->"})
    end = len(LAYER) * (width + gap)
    axes.annotate("", (end, 0.5), (end - gap, 0.5), arrowprops={"arrowstyle": "->"})
    axes.text(end + 0.1, 0.5, "y\nint8", ha="left", va="center", fontsize=11)
    axes.set(xlim=(-0.9, end + 0.8), ylim=(-0.5, 1.1))
    axes.axis("off")
    plt.show()


def arena(plan: MemoryPlan) -> None:
    """An arena over time: each box is a buffer, as wide as the steps for which it is needed, as high as its bytes.

    Two boxes at one height share the same bytes, one after the other.
    """
    _, axes = plt.subplots(figsize=(WIDTH, 3.6), layout="constrained")
    colours = (BLUE, ORANGE, GREEN)
    for i, buffer in enumerate(sorted(plan.buffers, key=lambda buffer: (buffer.first, buffer.offset))):
        corner, width = (buffer.first + 0.53, buffer.offset), buffer.last - buffer.first + 0.94
        axes.add_patch(
            Rectangle(corner, width, buffer.bytes, facecolor=colours[i % 3], edgecolor="black", alpha=0.75)
        )
        if buffer.bytes >= plan.arena_bytes / (12 if len(plan.steps) < 12 else 5):
            axes.text(
                corner[0] + width / 2,
                buffer.offset + buffer.bytes / 2,
                f"{buffer.bytes:,}",
                ha="center",
                va="center",
                fontsize=9 if len(plan.steps) < 12 else 7,
                rotation=0 if len(plan.steps) < 12 else 90,
            )
    axes.axhline(plan.arena_bytes, color=GREY, linestyle="--")
    steps = np.arange(1, len(plan.steps) + 1)
    axes.set_xticks(steps if len(steps) < 20 else steps[::2])
    axes.set(
        xlim=(0.4, len(steps) + 0.6),
        ylim=(0, plan.arena_bytes * 1.12),
        xlabel="step of the network",
        ylabel="address (bytes)",
        title=f"The arena: {plan.arena_bytes:,} bytes, used again and again",
    )
    plt.show()
