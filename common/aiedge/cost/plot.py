"""The picture of a benchmark."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiedge.errors import extras

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE = "#0072b2", "#e69f00"  # apart for colour-blind eyes too


def require_matplotlib() -> None:
    """Raise `UserError` where no picture can be drawn: before the work that it would show, not after."""
    with extras():
        import matplotlib.figure  # noqa: F401


def draw(title: str, operators: Sequence[str], columns: dict[str, Sequence[float]]) -> bytes:
    """A PNG of `bars`."""
    picture = io.BytesIO()
    bars(title, operators, columns).savefig(picture, dpi=110, metadata={"Software": None})
    return picture.getvalue()


def bars(title: str, names: Sequence[str], columns: dict[str, Sequence[float]]) -> "Figure":
    """A figure with a bar for each name in each of the columns, which are named by their units."""
    with extras():
        from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 1.6 + 0.24 * len(names)), layout="constrained")
    all_axes = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for axes, (unit, values), colour in zip(all_axes, columns.items(), (BLUE, ORANGE), strict=False):
        drawn = axes.barh(list(names), list(values), color=colour)
        axes.bar_label(
            drawn, labels=[f"{value:,.0f}" if value else "" for value in values], padding=3, fontsize=7
        )
        axes.set(xlabel=unit, xlim=(0, max(*values, 1) * 1.45))
        axes.margins(y=0.01)
        axes.locator_params(axis="x", nbins=3)
        axes.xaxis.set_major_formatter("{x:,.0f}")
    all_axes[0].invert_yaxis()
    figure.suptitle(title)
    return figure
