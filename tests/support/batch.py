"""Run the C of many models in one program: poisoned buffers of exact size, canaries around the arena."""

import re
import subprocess
from collections.abc import Hashable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen import Core, Weights, generate
from aiedge.codegen.toolchain import ENGINE
from aiedge.tflite.graph import Graph

STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror", f"-I{ENGINE}"]

PROLOGUE = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define CANARY 16
static void *poisoned(size_t bytes) {
  void *p = malloc(bytes);
  if (!p) exit(2);
  return memset(p, 0xa5, bytes);
}
static void *take(size_t bytes) {
  void *p = poisoned(bytes);
  if (fread(p, 1, bytes, stdin) != bytes) exit(3);
  return p;
}
static void give(void *p, size_t bytes) {
  fwrite(p, 1, bytes, stdout);
  free(p);
}
// Poisons the arena again, but for the state.
static void check(uint8_t *arena, size_t bytes, size_t state) {
  for (size_t i = 0; i < CANARY; i++) {
    if (arena[i] != 0xa5 || arena[CANARY + bytes + i] != 0xa5) exit(4);
  }
  memset(arena + CANARY + state, 0xa5, bytes - state);
}
"""


def run_batch(
    graphs: Sequence[Graph],
    inputs: Sequence[Sequence[NDArray]],
    folder: Path,
    compiler: Sequence[str | Path],
    runner: Sequence[str | Path] = (),
    stream: bool = False,
    weights: Weights = "linked",
    core: Core = "any",
    flash: int = 0,
    together: bool = False,
) -> list[list[NDArray]]:
    """Outputs of each graph for its inputs [n, ...], one array [n, ...] for each output.

    A network that keeps state takes the inputs as one sequence.
    With `stream` each graph runs row by row: every second input is pushed in rows, of which none is there when the
    next one comes. With `weights` "loaded" the constants are in memory of the file's exact size. `together` compiles
    those with the same limits of the engine as one file, which has the engine once: several times as fast.
    """
    program, loads, constants = [PROLOGUE], [], b""
    files: dict[Hashable, list[Path]] = {}  # by what is compiled as one
    for i, graph in enumerate(graphs):
        source = generate(graph, f"m{i}", stream, weights, core, flash)
        source.write(folder)
        constants += source.weights
        if weights == "loaded":
            size = f"M{i}_WEIGHTS_BYTES"
            loads.append(f"  if (!m{i}_load_weights(take({size}), {size})) exit(8);")
        program.insert(0, f'#include "m{i}.h"')
        limits = tuple(re.findall(r"^#define AIEDGE_(?!STEP).*", source.c, re.MULTILINE))
        files.setdefault(limits if together else i, []).append(folder / f"m{i}.c")
        if together:
            (folder / f"m{i}.c").write_text(_apart(source.c, f"m{i}"))
    program += ["int main(void) {", *loads]
    for i, (graph, arrays) in enumerate(zip(graphs, inputs, strict=True)):
        program += ["  {", f"  uint8_t *arena = poisoned(2 * CANARY + M{i}_ARENA_BYTES);"]
        if graph.states:
            program.append(f"  if (m{i}_reset(arena + CANARY)) exit(9);")
        program.append(f"  for (int n = 0; n < {len(arrays[0])}; n++) {{")
        x, y = (
            [f"{side}{k}" for k in range(len(tensors))]
            for side, tensors in (("x", graph.inputs), ("y", graph.outputs))
        )
        program += [f"    void *{v} = take({t.bytes});" for v, t in zip(x, graph.inputs, strict=True)]
        program += [f"    void *{v} = poisoned({t.bytes});" for v, t in zip(y, graph.outputs, strict=True)]
        invoke = f"if (m{i}_invoke({', '.join(x + y)}, arena + CANARY)) exit(5);"
        program += (
            [f"    {invoke}"] if not stream else [f"    if (n % 2 == 0) {invoke}", *_pushed(graph, i, y)]
        )
        state = f"M{i}_STATE_BYTES" if graph.states else "0"
        program.append(f"    check(arena, M{i}_ARENA_BYTES, {state});")
        program += [f"    free({v});" for v in x]
        program += [f"    give({v}, {t.bytes});" for v, t in zip(y, graph.outputs, strict=True)]
        program += ["  }", "  free(arena);", "  }"]
    (folder / "main.c").write_text("\n".join([*program, "  return 0;", "}", ""]))
    sources = [folder / f"part{i}.c" for i in range(len(files))]
    for path, members in zip(sources, files.values(), strict=True):
        path.write_text("".join(f'#include "{member.name}"\n' for member in members))
    subprocess.run(
        [*compiler, *STRICT, *sources, folder / "main.c", "-o", folder / "main", "-lm"], check=True
    )
    data = constants + b"".join(
        np.ascontiguousarray(array[n]).tobytes()
        for arrays in inputs
        for n in range(len(arrays[0]))
        for array in arrays
    )
    run = subprocess.run([*runner, folder / "main"], input=data, capture_output=True, check=False)
    assert run.returncode == 0, f"exit status {run.returncode}: {run.stderr.decode()[-2000:]}"
    return _unpack(graphs, inputs, run.stdout)


def _apart(code: str, name: str) -> str:
    """Generated C whose own names begin with `name`, so that it can stand in one file with others."""
    found = re.findall(r"^(?:static [^{=;\n]*?(\w+)(?:\[\d+\])? ?[=;]|#define (\w+))", code, re.MULTILINE)
    names = {name for pair in found for name in pair if name and not name.startswith("AIEDGE_")}
    return re.sub(rf"(?<![.>\w])({'|'.join(names)})\b", rf"{name}_\1", code) if names else code


def _pushed(graph: Graph, i: int, y: Sequence[str]) -> list[str]:
    """C that pushes rows in odd runs."""
    size = graph.inputs[0].bytes // graph.inputs[0].shape[1]
    return [
        f"    if (n % 2 && m{i}_begin(arena + CANARY)) exit(6);",
        f"    for (int r = 0; n % 2 && r < M{i}_ROWS; r++) {{",
        f"      void *row = malloc({size});",
        "      if (!row) exit(2);",
        f"      memcpy(row, (char *)x0 + r * {size}, {size});",
        f"      int status = m{i}_push_row({', '.join(['row', *y])}, arena + CANARY);",
        f"      if (status != (r < M{i}_ROWS - 1 ? 3 : 0)) exit(7);",
        "      free(row);",
        "    }",
    ]


def _unpack(graphs: Sequence[Graph], inputs: Sequence[Sequence[NDArray]], data: bytes) -> list[list[NDArray]]:
    outputs: list[list[NDArray]] = []
    offset = 0
    for graph, arrays in zip(graphs, inputs, strict=True):
        results: list[list[NDArray]] = [[] for _ in graph.outputs]
        for _ in range(len(arrays[0])):
            for result, tensor in zip(results, graph.outputs, strict=True):
                result.append(
                    np.frombuffer(data, tensor.dtype, tensor.elements, offset).reshape(tensor.sample_shape)
                )
                offset += tensor.bytes
        outputs.append([np.array(result) for result in results])
    assert offset == len(data)
    return outputs
