"""Exact search for the order of least peak.

A state is the set of operators that have run; what is live follows from it. The search goes from state to state, those
of the lowest peak so far first and of these the one that has run the most. Three rules keep it short, and lose no best
order:

- *Forced states.* Where every operator either must run before an operator or must run after it, all orders pass
  through that state: the parts between such states are solved one by one.
- *Free moves.* An operator, or a chain of them, that leaves no more live than there was, and while it runs stays below
  the peak reached so far, is run at once. Live bytes are submodular in the set of operators, so in any order it can
  be moved to the front: nothing after it gets larger.
- *Bounds.* While an operator runs, what it reads and writes is live, and what was made before it for use after it. No
  order is below the largest of these; a state above the best order found is dropped.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

from aiedge.tflm.schedule import Schedule, bits


class Part(NamedTuple):
    """Operators between two forced states: the set that has run before them, the bytes then live, their numbers."""

    done: int
    live: int
    operators: tuple[int, ...]


class FoundOrder(NamedTuple):
    """The best order found for a part, its peak, a peak that no order is below, and the states that were expanded."""

    order: tuple[int, ...]
    peak: int
    bound: int
    nodes: int


def parts(problem: Schedule) -> list[Part]:
    """The problem cut at its forced states, in order."""
    everything = (1 << problem.count) - 1
    cuts = {0, everything}
    for i in range(problem.count):
        before = problem.before[i]
        if before | problem.after[i] | 1 << i == everything:
            cuts |= {before, before | 1 << i}
    result: list[Part] = []
    live = problem.at_start[1]
    ordered = sorted(cuts, key=int.bit_count)
    for done, then in pairwise(ordered):
        operators = tuple(bits(then & ~done))
        result.append(Part(done, live, operators))
        for operator in operators:
            _, live = problem.step(done, live, operator)
            done |= 1 << operator
    return result


class _State(NamedTuple):
    """A set of operators that have run, what is live, and those that may run next."""

    done: int
    live: int
    ready: int


class OrderSearch:
    """The search of one part, for a peak of at most `goal`, or else the least that is below `known`'s."""

    def __init__(self, problem: Schedule, part: Part, goal: int, known: tuple[int, ...], limit: int) -> None:
        self.problem, self.part, self.goal, self.limit = problem, part, goal, limit
        self.end = part.done | sum(1 << i for i in part.operators)
        ready = sum(1 << i for i in part.operators if not problem.before[i] & ~part.done)
        self.start = _State(part.done, part.live, ready)
        # Each state costs moves, and a move of many operators more than one of a few.
        self._moves = (LEAST_WORK + WORK * limit) // max(len(part.operators), FEW)
        self._left = self._moves
        self.best, self.peak = known, self._peak(known)
        self.bound, self.nodes, self.interrupted = goal, 0, False

    def run(self, tick: Callable[[], object] = lambda: None) -> FoundOrder:
        """Search until the best order is proved or `limit` states are expanded; Ctrl-C ends it with the best so far."""
        try:
            self._greedy(1)
            self._exact(tick)
            # The limit ended it: what is left is to find a better order, without a proof.
            for width in BEAMS:
                self._left = self._moves // 2
                self._greedy(width)
        except KeyboardInterrupt:
            self.interrupted = True
        return FoundOrder(self.best, self.peak, min(self.bound, self.peak), self.nodes)

    def _peak(self, order: tuple[int, ...]) -> int:
        most, state = self.goal, self.start
        for operator in order:
            running, state = self._step(state, operator)
            most = max(most, running)
        return most

    def _step(self, state: _State, operator: int) -> tuple[int, _State]:
        """Bytes while the operator runs, and the state after it."""
        self._left -= 1
        running, live = self.problem.step(state.done, state.live, operator)
        done = state.done | 1 << operator
        ready = state.ready & ~(1 << operator)
        for reader in self.problem.direct[operator]:
            if not self.problem.before[reader] & ~done and self.end >> reader & 1:
                ready |= 1 << reader
        return running, _State(done, live, ready)

    def _settle(self, state: _State, peak: int) -> tuple[_State, tuple[int, ...]]:
        """The state after all free moves, and these."""
        moves: tuple[int, ...] = ()
        again = True
        while again and self._left > 0:
            again = False
            for operator in bits(state.ready):
                found = self._chain(state, operator, peak)
                if found is not None:
                    state, taken = found
                    moves += taken
                    again = True
                    break
        return state, moves

    def _chain(self, state: _State, operator: int, peak: int) -> tuple[_State, tuple[int, ...]] | None:
        """Run the operator, and what it alone lets run, down to no more live bytes than now; None where that costs."""
        now = state
        taken: tuple[int, ...] = ()
        while True:
            running, then = self._step(now, operator)
            if running > peak:
                return None
            taken += (operator,)
            if then.live <= state.live:
                return then, taken
            # Another that could run as well would make it no chain: states between would be missed.
            new = then.ready & ~now.ready
            if new.bit_count() != 1:
                return None
            now, operator = then, new.bit_length() - 1

    def _greedy(self, width: int) -> None:
        """A beam: after each operator, `width` states of the lowest peak, and of these of the fewest live bytes."""
        if self.peak <= self.bound:
            return
        state, moves = self._settle(self.start, self.goal)
        beam = {state.done: (self.goal, state, moves)}
        while beam and self.end not in beam and self._left > 0:
            following: dict[int, tuple[int, _State, tuple[int, ...]]] = {}
            for peak, state, path in beam.values():
                for operator in bits(state.ready):
                    if self._left <= 0:
                        return
                    running, then = self._step(state, operator)
                    top = max(peak, running)
                    if top < self.peak:
                        then, moves = self._settle(then, top)
                        old = following.get(then.done)
                        if old is None or top < old[0]:
                            following[then.done] = top, then, (*path, operator, *moves)
            whole = following.get(self.end)
            if whole is not None and whole[0] < self.peak:
                self.peak, self.best = whole[0], whole[2]
            ranked = sorted(following.values(), key=lambda s: (s[0], s[1].live, -s[1].done.bit_count()))
            beam = {state.done: (peak, state, path) for peak, state, path in ranked[:width]}

    def _exact(self, tick: Callable[[], object]) -> None:
        state, moves = self._settle(self.start, self.goal)
        came: dict[int, tuple[int, int, tuple[int, ...]]] = {state.done: (self.goal, self.part.done, moves)}
        heap = [(self.goal, -state.done.bit_count(), state.live, state.done, state.ready)]
        closed: set[int] = set()
        while heap:
            peak, _, live, done, ready = heappop(heap)
            self.bound = min(peak, self.peak)
            if peak >= self.peak:
                break
            if done in closed:
                continue
            if done == self.end:
                self.peak, self.best = peak, self._path(came, done)
                return
            if self.nodes >= self.limit or self._left <= 0:
                return
            closed.add(done)
            self.nodes += 1
            tick()
            state = _State(done, live, ready)
            for operator in bits(ready):
                running, then = self._step(state, operator)
                top = max(peak, running)
                if top >= self.peak:
                    continue
                then, moves = self._settle(then, top)
                if then.done not in came or top < came[then.done][0]:
                    came[then.done] = top, done, (operator, *moves)
                    heappush(heap, (top, -then.done.bit_count(), then.live, then.done, then.ready))
        self.bound = self.peak

    def _path(self, came: dict[int, tuple[int, int, tuple[int, ...]]], done: int) -> tuple[int, ...]:
        path: tuple[int, ...] = ()
        while done != self.part.done:
            _, done, moves = came[done]
            path = moves + path
        return path


BEAMS = (8, 64)
# Moves that are tried: the work of a state's, and of the first order; each times as many as there are operators.
WORK, LEAST_WORK, FEW = 400, 2_000_000, 20
