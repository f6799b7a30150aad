"""Where each tensor lives in the arena of compiled C while the network runs.

- `steps`: the operators in execution order, those that one call runs together in one `Step`
- `lifetimes`: how long each tensor needs its bytes, and which tensors share them
- `placement`: an address for each buffer, and a lower bound that says how good the addresses are
- `placement_search`: the exact search that placement falls back on
- `bands`: which rows a layer reads to make a row
- `stream`: layers that run row by row: when each row is made, how many rows each tensor keeps
- `rings`, `sections`: the buffers of such layers; which steps run so, in sections, and which on whole maps
- `batches`: how many rows such layers make at once, on a core that gains by it
- `offline`: whether the plan that a model brings gives two live tensors the same bytes
- `plan`: `plan_memory(graph)` → `MemoryPlan`, all of it

The graph's inputs and outputs belong to the caller and take no arena.
"""

from aiedge.memory.lifetimes import Buffer
from aiedge.memory.plan import MemoryPlan, plan_memory
from aiedge.memory.steps import Step, steps

__all__ = ["Buffer", "MemoryPlan", "Step", "plan_memory", "steps"]
