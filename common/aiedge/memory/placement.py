"""An address for each block, and a lower bound that says how good the addresses are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from aiedge.memory.placement_search import Block, crowds, neighbours, search

# Limits are counts, never seconds: the same blocks give the same placement on every computer.
ROUNDS = 200
GREEDY_WORK = 500_000  # looks at neighbours, of each greedy order
WORK = 250_000
MOST_MEETINGS = 2_000_000


class Placement(NamedTuple):
    """Offsets of the blocks in their order, the height they take, and a height that every placement reaches."""

    offsets: list[int]
    height: int
    bound: int


def peak(blocks: Sequence[Block]) -> int:
    """The largest sum of sizes live at once; no placement is lower.

    >>> peak([Block(0, 1, 5), Block(1, 2, 3), Block(2, 3, 4)])
    8
    """
    change: dict[int, int] = defaultdict(int)
    for block in blocks:
        change[block.first] += block.size
        change[block.last + 1] -= block.size
    return max(accumulate(change[moment] for moment in sorted(change)), default=0)


def place(blocks: Sequence[Block], work: int = WORK) -> Placement:
    """Place blocks so that those that share time lie apart, and the highest top is as low as can be found.

    Greedy orders come first. What they leave above the peak goes to an exact search, which finds better
    offsets, or proves that there are none and so raises `bound`. For each group of blocks that share time it may
    put down `work` blocks in all, counted over its nodes.

    >>> place([Block(0, 1, 5), Block(1, 2, 3), Block(2, 3, 4)])
    Placement(offsets=[0, 5, 0], height=8, bound=8)
    """
    bound = peak(blocks)
    if _meetings(blocks) > MOST_MEETINGS:
        return _place_many(blocks, bound)
    near = neighbours(blocks)
    core, easy = _core(blocks, near, bound)
    offsets: list[int | None] = [None] * len(blocks)
    for part in _parts(blocks, core):
        placement = _place_part([blocks[i] for i in part], bound, work // len(part))
        bound = max(bound, placement.bound)
        for i, offset in zip(part, placement.offsets, strict=True):
            offsets[i] = offset
    for i in easy:
        offsets[i] = _lowest_gap(blocks, i, near[i], offsets)
    final = [offset or 0 for offset in offsets]
    return Placement(final, _height(blocks, final), bound)


def _meetings(blocks: Sequence[Block]) -> int:
    """How many blocks share time with each one, in all."""
    firsts, lasts = (np.sort([block[i] for block in blocks]) for i in (0, 1))
    after = len(blocks) - np.searchsorted(firsts, lasts, "right")
    before = np.searchsorted(lasts, firsts, "left")
    return int(len(blocks) ** 2 - after.sum() - before.sum())


def _place_many(blocks: Sequence[Block], bound: int) -> Placement:
    """Thousands of blocks that are live together: each at the lowest gap, in two orders."""
    first, last, size = (np.array([block[i] for block in blocks]) for i in range(3))
    best: Placement | None = None
    for keys in ((first, -size), (-last, first)):
        offset, placed = np.zeros(len(blocks), np.int64), np.zeros(len(blocks), bool)
        for i in np.lexsort(keys):
            near = np.flatnonzero(placed & (first <= last[i]) & (last >= first[i]))
            near = near[np.argsort(offset[near], kind="stable")]
            # Up to where each place is taken: no gap begins below.
            tops = np.concatenate([[0], np.maximum.accumulate(offset[near] + size[near])])
            gaps = np.flatnonzero(tops[:-1] + size[i] <= offset[near])
            offset[i] = tops[gaps[0]] if len(gaps) else tops[-1]
            placed[i] = True
        found = Placement(offset.tolist(), int((offset + size).max()), bound)
        if best is None or found.height < best.height:
            best = found
    assert best is not None
    return best


def _core(blocks: Sequence[Block], near: Sequence[Sequence[int]], height: int) -> tuple[list[int], list[int]]:
    """Indices of the blocks that decide, then of those that fit below `height` wherever the blocks before them lie."""
    # Of the core's blocks that are near each one: how many, and their sizes' sum.
    counts = [len(others) for others in near]
    sums = [sum(blocks[j].size for j in others) for others in near]
    easy: list[int] = []
    for i in sorted(range(len(blocks)), key=lambda i: (blocks[i].size, i)):
        # The others leave at most one gap more than they are; were all too small, they would hold less than is free.
        if height - sums[i] > (counts[i] + 1) * (blocks[i].size - 1):
            easy.append(i)
            for j in near[i]:
                counts[j] -= 1
                sums[j] -= blocks[i].size
    taken = set(easy)
    return [i for i in range(len(blocks)) if i not in taken], easy[::-1]


def _parts(blocks: Sequence[Block], indices: Iterable[int]) -> list[list[int]]:
    """The indices in parts that share no time with each other."""
    parts: list[list[int]] = []
    end = -1
    for i in sorted(indices, key=lambda i: (blocks[i].first, i)):
        if blocks[i].first > end:
            parts.append([])
        parts[-1].append(i)
        end = max(end, blocks[i].last)
    return parts


def _place_part(blocks: list[Block], height: int, nodes: int) -> Placement:
    """Place blocks, below `height` or else as low as found; the bound is `height` or what was proved above it."""
    offsets = _greedy(blocks, height)
    reached = _height(blocks, offsets)
    # From below: each exhausted search raises the height to try, so the first placement found is the lowest.
    bound, left = height, nodes
    while reached > bound and left:
        found = search(blocks, bound, left)
        left = found.nodes
        if found.offsets is not None:
            return Placement(found.offsets, bound, bound)
        bound = max(bound, min(found.bound, reached))
    # The limit ended it. From above: any placement lower than the one at hand helps.
    left = nodes
    while reached > bound and left:
        found = search(blocks, reached - 1, left)
        left = found.nodes
        if found.offsets is not None:
            offsets, reached = found.offsets, _height(blocks, found.offsets)
        elif left:
            bound = reached
    return Placement(offsets, reached, bound)


def _greedy(blocks: list[Block], height: int) -> list[int]:
    """Place block after block at the lowest gap, in several orders; stop at an order that keeps below `height`."""
    near = neighbours(blocks)
    most = max(1, sum(map(len, near)) + len(blocks))
    crowd = max(crowds(blocks), key=lambda crowd: sum(blocks[i].size for i in crowd))
    indices = range(len(blocks))
    orders = [
        sorted(indices, key=key)
        for key in (
            lambda i: (-blocks[i].size, blocks[i].first),
            lambda i: (blocks[i].first, -blocks[i].last, -blocks[i].size),  # whose next use is last: Belady
            lambda i: (-blocks[i].size * (blocks[i].last - blocks[i].first + 1), blocks[i].first),
            lambda i: (blocks[i].first - blocks[i].last, -blocks[i].size),
            lambda i: (i not in crowd, -blocks[i].size, blocks[i].first),
            lambda i: (-sum(blocks[j].size for j in near[i]), -blocks[i].size),
        )
    ]
    best: list[int] = []
    for order in orders:
        # Blocks that stick out are placed earlier the next time.
        for _ in range(max(1, min(ROUNDS // len(orders), GREEDY_WORK // most))):
            placed: list[int | None] = [None] * len(blocks)
            for i in order:
                placed[i] = _lowest_gap(blocks, i, near[i], placed)
            offsets = [offset or 0 for offset in placed]
            if not best or _height(blocks, offsets) < _height(blocks, best):
                best = offsets
            out = [i for i in order if offsets[i] + blocks[i].size > height]
            if not out:
                return offsets
            order = [*out, *(i for i in order if i not in set(out))]
    return best


def _lowest_gap(blocks: Sequence[Block], i: int, others: Iterable[int], offsets: list[int | None]) -> int:
    """The lowest offset where block `i` fits beside those of the others that are placed; they share time with it."""
    size = blocks[i].size
    taken = sorted((offset, blocks[j].size) for j in others if (offset := offsets[j]) is not None)
    low = 0
    for start, length in taken:
        if low + size <= start:
            break
        low = max(low, start + length)
    return low


def _height(blocks: Sequence[Block], offsets: Sequence[int]) -> int:
    return max((offset + block.size for block, offset in zip(blocks, offsets, strict=True)), default=0)
