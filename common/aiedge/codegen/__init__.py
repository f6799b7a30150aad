"""From a `Graph` and its `MemoryPlan` to one readable C file and its header.

- `source`: `generate(graph, name)` → `CSource`, the files' texts
- `operators`: for each operator what it becomes: constants, and one call of a kernel of the engine
- `streaming`: the C of layers that run row by row
- `weights`: the constants in a file apart from the C
- `toolchain`: this computer's C compiler and a microcontroller's; the bytes of generated C
- `compiled`: `CompiledModel`, a model as machine code to be run from Python

The generated C does no memory allocation, keeps no state outside of the arena (but the address of weights that were
loaded), and needs the engine's headers only. It holds no time stamp: the same model gives the same bytes.
"""

from aiedge.codegen.compiled import CompiledModel
from aiedge.codegen.source import Core, CSource, generate
from aiedge.codegen.toolchain import Footprint, copy_engine, footprint
from aiedge.codegen.weights import Weights

__all__ = ["CSource", "CompiledModel", "Core", "Footprint", "Weights", "copy_engine", "footprint", "generate"]
