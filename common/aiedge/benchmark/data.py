"""The data sets on which projects' boards are tested."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.lesson import find_project


@dataclass(frozen=True)
class Samples:
    """Inputs with known answers.

    `inputs` [n, ...] are float32, or pictures as uint8, which stand for value/255; `expected` are class numbers, int64
    [n]. `kinds` says what each input shows, where that is finer than its class; `index` is each one's place in the
    whole test set; `source` is where the data comes from.
    """

    inputs: NDArray
    expected: NDArray[np.int64]
    classes: tuple[str, ...] = ("0", "1")
    kinds: NDArray | None = None
    index: NDArray | None = None
    source: str = "computed"

    def __len__(self) -> int:
        return len(self.inputs)

    def real(self, i: int) -> NDArray[np.float32]:
        """Input `i` as the network takes it, real numbers."""
        values = self.inputs[i]
        return values.astype(np.float32) / np.float32(255) if values.dtype == np.uint8 else values

    @property
    def places(self) -> NDArray[np.int64]:
        """Each sample's number in the whole test set."""
        return np.arange(len(self)) if self.index is None else self.index

    @cached_property
    def sha256(self) -> str:
        """Hash of the inputs and the answers, in hex."""
        digest = hashlib.sha256(np.ascontiguousarray(self.inputs).tobytes())
        digest.update(self.expected.astype("<i8").tobytes())
        return digest.hexdigest()

    def take(self, count: int) -> "Samples":
        """The first `count` samples; raises `UserError` where there are not so many.

        >>> Samples(np.zeros((4, 2), np.float32), np.array([0, 1, 1, 0])).take(2).expected.tolist()
        [0, 1]
        """
        if not 0 < count <= len(self):
            raise UserError(f"there are no {count:,} samples", f"choose 1 to {len(self):,}")
        kinds = None if self.kinds is None else self.kinds[:count]
        return replace(
            self,
            inputs=self.inputs[:count],
            expected=self.expected[:count],
            kinds=kinds,
            index=self.places[:count],
        )


def samples(project: str, count: int = 0) -> Samples:
    """The data set on which a project's board is tested, or its first `count` samples: the `data` of its `lesson.toml`.

    Raises `UserError` for a project without, and where the data set has other classes than the lesson says.
    """
    lesson = find_project(project).lesson
    data = lesson.data
    if data is None:
        raise UserError(
            f"there is no benchmark for the project {project!r}",
            f"give common/lessons/{lesson.name}/lesson.toml a table [data]",
        )
    if data.inputs:
        return Samples(np.array(data.inputs, np.float32), np.array(data.answers), data.classes)
    from aiedge.train import datasets

    splits = datasets.load(data.set)
    splits.banner()
    test = splits.test.take(count) if count else splits.test
    if test.classes != data.classes:
        raise UserError(
            f"the data set {data.set} has the classes {', '.join(test.classes)}",
            f"put them into common/lessons/{lesson.name}/lesson.toml",
        )
    return Samples(test.images, test.labels, test.classes, test.kinds, source=splits.source)
