"""Models made to fill the memory, to take hours, or to say what no operator means: each is refused, or right."""

import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from aiedge import CompiledModel, tflite
from aiedge.codegen import generate
from aiedge.errors import UserError
from aiedge.paths import REPO
from aiedge.tflite.writer import rewrite
from aiedge.tflm.optimize import optimize
from tests.support.batch import run_batch
from tests.support.model_files import ModelFile
from tests.support.shared_places import shared_places

SANITIZED = ["clang", "-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
LIMITED = """
import resource, sys
from aiedge.cli import main
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + 450 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
sys.exit(main(sys.argv[1:]))
"""


def run_limited(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A command in 450 MB beyond its imports, and in a time that a shared computer keeps."""
    pytest.importorskip("resource", reason="needs a limit of memory, which Windows has not")
    command = [sys.executable, "-c", LIMITED, *map(str, arguments)]
    return subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=60, check=False)


BOMBS = {
    "constants": {"tensors": 2002, "constant": 2**20},
    "operators": {"operators": 300_000},
    "tensors": {"tensors": 2_000_000},
    "names": {"tensors": 4000, "name": 2**20},
    "scales": {"tensors": 4000, "scales": 2**18},
}


@pytest.mark.parametrize("kind", BOMBS)
def test_shared_places_are_counted_before_they_are_unpacked(kind: str, tmp_path: Path) -> None:
    model = tmp_path / "bomb.tflite"
    model.write_bytes(shared_places(**BOMBS[kind]))
    assert model.stat().st_size < 20e6
    run = run_limited("inspect", model)
    assert run.returncode == 2 and "is damaged" in run.stderr, run.stderr[-500:]


def test_what_is_not_needed_is_not_unpacked(tmp_path: Path) -> None:
    """1,000,000 inputs of signatures in 8 KB: nobody reads them; writing the model anew refuses them."""
    model = tmp_path / "signatures.tflite"
    model.write_bytes(shared_places(signatures=1000))
    assert model.stat().st_size < 10_000
    assert run_limited("inspect", model).returncode == 0
    source = model.read_bytes()
    with pytest.raises(UserError, match="share their places"):
        rewrite(source, range(len(tflite.read(source).operators)))
    assert optimize(source).after.source == source  # in its best order, it is not written anew


def test_tensors_may_share_a_buffer() -> None:
    graph = tflite.read(shared_places(tensors=6, constant=1000))
    assert [t.elements for t in graph.constants] == [1000] * 4
    assert len({t.values.__array_interface__["data"][0] for t in graph.constants}) == 1


def test_megabytes_of_weights_are_inspected_in_seconds(tmp_path: Path) -> None:
    file = ModelFile()
    rng = np.random.default_rng(0)
    x, y = file.tensor([1, 4000], scale=0.1), file.tensor([1, 5000], scale=10.0)
    w = file.tensor([5000, 4000], scale=0.01, data=rng.integers(-127, 128, (5000, 4000)))
    file.operator("FULLY_CONNECTED", [x, w], [y], version=4)
    model = tmp_path / "large.tflite"
    model.write_bytes(file.build([x], [y]))
    run = run_limited("inspect", model)
    assert run.returncode == 0 and "flash, compiled" in run.stdout, run.stderr[-500:]


def resized(kind: str, columns: int) -> ModelFile:
    file = ModelFile()
    x, y = file.tensor([1, 1, 4, 1], scale=0.1), file.tensor([1, 1, columns, 1], scale=0.1)
    size = file.tensor([2], "int32", data=np.array([1, columns]))
    file.operator(kind, [x, size], [y])
    return file


@pytest.mark.parametrize("kind", ["RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"])
def test_tables_of_a_resized_image_are_bounded(kind: str) -> None:
    with pytest.raises(UserError, match="is not supported") as error:
        generate(tflite.read(resized(kind, 2**24).build([0], [1])), "net")
    assert "32,767" in error.value.hint


def model(kind: str, shapes: list[list[int]], **options: object) -> bytes:
    """An int8 operator whose last shape is the output's; second and third are weights and bias."""
    file = ModelFile()
    weighted = len(shapes) > 2
    x, y = file.tensor(shapes[0], scale=0.05), file.tensor(shapes[-1], scale=0.1)
    inputs = [x]
    if weighted:
        inputs.append(file.tensor(shapes[1], scale=0.02, data=np.ones(shapes[1])))
    if len(shapes) > 3:
        inputs.append(file.tensor(shapes[2], "int32", scale=0.001, data=np.ones(shapes[2])))
    file.operator(kind, inputs, [y], **options)
    return file.build([x], [y])


CONVOLUTION = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
IMPOSSIBLE = {
    "a scalar of weights": ("FULLY_CONNECTED", [[1], [], [1], [1]], {}),
    "flat weights": ("FULLY_CONNECTED", [[1, 4], [2, 1, 1, 4], [1, 2]], {}),
    "more values": ("QUANTIZE", [[1, 4], [1, 400]], {}),
    "a flat image": ("CONV_2D", [[4], [4, 9, 9, 3], [1, 1, 1, 4]], CONVOLUTION),
    "a flat pool": ("MAX_POOL_2D", [[16], [16]], {}),
    "a batch of filters": ("CONV_2D", [[1, 4, 4, 3], [5, 1, 1, 3], [1, 4, 4, 4]], CONVOLUTION),
    "a depth multiplier": (
        "DEPTHWISE_CONV_2D",
        [[1, 4, 4, 2], [1, 1, 1, 4], [1, 4, 4, 4]],
        CONVOLUTION | {"depthMultiplier": 1},
    ),
    "rows of another length": ("SOFTMAX", [[2, 6], [3, 4]], {"beta": 1.0}),
    "rows of another rank": ("SOFTMAX", [[2, 1, 6], [2, 1, 1, 6]], {"beta": 1.0}),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_shapes_that_contradict_each_other_are_named(case: str) -> None:
    kind, shapes, options = IMPOSSIBLE[case]
    with pytest.raises(UserError, match=rf"operator 0 \({kind}\) is impossible"):
        tflite.read(model(kind, shapes, **options))


def test_swapped_inputs_of_a_convolution_do_not_stream() -> None:
    file = ModelFile()
    x, y = file.tensor([1, 6, 6, 3], scale=0.05), file.tensor([1, 1, 1, 4], scale=0.1)
    w = file.tensor([4, 9, 9, 3], scale=0.02, data=np.ones((4, 9, 9, 3)))
    b = file.tensor([4], "int32", scale=0.001, data=np.ones(4))
    file.operator("CONV_2D", [b, w, x], [y], **CONVOLUTION)
    with pytest.raises(UserError, match="is impossible"):
        generate(tflite.read(file.build([x], [y])), "net", stream=True)


def test_a_scale_for_each_channel_belongs_to_weights() -> None:
    for kind in ("RELU", "TANH", "AVERAGE_POOL_2D", "SOFTMAX", "MEAN", "QUANTIZE", "RESHAPE"):
        for place in range(2):
            file = ModelFile()
            scales = [[0.1, 0.2, 0.3], 0.1] if place == 0 else [0.1, [0.1, 0.2, 0.3]]
            x, y = (file.tensor([1, 2, 2, 3], scale=scale, axis=3) for scale in scales)
            axes = [file.tensor([1], "int32", data=np.array([0]))] if kind == "MEAN" else []
            options = {"filterHeight": 1, "filterWidth": 1, "strideH": 1, "strideW": 1}
            file.operator(kind, [x, *axes], [y], **options if kind.endswith("2D") else {})
            with pytest.raises(UserError):
                generate(tflite.read(file.build([x], [y])), "net")


# --- edges of arithmetic ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL"])
def test_binary_operators_at_the_edges_of_scales(kind: str, tmp_path: Path, need_tool: Callable) -> None:
    """Each ratio of output to inputs, and of the inputs to each other, at which a shift begins or ends."""
    need_tool("clang", "apt install clang")
    runtime = pytest.importorskip("tflite_micro").runtime
    rng = np.random.default_rng(0)
    files, graphs, inputs = [], [], []
    for larger, output, just in product((0, 13, 31), (-16, 0, 12, 13, 31, 40), (0.75, 1.0)):
        b = 0.05 * 2.0**larger
        file = ModelFile()
        x, z = (file.tensor([1, 16], scale=scale, zero_point=-3) for scale in (0.05, b))
        y = file.tensor([1, 16], scale=b * 2.0**output * just, zero_point=3)
        file.operator(kind, [x, z], [y])
        graph = tflite.read(file.build([x, z], [y]))
        try:
            generate(graph, "net")
        except UserError:
            continue
        files.append(graph.source)
        graphs.append(graph)
        values = rng.choice([-128, -127, 0, 126, 127, *rng.integers(-128, 128, 8)], (2, 3, 1, 16))
        inputs.append(list(values.astype(np.int8)))
    assert len(graphs) > 20
    compiled = run_batch(graphs, [[x[:, 0] for x in pair] for pair in inputs], tmp_path, SANITIZED)
    for file, pair, (mine,) in zip(files, inputs, compiled, strict=True):
        oracle = runtime.Interpreter.from_bytes(file, arena_size=1 << 16)
        for n in range(3):
            for i in range(2):
                oracle.set_input(pair[i][n], i)
            oracle.invoke()
            assert np.array_equal(mine[n].ravel(), oracle.get_output(0).ravel())


def test_a_sum_far_below_its_output_is_the_zero_point() -> None:
    """TensorFlow Lite Micro gives 3; a shift by −1 gave −128."""
    for ratio in (8191, 8193, 1e4, 1e9):
        file = ModelFile()
        a, b = file.tensor([4], scale=0.05), file.tensor([4], scale=0.03)
        y = file.tensor([4], scale=0.05 * ratio, zero_point=3)
        file.operator("ADD", [a, b], [y])
        compiled = CompiledModel(file.build([a, b], [y]), flags=("-O0",))
        for i in range(2):
            compiled.set_input(np.array([-128, -1, 5, 127], np.int8), i)
        compiled.invoke()
        assert compiled.get_output().tolist() == [3] * 4


def test_scales_that_no_shift_bridges_are_refused() -> None:
    for kind in ("QUANTIZE", "RELU", "LEAKY_RELU", "HARD_SWISH"):
        for scales in ((1e10, 1e-3), (1e20, 1e20 if kind == "HARD_SWISH" else 1.0)):
            file = ModelFile()
            x, y = (file.tensor([4], scale=scale) for scale in scales)
            file.operator(kind, [x], [y], **{"alpha": 0.5} if kind == "LEAKY_RELU" else {})
            with pytest.raises(UserError, match=kind):
                generate(tflite.read(file.build([x], [y])), "net")


def test_subnormal_scales_are_refused_by_name() -> None:
    with pytest.raises(UserError, match="tensor 0 has a scale of 1e-40, a subnormal number"):
        file = ModelFile()
        x, y = file.tensor([4], scale=1e-40), file.tensor([4], scale=0.1)
        file.operator("RELU", [x], [y])
        tflite.read(file.build([x], [y]))


@pytest.mark.parametrize("dtype", ["int8", "float32"])
@pytest.mark.parametrize("beta", [float("nan"), float("inf")])
def test_a_softmax_needs_a_finite_beta(dtype: str, beta: float) -> None:
    file = ModelFile()
    scales = (0.1, 1 / 256) if dtype == "int8" else (None, None)
    x = file.tensor([1, 4], dtype, scales[0])
    y = file.tensor([1, 4], dtype, scales[1], zero_point=-128)
    file.operator("SOFTMAX", [x], [y], beta=beta)
    with pytest.raises(UserError, match="SOFTMAX") as error:
        generate(tflite.read(file.build([x], [y])), "net")
    assert "finite" in error.value.hint


@pytest.mark.parametrize("kind", ["MAX_POOL_2D", "AVERAGE_POOL_2D"])
def test_windows_far_beyond_the_image_are_refused(kind: str) -> None:
    file = ModelFile()
    x, y = file.tensor([1, 4, 4, 1], scale=0.1), file.tensor([1, 4, 4, 1], scale=0.1)
    size = 2**31 - 1
    file.operator(kind, [x], [y], filterHeight=size, filterWidth=size, strideH=1, strideW=1)
    with pytest.raises(UserError, match=kind):
        generate(tflite.read(file.build([x], [y])), "net")


def test_a_dimension_that_shrinks_has_no_negative_stride() -> None:
    file = ModelFile()
    x, y = file.tensor([4, 3], scale=0.1), file.tensor([3], scale=0.1)
    begin, end, strides = (file.tensor([2], "int32", data=np.array(v)) for v in ([2, 0], [1, 3], [-1, 1]))
    file.operator("STRIDED_SLICE", [x, begin, end, strides], [y], shrinkAxisMask=1)
    with pytest.raises(UserError, match="STRIDED_SLICE"):
        generate(tflite.read(file.build([x], [y])), "net")


# --- thousands of operators ---------------------------------------------------------------------------------------


def chain(count: int) -> bytes:
    """RELUs one after another, an ADD with what was before in every third place."""
    file = ModelFile()
    first = last = skip = file.tensor([1, 8, 8, 4], scale=0.1)
    for i in range(count):
        y = file.tensor([1, 8, 8, 4], scale=0.1)
        if i % 3 == 2:
            file.operator("ADD", [last, skip], [y])
            skip = y
        else:
            file.operator("RELU", [last], [y])
        last = y
    return file.build([first], [last])


def fan(count: int) -> bytes:
    """Branches of one image, each wide and then narrow, side by side at the end: all orders differ."""
    file, rng = ModelFile(), np.random.default_rng(0)
    x = file.tensor([1, 8, 8, 8], scale=0.1)
    parts = []
    for _ in range(count):
        wide = int(rng.integers(4, 60))
        y, z = file.tensor([1, 8, 8, wide], scale=0.1), file.tensor([1, 8, 8, 2], scale=0.1)
        for source, target, shape in ((x, y, [wide, 1, 1, 8]), (y, z, [2, 1, 1, wide])):
            w = file.tensor(shape, scale=0.01, data=rng.integers(-127, 128, shape))
            file.operator("CONV_2D", [source, w], [target], **CONVOLUTION)
        parts.append(z)
    y = file.tensor([1, 8, 8, 2 * count], scale=0.1)
    file.operator("CONCATENATION", parts, [y], axis=3)
    return file.build([x], [y])


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("command", ["compile", "compile --stream", "optimize", "memory"])
@pytest.mark.parametrize("kind", ["chain", "fan", "fan of 40"])
def test_thousands_of_operators_take_seconds(kind: str, command: str, tmp_path: Path) -> None:
    """20 s on a computer that does nothing else; the limit leaves room for one that does."""
    model, output = tmp_path / "model.tflite", tmp_path / "output.tflite"
    model.write_bytes(chain(5000) if kind == "chain" else fan(40 if "40" in kind else 2499))
    name, *options = command.split()
    arguments = [model, *options] if name == "memory" else [model, *options, "-o", output]
    run = subprocess.run(
        [sys.executable, "-m", "aiedge", name, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    # A fan's branches cannot all run row by row.
    assert run.returncode == 0 or "cannot run row by row" in run.stderr, run.stderr[-500:]
