"""The memory plan: against brute force, against a memory that is watched byte by byte, and on known networks."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiedge import tflite
from aiedge.codegen import generate
from aiedge.cost.description import describe
from aiedge.errors import UserError
from aiedge.memory import MemoryPlan, plan_memory, steps
from aiedge.memory.lifetimes import Scratch
from aiedge.memory.placement import peak, place
from aiedge.memory.placement_search import Block, search
from aiedge.quantization import QuantParams
from aiedge.tflite.graph import Graph, Operator, Tensor
from tests.support.model_files import ModelFile, dense_int8

FUSABLE = {("CONV_2D", "MAX_POOL_2D")}
VIEWS = {"RESHAPE", "SQUEEZE", "EXPAND_DIMS"}
ELEMENTWISE = {"LOGISTIC", "ADD"}


class Sketch:
    """A graph in the making, whose weights are zeros: the memory plan goes by activations alone."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.operators: list[Operator] = []

    def tensor(
        self,
        *shape: int,
        dtype: str = "int8",
        scale: float = 1.0,
        data: np.ndarray | None = None,
    ) -> Tensor:
        index = len(self.tensors)
        self.tensors.append(
            Tensor(index, f"t{index}", shape, np.dtype(dtype), QuantParams(scale, 0), data=data)
        )
        return self.tensors[-1]

    def add(self, kind: str, inputs: list[Tensor], outputs: list[Tensor], **options: object) -> Tensor:
        self.operators.append(
            Operator(len(self.operators), kind, tuple(inputs), tuple(outputs), dict(options))
        )
        return outputs[0]

    def then(self, kind: str, source: Tensor, *shape: int, **options: object) -> Tensor:
        """An operator of one input, but for weights, and one output."""
        output, inputs = self.tensor(*shape), [source]
        if kind == "CONV_2D":
            inputs.append(self.tensor(shape[-1], 1, 1, source.shape[-1], data=np.zeros(1, np.int8)))
        return self.add(kind, inputs, [output], **options)

    def graph(self, inputs: list[Tensor], outputs: list[Tensor]) -> Graph:
        return Graph(tuple(self.tensors), tuple(self.operators), tuple(inputs), tuple(outputs), b"")


# --- placement ---------------------------------------------------------------------------------------------


def fits(blocks: list[Block], height: int) -> bool:
    """Whether some offsets keep the blocks below `height`, by trying all of them."""
    offsets: list[int] = []

    def put(i: int) -> bool:
        if i == len(blocks):
            return True
        for offset in range(height - blocks[i].size + 1):
            if all(
                blocks[i].last < b.first
                or b.last < blocks[i].first
                or offset + blocks[i].size <= o
                or o + b.size <= offset
                for b, o in zip(blocks, offsets, strict=False)
            ):
                offsets.append(offset)
                if put(i + 1):
                    return True
                offsets.pop()
        return False

    return put(0)


def check_apart(blocks: list[Block], offsets: list[int], height: int) -> None:
    for (a, x), (b, y) in combinations(zip(blocks, offsets, strict=True), 2):
        if a.first <= b.last and b.first <= a.last:
            assert x + a.size <= y or y + b.size <= x, (a, x, b, y)
    assert all(x >= 0 and x + a.size <= height for a, x in zip(blocks, offsets, strict=True))


random_blocks = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 4), st.integers(1, 4)).map(
        lambda t: Block(t[0], t[0] + t[1], t[2])
    ),
    min_size=1,
    max_size=7,
)


@st.composite
def tight_blocks(draw: st.DrawFn) -> list[Block]:
    """Blocks that fill a height at every step: the hardest to place, and now and then impossible."""
    height, end = draw(st.integers(4, 9)), draw(st.integers(3, 7))
    live: list[tuple[int, int]] = []
    blocks: list[Block] = []
    for step in range(end):
        stays = [draw(st.integers(0, 9)) > 3 for _ in live]
        blocks += [
            Block(first, step - 1, size) for (first, size), s in zip(live, stays, strict=True) if not s
        ]
        live = [block for block, s in zip(live, stays, strict=True) if s]
        while free := height - sum(size for _, size in live):
            live.append((step, draw(st.integers(1, min(4, free)))))
    return (blocks + [Block(first, end - 1, size) for first, size in live])[:14]


