"""The measures and colours of a random car."""

from dataclasses import dataclass
from random import Random

from aiedge.train.datasets.canvas import Colour, any_colour

# Length, width, height in metres; bonnet and boot heights in parts of the height; then where, in parts of the length
# (0.5 is the front), the windscreen begins, the roof begins and ends, and the rear window ends.
SHAPES = {
    "hatchback": (3.9, 1.72, 1.47, 0.62, 0.66, 0.24, 0.06, -0.36, -0.47),
    "sedan": (4.6, 1.80, 1.45, 0.62, 0.68, 0.20, 0.04, -0.19, -0.34),
    "wagon": (4.6, 1.80, 1.48, 0.62, 0.66, 0.21, 0.06, -0.41, -0.48),
    "suv": (4.4, 1.88, 1.70, 0.64, 0.66, 0.22, 0.08, -0.38, -0.48),
    "van": (4.4, 1.85, 1.80, 0.56, 0.58, 0.34, 0.18, -0.43, -0.48),
    "sports": (4.4, 1.86, 1.26, 0.60, 0.70, 0.15, -0.04, -0.20, -0.42),
    "mini": (3.3, 1.62, 1.50, 0.60, 0.62, 0.28, 0.12, -0.38, -0.47),
    "oldtimer": (4.5, 1.75, 1.52, 0.64, 0.64, 0.16, 0.06, -0.18, -0.32),
}


@dataclass
class Car:
    """The measures and colours of one car."""

    length: float
    width: float
    height: float
    belt: float
    bonnet: float
    boot: float
    windscreen: float
    roof_front: float
    roof_rear: float
    rear_window: float
    clearance: float
    narrowing: float
    wheel: float
    paint: Colour
    glass: Colour
    shape: str


def random_car(r: Random) -> Car:
    """A car of a random shape, with its measures varied by some per cent."""
    shape = r.choice(list(SHAPES))
    length, width, height, bonnet, boot, screen, front, rear, window = SHAPES[shape]

    def near(value: float, part: float = 0.05) -> float:
        return value * r.uniform(1 - part, 1 + part)

    length, width, height = near(length), near(width), near(height, 0.07)
    bonnet, boot = near(bonnet) * height, near(boot) * height
    dull = r.random()
    if dull < 0.45:  # white, silver, grey, black
        grey = r.choice((245, 225, 190, 160, 110, 60, 35, 22))
        paint = (grey, grey, min(255, grey + r.randint(-4, 8)))
    else:
        paint = any_colour(r, (0.45, 1.0), (0.3, 0.95))
    tint = r.randint(18, 110)
    return Car(
        length, width, height, max(bonnet, boot) * r.uniform(0.97, 1.03), bonnet, boot,
        (screen + r.uniform(-0.03, 0.03)) * length, (front + r.uniform(-0.03, 0.03)) * length,
        (rear + r.uniform(-0.03, 0.03)) * length, window * length,
        r.uniform(0.15, 0.24) + (0.06 if shape == "suv" else 0), r.uniform(0.74, 0.9),
        r.uniform(0.29, 0.36) * (height / 1.47) ** 0.5, paint, (tint, tint + r.randint(0, 8), tint + r.randint(0, 14)),
        shape,
    )  # fmt: skip
