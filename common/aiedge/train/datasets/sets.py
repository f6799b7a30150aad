"""The kit's sets of pictures in fixed splits: cars, CIFAR-10, MNIST, or drawings in their stead; Tiny ImageNet.

Which picture goes where depends on the picture alone: within each class they are put in the order of their hashes.
So the splits are the same on every computer, and no picture can be in two of them.
"""

import contextlib
import hashlib
import os
import sys
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from aiedge.errors import UserError
from aiedge.files import cache_folder
from aiedge.progress import tqdm
from aiedge.train.datasets import (
    archives,
    canvas,
    car_model,
    car_shapes,
    creatures,
    drawn_cars,
    drawn_small,
    scenes,
    stamp,
    things,
)
from aiedge.train.datasets.dataset import DRAWN, Dataset, Splits
from aiedge.train.datasets.download import NoNetworkError
from aiedge.train.datasets.imagenet import name_of
from aiedge.train.npz import DAMAGED, load_npz

Source = Literal["auto", "real", "drawn"]

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CAR_CLASSES = ("no car", "car")
DIGITS = tuple("0123456789")
CAR = CLASSES.index("automobile")

CALIBRATION = 500
TEST_PER_CLASS = 1000  # cars in CIFAR-10's test set, and as many others
CAR_SIDE = 96
DRAWING = (canvas, car_model, car_shapes, creatures, drawn_cars, drawn_small, scenes, stamp, things)
MOST_DRAWN_BYTES = 2**28
# Numbers of drawn pictures: train, calibration, test.
DRAWN_CARS = (2000, 500, 1000)
DRAWN_SMALL = (5000, 500, 1000)


def cars(source: Source = "auto") -> Splits:
    """Cars and everything else, 96×96×3, from CIFAR-10 (enlarged) or drawn; label 1 is a car.

    CIFAR-10's automobiles are the cars; its nine other classes, trucks among them, are not. Each part holds as many
    cars as others, in turn, so that `take` keeps the balance: 9,500 to train and 500 to calibrate from CIFAR-10's
    training set, 2,000 to test from its test set.

    `source` is "real", "drawn", or "auto": the real pictures if they can be had, else drawn ones. Raises `UserError`
    where `AIEDGE_DATA` names a folder without them, a file is damaged, or a download stops on its way.
    """
    return _load(source, archives.CIFAR10, _real_cars, _drawn_cars)


def cifar10(source: Source = "auto") -> Splits:
    """CIFAR-10's ten classes, 32×32×3: 49,500 pictures to train, 500 to calibrate, 10,000 to test; or drawn ones.

    `source` and the errors are those of `cars`.
    """
    return _load(
        source, archives.CIFAR10, lambda path: _real(path, archives.CIFAR10, CLASSES), _drawn_cifar10
    )


def mnist(source: Source = "auto") -> Splits:
    """Handwritten digits, 28×28×1: 59,500 pictures to train, 500 to calibrate, 10,000 to test; or drawn ones.

    `source` and the errors are those of `cars`.
    """
    return _load(source, archives.MNIST, lambda path: _real(path, archives.MNIST, DIGITS), _drawn_mnist)


def tiny_imagenet() -> Splits:
    """Photographs of Tiny ImageNet's 200 classes, 64×64×3: 24,800 to train, 400 to calibrate, 2,520 to test.

    All that it has of vehicles and a fifth of each other class; its validation set is the test part. Nothing is drawn
    in its stead: raises `UserError` where it cannot be had, and as `cars` does.
    """
    return _real(_find(archives.TINY_IMAGENET), archives.TINY_IMAGENET)


def _load(
    source: Source, archive: archives.Archive, real: Callable[[Path], Splits], draw: Callable[[str], Splits]
) -> Splits:
    if source not in ("auto", "real", "drawn"):
        raise UserError(f'there is no source "{source}"', 'choose "auto", "real" or "drawn"')
    if source == "drawn" or (source == "auto" and os.environ.get("AIEDGE_DATA") == DRAWN):
        return draw("as asked for")
    if source == "real":
        return real(_find(archive))
    try:
        path = archives.find(archive)
    except NoNetworkError:
        return draw(f"{archive.name} is not on this computer, and the network does not give it")
    return real(path)


def _find(archive: archives.Archive) -> Path:
    try:
        return archives.find(archive)
    except NoNetworkError as error:
        raise UserError(
            str(error), f"connect to the network once, or set AIEDGE_DATA to a folder with {archive.file}"
        ) from error


