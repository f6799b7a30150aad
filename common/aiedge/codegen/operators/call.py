"""The C of one operator: its constants, and the statements that run it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.integer import activation_range, params_of, real_activation_range
from aiedge.tflite.traits import Nature

# From a tensor to the C expression of its address.
Places = Callable[[Tensor], str]

# What a field of a layer's struct can be: a number, an array or struct of integers, or a name in C.
Field = int | float | Sequence[int] | str

FLOAT_MAX = float(np.finfo(np.float32).max)
C_TYPES = {
    **{name: f"{name}_t" for name in ("int8", "uint8", "int16", "uint16", "int32", "int64")},
    "float32": "float",
    "bool": "uint8_t",
}


# Types of the biases of layers whose output is of integers.
BIASES: dict[str, tuple[type, ...]] = {"int8": (np.int32,), "int16": (np.int64, np.int32)}


@dataclass(frozen=True)
class Constant:
    """A constant array `name` of the generated file.

    `text` has its elements in C where they are not plain numbers, but other ones on cores with AIEDGE_OFFSET; there
    they are those of `offset`.
    """

    name: str
    values: NDArray
    text: tuple[str, ...] = ()
    offset: NDArray | None = None

    @property
    def c_type(self) -> str:
        """Type of the array's elements in C."""
        return C_TYPES[self.values.dtype.name]

    @property
    def numbers(self) -> list[str]:
        """The elements as C writes them: integers exact, floats so that they read back the same."""
        if self.text:
            return list(self.text)
        flat = self.values.ravel()
        return [c_float(v) for v in flat] if self.values.dtype == np.float32 else [str(int(v)) for v in flat]


@dataclass(frozen=True)
class Struct:
    """A layer's constant struct: its type in C, and its fields."""

    type: str
    fields: dict[str, Field]

    @property
    def initializers(self) -> list[str]:
        """The fields as C writes them: `.stride_h = 2`."""
        return [f".{name} = {c_value(value)}" for name, value in self.fields.items()]


@dataclass(frozen=True)
class Run:
    """One run of a step that runs row by row, number `i` in C: it makes `made` rows, or, with 0, adds to one.

    `rows` rows of the input are there. `clipped` tells that some runs' windows leave the image, and that the kernel has
    to leave out what is outside; `sums` is the place in C of the sums that are kept from run to run, if any are.
    """

    rows: int
    made: int = 1
    clipped: bool = False
    sums: str = ""


@dataclass(frozen=True)
class Call:
    """One operator in C: the header it needs, statements, constant arrays, and a layer struct where there is one.

    An operator that moves nothing has neither header nor statements.
    """

    header: str = ""
    statements: tuple[str, ...] = ()
    constants: tuple[Constant, ...] = ()
    struct: Struct | None = None
    # Sizes of the kernel's local arrays: macros of its header, of which the generated file defines the largest.
    limits: dict[str, int] = field(default_factory=dict)


def c_float(value: float) -> str:
    """A float32 as a C literal that reads back to the same bits.

    >>> c_float(0.1), c_float(2.0), c_float(float("-inf"))
    ('0.100000001f', '2.0f', '-INFINITY')
    """
    if np.isnan(value):
        return "NAN"
    if np.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    text = f"{np.float32(value):.9g}"
    return text + ("f" if "." in text or "e" in text else ".0f")


def c_value(value: Field) -> str:
    """A field's initializer in C.

    >>> [c_value(value) for value in (2, 2.0, [1, 2], "weights_0")]
    ['2', '2.0f', '{1, 2}', 'weights_0']
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        return "{" + ", ".join(str(int(each)) for each in value) + "}"
    return c_float(value) if isinstance(value, float) else str(int(value))


def moved(source: Tensor, target: Tensor, at: Places) -> Call:
    """The same bytes at another place; nothing where the memory plan gives both tensors one place."""
    to, start = at(target), at(source)
    return Call() if to == start else Call("<string.h>", (f"memcpy({to}, {start}, {target.bytes})",))


def unsupported(operator: Operator, hint: str) -> UserError:
    """The error for an operator that cannot become C."""
    return UserError(f"{operator} is not supported", hint)


def types_of(operator: Operator) -> tuple[str, str]:
    """Names of the types of the operator's first input and its output."""
    return operator.input(0).dtype.name, operator.outputs[0].dtype.name


