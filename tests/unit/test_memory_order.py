"""The order of least peak: against brute force over all orders of small random graphs, and on known networks."""

from functools import cache
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiedge import tflite
from aiedge.errors import UserError
from aiedge.memory import steps
from aiedge.tflite.graph import Graph, Operator, Tensor
from aiedge.tflm.order import best_order, order_of
from aiedge.tflm.schedule import schedule
from tests.support.networks import network

VIEWS = {"RESHAPE", "SQUEEZE", "EXPAND_DIMS"}


class Definition:
    """Bytes live at each step, straight from the definition and sharing nothing with the package."""

    def __init__(self, graph: Graph, alignment: int, in_place: bool) -> None:
        self.graph, self.in_place = graph, in_place
        self.home = {t.index: t.index for t in graph.inputs}
        for operator in graph.operators:
            for tensor in operator.outputs:
                seen = operator.inputs[0] if operator.kind in VIEWS else None
                self.home[tensor.index] = (
                    tensor.index if seen is None or seen.is_constant else self.home[seen.index]
                )
        self.size: dict[int, int] = {}
        for tensor in graph.tensors:
            if tensor.index in self.home:
                home = self.home[tensor.index]
                size = (tensor.bytes + alignment - 1) // alignment * alignment
                self.size[home] = max(self.size.get(home, 0), size)
        self.kept = {self.home[t.index] for t in graph.outputs}
        self.inputs = {self.home[t.index] for t in graph.inputs}
        self.touched = [
            {self.home[t.index] for t in (*o.inputs, *o.outputs) if t is not None and not t.is_constant}
            for o in graph.operators
        ]
        self.written = [{self.home[t.index] for t in o.outputs} for o in graph.operators]

    def live_at(self, done: frozenset[int], operator: int) -> int:
        """Bytes while the operator runs after `done`: what exists, and is needed by it, later, or at the end."""
        exists = self.inputs | set().union(*(self.written[i] for i in done)) | self.written[operator]
        later = set(range(len(self.touched))) - done - {operator}
        needed = self.kept | self.touched[operator] | set().union(*(self.touched[i] for i in later))
        total = sum(self.size[home] for home in exists & needed)
        node = self.graph.operators[operator]
        if self.in_place and node.kind in ("LOGISTIC", "ADD"):
            target = self.home[node.outputs[0].index]
            for source in node.inputs:
                home = self.home[source.index]
                free = home not in self.kept and not any(home in self.touched[i] for i in later)
                fits = source.shape == node.outputs[0].shape and self.size[home] == self.size[target]
                if free and fits:
                    return total - self.size[target]
        return total

    def peak(self, order: tuple[int, ...]) -> int:
        start = sum(self.size[home] for home in self.inputs)
        return max(start, *(self.live_at(frozenset(order[:i]), operator) for i, operator in enumerate(order)))

    def least(self) -> int:
        """The least peak of all orders."""
        sources = [
            {
                j
                for j, other in enumerate(self.graph.operators)
                if {t.index for t in other.outputs} & {t.index for t in operator.inputs if t is not None}
            }
            for operator in self.graph.operators
        ]
        count = len(sources)

        @cache
        def rest(done: frozenset[int]) -> int:
            if len(done) == count:
                return 0
            return min(
                max(self.live_at(done, i), rest(done | {i}))
                for i in range(count)
                if i not in done and sources[i] <= done
            )

        return max(sum(self.size[home] for home in self.inputs), rest(frozenset()))


def random_graph(rng: np.random.Generator, count: int) -> Graph:
    """Operators of one or two inputs and up to three outputs on random earlier tensors; some read a constant."""
    tensors: list[Tensor] = []

    def tensor(*shape: int, data: np.ndarray | None = None) -> Tensor:
        tensors.append(Tensor(len(tensors), "", shape, np.dtype(np.int8), None, data))
        return tensors[-1]

    inputs = [tensor(int(rng.integers(1, 10))) for _ in range(rng.integers(1, 3))]
    constant = tensor(5, data=np.zeros(5, np.int8))
    known, operators = list(inputs), []
    recent = rng.integers(1, 6)
    for i in range(count):
        kind = str(rng.choice(["CONV_2D", "CONV_2D", "CONV_2D", "LOGISTIC", "ADD", "RESHAPE", "SPLIT"]))
        a, b = (known[int(j)] for j in rng.integers(max(0, len(known) - 3 * recent), len(known), 2))
        if kind == "CONV_2D":
            b = constant if rng.random() < 0.4 else b
            outputs = [tensor(int(rng.integers(1, 10)))]
        elif kind == "SPLIT":
            outputs = [tensor(int(rng.integers(1, 6))) for _ in range(rng.integers(1, 4))]
        elif kind == "RESHAPE":
            outputs = [tensor(*a.shape, 1)]
        else:
            outputs = [tensor(*a.shape)]
        operators.append(Operator(i, kind, (a, b) if kind in ("CONV_2D", "ADD") else (a,), tuple(outputs)))
        known += outputs
    made = [t for t in known if t not in inputs]
    ends = rng.choice(len(made), min(len(made), int(rng.integers(1, 4))), replace=False)
    return Graph(tuple(tensors), tuple(operators), tuple(inputs), tuple(made[int(i)] for i in ends), b"")


