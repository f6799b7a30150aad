"""Reading, running and exporting .tflite files; damaged ones give an error that says so."""

import hashlib
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiedge import tflite
from aiedge.codegen import generate
from aiedge.codegen.operators import EMITTERS
from aiedge.cost.runtimes import differences, every_int8_pair, run_everywhere
from aiedge.errors import UserError
from aiedge.quantization import multiply_rounding_once
from aiedge.tflite.interpreters import has_tflm
from aiedge.tflite.traits import TRAITS
from tests.support.model_files import ModelFile, dense_int8

needs_tflm = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)


def test_the_shipped_model_is_what_the_notebook_builds(xormodel: bytes) -> None:
    graph = tflite.read(xormodel)
    assert [op.kind for op in graph.operators] == ["FULLY_CONNECTED"] * 3 + ["LOGISTIC"]
    assert (graph.parameters, graph.macs) == (2 * 16 + 16 + 16 * 16 + 16 + 16 + 1, 2 * 16 + 16 * 16 + 16)
    assert graph.sha256 == hashlib.sha256(xormodel).hexdigest()
    entry = graph.inputs[0]
    table = (
        np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) / entry.quantization.scale + entry.quantization.zero_point
    )
    answers = tflite.run_integer(graph, np.round(table).astype(np.int8))[:, 0]
    assert (answers > 0).tolist() == [False, True, True, False]


@needs_tflm
def test_numpy_c_and_tflm_agree_on_every_input_there_is(xormodel: bytes) -> None:
    outputs = run_everywhere(xormodel, every_int8_pair())
    counts = differences(outputs, "TFLM")
    assert counts.pop("LiteRT") > 0
    assert counts == {"NumPy integers": 0, "compiled C": 0, "TFLM": 0}
    once = tflite.run_integer(tflite.read(xormodel), every_int8_pair(), multiply_rounding_once)
    np.testing.assert_array_equal(once, outputs["LiteRT"])


@needs_tflm
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 20), min_size=2, max_size=4),
    per_channel=st.booleans(),
    bias=st.booleans(),
    activation=st.sampled_from([0, 1, 2, 3]),
    end=st.sampled_from([None, "LOGISTIC", "TANH", "RELU", "QUANTIZE"]),
)
def test_random_networks_match_tflm(
    seed: int, sizes: list[int], per_channel: bool, bias: bool, activation: int, end: str | None
) -> None:
    rng = np.random.default_rng(seed)
    model = dense_int8(rng, sizes, 1, per_channel, [activation] * (len(sizes) - 1), end, bias)
    x = rng.integers(-128, 128, (20, sizes[0]), dtype=np.int8)
    np.testing.assert_array_equal(tflite.run_integer(tflite.read(model), x), tflite.run_tflm(model, x))


@needs_tflm
def test_the_arena_found_is_the_smallest(xormodel: bytes) -> None:
    from aiedge.tflite.interpreters import _fits

    arena = tflite.tflm_arena_bytes(xormodel)
    assert _fits(xormodel, arena) and not _fits(xormodel, arena - 16)


def test_a_c_array_reads_back_and_compiles(xormodel: bytes, tmp_path: Path, need_tool) -> None:
    path = tflite.write_c_array(xormodel, tmp_path / "net.cpp")
    assert tflite.from_c_array(path) == tflite.load_model(path) == xormodel
    main = tmp_path / "main.cpp"
    main.write_text(
        "#include <stdio.h>\nextern const unsigned char net[];\nextern const unsigned int net_len;\n"
        "int main() { return fwrite(net, 1, net_len, stdout) == net_len ? 0 : 1; }\n"
    )
    gxx = need_tool("g++", "apt install g++")
    subprocess.run([gxx, "-Wall", "-Wextra", "-Werror", path, main, "-o", tmp_path / "net"], check=True)
    assert subprocess.run([tmp_path / "net"], capture_output=True, check=True).stdout == xormodel


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("int main() {}", "no array"),
        ("const unsigned char m[] = {0x01, 300};", "damaged"),
        ("const unsigned char m[] = {0x01, zz};", "damaged"),
    ],
)
def test_a_file_without_an_array_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "m.cpp"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        tflite.from_c_array(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "large-file storage"),
        (b"hello world, no model", "not a .tflite"),
        (b"\x20\0\0\0TFL3", "damaged"),
    ],
)
def test_what_is_no_model_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        tflite.read(data)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(str(tmp_path / "no.tflite"))):
        tflite.read(tmp_path / "no.tflite")


def test_every_truncation_is_refused_or_whole(xormodel: bytes) -> None:
    for length in range(0, len(xormodel), 7):
        _read_or_refuse(xormodel[:length])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 3600), st.integers(0, 255)), min_size=1, max_size=8))
