"""One int8 model on the runtimes that there are; what is missing is named and left out."""

import numpy as np
import pytest

from aiedge import tflite
from aiedge.cost import runtimes
from aiedge.errors import UserError
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


def test_the_float_model_is_exported_as_an_array_where_asked(tmp_path) -> None:
    names = [path.name for path in c_array.export("net", b"float", b"int8", tmp_path)]
    assert names == ["net_float.tflite", "net.tflite", "net.cpp"]
    *_, path = c_array.export("net", b"float", b"int8", tmp_path, float_array=True)
    assert path.name == "net_float.cpp" and tflite.from_c_array(path) == b"float"
