"""Labelled pictures, and a set of them split for training, calibration and test."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWN = "drawn"


@dataclass(frozen=True)
class Dataset:
    """Labelled pictures.

    `images` is uint8 [n, height, width, channels], `labels` int64 [n] numbers the `classes`, and `kinds` [n] says what
    each picture shows, which may be finer than its class (a truck is "no car").

    >>> images = np.full((2, 1, 1, 3), 255, np.uint8)
    >>> data = Dataset(images, np.array([0, 1]), ("no car", "car"), np.array(["truck", "automobile"]))
    >>> data.where(data.kinds != "truck").inputs.tolist()
    [[[[1.0, 1.0, 1.0]]]]
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    kinds: NDArray[np.str_]

    def __post_init__(self) -> None:
        if not len(self.images) == len(self.labels) == len(self.kinds):
            raise ValueError(
                f"{len(self.images)} images, {len(self.labels)} labels and {len(self.kinds)} kinds do not match"
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def inputs(self) -> NDArray[np.float32]:
        """The pictures as a network takes them: float32 [n, height, width, channels], pixel / 255.

        Four times the memory of `images`: take as many as you need.
        """
        return self.images.astype(np.float32) / np.float32(255)

    def where(self, mask: NDArray) -> "Dataset":
        """The pictures that a Boolean mask [n] or an array of indices picks."""
        return Dataset(self.images[mask], self.labels[mask], self.classes, self.kinds[mask])

    def take(self, n: int) -> "Dataset":
        """The first `n` pictures."""
        return Dataset(self.images[:n], self.labels[:n], self.classes, self.kinds[:n])


@dataclass(frozen=True)
class Splits:
    """A set of pictures in three parts that share none: to learn from, to calibrate with, to test on.

    `source` is "CIFAR-10", "MNIST", "Tiny ImageNet" or "drawn"; `why` says why the pictures are drawn.
    """

    train: Dataset
    calibration: Dataset
    test: Dataset
    source: str
    why: str = ""

    @property
    def notice(self) -> str:
        """What a person must know of drawn pictures; nothing where they are real."""
        if self.source != DRAWN:
            return ""
        return "\n".join(
            (
                "=" * 70,
                "DRAWN PICTURES: the kit drew these itself" + (f" ({self.why})." if self.why else "."),
                "Every figure below is about drawings, not about photographs.",
                "For the real ones: run this again with a network, or set AIEDGE_DATA",
                "to a folder that holds cifar10.npz and mnist.npz.",
                "=" * 70,
            )
        )

    def banner(self) -> None:
        """Print the notice where the pictures are drawn."""
        if self.notice:
            print(self.notice)
