"""Generated C against TensorFlow Lite Micro: on this computer with sanitizers, and on an emulated Cortex-M4."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiedge import tflite
from aiedge.codegen import CompiledModel, footprint, generate
from aiedge.codegen.toolchain import CORTEX_M4, ENGINE
from aiedge.cost.runtimes import every_int8_pair
from aiedge.errors import UserError
from aiedge.memory import plan_memory
from aiedge.tflite.interpreters import has_tflm
from tests.support.batch import STRICT
from tests.support.harness import SANITIZE, TOOLS, run_harness
from tests.support.model_files import ModelFile, dense_float, dense_int8, unsupported_operator

needs_tflm = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)


@needs_tflm
@pytest.mark.parametrize("flags", [["-O1", *SANITIZE], ["-O2", "-DNDEBUG"]], ids=["sanitized", "optimized"])
@pytest.mark.parametrize("compiler", TOOLS)
def test_xor_under_sanitizers(
    compiler: str, flags: list[str], xormodel: bytes, tmp_path: Path, need_tool
) -> None:
    need_tool(compiler, TOOLS[compiler])
    x = every_int8_pair()[::7]
    source = generate(tflite.read(xormodel), "net")
    outputs = run_harness(source, x, tmp_path, [compiler, *STRICT, *flags], [])
    np.testing.assert_array_equal(outputs, tflite.run_tflm(xormodel, x))


@needs_tflm
@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 40), min_size=2, max_size=5),
    rows=st.integers(1, 3),
    per_channel=st.booleans(),
    bias=st.booleans(),
    activation=st.sampled_from([0, 1, 2, 3]),
    end=st.sampled_from([None, "LOGISTIC", "TANH", "RELU", "QUANTIZE"]),
)
def test_random_int8_networks(seed, sizes, rows, per_channel, bias, activation, end) -> None:
    rng = np.random.default_rng(seed)
    model = dense_int8(rng, sizes, rows, per_channel, [activation] * (len(sizes) - 1), end, bias)
    graph = tflite.read(model)
    x = rng.integers(-128, 128, (10, rows * sizes[0]), dtype=np.int8)
    outputs = CompiledModel(graph).predict(x)
    np.testing.assert_array_equal(outputs, tflite.run_tflm(model, x))


@needs_tflm
@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 40), min_size=2, max_size=4),
    activation=st.sampled_from([0, 1, 3]),
    end=st.sampled_from([None, "LOGISTIC", "TANH", "RELU"]),
)
def test_random_float_networks(seed, sizes, activation, end) -> None:
    rng = np.random.default_rng(seed)
    model = dense_float(rng, sizes, activation, end)
    graph = tflite.read(model)
    x = rng.normal(0, 1, (10, sizes[0])).astype(np.float32)
    outputs = CompiledModel(graph).predict(x)
    np.testing.assert_allclose(outputs, tflite.run_tflm(model, x), rtol=1e-5, atol=1e-6)


@needs_tflm
def test_quantize_reshape_and_dequantize(tmp_path: Path) -> None:
    file = ModelFile()
    a = file.tensor([1, 6], "float32")
    b = file.tensor([1, 6], scale=0.05, zero_point=-10)
    shape = file.tensor([2], "int32", data=np.array([2, 3]))
    c = file.tensor([2, 3], scale=0.05, zero_point=-10)
    d = file.tensor([2, 3], "float32")
    file.operator("QUANTIZE", [a], [b])
    file.operator("RESHAPE", [b, shape], [c], newShape=[2, 3])
    file.operator("DEQUANTIZE", [c], [d])
    model = file.build([a], [d])
    x = np.random.default_rng(1).normal(0, 4, (200, 6)).astype(np.float32)
    x[0] = [1e30, -1e30, 0.025, -0.025, 6.875, -5.9]
    graph = tflite.read(model)
    source = generate(graph, "net")
    outputs = run_harness(source, x, tmp_path, ["gcc", *STRICT, *SANITIZE], [])
    # Numbers that int32 cannot hold are undefined in TFLM; here they are clamped.
    np.testing.assert_array_equal(outputs[1:].reshape(-1, 2, 3), tflite.run_tflm(model, x[1:]))
    np.testing.assert_allclose(outputs[0, :2], [0.05 * (127 + 10), 0.05 * (-128 + 10)], rtol=1e-6)


def test_a_model_that_only_reshapes_copies_its_input() -> None:
    file = ModelFile()
    a, shape, b = (
        file.tensor([1, 6], scale=1.0),
        file.tensor([2], "int32", data=np.array([1, 6])),
        file.tensor([1, 6], scale=1.0),
    )
    file.operator("RESHAPE", [a, shape], [b], newShape=[1, 6])
    graph = tflite.read(file.build([a], [b]))
    x = np.arange(-6, 6, dtype=np.int8).reshape(2, 6)
    np.testing.assert_array_equal(CompiledModel(graph).predict(x), x)


def test_the_same_model_gives_the_same_bytes(xormodel: bytes) -> None:
    first, second = (generate(tflite.read(xormodel), "net") for _ in range(2))
    assert (first.c, first.header, first.firmware_header) == (second.c, second.header, second.firmware_header)


def test_arguments_are_checked(xormodel: bytes, tmp_path: Path) -> None:
    generate(tflite.read(xormodel), "net").write(tmp_path)
    (tmp_path / "main.c").write_text(
        '#include "net.h"\nstatic _Alignas(4) uint8_t arena[NET_ARENA_BYTES + 4];\nint main(void) {\n'
        "  int8_t x[2] = {0}, y[1];\n"
        "  return net_invoke(0, y, arena) != 1 || net_invoke(x, 0, arena) != 1 || net_invoke(x, y, 0) != 1 ||\n"
        "         net_invoke(x, y, arena + 1) != 2 || net_invoke(x, y, arena) != 0;\n}\n"
    )
    subprocess.run(
        ["gcc", *STRICT, tmp_path / "net.c", tmp_path / "main.c", "-o", tmp_path / "main"], check=True
    )
    subprocess.run([tmp_path / "main"], check=True)


# Runs all 65,536 inputs; the outputs go out as hexadecimal text through semihosting.
CORTEX_M4_MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include "net.h"
static uint32_t arena[NET_ARENA_BYTES / 4 + 1];
static char line[513];
void initialise_monitor_handles(void);
void _fini(void) {}
int main(void) {
  initialise_monitor_handles();
  for (int a = -128; a < 128; a++) {
    for (int b = -128; b < 128; b++) {
      int8_t x[2] = {(int8_t)a, (int8_t)b}, y[1];
      if (net_invoke(x, y, (uint8_t *)arena)) exit(2);
      sprintf(line + 2 * (b + 128), "%02x", (uint8_t)y[0]);
    }
    puts(line);
  }
  exit(0);
}
"""


