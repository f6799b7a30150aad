"""A .tflite model as plain Python objects."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.quantization import QuantParams
from aiedge.tflite.traits import OTHER, TRAITS, UNTIMED, Nature, Trait


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor: its name, shape and type, and its values where they are constant.

    `index` is its number in the file. `data` has the tensor's shape, or is None for activations. `free` are the
    dimensions that the file leaves open; there the shape has the size that it is compiled for. `folded` are constants
    that follow from shapes: the file has an operator that computes them. A tensor with a `state` keeps its values from
    one inference to the next: at first they are those, of its shape or one for all.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    quantization: QuantParams | None = None
    data: NDArray | None = None
    free: tuple[int, ...] = ()
    folded: bool = False
    state: NDArray | None = None

    @property
    def elements(self) -> int:
        """Number of values."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Size of the values in bytes."""
        return self.elements * self.dtype.itemsize

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The shape without a leading batch of 1: what one sample has in an array [n, ...]."""
        return self.shape[1:] if self.shape[:1] == (1,) else self.shape

    @property
    def is_constant(self) -> bool:
        """Whether the values are known: stored in the model, or folded."""
        return self.data is not None

    @property
    def is_stored(self) -> bool:
        """Whether the values are stored in the model."""
        return self.data is not None and not self.folded

    @property
    def keeps_state(self) -> bool:
        """Whether the values outlive the inference."""
        return self.state is not None

    @property
    def values(self) -> NDArray:
        """The values of a constant tensor; raises `UserError` for an activation."""
        if self.data is None:
            raise UserError(f"{self} is not constant", "store weights and biases in the model")
        return self.data

    def __str__(self) -> str:
        return f"tensor {self.index} ({self.dtype.name} {list(self.shape)} {self.name!r})"


# Multiply-accumulate steps of the operators with weights.
MACS: dict[Nature, Callable[["Operator"], int]] = {
    Nature.DENSE: lambda op: op.outputs[0].elements * op.input(1).shape[-1],
    Nature.CONVOLUTION: lambda op: op.outputs[0].elements * prod(op.input(1).shape[1:]),
    Nature.DEPTHWISE: lambda op: op.outputs[0].elements * prod(op.input(1).shape[1:3]),
    Nature.MEMORY: lambda op: op.input(0).shape[0] * (op.input(1).elements + op.input(2).elements),
    Nature.RECURRENT: lambda op: (
        4 * op.outputs[0].elements * (op.input(0).shape[-1] + op.outputs[0].shape[-1])
    ),
}


@dataclass(frozen=True, eq=False)
class Operator:
    """One operator: its kind in the schema's spelling ("FULLY_CONNECTED"), its tensors and its options.

    An optional input that is left out is None. `options` holds the schema's fields in its own spelling, integers and
    arrays as they are in the file; `integer`, `flag` and `real` read them.
    """

    index: int
    kind: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: dict[str, object] = field(default_factory=dict)

    def input(self, position: int) -> Tensor:
        """The input at `position`, which the operator must have."""
        tensor = self.inputs[position]
        assert tensor is not None, f"{self} leaves out input {position}"
        return tensor

    @property
    def trait(self) -> Trait:
        """What the table of operators says of its kind."""
        return TRAITS.get(self.kind, OTHER)

    @property
    def nature(self) -> Nature:
        """What it does with its tensors."""
        return self.trait.nature

    @property
    def folded(self) -> bool:
        """Whether nothing is left to do: the outputs are constants."""
        return bool(self.outputs) and all(tensor.is_constant for tensor in self.outputs)

    def integer(self, option: str) -> int:
        """An integer option, the schema's default where the operator was made without."""
        value = self.options.get(option, self.trait.defaults[option])
        assert isinstance(value, int), f"{self} has the {option} {value!r}"
        return value

    def flag(self, option: str) -> bool:
        """An option that is on or off."""
        return bool(self.integer(option))

    def real(self, option: str) -> float:
        """An option that is a real number."""
        value = self.options.get(option, self.trait.defaults[option])
        assert isinstance(value, float), f"{self} has the {option} {value!r}"
        return value

    @property
    def parameters(self) -> list[float | bool]:
        """What its formula takes beside the values: the option that its trait names, if any."""
        option = self.trait.parameter
        if not option:
            return []
        return [self.flag(option) if isinstance(self.trait.defaults[option], bool) else self.real(option)]

    @property
    def macs(self) -> int:
        """Multiply-accumulate steps of one inference; 0 for operators without weights."""
        steps = MACS.get(self.nature)
        return steps(self) if steps else 0

    def __str__(self) -> str:
        return f"operator {self.index} ({self.kind})"


@dataclass(frozen=True, eq=False)
class Graph:
    """A model: all tensors, the operators in execution order, inputs, outputs, and the bytes it was read from.

    `input_names` and `output_names` are those of the file's signature, where it has one.
    """

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    source: bytes
    input_names: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """SHA-256 of the .tflite file, 64 hex digits."""
        return hashlib.sha256(self.source).hexdigest()

    @property
    def constants(self) -> tuple[Tensor, ...]:
        """The constant tensors: weights, biases and shapes."""
        return tuple(tensor for tensor in self.tensors if tensor.is_stored)

    @property
    def states(self) -> tuple[Tensor, ...]:
        """The tensors that keep their values from one inference to the next, in the order of their use."""
        read = (t for op in self.operators for t in op.inputs if t is not None and t.keeps_state)
        return tuple({t.index: t for t in read}.values())

    @property
    def state_order(self) -> list[tuple[int, int]]:
        """Pairs of operators' indices: the first must run before the second because of what both keep.

        Operators on one state stay in their order; what is done once before the first inference stays before them.
        """
        pairs: list[tuple[int, int]] = []
        latest: dict[int, int] = {}  # of each state: the operator that was at it; of -1: what is done once
        for operator in self.operators:
            kept = [t.index for t in operator.inputs if t is not None and t.keeps_state]
            once = operator.nature in UNTIMED
            pairs += [
                (latest[i], operator.index) for i in ({*kept, -1} if kept or once else ()) if i in latest
            ]
            latest |= dict.fromkeys([-1] if once else kept, operator.index)
        return pairs

    @property
    def parameters(self) -> int:
        """Number of weights and biases that the operators use."""
        weighted = (
            t for op in self.operators if op.macs for t in op.inputs[1:] if t is not None and t.is_constant
        )
        return sum(tensor.elements for tensor in {t.index: t for t in weighted}.values())

    @property
    def macs(self) -> int:
        """Multiply-accumulate steps of one inference."""
        return sum(operator.macs for operator in self.operators)
