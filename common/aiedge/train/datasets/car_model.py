"""A car as a shape in space: a profile drawn out to the car's width, with glass, lights, doors and wheels on it.

Seen by a `Camera`, it gives side, front, rear and three-quarter views alike. x runs forward, y to the left, z up,
in metres; the middle of the car is the origin of x and y, the road is z = −height/2.
"""

import math
from itertools import pairwise
from random import Random

import numpy as np

from aiedge.train.datasets.canvas import Camera, Canvas, Colour, Point, lit, mix
from aiedge.train.datasets.car_shapes import Car, random_car


class _Painter:
    """Draws the faces of one car that the camera sees."""

    def __init__(self, canvas: Canvas, camera: Camera, car: Car, r: Random):
        self.canvas, self.camera, self.car, self.r = canvas, camera, car, r
        angle = r.uniform(0, 2 * math.pi)
        self.sun = np.array([math.cos(angle) * 0.6, math.sin(angle) * 0.6, 0.75])
        self.ambient = r.uniform(0.35, 0.65)
        self.gloss = r.uniform(0.1, 0.5)
        self.line = r.uniform(0.003, 0.009)

    def at(self, points: list[tuple[float, float, float]]) -> list[Point]:
        below = self.car.height / 2
        return self.camera.project([(x, y, z - below) for x, y, z in points])

    def seen(self, normal: tuple[float, float, float], point: tuple[float, float, float]) -> bool:
        return self.camera.faces(normal, (point[0], point[1], point[2] - self.car.height / 2))

    def light(self, normal: tuple[float, float, float]) -> float:
        n = np.asarray(normal) / math.hypot(*normal)
        return self.ambient + (1.05 - self.ambient) * max(0.0, float(n @ self.sun)) + 0.12 * float(n[2])

    def face(
        self, points: list[tuple[float, float, float]], colour: Colour, normal: tuple[float, float, float]
    ) -> None:
        light = self.light(normal)
        spread = self.gloss * self.r.uniform(0.3, 1.0)
        self.canvas.shade(
            self.at(points), lit(colour, light * (1 + spread)), lit(colour, light * (1 - spread))
        )

    def disc(
        self, x: float, y: float, z: float, radius: float, start: float = 0.0, end: float = 2 * math.pi
    ) -> list[Point]:
        steps = np.linspace(start, end, 18)
        return self.at([(x + radius * math.cos(a), y, z + radius * math.sin(a)) for a in steps])


def _rounded(points: list[Point]) -> list[Point]:
    """A polygon with its corners cut off (Chaikin's rule)."""
    cut = []
    for (ax, ay), (bx, by) in pairwise([*points, points[0]]):
        cut += [(ax + (bx - ax) * q, ay + (by - ay) * q) for q in (0.12, 0.88)]
    return cut


def _hull(points: list[Point]) -> list[Point]:
    """The convex hull, by Andrew's monotone chain."""

    def half(ordered: list[Point]) -> list[Point]:
        chain: list[Point] = []
        for p in ordered:
            while len(chain) > 1:
                (ax, ay), (bx, by) = chain[-2], chain[-1]
                if (bx - ax) * (p[1] - ay) - (by - ay) * (p[0] - ax) > 0:
                    break
                chain.pop()
            chain.append(p)
        return chain[:-1]

    ordered = sorted(points)
    return half(ordered) + half(ordered[::-1])


def _wheels(paint: _Painter, side: int, outer: bool) -> None:
    """The wheels of one side (1: left): their tyres, and rims where the outside is seen."""
    car, canvas, r = paint.car, paint.canvas, paint.r
    y = side * (car.width / 2 - 0.02)
    tyre = (r.randint(12, 40),) * 3
    rim = (r.randint(90, 230),) * 3
    style, spokes, turn = r.choice(("spokes", "plate", "spokes")), r.choice((5, 5, 6, 7, 10)), r.random()
    gap, part = r.uniform(0.3, 0.6), r.uniform(0.58, 0.74)
    for x in (0.315 * car.length, -0.305 * car.length):
        if outer:
            canvas.polygon(paint.disc(x, y, car.wheel + 0.02, car.wheel * 1.16), (14, 14, 15))
        near = paint.disc(x, y, car.wheel, car.wheel)
        canvas.polygon(_hull(near + paint.disc(x, y - side * 0.2, car.wheel, car.wheel)), tyre)
        if not outer:
            continue
        canvas.polygon(near, lit(tyre, 1.2))
        canvas.polygon(paint.disc(x, y, car.wheel, car.wheel * part), rim)
        if style == "spokes":
            for k in range(spokes):
                a = turn + 2 * math.pi * k / spokes
                b = 2 * math.pi / spokes * gap / 2
                reach = (0.22, 0.9)
                wedge = [(x + car.wheel * part * q * math.cos(a + t), y, car.wheel * (1 + part * q * math.sin(a + t)))
                         for q, t in ((reach[0], -b), (reach[1], -b), (reach[1], b), (reach[0], b))]  # fmt: skip
                canvas.polygon(paint.at(wedge), lit(rim, 0.3))
        else:
            canvas.polygon(paint.disc(x, y, car.wheel, car.wheel * part * 0.55), lit(rim, 0.75))
        canvas.polygon(paint.disc(x, y, car.wheel, car.wheel * 0.13), lit(rim, 0.6))


