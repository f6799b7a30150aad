"""Random models of every operator against TensorFlow Lite Micro: int8 to the bit, float32 within 1e-5."""

import zlib
from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from aiedge.tflite.interpreters import has_tflm, run_tflm_all
from batch import run_batch
from random_operators import OPERATORS, random_model

pytestmark = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)
SAMPLES = 4
SANITIZE = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def samples(rng: np.random.Generator, tensor: tflite.Tensor) -> np.ndarray:
    """Random inputs [n, ...] of a tensor, among them ones of extreme values only."""
    shape = (SAMPLES, *tensor.shape)
    if tensor.dtype == np.float32:
        return rng.normal(0, 4, shape).astype(np.float32)
    x = rng.integers(-128, 128, shape, dtype=np.int8)
    x[1] = rng.choice(np.array([-128, 127], np.int8), tensor.shape)
    x[2] = rng.integers(-128, 128)
    return x


def compare(kind: str, dtype: str, seed: int, count: int, folder: Path, compiler: list[str]) -> None:
    """Compare `count` random models of the operator with TFLM."""
    rng = np.random.default_rng([seed, zlib.crc32(f"{kind} {dtype}".encode())])
    models = [random_model(rng, kind, dtype) for _ in range(count)]
    graphs = [tflite.read(model) for model in models]
    inputs = [[samples(rng, tensor) for tensor in graph.inputs] for graph in graphs]
    results = run_batch(graphs, inputs, folder, compiler)
    for model, graph, x, outputs in zip(models, graphs, inputs, results, strict=True):
        description = "\n".join(
            f"{op.kind} {[str(t) for t in op.inputs]} -> {[str(t) for t in op.outputs]} {op.options}"
            for op in graph.operators
        )
        for y, expected in zip(outputs, run_tflm_all(model, x), strict=True):
            if dtype == "int8":
                np.testing.assert_array_equal(y, expected, err_msg=description)
            else:
                largest = float(np.abs(expected).max())
                np.testing.assert_allclose(y, expected, rtol=1e-5, atol=2e-6 * largest, err_msg=description)


@pytest.mark.parametrize(("dtype", "count"), [("int8", 16), ("float32", 8)])
@pytest.mark.parametrize("kind", OPERATORS)
def test_random_models(kind: str, dtype: str, count: int, tmp_path: Path, need_tool) -> None:
    compare(kind, dtype, 1, count, tmp_path, [need_tool("gcc", "apt install gcc"), "-O2"])


@pytest.mark.parametrize("dtype", ["int8", "float32"])
@pytest.mark.parametrize("kind", OPERATORS)
def test_under_sanitizers(kind: str, dtype: str, tmp_path: Path, need_tool) -> None:
    compare(kind, dtype, 2, 3, tmp_path, [need_tool("clang", "apt install clang"), *SANITIZE])
