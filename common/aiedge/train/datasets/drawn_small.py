"""Small drawn pictures in place of CIFAR-10 (ten classes at 32×32) and MNIST (digits at 28×28)."""

import math
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from aiedge.progress import tqdm
from aiedge.train.datasets.canvas import Canvas, Colour, any_colour, lit, noise, photograph
from aiedge.train.datasets.car_model import draw_car
from aiedge.train.datasets.creatures import bird
from aiedge.train.datasets.scenes import draw_scene
from aiedge.train.datasets.stamp import Stamp
from aiedge.train.datasets.things import boat, plane

Drawn = tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.str_]]

SIDE, DIGIT_SIDE = 32, 28
FONTS = (
    "DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans-Oblique.ttf", "DejaVuSerif.ttf", "DejaVuSerif-Italic.ttf",
    "DejaVuSansMono.ttf", "STIXGeneral.ttf", "STIXGeneralItalic.ttf", "cmss10.ttf", "cmtt10.ttf",
)  # fmt: skip


def _legs(s: Stamp, fur: Colour, height: float, body: float, thick: float) -> float:
    """A body on four legs; returns the height of its middle."""
    y = height + body * 0.8
    for x, light in ((-0.36, 0.7), (0.42, 0.7), (-0.46, 1.0), (0.32, 1.0)):
        s.line([(x, y), (x + s.r.uniform(-0.1, 0.1), 0)], lit(fur, light), thick)
    s.oval(0, y, 0.56, body, fur)
    return y


def cat(s: Stamp) -> None:
    """Pointed ears, whiskers, a long tail; often only the face."""
    r = s.r
    fur = lit(
        r.choice(((60, 58, 58), (205, 130, 60), (150, 145, 140), (230, 225, 215), (110, 90, 70))),
        r.uniform(0.7, 1.2),
    )
    x, y, size = 0.0, 0.8, 0.65
    if r.random() < 0.5:
        y = _legs(s, fur, 0.25, 0.26, 0.12) + 0.35
        s.line([(-0.5, 0.45), (-0.8, 0.8), (-0.75, 1.25)], fur, 0.12)
        x, size = 0.55, 0.36
    for side in (-1, 1):
        tip = [
            (x + side * size * 0.25, y + size * 0.7),
            (x + side * size * 0.85, y + size * 1.6),
            (x + side * size, y + size * 0.3),
        ]
        s.polygon(tip, lit(fur, 0.7))
    s.oval(x, y, size, size * 0.85, fur)
    for side in (-1, 1):
        s.oval(x + side * size * 0.42, y + size * 0.15, size * 0.2, size * 0.16, (150, 200, 70))
        s.oval(x + side * size * 0.42, y + size * 0.15, size * 0.07, size * 0.16, (10, 10, 10))
        for k in (-1, 1):
            s.line(
                [
                    (x + side * size * 0.2, y - size * 0.3),
                    (x + side * size * 1.2, y - size * (0.3 + 0.15 * k)),
                ],
                (240, 240, 240),
                0.03,
            )
    s.polygon(
        [(x - size * 0.12, y - size * 0.15), (x + size * 0.12, y - size * 0.15), (x, y - size * 0.32)],
        (225, 140, 140),
    )


def dog(s: Stamp) -> None:
    """Hanging ears, a muzzle, a tongue."""
    r = s.r
    fur = lit(
        r.choice(((120, 80, 45), (215, 180, 130), (40, 36, 35), (235, 230, 220), (165, 110, 60))),
        r.uniform(0.75, 1.2),
    )
    x, y, size = 0.0, 0.8, 0.6
    if r.random() < 0.5:
        y = _legs(s, fur, 0.35, 0.24, 0.14) + 0.35
        s.line([(-0.5, 0.6), (-0.85, 0.95)], fur, 0.14)
        x, size = 0.55, 0.34
    s.oval(x, y, size * 0.9, size, fur)
    s.oval(x, y - size * 0.45, size * 0.55, size * 0.45, lit(fur, 1.35))
    for side in (-1, 1):
        s.oval(x + side * size * 0.95, y - size * 0.05, size * 0.3, size * 0.75, lit(fur, 0.5), side * 0.2)
        s.oval(x + side * size * 0.35, y + size * 0.25, size * 0.11, size * 0.13, (15, 12, 10))
    s.oval(x, y - size * 0.2, size * 0.2, size * 0.15, (15, 12, 12))
    if r.random() < 0.6:
        s.oval(x, y - size * 0.85, size * 0.16, size * 0.28, (225, 90, 100))