def _side(paint: _Painter, side: int) -> None:
    """One side of the body: its panel, windows, doors, sill and mirror."""
    car, canvas, r = paint.car, paint.canvas, paint.r
    y, top = side * car.width / 2, side * car.width / 2 * car.narrowing
    half = car.length / 2
    bottom, belt = car.clearance, car.belt
    panel = [
        (half * 0.95, y, bottom), (half, y, car.bonnet * 0.55), (half * 0.96, y, car.bonnet * 0.9),
        (car.windscreen, y, max(car.bonnet, belt * 0.98)), (car.windscreen, y, belt), (car.rear_window, y, belt),
        (car.rear_window, y, max(car.boot, belt * 0.98)), (-half * 0.97, y, car.boot * 0.93),
        (-half, y, car.boot * 0.6), (-half * 0.96, y, bottom),
    ]  # fmt: skip
    paint.face(panel, car.paint, (0, side, 0.15))
    cabin = [(car.windscreen, y, belt), (car.roof_front, top, car.height), (car.roof_rear, top, car.height),
             (car.rear_window, y, belt)]  # fmt: skip
    paint.face(cabin, car.paint, (0, side, 0.5))

    def inside(x: float, z: float) -> tuple[float, float, float]:
        """A place on the cabin's side: z from 0 at the belt to 1 at the roof."""
        return x, y + (top - y) * z, belt + (car.height - belt) * z

    def front(z: float) -> float:
        return car.windscreen + (car.roof_front - car.windscreen) * z - 0.05 * car.length * 0.6

    def rear(z: float) -> float:
        return car.rear_window + (car.roof_rear - car.rear_window) * z + 0.05 * car.length * 0.6

    low, high = r.uniform(0.03, 0.12), r.uniform(0.8, 0.92)
    doors = 1 if car.shape in ("sports", "mini") and r.random() < 0.7 else 2
    pillars = [0.5] if doors == 1 else [0.36, 0.72] if car.shape in ("wagon", "suv", "van") else [0.48]
    edges = [0.0, *pillars, 1.0]
    for left, right in pairwise(edges):
        gap = 0.012 if left else 0.0
        pane = []
        for part, z in ((left + gap, low), (left + gap, high), (right, high), (right, low)):
            pane.append(inside(front(z) + (rear(z) - front(z)) * part, z))
        glass = mix(car.glass, (150, 170, 190), r.uniform(0, 0.25))
        places = _rounded(paint.at(pane))
        canvas.shade(places, lit(glass, r.uniform(0.9, 1.9)), glass)
        if r.random() < 0.4:  # a seat or a head behind it
            x, z = front(0.3) + (rear(0.3) - front(0.3)) * (left + right) / 2, r.uniform(0.4, 0.7)
            canvas.polygon(
                paint.at(
                    [inside(x - 0.1, low), inside(x - 0.1, z), inside(x + 0.12, z), inside(x + 0.14, low)]
                ),
                lit(glass, 0.5),
            )
    seam = lit(car.paint, 0.55)
    for x in [car.windscreen - 0.06 * car.length, *(front(0) + (rear(0) - front(0)) * p for p in pillars)]:
        canvas.line(paint.at([(x, y, belt), (x - 0.03, y, bottom + 0.1)]), seam, paint.line)
        canvas.line(
            paint.at([(x - 0.25, y, belt - 0.12), (x - 0.42, y, belt - 0.12)]),
            lit(car.paint, r.choice((0.5, 1.5))),
            paint.line * 1.5,
        )
    if r.random() < 0.5:  # the ground and the sky in the paint
        z = r.uniform(0.4, 0.8) * belt
        band = [
            (half * 0.97, y, z),
            (-half * 0.97, y, z),
            (-half * 0.95, y, bottom),
            (half * 0.95, y, bottom),
        ]
        canvas.blend(
            paint.at(band),
            r.choice(((20, 20, 22), (120, 115, 105))),
            r.uniform(0.1, 0.4),
            r.choice((0.0, 0.01)),
        )
    if r.random() < 0.6:
        z = r.uniform(0.45, 0.8) * belt
        canvas.line(
            paint.at([(half * 0.9, y, z), (-half * 0.9, y, z + 0.05)]),
            lit(car.paint, r.choice((0.7, 1.3))),
            paint.line,
        )
    sill = [
        (half * 0.93, y, bottom),
        (-half * 0.93, y, bottom),
        (-half * 0.93, y, bottom + 0.08),
        (half * 0.93, y, bottom + 0.08),
    ]
    canvas.polygon(paint.at(sill), lit(car.paint, 0.35) if r.random() < 0.6 else (30, 30, 30))
    if r.random() < 0.7:  # the lamps reach round the corners
        z = car.bonnet * 0.74
        canvas.polygon(
            paint.at([(half * 0.985, y, z - 0.07), (half * 0.97, y, z + 0.08), (half * 0.84, y, z + 0.08)]),
            (225, 228, 232),
        )
        z = car.boot * 0.8
        canvas.polygon(
            paint.at([(-half * 0.99, y, z - 0.1), (-half * 0.97, y, z + 0.08), (-half * 0.87, y, z + 0.06)]),
            (170, 20, 25),
        )
    mirror = (car.windscreen - 0.09 * car.length, y * 1.08, belt + 0.05)
    x, my, z = mirror
    canvas.polygon(
        paint.at(
            [
                (x + 0.1, my, z - 0.06),
                (x + 0.06, my, z + 0.1),
                (x - 0.1, my, z + 0.1),
                (x - 0.1, my, z - 0.06),
            ]
        ),
        lit(car.paint, 0.8),
    )