def kernel_suffix(operator: Operator, *tensors: Tensor, int16: bool = False) -> str:
    """Ending of the kernel for these tensors: int8, int16 or f32.

    Raises `UserError` where they are not all of one type. `int16` tells that there is a kernel of it.
    """
    types = {"int8": "int8", "int16": "int16", "float32": "f32"}
    if not int16:
        del types["int16"]
    suffixes = {types.get(tensor.dtype.name) for tensor in tensors}
    suffix = suffixes.pop()
    if suffixes or suffix is None:
        names = [f"all {name}" for name in ("int8", "int16", "float32") if name != "int16" or int16]
        raise unsupported(operator, f"its inputs and outputs must be {', or '.join(names)}")
    if suffix == "int16":
        centered(operator, *tensors)
    return suffix


def centered(operator: Operator, *tensors: Tensor) -> None:
    """Raise `UserError` unless the zero point of these int16 tensors is 0."""
    if any(zero_point(tensor) for tensor in tensors):
        raise unsupported(operator, "the zero point of its int16 inputs and outputs must be 0")


def activation_fields(operator: Operator) -> dict[str, Field]:
    """The range that the fused activation leaves of the output: integers for int8, else floats short of infinity."""
    if operator.outputs[0].dtype.kind == "i":
        low, high = activation_range(operator)
        return {"low": low, "high": high}
    ends = np.clip(real_activation_range(operator), -FLOAT_MAX, FLOAT_MAX)
    return {"low": float(ends[0]), "high": float(ends[1])}


def zero_point(tensor: Tensor) -> int:
    """The zero point of a tensor that has one."""
    return int(params_of(tensor).zero_point)


def same_scales(operator: Operator, *tensors: Tensor) -> None:
    """Raise `UserError` unless these tensors of integers share scale and zero point."""
    params = [params_of(tensor) for tensor in tensors]
    if any(p.per_channel for p in params) or len({(float(p.scale), int(p.zero_point)) for p in params}) > 1:
        raise unsupported(operator, "its inputs and outputs must have the same scale and zero point")


def bias_of(operator: Operator, position: int = 2) -> NDArray:
    """The layer's bias at this input, flat; one zero for each of the output's channels where it is left out.

    int32 for an int8 layer, int64 or int32 for an int16 one (or int16, where it is transposed), otherwise float32;
    raises `UserError` where it is something else.
    """
    dtypes: tuple[type, ...] = BIASES.get(operator.outputs[0].dtype.name, (np.float32,))
    if dtypes[0] is np.int64 and operator.nature is Nature.TRANSPOSED:
        dtypes = (np.int64, np.int16)
    bias = operator.inputs[position] if position < len(operator.inputs) else None
    outputs = operator.outputs[0].shape[-1]
    if bias is None:
        return np.zeros(outputs, dtypes[0])
    if not bias.is_constant or bias.dtype not in dtypes or bias.elements != outputs:
        names = " or ".join(np.dtype(dtype).name for dtype in dtypes)
        raise unsupported(operator, f"its bias must be {outputs} constants of {names}")
    return bias.values.ravel()


def integers(operator: Operator, position: int) -> list[int]:
    """The values of a constant integer input; raises `UserError` where it is no such."""
    tensor = operator.inputs[position] if position < len(operator.inputs) else None
    if tensor is None or not tensor.is_constant or tensor.dtype.kind != "i":
        raise unsupported(operator, f"its input {position} must be a constant integer tensor")
    return [int(value) for value in tensor.values.ravel()]
