"""TensorFlow Lite Micro's arena as predicted, and smaller models for it: against its recorded heads and its bits."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from aiedge import tflite
from aiedge.boards import Board, boards
from aiedge.codegen import generate
from aiedge.cost.ladder import ladder
from aiedge.errors import UserError
from aiedge.memory.lifetimes import Buffer
from aiedge.memory.offline import check_offline_plan
from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.writer import OFFLINE, offline_offsets, rewrite
from aiedge.tflm.arena import greedy, head_bytes, tflm_head
from aiedge.tflm.map import memory_map
from aiedge.tflm.optimize import optimize
from aiedge.tflm.scratch import cmsis_nn, esp_nn, none, reference
from tests.support.model_files import ModelFile, dense_float, dense_int8, flatten
from tests.support.networks import KEPT, network
from tests.support.random_operators import KINDS_AND_TYPES, WITHOUT_TFLM, random_model

needs_tflm = pytest.mark.skipif(
    not tflite.has_tflm(), reason="no tflite-micro wheel: it exists for Linux on x86-64"
)
HEAD = re.compile(r"Arena allocation head (\d+) bytes")
RECORD = """
import sys
from tflite_micro import runtime
for path in sys.argv[1:]:
    runtime.Interpreter.from_file(path, arena_size=2**26).print_allocations()
