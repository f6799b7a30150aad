"""A square picture to draw on with plain shapes, and what a camera does to it afterwards.

Places are given in parts of the picture's side: (0, 0) is the upper left corner, (1, 1) the lower right one. A
`Camera` projects points in space, in metres, to such places. Colours are (red, green, blue), 0 to 255.
"""

import colorsys
import math
from collections.abc import Sequence
from functools import cache
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Point = tuple[float, float]


def mix(a: Colour, b: Colour, part: float) -> Colour:
    """The colour that lies `part` of the way from `a` to `b`.

    >>> mix((0, 0, 0), (100, 200, 50), 0.5)
    (50, 100, 25)
    """
    red, green, blue = (int(x + (y - x) * part) for x, y in zip(a, b, strict=True))
    return red, green, blue


def lit(colour: Colour, light: float) -> Colour:
    """A colour under more (`light` > 1) or less light."""
    red, green, blue = (max(0, min(255, int(x * light))) for x in colour)
    return red, green, blue


def any_colour(r: Random, saturation: tuple[float, float], value: tuple[float, float]) -> Colour:
    """A colour of any hue, with its saturation and its value (0 to 1) in the given ranges."""
    red, green, blue = colorsys.hsv_to_rgb(r.random(), r.uniform(*saturation), r.uniform(*value))
    return int(red * 255), int(green * 255), int(blue * 255)


@cache
def _noise_bank() -> list[Image.Image]:
    """Random fields of 256×256, whose spectra fall as 1/f^0, 1/f^0.7, 1/f^1.2 and 1/f^1.7."""
    rng = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256)[None, :])
    frequency[0, 0] = 1.0
    bank = []
    for exponent in (0.0, 0.7, 1.2, 1.7):
        spectrum = np.fft.rfft2(rng.standard_normal((256, 256))) / frequency**exponent
        spectrum[0, 0] = 0.0
        field = np.fft.irfft2(spectrum)
        field = np.clip(128.0 + 50.0 * field / field.std(), 0, 255)
        bank.append(Image.fromarray(field.astype(np.uint8)))
    return bank


def noise(r: Random, size: int, kind: int) -> Image.Image:
    """A grey picture of noise, `size` pixels wide: `kind` 0 is fine grain, 3 is clouds; mean 128, deviation 50."""
    side = r.randint(64, 256)
    x, y = r.randint(0, 256 - side), r.randint(0, 256 - side)
    field = _noise_bank()[kind].resize((size, size), Image.Resampling.BILINEAR, (x, y, x + side, y + side))
    return field.transpose(Image.Transpose.ROTATE_90) if r.random() < 0.5 else field