def deer(s: Stamp) -> None:
    """Slim and brown, with antlers or a spotted back."""
    r = s.r
    fur = lit((160, 110, 65), r.uniform(0.65, 1.3))
    y = _legs(s, fur, 0.65, 0.22, 0.07)
    head = (0.66, y + 0.6)
    s.line([(0.42, y), head], fur, 0.17)
    s.oval(head[0] + 0.08, head[1], 0.2, 0.11, fur, -0.4)
    for x in (-0.3, -0.05, 0.2):
        s.oval(x, y + 0.08, 0.06, 0.04, (240, 225, 200))
    s.oval(-0.56, y + 0.06, 0.07, 0.1, (245, 240, 230))
    antler = lit((215, 190, 150), r.uniform(0.6, 1.1))
    for side in (-1, 1):
        s.line(
            [
                (head[0], head[1] + 0.08),
                (head[0] + side * 0.22, head[1] + 0.4),
                (head[0] + side * 0.15, head[1] + 0.7),
            ],
            antler,
            0.05,
        )
        s.line(
            [(head[0] + side * 0.2, head[1] + 0.36), (head[0] + side * 0.42, head[1] + 0.55)], antler, 0.05
        )


def horse(s: Stamp) -> None:
    """Heavy and long-headed, with hair on its neck and a full tail."""
    r = s.r
    fur = lit(r.choice(((110, 62, 35), (50, 38, 32), (190, 185, 180), (150, 90, 50))), r.uniform(0.75, 1.25))
    hair = lit(fur, r.choice((0.4, 1.7)))
    y = _legs(s, fur, 0.55, 0.3, 0.12)
    head = (0.7, y + 0.6)
    s.line([(0.38, y + 0.02), head], fur, 0.32)
    s.line([head, (head[0] + 0.25, head[1] - 0.28)], fur, 0.2)
    s.line([(0.22, y + 0.22), (0.56, y + 0.78)], hair, 0.15)
    s.polygon(
        [(head[0] - 0.06, head[1] + 0.08), (head[0], head[1] + 0.3), (head[0] + 0.1, head[1] + 0.08)], fur
    )
    s.line([(-0.52, y + 0.12), (-0.75, y - 0.1), (-0.78, y - 0.55)], hair, 0.17)
    if r.random() < 0.3:
        s.polygon(
            [(-0.18, y + 0.32), (0.18, y + 0.32), (0.14, y - 0.02), (-0.14, y - 0.02)],
            any_colour(r, (0.4, 1), (0.3, 0.9)),
        )


def frog(s: Stamp) -> None:
    """Squat, mostly green, with eyes on top and folded legs."""
    r = s.r
    skin = lit(r.choice(((90, 150, 50), (60, 120, 60), (125, 130, 55), (150, 105, 60))), r.uniform(0.7, 1.3))
    for side in (-1, 1):
        s.oval(side * 0.62, 0.3, 0.36, 0.24, lit(skin, 0.75), side * 0.5)
        s.line([(side * 0.3, 0.25), (side * 0.42, 0.02), (side * 0.66, 0.02)], lit(skin, 0.85), 0.12)
    s.oval(0, 0.45, 0.62, 0.42, skin)
    s.oval(0, 0.3, 0.42, 0.24, lit(skin, 1.45))
    for side in (-1, 1):
        s.oval(side * 0.32, 0.86, 0.19, 0.18, skin)
        s.oval(side * 0.32, 0.89, 0.12, 0.12, (235, 210, 80))
        s.oval(side * 0.32, 0.89, 0.06, 0.08, (10, 10, 10))
    s.line([(-0.4, 0.55), (0, 0.47), (0.4, 0.55)], lit(skin, 0.4), 0.05)
    for _ in range(r.randint(0, 6)):
        s.oval(r.uniform(-0.45, 0.45), r.uniform(0.5, 0.8), 0.06, 0.05, lit(skin, 0.6))


def truck(s: Stamp) -> None:
    """A cab before a tall load, on three axles or two."""
    r = s.r
    cab, load = any_colour(r, (0, 1), (0.25, 1)), any_colour(r, (0, 0.8), (0.3, 1))
    s.shadow()
    s.polygon([(-1.0, 0.2), (0.95, 0.2), (0.95, 0.32), (-1.0, 0.32)], (35, 35, 38))
    top = r.uniform(0.95, 1.35)
    s.polygon([(-1.0, 0.32), (0.38, 0.32), (0.38, top), (-1.0, top)], load, 0.15)
    for k in range(r.choice((0, 0, 5))):
        x = -0.9 + 0.24 * k
        s.line([(x, 0.36), (x, top - 0.04)], lit(load, 0.7), 0.03)
    roof = r.uniform(0.85, 1.1)
    s.polygon([(0.44, 0.25), (1.0, 0.25), (1.0, 0.62), (0.9, roof), (0.44, roof)], cab, 0.15)
    s.polygon([(0.62, 0.64), (0.97, 0.64), (0.88, roof - 0.08), (0.62, roof - 0.08)], (45, 60, 75))
    s.oval(0.97, 0.38, 0.05, 0.06, (240, 235, 200))
    for x in (0.7, -0.7, -0.35) if r.random() < 0.6 else (0.7, -0.62):
        s.oval(x, 0.17, 0.19, 0.19, (18, 18, 18))
        s.oval(x, 0.17, 0.09, 0.09, (170, 170, 172))


