"""A float32 network that is translated: values with their layout, operators that take others in.

Images of ONNX lie in planes, [batch, channel, row, column], those of .tflite have their channels side by side. A
`Value` keeps ONNX's shape and says in which order the axes lie in its tensor, so that a Transpose costs nothing, and
one is only made where an operator needs another order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge.tflite.builder import Builder

SIDE_BY_SIDE = (0, 2, 3, 1)  # of the axes of ONNX
NONE, RELU, RELU6 = 0, 1, 3  # of the schema's ActivationFunctionType
FUSES = (
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "TRANSPOSE_CONV",
    "ADD",
    "SUB",
    "MUL",
    "AVERAGE_POOL_2D",
)


@dataclass(frozen=True)
class Value:
    """A tensor of ONNX: its shape there, and where its values are.

    `tensor` is the number of a tensor of the network, whose axis i is axis `order[i]` of ONNX. A constant has its
    `data` in ONNX's shape and no tensor yet. `flat` is what a Flatten made this of, where channels lay side by side.
    """

    shape: tuple[int, ...]
    tensor: int = -1
    order: tuple[int, ...] = ()
    data: NDArray | None = None
    flat: "Value | None" = None


@dataclass
class Step:
    """An operator of the network; -1 is an input that is left out."""

    kind: str
    inputs: list[int]
    output: int
    options: dict[str, Any]


@dataclass
class Place:
    """A tensor of the network."""

    name: str
    shape: tuple[int, ...]
    data: NDArray | None = None


class Network:
    """Tensors and steps, until `build` writes them."""

    def __init__(self) -> None:
        self.places: list[Place] = []
        self.steps: list[Step] = []

    def place(self, name: str, shape: Sequence[int], data: NDArray | None = None) -> int:
        """A new tensor."""
        self.places.append(Place(name, tuple(map(int, shape)), data))
        return len(self.places) - 1

    def constant(self, values: Any, name: str, dtype: Any = np.float32) -> int:
        """A new constant."""
        data = np.ascontiguousarray(values, dtype)
        return self.place(name, data.shape, data)

    def step(self, kind: str, inputs: Sequence[int], shape: Sequence[int], name: str, **options: Any) -> int:
        """Add an operator, and return its output."""
        output = self.place(name, shape)
        self.steps.append(Step(kind, list(inputs), output, options))
        return output

    def maker(self, tensor: int) -> Step | None:
        """The step that computes a tensor."""
        return next((step for step in reversed(self.steps) if step.output == tensor), None)

    def lies_as(self, value: Value, order: Sequence[int], name: str) -> int:
        """The value's tensor with its axes in that order."""
        order = tuple(order)
        if value.data is not None:
            return self.constant(value.data.transpose(order), name)
        if value.flat:
            # Now the order of ONNX is wanted in earnest.
            whole = self.lies_as(value.flat, range(len(value.flat.shape)), name)
            value = self.reshaped(
                replace(value.flat, tensor=whole, order=tuple(range(len(value.flat.shape)))),
                value.shape,
                name,
            )
        if value.order == order:
            return value.tensor
        shape = [value.shape[axis] for axis in order]
        if self.same_values(value, order):
            return self.view(value.tensor, shape, name)
        moves = [value.order.index(axis) for axis in order]
        return self.step(
            "TRANSPOSE", [value.tensor, self.constant(moves, f"{name}/axes", np.int32)], shape, name
        )

    @staticmethod
    def same_values(value: Value, order: Sequence[int]) -> bool:
        """Whether the other order of axes moves no number: axes of size 1 apart, it is the same."""
        return [a for a in value.order if value.shape[a] > 1] == [a for a in order if value.shape[a] > 1]

    def view(self, tensor: int, shape: Sequence[int], name: str) -> int:
        """The same numbers in another shape."""
        while (step := self.maker(tensor)) and step.kind == "RESHAPE":
            tensor = step.inputs[0]  # of two views the last one counts
        if self.places[tensor].shape == tuple(shape):
            return tensor
        return self.step("RESHAPE", [tensor, self.constant(shape, f"{name}/shape", np.int32)], shape, name)

    def copy(self, tensor: int, name: str) -> int:
        """The same numbers once more, for an output that is an input, or twice one."""
        shape = self.places[tensor].shape
        return self.step("RESHAPE", [tensor, self.constant(shape, f"{name}/shape", np.int32)], shape, name)

    def reshaped(self, value: Value, shape: Sequence[int], name: str) -> Value:
        """ONNX's Reshape: the numbers in ONNX's order, in another shape."""
        shape, plain = tuple(shape), tuple(range(len(value.shape)))
        if value.data is not None:
            return Value(shape, data=value.data.reshape(shape))
        order = tuple(range(len(shape)))
        if value.flat is None and self.same_values(value, plain):
            return Value(shape, self.view(value.tensor, shape, name), order)
        if (
            value.flat is None
            and value.order == SIDE_BY_SIDE
            and len(shape) == 2
            and shape[0] == value.shape[0]
        ):
            # What comes next may take the numbers as they lie.
            return Value(shape, -1, order, flat=value)
        return Value(shape, self.view(self.lies_as(value, plain, name), shape, name), order)

    def build(self, inputs: Sequence[tuple[str, int]], outputs: Sequence[tuple[str, int]]) -> bytes:
        """The .tflite, with the names and tensors of its inputs and outputs."""
        wanted = {tensor for _, tensor in outputs}
        steps: list[Step] = []
        for step in reversed(self.steps):
            if step.output in wanted:
                steps.insert(0, step)
                wanted |= set(step.inputs)
        used = {i for i in wanted if i >= 0} | {tensor for _, tensor in inputs}
        file, made = Builder(), {}
        for i in sorted(used):
            place = self.places[i]
            dtype = place.data.dtype if place.data is not None else np.float32
            made[i] = file.tensor(place.name, place.shape, dtype, None, place.data)
        for step in steps:
            file.operator(
                step.kind, [made.get(i, -1) for i in step.inputs], [made[step.output]], step.options
            )
        first, last = ([made[tensor] for _, tensor in side] for side in (inputs, outputs))
        return file.build(first, last, [name for name, _ in inputs], [name for name, _ in outputs])
