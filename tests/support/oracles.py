"""What a random model's outputs must be: TensorFlow Lite Micro's, or LiteRT's where TFLM lacks an operator."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.tflite.interpreters import run_tflm_all
from tests.support.random_operators import WITHOUT_TFLM


def right_outputs(model: bytes, inputs: Sequence[NDArray]) -> list[NDArray]:
    """One array [n, ...] for each output, of inputs [n, ...]."""
    graph = tflite.read(model)
    if not any(operator.kind in WITHOUT_TFLM for operator in graph.operators):
        return run_tflm_all(model, inputs)
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    litert = Interpreter(model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    litert.allocate_tensors()
    entries, results = litert.get_input_details(), litert.get_output_details()
    outputs: list[list[NDArray]] = [[] for _ in results]
    for samples in zip(*inputs, strict=True):
        for entry, sample in zip(entries, samples, strict=True):
            litert.set_tensor(entry["index"], np.ascontiguousarray(sample).reshape(entry["shape"]))
        litert.invoke()
        for rows, result, tensor in zip(outputs, results, graph.outputs, strict=True):
            rows.append(litert.get_tensor(result["index"]).reshape(tensor.sample_shape).copy())
    return [np.array(rows) for rows in outputs]
