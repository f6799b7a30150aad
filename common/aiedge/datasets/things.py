"""What is no car: bicycles, motorcycles, animals, people, houses, boats, planes, signs, carts, lone wheels and more.

Each function draws one thing with a `Stamp`, whose unit is the thing's own size: x from −1 to 1, y from 0 at its
foot upwards.
"""

import math
from collections.abc import Callable, Sequence
from random import Random

from aiedge.datasets.canvas import Canvas, Colour, Point, any_colour, lit
from aiedge.datasets.scenes import draw_front, draw_tree


class Stamp:
    """Draws in a thing's own coordinates: scaled, turned and perhaps mirrored onto the canvas."""

    def __init__(self, canvas: Canvas, r: Random, x: float, foot: float, half: float):
        self.canvas, self.r = canvas, r
        self.x, self.foot, self.half = x, foot, half
        angle = r.gauss(0, 0.05)
        self.cos, self.sin = math.cos(angle), math.sin(angle)
        self.flip = r.choice((-1, 1))
        self.thin = r.uniform(0.8, 1.3)
        self.squeeze = r.uniform(0.6, 1.0) if r.random() < 0.3 else 1.0

    def at(self, x: float, y: float) -> Point:
        x = self.flip * x * self.squeeze
        return self.x + self.half * (x * self.cos + y * self.sin), self.foot - self.half * (
            y * self.cos - x * self.sin
        )

    def polygon(self, points: Sequence[Point], colour: Colour, shading: float = 0.0) -> None:
        places = [self.at(*p) for p in points]
        if shading:
            self.canvas.shade(places, lit(colour, 1 + shading), lit(colour, 1 - shading))
        else:
            self.canvas.polygon(places, colour)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        self.canvas.line([self.at(*p) for p in points], colour, width * self.thin * self.half)

    def oval(
        self, x: float, y: float, width: float, height: float, colour: Colour, turn: float = 0.0
    ) -> None:
        points = []
        for k in range(20):
            a, b = width * math.cos(k * math.pi / 10), height * math.sin(k * math.pi / 10)
            points.append(
                (x + a * math.cos(turn) - b * math.sin(turn), y + a * math.sin(turn) + b * math.cos(turn))
            )
        self.polygon(points, colour)

    def ring(self, x: float, y: float, radius: float, colour: Colour, width: float) -> None:
        points = [
            (x + radius * math.cos(k * math.pi / 12), y + radius * math.sin(k * math.pi / 12))
            for k in range(26)
        ]
        self.line(points, colour, width)

    def shadow(self, reach: float = 1.0) -> None:
        points = [
            self.at(reach * math.cos(k * math.pi / 8), 0.08 * math.sin(k * math.pi / 8)) for k in range(16)
        ]
        self.canvas.blend(points, (10, 10, 14), self.r.uniform(0.2, 0.7), self.r.uniform(0, 0.02))


def _spoked(s: Stamp, x: float, radius: float, tyre: Colour, width: float) -> None:
    turn, spokes = s.r.random(), s.r.choice((0, 6, 8, 12, 16))
    for k in range(spokes):
        a = turn + 2 * math.pi * k / spokes
        s.line(
            [(x, radius), (x + radius * math.cos(a), radius + radius * math.sin(a))], (150, 150, 155), 0.012
        )
    s.ring(x, radius, radius, tyre, width)
    s.oval(x, radius, 0.04, 0.04, (60, 60, 60))


def bicycle(s: Stamp) -> None:
    r, radius = s.r, s.r.uniform(0.38, 0.46)
    s.shadow()
    frame, tyre = any_colour(r, (0.0, 1.0), (0.1, 1.0)), (r.randint(10, 60),) * 3
    front, back = (0.55, radius), (-0.55, radius)
    for x in (0.55, -0.55):
        _spoked(s, x, radius, tyre, r.uniform(0.03, 0.07))
    crank, seat, head = (-0.1, radius * 0.9), (-0.22, 0.95), (0.38, 0.98)
    for a, b in ((back, crank), (crank, head), (head, seat), (seat, back), (seat, crank), (head, front)):
        s.line([a, b], frame, 0.05)
    s.line([seat, (-0.25, 1.07)], frame, 0.035)
    s.polygon([(-0.4, 1.1), (-0.1, 1.12), (-0.1, 1.06), (-0.38, 1.04)], (25, 22, 20))
    s.line([head, (0.34, 1.16), r.choice(((0.5, 1.2), (0.18, 1.15)))], (40, 40, 40), 0.04)
    s.oval(crank[0], crank[1], 0.09, 0.09, (70, 70, 70))
    if r.random() < 0.3:
        _rider(s, -0.2, 1.1)


