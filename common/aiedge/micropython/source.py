"""Write a model as a MicroPython module and its file of weights."""

import ast
import re
import struct
import sys
import textwrap
from dataclasses import dataclass
from functools import cached_property
from keyword import iskeyword
from pathlib import Path
from typing import Literal, get_args

from aiedge import __version__
from aiedge.codegen.supported import where
from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.memory import MemoryPlan, plan_memory, steps
from aiedge.memory.lifetimes import Scratch
from aiedge.micropython import kernels
from aiedge.micropython.layers import LAYERS, OFFSET, SUMS, Layer, layer, scratch
from aiedge.tflite.graph import Graph, Tensor
from aiedge.tflite.integer import params_of
from aiedge.tflite.names import is_c_name
from aiedge.tflite.traits import FUSABLE, TRAITS

# Who turns a module's functions into code: viper and native into machine code, on boards whose MicroPython can.
Emitter = Literal["viper", "native", "bytecode"]
MARK = 8  # bytes of the model's hash, at the beginning of the file of weights
ALIGNMENT = 4  # of the buffer's parts
# In a file system of ROM a file's bytes are in memory already.
LOAD = """\
for data in getattr(sys, "path", ("",)):
    try:
        data = open((data and data + "/") + "{name}.bin", "rb")
        break
    except OSError:
        pass
else:
    raise OSError("{name}.bin is missing")
try:
    data = memoryview(data)
except TypeError:
    data = memoryview(data.read())
if len(data) != {size} or bytes(data[:{mark}]) != {digest!r}:
    raise ValueError("{name}.bin is that of another model")"""
# Small boards have no views. Then slices copy, which does no harm: each part of the buffer has one name, by which alone
# it is written and read.
COPIES = """\
try:
    memoryview
except NameError:

    def memoryview(x):
        return x[0:]

"""


@dataclass(frozen=True)
class MicroPythonSource:
    """A module's text and its file of weights, `NAME.py` and `NAME.bin`, and the plan of its one buffer.

    `layers` are the calls in execution order.
    """

    name: str
    graph: Graph
    text: str
    weights: bytes
    plan: MemoryPlan
    layers: tuple[Layer, ...]

    def write(self, folder: str | Path) -> list[Path]:
        """Write both files into `folder`; return their paths."""
        folder = Path(folder)
        return [
            write_atomic(folder / f"{self.name}.py", self.text),
            write_atomic(folder / f"{self.name}.bin", self.weights),
        ]

    @cached_property
    def pieces(self) -> list[str]:
        """The module's statements without comments, one after the other: a small board compiles no more at a time."""
        return [ast.unparse(node) for node in ast.parse(self.text).body]


def generate(graph: Graph, name: str, emitter: Emitter = "viper") -> MicroPythonSource:
    """The MicroPython module of an int8 graph, bit for bit TensorFlow Lite Micro.

    It has `invoke(input, output)` (or `input0`, `input1`, ... where there are several) over buffers of bytes q + 128.
    Raises `UserError` that names all operators that it cannot have.
    """
    check_name(name)
    assert emitter in get_args(Emitter)
    check(graph)
    needs = Scratch(lambda step, band: scratch(step))
    plan = plan_memory(graph, ALIGNMENT, fusable=FUSABLE, scratch=needs)
    layers = [layer(step) for step in plan.steps]
    place = _Places(plan)
    head = MARK + sum(2 * len(each.placed(0)) for each in layers)
    data = bytearray()
    packed: list[int] = []
    body: list[str] = []
    numbers: list[str] = []
    for step, each in zip(plan.steps, layers, strict=True):
        operands = [*map(place, each.inputs), place(each.output)]
        if each.kernel == "copy" and operands[0] == operands[1]:
            continue
        if each.data:
            operands.append("data")
        begin = head + len(data)
        data += each.data
        if each.numbers:
            operands.append(f"g[{len(numbers)}]")
            numbers.append(f"g[{len(packed)}:{len(packed) + len(each.placed(begin))}]")
            packed += each.placed(begin)
        elif each.data:
            operands.append(str(begin))
        if each.scratch:
            operands.append(place.at(plan.scratch_of(step.operators[0]).offset))
        if each.count:
            operands.append(str(each.count))
        if each.kernel == "dense":
            operands += ["0", "0"]
        shapes = [" × ".join(map(str, t.sample_shape)) for t in (each.inputs[0], each.output)]
        body.append(f"    {each.kernel}({', '.join(operands)})  # {step}, {shapes[0]} to {shapes[1]}")
    weights = bytes.fromhex(graph.sha256)[:MARK] + struct.pack(f"<{len(packed)}H", *packed) + data
    held = [*dict.fromkeys(plan.caller[t.index] for t in (*graph.inputs, *graph.outputs))]
    used = {line.split("(")[0].strip() for line in body}
    views = [f"at[{offset}:]" for offset in place.offsets]
    text = "\n".join(
        [
            *_head(graph, name, plan, len(weights)),
            "import sys",
            *(["from array import array"] if numbers else []),
            *(["import micropython"] if emitter != "bytecode" else []),
            *(f"\n\n{text}" for text in kernel_texts(used, emitter)),
            "",
            "",
            *([COPIES] if emitter == "bytecode" else []),
            LOAD.format(name=name, size=len(weights), mark=MARK, digest=weights[:MARK]),
            f"arena = bytearray({plan.arena_bytes})",
            *(["at = memoryview(arena)", _listed("at", views)] if views else []),
            *(
                [f'g = memoryview(array("H", bytes(data[{MARK}:{head}])))', _listed("g", numbers)]
                if numbers
                else []
            ),
            "",
            "",
            f"def invoke({', '.join(held)}):",
            *body,
            "",
        ]
    )
    return MicroPythonSource(name, graph, text, weights, plan, tuple(layers))


