"""An int8 network as one of floats, for tools that quantize in their own way."""

import numpy as np

from aiedge.quantization import dequantize
from aiedge.tflite.builder import Builder
from aiedge.tflite.graph import Graph, Tensor
from aiedge.tflite.reader import read


def as_floats(graph: Graph) -> Graph:
    """The network with its quantized constants as the real numbers that they stand for, and its activations float32."""
    file, made = Builder(), {}

    def place(tensor: Tensor | None) -> int:
        if tensor is None:
            return -1
        if tensor.index not in made:
            values = tensor.values if tensor.is_constant else None
            dtype = tensor.dtype
            if tensor.quantization:
                dtype = np.dtype(np.float32)
                values = dequantize(values, tensor.quantization) if values is not None else None
            made[tensor.index] = file.tensor(tensor.name, tensor.shape, dtype, None, values)
        return made[tensor.index]

    for op in graph.operators:
        file.operator(op.kind, [place(t) for t in op.inputs], [place(t) for t in op.outputs], op.options)
    return read(file.build([place(t) for t in graph.inputs], [place(t) for t in graph.outputs]))
