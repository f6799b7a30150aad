"""The picture of a benchmark."""

import io
from collections.abc import Sequence

BLUE, ORANGE = "#0072b2", "#e69f00"  # apart for colour-blind eyes too


def draw(title: str, operators: Sequence[str], columns: dict[str, Sequence[float]]) -> bytes:
    """A PNG with a bar for each operator in each of the columns, which are named by their units."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 1.6 + 0.24 * len(operators)), layout="constrained")
    all_axes = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for axes, (unit, values), colour in zip(all_axes, columns.items(), (BLUE, ORANGE), strict=False):
        bars = axes.barh(list(operators), list(values), color=colour)
        axes.bar_label(
            bars, labels=[f"{value:,.0f}" if value else "" for value in values], padding=3, fontsize=7
        )
        axes.set(xlabel=unit, xlim=(0, max(*values, 1) * 1.25))
        axes.margins(y=0.01)
        axes.locator_params(axis="x", nbins=5)
        axes.xaxis.set_major_formatter("{x:,.0f}")
    all_axes[0].invert_yaxis()
    figure.suptitle(title)
    picture = io.BytesIO()
    figure.savefig(picture, dpi=110, metadata={"Software": None})
    return picture.getvalue()
