"""Models whose meaning is broken: each is refused, or becomes C that stays within its memory and answers as TFLM.

tests/run.sh tests/fuzz/test_models.py -m "not slow"    # the same models each time, by a seed
tests/run.sh tests/fuzz/test_models.py -m slow          # many times as many
"""

import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.codegen import generate
from aiedge.errors import UserError
from aiedge.paths import REPO
from aiedge.tflite.graph import Graph
from aiedge.tflite.integer import params_of
from aiedge.tflite.traits import Nature
from aiedge.tflm.optimize import optimize
from tests.fuzz import oracle
from tests.fuzz.graphs import random_graph, random_rows
from tests.fuzz.meaning import MeaningMutator, other_shapes, unpack, with_shape
from tests.support.batch import run_batch
from tests.support.random_operators import KINDS_AND_TYPES, random_model
from tests.support.random_streams import random_network
from tests.support.streams import far_streams

SANITIZED = ["clang", "-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
LARGEST = 2**16  # bytes of tensors, of a model that is run
BATCH = 200
LEAST_STEP = 1e-6
FLOAT_MAX = np.finfo(np.float32).max
CHUNK = 2000
FOUND = REPO / "tests/artifacts/fuzz"
KEPT = REPO / "tests/golden/models"  # what was found once


class Accepted(NamedTuple):
    """A model that becomes C, and that C without the model's hash, with what it takes and gives."""

    model: bytes
    graph: Graph
    code: str


def accepted(model: bytes, stream: bool = False) -> Accepted | None:
    """The model read, if it can become C; else a `UserError` has refused it, and nothing else."""
    try:
        graph = tflite.read(model)
        code = generate(graph, "net", stream).c.split("#include", 1)[1]
        return Accepted(model, graph, f"{code}{[t.bytes for t in (*graph.inputs, *graph.outputs)]}")
    except UserError:
        return None


def drawn_inputs(graph: Graph, rng: np.random.Generator) -> list[NDArray]:
    """Two inputs of each kind that the model takes."""
    return [(100 * rng.normal(0, 1, (2, *t.shape))).clip(-128, 127).astype(t.dtype) for t in graph.inputs]


def run_apart(graphs: list[Graph], inputs: list[list[NDArray]], folder: Path, **how) -> list[object]:
    """The outputs of each graph's C, or in their place what is wrong with it."""
    try:
        return list(run_batch(graphs, inputs, folder, SANITIZED, together=True, **how))
    except (AssertionError, subprocess.CalledProcessError) as error:
        if len(graphs) == 1:
            return [str(error)]
    half = len(graphs) // 2
    parts = (slice(half), slice(half, None))
    return [result for part in parts for result in run_apart(graphs[part], inputs[part], folder, **how)]


def difference(results: list[NDArray], expected: list[NDArray] | None) -> str:
    """What is wrong with the results of C, or nothing."""
    for y, z in zip(results, expected or results, strict=True):
        z = z.reshape(y.shape)
        is_float = y.dtype == np.float32
        if is_float:  # TFLM's activations stop at the largest number
            y, z = (np.clip(x, -FLOAT_MAX, FLOAT_MAX) for x in (y, z))
        same = np.isclose(y, z, rtol=1e-4, atol=1e-5, equal_nan=True) if is_float else y == z
        if not same.all():
            return f"{(~same).sum()} of {y.size} values differ: {y[~same][0]} is {z[~same][0]} in TFLM"
    return ""


def is_defined(graph: Graph) -> bool:
    """Whether TFLM's answer is: not for constants that are no numbers, nor for integers of floats that are none."""
    return all(np.isfinite(t.values).all() for t in graph.constants if t.dtype.kind == "f") and not any(
        operator.nature in (Nature.CAST, Nature.CONVERSION)
        and (operator.input(0).dtype, operator.outputs[0].dtype.kind) == (np.float32, "i")
        and (operator.nature is Nature.CAST or np.min(params_of(operator.outputs[0]).scale) < LEAST_STEP)
        for operator in graph.operators
    )


def check_all(models: Sequence[Accepted], folder: Path, rng: np.random.Generator, **how) -> Counter[str]:
    """Run the C of models under the sanitizers; compare it with TFLM where that computes. Returns counts.

    Models with the same C run once, on the same inputs, and are compared each. `how` goes to `run_batch`. What is wrong
    is kept in tests/artifacts/fuzz, and fails the test at the end; it belongs into golden/models then.
    """
    inputs: dict[str, list[NDArray]] = {}
    for file in (*folder.glob("*.tflite"), *folder.glob("*.npz")):
        file.unlink()
    for number, one in enumerate(models):
        if one.code not in inputs:
            inputs[one.code] = drawn_inputs(one.graph, rng)
        shaped = [x.reshape(2, *t.shape) for x, t in zip(inputs[one.code], one.graph.inputs, strict=True)]
        oracle.write(folder, number, one.model, shaped, len(one.graph.outputs))
    asked = [sys.executable, "-m", "tests.fuzz.oracle", str(folder)]
    if tflite.has_tflm():
        subprocess.run(asked, cwd=REPO, check=True)
    graphs = {one.code: one.graph for one in models}
    results: dict[str, object] = {}
    for first in range(0, len(graphs), BATCH):
        codes = list(graphs)[first : first + BATCH]
        part = run_apart([graphs[code] for code in codes], [inputs[code] for code in codes], folder, **how)
        results |= zip(codes, part, strict=True)
    counts = Counter(run=len(models), programs=len(graphs))
    complaints = []
    for number, one in enumerate(models):
        found = results[one.code]
        expected = oracle.outputs(folder, number) if is_defined(one.graph) else None
        counts["compared"] += expected is not None
        wrong = found if isinstance(found, str) else difference(found, expected)
        if expected is not None and wrong and found is not wrong:
            # Another model may have harmed the interpreter before.
            subprocess.run([*asked, str(number)], cwd=REPO, check=True)
            wrong = difference(found, oracle.outputs(folder, number))
        if wrong:
            name = hashlib.sha256(one.model).hexdigest()[:12]
            FOUND.mkdir(parents=True, exist_ok=True)
            (FOUND / f"{name}.tflite").write_bytes(one.model)
            complaints.append(f"{FOUND.name}/{name}.tflite: {wrong}")
    counts["wrong"] = len(complaints)
    assert not complaints, f"{len(complaints)} of {len(models)} models:\n" + "\n".join(complaints)
    return counts


def small(graph: Graph) -> bool:
    return sum(tensor.bytes for tensor in graph.tensors) <= LARGEST


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_each_tensors_shape_changed_in_each_way_is_refused_or_right(
    rounds: int, tmp_path: Path, need_tool
) -> None:
    need_tool("clang", "apt install clang")
    rng = np.random.default_rng(rounds)
    models: list[Accepted] = []
    refused = 0
    for kind, dtype in KINDS_AND_TYPES * rounds:
        model = random_model(rng, kind, dtype)
        ways = []
        for index, tensor in enumerate(unpack(model).subgraphs[0].tensors):
            shapes = list(other_shapes([] if tensor.shape is None else list(map(int, tensor.shape))))
            ways += [(index, shape, fitted) for shape in shapes for fitted in (False, True)]
        # All of them in the long run; some of each kind in seconds.
        chosen = ways if rounds > 1 else [ways[i] for i in rng.permutation(len(ways))[:8]]
        for index, shape, fitted in chosen:
            one = accepted(with_shape(model, index, shape, fitted))
            if one is None:
                refused += 1
            elif small(one.graph):
                models.append(one)
    assert refused > 200 * rounds and len(models) > 30 * rounds
    counts = check_all(models, tmp_path, rng)
    assert counts["run"] == len(models)


@pytest.fixture(scope="module")
def files() -> list[bytes]:
    """Small sound models with every operator there is, alone and in graphs with branches."""
    rng = np.random.default_rng(0)
    models = [random_model(rng, kind, dtype) for kind, dtype in KINDS_AND_TYPES]
    models += [random_network(rng, "int8") for _ in range(4)]
    models += [random_graph(rng, dtype) for dtype in ("int8", "float32") for _ in range(6)]
    return [model for model in models if len(model) < 20_000]


@pytest.mark.parametrize("count", [1000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_models_of_another_meaning_are_refused_or_read(
    count: int, files: list[bytes], tmp_path: Path
) -> None:
    """Python's assertions carry no duty: without them the same files are refused."""
    pytest.importorskip("resource", reason="needs limits of memory and time, which Windows has not")
    for i, model in enumerate(files):
        (tmp_path / f"{i}.tflite").write_bytes(model)
    results = []
    for flags in [], ["-O"]:
        words = [*flags, "-m", "tests.support.fuzz_reader", tmp_path, 3, 0, count, "meaning"]
        run = subprocess.run(
            [sys.executable, *map(str, words)], cwd=REPO, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, f"died of {run.returncode}: {run.stderr[-1000:]}"
        crashes = sorted(tmp_path.glob("crash-*.txt"))
        assert not crashes, f"{len(crashes)} crashes, the first: {crashes[0].read_text()}"
        results.append(json.loads(run.stdout))
        assert results[-1].pop("peak_kb") < 2**20
    assert results[0] == results[1]
    assert min(results[0][kind] for kind in ("refused", "not for C", "C")) > count // 20


def test_what_was_found_once_is_refused_or_right(tmp_path: Path, need_tool) -> None:
    """Each file of golden/models was accepted, and answered otherwise than TFLM or did not compile."""
    need_tool("clang", "apt install clang")
    found = [accepted(path.read_bytes()) for path in sorted(KEPT.glob("*.tflite"))]
    assert found.count(None) > 5
    check_all([one for one in found if one is not None], tmp_path, np.random.default_rng(0))


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("count", [150, pytest.param(100_000, marks=pytest.mark.slow)])
def test_c_of_another_meaning_stays_within_its_memory_and_is_right(
    count: int, files: list[bytes], tmp_path: Path, need_tool
) -> None:
    need_tool("clang", "apt install clang")
    mutate = MeaningMutator(files, seed=4)
    counts: Counter[str] = Counter()
    for first in range(0, count, CHUNK):
        found = map(accepted, map(mutate, range(first, min(first + CHUNK, count))))
        models = [one for one in found if one is not None and small(one.graph)]
        counts += check_all(models, tmp_path, np.random.default_rng(first))
    print(f"{count:,} models: {counts}")  # shown by pytest -rP
    assert counts["run"] > count // 10


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("count", [14, pytest.param(5000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_random_graphs_are_right(count: int, dtype: str, tmp_path: Path, need_tool) -> None:
    """Also when they are optimised for TFLM, and with their weights in a file."""
    need_tool("clang", "apt install clang")
    rng = np.random.default_rng(count)
    counts: Counter[str] = Counter()
    for first in range(0, count, CHUNK // 4):
        drawn = [accepted(random_graph(rng, dtype)) for _ in range(min(CHUNK // 4, count - first))]
        models = [one for one in drawn if one is not None]
        assert len(models) > 0.99 * len(drawn)  # a scale in a thousand is too small
        counts += check_all(models, tmp_path, rng)
        optimized = [accepted(optimize(one.model).after.source) for one in models[::3]]
        counts["optimized"] += check_all([one for one in optimized if one], tmp_path, rng)["run"]
        weighted = [one for one in models[1::3] if generate(one.graph, "net").constant_bytes]
        counts["loaded"] += check_all(weighted, tmp_path, rng, weights="loaded")["run"]
    print(f"{count:,} graphs of {dtype}: {counts}")
    assert not tflite.has_tflm() or counts["compared"] > count * 0.8
    assert counts["optimized"] > count // 4 and counts["loaded"] > count // 10


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("count", [12, pytest.param(2000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("dtype", ["int8", "int16", "float32"])
def test_random_graphs_run_row_by_row(count: int, dtype: str, tmp_path: Path, need_tool) -> None:
    """As many of their first layers as can, or those with the least memory; from rows and from the whole input."""
    need_tool("clang", "apt install clang")
    rng = np.random.default_rng(count)
    counts: Counter[str] = Counter()
    for first in range(0, count, CHUNK // 4):
        drawn = [random_rows(rng, dtype) for _ in range(min(CHUNK // 4, count - first))]
        for far, part in (True, drawn[::2]), (False, drawn[1::2]):
            with far_streams(far):
                models = [one for one in (accepted(model, stream=True) for model in part) if one]
                counts += check_all(models, tmp_path, rng, stream=True)
    print(f"{count:,} graphs of {dtype}, row by row: {counts}")
    assert counts["run"] > count * 0.9