@settings(max_examples=400, deadline=None)
@given(blocks=st.one_of(random_blocks, tight_blocks()))
def test_placement_is_as_low_as_brute_force(blocks: list[Block]) -> None:
    placement = place(blocks)
    check_apart(blocks, placement.offsets, placement.height)
    assert placement.height == placement.bound >= peak(blocks)
    assert placement.height == peak(blocks) or not fits(blocks, placement.height - 1)
    # Most cases end before the exact search, which must agree on its own.
    found = search(blocks, placement.height, 10**6)
    assert found.offsets is not None
    check_apart(blocks, found.offsets, placement.height)
    assert search(blocks, placement.height - 1, 10**6).offsets is None or placement.height == 0


# No placement of these reaches what is live at once, 7; drawn at random, then checked by brute force below.
ABOVE_THE_PEAK = [
    Block(*block)
    for block in [
        (0, 1, 2), (0, 2, 2), (0, 6, 3), (2, 3, 1), (2, 4, 1), (3, 3, 1),
        (3, 4, 1), (4, 5, 2), (5, 5, 2), (6, 6, 1), (6, 6, 1), (6, 6, 2),
    ]
]  # fmt: skip


def test_a_peak_that_cannot_be_reached_is_proved() -> None:
    placement = place(ABOVE_THE_PEAK)
    assert peak(ABOVE_THE_PEAK) == 7 and not fits(ABOVE_THE_PEAK, 7)
    assert placement.height == placement.bound == 8
    check_apart(ABOVE_THE_PEAK, placement.offsets, 8)


def test_the_gap_is_reported_where_the_search_gives_up() -> None:
    placement = place(ABOVE_THE_PEAK, work=0)
    check_apart(ABOVE_THE_PEAK, placement.offsets, placement.height)
    assert placement.bound == 7 < placement.height
    assert search(ABOVE_THE_PEAK, 8, nodes=3).offsets is None


def test_nothing_needs_nothing() -> None:
    assert place([]) == ([], 0, 0)


# --- whole plans -------------------------------------------------------------------------------------------


def watch(graph: Graph, plan: MemoryPlan, alignment: int, scratch: dict[int, int] | None = None) -> None:
    """Run the plan's steps on a memory that knows which value each byte holds."""
    memory: dict[tuple[str, int], object] = {}
    value: dict[int, object] = {t.index: t.index for t in graph.inputs}

    def where(tensor: Tensor) -> tuple[str, int]:
        if tensor.index in plan.caller:
            return plan.caller[tensor.index], 0
        buffer = plan.buffer_of(tensor)
        assert buffer.offset % alignment == 0 and tensor.bytes <= buffer.bytes
        assert buffer.offset + buffer.bytes <= plan.arena_bytes
        return "arena", buffer.offset

    def bytes_of(tensor: Tensor) -> set[tuple[str, int]]:
        place, offset = where(tensor)
        return {(place, offset + i) for i in range(tensor.bytes)}

    def holds(tensor: Tensor) -> bool:
        place, offset = where(tensor)
        return all(memory.get((place, offset + i)) == (value[tensor.index], i) for i in range(tensor.bytes))

    def write(tensor: Tensor) -> None:
        place, offset = where(tensor)
        assert not place.startswith("input")
        memory.update({(place, offset + i): (value[tensor.index], i) for i in range(tensor.bytes)})

    for tensor in graph.inputs:
        place, _ = where(tensor)
        memory.update({(place, i): (tensor.index, i) for i in range(tensor.bytes)})
    for step in plan.steps:
        inputs, outputs = step.inputs, step.outputs
        assert all(holds(t) for t in inputs), f"an input of {step} is gone"
        used: set[tuple[str, int]] = set().union(*(bytes_of(t) for t in inputs))
        if step.kinds[0] in VIEWS and inputs:
            value[outputs[0].index] = value[inputs[0].index]
            if where(inputs[0]) != where(outputs[0]):
                write(outputs[0])
            continue
        if size := (scratch or {}).get(step.index, 0):
            offset = plan.scratch_of(step.operators[0]).offset
            assert offset % alignment == 0 and offset + size <= plan.arena_bytes
            mine = {("arena", offset + i) for i in range(size)}
            assert not mine & used, "scratch lies over an input"
            used |= mine
            memory |= dict.fromkeys(mine)
        for tensor in outputs:
            value[tensor.index] = tensor.index
            over = [t for t in inputs if bytes_of(t) & bytes_of(tensor)]
            if step.kinds[0] in ELEMENTWISE:
                assert all(where(t) == where(tensor) and t.elements == tensor.elements for t in over)
            else:
                assert not bytes_of(tensor) & used, f"an output of {step} lies over what it reads"
            used |= bytes_of(tensor)
            write(tensor)
        offset, size = plan.room(step.operators[0])
        free = {("arena", offset + i) for i in range(size)}
        assert not free & used and offset + size <= plan.arena_bytes, f"what {step} needs lies in its room"
        memory |= dict.fromkeys(free)
    for tensor in graph.outputs:
        assert holds(tensor) and where(tensor)[0].startswith("output")


