"""Moving pictures of convolutions, as SVG: a window slides over the input, and each place of it gives one number.

Without animation, as on paper, they show the first place and all results.
"""

import base64
from collections.abc import Iterator, Sequence
from html import escape

import numpy as np
from IPython.display import HTML, display
from numpy.typing import NDArray

from aiedge.colours import BLUE, GREEN, LIGHT_GREY, ORANGE
from aiedge.text import signed

SECONDS = 1.2  # at each place
CELL = 34  # pixels
COLOURS = (ORANGE, GREEN, BLUE)


def sliding(values: NDArray, kernel: NDArray) -> None:
    """A kernel [k, k] slides over values [n, n], and the sums of its products are the output; whole numbers."""
    places, size = list(_places(values, kernel)), len(kernel)
    sums = [int((values[i : i + size, j : j + size] * kernel).sum()) for i, j in places]
    side = len(values) - size + 1
    middle, right = (len(values) + 1.5) * CELL, (len(values) + size + 3) * CELL
    top = 30
    parts = [
        *_grid(0, top, values, "input"),
        *_grid(middle, top, kernel, "kernel", ORANGE),
        *_grid(right, top, np.reshape(sums, (side, side)), "output"),
        _moving(0, top, size, places),
        _moving(right, top, 1, places),
    ]
    for step, (i, j) in enumerate(places):
        products = zip(values[i : i + size, j : j + size].ravel(), kernel.ravel(), strict=True)
        terms = " + ".join(
            f"{signed(a)}·{b}" if b >= 0 else f"{signed(a)}·({signed(b)})" for a, b in products
        )
        parts.append(
            _text(
                0, top + len(values) * CELL + 26, f"{terms} = {signed(sums[step])}", turn=(step, len(places))
            )
        )
    _display(parts, right + side * CELL, top + len(values) * CELL + 40)


