"""Run the C of many models in one program on the emulated ESP32's core, with nothing behind the arena or the input.

The kernels are linked as they are, or in the form that ESP-IDF assembles, with windowed calls: each is then called
through a shim.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen import generate
from aiedge.codegen.toolchain import ENGINE, ESP32_KERNELS, assemble
from aiedge.cost.emulator import QUIET
from aiedge.cost.harness import C_SOURCES, run_tool
from aiedge.cost.targets import TARGETS
from aiedge.tflite.graph import Graph

ESP32 = TARGETS["esp32"]
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Werror")
MEMORY_END = 0x68000000  # of the machine's 128 MB, behind which an access ends the program

PROLOGUE = f"""
#include <string.h>
#include "machine.h"
static uint8_t *const end = (uint8_t *){MEMORY_END:#x};
static _Alignas(4) uint8_t area[1 << 17], result[1 << 16];
extern const uint8_t inputs[];
__asm(".section .rodata\\n.balign 4\\n.global inputs\\ninputs:\\n.incbin \\"inputs.bin\\"\\n.previous\\n");
static void check(const uint8_t *p, const uint8_t *last) {{
  for (; p < last; p++) if (*p != 0xa5) machine_exit(4);
}}
int main(void) {{
  const uint8_t *from = inputs;
"""
# One input: the arena ends where memory does, or the input, at an odd place, does. What is before and behind the other
# one and before the arena is looked at.
RUN = """
  for (int n = 0; n < {runs}; n++, from += {input_bytes}) {{
    memset(area, 0xa5, sizeof area);
    memset(end - 65536, 0xa5, 65536);
    memset(result, 0xa5, sizeof result);
    uint8_t *arena = n % 2 ? area + 64 : end - M{i}_ARENA_BYTES;
    uint8_t *x = n % 2 ? end - {input_bytes} : area + 65;
    memcpy(x, from, {input_bytes});
    if (m{i}_invoke((int8_t *)x, (int8_t *)result + 1, arena)) machine_exit(5);
    check(arena - 64, arena);
    if (n % 2) check(arena + M{i}_ARENA_BYTES, arena + M{i}_ARENA_BYTES + 64);
    check(result, result + 1);
    check(result + 1 + {output_bytes}, result + 1 + {output_bytes} + 64);
    machine_write(result + 1, {output_bytes});
  }}
"""
SHIM = """
    .align  4
.Lof_{name}:
    .long   windowed_{name}
    .global {name}
{name}:
    addi    a1, a1, -48
    s32i    a0, a1, 0
    s32i    a12, a1, 4
    s32i    a13, a1, 8
    s32i    a14, a1, 12
    s32i    a15, a1, 16
    mov     a10, a2
    mov     a11, a3
    mov     a12, a4
    mov     a13, a5
    mov     a14, a6
    mov     a15, a7
    l32r    a8, .Lof_{name}
    callx8  a8
    l32i    a0, a1, 0
    l32i    a12, a1, 4
    l32i    a13, a1, 8
    l32i    a14, a1, 12
    l32i    a15, a1, 16
    addi    a1, a1, 48
    ret
"""


def run_esp32(
    graphs: Sequence[Graph],
    inputs: Sequence[NDArray],
    folder: Path,
    windowed: bool = False,
    stream: bool = False,
    flash: int = 0,
) -> list[NDArray]:
    """Outputs [n, ...] of each graph, of one input and one output, for its inputs [n, ...].

    With `stream` they run row by row; `flash` is for int16 weights.
    """
    program, files = PROLOGUE, []
    for i, (graph, x) in enumerate(zip(graphs, inputs, strict=True)):
        source = generate(graph, f"m{i}", stream, core="esp32", flash=flash)
        assert source.plan.arena_bytes < 65536 - 128, "the test's memory is too small"
        source.write(folder)
        files.append(f"m{i}.c")
        sizes = {"input_bytes": graph.inputs[0].bytes, "output_bytes": graph.outputs[0].bytes}
        program = f'#include "m{i}.h"\n{program}{RUN.format(i=i, runs=len(x), **sizes)}'
    (folder / "inputs.bin").write_bytes(b"".join(np.ascontiguousarray(x).tobytes() for x in inputs))
    written = run_program(program + "  machine_exit(0);\n}\n", files, folder, windowed)
    outputs, offset = [], 0
    for graph, x in zip(graphs, inputs, strict=True):
        size = len(x) * graph.outputs[0].elements
        values = np.frombuffer(written, np.int8, size, offset)
        outputs.append(values.reshape(len(x), *graph.outputs[0].sample_shape))
        offset += size
    assert offset == len(written)
    return outputs


def run_program(program: str, files: Sequence[str], folder: Path, windowed: bool = False) -> bytes:
    """What a program writes that is made of a C text and C files of the folder."""
    (folder / "main.c").write_text(program)
    kernels = [assemble(ESP32_KERNELS, folder, ESP32.compiler, ESP32.assembler)]
    if windowed:
        kernels = windowed_kernels(folder)
    command = [
        *ESP32.compiler,
        "-O2",
        "-std=gnu11",
        *WARNINGS,
        f"-I{ENGINE}",
        f"-I{C_SOURCES}",
        "main.c",
        *files,
    ]
    command += [*map(str, ESP32.sources), *map(str, kernels), "-nostartfiles", *ESP32.link]
    run_tool([*command, "-T", str(next(ESP32.platform.glob("*.ld"))), "-o", "program"], folder)
    return run_tool([*ESP32.emulator.split(), *QUIET, "-kernel", "program"], folder)


def windowed_kernels(folder: Path) -> list[Path]:
    """The kernels with windowed calls under other names, and shims under theirs."""
    flags = ["-D__XTENSA_WINDOWED_ABI__"]
    made = assemble(ESP32_KERNELS, folder, ESP32.compiler, ESP32.assembler, flags)
    tools = ESP32.compiler[0].removesuffix("gcc")
    subprocess.run([f"{tools}objcopy", "--prefix-symbols=windowed_", made], check=True)
    names = subprocess.run([f"{tools}nm", made], capture_output=True, text=True, check=True).stdout
    shim = folder / "shim.S"
    shim.write_text(
        "    .text\n" + "".join(SHIM.format(name=n) for n in re.findall(r" T windowed_(\w+)", names))
    )
    return [made, assemble(shim, folder, ESP32.compiler, ESP32.assembler)]