def _rider(s: Stamp, x: float, seat: float) -> None:
    shirt, trousers = any_colour(s.r, (0.2, 1), (0.2, 1)), any_colour(s.r, (0, 0.5), (0.1, 0.5))
    skin = s.r.choice(((225, 180, 150), (150, 100, 70), (90, 60, 45)))
    s.line([(x, seat), (x + 0.32, seat - 0.3), (x + 0.15, seat - 0.75)], trousers, 0.13)
    s.line([(x, seat), (x + 0.25, seat + 0.55)], shirt, 0.24)
    s.line([(x + 0.22, seat + 0.48), (x + 0.5, seat + 0.08)], shirt, 0.09)
    s.oval(x + 0.32, seat + 0.76, 0.13, 0.15, skin)
    s.oval(x + 0.3, seat + 0.82, 0.14, 0.12, any_colour(s.r, (0, 1), (0.05, 0.9)))


def motorcycle(s: Stamp) -> None:
    r, radius = s.r, s.r.uniform(0.3, 0.37)
    s.shadow()
    paint, black = any_colour(r, (0.2, 1.0), (0.15, 0.95)), (r.randint(15, 45),) * 3
    for x in (0.62, -0.6):
        _spoked(s, x, radius, black, r.uniform(0.1, 0.16))
    s.polygon([(-0.3, 0.2), (0.25, 0.2), (0.3, 0.55), (-0.3, 0.55)], (80, 80, 85), 0.3)
    for k in range(3):
        s.line([(-0.1, 0.28 + 0.08 * k), (0.2, 0.28 + 0.08 * k)], (190, 190, 195), 0.025)
    s.line([(-0.6, radius), (0.1, 0.22)], black, 0.07)
    s.line([(0.62, radius), (0.4, 0.95)], (170, 170, 175), 0.06)
    s.polygon([(-0.05, 0.58), (0.38, 0.66), (0.32, 0.86), (0.02, 0.84)], paint, 0.3)
    s.polygon([(-0.75, 0.74), (-0.05, 0.6), (0.0, 0.76), (-0.4, 0.78), (-0.72, 0.88)], black)
    s.polygon([(-0.85, 0.7), (-0.4, 0.56), (-0.4, 0.68), (-0.85, 0.8)], paint)
    if r.random() < 0.5:
        s.polygon([(0.38, 0.55), (0.66, 0.7), (0.5, 1.0), (0.32, 0.95)], paint, 0.2)
    s.line([(0.4, 0.95), (0.22, 1.02)], black, 0.05)
    s.oval(0.5, 0.82, 0.08, 0.08, (235, 230, 210))
    s.line([(-0.1, 0.25), (-0.85, 0.3)], (185, 185, 190), 0.08)
    if r.random() < 0.3:
        _rider(s, -0.3, 0.85)


FURS: tuple[Colour, ...] = (
    (120, 85, 55), (60, 45, 35), (200, 170, 125), (235, 232, 225), (35, 33, 33), (150, 145, 140), (175, 110, 60),
)  # fmt: skip