@st.composite
def random_graphs(draw: st.DrawFn) -> Graph:
    sketch = Sketch()
    inputs = [sketch.tensor(draw(st.integers(1, 9))) for _ in range(draw(st.integers(1, 2)))]
    constant = sketch.tensor(3, data=np.zeros(3, np.int8))
    known = list(inputs)
    for _ in range(draw(st.integers(1, 9))):
        kind = draw(st.sampled_from(["CONV_2D", "CONV_2D", "LOGISTIC", "ADD", "RESHAPE", "SPLIT"]))
        a, b = draw(st.sampled_from(known)), draw(st.sampled_from(known))
        if kind == "CONV_2D":
            outputs = [sketch.tensor(draw(st.integers(1, 9)))]
        elif kind == "SPLIT":
            outputs = [sketch.tensor(draw(st.integers(1, 5))) for _ in range(draw(st.integers(1, 3)))]
        elif kind == "RESHAPE":
            a = draw(st.sampled_from([*known, constant]))
            outputs = [sketch.tensor(*draw(st.permutations([*a.shape, 1])))]
        else:
            outputs = [sketch.tensor(*a.shape)]
        sketch.add(kind, {"ADD": [a, b], "CONV_2D": [a, b]}.get(kind, [a]), outputs)
        known += outputs
    made = [t for t in known if t not in inputs]
    outputs = draw(st.lists(st.sampled_from(made), min_size=1, max_size=3, unique=True))
    return sketch.graph(inputs, outputs)


@settings(max_examples=300, deadline=None)
@given(
    graph=random_graphs(),
    sizes=st.lists(st.integers(0, 6), min_size=9, max_size=9),
    alignment=st.sampled_from([1, 4]),
)
def test_no_step_destroys_what_is_still_needed(graph: Graph, sizes: list[int], alignment: int) -> None:
    needs = {op.index: size for op, size in zip(graph.operators, sizes, strict=False)}
    scratches: tuple[Scratch | None, ...] = (None, Scratch(lambda step, band: needs[step.index]))
    for scratch in scratches:
        plan = plan_memory(graph, alignment, scratch=scratch)
        watch(graph, plan, alignment, needs if scratch else None)
        for a, b in combinations(plan.buffers, 2):
            apart = a.offset + a.bytes <= b.offset or b.offset + b.bytes <= a.offset
            assert apart or not a.overlaps_in_time(b)
        assert plan.peak_bytes <= plan.lower_bound <= plan.arena_bytes
        again = plan_memory(graph, alignment, order=range(len(graph.operators)), scratch=scratch)
        assert again.buffers == plan.buffers and again.caller == plan.caller


def test_elementwise_operators_write_over_what_they_read_last() -> None:
    sketch = Sketch()
    x = sketch.tensor(1, 4, 4, 8)
    a = sketch.then("CONV_2D", x, 1, 4, 4, 8)
    b = sketch.then("RELU", a, 1, 4, 4, 8)
    c = sketch.then("CONV_2D", b, 1, 4, 4, 8)
    d = sketch.add("ADD", [c, b], [sketch.tensor(1, 4, 4, 8)])
    e = sketch.then("TANH", d, 1, 4, 4, 8)
    y = sketch.then("CONV_2D", e, 1, 1, 1, 1)
    plan = plan_memory(sketch.graph([x], [y]))
    assert plan.arena_bytes == plan.peak_bytes == 2 * 128 and plan.proved
    assert plan.buffer_of(a) is plan.buffer_of(b)
    assert plan.buffer_of(c) is plan.buffer_of(d) is plan.buffer_of(e)