def test_xor_on_an_emulated_cortex_m4(xormodel: bytes, tmp_path: Path, need_tool) -> None:
    need_tool("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi libnewlib-arm-none-eabi")
    need_tool("qemu-system-arm", "apt install qemu-system-arm")
    board = ENGINE.parent / "cost" / "bsp" / "cortex_m4"
    source = generate(tflite.read(xormodel), "net")
    source.write(tmp_path)
    (tmp_path / "main.c").write_text(CORTEX_M4_MAIN)
    program = tmp_path / "net.elf"
    start = sorted(str(path) for path in board.glob("*.c"))
    script = next(board.glob("*.ld"))
    flags = ["-O2", f"-I{ENGINE}", "--specs=rdimon.specs", "-nostartfiles", "-T", script]
    files = [tmp_path / "net.c", tmp_path / "main.c", *start]
    subprocess.run([*CORTEX_M4, *flags, *files, "-o", program], check=True)
    machine = ["qemu-system-arm", "-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none"]
    semihosting = ["-semihosting-config", "enable=on,target=native"]
    run = subprocess.run(
        [*machine, *semihosting, "-kernel", program], capture_output=True, check=True, timeout=120
    )
    outputs = np.frombuffer(bytes.fromhex(run.stdout.decode()), np.int8)
    np.testing.assert_array_equal(
        outputs[:, None], tflite.run_integer(tflite.read(xormodel), every_int8_pair())
    )


def test_xor_is_within_its_budget(xormodel: bytes, need_tool) -> None:
    need_tool("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi libnewlib-arm-none-eabi")
    size = footprint(generate(tflite.read(xormodel), "net"))
    assert size is not None and size.arena <= 64 and size.flash <= 2048


@given(seed=st.integers(0, 2**32 - 1), sizes=st.lists(st.integers(1, 50), min_size=2, max_size=9))
@settings(max_examples=50, deadline=None)
def test_buffers_that_live_together_lie_apart(seed: int, sizes: list[int]) -> None:
    plan = plan_memory(tflite.read(dense_int8(np.random.default_rng(seed), sizes, end="LOGISTIC")))
    for i, a in enumerate(plan.buffers):
        assert a.offset % 4 == 0 and a.offset + a.bytes <= plan.arena_bytes
        for b in plan.buffers[i + 1 :]:
            apart = a.offset + a.bytes <= b.offset or b.offset + b.bytes <= a.offset
            assert apart or not a.overlaps_in_time(b)
    assert plan.peak_bytes <= plan.arena_bytes


def test_what_is_not_supported_is_named() -> None:
    graph = tflite.read(unsupported_operator().build([0], [1]))
    with pytest.raises(UserError) as caught:
        generate(graph, "net")
    assert "operator 0 (SIGN)" in caught.value.message and "FULLY_CONNECTED" in caught.value.hint


def test_names_cannot_break_out_of_the_generated_file(tmp_path: Path) -> None:
    file = ModelFile()
    a, b = file.tensor([1, 4], scale=0.1), file.tensor([1, 4], scale=1 / 256, zero_point=-128)
    file.operator("LOGISTIC", [a], [b])
    file.model.subgraphs[0].tensors[b].name = 'evil \\\n#error "injected" ??/ */'
    graph = tflite.read(file.build([a], [b]))
    np.testing.assert_array_equal(
        CompiledModel(graph).predict(np.zeros((1, 4), np.int8)), np.zeros((1, 4), np.int8)
    )
    with pytest.raises(UserError, match="cannot be a name in C"):
        generate(graph, "net; rm")
