"""One int8 model on the runtimes that there are; what is missing is named and left out."""

import sys

import numpy as np
import pytest

from aiedge import tflite
from aiedge.cost import runtimes
from aiedge.errors import UserError
from aiedge.paths import REPO
from aiedge.tflite import c_array

QUESTIONS = runtimes.every_int8_pair()[::501]


def no_compiler(*arguments: object) -> None:
    raise UserError("there is no C compiler", "install one")


def test_only_the_named_ones_run(xormodel: bytes) -> None:
    answers = runtimes.run_everywhere(xormodel, QUESTIONS, ("compiled C", "NumPy integers"))
    assert list(answers) == ["compiled C", "NumPy integers"]
    assert runtimes.differences(answers) == {"compiled C": 0, "NumPy integers": 0}
    answers["NumPy integers"][3] += 1
    assert runtimes.differences(answers) == {"compiled C": 0, "NumPy integers": 1}
    assert runtimes.differences({}) == {}


def test_what_is_missing_is_named(xormodel: bytes, monkeypatch, capsys) -> None:
    monkeypatch.setattr(runtimes, "CompiledModel", no_compiler)
    answers = runtimes.run_everywhere(xormodel, QUESTIONS[:2], ("compiled C", "NumPy integers"))
    assert list(answers) == ["NumPy integers"]
    assert capsys.readouterr().out == "compiled C is left out: there is no C compiler (install one)\n"


def test_an_optional_block_stops_for_what_a_person_can_mend_alone() -> None:
    with pytest.raises(ZeroDivisionError), runtimes.optional("a division"):
        raise ZeroDivisionError


def test_int8_runs_without_a_compiler_too(xormodel: bytes, monkeypatch) -> None:
    expected = tflite.run_integer(tflite.read(xormodel), QUESTIONS)
    np.testing.assert_array_equal(runtimes.run_int8(xormodel, QUESTIONS), expected)
    monkeypatch.setattr(runtimes, "CompiledModel", no_compiler)
    # LiteRT rounds once in fully connected layers.
    assert np.abs(runtimes.run_int8(xormodel, QUESTIONS).astype(int) - expected).max() <= 2


def hide(monkeypatch, *names: str) -> None:
    """Take runtimes away, as on a computer that lacks them."""
    if "TFLM" in names:
        monkeypatch.setattr("aiedge.tflite.interpreters.has_tflm", lambda: False)
    if "compiled C" in names:
        monkeypatch.setattr(runtimes, "CompiledModel", no_compiler)
    if "LiteRT" in names:
        monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)


@pytest.mark.parametrize(
    ("missing", "name"),
    [
        (["TFLM"], "compiled C"),
        (["TFLM", "compiled C"], "NumPy integers"),
        (["TFLM", "compiled C", "LiteRT"], "NumPy integers"),
    ],
)
def test_the_reference_has_tflms_bits_where_tflm_is_missing(xormodel, monkeypatch, missing, name) -> None:
    expected = tflite.run_integer(tflite.read(xormodel), QUESTIONS)
    hide(monkeypatch, *missing)
    found = runtimes.reference(xormodel)
    assert found.name == name and name in runtimes.EXACT
    np.testing.assert_array_equal(found.run(QUESTIONS), expected)


@pytest.mark.skipif(not tflite.has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64")
@pytest.mark.parametrize(
    "file",
    [
        "carclassifier_easy/solution/carclassifier.cpp",
        "cifar_cnn/solution/cifar_cnn.cpp",
        "cifar_cnn/solution/cifar_tiny.cpp",
    ],
)
def test_convolutions_have_a_reference_without_tflm(file, monkeypatch) -> None:
    model = tflite.load_model(REPO / file)
    entry = tflite.read(model).inputs[0]
    images = np.random.default_rng(1).integers(-128, 128, (3, *entry.sample_shape)).astype(np.int8)
    first = runtimes.reference(model)
    assert first.name == "TensorFlow Lite Micro"
    expected = first.run(images)
    hide(monkeypatch, "TFLM")
    compiled = runtimes.reference(model)
    assert compiled.name == "compiled C"
    np.testing.assert_array_equal(compiled.run(images), expected)
    # NumPy has no convolutions.
    hide(monkeypatch, "compiled C")
    litert = runtimes.reference(model)
    assert litert.name == "LiteRT" and litert.name not in runtimes.EXACT
    assert np.abs(litert.run(images).astype(int) - expected).max() <= 2
    hide(monkeypatch, "LiteRT")
    assert runtimes.reference(model) is None


def test_the_float_model_is_exported_as_an_array_where_asked(tmp_path) -> None:
    names = [path.name for path in c_array.export("net", b"float", b"int8", tmp_path)]
    assert names == ["net_float.tflite", "net.tflite", "net.cpp"]
    *_, path = c_array.export("net", b"float", b"int8", tmp_path, float_array=True)
    assert path.name == "net_float.cpp" and tflite.from_c_array(path) == b"float"
