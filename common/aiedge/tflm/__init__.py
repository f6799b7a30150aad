"""TensorFlow Lite Micro's arena: simulated, and made smaller.

There the graph's inputs and outputs take memory as all activations do.

- `arena`, `scratch`: its planner simulated, and what kernels ask for beside the tensors
- `schedule`, `order_search`, `order`: `best_order(graph)` → `Order`, the execution order of least peak
- `optimize`: `optimize(model)` → `Optimized`, the model with its operators reordered and its tensors placed
- `map`: who needs the memory, operator by operator
"""

from aiedge.tflm.order import Order, best_order

__all__ = ["Order", "best_order"]