def animal(s: Stamp) -> None:
    """On four legs: a body, a neck, a head with an ear, perhaps antlers, a tail."""
    r = s.r
    s.shadow(0.8)
    fur = lit(r.choice(FURS), r.uniform(0.7, 1.25))
    dark = lit(fur, 0.72)
    leg, thick, body = r.uniform(0.25, 0.75), r.uniform(0.06, 0.13), r.uniform(0.2, 0.34)
    y = leg + body * 0.8
    for x in (-0.42, 0.36):
        s.line([(x + 0.1, y), (x + 0.1 + r.uniform(-0.1, 0.1), 0.03)], dark, thick)
    s.oval(0, y, 0.58, body, fur)
    s.oval(-0.3, y + 0.02, 0.3, body * 1.05, fur)
    for x in (-0.46, 0.32):
        s.line([(x, y), (x + r.uniform(-0.1, 0.1), 0.0)], fur, thick)
    neck = r.uniform(0.1, 0.6)
    head = (0.5 + r.uniform(0.1, 0.3), y + body * 0.5 + neck)
    s.line([(0.4, y + body * 0.2), head], fur, r.uniform(0.16, 0.3))
    size = r.uniform(0.13, 0.22)
    s.oval(*head, size, size * 0.85, fur)
    s.oval(head[0] + size, head[1] - size * 0.3, size * r.uniform(0.5, 0.9), size * 0.45, lit(fur, 0.9))
    for x in (-0.5, 0.1):
        tip = (head[0] + x * size, head[1] + size * r.uniform(1.3, 2.2))
        s.polygon(
            [
                (head[0] + (x - 0.4) * size, head[1] + 0.5 * size),
                tip,
                (head[0] + (x + 0.5) * size, head[1] + 0.6 * size),
            ],
            dark,
        )
    s.oval(head[0] + size * 0.4, head[1] + size * 0.2, 0.025, 0.025, (10, 10, 10))
    if r.random() < 0.15:
        for x in (-0.3, 0.25):
            s.line(
                [(head[0], head[1] + size), (head[0] + x, head[1] + 0.5), (head[0] + x * 1.6, head[1] + 0.7)],
                (130, 105, 75),
                0.035,
            )
    tail = r.uniform(-0.3, 0.3)
    s.line([(-0.55, y + 0.05), (-0.75, y + tail), (-0.9, y + tail * 1.6)], fur, r.uniform(0.04, 0.1))
    for _ in range(r.choice((0, 0, 6))):
        s.oval(
            r.uniform(-0.45, 0.4),
            y + r.uniform(-0.6, 0.6) * body,
            r.uniform(0.03, 0.12),
            r.uniform(0.03, 0.08),
            dark,
        )


def face(s: Stamp) -> None:
    """The head of an animal or a person from the front, near."""
    r = s.r
    skin = lit(r.choice((*FURS, (225, 180, 150), (150, 100, 70))), r.uniform(0.8, 1.2))
    s.polygon([(-1.0, 0), (-0.5, 0.5), (0.5, 0.5), (1.0, 0)], any_colour(r, (0, 0.8), (0.1, 0.9)))
    for side in (-1, 1):
        s.polygon(
            [(side * 0.2, 1.5), (side * r.uniform(0.4, 0.75), r.uniform(1.4, 2.0)), (side * 0.58, 1.0)],
            lit(skin, 0.75),
        )
    s.oval(0, 1.0, 0.6, r.uniform(0.6, 0.75), skin)
    for side in (-1, 1):
        s.oval(side * 0.24, 1.1, 0.1, 0.08, (240, 235, 200))
        s.oval(side * 0.24, 1.1, 0.055, 0.07, (20, 18, 15))
    s.oval(0, 0.75, 0.24, 0.18, lit(skin, 1.2))
    s.polygon([(-0.08, 0.85), (0.08, 0.85), (0, 0.74)], lit(skin, 0.3))
    s.line([(-0.14, 0.64), (0, 0.6), (0.14, 0.64)], lit(skin, 0.35), 0.03)


