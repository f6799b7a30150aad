"""Whole networks in generated C against TensorFlow Lite Micro: no int8 output differs."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from aiedge import cli, tflite
from aiedge.codegen import CompiledModel, generate
from aiedge.codegen.toolchain import ENGINE
from aiedge.tflite.interpreters import has_tflm
from tests.support.batch import STRICT
from tests.support.harness import SANITIZE, run_harness
from tests.support.networks import KEPT, network

pytestmark = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)
SINGLE = ["cifar_cnn_25_51_76", "cifar_cnn_32_64_128", "densenet", "mobilenet_v1", "nasnet", "resnet8"]
LARGE = ["mobilenet_v2", "squeezenet"]


def pictures(graph: tflite.Graph, count: int) -> np.ndarray:
    """Random int8 inputs, of which every second has even squares and little noise, as pictures do."""
    rng = np.random.default_rng(count)
    height, width, channels = graph.inputs[0].sample_shape
    noise = rng.integers(-128, 128, (count, height, width, channels))
    squares = rng.integers(-100, 101, (count, height // 8 + 1, width // 8 + 1, channels))
    squares = squares.repeat(8, 1).repeat(8, 2)[:, :height, :width]
    noise[::2] = squares[::2] + noise[::2] // 8
    return noise.clip(-128, 127).astype(np.int8)


def check(name: str, count: int) -> None:
    """Compare `count` outputs of an int8 network."""
    model = network(name)
    graph = tflite.read(model)
    x = pictures(graph, count)
    expected = tflite.run_tflm(model, x)
    outputs = CompiledModel(graph).predict(x)
    assert np.count_nonzero(outputs != expected) == 0
    # The comparison tells something: the outputs are not all at one end.
    assert len(np.unique(expected)) > min(count, 10) // 2


@pytest.mark.parametrize("name", SINGLE)
def test_int8_networks(name: str) -> None:
    check(name, 6)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", SINGLE + LARGE)
def test_int8_networks_on_a_thousand_inputs(name: str) -> None:
    check(name, 1000)


def check_float(name: str) -> None:
    """Compare three outputs of a float32 network."""
    model = network(name, "float32")
    graph = tflite.read(model)
    x = (pictures(graph, 3) / np.float32(255) + np.float32(0.5)).astype(np.float32)
    expected = tflite.run_tflm(model, x)
    outputs = CompiledModel(graph).predict(x)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5 * float(np.abs(expected).max()))


@pytest.mark.parametrize("name", ["cifar_cnn_25_51_76", "resnet8"])
def test_float_networks(name: str) -> None:
    check_float(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["densenet", "mobilenet_v1", "mobilenet_v2", "nasnet", "squeezenet"])
def test_more_float_networks(name: str) -> None:
    check_float(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(KEPT) - {"two_inputs"}))
def test_networks_under_sanitizers(name: str, tmp_path: Path, need_tool) -> None:
    need_tool("clang", "apt install clang")
    model = network(name)
    graph = tflite.read(model)
    x = pictures(graph, 4)
    outputs = run_harness(generate(graph, "net"), x, tmp_path, ["clang", "-O1", *STRICT, *SANITIZE], [])
    np.testing.assert_array_equal(outputs, tflite.run_tflm(model, x).reshape(len(x), -1))


# A program as somebody writes it who has the generated files, the engine's headers and a C compiler.
PROGRAM = """
#include <stdio.h>
#include "two_inputs.h"
static _Alignas(TWO_INPUTS_ARENA_ALIGNMENT) uint8_t arena[TWO_INPUTS_ARENA_BYTES];
int main(void) {
  static int8_t extra[TWO_INPUTS_INPUT0_COUNT], image[TWO_INPUTS_INPUT1_COUNT];
  static int8_t mask[TWO_INPUTS_OUTPUT0_COUNT], classes[TWO_INPUTS_OUTPUT1_COUNT];
  while (fread(extra, sizeof extra, 1, stdin) == 1 && fread(image, sizeof image, 1, stdin) == 1) {
    int status = two_inputs_invoke(extra, image, mask, classes, arena);
    if (status != 0) return status;
    fwrite(mask, sizeof mask, 1, stdout);
    fwrite(classes, sizeof classes, 1, stdout);
  }
  return 0;
}
"""


def test_several_inputs_and_outputs_in_a_project_of_its_own(repo: Path, tmp_path: Path, need_tool) -> None:
    need_tool("cc", "apt install gcc")
    model = network("two_inputs")
    file = repo / "tests" / "golden" / "two_inputs.tflite"
    assert cli.main(["compile", str(file), "-o", str(tmp_path)]) == 0
    (tmp_path / "main.c").write_text(PROGRAM)
    build = [
        "cc",
        "-Wall",
        "-Wextra",
        "-Werror",
        f"-I{ENGINE}",
        "main.c",
        "two_inputs.c",
        "-o",
        "program",
        "-lm",
    ]
    subprocess.run(build, cwd=tmp_path, check=True)
    graph = tflite.read(model)
    rng = np.random.default_rng(0)
    inputs = [rng.integers(-128, 128, (100, *t.sample_shape), dtype=np.int8) for t in graph.inputs]
    stream = b"".join(x.tobytes() for pair in zip(*inputs, strict=True) for x in pair)
    run = subprocess.run([tmp_path / "program"], input=stream, capture_output=True, check=True)
    outputs = np.frombuffer(run.stdout, np.int8).reshape(100, -1)
    expected = np.hstack([y.reshape(100, -1) for y in tflite.run_tflm_all(model, inputs)])
    assert np.count_nonzero(outputs != expected) == 0
