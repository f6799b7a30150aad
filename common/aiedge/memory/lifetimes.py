"""How long each tensor needs its bytes, and which tensors share them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from aiedge.errors import UserError
from aiedge.memory.state_places import in_states
from aiedge.memory.steps import Step, overwritable
from aiedge.tflite.graph import Graph, Tensor
from aiedge.tflite.traits import Nature

# Bytes that a step's kernel needs for itself while it runs, on whole maps or, with True, row by row.
Scratch = Callable[[Step, bool], int]
SCRATCH = "scratch"


@dataclass(frozen=True)
class Buffer:
    """One stretch of memory: its tensors, the steps between which it is live (both included), bytes, offset.

    A buffer without tensors has a `purpose`: what layers that run row by row keep, or a kernel's scratch. One whose
    first tensor keeps state outlives the inference; the others lie in it for a while.
    """

    tensors: tuple[Tensor, ...]
    first: int
    last: int
    bytes: int
    offset: int = 0
    purpose: str = ""

    @property
    def keeps_state(self) -> bool:
        """Whether what lies in it is for the next inference, too."""
        return bool(self.tensors) and self.tensors[0].keeps_state

    def overlaps_in_time(self, other: "Buffer") -> bool:
        """Whether both are live during some step."""
        return self.first <= other.last and other.first <= self.last


def caller_names(graph: Graph) -> dict[int, str]:
    """Names in C of the tensors that the caller holds: `input`, or `input0`, `input1`, ... where there are several.

    Raises `UserError` where one tensor is held twice: it would have two addresses.
    """
    names: dict[int, str] = {}
    for tensors, kind in ((graph.inputs, "input"), (graph.outputs, "output")):
        for i, tensor in enumerate(tensors):
            if tensor.index in names:
                raise UserError(
                    f"{tensor} is the model's {names[tensor.index]} and its {kind} too",
                    "export the model again, with a tensor of its own for each input and output",
                )
            names[tensor.index] = kind if len(tensors) == 1 else f"{kind}{i}"
    return names


def lifetimes(
    graph: Graph,
    steps: Sequence[Step],
    alignment: int,
    in_place: bool = True,
    apart: Collection[int] = (),
    scratch: Scratch | None = None,
) -> tuple[list[Buffer], dict[int, str]]:
    """The arena's buffers, not placed yet, and the caller's name for each tensor that the caller holds.

    A tensor lives from the step that writes it to the last that reads it, a state all the time. Bytes are rounded up to
    `alignment`. With `in_place` an output may lie over an input, but not those of the steps at the places `apart`,
    which run row by row. A step with `scratch` has a buffer for it.
    """
    groups, caller = _views(graph, steps)
    spans = _spans(steps)
    inside = in_states(graph.states, steps, [g for g in groups if g[0].index not in caller], spans, apart)
    buffers: list[Buffer] = [
        Buffer((state, *inside[state.index]), 0, len(steps) - 1, aligned(state.bytes, alignment))
        for state in graph.states
    ]
    within = {t.index for tensors in inside.values() for t in tensors}
    home: dict[int, int] = {}  # of each tensor in the arena: its place in `buffers`
    for tensors in groups:
        if tensors[0].index in caller or tensors[0].index in within:
            continue
        first = min(spans[t.index][0] for t in tensors)
        last = max(spans[t.index][1] for t in tensors)
        # The step that writes this buffer, where it may write over one that it reads for the last time.
        victims = (
            overwritable(steps[first].operators[0])
            if in_place and first not in apart and len(steps[first].operators) == 1
            else ()
        )
        size = aligned(max(t.bytes for t in tensors), alignment)
        for place in (home[t.index] for t in victims if t.index in home):
            old = buffers[place]
            if old.last == first and old.bytes == size:
                buffers[place] = Buffer((*old.tensors, *tensors), old.first, last, size)
                break
        else:
            place = len(buffers)
            buffers.append(Buffer(tensors, first, last, size))
        home |= {t.index: place for t in tensors}
    for i, step in enumerate(steps if scratch else ()):
        if size := aligned(scratch(step, i in apart), alignment):  # type: ignore[misc]
            buffers.append(Buffer((), i, i, size, purpose=SCRATCH))
    return buffers, caller


def aligned(size: int, alignment: int) -> int:
    """The size, rounded up to a multiple of `alignment`."""
    return -(-size // alignment) * alignment


def _spans(steps: Sequence[Step]) -> dict[int, tuple[int, int]]:
    """First and last step of each activation that a step reads or writes."""
    spans: dict[int, tuple[int, int]] = {}
    for i, step in enumerate(steps):
        for tensor in (*step.inputs, *step.outputs):
            spans[tensor.index] = spans.get(tensor.index, (i, i))[0], i
    return spans


def _views(graph: Graph, steps: Sequence[Step]) -> tuple[list[tuple[Tensor, ...]], dict[int, str]]:
    """Activations in groups of the same bytes, in the order in which they are written; who of them the caller holds."""
    source: dict[int, Tensor] = {}
    owner: dict[int, int] = {}
    groups: dict[int, list[Tensor]] = {}
    for tensor in graph.inputs:
        owner[tensor.index], groups[tensor.index] = tensor.index, [tensor]
    for step in steps:
        for tensor in step.outputs:
            root = tensor.index
            first = step.operators[0]
            if first.nature is Nature.VIEW and (viewed := first.input(0)).index in owner:
                root, source[tensor.index] = owner[viewed.index], viewed
            owner[tensor.index] = root
            groups.setdefault(root, []).append(tensor)

    names = caller_names(graph)
    caller = dict(names)
    for tensors in groups.values():
        held = [names[t.index] for t in tensors if t.index in names]
        # Tensors before the first that the caller holds are written to its place; those after it stay in the
        # place of what they view. A view between two of the caller's tensors is a copy.
        for tensor in tensors if held else ():
            origin = source.get(tensor.index)
            caller.setdefault(tensor.index, caller[origin.index] if origin else held[0])
    return [tuple(tensors) for tensors in groups.values()], caller
