"""The road to ESP-DL: ONNX out of a float .tflite, the twin of esp-ppq's arithmetic, and its environment."""

import json
import os
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from aiedge import tflite
from aiedge.cli import main
from aiedge.convert.onnx_translation import onnx_to_tflite
from aiedge.cost.runtimes import every_int8_pair
from aiedge.errors import UserError
from aiedge.espdl import (
    Quantization,
    as_floats,
    environment,
    exponents,
    integers_of,
    load_quantization,
    run,
    to_onnx,
)
from aiedge.espdl.onnx_writer import planes
from aiedge.espdl.quantize import TRIED
from aiedge.quantization import dequantize
from aiedge.text import parts
from aiedge.tflite.integer import params_of
from tests.benchmarks import espdl as espdl_benchmark
from tests.support.espdl_reference import GOLDEN, KEPT, NETWORKS, samples
from tests.support.model_files import ModelFile
from tests.support.onnx_networks import NETWORKS as ONNX_NETWORKS


@pytest.mark.parametrize(("name", "chip", "bits"), KEPT)
def test_the_twin_has_the_bits_of_esp_ppq(name: str, chip: str, bits: int) -> None:
    graph = NETWORKS[name]()
    quantization, wanted = load_quantization(GOLDEN / f"espdl-{name}-{chip}-{bits}.json")
    found = integers_of(graph, quantization, samples(graph)[:TRIED]).reshape(wanted.shape)
    assert len(np.unique(wanted)) > 5
    if bits == 8:
        np.testing.assert_array_equal(found, wanted)
    else:  # esp-ppq adds in float32, which holds no sums of 16 bits
        assert np.abs(found - wanted).max() <= 4 and (found != wanted).mean() < 0.1
    # A wrong rounding, and another scale, are seen.
    other = "ROUND_HALF_EVEN" if quantization.rounding == "ROUND_HALF_UP" else "ROUND_HALF_UP"
    spoilt = Quantization(quantization.exponents, bits, other, quantization.tables)
    if bits == 8 and name == "ds_cnn":
        assert (integers_of(graph, spoilt, samples(graph)[:TRIED]).reshape(wanted.shape) != wanted).any()


def test_more_bits_are_nearer_to_the_float_network() -> None:
    graph = NETWORKS["ds_cnn"]()
    x = samples(graph)
    wanted = tflite.run_litert(graph.source, x)
    apart = [np.abs(run(graph, exponents(graph, [x], bits), x) - wanted).max() for bits in (8, 16)]
    assert apart[1] < 0.02 * np.abs(wanted).max() and apart[1] * 20 < apart[0] < np.abs(wanted).max()


@pytest.mark.parametrize("name", ONNX_NETWORKS)
def test_onnx_has_the_answers_of_the_float_model(name: str, tmp_path: Path) -> None:
    model = ONNX_NETWORKS[name]()
    (tmp_path / "in.onnx").write_bytes(model.SerializeToString())
    made, _ = onnx_to_tflite(tmp_path / "in.onnx")
    graph = tflite.read(made)
    session = onnxruntime.InferenceSession(to_onnx(graph))
    (entry,) = session.get_inputs()
    assert entry.shape == planes(graph.inputs[0].shape)
    x = np.random.default_rng(0).random((2, *graph.inputs[0].sample_shape), dtype=np.float32)
    found = [session.run(None, {entry.name: each[None].transpose(0, 3, 1, 2)})[0] for each in x]
    np.testing.assert_allclose(np.concatenate(found), tflite.run_litert(made, x), atol=1e-5)


def test_the_table_of_the_arithmetic_is_what_the_benchmark_prints(repo: Path) -> None:
    made = espdl_benchmark.rows(espdl_benchmark.xor())
    text = parts((repo / "docs/results.md").read_text(encoding="utf-8"))["espdl.py"]
    found = [tuple(cell.strip() for cell in line.split("|")[1:-1]) for line in text.splitlines()]
    assert len(made) == 4 and all(each in found for each in made)


