"""Generate one C file and its header from a graph."""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2
import numpy as np

from aiedge import __version__, include_dir
from aiedge.boards import Core
from aiedge.codegen.fast_flash import FastFlash, fast_flash
from aiedge.codegen.operators import Call, Constant, Run, emit
from aiedge.codegen.operators.call import C_TYPES, Places, c_float
from aiedge.codegen.operators.dsp import with_room
from aiedge.codegen.operators.lx6 import lx6_layer, lx6_run, lx6_scratch
from aiedge.codegen.streaming import StreamedPart, Streamer
from aiedge.codegen.supported import check, name_all
from aiedge.codegen.weights import Weights, weights_file
from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.memory import MemoryPlan, Step, plan_memory
from aiedge.memory.lifetimes import SCRATCH
from aiedge.tflite.graph import Graph, Operator, Tensor
from aiedge.tflite.integer import params_of
from aiedge.tflite.labels import labels_of
from aiedge.tflite.names import array_name, guard, header_name, is_c_name
from aiedge.tflite.traits import FUSABLE, Nature

ALIGNMENT = 4
# Types of what the caller holds, and their names in the firmware (Tensor.h).
INTERFACE = {
    "int8": "kInt8",
    "uint8": "kUint8",
    "int16": "kInt16",
    "int32": "kInt32",
    "float32": "kFloat32",
}
LARGEST_ARENA = 2**31 - 1
LINE = 104
SHORT = {"FULLY_CONNECTED": "dense"}
RESOLVER_WORDS = {
    "2D": "2D",
    "PADV2": "PadV2",
    "LSTM": "LSTM",
    "MATMUL": "MatMul",
    "CUMSUM": "CumSum",
}  # where TFLM's resolver does not just capitalize a kind's word
HOT_BYTES = 1024  # a table of at most so many can lie in RAM, beside the kernels (AIEDGE_IRAM)
STREAM, WEIGHTS = '"aiedge_stream.h"', '"aiedge_weights.h"'


NO_WIDE = FastFlash({}, {})


@dataclass(frozen=True)
class CSource:
    """Generated C: the texts of `NAME.c`, its header and the firmware's `aiedge_model.h`, and their memory plan.

    `weights` is the file that holds the constants, or empty where the C itself has them. `assembly` is the text of
    `NAME.S`, which links that file, or empty where the application loads it. `wide` are the layers whose weights are
    int16.
    """

    name: str
    c: str
    header: str
    firmware_header: str
    plan: MemoryPlan
    constant_bytes: int
    weights: bytes = b""
    assembly: str = ""
    wide: FastFlash = NO_WIDE

    def write(self, folder: str | Path, firmware: bool = False) -> list[Path]:
        """Write `NAME.c` and its header into `folder`, with `firmware` also `aiedge_model.h`; return their paths.

        What the assembler links is written beside them, `NAME.S` and `NAME.bin`; a file to be loaded is not. The header
        is `NAME.h`, or `NAME_network.h` where that would hide another one, as `string.h` would.
        """
        folder = Path(folder)
        paths = [
            write_atomic(folder / f"{self.name}.c", self.c),
            write_atomic(folder / header_name(self.name), self.header),
        ]
        if self.assembly:
            paths.append(write_atomic(folder / f"{self.name}.S", self.assembly))
            paths.append(write_atomic(folder / f"{self.name}.bin", self.weights))
        if firmware:
            paths.append(write_atomic(folder / "aiedge_model.h", self.firmware_header))
        return paths


