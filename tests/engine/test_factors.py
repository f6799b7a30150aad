"""The factors between scales, with scales that tell how they were formed, against TensorFlow Lite Micro."""

import zlib
from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from aiedge.cli import main
from aiedge.tflite.interpreters import has_tflm, run_tflm_all
from aiedge.tflite.traits import TRAITS
from aiedge.tflite.versions import rounded_apart
from tests.support.adversarial_scales import DRAWS, KINDS, UNSCALED, adversarial
from tests.support.batch import run_batch
from tests.support.model_files import ModelFile

pytestmark = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)


@pytest.mark.parametrize("kind", KINDS)
def test_factors_are_formed_as_tflm_forms_them(kind: str, tmp_path: Path, need_tool) -> None:
    rng = np.random.default_rng(zlib.crc32(kind.encode()))
    cases = [adversarial(rng, kind) for _ in range(1 if kind == "SOFTMAX" else 6)]
    graphs = [tflite.read(case.model) for case in cases]
    compiler = [need_tool("gcc", "apt install gcc"), "-O1"]
    results = run_batch(graphs, [case.inputs for case in cases], tmp_path, compiler)
    for case, outputs in zip(cases, results, strict=True):
        np.testing.assert_array_equal(outputs[0], run_tflm_all(case.model, case.inputs)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_operators_that_another_tflm_answers_otherwise_are_named(kind: str, tmp_path: Path, capsys) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(adversarial(np.random.default_rng(7), kind).model)
    graph = tflite.read(path)
    single = {
        "FULLY_CONNECTED",
        "BATCH_MATMUL",
        "SUB",
        "RELU",
        "LEAKY_RELU",
        "HARD_SWISH",
        "SVDF",
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
    }
    assert [op.kind for op in rounded_apart(graph)] == ([kind] if kind in single else [])
    assert main(["inspect", str(path)]) == 0
    named = f"operator 0 ({kind}): a TensorFlow Lite Micro that rounds its scales to float32"
    assert (named in capsys.readouterr().out) == (kind in single)


def test_ordinary_scales_are_not_named() -> None:
    file = ModelFile()
    a, b, c = (file.tensor([1, 4], scale=scale) for scale in (0.5, 0.25, 1.0))
    file.operator("SUB", [a, b], [c])
    assert rounded_apart(tflite.read(file.build([a, b], [c]))) == []


def test_every_operator_with_factors_is_among_them() -> None:
    assert {trait.nature for trait in TRAITS.values()} == set(DRAWS) | UNSCALED