def test_floats_of_an_int8_network_are_nearly_its_answers(xormodel: bytes) -> None:
    graph = tflite.read(xormodel)
    inputs = every_int8_pair()[::97]
    entry, result = (params_of(each) for each in (graph.inputs[0], graph.outputs[0]))
    wanted = dequantize(tflite.run_integer(graph, inputs), result)
    found = tflite.run_litert(as_floats(graph).source, dequantize(inputs, entry))
    assert wanted.max() - wanted.min() > 0.9 and np.abs(found - wanted).max() < 0.1


def test_operators_that_onnx_lacks_are_all_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    file = ModelFile()
    tensors = [file.tensor([1, 4], "float32") for _ in range(4)]
    for kind, source, target in zip(("CUMSUM", "EXP", "EXP"), tensors, tensors[1:], strict=False):
        extra = [file.tensor([], "int32", data=np.array(1))] if kind == "CUMSUM" else []
        file.operator(kind, [source, *extra], [target])
    path = tmp_path / "net.tflite"
    path.write_bytes(file.build(tensors[:1], tensors[-1:]))
    assert main(["espdl", str(path), "-o", str(tmp_path / "out"), "--onnx"]) == 2
    error = capsys.readouterr().err
    assert "cannot become ONNX: CUMSUM (1 times: operators 0), EXP (2 times: operators 1, 2)" in error
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_it_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIEDGE_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "xor.tflite"
    path.write_bytes(NETWORKS["xor"]().source)
    np.save(tmp_path / "x.npy", np.zeros((4, 2), np.float32))
    np.save(tmp_path / "wide.npy", np.zeros((4, 3), np.float32))
    words = ["espdl", str(path), "-o", str(tmp_path / "out")]

    def error(*more: str) -> str:
        assert main([*words, *more]) == 2
        return capsys.readouterr().err

    assert "needs samples" in error()
    text = error("--samples", str(tmp_path / "x.npy"))
    assert "esp-ppq is not set up" in text and "1.2 GB" in text
    environment.folder().mkdir(parents=True)
    assert "is half installed" in error("--samples", str(tmp_path / "x.npy"))
    program = environment.folder() / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    program.parent.mkdir()
    program.write_text("")
    (environment.folder() / environment.COMPLETE).write_text("torch==1.0\n")
    assert "has other versions" in error("--samples", str(tmp_path / "x.npy"))
    (environment.folder() / environment.COMPLETE).write_text("\n".join(environment.PACKAGES))
    assert environment.python() == program
    assert "have the shape [4, 3]" in error("--samples", str(tmp_path / "wide.npy"))
    assert not (tmp_path / "out").exists()
    assert main([*words, "--onnx"]) == 0
    assert (tmp_path / "out/xor.onnx").is_file()


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for Python")
@pytest.mark.parametrize("damaged", [True, False])
def test_setup_tries_what_pip_says_is_installed(
    damaged: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, calls = tmp_path / "espdl", tmp_path / "calls"

    def create(folder: Path, with_pip: bool) -> None:
        (folder / "bin").mkdir(parents=True)
        program = folder / "bin/python"
        fails = "echo ImportError: no functional >&2; exit 1" if damaged else "exit 0"
        program.write_text(f'#!/bin/sh\necho "$@" >> {calls}\ncase "$*" in *import*) {fails};; esac\n')
        program.chmod(0o755)

    monkeypatch.setattr("aiedge.espdl.environment.venv.create", create)
    if damaged:
        with pytest.raises(UserError, match="damaged: ImportError: no functional") as caught:
            environment.setup(place=place)
        assert str(place) in caught.value.hint and not (place / environment.COMPLETE).exists()
    else:
        assert environment.setup(place=place) == environment.python(place)
    *installs, tried = calls.read_text().splitlines()
    assert [line.split()[-1] for line in installs] == [*environment.PACKAGES]
    assert tried == "-P -c import torch, esp_ppq, onnxruntime"


def test_int8_models_are_told_to_be_float(repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    model = repo / "tests/golden/resnet8.tflite"
    assert main(["espdl", str(model), "-o", str(tmp_path), "--onnx"]) == 2
    assert "it is quantized already" in capsys.readouterr().err


def test_a_quantization_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "q.json"
    for text in ("", "[]", json.dumps({"rounding": [], "exponents": {}})):
        path.write_text(text)
        with pytest.raises(UserError, match="is no quantization"):
            load_quantization(path)