def generate(
    graph: Graph,
    name: str,
    stream: bool = False,
    weights: Weights = "linked",
    core: Core = "any",
    flash: int = 0,
) -> CSource:
    """C of a graph; `name` begins every public name.

    With `stream` layers run row by row, the first ones in any case, and the input may come row by row. With `weights`
    "loaded" the constants are in a file, `CSource.weights`, whose bytes the application hands to NAME_load_weights()
    first, in RAM or in mapped flash: nothing is copied. With "incbin" they are in such a file, too, which an assembler
    links by `CSource.assembly`: no compiler reads megabytes of numbers. With `core` "esp32" layers have the kernels of
    the ESP32's core where it has some, and the arena the scratch that these take; such C is slower on any other core.
    There weights are int16 where that saves the most instructions, in at most `flash` bytes more of constants.

    Raises `UserError` for operators, types or shapes that are not supported, naming what is.
    """
    if not is_c_name(name):
        raise UserError(
            f"{name!r} cannot be a name in C", "use --name with letters, digits and _, no digit first"
        )
    check(graph)
    for tensor in (*graph.inputs, *graph.outputs):
        if tensor.dtype.name not in INTERFACE or tensor.is_constant or not tensor.elements:
            raise UserError(
                f"{tensor} cannot be the model's input or output",
                f"activations of {', '.join(INTERFACE)} can",
            )
        if tensor.quantization is not None:
            params_of(tensor)  # the one that the header names
    if flash < 0:
        raise UserError(f"{flash} bytes of flash are none", "give a number of bytes from 0 on")
    if flash and core != "esp32":
        raise UserError("int16 weights are for the ESP32's core only", "compile for the target esp32")
    needs = lx6_scratch() if core == "esp32" else None
    plan = plan_memory(graph, ALIGNMENT, fusable=FUSABLE, streaming=stream, scratch=needs)
    wide = fast_flash(plan, lx6_run, flash) if flash else NO_WIDE
    if wide.layers:
        needs = lx6_scratch(wide.layers)
        plan = plan_memory(graph, ALIGNMENT, fusable=FUSABLE, streaming=stream, scratch=needs)
    if plan.arena_bytes > LARGEST_ARENA:
        raise UserError("the network needs an arena of 2 GB or more", "no microcontroller has that")
    places = _Places(plan)

    def made(operators: tuple[Operator, ...], at: Places, run: Run | None = None) -> Call:
        if core == "any":
            return with_room(emit(operators, at, run), operators[0], at, plan)
        emit(operators, lambda tensor: "", run)  # which names what is not supported
        if (layer := lx6_layer(operators, at, run, wide.layers)) is None:
            return emit(operators, at, run)
        scratch = f"arena + {plan.scratch_of(operators[0]).offset}" if layer.scratch_bytes else ""
        return layer.placed(operators, at, scratch)

    try:
        streamers = [Streamer(section, plan, places, made) for section in plan.sections]
        by_rows = {index: streamer for streamer in streamers for index in streamer.calls}
        calls = [
            by_rows[step.index].calls[step.index] if step.index in by_rows else made(step.operators, places)
            for step in plan.steps
        ]
    except UserError:
        name_all(graph)
        raise
    parts = [streamer.part() for streamer in streamers]
    resets = [_reset(state, plan) for state in graph.states]
    operands = [*places.constants.values(), *(constant for _, constant in resets if constant)]
    constants = [*operands, *(constant for call in calls for constant in call.constants)]

    def place_of(tensor: Tensor) -> str:
        by_section = (each.describe(tensor) for each in streamers if each.makes(tensor))
        return next(by_section, places.describe(tensor))

    pointer = "weights" if weights == "loaded" else f"{name}_weights"
    file = weights_file(graph, constants, pointer) if weights != "linked" else None
    constant_bytes = sum(constant.values.nbytes for constant in constants)
    values = {
        "name": name,
        "array": array_name(name),
        "header": header_name(name),
        "guard": guard(name, _guards()),
        "constant_bytes": constant_bytes,
        "file": file,
        "loaded": weights == "loaded",
        "version": __version__,
        "graph": graph,
        "plan": plan,
        "core": core,
        "wide": wide,
        "scratch_bytes": max((b.bytes for b in plan.buffers if b.purpose == SCRATCH), default=0),
        "alignment": ALIGNMENT,
        "hot_bytes": HOT_BYTES,
        "calls": list(zip(plan.steps, calls, strict=True)),
        "operands": operands,
        "resets": [statement for statement, _ in resets],
        "variables": len({t for o in graph.operators if o.nature is Nature.HANDLE for t in o.outputs}),
        "states": [(state, place_of(state)) for state in graph.states],
        "limits": _limits(calls),
        "headers": sorted(
            {call.header for call in calls if call.header}
            | ({"<string.h>"} if resets else set())
            | ({STREAM} if streamers else set())
            | ({WEIGHTS} if file else set())
            | ({"<math.h>"} if not all(map(_finite, constants)) else set())  # NAN and INFINITY
        ),
        "streaming": parts[0] if parts else None,
        "parts": parts,
        "tail": _tail(name, plan, calls, parts),
        "inputs": [_interface(tensor, plan) for tensor in graph.inputs],
        "outputs": [_interface(tensor, plan) for tensor in graph.outputs],
        "operator_names": operator_names(graph, plan),
        "labels": _labels(graph),
        "operator_methods": sorted({resolver_method(op.kind) for op in graph.operators}),
        "place": place_of,
    }
    texts = {
        key: _templates().get_template(key).render(values)
        for key in ("model.c", "model.h", "aiedge_model.h", "weights.S")
    }
    return CSource(
        name,
        texts["model.c"],
        texts["model.h"],
        texts["aiedge_model.h"],
        plan,
        constant_bytes,
        file.data if file else b"",
        texts["weights.S"] if weights == "incbin" else "",
        wide,
    )