"""


def recorded_heads(models: list[bytes], folder: Path) -> list[int]:
    """Bytes of the head that the recording allocator reports, in a process of its own."""
    paths = [folder / f"{i}.tflite" for i in range(len(models))]
    for path, model in zip(paths, models, strict=True):
        path.write_bytes(model)
    run = subprocess.run(
        [sys.executable, "-c", RECORD, *map(str, paths)], capture_output=True, text=True, check=True
    )
    return [int(head) for head in HEAD.findall(run.stderr)]


def random_network(rng: np.random.Generator, count: int) -> bytes:
    """An int8 graph of `count` operators that join, view, pool and convolve random earlier tensors."""
    file = ModelFile()
    scale, zero = 1 / 256, -128  # what LOGISTIC asks for; CONCATENATION asks for one scale

    def tensor(*shape: int) -> int:
        return file.tensor(list(shape), scale=scale, zero_point=zero)

    def constant(*shape: int) -> int:
        return file.tensor(list(shape), scale=0.05, data=rng.integers(-9, 10, shape))

    channels: dict[int, int] = {}
    inputs = []
    for _ in range(rng.integers(1, 3)):
        size = int(rng.integers(1, 8))
        inputs.append(tensor(1, 4, 4, size))
        channels[inputs[-1]] = size
    unread = set(inputs)
    for _ in range(count):
        known = list(channels)[-6:]
        a, b = (int(x) for x in rng.choice(known, 2))
        kind = str(rng.choice(["CONV_2D", "CONV_2D", "ADD", "CONCATENATION", "LOGISTIC", "RESHAPE"]))
        used = [a]
        if kind == "CONV_2D":
            size = int(rng.integers(1, 9))
            bias = file.tensor([size], "int32", scale=0.05 / 256, data=rng.integers(-999, 999, size))
            output = tensor(1, 4, 4, size)
            file.operator(kind, [a, constant(size, 1, 1, channels[a]), bias], [output], strideH=1, strideW=1)
        elif kind == "ADD":
            same = [x for x in known if channels[x] == channels[a]]
            used = [a, int(rng.choice(same))]
            size, output = channels[a], tensor(1, 4, 4, channels[a])
            file.operator(kind, used, [output])
        elif kind == "CONCATENATION":
            used, size = [a, b], channels[a] + channels[b]
            output = tensor(1, 4, 4, size)
            file.operator(kind, used, [output], axis=3)
        elif kind == "LOGISTIC":
            size = channels[a]
            output = tensor(1, 4, 4, size)
            file.operator(kind, used, [output])
        else:
            size = channels[a]
            flat, output = tensor(1, 16 * size), tensor(1, 4, 4, size)
            file.operator(kind, [a, file.tensor([2], "int32", data=np.array([1, 16 * size]))], [flat])
            file.operator(kind, [flat, file.tensor([4], "int32", data=np.array([1, 4, 4, size]))], [output])
        unread -= set(used)
        channels[output] = size
        unread.add(output)
    outputs = sorted(unread - set(inputs)) or [output]
    return file.build(inputs, outputs)


def random_inputs(graph: tflite.Graph, rng: np.random.Generator, count: int = 3) -> list[np.ndarray]:
    return [
        rng.integers(-128, 128, (count, *x.shape)).astype(np.int8)
        if x.dtype == np.int8
        else rng.random((count, *x.shape)).astype(x.dtype)
        for x in graph.inputs
    ]


# --- the planner ---------------------------------------------------------------------------------------------


@needs_tflm
def test_the_simulated_head_is_the_recorded_one(tmp_path: Path, repo: Path) -> None:
    rng = np.random.default_rng(0)
    models = [network(name) for name in KEPT]
    models.append(tflite.load_model(repo / "xormodel/solution/xormodel.cpp"))
    models += [random_network(rng, int(rng.integers(1, 14))) for _ in range(60)]
    known = [pair for pair in sorted(KINDS_AND_TYPES) if pair[0] not in WITHOUT_TFLM]
    models += [random_model(rng, kind, dtype) for kind, dtype in known]
    models += [dense_int8(rng, [3, 40, 2]), flatten().build([0], [7])]
    assert [tflm_head(tflite.read(model)) for model in models] == recorded_heads(models, tmp_path)


@needs_tflm
@pytest.mark.parametrize(
    ("name", "head"),
    [("mobilenet_v1", 73_728), ("cifar_cnn_32_64_128", 40_960), ("cifar_cnn_25_51_76", 32_000)],
)
def test_heads_of_the_readme(name: str, head: int, tmp_path: Path) -> None:
    model = network(name)
    assert tflm_head(tflite.read(model)) == head == recorded_heads([model], tmp_path)[0]


def test_the_planner_fills_gaps_from_the_lowest_and_takes_the_last_of_equals_first() -> None:
    a, b, c, d = (Buffer((), first, last, 16) for first, last in ((0, 1), (1, 2), (2, 3), (0, 3)))
    assert [buffer.offset for buffer in greedy([a, b, c, d], [-1] * 4)] == [16, 32, 16, 0]
    assert [buffer.offset for buffer in greedy([a, b, c, d], [64, -1, 64, -1])] == [64, 16, 64, 0]
    assert head_bytes([]) == 0


def test_scratch_of_other_kernels() -> None:
    """CMSIS-NN's buffers for a 3×3 convolution, an average pool, a 5×5 depthwise one; ESP-NN's for a softmax."""
    file = ModelFile()
    x = file.tensor([1, 8, 8, 3], scale=0.1)
    w = file.tensor([4, 3, 3, 3], scale=0.1, data=np.ones((4, 3, 3, 3)))
    y = file.tensor([1, 8, 8, 4], scale=0.1)
    file.operator("CONV_2D", [x, w], [y], strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1)
    pooled = file.tensor([1, 4, 4, 4], scale=0.1)
    file.operator("AVERAGE_POOL_2D", [y], [pooled], filterHeight=2, filterWidth=2, strideH=2, strideW=2)
    wide = file.tensor([1, 5, 5, 4], scale=0.1, data=np.ones((1, 5, 5, 4)))
    deep = file.tensor([1, 4, 4, 4], scale=0.1)
    file.operator(
        "DEPTHWISE_CONV_2D",
        [pooled, wide],
        [deep],
        strideH=1,
        strideW=1,
        dilationHFactor=1,
        dilationWFactor=1,
        depthMultiplier=1,
    )
    flat = file.tensor([1, 64], scale=0.1)
    file.operator("RESHAPE", [deep], [flat])
    end = file.tensor([1, 64], scale=1 / 256, zero_point=-128)
    file.operator("SOFTMAX", [flat], [end])
    operators = tflite.read(file.build([x], [end])).operators
    # Two columns of int16, 27 values each rounded up to 28; an int32 for each channel; int16 of 5·5·4 weights.
    assert [sum(cmsis_nn(o)) for o in operators] == [2 * 28 * 2, 4 * 4, 5 * 5 * 4 * 2, 0, 0]
    assert [sum(esp_nn(o)) for o in operators] == [0, 0, 0, 0, 64 * 4]
    assert not any(none(o) or reference(o) for o in operators)


# --- smaller models -------------------------------------------------------------------------------------------


@needs_tflm
@pytest.mark.parametrize("in_place", [False, True])
def test_smaller_models_give_the_same_bits_in_the_predicted_arena(in_place: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    originals = [network(name) for name in KEPT]
    originals += [random_network(rng, int(rng.integers(2, 16))) for _ in range(30)]
    results = [optimize(model, in_place=in_place) for model in originals]
    heads = recorded_heads([result.after.source for result in results], tmp_path)
    before = recorded_heads(originals, tmp_path)
    for model, result, head, old in zip(originals, results, heads, before, strict=True):
        assert head == result.heads(reference)[1] <= old == result.heads(reference)[0]
        assert result.order.proved
        inputs = random_inputs(result.before, rng)
        for y, expected in zip(
            tflite.run_tflm_all(result.after.source, inputs), tflite.run_tflm_all(model, inputs), strict=True
        ):
            assert np.array_equal(y, expected)
    saved = [result.planned - min(result.placed, result.reordered) for result in results]
    assert sum(bytes_ > 0 for bytes_ in saved) > 10


@needs_tflm
def test_mobilenet_takes_a_quarter_less(tmp_path: Path) -> None:
    model = network("mobilenet_v1")
    result = optimize(model)
    assert result.proved and result.placed == 55_296 and result.planned == 73_728
    assert recorded_heads([model, result.after.source], tmp_path) == [73_728, 55_296]
    inputs = random_inputs(result.before, np.random.default_rng(0))
    assert np.array_equal(
        tflite.run_tflm_all(result.after.source, inputs)[0], tflite.run_tflm_all(model, inputs)[0]
    )
    assert tflite.run_litert(result.after.source, inputs[0]).shape == (3, 1)
    assert "proved to be the least of all orders" in str(result)


@pytest.mark.slow
@pytest.mark.timeout(3600)  # with the conversion, where the cache has no network
@needs_tflm
def test_densenet121_fits_its_peak(tmp_path: Path) -> None:
    from tests.support.published_networks import published

    model = published("densenet121")
    result = optimize(model)
    heads = recorded_heads([model, result.after.source], tmp_path)
    assert heads[0] == 2_709_504 and heads[1] <= 2_107_392
    inputs = random_inputs(result.before, np.random.default_rng(0), 1)
    assert np.array_equal(
        tflite.run_tflm_all(result.after.source, inputs)[0], tflite.run_tflm_all(model, inputs)[0]
    )


# --- the file -------------------------------------------------------------------------------------------------


def test_everything_but_order_and_plan_stays_in_the_file() -> None:
    model = network("nasnet")
    result = optimize(model)
    old, new = (schema.ModelT.InitFromPackedBuf(m, 0) for m in (model, result.after.source))
    assert new.version == old.version and new.description == old.description
    assert _plain(new.signatureDefs) == _plain(old.signatureDefs)
    assert _plain(new.operatorCodes) == _plain(old.operatorCodes)
    assert _plain(new.subgraphs[0].tensors) == _plain(old.subgraphs[0].tensors)
    assert _plain(new.buffers[: len(old.buffers)]) == _plain(old.buffers)
    names = [entry.name for entry in old.metadata]
    assert [entry.name for entry in new.metadata] == [*names, OFFLINE]
    moved = [_plain(new.subgraphs[0].operators[i]) for i in np.argsort(result.order.operators)]
    assert moved == _plain(old.subgraphs[0].operators)
    offsets = offline_offsets(result.after.source)
    assert offsets is not None and len(offsets) == len(result.after.tensors)
    assert all(
        (offset == -1) == t.is_constant for offset, t in zip(offsets, result.after.tensors, strict=True)
    )
    # Once more: the plan is replaced, not added, and nothing is left to save.
    again = optimize(result.after.source)
    assert again.planned == again.placed == result.placed and again.after.source == result.after.source
    assert offline_offsets(rewrite(result.after.source, range(len(again.order.operators)))) is None


def _plain(value: object) -> object:
    """The schema's objects as dictionaries, arrays as lists."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    return {key: _plain(item) for key, item in vars(value).items()} if hasattr(value, "__dict__") else value


