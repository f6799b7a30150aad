"""A model that needs less memory in TensorFlow Lite Micro: its operators reordered, its tensors placed.

The result is a .tflite that the standard runtime runs with no change of code, on any board. Its outputs are the same to
the bit: the operators are the same, in another order, on tensors at other addresses.
"""

from dataclasses import dataclass

from aiedge.memory.placement import Placement, place
from aiedge.memory.placement_search import Block
from aiedge.tflite.graph import Graph
from aiedge.tflite.reader import read
from aiedge.tflite.writer import ONLINE, offline_offsets, rewrite
from aiedge.tflm.arena import ALIGNMENT, tflm_head
from aiedge.tflm.order import NODES, Order, best_order
from aiedge.tflm.schedule import bits, schedule
from aiedge.tflm.scratch import RUNTIMES, Scratch, none


@dataclass(frozen=True)
class Optimized:
    """The smaller model, and heads of the arena in bytes: of the model as it was, reordered, and reordered and placed.

    `in_order` is the model reordered, and `after` the best of the three. `bound` is what every placement needs in this
    order. Scratch of kernels is counted by `heads(scratch)` alone.
    """

    before: Graph
    in_order: Graph
    after: Graph
    order: Order
    planned: int
    reordered: int
    placed: int
    bound: int

    @property
    def proved(self) -> bool:
        """Whether no order has a lower peak, and no placement of this order a lower head."""
        return self.order.proved and self.placed == self.bound

    def heads(self, scratch: Scratch) -> tuple[int, int]:
        """The head before and after, with what a runtime's kernels ask for."""
        return tflm_head(self.before, scratch=scratch), tflm_head(self.after, scratch=scratch)

    def __str__(self) -> str:
        lines = [
            f"{'TFLM plans it, order of the file':<36}{self.planned:>12,} bytes",
            f"{'TFLM plans it, best order':<36}{self.reordered:>12,} bytes",
            f"{'placed ahead of time, best order':<36}{self.placed:>12,} bytes",
            "",
            f"order      {self.order.peak_bytes:,} bytes live at once, {self.order.file_bytes:,} in the file's order;",
            f"           {self.order.verdict}",
            f"placement  {self._placement()}",
            "",
            f"{'head of the arena with scratch of':<36}{'before':>12}{'after':>12}",
        ]
        for name, scratch in RUNTIMES.items():
            before, after = self.heads(scratch)
            lines.append(f"{name:<36}{before:>12,}{after:>12,}")
        return "\n".join(lines)

    def _placement(self) -> str:
        if self.placed == self.order.peak_bytes:
            return "the least possible: so many bytes are live at once"
        if self.placed == self.bound:
            return "proved to be the least possible in this order"
        return f"at least {self.bound:,} bytes are needed in this order"


def optimize(
    model: bytes | Graph, *, in_place: bool = False, nodes: int = NODES, progress: bool = False
) -> Optimized:
    """Reorder the model's operators and place its tensors, for the smallest head of TensorFlow Lite Micro's arena.

    With `in_place` element-wise operators write over their inputs, which TFLM's own kernels bear; other kernels may
    not. `nodes` limits the search for the order, `progress` shows its bar. The result is never larger than what
    TFLM's planner makes of the model.
    """
    graph = model if isinstance(model, Graph) else read(model)
    source = graph.source
    order = best_order(graph, alignment=ALIGNMENT, in_place=in_place, nodes=nodes, progress=progress)
    offsets, placement = place_tensors(graph, order.operators, in_place)
    planned = tflm_head(graph, scratch=none)
    same = order.operators == tuple(range(len(graph.operators))) and offline_offsets(source) is None
    reordered = graph if same else read(rewrite(source, order.operators))
    heads = (planned, tflm_head(reordered, scratch=none), placement.height)
    # Of equals the one that changes the least.
    if heads[2] < min(heads[:2]):
        best = read(rewrite(source, order.operators, offsets))
    else:
        best = graph if heads[0] <= heads[1] else reordered
    return Optimized(graph, reordered, best, order, *heads, placement.bound)


def place_tensors(
    graph: Graph, order: tuple[int, ...], in_place: bool = False
) -> tuple[list[int], Placement]:
    """An offset in the arena's head for each tensor of the file, −1 for constants, and how low they lie, in bytes."""
    blocks, groups = _blocks(graph, order, in_place)
    placement = place(blocks)
    offsets = [ONLINE] * len(graph.tensors)
    for group, offset in zip(groups, placement.offsets, strict=True):
        for tensor in group:
            offsets[tensor] = offset * ALIGNMENT
    sizes = Placement(
        [offset * ALIGNMENT for offset in placement.offsets],
        placement.height * ALIGNMENT,
        placement.bound * ALIGNMENT,
    )
    return offsets, sizes


def _blocks(graph: Graph, order: tuple[int, ...], in_place: bool) -> tuple[list[Block], list[list[int]]]:
    """What is to be placed, in units of the alignment, and the tensors of each block."""
    problem = schedule(graph, ALIGNMENT, in_place)
    time = {operator: i for i, operator in enumerate(order)}
    end = len(order) - 1
    blocks: list[Block] = []
    groups: list[list[int]] = []
    home: dict[int, int] = {}  # of each region: its place in `blocks`
    by_maker = sorted(range(len(problem.regions)), key=lambda r: time.get(problem.regions[r].maker, -1))
    for number in by_maker:
        region = problem.regions[number]
        first = time.get(region.maker, 0)
        last = end if region.kept else max([first, *(time[i] for i in bits(region.users))])
        size = region.bytes // ALIGNMENT
        for source, target in problem.over[region.maker] if region.maker >= 0 else ():
            old = blocks[home[source]]
            free = old.last == first and not problem.regions[source].kept
            if target == number and free and old.size == size:
                home[number] = home[source]
                blocks[home[number]] = Block(old.first, last, size)
                groups[home[number]] += [t.index for t in region.tensors]
                break
        else:
            home[number] = len(blocks)
            blocks.append(Block(first, last, size))
            groups.append([t.index for t in region.tensors])
    return blocks, groups