class _Places:
    """Where each tensor lies; called with a tensor it returns the C expression of its address.

    Constant operands that are asked for are collected in `constants`, by tensor.
    """

    def __init__(self, plan: MemoryPlan):
        self.plan = plan
        self.constants: dict[int, Constant] = {}

    def __call__(self, tensor: Tensor) -> str:
        if tensor.is_constant:
            constant = Constant(f"operand_{tensor.index}", tensor.values)
            return self.constants.setdefault(tensor.index, constant).name
        holder = self.plan.caller.get(tensor.index)
        return holder or f"({C_TYPES[tensor.dtype.name]} *)(arena + {self.plan.buffer_of(tensor).offset})"

    def describe(self, tensor: Tensor) -> str:
        """Where the tensor lies, for the table in the file's head."""
        return self.plan.caller.get(tensor.index) or f"arena + {self.plan.buffer_of(tensor).offset}"


def _reset(state: Tensor, plan: MemoryPlan) -> tuple[str, Constant | None]:
    """The statement that gives a state its first values, and the constant that it copies, if any."""
    assert state.state is not None
    place, data = f"arena + {plan.buffer_of(state).offset}", state.state.tobytes()
    if len(set(data)) <= 1:
        value = int.from_bytes(data[:1], signed=True)
        return f"memset({place}, {value}, {state.bytes})", None
    constant = Constant(f"state_{state.index}", np.broadcast_to(state.state, state.shape))
    return f"memcpy({place}, {constant.name}, {state.bytes})", constant


def _tail(
    name: str, plan: MemoryPlan, calls: list[Call], parts: list[StreamedPart]
) -> list[tuple[Step, tuple[str, ...]]]:
    """What follows the last row of the input: steps with their statements; of a section the first, with its call."""
    held = [name for name in plan.caller.values() if name.startswith("output")]
    result = []
    for place, (step, call) in enumerate(zip(plan.steps, calls, strict=True)):
        part = next((p for p in parts if p.stream.begin <= place < p.stream.end), None)
        if part is None:
            result.append((step, call.statements))
        elif place == part.stream.begin > 0:
            arguments = ", ".join([*dict.fromkeys(held), "arena"])
            result.append((step, (f"{name}_part{part.name}({arguments})",)))
    return [(step, statements) for step, statements in result if statements]


def _finite(constant: Constant) -> bool:
    """Whether C has all values without a macro."""
    return constant.values.dtype.kind != "f" or bool(np.isfinite(constant.values).all())


