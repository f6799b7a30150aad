"""Backgrounds to put a thing on: streets, meadows, house fronts, parking lots, studios, textures."""

import math
from random import Random

from aiedge.train.datasets.canvas import Canvas, Colour, any_colour, lit, mix

SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((70, 130, 205), (185, 215, 240)), ((110, 165, 225), (225, 235, 245)), ((190, 195, 205), (225, 228, 232)),
    ((235, 238, 242), (215, 222, 230)), ((60, 60, 95), (240, 160, 100)), ((25, 30, 50), (70, 75, 95)),
)  # fmt: skip
GROUNDS: dict[str, tuple[Colour, ...]] = {
    "asphalt": ((85, 85, 88), (110, 108, 105), (60, 62, 66), (140, 140, 140)),
    "grass": ((70, 115, 45), (95, 130, 60), (120, 130, 70)),
    "sand": ((195, 175, 135), (160, 140, 110)),
    "snow": ((225, 228, 235),),
    "water": ((50, 90, 125), (70, 120, 140), (35, 60, 80)),
}
WHOLE = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]


def box(left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
    """The corners of a rectangle."""
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def draw_tree(canvas: Canvas, r: Random, x: float, ground: float, height: float) -> None:
    """A tree with a crown of leaves or a fir, standing at (x, ground)."""
    leaf = lit(
        r.choice(((50, 95, 40), (80, 120, 50), (35, 70, 45), (140, 110, 45), (100, 120, 70))),
        r.uniform(0.6, 1.3),
    )
    bark = lit((90, 70, 50), r.uniform(0.5, 1.3))
    trunk = height * r.uniform(0.03, 0.07)
    canvas.polygon(box(x - trunk / 2, ground - height * 0.5, x + trunk / 2, ground), bark)
    if r.random() < 0.3:
        for k in range(3):
            top, wide = ground - height + height * 0.25 * k, height * (0.14 + 0.07 * k)
            canvas.polygon(
                [(x, top), (x + wide, top + height * 0.38), (x - wide, top + height * 0.38)],
                lit(leaf, 1 - 0.1 * k),
            )
        return
    for _ in range(r.randint(5, 12)):
        a, d = r.uniform(0, 2 * math.pi), height * r.uniform(0, 0.2)
        size = height * r.uniform(0.1, 0.2)
        canvas.ellipse(
            x + d * math.cos(a),
            ground - height * 0.7 + d * math.sin(a),
            size,
            size * 0.9,
            lit(leaf, r.uniform(0.65, 1.25)),
        )


def draw_front(canvas: Canvas, r: Random, left: float, top: float, right: float, bottom: float) -> None:
    """The front of a building: a wall with rows of windows, perhaps a door or a roof."""
    wall = any_colour(r, (0.0, 0.45), (0.35, 0.95))
    canvas.shade(box(left, top, right, bottom), lit(wall, 1.05), lit(wall, r.uniform(0.7, 1.0)))
    if r.random() < 0.4:
        roof = r.choice(((130, 60, 45), (70, 65, 70), (100, 85, 75)))
        rise, over = (bottom - top) * r.uniform(0.2, 0.5), (right - left) * 0.06
        peak = r.uniform(0.1, 0.5) * (right - left)
        canvas.polygon(
            [(left - over, top), (left + peak, top - rise), (right - peak, top - rise), (right + over, top)],
            roof,
        )
    rows, columns = r.randint(1, 5), r.randint(1, 6)
    pane = r.choice(((40, 50, 65), (90, 110, 130), (30, 30, 35), (170, 190, 205), (220, 200, 130)))
    frame = r.choice(((240, 240, 240), (90, 70, 55), lit(wall, 0.6)))
    w, h = (right - left) / columns, (bottom - top) / rows
    part, tall = r.uniform(0.3, 0.8), r.uniform(0.3, 0.75)
    for row in range(rows):
        for column in range(columns):
            x, y = left + (column + (1 - part) / 2) * w, top + (row + (1 - tall) / 2) * h
            canvas.polygon(box(x - 0.006, y - 0.006, x + part * w + 0.006, y + tall * h + 0.006), frame)
            canvas.polygon(box(x, y, x + part * w, y + tall * h), lit(pane, r.uniform(0.7, 1.3)))
    if r.random() < 0.4:
        x = r.uniform(left, max(left, right - 0.12))
        canvas.polygon(box(x, bottom - h * 0.8, x + min(0.12, w * 0.5), bottom), lit(wall, 0.5))


def _road(canvas: Canvas, r: Random, horizon: float) -> None:
    """Markings and kerbs: a road that runs away from the camera, or one across the picture."""
    white = lit((230, 228, 215), r.uniform(0.6, 1.1))
    if r.random() < 0.5:  # away
        vanish, middle = r.uniform(0.1, 0.9), r.uniform(0.2, 0.8)
        left, right = middle - r.uniform(0.5, 1.3), middle + r.uniform(0.5, 1.3)
        side = r.choice(GROUNDS["grass"] + GROUNDS["sand"] + ((150, 150, 148),))
        for edge, corner in ((left, 0.0), (right, 1.0)):
            canvas.polygon([(vanish, horizon), (edge, 1.0), (corner, 1.0), (corner, horizon)], side)
            canvas.line([(vanish, horizon), (edge + (middle - edge) * 0.07, 1.0)], white, 0.008)
        for k in range(8):
            near, far = 0.72**k, 0.72 ** (k + 0.5)
            y0, y1 = horizon + (1 - horizon) * near, horizon + (1 - horizon) * far
            x0, x1 = vanish + (middle - vanish) * near, vanish + (middle - vanish) * far
            canvas.polygon(
                [
                    (x0 - 0.02 * near, y0),
                    (x0 + 0.02 * near, y0),
                    (x1 + 0.02 * far, y1),
                    (x1 - 0.02 * far, y1),
                ],
                white,
            )
    else:  # across
        kerb = horizon + (1 - horizon) * r.uniform(0.05, 0.35)
        canvas.polygon(
            box(0, horizon, 1, kerb), r.choice(((160, 158, 152), (120, 118, 112), *GROUNDS["grass"]))
        )
        canvas.line([(0, kerb), (1, kerb)], (190, 188, 182), 0.01)
        y, start = r.uniform(kerb, 1.0), r.random()
        if r.random() < 0.6:
            for k in range(-1, 3):
                canvas.polygon(box((k + start) * 0.5, y, (k + start) * 0.5 + 0.28, y + 0.02), white)


def _parking(canvas: Canvas, r: Random, horizon: float) -> None:
    white, vanish = lit((230, 228, 215), r.uniform(0.6, 1.1)), r.uniform(-1, 2)
    for k in range(-6, 8):
        canvas.line([(vanish + (k * 0.3 - vanish) * 0.3, horizon + 0.05), (k * 0.45, 1.0)], white, 0.01)


def _studio(canvas: Canvas, r: Random) -> None:
    """A plain backdrop: white or of one colour, with or without a floor."""
    base = (r.randint(200, 255),) * 3 if r.random() < 0.5 else any_colour(r, (0.0, 0.5), (0.2, 1.0))
    canvas.shade(WHOLE, base, lit(base, r.uniform(0.6, 1.1)), r.random() < 0.3)
    if r.random() < 0.4:
        floor = r.uniform(0.5, 0.85)
        canvas.shade(box(0, floor, 1, 1), lit(base, 0.9), lit(base, 0.7))


def draw_texture(canvas: Canvas, r: Random) -> None:
    """No place at all: clouds of two colours, stripes, bricks or spots, in all sizes."""
    a, b = any_colour(r, (0, 0.8), (0.1, 1)), any_colour(r, (0, 0.8), (0.1, 1))
    canvas.shade(WHOLE, a, mix(a, b, r.random()), r.random() < 0.5)
    kind = r.randint(0, 4)
    if kind == 0:
        step = r.uniform(0.03, 0.2)
        slope = r.uniform(-1, 1)
        for k in range(-int(1 / step) - 1, int(2 / step) + 1):
            x = k * step
            canvas.polygon([(x, 0), (x + step / 2, 0), (x + step / 2 + slope, 1), (x + slope, 1)], b)
    elif kind == 1:
        h = r.uniform(0.05, 0.15)
        for row in range(int(1 / h) + 1):
            for column in range(-1, int(0.5 / h) + 1):
                x = (column + 0.5 * (row % 2)) * 2 * h
                canvas.polygon(box(x, row * h, x + 1.85 * h, row * h + 0.88 * h), lit(b, r.uniform(0.8, 1.1)))
    elif kind == 2:
        for _ in range(r.randint(4, 60)):
            size = r.uniform(0.01, 0.15)
            canvas.ellipse(r.random(), r.random(), size, size * r.uniform(0.4, 1), mix(a, b, r.random()))
    elif kind == 3:
        for _ in range(r.randint(3, 25)):
            x, y, w, h = r.random(), r.random(), r.uniform(0.03, 0.5), r.uniform(0.03, 0.5)
            canvas.polygon(
                [(x, y), (x + w, y + h * r.random()), (x + w * r.random(), y + h)],
                any_colour(r, (0, 0.9), (0.1, 1)),
            )
    canvas.grain(r, WHOLE, r.randint(0, 3), b, r.uniform(0.2, 1.0))


def draw_scene(canvas: Canvas, r: Random, ground: str | None = None) -> float:
    """Draw a place, and return the height of its horizon in the picture (0 at the top)."""
    chance = r.random()
    if ground is None and chance < 0.14:
        _studio(canvas, r)
        return r.uniform(0.3, 0.6)
    if ground is None and chance < 0.22:
        draw_texture(canvas, r)
        return r.uniform(0.3, 0.6)
    horizon = r.uniform(0.12, 0.6)
    top, bottom = r.choices(SKIES, (4, 4, 4, 4, 1, 1))[0]
    canvas.shade(box(0, 0, 1, horizon + 0.02), top, bottom)
    if r.random() < 0.5:
        canvas.grain(r, box(0, 0, 1, horizon), 3, (245, 245, 248), r.uniform(0.3, 1.0))
    kind = ground or r.choice(("asphalt", "asphalt", "asphalt", "asphalt", "grass", "sand", "snow"))
    earth = lit(r.choice(GROUNDS[kind]), r.uniform(0.75, 1.2))
    back = r.random()
    if back < 0.3:
        hill = lit(r.choice(GROUNDS["grass"]), r.uniform(0.5, 1.0))
        edge = [(k / 8, horizon - r.uniform(0, 0.15)) for k in range(9)]
        canvas.polygon([(0, horizon + 0.05), *edge, (1, horizon + 0.05)], hill)
    elif back < 0.55:
        x = r.uniform(-0.3, 0)
        while x < 1:
            wide = r.uniform(0.2, 0.7)
            draw_front(canvas, r, x, horizon - r.uniform(0.1, 0.5), x + wide, horizon + 0.04)
            x += wide + r.choice((0.0, 0.0, 0.1))
    canvas.shade(box(0, horizon, 1, 1), lit(earth, 1.1), lit(earth, r.uniform(0.7, 1.0)))
    if kind == "asphalt":
        r.choice((_road, _road, _parking))(canvas, r, horizon)
    grain = r.choice(((255, 255, 255), (0, 0, 0), lit(earth, 1.5), lit(earth, 0.4)))
    canvas.grain(r, box(0, horizon, 1, 1), r.choice((0, 1, 2)), grain, r.uniform(0.05, 0.4))
    for _ in range(r.choice((0, 0, 1, 2, 4))):
        draw_tree(canvas, r, r.random(), horizon + r.uniform(0.0, 0.06), r.uniform(0.15, 0.6))
    if r.random() < 0.15:
        x = r.random()
        canvas.polygon(
            box(x, r.uniform(0, 0.3), x + r.uniform(0.008, 0.02), horizon + 0.1), (r.randint(50, 150),) * 3
        )
    return horizon
