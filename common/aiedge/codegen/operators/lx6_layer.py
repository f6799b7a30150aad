"""What an operator is on the ESP32's core."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiedge.codegen.operators.call import Call, Field, Places
from aiedge.tflite.graph import Operator, Tensor


@dataclass(frozen=True)
class Lx6Layer:
    """A layer for that core: its call but for the statement, its scratch, and about how many instructions it takes.

    Neither depends on where its tensors lie.
    """

    call: Call
    kernel: str
    inputs: tuple[Tensor, ...]
    scratch_bytes: int = 0
    instructions: float = 0.0
    unpacked: int = 0  # weights that are unpacked at each call, and need not be where they are int16

    def placed(self, operators: Sequence[Operator], at: Places, scratch: str) -> Call:
        """The call with the places in C of its tensors and its scratch."""
        tensors = [at(tensor) for tensor in (*self.inputs, operators[-1].outputs[0])]
        arguments = [f"&layer_{operators[0].index}", *tensors, *([scratch] if self.scratch_bytes else [])]
        return replace(self.call, statements=(f"{self.kernel}({', '.join(arguments)})",))


def integer(value: Field) -> int:
    """A field that is a number."""
    assert isinstance(value, int)
    return value
