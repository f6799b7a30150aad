"""Pictures of memory: bars by operator, the arena as address × time, and the ladder of savings.

A notebook's memory section, for the bytes of an int8 model:

    display(map_figure(memory_map(tflite.read(model)), "The int8 network in TFLM"))
    steps = ladder(model)
    display(ladder_figure(steps, "Activations, step by step", (board("esp-eye"),)))
    print(steps)
    print(steps.fits(board("esp-eye")))
"""

import io
import textwrap
from typing import TYPE_CHECKING

from aiedge.boards import Board
from aiedge.colours import BLUE, GREEN, LIGHT_GREY, ORANGE
from aiedge.cost.ladder import Ladder
from aiedge.errors import extras
from aiedge.tflm.map import MemoryMap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {"inputs": BLUE, "outputs": ORANGE, "others": LIGHT_GREY, "scratch": GREEN}
TURNS = "#56b4e9", "#a6761d"  # neighbours in the arena
NAMED = 0.06  # a buffer of this part of the arena or more carries its number


def map_figure(map_: MemoryMap, title: str) -> "Figure":
    """Stacked bars of live bytes by operator above the arena, in which each rectangle is a tensor's bytes and time."""
    with extras():
        from matplotlib.figure import Figure
        from matplotlib.patches import Rectangle

    count = len(map_.rows)
    figure = Figure(figsize=(min(max(7, 2 + 0.16 * count), 30), 7), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    places, base = range(count), [0.0] * count
    for sort, colour in COLOURS.items():
        sizes = [getattr(row, sort) / 1024 for row in map_.rows]
        if any(sizes):
            above.bar(places, sizes, 0.9, bottom=base, color=colour, label=sort)
            base = [low + size for low, size in zip(base, sizes, strict=True)]
    peak = map_.peak
    above.axhline(map_.peak_bytes / 1024, color="black", linewidth=0.8, linestyle="dashed")
    above.annotate(
        f"peak {map_.peak_bytes:,} bytes: operator {peak.operator}, {peak.kind}",
        (peak.place, map_.peak_bytes / 1024),
        xytext=(0, 4),
        textcoords="offset points",
        ha="left" if peak.place < count / 2 else "right",
        fontsize=8,
    )
    above.set(ylabel="live (KiB)", ylim=(0, map_.peak_bytes / 1024 * 1.15 or 1))
    above.legend(fontsize=8, loc="upper right" if peak.place < count / 2 else "upper left")
    for buffer in map_.buffers:
        colour = TURNS[buffer.first % 2] if buffer.tensors else GREEN
        corner, width = (buffer.first - 0.45, buffer.offset / 1024), buffer.last - buffer.first + 0.9
        below.add_patch(
            Rectangle(corner, width, buffer.bytes / 1024, facecolor=colour, edgecolor="white", linewidth=0.5)
        )
        if buffer.tensors and buffer.bytes >= NAMED * map_.arena_bytes:
            middle = (buffer.offset + buffer.bytes / 2) / 1024
            below.text(
                (buffer.first + buffer.last) / 2, middle, str(buffer.tensors[0].index),
                ha="center", va="center", fontsize=7, color="white",
            )  # fmt: skip
    below.set(
        ylabel="address (KiB)",
        xlabel="operators in execution order",
        xlim=(-0.6, count - 0.4),
        ylim=(0, map_.arena_bytes / 1024 * 1.02 or 1),
    )
    below.axhline(map_.arena_bytes / 1024, color="black", linewidth=0.8)
    if count <= 60:
        labels = [f"{row.operator} {row.kind}" for row in map_.rows]
        below.set_xticks(list(places), labels, rotation=90, fontsize=7)
    below.set_title(f"{map_.about}: {map_.arena_bytes:,} bytes; numbers are tensors", fontsize=9)
    figure.suptitle(title)
    return figure


def ladder_figure(ladder: Ladder, title: str, targets: tuple[Board, ...] = ()) -> "Figure":
    """A bar for each step of the ladder, with the SRAM of boards as lines."""
    with extras():
        from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.4), layout="constrained")
    axes = figure.subplots()
    names = [f"{rung.name}\n{textwrap.fill(rung.how, 40)}" for rung in ladder.rungs]
    arenas = [rung.arena / 1024 for rung in ladder.rungs]
    outside = [(rung.total - rung.arena) / 1024 for rung in ladder.rungs]
    axes.barh(names, arenas, color=BLUE, label="arena")
    drawn = axes.barh(names, outside, left=arenas, color=ORANGE, label="input and output outside of it")
    labels = [f"{rung.total:,} B" for rung in ladder.rungs]
    for label in axes.bar_label(drawn, labels, padding=8, fontsize=8):
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1})
    widest = max(rung.total for rung in ladder.rungs) / 1024
    for target in targets:
        if target.sram / 1024 < 1.3 * widest:
            axes.axvline(target.sram / 1024, color="black", linestyle="dotted")
            axes.text(
                target.sram / 1024,
                1.01,
                target.name,
                fontsize=8,
                ha="center",
                transform=axes.get_xaxis_transform(),
            )
    axes.invert_yaxis()
    axes.tick_params(axis="y", labelsize=7.5)
    axes.set(xlabel="activations (KiB)", xlim=(0, 1.35 * widest))
    figure.suptitle(title)
    figure.legend(fontsize=8, loc="outside lower center", ncols=2)
    return figure


def png(figure: "Figure") -> bytes:
    """The figure as a PNG; the same figure gives the same bytes."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110, metadata={"Software": None})
    return picture.getvalue()
