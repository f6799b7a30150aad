"""Whether the plan that a model brings, `OfflineMemoryAllocation`, gives two tensors the same bytes at the same time.

TensorFlow Lite Micro takes such a plan as it is: where two live tensors overlap, one overwrites the other, and the
answers are wrong without a word.
"""

from collections.abc import Sequence

import numpy as np

from aiedge.errors import UserError
from aiedge.memory.steps import overwritable
from aiedge.tflite.graph import Graph, Operator, Tensor
from aiedge.tflite.traits import Nature
from aiedge.tflite.writer import ONLINE, offline_offsets


def lives(graph: Graph, operators: Sequence[Operator]) -> dict[int, tuple[int, int]]:
    """From when to when each activation lives in TFLM: time 0 is before the first operator, then one for each."""
    spans: dict[int, tuple[int, int]] = {tensor.index: (0, 0) for tensor in graph.inputs}
    for time, operator in enumerate(operators, start=1):
        for tensor in operator.outputs:
            spans[tensor.index] = time, time
        for read in operator.inputs:
            if read is not None and not read.is_stored and read.index in spans:
                spans[read.index] = spans[read.index][0], time
    for tensor in graph.outputs:
        if not tensor.is_stored:
            spans[tensor.index] = spans[tensor.index][0], len(operators)
    return spans


def check_offline_plan(graph: Graph) -> None:
    """Raise `UserError` that names two live tensors of one place, if the model's own plan has such.

    An element-wise operator may write over the input that it reads last, and a view may lie where its input lies.
    """
    offsets = offline_offsets(graph.source) if graph.source else None
    if offsets is None:
        return
    spans = lives(graph, graph.operators)
    placed = [t for t in graph.tensors if t.index in spans and t.bytes and offsets[t.index] != ONLINE]
    placed.sort(key=lambda tensor: spans[tensor.index])
    first, last = np.array([spans[t.index] for t in placed], np.int64).reshape(-1, 2).T
    begin = np.array([offsets[t.index] for t in placed], np.int64)
    end = begin + np.array([t.bytes for t in placed], np.int64)
    root: dict[int, int] = {}  # of each view: the tensor that it shows
    for operator in graph.operators:
        if operator.nature is Nature.VIEW:
            root[operator.outputs[0].index] = root.get(operator.input(0).index, operator.input(0).index)
    for place, tensor in enumerate(placed):
        before = slice(0, place)  # those whose life begins no later
        meets = (last[before] >= first[place]) & (begin[before] < end[place]) & (end[before] > begin[place])
        for other in (placed[i] for i in np.flatnonzero(meets)):
            same = offsets[other.index] == offsets[tensor.index]
            views = root.get(tensor.index, tensor.index) == root.get(other.index, other.index)
            if same and (views or _over(graph, tensor, other, spans)):
                continue
            raise UserError(
                f"the model's own memory plan gives {other} and {tensor} the same bytes while both are in use",
                "TensorFlow Lite Micro would compute with the wrong one: export the model without a plan "
                "(OfflineMemoryAllocation)",
            )


def _over(graph: Graph, tensor: Tensor, other: Tensor, spans: dict[int, tuple[int, int]]) -> bool:
    """Whether the operator that makes the tensor may write it over the other, which nobody reads later."""
    made = spans[tensor.index][0]
    if made == 0 or spans[other.index][1] != made:
        return False
    operator = graph.operators[made - 1]
    return len(operator.outputs) == 1 and other in overwritable(operator)
