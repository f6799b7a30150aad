"""Each operator row by row, in its input's place and fused, as its trait says, against TensorFlow Lite Micro."""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from aiedge.memory import plan_memory
from aiedge.tflite.interpreters import has_tflm
from aiedge.tflite.traits import FUSABLE, TRAITS
from tests.support.batch import run_batch
from tests.support.oracles import right_outputs
from tests.support.random_operators import ALIKE, KINDS_AND_TYPES
from tests.support.random_streams import fused, in_place, other_ends, streamed

pytestmark = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)
SANITIZE = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
SEEDS = 3


def can_stream(model: bytes) -> bool:
    """Whether more than the first step runs row by row."""
    plan = plan_memory(tflite.read(model), fusable=FUSABLE, streaming=True)
    return plan.steps_by_rows > 1


def compare(models: dict[str, bytes], folder: Path, compiler: list[str], stream: bool) -> None:
    """Compare the C of all models, in one program, with TFLM."""
    rng = np.random.default_rng(7)
    graphs = [tflite.read(model) for model in models.values()]
    inputs = []
    for graph in graphs:
        shape, dtype = (4, *graph.inputs[0].shape), graph.inputs[0].dtype
        if dtype.kind == "f":
            inputs.append([rng.normal(0, 2, shape).astype("f")])
        else:
            bounds = np.iinfo(dtype)
            inputs.append([rng.integers(bounds.min, bounds.max, shape, dtype, endpoint=True)])
    results = run_batch(graphs, inputs, folder, compiler, stream=stream)
    for (name, model), x, outputs in zip(models.items(), inputs, results, strict=True):
        (expected,) = right_outputs(model, x)
        if expected.dtype.kind != "f":
            np.testing.assert_array_equal(outputs[0], expected, err_msg=name)
        else:
            largest = float(np.abs(expected[np.isfinite(expected)]).max(initial=0))
            np.testing.assert_allclose(outputs[0], expected, rtol=1e-5, atol=2e-6 * largest, err_msg=name)


def drawn(draw: Callable[..., bytes], where: Callable[[str], bool], dtype: str) -> dict[str, bytes]:
    """Some models of each kind for which the trait holds, by a name that tells of them."""
    return {
        f"{draw.__name__} {kind} {dtype} {seed}": draw(
            np.random.default_rng([seed, zlib.crc32(kind.encode())]), kind, dtype
        )
        for kind, type_ in KINDS_AND_TYPES
        if type_ == dtype and where(kind)
        for seed in range(1 if kind in ALIKE else SEEDS)
    }


@pytest.mark.parametrize("dtype", ["int8", "int16", "float32"])
def test_row_by_row(dtype: str, tmp_path: Path, need_tool) -> None:
    compiler = [need_tool("clang", "apt install clang"), *SANITIZE]
    models = drawn(streamed, lambda kind: TRAITS[kind].by_rows, dtype)
    by_rows = {name: model for name, model in models.items() if can_stream(model)}
    assert len(by_rows) > 0.7 * len(models)
    compare(by_rows, tmp_path, compiler, True)


@pytest.mark.parametrize("dtype", ["int8", "int16", "float32"])
def test_in_place(dtype: str, tmp_path: Path, need_tool) -> None:
    compiler = [need_tool("clang", "apt install clang"), *SANITIZE]
    compare(drawn(in_place, lambda kind: TRAITS[kind].in_place, dtype), tmp_path, compiler, False)


@pytest.mark.parametrize("stream", [False, True])
def test_fused(stream: bool, tmp_path: Path, need_tool) -> None:
    compiler = [need_tool("clang", "apt install clang"), *SANITIZE]
    models = {
        f"{first}+{second} {seed}": fused(np.random.default_rng(seed), first, second)
        for first, second in FUSABLE
        for seed in range(6)
    }
    for name, model in models.items():
        kinds = [step.kinds for step in plan_memory(tflite.read(model), fusable=FUSABLE).steps]
        assert kinds in [[pair] for pair in FUSABLE], name
    compare(models, tmp_path, compiler, stream)


@pytest.mark.parametrize("stream", [False, True])
def test_inputs_and_outputs_of_other_types(stream: bool, tmp_path: Path, need_tool) -> None:
    compiler = [need_tool("clang", "apt install clang"), *SANITIZE]
    models = {
        f"{dtype} {seed}": other_ends(np.random.default_rng(seed), dtype)
        for dtype in ("uint8", "int16", "int32")
        for seed in range(SEEDS)
    }
    assert all(can_stream(model) for model in models.values())
    compare(models, tmp_path, compiler, stream)
