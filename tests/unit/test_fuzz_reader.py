"""Damaged .tflite files: each is an error that says so, or a consistent graph, in little time and memory."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_convolution import random_convolution

from aiedge import tflite
from aiedge.codegen import generate
from model_files import dense_float, dense_int8
from networks import network
from random_operators import OPERATORS, random_model

FUZZER = Path(__file__).with_name("fuzz_reader.py")
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
    models += [random_model(rng, kind, dtype) for kind in OPERATORS for dtype in ("int8", "float32")]
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
        [sys.executable, FUZZER, *map(str, (files, seed, first, count))],
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
    outcomes = fuzz(files, seed=1, first=0, count=3000)
    # The damage is neither harmless nor hopeless.
    assert min(outcomes[kind] for kind in ("refused", "not for C", "C")) > 100
    assert outcomes["peak_kb"] < 2**20


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_damaged_files(files: Path) -> None:
    for first in range(0, 100_000, 20_000):
        fuzz(files, seed=2, first=first, count=20_000)
