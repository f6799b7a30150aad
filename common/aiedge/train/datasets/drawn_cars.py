"""Drawn pictures of cars and of other things, 96×96, for training and for a class with no network.

They vary in all that should not matter: view, size, place, colour, light, background, sharpness.
"""

import math
import sys
from random import Random

import numpy as np
from numpy.typing import NDArray

from aiedge.progress import tqdm
from aiedge.train.datasets.canvas import Canvas, any_colour, lit, photograph
from aiedge.train.datasets.car_model import draw_car
from aiedge.train.datasets.creatures import person
from aiedge.train.datasets.scenes import box, draw_scene, draw_texture, draw_tree
from aiedge.train.datasets.stamp import Stamp
from aiedge.train.datasets.things import THINGS

SIDE = 96
# What is no car, and how often.
OTHERS = {
    "bicycle": 12, "motorcycle": 10, "animal": 16, "person": 8, "bird": 5, "boat": 6, "plane": 5, "house": 8, "tree": 6,
    "bench": 3, "ball": 3, "sign": 4, "cart": 7, "wheel": 3, "household": 6, "plant": 4, "empty road": 12, "texture": 8,
}  # fmt: skip
GROUND = {"boat": "water", "empty road": "asphalt"}


def _occlude(canvas: Canvas, r: Random) -> None:
    """Something in front: a post, a trunk, a bush, a fence, someone who passes."""
    kind, x = r.randint(0, 4), r.choice((r.uniform(0, 0.25), r.uniform(0.75, 1), r.random()))
    if kind == 0:
        canvas.polygon(
            box(x, r.uniform(-0.2, 0.4), x + r.uniform(0.01, 0.06), 1), any_colour(r, (0, 0.5), (0.1, 0.8))
        )
    elif kind == 1:
        draw_tree(canvas, r, x, r.uniform(0.9, 1.3), r.uniform(0.6, 1.6))
    elif kind == 2:
        green = lit((60, 100, 45), r.uniform(0.5, 1.3))
        for _ in range(12):
            canvas.ellipse(
                x + r.uniform(-0.2, 0.2), r.uniform(0.85, 1.05), 0.08, 0.06, lit(green, r.uniform(0.7, 1.3))
            )
    elif kind == 3:
        bar, y = any_colour(r, (0, 0.4), (0.1, 0.95)), r.uniform(0.75, 0.9)
        for k in range(12):
            canvas.polygon(box(k * 0.09, y, k * 0.09 + 0.02, 1), bar)
        canvas.line([(0, y + 0.03), (1, y + 0.03)], bar, 0.015)
    else:
        person(Stamp(canvas, r, x, r.uniform(0.9, 1.1), r.uniform(0.2, 0.5)))


def _place(r: Random, clear: bool) -> tuple[float, float]:
    """How much of the picture a thing takes, and the room that is left to move it."""
    extent = r.choice((r.uniform(0.35, 0.7), r.uniform(0.6, 1.0), r.uniform(0.85, 1.5)))
    if clear:
        extent = min(max(extent, 0.6), 1.1)
    return extent, abs(1 - extent) / 2 * 0.8 + 0.06


def _car(canvas: Canvas, r: Random, clear: bool) -> str:
    horizon = draw_scene(canvas, r)
    extent, room = _place(r, clear)
    view = r.random()
    if view < 0.35:  # from a side
        azimuth = r.choice((-1, 1)) * math.pi / 2 + r.gauss(0, 0.12)
    elif view < 0.55:  # from an end
        azimuth = r.choice((0, math.pi)) + r.gauss(0, 0.15)
        extent *= 0.85
    else:
        azimuth = r.uniform(-math.pi, math.pi)
    x = 0.5 + r.uniform(-room, room)
    y = max(0.5 + r.uniform(-room, room) * 0.7, horizon + 0.02)
    draw_car(canvas, r, azimuth, x, y, extent, r.gauss(0, 0.05))
    if r.random() < 0.12 and not clear:
        _occlude(canvas, r)
    return "automobile"


def _other(canvas: Canvas, r: Random, clear: bool) -> str:
    kind = r.choices(list(OTHERS), list(OTHERS.values()))[0]
    if kind == "texture":
        draw_texture(canvas, r)
        return kind
    draw_scene(canvas, r, GROUND.get(kind) if r.random() < 0.85 else None)
    if kind in THINGS:
        for _ in range(r.choice((1, 1, 1, 1, 2, 3))):
            extent, room = _place(r, clear)
            foot = min(0.5 + extent * r.uniform(0.35, 0.55), 1.15)
            r.choice(THINGS[kind])(Stamp(canvas, r, 0.5 + r.uniform(-room, room), foot, extent / 2))
    if r.random() < 0.1 and not clear:
        _occlude(canvas, r)
    return kind


def draw_cars(
    n: int, seed: int = 0, progress: bool = False, clear: bool = False
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.str_]]:
    """Draw `n` pictures, half of them cars: images uint8 [n, 96, 96, 3], labels int64 [n] (1 is a car), kinds [n].

    In `clear` ones the thing fills most of the picture, is rather sharp, and nothing is in front of it. Picture i
    depends on these, `seed` and i alone; no two seeds share a picture.

    >>> images, labels, kinds = draw_cars(4, seed=1)
    >>> images.shape, labels.tolist(), kinds[1].item()
    ((4, 96, 96, 3), [0, 1, 0, 1], 'automobile')
    """
    images = np.empty((n, SIDE, SIDE, 3), dtype=np.uint8)
    kinds = []
    for i in tqdm(
        range(n), "drawing", unit="picture", delay=2, leave=False, file=sys.stdout, disable=not progress
    ):
        r = Random(f"{seed}:{i}")
        canvas = Canvas(SIDE * r.choice((1, 2, 2, 2)))
        kinds.append((_car if i % 2 else _other)(canvas, r, clear))
        if r.random() < 0.1 and not clear:  # light and shadow across the whole picture
            canvas.blend(
                [(r.random(), 0), (r.uniform(0, 1.5), 0), (r.random(), 1), (r.uniform(-0.5, 1), 1)],
                (0, 0, 0),
                0.35,
                0.01,
            )
        images[i] = photograph(canvas, r, SIDE, clear)
    return images, (np.arange(n) % 2).astype(np.int64), np.array(kinds)
