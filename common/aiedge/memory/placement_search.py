"""Exact search for a placement of blocks below a given height.

Lowest blocks first: in some best placement each block lies on the ground or on a block that shares time with it,
so putting the blocks down in the order of their offsets, each as low as those before it allow, meets a best one.
The pruning follows M. D. Moffitt, MiniMalloc (ASPLOS 2023).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Block(NamedTuple):
    """What must be placed: live from step `first` to step `last`, both included, `size` in any unit."""

    first: int
    last: int
    size: int

    def meets(self, other: "Block") -> bool:
        """Whether both are live during some step."""
        return self.first <= other.last and other.first <= self.last


def neighbours(blocks: Sequence[Block]) -> list[list[int]]:
    """For each block the indices of those that are live with it during some step, ascending."""
    near: list[list[int]] = [[] for _ in blocks]
    live: list[int] = []
    for i in sorted(range(len(blocks)), key=lambda i: blocks[i].first):
        live = [j for j in live if blocks[j].last >= blocks[i].first]
        for j in live:
            near[i].append(j)
            near[j].append(i)
        live.append(i)
    for others in near:
        others.sort()
    return near


class Found(NamedTuple):
    """Result of a search: offsets or None; if None, no placement is lower than `bound`; nodes left of the limit."""

    offsets: list[int] | None
    bound: int
    nodes: int


def crowds(blocks: Sequence[Block]) -> list[list[int]]:
    """Indices of the blocks that are live together, for each moment when there are the most of them."""
    result: list[list[int]] = []
    starts = {block.first for block in blocks}
    ends = {block.last for block in blocks}
    coming = sorted(range(len(blocks)), key=lambda i: blocks[i].first, reverse=True)
    live: list[int] = []
    # The live blocks are most before the first end that follows a start.
    opened = None
    for moment in sorted(starts | ends):
        opened = moment if moment in starts else opened
        if moment in ends and opened is not None:
            while coming and blocks[coming[-1]].first <= moment:
                live.append(coming.pop())
            live = [i for i in live if blocks[i].last >= moment]
            result.append(sorted(live))
            opened = None
    return result


def search(blocks: Sequence[Block], height: int, nodes: int) -> Found:
    """Offsets of all blocks with no top above `height`, or None where none exist or `nodes` placements were tried.

    Sizes are above 0. Where no offsets exist, `bound` is a height that every placement reaches; where the limit
    ended the search, it is 0.
    """
    tree = _Tree(blocks)
    bound = 1 << 62
    offsets: list[int | None] = [None] * len(blocks)
    levels = [_Level([0] * len(blocks), 0, -1, tree.choices([0] * len(blocks), 0, -1, offsets))]
    placed: list[int] = []
    while levels:
        level = levels[-1]
        if len(placed) == len(levels):  # back from below
            offsets[placed.pop()] = None
        block = next(level.choices, None)
        if block is None:
            levels.pop()
            continue
        if not nodes:
            return Found(None, 0, 0)
        nodes -= 1
        floor = level.lowest[block]
        offsets[block] = floor
        placed.append(block)
        lowest = tree.raised(block, level.lowest, offsets)
        needed = tree.height(lowest, floor, offsets)
        if needed > height:
            bound = min(bound, needed)
        elif len(placed) == len(blocks):
            return Found([offset or 0 for offset in offsets], 0, nodes)
        else:
            levels.append(_Level(lowest, floor, block, tree.choices(lowest, floor, block, offsets)))
    return Found(None, bound, nodes)


class _Level(NamedTuple):
    """One level of the search: the lowest offset of each block over those placed, the last one placed, what to try."""

    lowest: list[int]
    floor: int
    last: int
    choices: Iterator[int]


class _Tree:
    """What the search knows of its blocks before it starts."""

    def __init__(self, blocks: Sequence[Block]):
        self.sizes = [block.size for block in blocks]
        self.near = neighbours(blocks)
        self.crowds = crowds(blocks)
        # Of equal blocks, the one before: it goes first.
        latest: dict[Block, int] = {}
        self.twin = []
        for i, block in enumerate(blocks):
            self.twin.append(latest.get(block, -1))
            latest[block] = i
        # Long-lived blocks below, then large ones.
        self.rank = [(block.first - block.last, -block.size, i) for i, block in enumerate(blocks)]

    def choices(self, lowest: list[int], floor: int, last: int, offsets: list[int | None]) -> Iterator[int]:
        """Blocks that may come next, lowest first."""
        open_ = [i for i, offset in enumerate(offsets) if offset is None]
        # A block that could have lain wholly below the next one would have been put there before it.
        ceiling = min((lowest[i] + self.sizes[i] for i in open_), default=0)
        able = (
            i
            for i in open_
            if (floor, last) < (lowest[i], i)
            and lowest[i] < ceiling
            and (self.twin[i] < 0 or offsets[self.twin[i]] is not None)
        )
        return iter(sorted(able, key=lambda i: (lowest[i], self.rank[i])))

    def raised(self, block: int, lowest: list[int], offsets: list[int | None]) -> list[int]:
        """The lowest offsets over all blocks placed, `block` being the newest."""
        top = lowest[block] + self.sizes[block]
        lowest = lowest.copy()
        for i in self.near[block]:
            if offsets[i] is None and lowest[i] < top:
                lowest[i] = top
        return lowest

    def height(self, lowest: list[int], floor: int, offsets: list[int | None]) -> int:
        """A height that every completion reaches: no open block goes below `floor`."""
        sizes, most = (
            self.sizes,
            max((o + s for o, s in zip(offsets, self.sizes, strict=True) if o is not None)),
        )
        for crowd in self.crowds:
            total, base = 0, 1 << 62
            for i in crowd:
                if offsets[i] is None:
                    total += sizes[i]
                    if lowest[i] < base:
                        base = lowest[i]
            if total:
                most = max(most, max(base, floor) + total)
        return most
