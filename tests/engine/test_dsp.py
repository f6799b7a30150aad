"""The kernels of a Cortex-M with DSP instructions against TensorFlow Lite Micro, on an emulated Cortex-M4."""

import zlib
from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from aiedge.codegen import generate
from aiedge.tflite.interpreters import has_tflm
from tests.support.cortex_m4 import CORTEX_M4, run_cortex_m4
from tests.support.random_dsp import LAYERS

needs_tflm = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)
# What layers are called by, on whole maps and row by row: with scratch, which hardly any arena of rows has, or without.
KERNELS = {
    ("depthwise", False): ("_strips_int8(", "_rows_int8("),
    ("depthwise", True): ("_rows_int8(",),
    ("pointwise", False): ("_even_int8(",),
    ("windows", True): ("_windows_int8(",),
}


@needs_tflm
@pytest.mark.parametrize(
    ("kind", "stream", "flags"),
    [
        ("depthwise", False, "-O2"),
        ("depthwise", True, "-Os"),
        ("pointwise", False, "-Og"),
        ("windows", True, "-O3"),
    ],
)
def test_random_layers(kind: str, stream: bool, flags: str, tmp_path: Path, need_tool) -> None:
    for program in CORTEX_M4.tools:
        need_tool(program, f"apt install {CORTEX_M4.packages}")
    rng = np.random.default_rng(zlib.crc32(f"{kind} {stream}".encode()))
    models = [LAYERS[kind](rng) for _ in range(24)]
    graphs = [tflite.read(model) for model in models]
    sources = [generate(graph, "net", stream).c for graph in graphs]
    for kernel in KERNELS[kind, stream]:
        assert sum(kernel in c for c in sources) >= 5
    x = [rng.integers(-128, 128, (3, *graph.inputs[0].sample_shape), dtype=np.int8) for graph in graphs]
    for values in x:
        values[0] = rng.choice(np.array([-128, 127], np.int8), values[0].shape)
    outputs = run_cortex_m4(graphs, x, tmp_path, stream, [flags])
    for model, graph, values, y in zip(models, graphs, x, outputs, strict=True):
        expected = tflite.run_tflm(model, values)
        np.testing.assert_array_equal(y.reshape(expected.shape), expected, err_msg=str(graph.operators))
