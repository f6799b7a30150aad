"""What is no car: bicycles, motorcycles, houses, boats, planes, signs, carts, lone wheels and more.

Each function draws one thing with a `Stamp`; `THINGS` holds them all, creatures among them, by the kind that they are.
"""

import math
from collections.abc import Callable

from aiedge.train.datasets.canvas import Colour, any_colour, lit
from aiedge.train.datasets.creatures import animal, bird, face, person, rider
from aiedge.train.datasets.scenes import draw_front, draw_tree
from aiedge.train.datasets.stamp import Stamp


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
        rider(s, -0.2, 1.1)


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
        rider(s, -0.3, 0.85)


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
