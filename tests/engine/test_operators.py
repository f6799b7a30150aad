"""Random models of every operator against TensorFlow Lite Micro: int8 to the bit, float32 within 1e-5."""

import math
import zlib
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from aiedge import tflite
from aiedge.codegen import generate
from aiedge.cost.emulator import count_instructions
from aiedge.cost.targets import TARGETS
from aiedge.errors import UserError
from aiedge.quantization import dequantize
from aiedge.tflite.integer import params_of, unary_table
from aiedge.tflite.interpreters import has_tflm, run_tflm_all
from tests.support.batch import run_batch
from tests.support.model_files import ModelFile
from tests.support.oracles import right_outputs
from tests.support.random_layers import Draw, behind
from tests.support.random_operators import ALIKE, KINDS_AND_TYPES, UNARY, dtypes, is_alike, random_model

pytestmark = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)
SAMPLES = 12
WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
# Operators with a kernel of their own for the Cortex-M's DSP instructions.
FAST = ("ADD", "SUB", "MAX_POOL_2D")
SANITIZE = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def samples(rng: np.random.Generator, tensor: tflite.Tensor) -> np.ndarray:
    """Random inputs [n, ...] of a tensor, among them ones of extreme values only."""
    shape = (SAMPLES, *tensor.shape)
    if tensor.dtype == np.float32:
        return rng.normal(0, 4, shape).astype(np.float32)
    bounds = np.iinfo(tensor.dtype)
    x = rng.integers(bounds.min, bounds.max, shape, dtype=tensor.dtype, endpoint=True)
    x[1] = rng.choice(np.array([bounds.min, bounds.max], tensor.dtype), tensor.shape)
    x[2] = rng.integers(bounds.min, bounds.max, endpoint=True)
    return x


def compare(kind: str, dtype: str, seed: int, count: int, folder: Path, compiler: list[str]) -> None:
    """Compare `count` random models of the operator with TFLM."""
    rng = np.random.default_rng([seed, zlib.crc32(f"{kind} {dtype}".encode())])
    models = [random_model(rng, kind, dtype) for _ in range(count)]
    graphs = [tflite.read(model) for model in models]
    inputs = [[samples(rng, tensor) for tensor in graph.inputs] for graph in graphs]
    results = run_batch(graphs, inputs, folder, compiler)
    for model, graph, x, outputs in zip(models, graphs, inputs, results, strict=True):
        description = "\n".join(
            f"{op.kind} {[str(t) for t in op.inputs]} -> {[str(t) for t in op.outputs]} {op.options}"
            for op in graph.operators
        )
        for y, expected in zip(outputs, right_outputs(model, x), strict=True):
            if expected.dtype.kind != "f":
                np.testing.assert_array_equal(y, expected, err_msg=description)
            else:
                largest = float(np.abs(expected[np.isfinite(expected)]).max(initial=0))
                np.testing.assert_allclose(y, expected, rtol=1e-5, atol=2e-6 * largest, err_msg=description)


def most(sanitized: bool = False) -> list:
    """All kinds and types; those of which there is one alike are for the long run, under sanitizers of each type."""
    return [
        pytest.param(kind, dtype, marks=pytest.mark.slow)
        if is_alike(kind, dtype) or (sanitized and kind in ALIKE)
        else (kind, dtype)
        for kind, dtype in KINDS_AND_TYPES
    ]


@pytest.mark.parametrize(("kind", "dtype"), most())
def test_random_models(kind: str, dtype: str, tmp_path: Path, need_tool) -> None:
    count = 16 if dtype == "int8" or kind in WEIGHTED else 8
    compare(kind, dtype, 1, count, tmp_path, [need_tool("gcc", "apt install gcc"), "-O2"])


@pytest.mark.parametrize(("kind", "dtype"), most(sanitized=True))
def test_under_sanitizers(kind: str, dtype: str, tmp_path: Path, need_tool) -> None:
    compare(kind, dtype, 2, 3, tmp_path, [need_tool("clang", "apt install clang"), *SANITIZE])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "kind",
    [
        kind if kind in FAST else pytest.param(kind, marks=pytest.mark.slow)
        for kind, dtype in KINDS_AND_TYPES
        if dtype == "int8"
    ],
)
def test_on_an_emulated_core(kind: str, target: str) -> None:
    """Random models on a core that has kernels of its own, and on one with other library functions."""
    try:
        TARGETS[target].require()
    except UserError as error:
        pytest.skip(error.message)
    rng = np.random.default_rng(zlib.crc32(kind.encode()))
    for _ in range(3 if kind in FAST else 1):
        model = random_model(rng, kind, "int8")
        graph = tflite.read(model)
        if not TARGETS[target].floats and any(t.dtype == np.float32 for t in graph.tensors):
            pytest.skip(f"{target} runs no float32 networks")
        inputs = [samples(rng, tensor) for tensor in graph.inputs]
        runs = [[array[n] for array in inputs] for n in range(SAMPLES)]
        count = count_instructions(
            graph, generate(graph, "net", core=TARGETS[target].kernels), TARGETS[target], runs
        )
        for y, expected in zip(count.outputs, right_outputs(model, inputs), strict=True):
            np.testing.assert_array_equal(y.reshape(expected.shape), expected)


