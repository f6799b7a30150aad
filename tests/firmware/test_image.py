"""Crop, resize and conversion in image.h, against NumPy in fractions and against Pillow."""

import subprocess

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from aiedge.board.line.protocol import TENSOR_TYPES
from tests.support.firmware import BUILDS, HERE, compile_cpp

TYPES = {name: code for code, name in TENSOR_TYPES.items()}


@pytest.fixture(params=BUILDS.values(), ids=BUILDS.keys(), scope="module")
def scale(request, tmp_path_factory):
    """Function that resizes a picture [h, w, 3]; None where the scaler refuses."""
    compiler, flags = request.param
    program = compile_cpp(
        compiler, flags, [HERE / "cpp/image.cpp"], tmp_path_factory.mktemp("image") / "image"
    )

    def run(source, width, height, dtype=np.int8, scale=1 / 255, zero_point=-128):
        rows, columns, _ = source.shape
        line = f"{columns} {rows} {width} {height} {TYPES[np.dtype(dtype).name]} {np.float32(scale):.9g} {zero_point}\n"
        done = subprocess.run([program], input=line.encode() + source.tobytes(), capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        if done.stdout[:1] == b"\0":
            return None
        return np.frombuffer(done.stdout[1:], dtype).reshape(height, width, 3)

    return run


def crop(source: NDArray, width: int, height: int) -> NDArray:
    """The largest centred part with the proportions width : height."""
    rows, columns, _ = source.shape
    wide, high = min(columns, max(1, rows * width // height)), min(rows, max(1, columns * height // width))
    top, left = (rows - high) // 2, (columns - wide) // 2
    return source[top : top + high, left : left + wide]


def weights(source: int, to: int) -> NDArray:
    """How much of each source pixel each output pixel covers, in units of 1 / `to` source pixels: [to, source]."""
    edges, borders = np.arange(source + 1) * to, np.arange(to + 1) * source
    end = np.minimum(edges[None, 1:], borders[1:, None])
    return np.maximum(end - np.maximum(edges[None, :-1], borders[:-1, None]), 0)


def area_mean(source: NDArray, width: int, height: int) -> NDArray:
    """The mean over the area of each output pixel, rounded half up."""
    part = crop(source, width, height).astype(np.int64)
    rows, columns, _ = part.shape
    sums = np.stack([weights(rows, height) @ part[..., c] @ weights(columns, width).T for c in range(3)], -1)
    return ((sums + rows * columns // 2) // (rows * columns)).astype(np.uint8)


SIZES = [
    (96, 96, 96, 96), (320, 240, 96, 96), (240, 320, 96, 96), (97, 101, 96, 96), (1, 1, 96, 96), (1, 300, 96, 96),
    (95, 96, 96, 96), (7, 5, 3, 2), (5, 7, 128, 1), (33, 47, 1, 128), (640, 480, 32, 32), (16384, 2, 4, 4),
]  # fmt: skip


def test_resize_is_the_exact_mean_over_areas(scale):
    rng = np.random.default_rng(1)
    random_sizes = [tuple(rng.integers(1, limit)) for limit in [(200, 200, 60, 60)] * 12]
    for columns, rows, width, height in [*SIZES, *random_sizes]:
        source = rng.integers(0, 256, (rows, columns, 3), np.uint8)
        if columns % 2:
            source[:] = np.where(source < 128, 0, 255)  # the extremes
        expected = area_mean(source, width, height)
        size = (columns, rows, width, height)
        assert np.array_equal(scale(source, width, height), expected.view(np.int8) ^ -128), size


def test_resize_by_whole_factors_is_close_to_pillow(scale):
    rng = np.random.default_rng(2)
    for columns, rows, size in [(288, 300, 96), (500, 480, 96), (192, 192, 32), (96, 96, 96)]:
        source = rng.integers(0, 256, (rows, columns, 3), np.uint8)
        expected = Image.fromarray(crop(source, size, size)).resize((size, size), Image.Resampling.BOX)
        ours = (scale(source, size, size) ^ -128).view(np.uint8)
        assert np.abs(ours.astype(int) - np.asarray(expected)).max() <= 1  # Pillow rounds twice


@pytest.mark.parametrize(
    ("dtype", "factor", "zero_point"),
    [
        *((np.int8, *case) for case in [(1 / 255, -128), (1 / 127.5, 0), (0.5, 3), (1e-4, -128), (3.0, -1)]),
        *((np.uint8, *case) for case in [(1 / 255, 0), (1 / 127.5, 128), (1e-4, 255)]),
        (np.int16, 1 / 32768, 0),
        (np.int32, 1e-6, -7),
    ],
)
def test_conversion_to_integers_is_tensors(scale, dtype, factor, zero_point):
    source = np.arange(256 * 3).reshape(16, 16, 3).astype(np.uint8)
    real = source.astype(np.float32) / np.float32(255)
    steps = np.floor(real / np.float32(factor) + 0.5)
    bounds = np.iinfo(dtype)
    expected = np.clip(steps + zero_point, bounds.min, bounds.max).astype(dtype)
    assert np.array_equal(scale(source, 16, 16, dtype, factor, zero_point), expected)


def test_conversion_to_float32(scale):
    source = np.arange(256 * 3).reshape(16, 16, 3).astype(np.uint8)
    assert np.array_equal(scale(source, 16, 16, np.float32), source / np.float32(255))


@pytest.mark.parametrize(
    ("columns", "rows", "width", "height"),
    [(0, 9, 8, 8), (9, 0, 8, 8), (16385, 1, 8, 8), (9, 9, 129, 8), (9, 9, 0, 8), (16384, 16384, 8, 8)],
)
def test_sizes_that_do_not_fit_are_refused(scale, columns, rows, width, height):
    empty = np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), (rows, columns, 3), (0, 0, 0))
    source = empty if empty.size <= 1 << 26 else _Sizes((rows, columns, 3))
    assert scale(source, width, height) is None


class _Sizes:
    """A picture that is only said to be there."""

    def __init__(self, shape):
        self.shape = shape

    def tobytes(self):
        return b""