def _end(paint: _Painter, end: int) -> None:
    """The front (1) or the rear (−1): bumper, lamps, number plate, and grille."""
    car, canvas, r = paint.car, paint.canvas, paint.r
    x, w = end * car.length / 2, car.width / 2
    edge = car.bonnet * 0.9 if end > 0 else car.boot * 0.93
    middle = edge * 0.62
    paint.face(
        [(x * 0.96, -w, edge), (x * 0.96, w, edge), (x, w, middle), (x, -w, middle)],
        car.paint,
        (end, 0, 0.15),
    )
    paint.face([(x, -w, middle), (x, w, middle), (x * 0.96, w, car.clearance), (x * 0.96, -w, car.clearance)],
               car.paint, (end, 0, -0.2))  # fmt: skip

    def patch(left: float, right: float, low: float, high: float, colour: Colour, slant: float = 0.0) -> None:
        """A patch on the end: `left` and `right` in parts of the half width, heights in parts of the edge."""
        s = slant * (high - low)
        corners = [(x * 1.004, left * w, low * edge), (x * 1.004, right * w, (low + s) * edge),
                   (x * 0.985, right * w, high * edge), (x * 0.985, left * w, (high - s) * edge)]  # fmt: skip
        canvas.polygon(paint.at(corners), colour)

    dark = (r.randint(10, 45),) * 3
    if end > 0:
        reach, low, high = r.uniform(0.3, 0.66), r.uniform(0.52, 0.66), r.uniform(0.8, 0.9)
        patch(-reach, reach, low, high, dark)
        if r.random() < 0.7:
            bright = (r.randint(130, 220),) * 3
            for k in range(1, r.randint(2, 5)):
                z = low + (high - low) * k / 4
                canvas.line(
                    paint.at([(x, -reach * w, z * edge), (x, reach * w, z * edge)]), bright, paint.line
                )
        if r.random() < 0.7:
            patch(-r.uniform(0.5, 0.85), r.uniform(0.5, 0.85), 0.3, r.uniform(0.4, 0.5), dark)
        lamp = r.choice(((240, 240, 235), (205, 210, 218), (250, 245, 215), (150, 155, 165)))
        inner, slant = max(reach + 0.03, r.uniform(0.45, 0.66)), r.uniform(-0.2, 0.4)
        low, high = r.uniform(0.6, 0.7), r.uniform(0.82, 0.95)
        for side in (-1, 1):
            if car.shape in ("oldtimer", "mini") and r.random() < 0.9:
                steps = np.linspace(0, 2 * math.pi, 14)
                y, z = side * w * 0.74, edge * 0.76
                canvas.polygon(
                    paint.at([(x, y + 0.13 * math.cos(a), z + 0.13 * math.sin(a)) for a in steps]), lamp
                )
            else:
                patch(side * inner, side * 0.97, low, high, lamp, slant)
                patch(side * (inner + 0.06), side * (inner + 0.16), low + 0.06, high - 0.06, lit(lamp, 0.6))
    else:
        red = (r.randint(140, 220), r.randint(5, 40), r.randint(10, 45))
        inner, low, high = r.uniform(0.5, 0.85), r.uniform(0.5, 0.72), r.uniform(0.86, 0.99)
        for side in (-1, 1):
            patch(side * inner, side * 0.98, low, high, red)
            if r.random() < 0.5:
                patch(side * inner, side * 0.98, low + 0.05, low + 0.12, (235, 200, 180))
        canvas.line(
            paint.at([(x, -0.9 * w, 0.5 * edge), (x, 0.9 * w, 0.5 * edge)]), lit(car.paint, 0.55), paint.line
        )
    if r.random() < 0.85:
        plate = r.choice(((240, 240, 240), (240, 240, 240), (235, 200, 60), (60, 70, 110)))
        z = r.uniform(0.3, 0.42) if end > 0 else r.uniform(0.36, 0.66)
        patch(-0.29, 0.29, z, z + 0.13, plate)
        canvas.line(
            paint.at([(x * 1.004, -0.2 * w, (z + 0.065) * edge), (x * 1.004, 0.2 * w, (z + 0.065) * edge)]),
            lit(plate, 0.35),
            paint.line * 1.5,
        )
    patch(-0.9, 0.9, car.clearance / edge, car.clearance / edge + 0.09, dark)


