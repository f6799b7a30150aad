"""Generate one C file and its header from a graph."""

import re
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2

from aiedge import __version__
from aiedge.codegen.operators import Constant, emit
from aiedge.codegen.operators.call import C_TYPES, c_float
from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.memory import MemoryPlan, plan_memory
from aiedge.tflite.graph import Graph, Tensor

ALIGNMENT = 4
LINE = 104


@dataclass(frozen=True)
class CSource:
    """Generated C: the texts of `NAME.c`, `NAME.h` and the firmware's `aiedge_model.h`, and their memory plan."""

    name: str
    c: str
    header: str
    firmware_header: str
    plan: MemoryPlan
    constant_bytes: int

    def write(self, folder: str | Path, firmware: bool = False) -> list[Path]:
        """Write `NAME.c` and `NAME.h` into `folder`, with `firmware` also `aiedge_model.h`; return their paths."""
        folder = Path(folder)
        paths = [
            write_atomic(folder / f"{self.name}.c", self.c),
            write_atomic(folder / f"{self.name}.h", self.header),
        ]
        if firmware:
            paths.append(write_atomic(folder / "aiedge_model.h", self.firmware_header))
        return paths


def generate(graph: Graph, name: str) -> CSource:
    """C of a graph with one input and one output; `name` begins every public name.

    Raises `UserError` for operators, types or shapes that are not supported, naming what is.
    """
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise UserError(
            f"{name!r} cannot be a name in C", "use --name with letters, digits and _, no digit first"
        )
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise UserError(
            f"the model has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs",
            "models with one input and one output are supported",
        )
    for tensor in (*graph.inputs, *graph.outputs):
        if tensor.dtype.name not in ("int8", "float32") or tensor.is_constant or not tensor.elements:
            raise UserError(
                f"{tensor} cannot be the model's input or output", "int8 and float32 activations can"
            )
    plan = plan_memory(graph, ALIGNMENT)
    calls = [emit(op, _place(op.input(0), plan), _place(op.outputs[0], plan)) for op in graph.operators]
    constants = [constant for call in calls for constant in call.constants]
    values = {
        "name": name,
        "version": __version__,
        "graph": graph,
        "plan": plan,
        "alignment": ALIGNMENT,
        "calls": list(zip(graph.operators, calls, strict=True)),
        "headers": sorted({call.header for call in calls if call.header}),
        "input": _interface(graph.inputs[0]),
        "output": _interface(graph.outputs[0]),
        "operator_methods": sorted({_method(op.kind) for op in graph.operators}),
        "place": lambda tensor: _place_name(tensor, plan),
    }
    texts = {
        key: _templates().get_template(key).render(values) for key in ("model.c", "model.h", "aiedge_model.h")
    }
    return CSource(
        name,
        texts["model.c"],
        texts["model.h"],
        texts["aiedge_model.h"],
        plan,
        sum(constant.values.nbytes for constant in constants),
    )


def _place(tensor: Tensor, plan: MemoryPlan) -> str:
    """C expression of the tensor's address."""
    holder = plan.caller.get(tensor.index)
    if holder:
        return holder
    return f"({C_TYPES[tensor.dtype.name]} *)(arena + {plan.buffer_of(tensor).offset})"


def _place_name(tensor: Tensor, plan: MemoryPlan) -> str:
    """Where the tensor lies, for the table in the file's head."""
    return plan.caller.get(tensor.index) or f"arena + {plan.buffer_of(tensor).offset}"


def _interface(tensor: Tensor) -> dict[str, object]:
    """What a caller must know of the model's input or output."""
    params = tensor.quantization
    return {
        "c_type": C_TYPES[tensor.dtype.name],
        "is_int8": int(tensor.dtype.name == "int8"),
        "count": tensor.elements,
        "scale": c_float(float(params.scale) if params else 1.0),
        "zero_point": int(params.zero_point) if params else 0,
        "shape": list(tensor.shape),
    }


def _method(kind: str) -> str:
    """Name of the method by which TFLM's resolver adds an operator: FULLY_CONNECTED → AddFullyConnected."""
    return "Add" + "".join(word.capitalize() for word in kind.split("_"))


def _comment(text: str) -> str:
    """A name from the model as part of a // comment: printable ASCII, no line continuation, short."""
    clean = "".join(c if c.isascii() and c.isprintable() and c not in "\\?" else "_" for c in text)
    return clean if len(clean) <= 60 else clean[:57] + "..."


def _rows(constant: Constant) -> list[str]:
    """The constant's numbers as lines of C."""
    return textwrap.wrap(", ".join(constant.numbers) + ",", LINE)


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(comment=_comment, rows=_rows)
    return environment
