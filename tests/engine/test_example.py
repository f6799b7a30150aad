"""Generated C in a project of one's own: the generated files, the engine's headers, and any C or C++ compiler."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from aiedge.cli import main
from aiedge.quantization import QuantParams, quantize
from tests.support.networks import network

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
TRUTH = {"0 xor 0": 0, "0 xor 1": 1, "1 xor 0": 1, "1 xor 1": 0}


@pytest.fixture
def project(repo: Path, tmp_path: Path) -> Path:
    """A folder with nothing of the kit but the engine's headers and the example."""
    shutil.copytree(repo / "common/aiedge/engine", tmp_path / "engine")
    for path in (repo / "docs/example").iterdir():
        shutil.copy(path, tmp_path)
    return tmp_path


def build(project: Path, command: list[str]) -> None:
    subprocess.run([*command, *WARNINGS, "-Iengine", "-I."], cwd=project, check=True)


def check_truth_table(project: Path) -> None:
    out = subprocess.run([project / "xor"], capture_output=True, text=True, check=True).stdout
    answers = dict(line.split(" = ") for line in out.splitlines())
    assert {question: round(float(answer)) for question, answer in answers.items()} == TRUTH


@pytest.mark.parametrize("compiler", ["cc", "clang"])
def test_c(compiler: str, repo: Path, project: Path, need_tool) -> None:
    need_tool(compiler, f"apt install {compiler.replace('cc', 'gcc')}")
    assert main(["compile", str(repo / "xormodel/solution/xormodel.cpp"), "-o", str(project)]) == 0
    build(project, [compiler, "-std=c11", "-O2", "main.c", "xormodel.c", "-o", "xor", "-lm"])
    check_truth_table(project)


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_cpp(compiler: str, repo: Path, project: Path, need_tool) -> None:
    need_tool(compiler, "apt install g++ clang")
    assert main(["compile", str(repo / "xormodel/solution/xormodel.cpp"), "-o", str(project)]) == 0
    build(project, ["cc", "-std=c11", "-O2", "-c", "xormodel.c"])
    build(project, [compiler, "-std=c++17", "-O2", "main.cpp", "xormodel.o", "-o", "xor", "-lm"])
    check_truth_table(project)


QUANTIZE = """
#define main example
#include "main.{suffix}"
#undef main
int main() {{
  float real[XORMODEL_INPUT_COUNT];
  int8_t input[XORMODEL_INPUT_COUNT];
  while (fread(real, sizeof real, 1, stdin) == 1) {{
    quantize(real, input);
    fwrite(input, sizeof input, 1, stdout);
  }}
}}
"""


def edges(params: QuantParams) -> np.ndarray:
    """Reals around each half between two integers, at and beyond both ends of int8, and beyond int32."""
    halves = np.float32(params.scale) * (np.arange(-131, 131, dtype=np.float32) + 0.5 - params.zero_point)
    near = [halves, np.nextafter(halves, np.float32(-np.inf)), np.nextafter(halves, np.float32(np.inf))]
    far = np.float32([0, -0.0, 1, -1, 1e-45, 1e9, -1e9, 3e9, -3e9, 3.4e38, -3.4e38, np.inf, -np.inf, 0])
    return np.concatenate([*near, far])


@pytest.mark.parametrize(("suffix", "compiler"), [("c", "cc"), ("cpp", "g++")])
def test_inputs_are_quantized_as_the_kit_does(
    suffix: str, compiler: str, repo: Path, project: Path, xormodel: bytes, need_tool
) -> None:
    need_tool(compiler, "apt install gcc g++")
    assert main(["compile", str(repo / "xormodel/solution/xormodel.cpp"), "-o", str(project)]) == 0
    (project / f"quantize.{suffix}").write_text(QUANTIZE.format(suffix=suffix))
    build(project, ["cc", "-std=c11", "-c", "xormodel.c"])
    build(project, [compiler, "-O2", f"quantize.{suffix}", "xormodel.o", "-o", "quantize", "-lm"])
    params = tflite.read(xormodel).inputs[0].quantization
    reals = edges(params)
    run = subprocess.run([project / "quantize"], input=reals.tobytes(), capture_output=True, check=True)
    found = np.frombuffer(run.stdout, np.int8)
    with np.errstate(over="ignore"):  # a large real, divided by the scale, is infinite
        expected = quantize(reals, params)
    np.testing.assert_array_equal(found, expected)
    assert found.min() == -128 and found.max() == 127


SEVERAL = """
#include <stdio.h>
#include "net.h"
static _Alignas(NET_ARENA_ALIGNMENT) uint8_t arena[NET_ARENA_BYTES];
static int8_t a[NET_INPUT0_COUNT], b[NET_INPUT1_COUNT], c[NET_OUTPUT0_COUNT], d[NET_OUTPUT1_COUNT];
int main(void) {
  fread(a, 1, sizeof a, stdin);
  fread(b, 1, sizeof b, stdin);
  int status = net_invoke(a, b, c, d, arena);
  fwrite(c, 1, sizeof c, stdout);
  fwrite(d, 1, sizeof d, stdout);
  return status;
}
"""


@pytest.mark.skipif(not tflite.has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64")
def test_several_inputs_and_outputs(project: Path) -> None:
    model = network("two_inputs")
    (project / "net.tflite").write_bytes(model)
    (project / "main.c").write_text(SEVERAL)
    assert main(["compile", str(project / "net.tflite"), "-o", str(project)]) == 0
    build(project, ["cc", "-std=c11", "main.c", "net.c", "-o", "net", "-lm", "-Wno-unused-result"])
    rng = np.random.default_rng(0)
    x = [rng.integers(-128, 128, t.shape, np.int8) for t in tflite.read(model).inputs]
    run = subprocess.run([project / "net"], input=b"".join(map(bytes, x)), capture_output=True, check=True)
    expected = tflite.interpreters.run_tflm_all(model, [array[None] for array in x])
    assert run.stdout == b"".join(array.tobytes() for array in expected)