def check_name(name: str) -> None:
    """Raise `UserError` for a name that a module cannot have, or that is one of Python's own modules."""
    if not is_c_name(name) or iskeyword(name) or name in {*sys.stdlib_module_names, "micropython"}:
        raise UserError(
            f"{name!r} cannot be the module's name",
            "use --name with letters, digits and _, no digit first, and none of Python's modules",
        )


def check(graph: Graph) -> None:
    """Raise `UserError` that names every operator that the module cannot have, and why."""
    if graph.states:
        raise UserError("the model keeps state from one inference to the next", "compile it to C instead")
    found: dict[str, list[int]] = {}
    hints: list[str] = []
    for step in steps(graph, FUSABLE):
        first = step.operators[0]
        try:
            layer(step)
        except UserError as error:
            found.setdefault(first.kind, []).append(first.index)
            if error.hint:
                hints.append(f"{first.kind}: {error.hint}")
    if found:
        kinds = sorted(k for k, t in TRAITS.items() if t.nature in LAYERS and _is_known(k))
        lacking = ", ".join(f"{kind} ({where(indices)})" for kind, indices in found.items())
        raise UserError(
            f"operators that MicroPython's kernels do not have: {lacking}",
            "; ".join([*dict.fromkeys(hints), f"there are {', '.join(kinds)}, of int8"]),
        )


def _is_known(kind: str) -> bool:
    """Whether of the kinds of a nature that is known this one is."""
    nature = TRAITS[kind].nature.name
    return {"BINARY": kind == "ADD", "CONVERSION": kind == "QUANTIZE", "REDUCTION": kind in SUMS}.get(
        nature, nature != "UNARY" or TRAITS[kind].table is not None
    )


def kernel_texts(names: set[str], emitter: Emitter) -> list[str]:
    """The source of these kernels and of those that they call, each with the emitter's decorator.

    Types stand in the signatures for viper alone: others would look them up, or have no such names.
    """
    source = Path(kernels.__file__).read_text(encoding="utf-8")
    functions = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    wanted = set(names)
    for name in reversed(functions):  # a kernel stands behind those that it calls
        if name in wanted:
            wanted |= {
                n.func.id
                for n in ast.walk(functions[name])
                if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
            }
    texts = []
    for name, node in functions.items():
        if name not in wanted:
            continue
        text = (ast.get_source_segment(source, node) or "").replace(") -> None:", "):", 1)
        if emitter != "viper":
            head, _, rest = text.replace(") -> int:", "):", 1).partition("):")
            text = re.sub(r": (ptr8|ptr16|int)\b", "", head) + "):" + rest
        texts.append(text if emitter == "bytecode" else f"@micropython.{emitter}\n{text}")
    return texts


def _head(graph: Graph, name: str, plan: MemoryPlan, size: int) -> list[str]:
    lines = [
        f"# Generated by aiedge {__version__} from the model with the SHA-256",
        f"# {graph.sha256}.",
        f"# It needs MicroPython alone, and {name}.bin of {size:,} bytes, which is read where it lies in a file system",
        f"# of ROM, and else into the heap. Its buffer takes {plan.arena_bytes:,} bytes.",
        "#",
        "# Inputs and outputs are buffers of bytes, a number for each value:",
    ]
    for tensor in (*graph.inputs, *graph.outputs):
        params = params_of(tensor)
        zero = int(params.zero_point) + OFFSET
        value = f"value = (byte - {zero}) * {float(params.scale):.9g}"
        lines.append(f"# {plan.caller[tensor.index]}: {tensor.elements:,} bytes; {value}")
    return lines


class _Places:
    """Names of the places of tensors: those of the caller's, and of offsets in the arena, which are collected."""

    def __init__(self, plan: MemoryPlan):
        self.plan = plan
        self.offsets: list[int] = []

    def __call__(self, tensor: Tensor) -> str:
        return self.plan.caller.get(tensor.index) or self.at(self.plan.buffer_of(tensor).offset)

    def at(self, offset: int) -> str:
        """The arena from this offset on."""
        if not offset:
            return "arena"
        if offset not in self.offsets:
            self.offsets.append(offset)
        return f"at[{self.offsets.index(offset)}]"


def _listed(name: str, values: list[str]) -> str:
    """The assignment of a list, as Python, in lines that are not too long."""
    return textwrap.fill(f"{name} = [{', '.join(values)}]", 100, subsequent_indent="    ")
