"""What esp-ppq answers, for the tests of its twin: run it where `aiedge espdl --setup` has been.

python -m tests.support.espdl_reference        writes tests/golden/espdl-*.json again

Needs CIFAR-10 and TensorFlow for the CIFAR network.
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
from aiedge.espdl import as_floats, quantize_espdl
from aiedge.paths import REPO
from aiedge.tflite.graph import Graph
from tests.support.onnx_networks import ds_cnn

GOLDEN = REPO / "tests/golden"
# Network, chip and bits of each file.
KEPT = (("xor", "esp32", 8), ("xor", "esp32", 16), ("ds_cnn", "esp32", 8), ("ds_cnn", "esp32p4", 8))
KEPT_OF_PICTURES = (("cifar_cnn", "esp32", 8), ("cifar_pruned", "esp32", 8), ("cifar_pruned", "esp32", 16))


def xor() -> Graph:
    """The shipped XOR network with its int8 weights as real numbers."""
    return as_floats(tflite.read(REPO / "xormodel/solution/xormodel.cpp"))


def shipped_cnn() -> Graph:
    """The shipped CIFAR network, likewise."""
    return as_floats(tflite.read(REPO / "cifar_cnn/solution/cifar_cnn.cpp"))


def trained_cnn() -> Graph:
    """The CIFAR network with the weights that it was trained with."""
    from aiedge.train import models

    return tflite.read(tflite.convert_float(models.pretrained("cifar_pruned")))


def keywords() -> Graph:
    """A network with random weights, read from ONNX."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ds_cnn.onnx"
        onnx.save(ds_cnn(), path)
        source = load(path)
    assert isinstance(source, FloatSource)
    return source.graph


NETWORKS = {"xor": xor, "ds_cnn": keywords}
OF_PICTURES = {"cifar_cnn": shipped_cnn, "cifar_pruned": trained_cnn}
PICTURES = 200


def pictures() -> NDArray[np.float32]:
    """Pictures of CIFAR-10 for calibration; the first ones are those of which the answers are kept."""
    from aiedge.train import datasets

    return datasets.cifar10("real").calibration.take(PICTURES).inputs


def stored(name: str, chip: str, bits: int) -> Path:
    """The file of a network's quantization by esp-ppq, with the bytes of the .espdl file."""
    return GOLDEN / f"espdl-{name}-{chip}-{bits}.json"


def samples(graph: Graph) -> NDArray[np.float32]:
    """Random inputs; the first ones are those of which the answers are kept."""
    shape = (64, *graph.inputs[0].sample_shape)
    return np.random.default_rng(0).uniform(-0.5, 1.5, shape).astype(np.float32)


def main() -> None:
    """Write the files."""
    for name, chip, bits in (*KEPT, *KEPT_OF_PICTURES):
        graph = (NETWORKS | OF_PICTURES)[name]()
        entries = pictures() if name in OF_PICTURES else samples(graph)
        with tempfile.TemporaryDirectory() as folder:
            made = quantize_espdl(graph, entries, Path(folder), name, chip, bits)
            told = json.loads((Path(folder) / f"{name}-quantization.json").read_text())
            size = made.path.stat().st_size
        stored(name, chip, bits).write_text(json.dumps({"bytes": size, **told}) + "\n")
        print(
            f"{name} {chip} {bits}: {size:,} bytes, {made.different} of {made.values} differ, by {made.largest}",
            flush=True,
        )


if __name__ == "__main__":
    main()
