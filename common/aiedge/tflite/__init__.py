"""TensorFlow Lite models: made from Keras, read into a `Graph`, run, and exported as a C array.

- `graph`, `reader`: .tflite → `Graph` of `Operator`s and `Tensor`s
- `traits`: the table of what each operator is; `window`: windows that slide over an image
- `c_array`: .tflite ↔ C array
- `bin_file`: an int8 model's weights, and pictures, as binary files
- `labels`: names of classes in the file
- `interpreters`: TensorFlow Lite Micro (the oracle) and LiteRT
- `integer`: a whole int8 `Graph` in NumPy integers
"""

from typing import Any

from aiedge.tflite.c_array import export, from_c_array, load_model, to_c_array, write_c_array
from aiedge.tflite.graph import Graph, Operator, Tensor
from aiedge.tflite.integer import run_integer
from aiedge.tflite.interpreters import (
    has_tflm,
    run_litert,
    run_litert_all,
    run_tflm,
    run_tflm_all,
    tensor_after_run,
    tflm_arena_bytes,
    tflm_report,
)
from aiedge.tflite.reader import read

__all__ = [
    "Graph",
    "Operator",
    "Tensor",
    "convert_float",
    "convert_int8",
    "export",
    "from_c_array",
    "has_tflm",
    "load_model",
    "read",
    "run_integer",
    "run_litert",
    "run_litert_all",
    "run_tflm",
    "run_tflm_all",
    "tensor_after_run",
    "tflm_arena_bytes",
    "tflm_report",
    "to_c_array",
    "write_c_array",
]


def __getattr__(name: str) -> Any:
    """`convert_float` and `convert_int8` of `aiedge.train.convert`, imported when they are first asked for."""
    if name in ("convert_float", "convert_int8"):
        from aiedge.train import convert

        return getattr(convert, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