def test_mutated_files_are_refused_or_consistent(xormodel: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(xormodel)
    for position, value in changes:
        data[position % len(data)] = value
    _read_or_refuse(bytes(data))


def _read_or_refuse(data: bytes) -> None:
    try:
        graph = tflite.read(data)
    except UserError:
        return
    for tensor in graph.constants:
        assert tensor.values.shape == tensor.shape


def test_inconsistent_graphs_are_refused() -> None:
    def model(**change: list[int]) -> bytes:
        file = ModelFile()
        a, b = file.tensor([1, 4], scale=0.1), file.tensor([1, 4], scale=0.1)
        file.operator("LOGISTIC", change.get("reads", [a]), change.get("writes", [b]))
        return file.build(change.get("inputs", [a]), change.get("outputs", [b]))

    assert tflite.read(model())
    for change, message in (
        ({"reads": [7]}, "item 7 of a list of 2"),
        ({"reads": [1]}, "before anything has written it"),
        ({"reads": []}, r"operator 0 \(LOGISTIC\) is impossible: it has the inputs \[\]"),
        ({"reads": [-1]}, r"it has the inputs \[-1\]"),
        ({"writes": []}, r"it has the outputs \[\]"),
        ({"inputs": []}, "0 inputs"),
        ({"inputs": [0, 0]}, "one tensor as several inputs"),
        ({"writes": [0]}, "which has a value already"),
        ({"outputs": [9]}, "item 9"),
    ):
        with pytest.raises(UserError, match=message):
            tflite.read(model(**change))


def test_options_are_those_of_the_operator() -> None:
    def model(kind: str, **options: int) -> bytes:
        file = ModelFile()
        tensors = [file.tensor([1, 2, 2, 1], scale=0.1) for _ in range(3)]
        file.operator("ADD", tensors[:2], tensors[2:], **options)
        file.model.operatorCodes[0].builtinCode = getattr(schema.BuiltinOperator, kind)
        if not options:
            file.model.subgraphs[0].operators[0].builtinOptions = None
            file.model.subgraphs[0].operators[0].builtinOptionsType = 0
        return file.build(tensors[:2], tensors[2:])

    assert (
        tflite.read(model("ADD", fusedActivationFunction=1)).operators[0].options["fusedActivationFunction"]
        == 1
    )
    assert tflite.read(model("ADD")).operators[0].options["fusedActivationFunction"] == 0
    with pytest.raises(
        UserError, match=r"operator 0 \(MUL\) is impossible: its options are those of another operator"
    ):
        tflite.read(model("MUL", fusedActivationFunction=1))


def test_every_nature_of_the_table_compiles() -> None:
    assert set(EMITTERS) == {trait.nature for trait in TRAITS.values()}


def test_several_subgraphs_are_refused() -> None:
    file = ModelFile()
    tensor = file.tensor([1, 2], scale=1.0)
    file.model.subgraphs *= 3
    with pytest.raises(UserError, match="holds 3 subgraphs, for several networks; one is supported"):
        tflite.read(file.build([tensor], [tensor]))


def test_zero_points_fit_the_type() -> None:
    file = ModelFile()
    tensor = file.tensor([1, 2], scale=1.0, zero_point=128)
    with pytest.raises(UserError, match="tensor 0 has impossible quantization"):
        tflite.read(file.build([tensor], [tensor]))


def test_constants_of_the_wrong_size_are_refused() -> None:
    file = ModelFile()
    tensor = file.tensor([3], data=np.arange(5))
    with pytest.raises(UserError, match="5 bytes"):
        tflite.read(file.build([], [tensor]))


def test_float_models_are_refused_where_int8_is_needed() -> None:
    file = ModelFile()
    a, b = file.tensor([1, 4], "float32"), file.tensor([1, 4], "float32")
    file.operator("LOGISTIC", [a], [b])
    graph = tflite.read(file.build([a], [b]))
    with pytest.raises(UserError, match=r"operator 0 \(LOGISTIC\) of float32 is not supported"):
        tflite.run_integer(graph, np.zeros((1, 4), np.float32))


def test_the_shape_of_a_scalar_is_a_constant_without_bytes():
    file = ModelFile()
    x, y = file.tensor([1], scale=0.1), file.tensor([], scale=0.1)
    shape = file.tensor([0], "int32", data=np.array([], np.int32))
    file.operator("RESHAPE", [x, shape], [y])
    graph = tflite.read(file.build([x], [y]))
    assert graph.operators[0].input(1).values.tolist() == []
    assert generate(graph, "net").plan is not None