@pytest.mark.parametrize("kind", [kind for kind in UNARY if "float32" in dtypes(kind)])
def test_floats_far_from_zero(kind: str, tmp_path: Path, need_tool) -> None:
    """Every value to 2e-6 of itself, however small: the random models forgive what is small beside the largest."""
    draw = Draw(np.random.default_rng(8), "float32")
    ends = [
        -np.inf,
        np.inf,
        -9.0,
        np.nextafter(np.float32(-9), np.float32(-10)),
        16.61904,
        16.61905,
        3,
        -3,
        6,
    ]
    x = np.concatenate(
        [np.linspace(-100, 100, 4001), np.geomspace(1e-30, 1, 99), -np.geomspace(1e-30, 1, 99), ends]
    )
    x = x.astype(np.float32).reshape(1, 1, -1)
    source = draw.input(list(x.shape[1:]))
    model = draw.file.build([source], behind(draw, kind, source))
    (outputs,) = run_batch(
        [tflite.read(model)], [[x]], tmp_path, [need_tool("gcc", "apt install gcc"), "-O2"]
    )
    np.testing.assert_allclose(outputs[0], right_outputs(model, [x])[0], rtol=2e-6, atol=1e-44)


def test_every_input_of_gelu() -> None:
    """LiteRT's table to the bit, for many scales; by its definition no output is further than half a step off."""
    rng = np.random.default_rng(11)
    every = np.arange(-128, 128, dtype=np.int8)
    for approximate in (False, True):
        for _ in range(50):
            draw = Draw(rng, "int8")
            source = draw.input([1, 256], float(10 ** rng.uniform(-3, -0.5)))
            target = draw.tensor([1, 256], float(10 ** rng.uniform(-3, 0)))
            draw.add("GELU", [source], [target], approximate=approximate)
            model = draw.file.build([source], [target])
            graph = tflite.read(model)
            table = unary_table(graph.operators[0])
            np.testing.assert_array_equal(table, right_outputs(model, [every[None, None]])[0].ravel())
            x = dequantize(every, params_of(graph.inputs[0]))
            share = [math.erf(v / math.sqrt(2)) for v in x.tolist()]
            if approximate:
                share = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
            params = params_of(graph.outputs[0])
            steps = x * (1 + np.asarray(share)) / 2 / params.scale + int(params.zero_point)
            assert np.all(np.abs(np.clip(steps, -128, 127) - table) < 0.51)


def test_tile_as_numpy_does_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(12)
    models = [random_model(rng, "TILE", dtype) for dtype in ("int8", "float32") for _ in range(6)]
    graphs = [tflite.read(model) for model in models]
    inputs = [[samples(rng, tensor) for tensor in graph.inputs] for graph in graphs]
    for graph, x, outputs in zip(
        graphs, inputs, run_batch(graphs, inputs, tmp_path, ["gcc", "-O1"]), strict=True
    ):
        times = graph.operators[0].input(1).values
        for n in range(SAMPLES):
            expected = np.tile(x[0][n], times).reshape(graph.outputs[0].sample_shape)
            np.testing.assert_array_equal(outputs[0][n], expected)


