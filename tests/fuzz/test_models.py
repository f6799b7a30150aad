"""Models whose meaning is broken: each is refused, or becomes C that stays within its memory and answers as TFLM.

tests/run.sh tests/fuzz/test_models.py -m "not slow"    # the same models each time, by a seed
tests/run.sh tests/fuzz/test_models.py -m slow          # many times as many
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.codegen import Weights, generate
from aiedge.errors import UserError
from aiedge.paths import REPO
from aiedge.tflite.graph import Graph
from aiedge.tflm.optimize import optimize
from tests.fuzz.graphs import random_graph
from tests.fuzz.meaning import MeaningMutator, other_shapes, unpack, with_shape
from tests.fuzz.oracle import outputs
from tests.support.batch import run_batch
from tests.support.random_operators import KINDS_AND_TYPES, random_model
from tests.support.random_streams import random_network

SANITIZED = ["clang", "-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
LARGEST = 2**16  # bytes of tensors, of a model that is run
BATCH = 50


def accepted(model: bytes) -> Graph | None:
    """The model read, if it can become C; else a `UserError` has refused it, and nothing else."""
    try:
        graph = tflite.read(model)
        generate(graph, "net")
    except UserError:
        return None
    return graph


def drawn_inputs(graph: Graph, rng: np.random.Generator) -> list[NDArray]:
    """Two inputs of each kind that the model takes."""
    return [(100 * rng.normal(0, 1, (2, *t.shape))).clip(-128, 127).astype(t.dtype) for t in graph.inputs]


def check_all(
    models: list[bytes], folder: Path, rng: np.random.Generator, weights: Weights = "linked"
) -> Counter[str]:
    """Run the C of models under the sanitizers; compare it with TFLM where that computes. Returns counts."""
    graphs = [tflite.read(model) for model in models]
    inputs = [drawn_inputs(graph, rng) for graph in graphs]
    counts: Counter[str] = Counter()
    for file in (*folder.glob("*.tflite"), *folder.glob("*.npz")):
        file.unlink()
    for number, (model, x) in enumerate(zip(models, inputs, strict=True)):
        (folder / f"{number}.tflite").write_bytes(model)
        np.savez(folder / f"{number}.npz", *x)
    if tflite.has_tflm():
        subprocess.run([sys.executable, "-m", "tests.fuzz.oracle", folder], cwd=REPO, check=True)
    for first in range(0, len(models), BATCH):
        part = slice(first, first + BATCH)
        for offset, results in enumerate(
            run_batch(graphs[part], inputs[part], folder, SANITIZED, weights=weights)
        ):
            expected = outputs(folder, first + offset)
            counts["run"] += 1
            if expected is None:
                continue
            counts["compared"] += 1
            for y, z in zip(results, expected, strict=True):
                if y.dtype == np.float32:
                    np.testing.assert_allclose(y, z.reshape(y.shape), rtol=1e-4, atol=1e-5)
                else:
                    np.testing.assert_array_equal(
                        y, z.reshape(y.shape), err_msg=f"{folder}/{first + offset}.tflite"
                    )
    return counts


def small(graph: Graph) -> bool:
    return sum(tensor.bytes for tensor in graph.tensors) <= LARGEST


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_each_tensors_shape_changed_in_each_way_is_refused_or_right(
    rounds: int, tmp_path: Path, need_tool
) -> None:
    need_tool("clang", "apt install clang")
    rng = np.random.default_rng(rounds)
    models: list[bytes] = []
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
            changed = with_shape(model, index, shape, fitted)
            graph = accepted(changed)
            if graph is None:
                refused += 1
            elif small(graph):
                models.append(changed)
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


@pytest.mark.parametrize("count", [150, pytest.param(20_000, marks=pytest.mark.slow)])
def test_c_of_another_meaning_stays_within_its_memory_and_is_right(
    count: int, files: list[bytes], tmp_path: Path, need_tool
) -> None:
    need_tool("clang", "apt install clang")
    mutate = MeaningMutator(files, seed=4)
    models = []
    for number in range(count):
        graph = accepted(changed := mutate(number))
        if graph is not None and small(graph):
            models.append(changed)
    assert len(models) > count // 10
    check_all(models, tmp_path, np.random.default_rng(0))


@pytest.mark.parametrize("count", [14, pytest.param(10_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_random_graphs_are_right(count: int, dtype: str, tmp_path: Path, need_tool) -> None:
    """Also when they are optimised for TFLM, and with their weights in a file."""
    need_tool("clang", "apt install clang")
    rng = np.random.default_rng(count)
    models = [random_graph(rng, dtype) for _ in range(count)]
    counts = check_all(models, tmp_path, rng)
    assert counts["run"] == count and (not tflite.has_tflm() or counts["compared"] > count * 0.8)
    check_all([optimize(model).after.source for model in models[:5]], tmp_path, rng)
    weighted = [model for model in models[5:10] if generate(tflite.read(model), "net").constant_bytes]
    check_all(weighted, tmp_path, rng, weights="loaded")
