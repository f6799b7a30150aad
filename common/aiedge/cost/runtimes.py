"""One int8 model on every runtime that this computer has."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.codegen import CompiledModel
from aiedge.errors import UserError

ALL = ("NumPy integers", "compiled C", "TFLM", "LiteRT")

# References with the same bits for int8; the others round some layers otherwise.
EXACT = ("TensorFlow Lite Micro", "compiled C", "NumPy integers")

# A runtime that cannot run a model: an operator or a program is missing, a package, a library that does not load.
_CANNOT = (UserError, ImportError, OSError, RuntimeError)


@dataclass(frozen=True)
class Reference:
    """A runtime of this computer: its name, and `run`, from inputs [n, ...] of a model to its outputs [n, ...]."""

    name: str
    run: Callable[[NDArray], NDArray]


def reference(model: bytes) -> Reference | None:
    """The runtime of this computer that is nearest to TensorFlow Lite Micro for the model; None where none runs it.

    TensorFlow Lite Micro itself; where its wheel is not installed compiled C, and without a C compiler NumPy integers,
    where they know the model's operators: both have the same bits for int8. Then LiteRT's plain kernels, which round
    once in FULLY_CONNECTED. Each is tried on an input of zeros, so that the one that is returned does run.
    """
    graph = tflite.read(model)
    entry = graph.inputs[0]
    zeros = np.zeros((1, *entry.sample_shape), entry.dtype)
    makers: dict[str, Callable[[], Callable[[NDArray], NDArray]]] = {
        "TensorFlow Lite Micro": lambda: lambda x: tflite.run_tflm(model, x),
        "compiled C": lambda: CompiledModel(graph).predict,
        "NumPy integers": lambda: lambda x: tflite.run_integer(graph, x),
        "LiteRT": lambda: lambda x: tflite.run_litert(model, x, reference=True),
    }
    for name, make in makers.items():
        with suppress(*_CANNOT):
            run = make()
            run(zeros)
            return Reference(name, run)
    return None


def run_everywhere(model: bytes, inputs: NDArray, names: Sequence[str] = ALL) -> dict[str, NDArray]:
    """Outputs of the model for `inputs` [n, ...] by runtime; a runtime that is not installed is named and left out."""
    graph = tflite.read(model)
    runtimes = {
        "NumPy integers": lambda: tflite.run_integer(graph, inputs),
        "compiled C": lambda: CompiledModel(graph).predict(inputs),
        "TFLM": lambda: tflite.run_tflm(model, inputs),
        "LiteRT": lambda: tflite.run_litert(model, inputs, reference=True),
    }
    outputs = {}
    for name in names:
        with optional(name):
            outputs[name] = runtimes[name]()
    return outputs


@contextmanager
def optional(what: str) -> Iterator[None]:
    """Go on after a block that needs what this computer lacks, and say so: a `UserError` becomes a line of print."""
    try:
        yield
    except UserError as error:
        print(f"{what} is left out: {error.message} ({error.hint})")


def run_int8(model: bytes, inputs: NDArray) -> NDArray:
    """Outputs of an int8 model for `inputs` [n, ...], by compiled C, or by LiteRT where there is no C compiler."""
    try:
        return CompiledModel(model).predict(inputs)
    except UserError:
        return tflite.run_litert(model, inputs, reference=True)


def differences(outputs: dict[str, NDArray], reference: str = "") -> dict[str, int]:
    """Number of output values of each runtime that differ from those of `reference` (default: the first)."""
    reference = reference or next(iter(outputs), "")
    return {name: int(np.sum(values != outputs[reference])) for name, values in outputs.items()}


def every_int8_pair() -> NDArray[np.int8]:
    """All 65,536 inputs that a network with two int8 inputs can get, [65536, 2]."""
    values = np.arange(-128, 128, dtype=np.int8)
    return np.stack(np.meshgrid(values, values, indexing="ij"), axis=-1).reshape(-1, 2)
