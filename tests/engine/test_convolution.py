"""CONV_2D and DEPTHWISE_CONV_2D against TensorFlow Lite Micro, on odd shapes and extreme scales."""

from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from aiedge.codegen import CompiledModel, generate
from aiedge.cost.emulator import count_instructions
from aiedge.cost.targets import TARGETS
from aiedge.tflite.interpreters import has_tflm
from tests.support.batch import STRICT
from tests.support.harness import SANITIZE, TOOLS, run_harness
from tests.support.random_convolutions import random_convolution

pytestmark = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)


def int8_inputs(graph: tflite.Graph, seed: int) -> np.ndarray:
    """Four random inputs."""
    shape = (4, *graph.inputs[0].sample_shape)
    return np.random.default_rng(seed).integers(-128, 128, shape, dtype=np.int8)


# The kernels that a computer chooses: those of any core, those of its own instructions, the reference.
KERNELS = {
    "any": ["-O3"],
    "native": ["-O3", "-march=native"],
    "avx2": ["-O2", "-mavx2"],
    "reference": ["-O3", "-march=native", "-DAIEDGE_REFERENCE"],
}


def usable(flags: list[str]) -> bool:
    """Whether this computer can run what is compiled with the flags."""
    return "-mavx2" not in flags or " avx2 " in Path("/proc/cpuinfo").read_text()


FIRST, OTHERS = range(0, 30), (range(30, 60), range(60, 90))


@pytest.mark.parametrize(
    ("kernels", "seeds"),
    [(kernels, FIRST) for kernels in KERNELS]
    + [(kernels, seeds) for kernels in ("any", "native") for seeds in OTHERS]
    + [pytest.param(k, seeds, marks=pytest.mark.slow) for k in ("avx2", "reference") for seeds in OTHERS],
    ids=str,
)
def test_random_int8_convolutions(kernels: str, seeds: range) -> None:
    if not usable(KERNELS[kernels]):
        pytest.skip("needs a processor with AVX2")
    for seed in seeds:
        model = random_convolution(seed)
        graph = tflite.read(model)
        x = int8_inputs(graph, seed)
        outputs = CompiledModel(graph, KERNELS[kernels]).predict(x)
        np.testing.assert_array_equal(outputs, tflite.run_tflm(model, x), err_msg=f"seed {seed}")


@pytest.mark.parametrize(
    ("tool", "flags"),
    [("clang", ["-O1", "-march=native"]), ("gcc", ["-O2", "-mavx2"])],
    ids=["clang-native", "gcc-avx2"],
)
def test_this_computers_kernels_under_sanitizers(
    tool: str, flags: list[str], tmp_path: Path, need_tool
) -> None:
    # The input is a static array: reading beyond its last byte stops the program.
    need_tool(tool, TOOLS[tool])
    if not usable(flags):
        pytest.skip("needs a processor with AVX2")
    for seed in range(100, 114):
        model = random_convolution(seed)
        graph = tflite.read(model)
        x = int8_inputs(graph, seed)
        outputs = run_harness(generate(graph, "net"), x, tmp_path, [tool, *flags, *STRICT, *SANITIZE], [])
        expected = tflite.run_tflm(model, x).reshape(len(x), -1)
        np.testing.assert_array_equal(outputs, expected, err_msg=f"seed {seed}")


def test_random_float_convolutions() -> None:
    for seed in range(20):
        model = random_convolution(seed, "float32")
        graph = tflite.read(model)
        x = np.random.default_rng(seed).normal(0, 1, (3, *graph.inputs[0].sample_shape)).astype(np.float32)
        outputs = CompiledModel(graph).predict(x)
        np.testing.assert_allclose(outputs, tflite.run_tflm(model, x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", TARGETS)
def test_random_convolutions_on_emulated_cores(name: str, need_tool) -> None:
    """The cores' own kernels against TFLM, on the vectors that the host gets above."""
    target = TARGETS[name]
    for program in target.tools:
        need_tool(program, f"apt install {target.packages}")
    for seed in range(90, 102):
        model = random_convolution(seed)
        graph = tflite.read(model)
        x = np.random.default_rng(seed).integers(-128, 128, (3, *graph.inputs[0].sample_shape), dtype=np.int8)
        count = count_instructions(
            graph, generate(graph, "net", core=target.kernels), target, [[s] for s in x]
        )
        np.testing.assert_array_equal(count.outputs[0], tflite.run_tflm(model, x), err_msg=f"seed {seed}")
