"""A pen for one thing of any size, place and slant."""

import math
from collections.abc import Sequence
from random import Random

from aiedge.train.datasets.canvas import Canvas, Colour, Point, lit


class Stamp:
    """Draws in a thing's own coordinates, x from −1 to 1, y from 0 at its foot upwards, onto a canvas.

    They are scaled so that the thing is 2 × `half` of the picture wide, its foot's middle at (x, foot), turned a little
    and perhaps mirrored.
    """

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