def _limits(calls: list[Call]) -> dict[str, int]:
    """The largest of each size that a kernel's local arrays must have."""
    limits: dict[str, int] = {}
    for call in calls:
        for macro, value in call.limits.items():
            limits[macro] = max(value, limits.get(macro, 0))
    return limits


def _interface(tensor: Tensor, plan: MemoryPlan) -> dict[str, object]:
    """What a caller must know of one of the model's inputs or outputs."""
    params = tensor.quantization
    return {
        "name": plan.caller[tensor.index],
        "label": tensor.name,
        "c_type": C_TYPES[tensor.dtype.name],
        "type": INTERFACE[tensor.dtype.name],
        "is_scaled": params is not None and tensor.dtype.kind in "iu",
        "count": tensor.elements,
        "scale": c_float(float(params.scale) if params else 1.0),
        "zero_point": int(params.zero_point) if params else 0,
        "shape": list(tensor.shape),
    }


def operator_names(graph: Graph, plan: MemoryPlan) -> list[str]:
    """A short name of each operator: its kind and a count. One that runs others as its part has their names, too."""
    counts: Counter[str] = Counter()
    names = []
    for operator in graph.operators:
        word = SHORT.get(operator.kind, operator.kind.lower().replace("_2d", ""))
        counts[word] += 1
        names.append(f"{word}{counts[word]}")
    parts = {step.index: [operator.index for operator in step.operators] for step in plan.steps}
    return ["+".join(names[i] for i in parts.get(index, [index])) for index in range(len(names))]


def resolver_method(kind: str) -> str:
    """Name of the method by which TFLM's resolver adds an operator.

    >>> resolver_method("FULLY_CONNECTED"), resolver_method("CONV_2D"), resolver_method("PADV2")
    ('AddFullyConnected', 'AddConv2D', 'AddPadV2')
    """
    return "Add" + "".join(RESOLVER_WORDS.get(word, word.capitalize()) for word in kind.split("_"))


def _labels(graph: Graph) -> list[str]:
    """The labels in the model's file as C strings, which are ASCII; none where they are not those of the output."""
    labels = labels_of(graph.source)
    if len(labels) != (graph.outputs[0].shape or (1,))[-1]:
        return []

    def character(byte: int) -> str:
        plain = 32 <= byte < 127 and chr(byte) not in '"\\?'  # "??" may begin a trigraph
        return chr(byte) if plain else f"\\{byte:03o}"

    return [f'"{"".join(map(character, label.encode()))}"' for label in labels]


def _comment(text: str) -> str:
    """A name from the model as part of a // comment: printable ASCII, no line continuation, short."""
    clean = "".join(c if c.isascii() and c.isprintable() and c not in "\\?" else "_" for c in text)
    return clean if len(clean) <= 60 else clean[:57] + "..."


def _rows(constant: Constant) -> str:
    """The constant's numbers as lines of C.

    >>> print(_rows(Constant("x", np.array([1, -128, 0], np.int8))))
    1, -128, 0,
    """
    if constant.values.dtype == np.int8 and not constant.text:  # megabytes: a table has the 256 words
        words = np.array([f"{value}, " for value in range(-128, 128)], "S6")
        bytes_ = words[constant.values.ravel().astype(np.int16) + 128].tobytes()
        text = bytes_.translate(None, b"\0").decode("ascii").rstrip(" ")
    else:
        text = " ".join(f"{number}," for number in constant.numbers)
    lines, start = [], 0
    while len(text) - start > LINE:
        end = text.rfind(" ", start, start + LINE + 1)
        lines.append(text[start:end])
        start = end + 1
    return "\n    ".join([*lines, text[start:]])


@cache
def _guards() -> set[str]:
    """The macros around the headers that generated C or the firmware includes."""
    stems = {path.stem for path in include_dir().glob("*.h")} | {"aiedge_model"}
    return {f"{stem.upper()}_H" for stem in stems}


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
