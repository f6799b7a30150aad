"""What is converted: a Keras model, or float operators that were read from a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from aiedge.train.convert import QUANTIZED, Quantize, convert


class Source(Protocol):
    """A network before its conversion.

    `shapes` and `names` are its inputs', the shapes without the batch; `kinds` are the quantizations that there are.
    """

    name: str
    shapes: list[tuple[int | None, ...]]
    names: list[str]
    kinds: tuple[Quantize, ...]

    def convert(
        self, quantize: Quantize, samples: Sequence[NDArray] | None = None, per_channel: bool = True
    ) -> bytes:
        """The .tflite; raises `UserError` for samples that do not fit, and for what cannot be converted."""

    def predict(self, samples: Sequence[NDArray]) -> list[NDArray]:
        """Its own answers [n, ...], one array for each output."""


class KerasSource:
    """A Keras model; TensorFlow's converter converts it."""

    name, kinds = "Keras", QUANTIZED

    def __init__(self, model: Any) -> None:
        self.model = model
        self.shapes = [tuple(x.shape[1:]) for x in model.inputs]
        self.names = [x.name for x in model.inputs]

    def convert(
        self, quantize: Quantize, samples: Sequence[NDArray] | None = None, per_channel: bool = True
    ) -> bytes:
        """As `Source.convert`."""
        return convert(self.model, quantize, None if samples is None else list(samples), per_channel)

    def predict(self, samples: Sequence[NDArray]) -> list[NDArray]:
        """As `Source.predict`."""
        from aiedge.train.sources import predict

        return predict(self.model, samples)


def load(path: str | Path) -> Source:
    """What a file or folder holds: see `aiedge.train.sources.load`."""
    from aiedge.train.sources import load as load_keras

    return KerasSource(load_keras(path))
