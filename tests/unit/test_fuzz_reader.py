"""Damaged .tflite files: each is an error that says so, or a consistent graph, in little time and memory."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from aiedge.codegen import generate
from aiedge.errors import UserError
from aiedge.paths import REPO
from tests.support.batch import run_batch
from tests.support.model_files import dense_float, dense_int8
from tests.support.networks import network
from tests.support.random_convolutions import random_convolution
from tests.support.random_operators import KINDS_AND_TYPES, random_model

SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
LARGEST = 8000  # bytes: of larger files most is weights


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, xormodel: bytes) -> Path:
    """A folder of small sound models with every operator there is."""
    folder = tmp_path_factory.mktemp("fuzz")
    rng = np.random.default_rng(0)
    models = [
        xormodel,
        network("two_inputs"),
        dense_int8(rng, [3, 4, 2], end="TANH"),
        dense_float(rng, [3, 4, 2]),
    ]
    models += [random_model(rng, kind, dtype) for kind, dtype in KINDS_AND_TYPES]
    models += [random_convolution(seed, dtype) for seed in range(8) for dtype in ("int8", "float32")]
    for i, model in enumerate(models):
        if len(model) <= LARGEST:
            assert generate(tflite.read(model), "net")
            (folder / f"{i}.tflite").write_bytes(model)
    return folder


def fuzz(files: Path, seed: int, first: int, count: int) -> dict[str, int]:
    """Outcomes of `count` damaged files."""
    pytest.importorskip("resource", reason="needs limits of memory and time, which Windows has not")
    run = subprocess.run(
        [sys.executable, "-m", "tests.support.fuzz_reader", *map(str, (files, seed, first, count))],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"died of {run.returncode}: {run.stderr[-1000:]}"
    outcomes = json.loads(run.stdout)
    crashes = sorted(files.glob("crash-*.txt"))
    assert not crashes, f"{len(crashes)} crashes, the first: {crashes[0].read_text()}"
    return outcomes


def test_damaged_files_are_refused_or_consistent(files: Path) -> None:
    outcomes = fuzz(files, seed=1, first=0, count=9000)
    # The damage is neither harmless nor hopeless.
    assert min(outcomes[kind] for kind in ("refused", "not for C", "C")) > 100
    assert outcomes["peak_kb"] < 2**20


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_damaged_files(files: Path) -> None:
    for first in range(0, 100_000, 20_000):
        fuzz(files, seed=2, first=first, count=20_000)


@pytest.mark.slow
def test_c_of_damaged_files_stays_within_its_memory(files: Path, tmp_path: Path, need_tool) -> None:
    """What a damaged file still becomes in C: strict compilation, address and undefined-behaviour sanitizers."""
    need_tool("clang", "apt install clang")
    pytest.importorskip("resource")
    from tests.support.fuzz_reader import Mutator

    def code(graph: tflite.Graph) -> str:
        return generate(graph, "net").c.split("#include", 1)[1]  # without the model's hash

    mutate = Mutator([path.read_bytes() for path in sorted(files.glob("*.tflite"))], seed=3)
    known = {code(tflite.read(file)) for file in mutate.files}
    graphs: list[tflite.Graph] = []
    for number in range(10_000):
        try:
            graph = tflite.read(mutate(number))
            text = code(graph)
        except UserError:
            continue
        if text not in known and sum(tensor.bytes for tensor in graph.tensors) < 2**20:
            known.add(text)
            graphs.append(graph)
    assert len(graphs) > 100
    rng = np.random.default_rng(0)
    inputs = [
        [(100 * rng.normal(0, 1, (2, *t.shape))).clip(-128, 127).astype(t.dtype) for t in graph.inputs]
        for graph in graphs
    ]
    for first in range(0, len(graphs), 50):
        part = slice(first, first + 50)
        run_batch(graphs[part], inputs[part], tmp_path, ["clang", "-O0", *SANITIZE])
