"""Networks that keep values from one inference to the next, over sequences, against TensorFlow Lite Micro."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from aiedge import CompiledModel, tflite
from aiedge.codegen import generate
from aiedge.errors import UserError
from aiedge.memory import plan_memory
from aiedge.tflite.interpreters import has_tflm, run_tflm_all
from aiedge.tflite.traits import Nature
from aiedge.tflm.arena import tflm_head
from aiedge.tflm.optimize import optimize
from tests.support.batch import run_batch
from tests.support.model_files import ModelFile
from tests.support.random_layers import Draw, behind
from tests.support.random_states import stateful, stream
from tests.support.random_streams import convolution

SANITIZE = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
needs_tflm = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)


def frames(rng: np.random.Generator, graph: tflite.Graph, count: int = 16) -> list[np.ndarray]:
    return [rng.integers(-128, 128, (count, *t.shape), dtype=np.int8) for t in graph.inputs]


def random_models(seeds: range) -> list[bytes]:
    models = []
    for seed in seeds:
        draw = Draw(np.random.default_rng([seed, 11]), "int8")
        outputs = stateful(draw, "READ_VARIABLE")
        models.append(draw.file.build(draw.inputs, outputs))
    return models


@needs_tflm
@pytest.mark.parametrize("weights", ["linked", "loaded"])
def test_random_sequences(weights: str, tmp_path: Path, need_tool) -> None:
    """With weights apart, too: the first values are constants as others are."""
    rng = np.random.default_rng(0)
    models = [stream(rng, first) for first in (None, -128, 5)]
    models += random_models(range(20 if weights == "linked" else 0))
    graphs = [tflite.read(model) for model in models]
    inputs = [frames(rng, graph) for graph in graphs]
    compiler = [need_tool("clang", "apt install clang"), *SANITIZE]
    results = run_batch(graphs, inputs, tmp_path, compiler, weights=weights)  # type: ignore[arg-type]
    for model, x, outputs in zip(models, inputs, results, strict=True):
        for mine, theirs in zip(outputs, run_tflm_all(model, x), strict=True):
            np.testing.assert_array_equal(mine, theirs)


@needs_tflm
def test_rows_before_and_behind_what_is_kept(tmp_path: Path, need_tool) -> None:
    """The image comes in rows; what is kept of the last one goes through layers of its own, row by row."""
    models = []
    for seed in (2, 3, 5):
        d = Draw(np.random.default_rng([seed, 12]), "int8")
        x = d.input([1, 24, 20, 3], 0.05)
        image = convolution(d, convolution(d, x, same_size=True), same_size=True, outputs=3)
        handle = d.file.variable("last", d.shapes[image], "int8", None, scale=0.05)
        old = d.add("READ_VARIABLE", [handle], [d.tensor(d.shapes[image], 0.05, 0)])[0]
        filtered = convolution(d, convolution(d, old, same_size=True), same_size=True, outputs=3)
        both = d.tensor(d.shapes[image], max(d.params[image][0], d.params[filtered][0]))
        d.add("ADD", [image, filtered], [both], fusedActivationFunction=0)
        new = convolution(d, both, same_size=True, outputs=3)
        d.add("ASSIGN_VARIABLE", [handle, new], [])
        models.append(d.file.build([x], behind(d, "LEAKY_RELU", new)))
    graphs = [tflite.read(model) for model in models]
    assert max(len(plan_memory(graph, streaming=True).sections) for graph in graphs) > 1
    inputs = [frames(np.random.default_rng(6), graph, 6) for graph in graphs]
    compiler = [need_tool("clang", "apt install clang"), *SANITIZE]
    results = run_batch(graphs, inputs, tmp_path, compiler, stream=True)
    for model, graph, x, outputs in zip(models, graphs, inputs, results, strict=True):
        expected = run_tflm_all(model, x)[0]
        np.testing.assert_array_equal(
            outputs[0], expected, err_msg=str(plan_memory(graph, streaming=True).sections)
        )


def test_variables_are_read_and_written_in_place() -> None:
    source = generate(tflite.read(stream(np.random.default_rng(0))), "net")
    assert "memcpy(arena + 0, state_" in source.c and "memcpy((int8_t" not in source.c
    assert source.plan.state_bytes == 16 and source.plan.states[0].offset == 0
    assert "#define NET_STATE_BYTES 16" in source.header and "int net_reset(uint8_t *arena);" in source.header


def test_some_values_are_copied_and_some_are_not() -> None:
    """The random models try both, or they would not tell a wrong choice."""
    found: Counter[bool] = Counter()
    for model in random_models(range(60)):
        graph = tflite.read(model)
        plan = plan_memory(graph)
        inside = {t.index for buffer in plan.states for t in buffer.tensors}
        for operator in graph.operators:
            if operator.nature is Nature.READ:
                found[operator.outputs[0].index in inside] += 1
            elif operator.nature is Nature.ASSIGN:
                found[operator.input(1).index in inside] += 1
    assert min(found.values()) > 20


def test_a_network_without_state_has_no_reset() -> None:
    file = ModelFile()
    x, y = (file.tensor([1, 4], "float32") for _ in range(2))
    file.operator("RELU", [x], [y])
    source = generate(tflite.read(file.build([x], [y])), "net")
    assert "reset" not in source.c + source.header + source.firmware_header


@needs_tflm
def test_predict_is_one_sequence_and_invoke_goes_on() -> None:
    data = stream(np.random.default_rng(1))
    (x,) = frames(np.random.default_rng(2), tflite.read(data))
    expected = tflite.run_tflm(data, x)
    model = CompiledModel(data)
    for _ in range(2):  # the second begins anew
        np.testing.assert_array_equal(model.predict(x), expected)
    model.reset()
    for sample, answer in zip(x, expected, strict=True):
        model.set_input(sample)
        model.invoke()
        np.testing.assert_array_equal(model.get_output()[0], answer)
    model.set_input(x[0])
    model.invoke()
    assert not np.array_equal(model.get_output()[0], expected[0])  # it has the last frames of the sequence


@needs_tflm
def test_optimized_models_keep_the_order_of_their_state() -> None:
    rng = np.random.default_rng(3)
    for model in [stream(rng), *random_models(range(100, 106))]:
        result = optimize(model)
        (x,) = frames(rng, result.before)
        for mine, theirs in zip(
            run_tflm_all(result.after.source, [x]), run_tflm_all(model, [x]), strict=True
        ):
            np.testing.assert_array_equal(mine, theirs)
        assert tflm_head(result.after) <= tflm_head(result.before)
        compiled = CompiledModel(result.after.source).predict(x)
        for mine, theirs in zip(
            compiled if isinstance(compiled, list) else [compiled], run_tflm_all(model, [x]), strict=True
        ):
            np.testing.assert_array_equal(mine, theirs)


def test_another_order_of_state_is_none_of_the_graph() -> None:
    graph = tflite.read(stream(np.random.default_rng(4)))
    order = list(range(len(graph.operators)))
    place = {operator.kind: operator.index for operator in graph.operators}
    order.remove(place["READ_VARIABLE"])
    order.insert(0, place["READ_VARIABLE"])
    with pytest.raises(ValueError, match="changes state before operator 1 has run"):
        plan_memory(graph, order=order)


def test_a_filter_without_bias_answers_as_litert() -> None:
    """TensorFlow Lite Micro crashes there."""
    rng = np.random.default_rng(5)
    file = ModelFile()
    x = file.tensor([1, 3], "float32")
    feature, time = (file.tensor([4, n], "float32", data=rng.normal(size=(4, n))) for n in (3, 5))
    state, y = file.variable_tensor([1, 20], "float32"), file.tensor([1, 4], "float32")
    file.operator("SVDF", [x, feature, time, -1, state], [y], rank=1)
    data = file.build([x], [y])
    samples = rng.normal(size=(12, 1, 3)).astype(np.float32)
    expected = tflite.run_litert(data, samples, reference=True)
    np.testing.assert_allclose(CompiledModel(data).predict(samples), expected, rtol=1e-5, atol=1e-6)


def computed(file: ModelFile) -> None:
    """A first value that is computed."""
    file.operator("CALL_ONCE", [], [], graph=1, initSubgraphIndex=1)


def unassigned(file: ModelFile) -> None:
    """A variable that nothing assigns."""
    handle = file.tensor([], "resource")
    file.operator("VAR_HANDLE", [], [handle], sharedName="other", container="")
    file.operator("READ_VARIABLE", [handle], [file.tensor([1, 4], "float32")])


def late(file: ModelFile) -> None:
    """First values after the variable's use."""
    operators = file.model.subgraphs[0].operators
    operators.append(operators.pop(0))


