"""What the car classifier learns from: CIFAR-10, Tiny ImageNet and drawn cars, mixed into batches.

Cars are CIFAR-10's automobiles and Tiny ImageNet's beach wagons, convertibles, limousines and sports cars. Vans and
buses are none, as CIFAR-10's trucks are; police vans, of which many are cars, have no say in it: they teach the network
their name alone.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from aiedge.progress import tqdm
from aiedge.train import datasets
from aiedge.train.datasets.dataset import Dataset, Splits
from aiedge.train.datasets.imagenet import CARS, VEHICLES

SIDE = 64  # pixels of the pictures before `augment` places them
UNSURE = ("police van",)
UNKNOWN = -1  # the class of a picture whose class is not asked
# Pictures of a kind in a batch. The last ones are shown from so near that they are nothing any more.
PARTS = {
    "CIFAR-10's cars": 24,
    "CIFAR-10's trucks": 8,
    "CIFAR-10's rest": 16,
    "Tiny ImageNet's cars": 26,
    "Tiny ImageNet's other vehicles": 14,
    "Tiny ImageNet's rest": 18,
    "close-ups": 6,
}
CLOSE_UPS = PARTS["close-ups"]
SHOWN = sum(PARTS.values())
DRAWN = 16  # more of them, drawn
_WAYS = Image.Resampling
FILTERS = (_WAYS.BICUBIC, _WAYS.LANCZOS, _WAYS.BICUBIC, _WAYS.BILINEAR, _WAYS.BICUBIC, _WAYS.NEAREST)


class Batch(NamedTuple):
    """Pictures and backgrounds uint8 [SHOWN, 64, 64, 3], drawn pictures [DRAWN, 96, 96, 3]; of all in this order, [n]:
    their classes in CIFAR-10 and in Tiny ImageNet, int32, UNKNOWN or a number; 1 for a car, else 0, float32; and what
    this answer weighs, float32."""

    pictures: NDArray[np.uint8]
    backgrounds: NDArray[np.uint8]
    drawn: NDArray[np.uint8]
    ten: NDArray[np.int32]
    two_hundred: NDArray[np.int32]
    cars: NDArray[np.float32]
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class Pool:
    """All photographs at one size, with what a `Batch` tells of them and the numbers of those of each part."""

    images: NDArray[np.uint8]
    ten: NDArray[np.int32]
    two_hundred: NDArray[np.int32]
    cars: NDArray[np.float32]
    weights: NDArray[np.float32]
    parts: dict[str, NDArray[np.int64]]


def gather() -> Pool:
    """Both training sets, with the pictures that are held out of them for calibration."""
    return pool(_whole(datasets.cifar10("real")), _whole(datasets.tiny_imagenet()))


def _whole(splits: Splits) -> Dataset:
    parts = (splits.train, splits.calibration)
    return Dataset(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
        splits.train.classes,
        np.concatenate([part.kinds for part in parts]),
    )


def pool(cifar: Dataset, tiny: Dataset) -> Pool:
    """Both sets in one, CIFAR-10's pictures enlarged by several filters in turn."""
    large = np.empty((len(cifar), SIDE, SIDE, 3), np.uint8)
    for i in tqdm(range(len(cifar)), "enlarging", unit="picture", delay=2, leave=False, file=sys.stdout):
        large[i] = np.asarray(
            Image.fromarray(cifar.images[i]).resize((SIDE, SIDE), FILTERS[i % len(FILTERS)])
        )
    kinds = np.concatenate([cifar.kinds, tiny.kinds])
    small = np.arange(len(kinds)) < len(cifar)
    car = np.where(small, kinds == "automobile", np.isin(kinds, CARS))
    vehicle = np.where(small, kinds == "truck", np.isin(kinds, VEHICLES)) & ~car
    rest = ~car & ~vehicle
    masks = (small & car, small & vehicle, small & rest, ~small & car, ~small & vehicle, ~small & rest, rest)
    labels = np.concatenate([cifar.labels, tiny.labels]).astype(np.int32)
    return Pool(
        np.concatenate([large, tiny.images]),
        np.where(small, labels, UNKNOWN).astype(np.int32),
        np.where(small, UNKNOWN, labels).astype(np.int32),
        car.astype(np.float32),
        (~np.isin(kinds, UNSURE)).astype(np.float32),
        {name: np.flatnonzero(mask) for name, mask in zip(PARTS, masks, strict=True)},
    )


def batches(photographs: Pool, drawn: Dataset, rng: np.random.Generator) -> Iterator[Batch]:
    """Endless batches, each with as many pictures of a kind as `PARTS` says."""
    scenery = photographs.parts["close-ups"]
    asked = np.arange(SHOWN + DRAWN) < SHOWN - CLOSE_UPS
    none = np.full(DRAWN, UNKNOWN, np.int32)
    while True:
        chosen = np.concatenate([rng.choice(photographs.parts[name], count) for name, count in PARTS.items()])
        own = rng.choice(len(drawn), DRAWN)
        drawings = drawn.images[own]
        ten, two_hundred = (
            np.where(asked, np.concatenate([classes[chosen], none]), UNKNOWN).astype(np.int32)
            for classes in (photographs.ten, photographs.two_hundred)
        )
        yield Batch(
            photographs.images[chosen],
            photographs.images[rng.choice(scenery, SHOWN)],
            np.where(rng.random((DRAWN, 1, 1, 1)) < 0.5, drawings[:, :, ::-1], drawings),
            ten,
            two_hundred,
            np.concatenate([photographs.cars[chosen], drawn.labels[own]]).astype(np.float32),
            np.concatenate([photographs.weights[chosen], np.ones(DRAWN)]).astype(np.float32),
        )