def person(s: Stamp) -> None:
    r = s.r
    s.half *= 0.7
    s.shadow(0.4)
    skin = r.choice(((225, 180, 150), (150, 100, 70), (90, 60, 45)))
    shirt, trousers = any_colour(r, (0, 1), (0.1, 1)), any_colour(r, (0, 0.6), (0.05, 0.6))
    step, arm = r.uniform(0.05, 0.3), r.uniform(-0.2, 0.4)
    s.line([(-0.08, 1.0), (-step, 0.0)], trousers, 0.2)
    s.line([(0.08, 1.0), (step, 0.0)], lit(trousers, 0.85), 0.2)
    s.polygon([(-0.24, 1.72), (0.24, 1.72), (0.2, 0.95), (-0.2, 0.95)], shirt, 0.15)
    for side in (-1, 1):
        s.line(
            [(side * 0.24, 1.66), (side * (0.34 + 0.1 * arm), 1.3), (side * 0.3 + arm * 0.3, 1.0)],
            lit(shirt, 0.9),
            0.12,
        )
    s.oval(0, 1.95, 0.14, 0.18, skin)
    s.oval(0, 2.04, 0.16, 0.12, lit(r.choice(FURS), 0.7))


def bird(s: Stamp) -> None:
    r, plumage = s.r, any_colour(s.r, (0, 0.9), (0.1, 0.95))
    s.line([(0, 0.4), (0.02, 0)], (190, 140, 60), 0.04)
    s.line([(0.12, 0.4), (0.14, 0)], (190, 140, 60), 0.04)
    s.oval(0, 0.6, 0.5, r.uniform(0.22, 0.34), plumage, 0.3)
    s.oval(0.45, 0.95, 0.19, 0.18, lit(plumage, r.uniform(0.6, 1.3)))
    s.polygon([(0.6, 1.0), (0.85, 0.93), (0.6, 0.88)], (235, 170, 50))
    s.oval(0.5, 1.0, 0.03, 0.03, (10, 10, 10))
    s.polygon([(-0.4, 0.5), (-1.0, r.uniform(0.2, 0.6)), (-0.4, 0.7)], lit(plumage, 0.6))
    s.polygon([(0.2, 0.7), (-0.55, r.uniform(0.4, 1.5)), (-0.2, 0.5)], lit(plumage, 0.75))


def boat(s: Stamp) -> None:
    r = s.r
    hull = any_colour(r, (0, 1), (0.15, 1))
    s.polygon([(-0.9, 0.4), (1.0, 0.45), (0.7, 0), (-0.75, 0)], hull, 0.2)
    s.line([(-0.85, 0.3), (0.92, 0.35)], r.choice(((240, 240, 240), (150, 40, 40))), 0.05)
    if r.random() < 0.5:
        s.line([(0.05, 0.4), (0.05, 1.9)], (90, 80, 70), 0.03)
        s.polygon([(0.1, 1.85), (0.1, 0.5), (0.85, 0.55)], lit((240, 240, 235), r.uniform(0.7, 1)), 0.1)
        s.polygon([(0.0, 1.7), (0.0, 0.5), (-0.7, 0.55)], any_colour(r, (0, 0.8), (0.5, 1)))
    else:
        s.polygon([(-0.6, 0.42), (-0.6, 0.8), (0.2, 0.8), (0.35, 0.43)], (235, 235, 235), 0.15)
        for k in range(r.randint(2, 6)):
            s.polygon(
                [
                    (-0.52 + 0.15 * k, 0.58),
                    (-0.42 + 0.15 * k, 0.58),
                    (-0.42 + 0.15 * k, 0.7),
                    (-0.52 + 0.15 * k, 0.7),
                ],
                (40, 60, 80),
            )
        s.polygon([(-0.3, 0.8), (-0.3, 1.15), (-0.1, 1.15), (-0.1, 0.8)], any_colour(r, (0.3, 1), (0.3, 0.9)))


def plane(s: Stamp) -> None:
    r = s.r
    body = (
        lit((235, 238, 242), r.uniform(0.6, 1.0)) if r.random() < 0.7 else any_colour(r, (0, 1), (0.2, 0.9))
    )
    stripe = any_colour(r, (0.4, 1), (0.3, 0.9))
    s.foot -= s.half * r.uniform(0, 0.6)
    s.polygon([(-0.85, 0.55), (-0.98, 1.05), (-0.82, 1.05), (-0.62, 0.58)], stripe)
    s.polygon([(-0.95, 0.5), (-0.7, 0.36), (0.75, 0.34), (0.98, 0.44), (0.8, 0.58), (-0.6, 0.6)], body, 0.2)
    s.polygon([(0.15, 0.42), (-0.1, 0.42), (-0.45, r.uniform(0.0, 0.15)), (-0.3, 0.02)], lit(body, 0.75))
    s.polygon([(-0.72, 0.5), (-1.0, 0.42), (-1.0, 0.48), (-0.85, 0.56)], lit(body, 0.8))
    s.line([(-0.5, 0.52), (0.6, 0.5)], r.choice((stripe, (50, 60, 75))), 0.03)
    s.polygon([(0.72, 0.55), (0.86, 0.5), (0.78, 0.58)], (30, 35, 45))
    s.oval(-0.12, 0.26, 0.13, 0.06, lit(body, 0.6))