@pytest.mark.parametrize("why", ["read later", "an input", "an output", "another shape", "another type"])
def test_elementwise_operators_spare_what_must_stay(why: str) -> None:
    sketch = Sketch()
    # Rounded up to the alignment, these take the same bytes.
    size = 1 if why == "another type" else 8
    x = sketch.tensor(1, size)
    a = x if why == "an input" else sketch.then("CONV_2D", x, 1, 7 if why == "another shape" else size)
    b = sketch.tensor(1, size, dtype="float32" if why == "another type" else "int8")
    sketch.add("ADD", [a, x], [b])
    c = sketch.then("CONV_2D", b, 1, 8)
    if why == "read later":
        c = sketch.add("CONCATENATION", [c, a], [sketch.tensor(1, 16)])
    graph = sketch.graph([x], [c, a] if why == "an output" else [c])
    plan = plan_memory(graph)
    assert not any(a in buffer.tensors and b in buffer.tensors for buffer in plan.buffers)
    watch(graph, plan, 4)


def test_views_stay_where_they_are() -> None:
    sketch = Sketch()
    x = sketch.tensor(1, 8)
    seen = sketch.then("RESHAPE", x, 2, 4)
    a = sketch.then("CONV_2D", seen, 1, 8)
    y = sketch.then("SQUEEZE", a, 8)
    z = sketch.then("EXPAND_DIMS", y, 1, 8)
    again = sketch.then("RESHAPE", z, 4, 2)
    plan = plan_memory(sketch.graph([x], [y, z]))
    assert plan.buffers == () and plan.arena_bytes == 0 and plan.proved
    names = {t.name: plan.caller[t.index] for t in (x, seen, a, y, z, again)}
    assert list(names.values()) == ["input", "input", "output0", "output0", "output1", "output1"]


def test_a_tensor_that_is_input_and_output_is_refused() -> None:
    sketch = Sketch()
    x = sketch.tensor(1, 8)
    y = sketch.then("RELU", x, 1, 8)
    for outputs in ([x, y], [y, y]):
        with pytest.raises(UserError, match="is the model's"):
            plan_memory(sketch.graph([x], outputs))


def test_several_inputs_and_unused_outputs() -> None:
    sketch = Sketch()
    x, y = sketch.tensor(1, 8), sketch.tensor(1, 12)
    parts = [sketch.tensor(1, 4) for _ in range(3)]
    sketch.add("SPLIT", [y], parts)
    a = sketch.then("CONV_2D", parts[1], 1, 8)
    b = sketch.add("ADD", [x, a], [sketch.tensor(1, 8)])
    c = sketch.then("CONV_2D", b, 1, 4)
    graph = sketch.graph([x, y], [c, b])
    plan = plan_memory(graph)
    assert plan.caller == {x.index: "input0", y.index: "input1", c.index: "output0", b.index: "output1"}
    assert plan.arena_bytes == plan.peak_bytes == 12
    watch(graph, plan, 4)


# --- order and fusion --------------------------------------------------------------------------------------


def test_the_order_may_be_given() -> None:
    sketch = Sketch()
    x = sketch.tensor(1, 1)
    wide = [sketch.then("CONV_2D", x, 1, 100) for _ in range(3)]
    thin = [sketch.then("CONV_2D", t, 1, 4) for t in wide]
    y = sketch.add("CONCATENATION", thin, [sketch.tensor(1, 12)])
    graph = sketch.graph([x], [y])
    assert plan_memory(graph).arena_bytes == 304
    plan = plan_memory(graph, order=[0, 3, 1, 4, 2, 5, 6])
    assert plan.arena_bytes == 112 and [s.index for s in plan.steps] == [0, 3, 1, 4, 2, 5, 6]
    watch(graph, plan, 4)
    with pytest.raises(ValueError, match="before it is written"):
        plan_memory(graph, order=[3, 0, 1, 4, 2, 5, 6])
    with pytest.raises(ValueError, match="once"):
        plan_memory(graph, order=[0, 0, 1, 4, 2, 5, 6])