def test_windows_too_large_for_a_reciprocal(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    models, inputs = [], []
    for size in (18, 19, 20, 40):  # 324, 361, 400 and 1600 values
        draw = Draw(rng, "int8")
        source = draw.input([1, size, size, 3])
        options = {"padding": 1, "strideH": 1, "strideW": 1, "filterHeight": size, "filterWidth": size}
        models.append(
            draw.file.build(
                [source], draw.add("AVERAGE_POOL_2D", [source], [draw.like(source, [1, 1, 1, 3])], **options)
            )
        )
        inputs.append([rng.integers(-128, 128, (30, 1, size, size, 3), dtype=np.int8)])
        inputs[-1][0][:3] = np.array([-128, 127, 0])[:, None, None, None, None]
    results = run_batch([tflite.read(model) for model in models], inputs, tmp_path, ["gcc", "-O2"])
    for model, x, outputs in zip(models, inputs, results, strict=True):
        np.testing.assert_array_equal(outputs[0], run_tflm_all(model, x)[0])


def test_softmax_of_a_row_that_stops_tflm(tmp_path: Path) -> None:
    """TFLM ends the process where the exponentials add up to 512 or more; here the outputs are those of zero."""
    draw = Draw(np.random.default_rng(5), "int8")
    source = draw.input([1, 600], 0.01, 0)
    model = draw.file.build(
        [source], draw.add("SOFTMAX", [source], [draw.tensor([1, 600], 1 / 256, -128)], beta=1.0)
    )
    outputs = run_batch([tflite.read(model)], [[np.zeros((1, 600), np.int8)]], tmp_path, ["gcc", "-O2"])
    assert np.all(outputs[0][0] == -128)


def error_of(kind: str, **changes: object) -> UserError:
    """The error of a model that is no good; `changes` alter an operator that is supported."""
    draw = Draw(np.random.default_rng(6), str(changes.pop("dtype", "int8")))
    scale = changes.pop("scale", 0.1)
    source = draw.input([1, 4, 4, 2], 0.1, 0)
    extra = [draw.integers(values) for values in changes.pop("integers", [])]  # type: ignore[attr-defined]
    target = draw.tensor(changes.pop("shape", [1, 4, 4, 2]), scale, 0)  # type: ignore[arg-type]
    sources = [source] * changes.pop("copies", 1)  # type: ignore[operator]
    draw.add(kind, [*sources, *extra], [target], **changes)
    with pytest.raises(UserError) as caught:
        generate(tflite.read(draw.file.build([source], [target])), "net")
    return caught.value


@pytest.mark.parametrize(
    ("kind", "changes", "hint"),
    [
        ("SOFTMAX", {}, "scale 1/256"),
        (
            "MAX_POOL_2D",
            {"strideH": 1, "strideW": 1, "filterHeight": 2},
            "strides and dilations must be positive",
        ),
        (
            "AVERAGE_POOL_2D",
            {"strideH": 2, "strideW": 2, "filterHeight": 2, "filterWidth": 2},
            "have 2 rows",
        ),
        ("ADD_N", {"scale": 1e-8, "copies": 2}, "must exceed 2^-19"),
        ("ADD_N", {"copies": 16}, "at most 15 int8 inputs"),
        ("DIV", {"copies": 2}, "leaves the answer to the processor"),
        ("L2_POOL_2D", {"strideH": 1, "strideW": 1, "filterHeight": 1, "filterWidth": 1}, "must be float32"),
        ("PACK", {"shape": [1, 4, 4, 2, 1], "axis": 7, "valuesCount": 1}, "an index of one dimension"),
        ("RSQRT", {"dtype": "int16"}, "negative values"),
        ("TILE", {"integers": [[1, 1, 1, 0]]}, "how often each of 4 dimensions"),
        ("PAD", {"integers": [[[0, 0], [1, 1], [0, 0], [0, 0]]]}, "lead from [1, 4, 4, 2]"),
        ("STRIDED_SLICE", {"integers": [[0] * 4, [4] * 4, [0] * 4]}, "no stride of 0"),
        ("STRIDED_SLICE", {"integers": [[0] * 4, [4] * 4, [1] * 4], "offset": True}, "no offset"),
        ("STRIDED_SLICE", {"integers": [[0] * 5, [4] * 5, [1] * 5]}, "at most 4 begins"),
        ("STRIDED_SLICE", {"integers": [[0] * 4, [4] * 4, [1] * 4], "ellipsisMask": 3}, "one ellipsis"),
        ("RESIZE_BILINEAR", {"integers": [[8, 8]]}, "the size it names"),
        ("HARD_SWISH", {"scale": 1e-5}, "1/128 of its input's"),
        ("CONCATENATION", {"axis": 5}, "axis must lie in the 4 dimensions"),
        ("CONCATENATION", {"axis": 1, "scale": 0.2}, "same scale and zero point"),
    ],
)
def test_what_is_not_supported_is_named(kind: str, changes: dict, hint: str) -> None:
    error = error_of(kind, **changes)
    assert f"operator 0 ({kind}) is not supported" in error.message and hint in error.hint


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        ("MEAN", {"integers": [[7]]}, "it reduces the dimensions [7] of 4"),
        ("SQUEEZE", {"shape": [1, 4]}, "it makes 4 values of 32"),
    ],
)
def test_what_is_impossible_is_refused_when_it_is_read(kind: str, changes: dict, message: str) -> None:
    assert f"operator 0 ({kind}) is impossible: {message}" in error_of(kind, **changes).message


@pytest.mark.parametrize("kind", ["CAST", "LOGICAL_NOT"])
def test_types_that_c_has_no_place_for_are_refused(kind: str) -> None:
    """Where no array of that type can lie, it is the operator that is named."""
    file = ModelFile()
    x, y, z = file.tensor([1, 4], scale=0.1), file.tensor([1, 4], "int32"), file.tensor([1, 4], scale=0.1)
    file.model.subgraphs[0].tensors[y].type = schema.TensorType.UINT32
    file.operator("CAST", [x], [y])
    file.operator(kind, [y], [z])
    with pytest.raises(UserError, match="not supported"):
        generate(tflite.read(file.build([x], [z])), "net")
