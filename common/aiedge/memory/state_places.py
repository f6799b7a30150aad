"""Which tensors lie in a variable's own place, so that reading and assigning it moves no bytes.

What READ_VARIABLE gives can stay in the variable as long as nothing changes that. What ASSIGN_VARIABLE takes can be
written there by the operator that makes it, once nobody needs the old value any more.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from aiedge.memory.steps import Step, overwritable
from aiedge.tflite.graph import Tensor
from aiedge.tflite.traits import Nature

Span = tuple[int, int]  # the first and the last step at which a value is needed


@dataclass(frozen=True)
class _Value:
    """Tensors of the same bytes, from the step that makes them to the last that needs them."""

    tensors: tuple[Tensor, ...]
    span: Span


def in_states(
    states: Sequence[Tensor],
    steps: Sequence[Step],
    groups: Sequence[tuple[Tensor, ...]],
    spans: Mapping[int, Span],
    apart: Collection[int],
) -> dict[int, list[Tensor]]:
    """The tensors that lie in each state, by its index.

    `groups` are the arena's tensors, those of the same bytes together; `spans` the first and last step of each. The
    steps at the places `apart` run row by row: there a step reads while another one writes.
    """
    inside: dict[int, list[Tensor]] = {state.index: [] for state in states}
    values = {
        group[0].index: _Value(
            group, (min(spans[t.index][0] for t in group), max(spans[t.index][1] for t in group))
        )
        for group in groups
    }
    root = {t.index: value.tensors[0].index for value in values.values() for t in value.tensors}
    reads: dict[int, list[int]] = {state.index: [] for state in states}
    assigns: dict[int, list[int]] = {state.index: [] for state in states}
    for place, step in enumerate(steps):
        if step.operators[0].nature in (Nature.READ, Nature.ASSIGN):
            kept = reads if step.operators[0].nature is Nature.READ else assigns
            kept[step.operators[0].input(0).index].append(place)
    taken: set[int] = set()
    for state in states:
        index = state.index
        # Old and new values of this state that lie in it.
        old: list[_Value] = []
        new: list[_Value] = []
        for place in reads[index]:
            value = values.get(root.get(steps[place].outputs[0].index, -1))
            if value and all(then < place or then >= value.span[1] for then in assigns[index]):
                old.append(value)
        for place in assigns[index]:
            value = values.get(root.get(steps[place].operators[0].input(1).index, -1))
            if value is None or value.tensors[0].index in taken or value in old:
                continue
            made, last = value.span
            if (
                steps[made].outputs
                and value.tensors[0] in steps[made].outputs
                and made not in apart
                and steps[made].operators[0].nature is not Nature.READ
                and max(t.bytes for t in value.tensors) == state.bytes
                and all(not made < read < place for read in reads[index])
                and all(
                    then < made if then < place else then == place or then >= last for then in assigns[index]
                )
                and all(_over(before, steps[made], made, place) for before in old)
                and all(before.span[1] < made for before in new)
            ):
                new.append(value)
        for value in (*old, *new):
            taken.add(value.tensors[0].index)
            inside[index] += value.tensors
    return inside


def _over(old: _Value, step: Step, made: int, place: int) -> bool:
    """Whether the step at `made` may write over an old value, for the assignment at `place`."""
    first, last = old.span
    if first > place or last < made:
        return True
    return (
        last == made
        and len(step.operators) == 1
        and any(t in old.tensors for t in overwritable(step.operators[0]))
    )
