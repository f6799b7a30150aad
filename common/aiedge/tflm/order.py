"""The execution order of least peak."""

from collections.abc import Callable
from dataclasses import dataclass

from aiedge.progress import tqdm
from aiedge.tflite.graph import Graph
from aiedge.tflm.order_search import OrderSearch, parts
from aiedge.tflm.schedule import Schedule, schedule

# A count, never seconds: the same graph gives the same order on every computer.
NODES = 100_000


@dataclass(frozen=True)
class Order:
    """An execution order, as operators' indices, and how good it is.

    `peak_bytes` are live at once at most, `file_bytes` in the order of the file, and no order needs less than
    `lower_bound`. `nodes` states were expanded in `parts` parts.
    """

    operators: tuple[int, ...]
    peak_bytes: int
    file_bytes: int
    lower_bound: int
    nodes: int
    parts: int
    interrupted: bool = False

    @property
    def proved(self) -> bool:
        """Whether no order has a lower peak."""
        return self.peak_bytes == self.lower_bound

    @property
    def saved(self) -> float:
        """The part of the file's peak that is saved, 0...1."""
        return 1 - self.peak_bytes / self.file_bytes if self.file_bytes else 0.0

    @property
    def verdict(self) -> str:
        """How good the order is, for people."""
        if self.proved:
            return "proved to be the least of all orders"
        why = "interrupted" if self.interrupted else f"after {self.nodes:,} states"
        gap = self.peak_bytes - self.lower_bound
        return f"the best found ({why}); no order needs less than {self.lower_bound:,}, {gap:,} below"


def best_order(
    graph: Graph,
    *,
    alignment: int = 1,
    in_place: bool = False,
    nodes: int = NODES,
    progress: bool = False,
) -> Order:
    """The order of the graph's operators in which the fewest bytes are live at once.

    Inputs and outputs count; sizes are rounded up to `alignment`. See `schedule` for `in_place`.
    Past `nodes` expanded states, or at Ctrl-C, it is the best found so far. The file's order stays if none is better.
    `progress` shows a bar once the search takes more than a second.
    """
    problem = schedule(graph, alignment, in_place)
    with tqdm(total=nodes, unit=" states", desc="order", delay=1, leave=False, disable=not progress) as bar:
        return order_of(problem, nodes, bar.update)


def order_of(problem: Schedule, nodes: int = NODES, tick: Callable[[], object] = lambda: None) -> Order:
    """The best order of a scheduling problem; `tick` is called once for each state."""
    file_bytes = problem.peak(range(problem.count))
    bound = max(problem.bounds, default=0)
    goal = max(bound, problem.at_start[0], problem.at_end)
    pieces = parts(problem)
    order: list[int] = []
    peak, used, interrupted = goal, 0, False
    for piece in pieces:
        found = OrderSearch(problem, piece, goal, piece.operators, 0 if interrupted else nodes - used)
        # The file's order is kept where it does.
        if found.peak > goal:
            result = found.run(tick)
            used += result.nodes
            interrupted = interrupted or found.interrupted
            goal, peak = max(goal, result.bound), max(peak, result.peak)
            order += result.order
        else:
            order += piece.operators
    return Order(tuple(order), peak, file_bytes, min(goal, peak), used, len(pieces), interrupted)
