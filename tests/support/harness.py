"""Run the C of one model in a program of its own, whose buffers are static arrays of exact size."""

import subprocess
from pathlib import Path

import numpy as np

from aiedge.codegen import CSource

SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
TOOLS = {"gcc": "apt install gcc", "clang": "apt install clang"}

# Reads inputs, writes outputs. The arena has canaries on both sides, and is poisoned before each run.
HARNESS = """
#include <stdio.h>
#include <string.h>
#include "net.h"
#define CANARY 16
static _Alignas(16) uint8_t arena[CANARY + NET_ARENA_BYTES + CANARY];
int main(void) {
  static %(type)s x[NET_INPUT_COUNT], y[NET_OUTPUT_COUNT];
  while (fread(x, sizeof x, 1, stdin) == 1) {
    memset(arena, 0xa5, sizeof arena);
    memset(y, 0xa5, sizeof y);
    if (net_invoke(x, y, arena + CANARY)) return 2;
    for (int i = 0; i < CANARY; i++) {
      if (arena[i] != 0xa5 || arena[CANARY + NET_ARENA_BYTES + i] != 0xa5) return 3;
    }
    fwrite(y, sizeof y, 1, stdout);
  }
  return 0;
}
"""


def run_harness(
    source: CSource, x: np.ndarray, folder: Path, compiler: list[str], runner: list[str]
) -> np.ndarray:
    """Outputs of the harness for all of `x`, int8 or float32."""
    source.write(folder)
    (folder / "harness.c").write_text(HARNESS % {"type": "float" if x.dtype == np.float32 else "int8_t"})
    program = folder / "harness"
    subprocess.run([*compiler, folder / "net.c", folder / "harness.c", "-o", program, "-lm"], check=True)
    run = subprocess.run([*runner, program], input=x.tobytes(), capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()[-2000:]
    return np.frombuffer(run.stdout, x.dtype).reshape(len(x), -1)