class Canvas:
    """A square RGB picture, `size` pixels wide, and its pens."""

    def __init__(self, size: int):
        self.size = size
        self.image = Image.new("RGB", (size, size))
        self.pen = ImageDraw.Draw(self.image)

    def _pixels(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self.size, y * self.size) for x, y in points]

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        self.pen.polygon(self._pixels(points), fill=colour)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        self.pen.line(
            self._pixels(points), fill=colour, width=max(1, round(width * self.size)), joint="curve"
        )

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        if right > left and bottom > top:
            self.pen.rectangle(self._pixels([(left, top), (right, bottom)]), fill=colour)

    def ellipse(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """A filled ellipse about (x, y), with these radii."""
        corners = self._pixels([(x - width, y - height), (x + width, y + height)])
        self.pen.ellipse(corners, fill=colour)

    def _cut_out(
        self, points: Sequence[Point], margin: int = 0
    ) -> tuple[tuple[int, int], Image.Image | None]:
        """The polygon as a mask (white inside) just large enough, and its upper left corner; none off the canvas."""
        xs, ys = zip(*self._pixels(points), strict=True)
        left, upper = max(0, math.floor(min(xs)) - margin), max(0, math.floor(min(ys)) - margin)
        right = min(self.size, math.ceil(max(xs)) + 1 + margin)
        lower = min(self.size, math.ceil(max(ys)) + 1 + margin)
        if right <= left or lower <= upper:
            return (left, upper), None
        mask = Image.new("L", (right - left, lower - upper))
        ImageDraw.Draw(mask).polygon([(x - left, y - upper) for x, y in zip(xs, ys, strict=True)], fill=255)
        return (left, upper), mask

    def shade(self, points: Sequence[Point], top: Colour, bottom: Colour, sideways: bool = False) -> None:
        """A polygon whose colour runs from `top` to `bottom` (or from left to right)."""
        corner, mask = self._cut_out(points)
        if mask is None:
            return
        two = Image.new("RGB", (2, 1) if sideways else (1, 2))
        two.putdata([top, bottom])
        box = (0.5, 0, 1.5, 1) if sideways else (0, 0.5, 1, 1.5)
        gradient = two.resize(mask.size, Image.Resampling.BILINEAR, box)
        self.image.paste(gradient, corner, mask)

    def blend(self, points: Sequence[Point], colour: Colour, opacity: float, blur: float = 0.0) -> None:
        """Lay a half-transparent polygon over the picture, its edge blurred by `blur` of the side."""
        reach = blur * self.size
        (left, upper), mask = self._cut_out(points, math.ceil(2 * reach))
        if mask is None:
            return
        if reach:
            mask = mask.filter(ImageFilter.BoxBlur(reach))
        mask = mask.point([int(i * opacity) for i in range(256)])
        self.image.paste(colour, (left, upper, left + mask.width, upper + mask.height), mask)

    def grain(self, r: Random, points: Sequence[Point], kind: int, colour: Colour, strength: float) -> None:
        """Lay noise of a colour over a polygon: grass, asphalt, clouds, leaves."""
        corner, mask = self._cut_out(points)
        if mask is None:
            return
        field = noise(r, max(mask.size), kind).crop((0, 0, *mask.size))
        slope = strength * 3.0
        field = field.point([max(0, min(255, int((i - 128) * slope))) for i in range(256)])
        self.image.paste(
            colour, (*corner, corner[0] + mask.width, corner[1] + mask.height), ImageChops.darker(field, mask)
        )


class Camera:
    """Projects points in space (x forward, y to the left, z up, in metres) to the picture.

    The camera looks at the middle of the thing, `width` wide, from the side at `azimuth` (0: its front) and
    `elevation` (radians), at a `distance`; `fit` then scales and moves what it sees.
    """

    def __init__(self, azimuth: float, elevation: float, distance: float, roll: float = 0.0):
        ca, sa = math.cos(azimuth), math.sin(azimuth)
        ce, se = math.cos(elevation), math.sin(elevation)
        towards = np.array([ca * ce, sa * ce, se])
        right = np.array([-sa, ca, 0.0])
        up = np.cross(towards, right)
        cr, sr = math.cos(roll), math.sin(roll)
        self.axes = np.stack([cr * right + sr * up, -(cr * up - sr * right), towards], axis=1)
        self.distance = distance
        self.towards = towards
        self.eye = towards * distance
        self.rows = self.axes.tolist()
        self.scale, self.x, self.y = 1.0, 0.0, 0.0

    def _seen(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        view = points @ self.axes
        return view[:, :2] * (self.distance / np.maximum(self.distance - view[:, 2:], 0.1))

    def fit(self, points: NDArray[np.float64], x: float, y: float, extent: float) -> None:
        """Make these points fill `extent` of the picture's side, with their middle at (x, y)."""
        seen = self._seen(points)
        low, high = seen.min(axis=0), seen.max(axis=0)
        self.scale = extent / float((high - low).max())
        self.x, self.y = (np.array([x, y]) - self.scale * (low + high) / 2).tolist()

    def project(self, points: Sequence[Sequence[float]]) -> list[Point]:
        """Where these points appear in the picture."""
        (a, b, c), (d, e, f), (g, h, i) = self.rows
        places = []
        for x, y, z in points:
            size = self.scale * self.distance / max(self.distance - (x * c + y * f + z * i), 0.1)
            places.append((self.x + size * (x * a + y * d + z * g), self.y + size * (x * b + y * e + z * h)))
        return places

    def faces(self, normal: Sequence[float], point: Sequence[float]) -> bool:
        """Whether a face with this outward normal through this point shows its front."""
        return float(np.dot(normal, self.eye - np.asarray(point))) > 0.0


def photograph(canvas: Canvas, r: Random, side: int, clear: bool = False) -> NDArray[np.uint8]:
    """The canvas as a camera would deliver it, [side, side, 3] uint8: scaled, and more or less sharp, noisy, bright,
    contrasty and colourful; `clear` ones are not blurred much."""
    image = canvas.image
    if r.random() < 0.2:  # a small picture made larger
        small = max(r.randint(max(24, side // 3), side), side * 2 // 3 if clear else 0)
        image = image.resize((small, small), Image.Resampling.BOX)
    if image.width != side:
        filters = (Image.Resampling.BOX, Image.Resampling.LANCZOS, Image.Resampling.BICUBIC)
        image = image.resize((side, side), r.choice(filters))
    sharpness = r.random()
    if sharpness < 0.2:
        image = image.filter(ImageFilter.GaussianBlur(r.uniform(0.4, 1.3) * side / (192 if clear else 96)))
    elif sharpness > 0.8:
        image = image.filter(ImageFilter.UnsharpMask(r.uniform(0.6, 2.0), r.randint(40, 140), 0))
    pixels = np.asarray(image, dtype=np.float32)
    if r.random() < 0.6:
        grain = np.asarray(noise(r, side, r.randint(0, 2)), dtype=np.float32)[:, :, None] - 128.0
        pixels = pixels + grain * np.float32(r.uniform(0.02, 0.3))
    grey = pixels.mean(axis=2, keepdims=True)
    colourful = 0.0 if r.random() < 0.04 else r.uniform(0.5, 1.15)
    pixels = grey + (pixels - grey) * np.float32(colourful)
    tint = np.array([r.uniform(0.92, 1.08), 1.0, r.uniform(0.92, 1.08)], dtype=np.float32)
    middle = np.float32(grey.mean())
    pixels = ((pixels - middle) * r.uniform(0.65, 1.25) + middle) * tint * r.uniform(0.75, 1.2) + r.uniform(
        -15, 15
    )
    return np.clip(pixels, 0, 255).astype(np.uint8)
