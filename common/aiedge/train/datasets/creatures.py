"""Animals and people, which are no cars."""

from aiedge.train.datasets.canvas import Colour, any_colour, lit
from aiedge.train.datasets.stamp import Stamp

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


def rider(s: Stamp, x: float, seat: float) -> None:
    """Someone on a saddle at (x, seat)."""
    shirt, trousers = any_colour(s.r, (0.2, 1), (0.2, 1)), any_colour(s.r, (0, 0.5), (0.1, 0.5))
    skin = s.r.choice(((225, 180, 150), (150, 100, 70), (90, 60, 45)))
    s.line([(x, seat), (x + 0.32, seat - 0.3), (x + 0.15, seat - 0.75)], trousers, 0.13)
    s.line([(x, seat), (x + 0.25, seat + 0.55)], shirt, 0.24)
    s.line([(x + 0.22, seat + 0.48), (x + 0.5, seat + 0.08)], shirt, 0.09)
    s.oval(x + 0.32, seat + 0.76, 0.13, 0.15, skin)
    s.oval(x + 0.3, seat + 0.82, 0.14, 0.12, any_colour(s.r, (0, 1), (0.05, 0.9)))


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