def test_weights_lie_where_a_microcontroller_can_read_words() -> None:
    source = optimize(network("nasnet")).after.source
    model = schema.Model.GetRootAs(source, 0)
    start = np.frombuffer(source, np.uint8).ctypes.data
    for i in range(model.BuffersLength()):
        data = model.Buffers(i).DataAsNumpy()
        assert not isinstance(data, np.ndarray) or (data.ctypes.data - start) % 16 == 0


@pytest.mark.parametrize("plan", [[1, 1, 2, 0, 0], [1, 1, 35, *[-2] * 35], [1]])
def test_a_damaged_plan_is_an_error(plan: list[int]) -> None:
    packed = schema.ModelT.InitFromPackedBuf(rewrite(network("resnet8"), range(14), [-1] * 35), 0)
    packed.buffers[packed.metadata[-1].buffer].data = np.array(plan, "<i4").view(np.uint8)
    builder = flatbuffers.Builder(1024)
    builder.Finish(packed.Pack(builder), b"TFL3")
    with pytest.raises(UserError, match="does not fit the model"):
        memory_map(tflite.read(bytes(builder.Output())))


@needs_tflm
def test_a_plan_in_which_live_tensors_overlap_is_refused_by_name() -> None:
    """Random plans: those that pass give TFLM's own answers, those that do not are those with which it is wrong."""
    rng = np.random.default_rng(18)
    passed, wrong, spoilt = 0, 0, 0
    while min(passed, wrong) < 15:
        model = random_network(rng, int(rng.integers(2, 6)))
        graph = tflite.read(model)
        best = offline_offsets(optimize(model, in_place=True).after.source)
        if best is None:
            continue
        offsets = list(best)
        free = [tensor.index for tensor in graph.tensors if not tensor.is_constant]
        for index in rng.choice(free, int(rng.integers(0, 3))):
            offsets[index] = int(rng.choice([-1, *(best[i] for i in free), 16 * int(rng.integers(0, 2000))]))
        planned = rewrite(model, range(len(graph.operators)), offsets)
        inputs = random_inputs(graph, rng, 1)
        expected, given = (tflite.run_tflm_all(m, inputs) for m in (model, planned))
        same = all(np.array_equal(x, y) for x, y in zip(expected, given, strict=True))
        try:
            check_offline_plan(tflite.read(planned))
            assert same
            passed += 1
        except UserError as error:
            assert "the same bytes while both are in use" in error.message
            wrong, spoilt = wrong + 1, spoilt + (not same)
            for command in ladder, optimize, lambda model: generate(tflite.read(model), "net"):
                with pytest.raises(UserError, match="own memory plan gives"):
                    command(planned)
    assert spoilt >= wrong // 2  # some overlaps happen to spoil nothing