# Each class, and the grounds it is found on; None is any place.
CLASSES: tuple[tuple[str, Callable[[Stamp], None] | None, tuple[str | None, ...]], ...] = (
    ("airplane", plane, (None, "asphalt", "grass")), ("automobile", None, (None, "asphalt", "asphalt")),
    ("bird", bird, (None, "grass", "water")), ("cat", cat, (None, None, "grass")),
    ("deer", deer, ("grass", "grass", "snow")), ("dog", dog, (None, "grass", "sand")),
    ("frog", frog, (None, "grass", "water")), ("horse", horse, ("grass", "sand", "grass")),
    ("ship", boat, ("water", "water", "water")), ("truck", truck, (None, "asphalt", "asphalt")),
)  # fmt: skip


def draw_classes(n: int, seed: int = 0) -> Drawn:
    """Draw `n` pictures of CIFAR-10's classes in turn: uint8 [n, 32, 32, 3], labels int64 [n], the classes' names [n].

    >>> images, labels, names = draw_classes(11)
    >>> images.shape, names[9].item(), labels[10].item()
    ((11, 32, 32, 3), 'truck', 0)
    """
    images = np.empty((n, SIDE, SIDE, 3), dtype=np.uint8)
    for i in tqdm(range(n), "drawing", unit="picture", delay=2, leave=False, file=sys.stdout):
        r = Random(f"class {seed}:{i}")
        _, draw, grounds = CLASSES[i % 10]
        canvas = Canvas(2 * SIDE)
        draw_scene(canvas, r, r.choice(grounds))
        extent = r.uniform(0.65, 1.05)
        x = 0.5 + r.uniform(-0.12, 0.12)
        if draw is None:
            draw_car(canvas, r, r.uniform(-math.pi, math.pi), x, 0.55 + r.uniform(-0.1, 0.1), extent)
        else:
            draw(Stamp(canvas, r, x, 0.5 + extent * r.uniform(0.35, 0.5), extent / 2))
        images[i] = photograph(canvas, r, SIDE)
    labels = np.arange(n) % 10
    return images, labels, np.array([entry[0] for entry in CLASSES])[labels]


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, size)


def _digit(r: Random, digit: int) -> Image.Image:
    """A digit in white on black, slanted, stretched and bent like handwriting; 28×28."""
    big = 3 * DIGIT_SIDE
    sheet = Image.new("L", (big, big))
    font = _font(r.choice(FONTS), r.randint(54, 72))
    ImageDraw.Draw(sheet).text((big / 2, big / 2), str(digit), 255, font, "mm", stroke_width=r.randint(0, 3))
    sheet = sheet.rotate(r.gauss(0, 9), Image.Resampling.BILINEAR)
    slant = r.gauss(0.1, 0.2)
    corners = []
    for x, y in ((0, 0), (0, 1), (1, 1), (1, 0)):
        corners += [big * (x + slant * (y - 0.5) + r.gauss(0, 0.06)), big * (y + r.gauss(0, 0.06))]
    sheet = sheet.transform((big, big), Image.Transform.QUAD, corners, Image.Resampling.BILINEAR)
    bend, waves = r.uniform(-4, 4), r.uniform(0.5, 1.5)
    rows = np.asarray(sheet)
    shifts = (bend * np.sin(np.arange(big) / big * 2 * math.pi * waves)).astype(int)
    bent = rows[np.arange(big)[:, None], (np.arange(big)[None, :] + shifts[:, None]) % big]
    small = Image.fromarray(bent).filter(ImageFilter.GaussianBlur(r.uniform(0.3, 1.8)))
    return small.resize((DIGIT_SIDE, DIGIT_SIDE), Image.Resampling.BOX)


def draw_digits(n: int, seed: int = 0) -> Drawn:
    """Draw `n` digits, 0 to 9 in turn: uint8 [n, 28, 28, 1], labels int64 [n], the digits as text [n].

    >>> images, labels, names = draw_digits(3)
    >>> images.shape, labels.tolist(), names[2].item()
    ((3, 28, 28, 1), [0, 1, 2], '2')
    """
    images = np.empty((n, DIGIT_SIDE, DIGIT_SIDE, 1), dtype=np.uint8)
    for i in tqdm(range(n), "drawing", unit="picture", delay=2, leave=False, file=sys.stdout):
        r = Random(f"digit {seed}:{i}")
        ink = np.asarray(_digit(r, i % 10), dtype=np.float32) * r.uniform(0.8, 1.3)
        if r.random() < 0.5:
            ink = ink + (np.asarray(noise(r, DIGIT_SIDE, 0), dtype=np.float32) - 128) * r.uniform(0, 0.25)
        images[i, :, :, 0] = np.clip(ink, 0, 255)
    labels = np.arange(n) % 10
    return images, labels, labels.astype(str)
