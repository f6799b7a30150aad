"""What esp-ppq answers, for the tests of its twin: run it where `aiedge espdl --setup` has been.

python -m tests.support.espdl_reference        writes tests/golden/espdl-*.json again
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.convert import load
from aiedge.convert.source import FloatSource
from aiedge.espdl import quantize_espdl
from aiedge.paths import REPO
from aiedge.quantization import dequantize
from aiedge.tflite.builder import Builder
from aiedge.tflite.graph import Graph, Tensor
from tests.support.onnx_networks import ds_cnn

GOLDEN = REPO / "tests/golden"
# Network, chip and bits of each file.
KEPT = (("xor", "esp32", 8), ("xor", "esp32", 16), ("ds_cnn", "esp32", 8), ("ds_cnn", "esp32p4", 8))


def xor() -> Graph:
    """The shipped XOR network with its int8 weights as real numbers."""
    graph = tflite.read(REPO / "xormodel/solution/xormodel.cpp")
    file, made = Builder(), {}

    def place(tensor: Tensor) -> int:
        if tensor.index not in made:
            values = dequantize(tensor.values, tensor.quantization) if tensor.is_constant else None
            made[tensor.index] = file.tensor(tensor.name, tensor.shape, np.float32, None, values)
        return made[tensor.index]

    for op in graph.operators:
        file.operator(op.kind, [place(t) for t in op.inputs], [place(t) for t in op.outputs], op.options)
    return tflite.read(file.build([made[graph.inputs[0].index]], [made[graph.outputs[0].index]]))


def keywords() -> Graph:
    """A network with random weights, read from ONNX."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ds_cnn.onnx"
        onnx.save(ds_cnn(), path)
        source = load(path)
    assert isinstance(source, FloatSource)
    return source.graph


NETWORKS = {"xor": xor, "ds_cnn": keywords}


def samples(graph: Graph) -> NDArray[np.float32]:
    """Random inputs; the first ones are those of which the answers are kept."""
    shape = (64, *graph.inputs[0].sample_shape)
    return np.random.default_rng(0).uniform(-0.5, 1.5, shape).astype(np.float32)


def main() -> None:
    """Write the files."""
    for name, chip, bits in KEPT:
        graph = NETWORKS[name]()
        with tempfile.TemporaryDirectory() as folder:
            made = quantize_espdl(graph, samples(graph), Path(folder), name, chip, bits)
            text = (Path(folder) / f"{name}-quantization.json").read_text()
            size = made.path.stat().st_size
        (GOLDEN / f"espdl-{name}-{chip}-{bits}.json").write_text(json.dumps(json.loads(text)) + "\n")
        print(
            f"{name} {chip} {bits}: {size:,} bytes, {made.different} of {made.values} differ, by {made.largest}",
            flush=True,
        )


if __name__ == "__main__":
    main()
