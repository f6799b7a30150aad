"""Run the C of many models in one program on the emulated Cortex-M4."""

from collections.abc import Sequence
from pathlib import Path

from numpy.typing import NDArray

from aiedge.cost.emulator import QUIET
from aiedge.cost.harness import run_tool
from aiedge.cost.targets import TARGETS
from aiedge.tflite.graph import Graph
from tests.support.batch import run_batch

CORTEX_M4 = TARGETS["cortex-m4"]
# main() between the emulator's files and its end.
AROUND_MAIN = """
#include <stdlib.h>
void initialise_monitor_handles(void);
void _fini(void);
int __real_main(void);
int __wrap_main(void);
void _fini(void) {}
int __wrap_main(void) {
  initialise_monitor_handles();
  exit(__real_main());
}
"""


def run_cortex_m4(
    graphs: Sequence[Graph],
    inputs: Sequence[NDArray],
    folder: Path,
    stream: bool = False,
    flags: Sequence[str] = ("-O2",),
) -> list[NDArray]:
    """Outputs [n, ...] of each graph, of one input and one output, for its inputs [n, ...]; see `run_batch`."""
    (folder / "around.c").write_text(AROUND_MAIN)
    platform = [str(next(CORTEX_M4.platform.glob("*.c"))), "around.c"]
    run_tool([*CORTEX_M4.compiler, "-r", "-nostdlib", *platform, "-o", "platform.o"], folder)
    compiler = [*CORTEX_M4.compiler, *flags, folder / "platform.o", "--specs=rdimon.specs", "-nostartfiles"]
    compiler += ["-Wl,--wrap=main", "-T", next(CORTEX_M4.platform.glob("*.ld"))]
    runner = [*CORTEX_M4.emulator.split(), *QUIET, "-kernel"]
    outputs = run_batch(graphs, [[x] for x in inputs], folder, compiler, runner, stream)
    return [y for (y,) in outputs]