def conv_pool(
    size: int = 8, pooled: int = 4, window: int = 2, stride: int = 2, padding: int = 1, **changes: object
) -> tuple[Sketch, Tensor, Tensor, Tensor]:
    sketch = Sketch()
    x = sketch.tensor(1, size, size, 3)
    middle = sketch.then("CONV_2D", x, 1, size, size, 4)
    scale = float(changes.get("scale", 1.0))  # type: ignore[arg-type]
    y = sketch.add(
        "MAX_POOL_2D",
        [middle],
        [sketch.tensor(1, pooled, pooled, 4, scale=scale)],
        padding=padding,
        filterHeight=window,
        filterWidth=window,
        strideH=stride,
        strideW=stride,
        fusedActivationFunction=changes.get("activation", 0),
    )
    return sketch, x, middle, y


@pytest.mark.parametrize(
    ("changes", "fused"),
    [
        ({}, True),
        ({"padding": 0}, True),
        ({"size": 9}, True),  # VALID: the last row is in no window
        ({"size": 9, "pooled": 5, "padding": 0}, False),  # SAME: the last window is padded
        ({"window": 3, "pooled": 3}, False),
        ({"window": 1, "stride": 2}, False),
        ({"scale": 0.5}, False),
        ({"activation": 1}, False),
    ],
)
def test_pooling_is_fused_where_it_changes_no_bit(changes: dict, fused: bool) -> None:
    sketch, x, middle, y = conv_pool(**changes)
    graph = sketch.graph([x], [y])
    assert [str(s) for s in steps(graph)] == ["CONV_2D", "MAX_POOL_2D"]
    plan = plan_memory(graph, fusable=FUSABLE)
    assert len(plan.steps) == (1 if fused else 2)
    assert plan.arena_bytes == (0 if fused else middle.bytes)


def test_pooling_is_not_fused_where_its_input_is_needed() -> None:
    sketch, x, middle, y = conv_pool()
    assert len(steps(sketch.graph([x], [y, middle]), FUSABLE)) == 2
    other = sketch.then("CONV_2D", middle, 1, 8)
    assert len(steps(sketch.graph([x], [y, other]), FUSABLE)) == 3


def test_a_pool_that_comes_later_moves_up_to_its_convolution() -> None:
    sketch, x, middle, _ = conv_pool()
    pool = sketch.operators.pop()
    a = sketch.then("CONV_2D", x, 1, 8, 8, 4)
    sketch.add(pool.kind, list(pool.inputs), list(pool.outputs), **pool.options)
    y = sketch.add("CONCATENATION", [pool.outputs[0], a], [sketch.tensor(1, 320)])
    graph = sketch.graph([x], [y])
    plan = plan_memory(graph, fusable=FUSABLE)
    assert [str(s) for s in plan.steps] == ["CONV_2D+MAX_POOL_2D", "CONV_2D", "CONCATENATION"]
    assert all(middle not in buffer.tensors for buffer in plan.buffers)
    assert plan.live_bytes(plan.steps[0].operators[1]) == plan.live_bytes(graph.operators[0]) == 64
    assert plan.live_bytes(graph.operators[1]) == 64 + 256
    watch(graph, plan, 4)


# --- networks of the issue ---------------------------------------------------------------------------------


def cifar(first: int, second: int, dense: int) -> Graph:
    """The workshop's CNN for 32×32×3: two convolutions with pooling, an average pool to 2×2, two dense layers."""
    sketch = Sketch()
    x = source = sketch.tensor(1, 32, 32, 3)
    for size, filters in ((32, first), (16, second)):
        source = sketch.then("CONV_2D", source, 1, size, size, filters)
        half = size // 2
        source = sketch.then(
            "MAX_POOL_2D", source, 1, half, half, filters,
            padding=1, filterHeight=2, filterWidth=2, strideH=2, strideW=2, fusedActivationFunction=0,
        )  # fmt: skip
    source = sketch.then("AVERAGE_POOL_2D", source, 1, 2, 2, second)
    source = sketch.then("RESHAPE", source, 1, 4 * second)
    source = sketch.then("FULLY_CONNECTED", source, 1, dense)
    return sketch.graph([x], [sketch.then("FULLY_CONNECTED", source, 1, 10)])