def test_orders_and_offsets_of_another_model_are_refused() -> None:
    with pytest.raises(ValueError, match="each of the 14 operators"):
        rewrite(network("resnet8"), [0, 1])
    with pytest.raises(ValueError, match="35 tensors and 1 offsets"):
        rewrite(network("resnet8"), range(14), [0])


@pytest.fixture(scope="module")
def damaged() -> Callable[[int], bytes]:
    """Damaged copies of small sound models, by number."""
    pytest.importorskip("resource", reason="the damage is done by a program with limits that Windows has not")
    from tests.support.fuzz_reader import Mutator

    rng = np.random.default_rng(0)
    models = [network("two_inputs"), dense_int8(rng, [3, 4, 2])]
    models += [random_model(rng, kind, dtype) for kind, dtype in KINDS_AND_TYPES]
    return Mutator([model for model in models if len(model) < 8000], seed=2)


@pytest.mark.parametrize("first", [0, 400])
def test_damaged_files_are_refused_or_planned(first: int, damaged: Callable[[int], bytes]) -> None:
    planned = 0
    for number in range(first, first + 400):
        model = damaged(number)
        try:
            map_, steps = memory_map(tflite.read(model)), ladder(model)
        except UserError as error:
            assert error.hint
            continue
        planned += 1
        assert str(map_) and map_.csv and str(steps) and steps.fits(boards()["pico"]) and str(steps.optimized)
    assert 40 < planned < 360


def test_operators_that_no_kernel_takes_ask_for_no_scratch() -> None:
    flat = Tensor(0, "flat", (4,), np.dtype(np.int8))
    for kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "SOFTMAX"):
        assert cmsis_nn(Operator(0, kind, (flat, flat), (flat,), {})) == ()
    assert esp_nn(Operator(0, "SOFTMAX", (flat,), (flat,), {})) == ()
    assert reference(Operator(0, "SUM", (flat,), (flat,), {})) == (16, 4, 0)


# --- maps, ladders, boards --------------------------------------------------------------------------------------