def table(file: ModelFile) -> None:
    """A resource that is no variable."""
    file.tensor([], "resource")


def another_type(file: ModelFile) -> None:
    """A variable that is read as something else."""
    file.operator("READ_VARIABLE", [2], [file.tensor([1, 5], "float32")])


def given_away(file: ModelFile) -> None:
    """A state as an output."""
    file.model.subgraphs[0].outputs = [2]


def two_networks(file: ModelFile) -> None:
    """A subgraph besides the one that initializes."""
    file.model.subgraphs.append(file.model.subgraphs[1])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (computed, "computes what its variables are at first (CALL_ONCE in subgraph 1)"),
        (unassigned, "a variable 'other' that nothing gives a value"),
        (late, "uses its variables before it gives them their first values"),
        (table, "holds values of type RESOURCE"),
        (another_type, "its variable is tensor 2"),
        (given_away, "gives the state tensor 2"),
        (two_networks, "holds 3 subgraphs, for control flow (CALL_ONCE)"),
    ],
)
def test_other_state_is_called_what_it_is(change, words: str) -> None:
    file = ModelFile()
    x, y = file.tensor([1, 4], "float32"), file.tensor([1, 4], "float32")
    handle = file.variable("v", [1, 4], "float32", np.ones([1, 4]))
    file.operator("READ_VARIABLE", [handle], [y])
    value = file.tensor([1, 4], "float32")
    file.operator("ADD", [x, y], [value])
    file.operator("ASSIGN_VARIABLE", [handle, value], [])
    built = file.build([x], [value])
    assert generate(tflite.read(built), "net").plan.state_bytes == 16
    change(file)
    outputs = list(file.model.subgraphs[0].outputs)
    with pytest.raises(UserError) as caught:
        tflite.read(file.build([x], outputs))
    assert words in str(caught.value) and caught.value.hint