@pytest.mark.parametrize("part", range(4))
def test_orders_are_as_good_as_brute_force(part: int) -> None:
    """Thousands of graphs of up to 9 operators, under every choice of what an operator may do with memory."""
    rng = np.random.default_rng(part)
    better = 0
    for _ in range(600):
        graph = random_graph(rng, int(rng.integers(1, 10)))
        alignment, in_place = int(rng.choice([1, 4])), rng.random() < 0.5
        truth = Definition(graph, alignment, in_place)
        found = best_order(graph, alignment=alignment, in_place=in_place)
        steps(graph, order=found.operators)  # raises where the order is none
        assert found.file_bytes == truth.peak(tuple(range(len(graph.operators))))
        assert found.peak_bytes == truth.peak(found.operators) == truth.least() == found.lower_bound
        better += found.peak_bytes < found.file_bytes
    assert better > 60


def test_the_definition_is_that_of_all_permutations() -> None:
    rng = np.random.default_rng(9)
    for _ in range(40):
        graph = random_graph(rng, 5)
        truth = Definition(graph, 1, True)
        peaks = []
        for order in permutations(range(5)):
            try:
                steps(graph, order=order)
            except ValueError:
                continue
            peaks.append(truth.peak(order))
        assert min(peaks) == truth.least()


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), limit=st.integers(0, 6))
def test_past_the_limit_the_bound_still_holds(seed: int, limit: int) -> None:
    graph = random_graph(np.random.default_rng(seed), 9)
    problem = schedule(graph)
    found = order_of(problem, limit)
    exact = order_of(problem)
    assert exact.proved and found.nodes <= limit
    assert found.lower_bound <= exact.peak_bytes <= found.peak_bytes == problem.peak(found.operators)
    assert found.peak_bytes <= found.file_bytes
    if not found.proved:
        assert f"no order needs less than {found.lower_bound}" in found.verdict


def test_ctrl_c_gives_the_best_so_far() -> None:
    graph = tflite.read(network("nasnet"))
    problem = schedule(graph, 16)
    calls = 0

    def interrupt() -> None:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt

    found = order_of(problem, tick=interrupt)
    assert found.interrupted and not found.proved and "interrupted" in found.verdict
    assert found.peak_bytes == problem.peak(found.operators)
    assert found.lower_bound <= order_of(problem).peak_bytes <= found.peak_bytes


def test_the_same_graph_gives_the_same_order() -> None:
    graph = tflite.read(network("nasnet"))
    first, again = best_order(graph, alignment=16), best_order(graph, alignment=16)
    assert first == again and first.proved and first.saved > 0.2


def test_chains_and_cells_cost_nothing() -> None:
    """A chain has one order; a cell of an untroubled network is below the peak in the file's own order."""
    for name in ("cifar_cnn_25_51_76", "resnet8", "densenet"):
        found = best_order(tflite.read(network(name)), alignment=16)
        assert found.proved and found.nodes == 0
        assert found.operators == tuple(range(len(found.operators)))


def test_what_is_kept_is_a_bound() -> None:
    """Each operator is small, but their results are all live at the end."""
    byte = np.dtype(np.int8)
    x = Tensor(0, "x", (1,), byte)
    outputs = tuple(Tensor(i, f"y{i}", (9,), byte) for i in range(1, 8))
    operators = tuple(Operator(i, "TILE", (x,), (y,)) for i, y in enumerate(outputs))
    order = best_order(Graph((x, *outputs), operators, (x,), outputs, b""), nodes=0)
    assert (order.lower_bound, order.peak_bytes) == (63, 64)


def test_tensors_that_no_plan_can_place_are_refused() -> None:
    x = Tensor(0, "x", (4,), np.dtype(np.int8))
    empty = Tensor(1, "empty", (0, 4), np.dtype(np.int8))
    y = Tensor(2, "y", (4,), np.dtype(np.int8))
    with pytest.raises(UserError, match="has no values"):
        best_order(Graph((x, empty), (Operator(0, "RELU", (x,), (empty,)),), (x,), (empty,), b""))
    with pytest.raises(UserError, match="no operator reads or writes"):
        left = Tensor(1, "left", (4,), np.dtype(np.int8))
        best_order(Graph((x, left, y), (Operator(0, "RELU", (x,), (y,)),), (x,), (y,), b""))