def _strip(
    paint: _Painter, a: tuple[float, float, float], b: tuple[float, float, float], glass: bool
) -> None:
    """A face across the car between two lines, each (x, half width, z); glass leaves a rim of paint."""
    car, canvas = paint.car, paint.canvas
    (xa, wa, za), (xb, wb, zb) = a, b
    normal = (za - zb, 0.0, xb - xa) if xb > xa else (zb - za, 0.0, xa - xb)
    if not paint.seen(normal, (xa, 0, za)):
        return
    paint.face([(xa, -wa, za), (xa, wa, za), (xb, wb, zb), (xb, -wb, zb)], car.paint, normal)
    if glass:
        pane = []
        for part, side in ((0.06, -1), (0.06, 1), (0.9, 1), (0.9, -1)):
            w = (wa + (wb - wa) * part) * 0.93
            pane.append((xa + (xb - xa) * part, side * w, za + (zb - za) * part))
        places = _rounded(paint.at(pane))
        canvas.shade(
            places, lit(car.glass, paint.r.uniform(1.0, 2.2)), lit(car.glass, paint.r.uniform(0.8, 1.3))
        )
        if paint.r.random() < 0.4:  # the sky in it
            (ax, ay), (bx, by), part = places[1], places[4], paint.r.uniform(0.2, 0.8)
            middle = (ax + (bx - ax) * part, ay + (by - ay) * part)
            canvas.blend([places[0], places[2], middle], (200, 215, 230), paint.r.uniform(0.1, 0.5))


def draw_car(
    canvas: Canvas, r: Random, azimuth: float, x: float, y: float, extent: float, roll: float = 0.0
) -> None:
    """Draw a random car from `azimuth` (0: from the front, π/2: from its left, π: from behind; radians).

    Its middle lies at (x, y) and its longer side takes `extent` of the picture.
    """
    car = random_car(r)
    half, w, h = car.length / 2, car.width / 2, car.height / 2
    elevation = r.choice((r.uniform(0.0, 0.12), r.uniform(0.03, 0.2), r.uniform(0.1, 0.4)))
    camera = Camera(azimuth, elevation, r.uniform(5.5, 16), roll)
    corners = [(sx * half, sy * w, sz * h) for sx in (-1, 1) for sy in (-1, 1) for sz in (-1, 1)]
    camera.fit(np.array(corners), x, y, extent)
    paint = _Painter(canvas, camera, car, r)
    ground = [(sx * half * 1.06, sy * w * 1.1, -h) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    canvas.blend(camera.project(ground), (10, 10, 14), r.uniform(0.3, 0.85), r.uniform(0.0, 0.03) * extent)
    near = 1 if camera.eye[1] > 0 else -1
    _wheels(paint, -near, False)
    _wheels(paint, near, False)
    under = [
        (sx * half * 0.9, sy * w * 0.95, car.clearance) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    canvas.polygon(paint.at(under), (12, 12, 14))
    top = w * car.narrowing
    far_end = -1 if camera.eye[0] > 0 else 1
    strips = [
        ((car.windscreen, w, max(car.bonnet, car.belt * 0.98)), (half * 0.96, w, car.bonnet * 0.9), False),
        ((-half * 0.97, w, car.boot * 0.93), (car.rear_window, w, max(car.boot, car.belt * 0.98)), False),
        ((car.roof_front, top, car.height), (car.windscreen, w, car.belt), True),
        ((car.roof_rear, top, car.height), (car.rear_window, w, car.belt), True),
        ((car.roof_rear, top, car.height), (car.roof_front, top, car.height), False),
    ]
    for a, b, glass in strips:
        _strip(paint, a, b, glass)
    if paint.seen((0, near, 0), (0, near * w, 0)):
        _side(paint, near)
        _wheels(paint, near, True)
    if paint.seen((-far_end, 0, 0), (-far_end * half, 0, 0)):
        _end(paint, -far_end)