def test_the_map_adds_up() -> None:
    graph = tflite.read(network("nasnet"))
    map_ = memory_map(graph)
    assert map_.arena_bytes == tflm_head(graph) and map_.peak_bytes == 31_120
    for row in map_.rows:
        assert row.live == sum(b.bytes for b in map_.buffers if b.first <= row.place <= b.last)
        own = graph.operators[row.operator]
        assert row.inputs >= sum(t.bytes for t in {t for t in own.inputs if t and not t.is_constant})
    lines = map_.csv.splitlines()
    assert len(lines) == 97 and lines[0].startswith("place,operator,kind,inputs,outputs,others,scratch,live")
    assert "peak at operator 39 (RELU)" in str(map_) and str(map_).count(" peak\n") == 1


@pytest.mark.parametrize("in_place", [False, True])
def test_the_map_counts_shared_bytes_once(in_place: bool) -> None:
    for name in ("densenet", "two_inputs"):
        result = optimize(network(name), in_place=in_place)
        map_ = memory_map(result.after)
        assert map_.arena_bytes == result.placed and map_.peak_bytes == result.order.peak_bytes


def test_a_dangling_tensor_and_one_of_no_bytes_are_errors() -> None:
    for shape, message in (([4], "no operator reads or writes"), (None, "has no values")):
        file = ModelFile()
        x, y = (file.tensor([1, 4] if shape else [1, 0], scale=0.1) for _ in range(2))
        if shape:
            file.tensor(shape, scale=0.1)
        file.operator("RELU", [x], [y])
        for look in (lambda m: memory_map(tflite.read(m)), optimize):
            with pytest.raises(UserError, match=message):
                look(file.build([x], [y]))


def test_cycles_and_huge_shapes_are_errors() -> None:
    file = ModelFile()
    x, a, b = (file.tensor([1, 4], scale=0.1) for _ in range(3))
    file.operator("ADD", [x, b], [a])
    file.operator("RELU", [a], [b])
    with pytest.raises(UserError, match="before anything has written it"):
        optimize(file.build([x], [b]))
    file = ModelFile()
    x, y = file.tensor([1, 4], scale=0.1), file.tensor([2**20, 2**20], scale=0.1)
    file.operator("RELU", [x], [y])
    with pytest.raises(UserError, match="impossible shape"):
        optimize(file.build([x], [y]))


def test_the_ladder_and_what_fits() -> None:
    steps = ladder(network("cifar_cnn_25_51_76"))
    found = {rung.name: rung.arena for rung in steps.rungs}
    assert found["TFLM"] == 32_000 and found["fused"] == 9_664 and found["streamed"] <= 4096
    bluepill = steps.fits(boards()["bluepill"])
    assert re.search(r"^SRAM +TFLM +32,000  NO, 13,056 too many$", bluepill, re.MULTILINE)
    assert re.search(r"^flash +.tflite +\S+  yes, ", bluepill, re.MULTILINE)
    assert "What makes it fit the SRAM: fused" in bluepill
    assert "What makes it fit" not in steps.fits(boards()["pico"])
    # A build that runs a smaller step has nothing to mend.
    fused = steps.fits(boards()["bluepill"], "fused")
    assert re.search(r"^SRAM +fused .+<- this build$", fused, re.MULTILINE) and "What makes" not in fused
    with pytest.raises(UserError, match="does not run 'Fused'"):
        steps.fits(boards()["pico"], "Fused")


def test_boards_have_a_source_for_each_figure() -> None:
    for board in boards().values():
        assert board.flash > board.sram > 0
        others = {name for name in ("psram", "base") if getattr(board, name)}
        assert board.sources.keys() == {"sram", "flash"} | others


def test_a_network_that_cannot_stream_has_the_other_steps() -> None:
    steps = ladder(dense_int8(np.random.default_rng(0), [3, 4, 2]))
    assert [rung.name for rung in steps.rungs] == ["TFLM", "reordered", "placed", "in place", "fused"]
    tiny = Board("tiny", "tiny", 4, 10, {}, psram=10_000)
    text = steps.fits(tiny)
    assert "prune the network" in text and "What makes it fit the flash: fewer weights" in text
    assert re.search(r"^SRAM +TFLM .+ too many; fits the PSRAM$", text, re.MULTILINE)
    assert "int8" not in text
    small = Board("small", "small", 1000, 100, {})  # for the weights, not for the file
    assert "What makes it fit the flash: compiled C" in steps.fits(small)
    assert "What makes it fit the flash" not in steps.fits(small, "fused")


def test_a_float_network_is_told_of_int8() -> None:
    model = dense_float(np.random.default_rng(0), [3, 4, 2])
    assert "Converted to int8" in ladder(model).fits(Board("tiny", "tiny", 4, 10, {}))
