"""The operators in execution order, and which of them one call runs together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from aiedge.tflite.graph import Graph, Operator, Tensor
from aiedge.tflite.traits import FUSABLE, UNTIMED
from aiedge.tflite.window import windows


@dataclass(frozen=True, eq=False)
class Step:
    """Operators that one call runs; what one of them writes for the next of them is never in memory.

    `index` is the first operator's place in the file. It names the step's layer and constants in C.
    """

    operators: tuple[Operator, ...]

    @property
    def index(self) -> int:
        """Place of the first operator in the file."""
        return self.operators[0].index

    @property
    def kinds(self) -> tuple[str, ...]:
        """The operators' kinds, in order."""
        return tuple(operator.kind for operator in self.operators)

    @cached_property
    def inputs(self) -> tuple[Tensor, ...]:
        """Activations that the step reads, each once; what it keeps for the next inference is none of them."""
        own = {t.index for operator in self.operators for t in operator.outputs}
        read = {t.index: t for operator in self.operators for t in operator.inputs if t is not None}
        return tuple(
            t for t in read.values() if not t.is_constant and not t.keeps_state and t.index not in own
        )

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """Tensors that the step leaves in memory."""
        return self.operators[-1].outputs

    @property
    def result(self) -> Tensor:
        """The first tensor that it leaves in memory, or the variable to which it assigns."""
        return self.outputs[0] if self.outputs else self.operators[-1].input(0)

    def __str__(self) -> str:
        return "+".join(self.kinds)


def steps(
    graph: Graph, fusable: Collection[tuple[str, ...]] = (), order: Sequence[int] | None = None
) -> tuple[Step, ...]:
    """The graph's operators but folded ones as steps, in file order or in the given `order` of their indices.

    `fusable` are the sequences of kinds that can run as one step, of those in `FUSABLE`; each is fused where the
    answer stays the same to the bit. What is done once before the first inference is no step. Raises `ValueError` for
    an order that is none of this graph's.
    """
    operators = graph.operators if order is None else _in_order(graph, order)
    operators = tuple(operator for operator in operators if not operator.folded)
    readers: dict[int, list[Operator]] = {}
    for operator in operators:
        for tensor in operator.inputs:
            if tensor is not None:
                readers.setdefault(tensor.index, []).append(operator)
    kept = {tensor.index for tensor in graph.outputs}

    result: list[Step] = []
    taken: set[int] = set()
    for operator in operators:
        if operator.index in taken or operator.nature in UNTIMED:
            continue
        fused: tuple[Operator, ...] = (operator,)
        if len(operator.outputs) == 1 and operator.outputs[0].index not in kept:
            following = readers.get(operator.outputs[0].index, [])
            if len(following) == 1:
                pair = (operator, following[0])
                kinds = (pair[0].kind, pair[1].kind)
                # The second operator reads nothing else that is computed, so it may move up to the first.
                if kinds in fusable and kinds in FUSABLE and _pools_alone(*pair):
                    fused = pair
        taken |= {each.index for each in fused}
        result.append(Step(fused))
    return tuple(result)


def overwritable(operator: Operator) -> tuple[Tensor, ...]:
    """Inputs in whose place the operator's output may be written, if nothing reads them later."""
    if not operator.trait.in_place:
        return ()
    target = operator.outputs[0]
    return tuple(
        t
        for t in operator.inputs[: operator.trait.inputs]
        if t is not None
        and not t.is_constant
        and t.shape == target.shape
        and t.dtype.itemsize == target.dtype.itemsize
    )


def _in_order(graph: Graph, order: Sequence[int]) -> tuple[Operator, ...]:
    if sorted(order) != list(range(len(graph.operators))):
        raise ValueError(f"the order must hold each of the {len(graph.operators)} operators once")
    operators = tuple(graph.operators[index] for index in order)
    known = {tensor.index for tensor in graph.inputs}
    for operator in operators:
        for tensor in operator.inputs:
            if tensor is None or tensor.is_constant or tensor.keeps_state:
                continue
            if tensor.index not in known:
                raise ValueError(f"in this order {operator} reads {tensor} before it is written")
        known |= {tensor.index for tensor in operator.outputs}
    place = {index: i for i, index in enumerate(order)}
    for before, after in graph.state_order:
        if place[before] > place[after]:
            raise ValueError(f"in this order operator {after} changes state before operator {before} has run")
    return operators


def _pools_alone(conv: Operator, pool: Operator) -> bool:
    """Whether each int8 value of the convolution is in one pooling window at most, and none is padding.

    A convolution in groups has no kernel that pools.

    Requantization is monotonic, so the maximum of the requantized values is the requantized maximum of the sums.
    """
    source, target = pool.input(0), pool.outputs[0]
    return (
        conv.input(0).shape[3:] == conv.input(1).shape[3:]
        and all(window.apart for window in windows(pool))
        and all(t.dtype.name == "int8" for t in (conv.input(0), source, target))
        and pool.integer("fusedActivationFunction") == 0
        and source.quantization is not None
        and target.quantization is not None
        and not source.quantization.per_channel
        and not target.quantization.per_channel
        and source.quantization == target.quantization
    )