def convolutions(side: int = 5, size: int = 3, channels: int = 3, outputs: int = 8) -> None:
    """A convolution, which sums over all input channels, above a depthwise one, which keeps them apart."""
    blank = np.full((side, side), "")
    places = list(_places(blank, blank[:size, :size]))
    width, step = side - size + 1, 14
    stack = (side * CELL // 2) + step * (channels - 1)
    right = stack + 9 * CELL
    parts: list[str] = []
    top = 34
    weights = size * size * channels
    parts.append(_text(0, 18, "Convolution: each output channel sums over all input channels", bold=True))
    for channel, colour in reversed(list(enumerate(COLOURS[:channels]))):
        parts += _small(step * channel, top + step * channel, side, colour)
        parts.append(_moving(step * channel, top + step * channel, size, places, CELL // 2))
    parts.append(_arrow(stack + 10, top + stack / 2, right - 20))
    parts.append(_text(stack + 14, top + stack / 2 - 30, f"{size}×{size}×{channels} = {weights} weights"))
    parts.append(_text(stack + 14, top + stack / 2 - 12, "for each output channel"))
    parts += _small(right, top + stack / 4, width, LIGHT_GREY)
    parts.append(_moving(right, top + stack / 4, 1, places, CELL // 2))
    parts.append(
        _text(
            stack + 14, top + stack / 2 + 24, f"{channels} to {outputs} channels: {weights * outputs} weights"
        )
    )
    second = top + stack + 44
    parts.append(
        _text(0, second - 16, "Depthwise convolution: each channel has a kernel of its own", bold=True)
    )
    for channel, colour in reversed(list(enumerate(COLOURS[:channels]))):
        x = step * channel
        parts += _small(x, second + x, side, colour)
        parts.append(_moving(x, second + x, size, places, CELL // 2))
        parts += _small(right + x, second + stack / 4 + x, width, colour)
        parts.append(_moving(right + x, second + stack / 4 + x, 1, places, CELL // 2))
    parts.append(_arrow(stack + 10, second + stack / 2, right - 20))
    parts.append(_text(stack + 14, second + stack / 2 - 30, f"{size}×{size} = {size * size} weights"))
    parts.append(_text(stack + 14, second + stack / 2 - 12, "for each channel"))
    parts.append(
        _text(
            stack + 14,
            second + stack / 2 + 24,
            f"{outputs} to {outputs} channels: {size * size * outputs} weights",
        )
    )
    _display(parts, right + width * CELL // 2 + step * channels + 30, second + stack + 10)


def _places(values: NDArray, kernel: NDArray) -> Iterator[tuple[int, int]]:
    side = len(values) - len(kernel) + 1
    return ((i, j) for i in range(side) for j in range(side))


def _grid(x: float, y: float, values: NDArray, title: str, colour: str = "#eef4f8") -> Iterator[str]:
    """Cells with their numbers, under a title."""
    yield _text(x + values.shape[1] * CELL / 2, y - 10, title, "middle")
    for (row, column), value in np.ndenumerate(values):
        left, upper = x + column * CELL, y + row * CELL
        yield (
            f'<rect x="{left:g}" y="{upper:g}" width="{CELL}" height="{CELL}" fill="{colour}" '
            'fill-opacity="0.5" stroke="#777"/>'
        )
        yield _text(left + CELL / 2, upper + CELL / 2 + 5, signed(value), "middle")


def _small(x: float, y: float, side: int, colour: str) -> Iterator[str]:
    """A map of one channel without numbers."""
    cell = CELL // 2
    for row, column in np.ndindex(side, side):
        yield (
            f'<rect x="{x + column * cell:g}" y="{y + row * cell:g}" width="{cell}" height="{cell}" '
            f'fill="{colour}" fill-opacity="0.85" stroke="white"/>'
        )


def _moving(x: float, y: float, size: int, places: Sequence[tuple[int, int]], cell: int = CELL) -> str:
    """A frame that is at each place for a while."""
    across = ";".join(f"{x + j * cell:g}" for _, j in places)
    down = ";".join(f"{y + i * cell:g}" for i, _ in places)
    timing = f'dur="{SECONDS * len(places):g}s" calcMode="discrete" repeatCount="indefinite"'
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{size * cell}" height="{size * cell}" fill="none" stroke="#c00" '
        f'stroke-width="3"><animate attributeName="x" values="{across}" {timing}/>'
        f'<animate attributeName="y" values="{down}" {timing}/></rect>'
    )


def _text(
    x: float,
    y: float,
    text: str,
    anchor: str = "start",
    bold: bool = False,
    turn: tuple[int, int] | None = None,
) -> str:
    """A text; with `turn` (step, of how many) it is there at one place of the window alone."""
    weight, inside = ' font-weight="bold"' if bold else "", ""
    if turn:
        step, count = turn
        weight += "" if step == 0 else ' opacity="0"'  # without animation the first one is there
        values = ";".join("1" if place == step else "0" for place in range(count))
        inside = (
            f'<animate attributeName="opacity" values="{values}" dur="{SECONDS * count:g}s" '
            'calcMode="discrete" repeatCount="indefinite"/>'
        )
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="14" fill="#111"{weight}>'
        f"{escape(text)}{inside}</text>"
    )


def _arrow(x: float, y: float, end: float) -> str:
    return f'<path d="M{x:g} {y:g}H{end:g}m-8 -5l8 5l-8 5" fill="none" stroke="#111" stroke-width="2"/>'


def _display(parts: Sequence[str], width: float, height: float) -> None:
    """Show the parts on a white ground, which serves the dark theme, too.

    As a picture within HTML: Jupyter shows no SVG of a notebook that somebody else has run.
    """
    edge = 12
    box = f"{-edge} {-edge} {width + 2 * edge:g} {height + 2 * edge:g}"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{width + 2 * edge:g}" '
        f'height="{height + 2 * edge:g}" font-family="sans-serif">'
        f'<rect x="{-edge}" y="{-edge}" width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>'
    )
    display(HTML(f'<img src="data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}">'))