def hashes(images: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """A hash of each picture, uint64 [n]: the first 8 bytes of its BLAKE2b."""
    digests = b"".join(hashlib.blake2b(image.tobytes(), digest_size=8).digest() for image in images)
    return np.frombuffer(digests, dtype="<u8")


def _in_order(images: NDArray[np.uint8], labels: NDArray) -> list[NDArray[np.int64]]:
    """For each class the indices of its pictures, in the order of their hashes."""
    keys = hashes(images)
    order = np.argsort(keys, kind="stable")
    return [order[labels[order] == k] for k in range(int(labels.max()) + 1)]


def _dataset(images: NDArray, labels: NDArray, indices: NDArray, classes: tuple[str, ...]) -> Dataset:
    chosen = images[indices]
    numbers = labels[indices].astype(np.int64)
    if chosen.ndim == 3:
        chosen = chosen[..., None]
    return Dataset(chosen, numbers, classes, np.array(classes)[numbers])


def _real(path: Path, archive: archives.Archive, classes: tuple[str, ...] = ()) -> Splits:
    """All classes, with the calibration's pictures taken out of the training set, as many of each class.

    Their names are in the archive where they are not given.
    """
    data = archives.read(path, archive)
    classes = classes or tuple(map(name_of, data["names"].tolist()))
    by_class = _in_order(data["x_train"], data["y_train"])
    held_out = np.stack([indices[: CALIBRATION // len(classes)] for indices in by_class], axis=1).reshape(-1)
    rest = np.setdiff1d(np.arange(archive.train), held_out)
    train, calibration = (
        _dataset(data["x_train"], data["y_train"], indices, classes) for indices in (rest, held_out)
    )
    test = _dataset(data["x_test"], data["y_test"], np.arange(archive.test), classes)
    return Splits(train, calibration, test, archive.name)


def enlarge(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures at 96×96, by bicubic interpolation."""
    large = np.empty((len(images), CAR_SIDE, CAR_SIDE, 3), dtype=np.uint8)
    for i in tqdm(range(len(images)), "enlarging", unit="picture", delay=2, leave=False, file=sys.stdout):
        picture = Image.fromarray(images[i]).resize((CAR_SIDE, CAR_SIDE), Image.Resampling.BICUBIC)
        large[i] = np.asarray(picture)
    large.flags.writeable = False  # it is kept for the next caller
    return large


class Enlarged(Dataset):
    """Pictures at 96×96 that are enlarged when they are first asked for: a part of them costs no more than that part.

    `small` is uint8 [n, height, width, 3].
    """

    def __init__(
        self, small: NDArray[np.uint8], labels: NDArray, classes: tuple[str, ...], kinds: NDArray[np.str_]
    ):
        for name, value in zip(
            ("small", "labels", "classes", "kinds"), (small, labels, classes, kinds), strict=True
        ):
            object.__setattr__(self, name, value)

    small: NDArray[np.uint8]

    @cached_property
    def images(self) -> NDArray[np.uint8]:
        return enlarge(self.small)

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, mask: NDArray) -> Dataset:
        return Enlarged(self.small[mask], self.labels[mask], self.classes, self.kinds[mask])

    def take(self, n: int) -> Dataset:
        return self.where(np.arange(len(self))[:n])


def _real_cars(path: Path) -> Splits:
    return _cars_of(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _cars_of(path: Path, _changed: int) -> Splits:
    data = archives.read(path, archives.CIFAR10)

    def part(which: str, first: int, cars: int | None) -> Dataset:
        """As many `cars` as others, from the class's `first` picture on; the others from all classes alike."""
        images, labels = data[f"x_{which}"], data[f"y_{which}"]
        by_class = _in_order(images, labels)
        automobiles = by_class[CAR][first:][:cars]
        rest = [indices[-(-first // 9) :] for k, indices in enumerate(by_class) if k != CAR]
        shortest = min(map(len, rest))
        others = np.stack([indices[:shortest] for indices in rest], axis=1).reshape(-1)[: len(automobiles)]
        indices = np.stack([others, automobiles], axis=1).reshape(-1)
        kinds = np.array(CLASSES)[labels[indices]]
        return Enlarged(images[indices], (labels[indices] == CAR).astype(np.int64), CAR_CLASSES, kinds)

    half = CALIBRATION // 2
    return Splits(
        part("train", half, None), part("train", 0, half), part("test", 0, TEST_PER_CLASS), "CIFAR-10"
    )


def _drawn(name: str, draw: Callable[[int, int], tuple[NDArray, NDArray, NDArray]], counts: tuple[int, ...],
           classes: tuple[str, ...], why: str) -> Splits:  # fmt: skip
    """Drawings, made once and kept in the cache under a name that changes with the code that draws."""
    code = hashlib.sha256(repr(counts).encode())
    for file_name in (__file__, *(str(module.__file__) for module in DRAWING)):
        code.update(Path(file_name).read_bytes())
    path = cache_folder("datasets") / f"drawn-{name}-{code.hexdigest()[:12]}.npz"
    parts = ("train", "calibration", "test")
    try:
        arrays = load_npz(path, MOST_DRAWN_BYTES)
        if arrays.keys() != {f"{part}_{what}" for part in parts for what in ("images", "labels", "kinds")}:
            raise ValueError("another file")
    except DAMAGED:  # not there, or damaged: drawn anew
        arrays = {}
        for seed, (part, count) in enumerate(zip(parts, counts, strict=True)):
            arrays.update(
                zip((f"{part}_images", f"{part}_labels", f"{part}_kinds"), draw(count, seed), strict=True)
            )
        for old in path.parent.glob(f"drawn-{name}-*.npz"):
            with contextlib.suppress(OSError):  # in use elsewhere
                old.unlink()
        archives.save(path, arrays)
    train, calibration, test = (
        Dataset(arrays[f"{part}_images"], arrays[f"{part}_labels"], classes, arrays[f"{part}_kinds"])
        for part in parts
    )
    return Splits(train, calibration, test, DRAWN, why)


def _drawn_cars(why: str) -> Splits:
    def draw(n: int, seed: int) -> tuple[NDArray, NDArray, NDArray]:
        return drawn_cars.draw_cars(n, seed + 1_000_000, progress=True, clear=True)

    return _drawn("cars", draw, DRAWN_CARS, CAR_CLASSES, why)


def _drawn_cifar10(why: str) -> Splits:
    return _drawn("cifar10", drawn_small.draw_classes, DRAWN_SMALL, CLASSES, why)


def _drawn_mnist(why: str) -> Splits:
    return _drawn("mnist", drawn_small.draw_digits, DRAWN_SMALL, DIGITS, why)