def bench(s: Stamp) -> None:
    wood, iron = lit((140, 95, 55), s.r.uniform(0.5, 1.4)), (s.r.randint(20, 90),) * 3
    s.shadow()
    for x in (-0.8, 0.8):
        s.line([(x, 0), (x, 0.45), (x - 0.05, 1.0)], iron, 0.06)
        s.line([(x + 0.15, 0), (x + 0.15, 0.45)], iron, 0.06)
    for y in (0.42, 0.5, 0.68, 0.8, 0.92):
        s.line([(-0.95, y), (0.95, y)], lit(wood, s.r.uniform(0.8, 1.2)), 0.07)


def ball(s: Stamp) -> None:
    r, colour = s.r, any_colour(s.r, (0, 1), (0.2, 1))
    s.shadow(0.7)
    s.oval(0, 0.7, 0.7, 0.7, lit(colour, 0.8))
    s.oval(-0.08, 0.78, 0.55, 0.55, colour)
    for _ in range(r.randint(0, 5)):
        a = r.uniform(0, 6.3)
        s.line(
            [
                (0.65 * math.cos(a), 0.7 + 0.65 * math.sin(a)),
                (0.65 * math.cos(a + 2), 0.7 + 0.65 * math.sin(a + 2)),
            ],
            lit(colour, 0.4),
            0.05,
        )
    s.oval(-0.25, 0.98, 0.1, 0.08, lit(colour, 1.6))


def sign(s: Stamp) -> None:
    r, board = s.r, any_colour(s.r, (0.3, 1), (0.4, 1))
    s.line([(0, 0), (0, 1.2)], (130, 130, 135), 0.07)
    sides = r.choice((3, 4, 4, 8, 24))
    for size, colour in ((0.6, (240, 240, 240)), (0.52, board), (0.3, (240, 240, 240))):
        turn = math.pi / 2 + (math.pi / sides if r.random() < 0.5 and sides == 4 else 0)
        s.polygon(
            [
                (
                    size * math.cos(turn + 2 * math.pi * k / sides),
                    1.4 + size * math.sin(turn + 2 * math.pi * k / sides),
                )
                for k in range(sides)
            ],
            colour,
        )
    s.line([(-0.15, 1.4), (0.15, 1.4)], (20, 20, 20), 0.08)


def cart(s: Stamp) -> None:
    """Two wheels and a box, yet no car: a pram, a hand cart, a trailer, a shopping trolley."""
    r, colour = s.r, any_colour(s.r, (0, 1), (0.1, 1))
    radius, low = r.uniform(0.12, 0.3), r.uniform(0.25, 0.5)
    s.shadow()
    high, wide = low + r.uniform(0.3, 0.9), r.uniform(0.4, 0.85)
    if r.random() < 0.4:  # a wire basket
        for k in range(8):
            x = -wide + 2 * wide * k / 7
            s.line([(x, low), (x * 1.1, high)], (140, 140, 145), 0.02)
        for k in range(5):
            s.line(
                [(-wide, low + (high - low) * k / 4), (wide, low + (high - low) * k / 4)],
                (140, 140, 145),
                0.025,
            )
    else:
        s.polygon([(-wide, low), (wide, low), (wide * 1.1, high), (-wide * 1.1, high)], colour, 0.2)
        for k in range(r.randint(0, 4)):
            y = low + (high - low) * (k + 1) / 5
            s.line([(-wide, y), (wide, y)], lit(colour, 0.6), 0.03)
    s.line([(wide, high), (wide + 0.35, high + 0.25)], (60, 60, 65), 0.05)
    for x in (-0.5, 0.5) if r.random() < 0.7 else (0.0,):
        _spoked(s, x, radius, (30, 30, 30), r.uniform(0.04, 0.09))


