"""A model as a MicroPython module: the kernels in viper, native code or bytecode, and its weights in a file.

- `kernels`: the int8 kernels, one source for all three
- `layers`: what each step of a graph becomes: a kernel, its data, its numbers
- `native`: the kit's C as a native module instead, by MicroPython's own build
- `source`: `generate(graph, name)` → `MicroPythonSource`, the module's text and its weights
"""

from aiedge.micropython.source import Emitter, MicroPythonSource, generate

__all__ = ["Emitter", "MicroPythonSource", "generate"]