def mobilenet() -> Graph:
    """MobileNetV1-0.25 at 96×96×3."""
    sketch = Sketch()
    x = sketch.tensor(1, 96, 96, 3)
    size, channels = 48, 8
    source = sketch.then("CONV_2D", x, 1, size, size, channels)
    for count, stride in zip(
        [16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256],
        [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1],
        strict=True,
    ):
        size //= stride
        source = sketch.then("DEPTHWISE_CONV_2D", source, 1, size, size, channels)
        channels = count
        source = sketch.then("CONV_2D", source, 1, size, size, channels)
    source = sketch.then("MEAN", source, 1, channels)
    source = sketch.then("FULLY_CONNECTED", source, 1, 1)
    return sketch.graph([x], [sketch.then("LOGISTIC", source, 1, 1)])


@pytest.mark.parametrize(
    ("graph", "arena"),
    [(mobilenet(), 55_296), (cifar(32, 64, 128), 12_288), (cifar(25, 51, 76), 9_664)],
    ids=["mobilenet", "cifar-32-64-128", "cifar-25-51-76"],
)
def test_networks_of_the_readme(graph: Graph, arena: int) -> None:
    plan = plan_memory(graph, fusable=FUSABLE)
    assert plan.arena_bytes == plan.peak_bytes == arena and plan.proved
    watch(graph, plan, 4)


def test_a_network_of_many_branches_reaches_its_peak() -> None:
    """Like DenseNet121: each layer reads the concatenation of all before it."""
    sketch = Sketch()
    x = sketch.tensor(1, 16, 16, 3)
    size, source = 16, sketch.then("CONV_2D", x, 1, 16, 16, 8)
    for layers in (6, 12, 24, 16):
        for _ in range(layers):
            normal = sketch.then("MUL", source, *source.shape)
            squeezed = sketch.then("CONV_2D", normal, 1, size, size, 16)
            new = sketch.then("CONV_2D", squeezed, 1, size, size, 4)
            channels = source.shape[3] + 4
            source = sketch.add("CONCATENATION", [source, new], [sketch.tensor(1, size, size, channels)])
        size //= 2
        source = sketch.then("CONV_2D", source, 1, 2 * size, 2 * size, channels // 2)
        source = sketch.then("AVERAGE_POOL_2D", source, 1, size, size, channels // 2)
    graph = sketch.graph([x], [source])
    assert len(graph.operators) == 241
    plan = plan_memory(graph)
    assert plan.proved and plan.arena_bytes == plan.peak_bytes


def test_many_inputs_do_not_make_every_line_of_the_report_long() -> None:
    file = ModelFile()
    inputs = [file.tensor([1, 2, 2, 3], scale=0.1) for _ in range(60)]
    output = file.tensor([1, 2, 2, 180], scale=0.1)
    file.operator("CONCATENATION", inputs, [output], axis=3)
    text = describe(tflite.read(file.build(inputs, [output])), "net")
    assert "[1, 2, 2, 3] and 54 more" in text and max(map(len, text.splitlines())) < 200


def test_generated_c_and_the_report_say_how_good_the_arena_is() -> None:
    model = dense_int8(np.random.default_rng(0), [3, 8, 5, 2])
    graph = tflite.read(model)
    source = generate(graph, "net")
    assert source.plan.proved
    said = "the least possible: so many are live at once"
    assert f"// Arena: {source.plan.arena_bytes} bytes ({said})." in source.c
    assert f"arena, compiled      {source.plan.arena_bytes} bytes ({said})" in describe(graph, "net")
    proved = replace(source.plan, arena_bytes=20, lower_bound=20, peak_bytes=18)
    assert proved.verdict == "proved to be the least possible; 18 are live at once"
    open_ = replace(proved, lower_bound=19)
    assert open_.verdict == "at least 19 are needed; whether fewer than these do is not known"
    assert not open_.proved
