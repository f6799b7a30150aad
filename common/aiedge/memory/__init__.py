"""Where each tensor lives in the arena while the network runs.

- `steps`: the operators in execution order, those that one call runs together in one `Step`
- `buffers`: how long each tensor needs its bytes, and which tensors share them
- `placement`: an address for each buffer, and a lower bound that says how good the addresses are
- `search`: the exact search that placement falls back on
- `bands`: which rows a layer reads to make a row
- `stream`: layers that run row by row: when each row is made, how many rows each tensor keeps
- `rings`, `sections`: the buffers of such layers; which steps run so, in sections, and which on whole maps
- `plan`: `plan_memory(graph)` → `MemoryPlan`, all of it, for a network compiled to C

There the graph's inputs and outputs belong to the caller and take no arena. In TensorFlow Lite Micro they take it too:

- `tflm`, `scratch`: its planner simulated, and what kernels ask for beside the tensors
- `schedule`, `orders`, `order`: `best_order(graph)` → `Order`, the execution order of least peak
- `optimize`: `optimize(model)` → `Optimized`, the model with its operators reordered and its tensors placed
- `map`, `ladder`, `boards`: who needs the memory, what each step saves, what fits a board
- `picture`, `command`: both as pictures, and as commands
"""

from aiedge.memory.buffers import Buffer
from aiedge.memory.order import Order, best_order
from aiedge.memory.plan import MemoryPlan, Streaming, plan_memory
from aiedge.memory.steps import Step, steps

__all__ = [
    "Buffer",
    "MemoryPlan",
    "Order",
    "Step",
    "Streaming",
    "best_order",
    "plan_memory",
    "steps",
]