def wheel(s: Stamp) -> None:
    """A wheel or tyre by itself, or a pile of them."""
    r = s.r
    for _ in range(r.choice((1, 1, 2, 4))):
        x, y = r.uniform(-0.5, 0.5), r.uniform(0.4, 0.9)
        size = r.uniform(0.35, 0.6)
        s.oval(x, y, size, size, (r.randint(15, 50),) * 3)
        s.oval(x, y, size * 0.62, size * 0.62, (r.randint(60, 230),) * 3)
        for k in range(r.choice((0, 5, 6))):
            a = k * 1.2566
            s.line(
                [(x, y), (x + size * 0.55 * math.cos(a), y + size * 0.55 * math.sin(a))], (40, 40, 45), 0.07
            )
        s.oval(x, y, size * 0.15, size * 0.15, (90, 90, 95))


def household(s: Stamp) -> None:
    """A box that stands about: a cupboard, a telephone, a television, a suitcase, a crate."""
    r, colour = s.r, any_colour(s.r, (0, 0.9), (0.1, 0.95))
    high, deep = r.uniform(0.5, 1.8), r.uniform(0.05, 0.4)
    s.shadow()
    s.polygon([(-0.7, 0), (0.7, 0), (0.7, high), (-0.7, high)], colour, 0.1)
    s.polygon(
        [(-0.7, high), (0.7, high), (0.7 + deep, high + deep), (-0.7 + deep, high + deep)], lit(colour, 1.3)
    )
    s.polygon([(0.7, 0), (0.7 + deep, deep), (0.7 + deep, high + deep), (0.7, high)], lit(colour, 0.65))
    for _ in range(r.randint(0, 5)):
        x, y = r.uniform(-0.6, 0.3), r.uniform(0.05, 0.7) * high
        w, h = r.uniform(0.1, 0.3), r.uniform(0.1, 0.3) * high
        s.polygon([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], any_colour(r, (0, 0.6), (0.05, 1)))


def plant(s: Stamp) -> None:
    """A flower, a fruit or leaves from near."""
    r, petal, leaf = s.r, any_colour(s.r, (0.3, 1), (0.4, 1)), lit((70, 130, 55), s.r.uniform(0.5, 1.4))
    s.line([(0, 0), (0.05, 0.9)], leaf, 0.06)
    for side in (-1, 1):
        s.oval(side * 0.3, r.uniform(0.2, 0.6), 0.32, 0.13, leaf, side * 0.6)
    petals = r.randint(0, 9)
    for k in range(petals):
        a = 2 * math.pi * k / petals
        s.oval(
            0.05 + 0.35 * math.cos(a), 1.1 + 0.35 * math.sin(a), 0.3, 0.16, lit(petal, r.uniform(0.8, 1.1)), a
        )
    s.oval(0.05, 1.1, 0.26, 0.26, any_colour(r, (0.3, 1), (0.4, 1)))


def tree(s: Stamp) -> None:
    draw_tree(s.canvas, s.r, s.x, s.foot, s.half * 2)


def house(s: Stamp) -> None:
    wide, high = s.half * s.r.uniform(0.6, 1.2), s.half * s.r.uniform(0.6, 1.6)
    draw_front(s.canvas, s.r, s.x - wide, s.foot - high, s.x + wide, s.foot)


THINGS: dict[str, tuple[Callable[[Stamp], None], ...]] = {
    "bicycle": (bicycle,),
    "motorcycle": (motorcycle,),
    "animal": (animal, animal, face),
    "person": (person, person, face),
    "bird": (bird,),
    "boat": (boat,),
    "plane": (plane,),
    "house": (house,),
    "tree": (tree,),
    "bench": (bench,),
    "ball": (ball,),
    "sign": (sign,),
    "cart": (cart,),
    "wheel": (wheel,),
    "household": (household,),
    "plant": (plant,),
}
