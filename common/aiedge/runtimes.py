"""One int8 model on every runtime that this computer has."""

import numpy as np
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.codegen import CompiledModel
from aiedge.errors import UserError


def run_everywhere(model: bytes, inputs: NDArray) -> dict[str, NDArray]:
    """Outputs of the model for `inputs` [n, ...] by runtime; a runtime that is not installed is named and left out."""
    graph = tflite.read(model)
    runtimes = {
        "NumPy integers": lambda: tflite.run_integer(graph, inputs),
        "compiled C": lambda: CompiledModel(graph).predict(inputs),
        "TFLM": lambda: tflite.run_tflm(model, inputs),
        "LiteRT": lambda: tflite.run_litert(model, inputs, reference=True),
    }
    outputs = {}
    for name, run in runtimes.items():
        try:
            outputs[name] = run()
        except UserError as error:
            print(f"{name} is left out: {error.message} ({error.hint})")
    return outputs


def differences(outputs: dict[str, NDArray], reference: str) -> dict[str, int]:
    """Number of output values of each runtime that differ from those of `reference`."""
    return {name: int(np.sum(values != outputs[reference])) for name, values in outputs.items()}


def every_int8_pair() -> NDArray[np.int8]:
    """All 65,536 inputs that a network with two int8 inputs can get, [65536, 2]."""
    values = np.arange(-128, 128, dtype=np.int8)
    return np.stack(np.meshgrid(values, values, indexing="ij"), axis=-1).reshape(-1, 2)
