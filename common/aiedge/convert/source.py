"""What is converted: a Keras model, or float operators that were read from a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.convert.quantizer import quantized
from aiedge.errors import UserError
from aiedge.train.convert import QUANTIZED, Quantize, convert
from aiedge.train.samples import sample_arrays


class Source(Protocol):
    """A network before its conversion.

    `shapes` and `names` are its inputs', the shapes without the batch; `planes` are the shapes that they have with the
    channels first, where samples may come so; `kinds` are the quantizations that there are.
    """

    name: str
    shapes: list[tuple[int | None, ...]]
    names: list[str]
    planes: list[tuple[int, ...]]
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
        self.planes: list[tuple[int, ...]] = []

    def convert(
        self, quantize: Quantize, samples: Sequence[NDArray] | None = None, per_channel: bool = True
    ) -> bytes:
        """As `Source.convert`."""
        return convert(self.model, quantize, None if samples is None else list(samples), per_channel)

    def predict(self, samples: Sequence[NDArray]) -> list[NDArray]:
        """As `Source.predict`."""
        from aiedge.train.sources import predict

        return predict(self.model, samples)


class FloatSource:
    """A float32 .tflite, perhaps one that was read from ONNX; the kit's own quantization makes int8 of it."""

    kinds: tuple[Quantize, ...] = ("none", "int8", "int16x8")

    def __init__(self, model: bytes, name: str, planes: Sequence[tuple[int, ...]] = ()) -> None:
        self.model, self.graph, self.name = model, tflite.read(model), name
        self.shapes: list[tuple[int | None, ...]] = [tensor.sample_shape for tensor in self.graph.inputs]
        self.names = list(self.graph.input_names)
        self.planes = list(planes)

    def convert(
        self, quantize: Quantize, samples: Sequence[NDArray] | None = None, per_channel: bool = True
    ) -> bytes:
        """As `Source.convert`."""
        if quantize == "none":
            return self.model
        if quantize not in self.kinds:
            raise UserError(
                f"{quantize} is made of Keras models only, and this is {self.name}",
                f"there are {', '.join(self.kinds)}",
            )
        given = list(samples) if samples is not None else []
        arrays = sample_arrays(given if len(given) != 1 else given[0], self.shapes, self.names)
        return quantized(self.graph, arrays, per_channel, quantize == "int16x8")

    def predict(self, samples: Sequence[NDArray]) -> list[NDArray]:
        """As `Source.predict`."""
        return tflite.run_litert_all(self.model, samples)


def load(path: str | Path) -> Source:
    """What a file or folder holds: a .onnx, a float .tflite, or what `aiedge.train.sources.load` reads."""
    if Path(path).suffix == ".onnx":
        from aiedge.convert.onnx_translation import onnx_to_tflite

        model, planes = onnx_to_tflite(path)
        return FloatSource(model, "the ONNX model", planes)
    if Path(path).suffix == ".tflite":
        graph = tflite.read(path)
        if any(tensor.dtype != np.float32 for tensor in graph.inputs):
            kinds = ", ".join(sorted({tensor.dtype.name for tensor in graph.inputs}))
            raise UserError(f"{path} takes {kinds}: it is quantized already", "give the float model")
        return FloatSource(graph.source, "the float model")
    from aiedge.train.sources import load as load_keras

    return KerasSource(load_keras(path))