def test_state_that_an_operator_only_reads_is_refused() -> None:
    file = ModelFile()
    x, y = file.tensor([1, 4], "float32"), file.tensor([1, 4], "float32")
    file.operator("ADD", [x, file.variable_tensor([1, 4], "float32")], [y])
    with pytest.raises(UserError, match="keeps state between calls"):
        tflite.read(file.build([x], [y]))


def test_two_handles_of_one_name_are_one_variable() -> None:
    file = ModelFile()
    x = file.tensor([1, 4], "float32")
    handle = file.variable("v", [1, 4], "float32", np.arange(4.0))
    again = file.tensor([], "resource")
    file.operator("VAR_HANDLE", [], [again], sharedName="v", container="")
    old, y = file.tensor([1, 4], "float32"), file.tensor([1, 4], "float32")
    file.operator("READ_VARIABLE", [again], [old])
    file.operator("ADD", [x, old], [y])
    file.operator("ASSIGN_VARIABLE", [handle, y], [])
    model = CompiledModel(file.build([x], [y]))
    assert len(model.graph.states) == 1
    sums = model.predict(np.ones([3, 1, 4], np.float32))
    np.testing.assert_array_equal(sums, [np.arange(4) + n for n in (1, 2, 3)])


def test_the_benchmark_asks_no_network_with_state() -> None:
    from aiedge.benchmark.models import Codec

    with pytest.raises(UserError, match="keeps state from one input to the next"):
        Codec(stream(np.random.default_rng(0)))


def test_inspect_and_memory_say_what_is_kept(tmp_path: Path, capsys) -> None:
    from aiedge.cli import main

    path = tmp_path / "stream.tflite"
    path.write_bytes(stream(np.random.default_rng(0)))
    for command, words in (
        ("inspect", "16 bytes of the arena are kept"),
        ("memory", "16 bytes of state, kept"),
    ):
        assert main([command, str(path)]) == 0
        assert words in capsys.readouterr().out
