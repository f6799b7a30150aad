"""A graph as a scheduling problem: operators by number, the memory that each makes, reads and frees.

Sets of operators are the bits of an int. Which bytes are live after some operators have run depends on the set of these
alone, not on their order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_

from aiedge.errors import UserError
from aiedge.memory.lifetimes import aligned
from aiedge.memory.steps import overwritable
from aiedge.tflite.graph import Graph, Operator, Tensor
from aiedge.tflite.traits import Nature


@dataclass(frozen=True)
class Region:
    """Bytes that live together: an activation and the views of it.

    `maker` is the operator that writes it, −1 for an input of the graph. It is live until all `users` have run, to the
    end where it is `kept`.
    """

    tensors: tuple[Tensor, ...]
    bytes: int
    maker: int
    users: int
    kept: bool


@dataclass(frozen=True)
class Schedule:
    """What an order is chosen by: who waits for whom, and what each operator makes and reads.

    `before[i]` are the operators that must run before operator i, directly or not, `after[i]` those that must run
    later; `direct[i]` the ones that wait for i itself, such as readers of what it writes. `makes` and `reads` are
    places in `regions`, `over[i]` pairs of what i reads and what it may write over it.
    """

    regions: tuple[Region, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    direct: tuple[tuple[int, ...], ...]
    makes: tuple[tuple[int, ...], ...]
    reads: tuple[tuple[int, ...], ...]
    over: tuple[tuple[tuple[int, int], ...], ...]

    @property
    def count(self) -> int:
        """Number of operators."""
        return len(self.before)

    @property
    def at_start(self) -> tuple[int, int]:
        """Bytes live before the first operator runs, and those of them that some operator reads."""
        inputs = [region for region in self.regions if region.maker < 0]
        return sum(r.bytes for r in inputs), sum(r.bytes for r in inputs if r.users or r.kept)

    @property
    def at_end(self) -> int:
        """Bytes live after the last operator: what is kept."""
        return sum(region.bytes for region in self.regions if region.kept)

    def step(self, done: int, live: int, operator: int) -> tuple[int, int]:
        """Bytes live while `operator` runs after the set `done`, where `live` were live, and bytes live after it."""
        regions, now = self.regions, done | 1 << operator
        while_, after = live, live
        for place in self.makes[operator]:
            while_ += regions[place].bytes
            if regions[place].users or regions[place].kept:
                after += regions[place].bytes
        freed = [
            place
            for place in self.reads[operator]
            if not regions[place].kept and not regions[place].users & ~now
        ]
        after -= sum(regions[place].bytes for place in freed)
        for source, target in self.over[operator]:
            if source in freed:
                # One input gives its place to one output.
                while_ -= regions[target].bytes
                break
        return while_, after

    def peak(self, order: Sequence[int]) -> int:
        """The most bytes live at once in this order."""
        most, live = self.at_start
        done = 0
        for operator in order:
            running, live = self.step(done, live, operator)
            most, done = max(most, running), done | 1 << operator
        return most

    @cached_property
    def bounds(self) -> tuple[int, ...]:
        """Bytes live while each operator runs, whatever the order: its own, and those made before for use after it."""
        own = [{*makes, *reads} for makes, reads in zip(self.makes, self.reads, strict=True)]
        totals = [sum(self.regions[place].bytes for place in places) for places in own]
        everything = (1 << self.count) - 1
        for place, region in enumerate(self.regions):
            waiting = everything if region.maker < 0 else self.after[region.maker]
            if not region.kept:
                waiting &= reduce(or_, (self.before[user] for user in bits(region.users)), 0)
            for operator in bits(waiting):
                if place not in own[operator]:
                    totals[operator] += region.bytes
        for operator, pairs in enumerate(self.over):
            for source, target in pairs:
                if not self.regions[source].users & self.after[operator]:
                    totals[operator] -= self.regions[target].bytes
                    break
        return tuple(totals)


def schedule(
    graph: Graph,
    alignment: int = 1,
    in_place: bool = False,
) -> Schedule:
    """The graph's scheduling problem, sizes rounded up to `alignment`.

    Inputs and outputs take memory as all activations do. With `in_place` an element-wise operator may write over an
    input that nothing reads later; a reshaped tensor stays where it is.
    """
    check(graph)
    operators = graph.operators
    maker: dict[int, int] = {t.index: -1 for t in graph.inputs}
    root: dict[int, int] = {t.index: t.index for t in graph.inputs}
    members: dict[int, list[Tensor]] = {t.index: [t] for t in graph.inputs}
    users: dict[int, int] = dict.fromkeys(root, 0)
    for i, operator in enumerate(operators):
        for read in activations(operator):
            users[root[read.index]] |= 1 << i
        for tensor in operator.outputs:
            if tensor.keeps_state:
                continue
            maker[tensor.index] = i
            viewing = operator.nature is Nature.VIEW and operator.inputs
            seen = operator.inputs[0] if viewing else None
            home = root[seen.index] if seen is not None and not seen.is_stored else tensor.index
            root[tensor.index] = home
            members.setdefault(home, []).append(tensor)
            users.setdefault(home, 0)

    kept = {root[t.index] for t in graph.outputs if not t.is_stored}
    regions = tuple(
        Region(
            tuple(tensors),
            aligned(max(t.bytes for t in tensors), alignment),
            maker[home],
            users[home],
            home in kept,
        )
        for home, tensors in members.items()
    )
    place = {t.index: i for i, region in enumerate(regions) for t in region.tensors}
    waits: list[set[int]] = [
        {maker[t.index] for t in activations(operator) if maker[t.index] >= 0} for operator in operators
    ]
    for first, then in graph.state_order:
        waits[then].add(first)
    before = _before(waits)
    made = tuple(
        tuple(
            i
            for i in dict.fromkeys(place[t.index] for t in operator.outputs if t.index in place)
            if regions[i].maker == number
        )
        for number, operator in enumerate(operators)
    )
    reads = tuple(tuple(dict.fromkeys(place[t.index] for t in activations(o))) for o in operators)
    direct: list[list[int]] = [[] for _ in operators]
    for i, sources in enumerate(waits):
        for source in sorted(sources):
            direct[source].append(i)
    return Schedule(
        regions,
        tuple(before),
        tuple(_after(direct)),
        tuple(tuple(each) for each in direct),
        made,
        reads,
        tuple(
            tuple(
                (place[t.index], made[i][0])
                for t in (overwritable(operator) if in_place and len(made[i]) == 1 else ())
                if regions[place[t.index]].bytes == regions[made[i][0]].bytes
            )
            for i, operator in enumerate(operators)
        ),
    )


def activations(operator: Operator) -> list[Tensor]:
    """What the operator reads that is neither stored nor state, each once."""
    read = (t for t in operator.inputs if t is not None and not t.is_stored and not t.keeps_state)
    return list({t.index: t for t in read}.values())


def check(graph: Graph) -> None:
    """Raise `UserError` for no operators, an activation of no bytes, or one that no operator has to do with."""
    if not graph.operators:
        raise UserError("the model has no operators", "export the model again")
    used = {t.index for t in (*graph.inputs, *graph.outputs)}
    for operator in graph.operators:
        used |= {t.index for t in (*operator.inputs, *operator.outputs) if t is not None}
    for tensor in graph.tensors:
        if tensor.is_stored or tensor.keeps_state:
            continue
        if tensor.index in used and not tensor.bytes:
            raise UserError(
                f"{tensor} has no values", "export the model again, with shapes that are all above 0"
            )
        if tensor.index not in used and tensor.bytes:
            raise UserError(
                f"no operator reads or writes {tensor}",
                "its bytes would be kept for nothing: export the model again",
            )


def _before(waits: Sequence[set[int]]) -> list[int]:
    before: list[int] = []
    for sources in waits:
        found = 0
        for source in sources:
            found |= before[source] | 1 << source
        before.append(found)
    return before


def _after(direct: Sequence[Sequence[int]]) -> list[int]:
    """Who must run later than each operator; readers stand behind what they read."""
    after = [0] * len(direct)
    for i in reversed(range(len(direct))):
        for reader in direct[i]:
            after[i] |= after[reader] | 1 << reader
    return after


def bits(mask: int) -> Iterator[int]:
    """The numbers in a set, ascending."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
