"""From a `Graph` and its `MemoryPlan` to one readable C file and its header.

- `source`: `generate(graph, name)` → `CSource`, the files' texts
- `operators`: for each operator what it becomes: constants, and one call of a kernel of the engine
- `toolchain`: compile generated C for this computer or a microcontroller, and measure its bytes

The generated C does no memory allocation, keeps no state, and needs the engine's headers only. It holds no
time stamp: the same model gives the same bytes.
"""

from aiedge.codegen.source import CSource, generate
from aiedge.codegen.toolchain import Footprint, compile_and_run, footprint

__all__ = ["CSource", "Footprint", "compile_and_run", "footprint", "generate"]
