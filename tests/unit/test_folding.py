"""What follows from shapes is computed when a model is read: against LiteRT, tensor by tensor, and TFLM's answers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from aiedge import tflite
from aiedge.codegen import generate
from aiedge.errors import UserError
from aiedge.memory import plan_memory
from aiedge.tflite.folding import FOLDS
from tests.support.batch import run_batch
from tests.support.model_files import flatten
from tests.support.random_layers import Draw

MODELS = 40


class Numbers:
    """A model that computes with the shape of its input: vectors of int32, and their lengths by tensor."""

    def __init__(self, rng: np.random.Generator):
        self.d, self.rng = Draw(rng, "float32"), rng
        self.x = self.d.input([1, *self.d.shape(1, 3, 5)])
        rank = len(self.d.shapes[self.x])
        self.vectors = {self.added("SHAPE", [self.x], [rank], outType=2): rank}

    def added(
        self, kind: str, inputs: list[int], shape: list[int], dtype: str = "int32", **options: object
    ) -> int:
        target = self.d.file.tensor(shape, dtype)
        return self.d.add(kind, inputs, [target], **options)[0]

    def vector(self) -> int:
        return int(self.rng.choice([*self.vectors]))

    def one(self, source: int) -> int:
        """A number of the vector, without a dimension."""
        place = int(self.rng.integers(self.vectors[source]))
        begin, end, step = (self.d.integers([value]) for value in (place, place + 1, 1))
        return self.added("STRIDED_SLICE", [source, begin, end, step], [], shrinkAxisMask=1)

    def packed(self, source: int) -> tuple[int, int]:
        parts = [self.one(source), self.d.integers(3), self.one(self.vector())]
        return self.added("PACK", parts, [3], valuesCount=3), 3

    def joined(self, source: int) -> tuple[int, int]:
        other = self.vector()
        length = self.vectors[source] + self.vectors[other]
        return self.added("CONCATENATION", [source, other], [length], axis=self.d.pick(0, -1)), length

    def gathered(self, source: int) -> tuple[int, int]:
        places = self.d.integers(self.rng.integers(0, self.vectors[source], 2))
        return self.added("GATHER", [source, places], [2]), 2

    def cast(self, source: int) -> tuple[int, int]:
        length = self.vectors[source]
        return self.added("CAST", [self.added("CAST", [source], [length], "int64")], [length]), length

    def computed(self, source: int) -> tuple[int, int]:
        kind = self.d.pick("ADD", "SUB", "MUL", "FLOOR_DIV", "MAXIMUM", "MINIMUM")
        return self.added(kind, [source, self.d.integers([3])], [self.vectors[source]]), self.vectors[source]

    def reduced(self, source: int) -> tuple[int, int]:
        kind, keep = self.d.pick("REDUCE_PROD", "SUM"), bool(self.rng.random() < 0.5)
        total = self.added(kind, [source, self.d.integers([0])], [1] if keep else [], keepDims=keep)
        return (total, 1) if keep else (self.added("EXPAND_DIMS", [total, self.d.integers(0)], [1]), 1)

    def filled(self, source: int) -> tuple[int, int]:
        self.d.file.tensor([], "int32")
        length = self.added("FILL", [self.d.integers([2]), self.one(source)], [2])
        return length, 2

    def build(self) -> bytes:
        steps: list[Callable[[int], tuple[int, int]]] = [
            self.packed, self.joined, self.gathered, self.cast, self.computed, self.reduced, self.filled,
        ]  # fmt: skip
        for _ in range(self.rng.integers(1, 7)):
            tensor, length = steps[self.rng.integers(len(steps))](self.vector())
            self.vectors[tensor] = length
        # In the end a flat view, as of a Flatten layer.
        shape = self.d.shapes[self.x]
        flat = [1, int(np.prod(shape))]
        first = next(iter(self.vectors))
        begin, end, step = (self.d.integers([value]) for value in (0, 1, 1))
        batch = self.added("STRIDED_SLICE", [first, begin, end, step], [], shrinkAxisMask=1)
        target = self.added("PACK", [batch, self.d.integers(flat[1])], [2], valuesCount=2)
        y = self.d.add("RESHAPE", [self.x, target], [self.d.tensor(flat)], newShape=flat)
        return self.d.file.build([self.x], y)


def test_shape_arithmetic_is_litert_s(tmp_path: Path, need_tool) -> None:
    rng = np.random.default_rng(0)
    models = [Numbers(rng).build() for _ in range(MODELS)]
    graphs, folded = [tflite.read(model) for model in models], 0
    for model, graph in zip(models, graphs, strict=True):
        litert = Interpreter(
            model_content=model,
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=True,
        )
        litert.allocate_tensors()
        litert.invoke()
        *numbers, view = graph.operators
        assert all(operator.folded for operator in numbers) and not view.folded
        assert [step.kinds for step in plan_memory(graph).steps] == [("RESHAPE",)]
        for tensor in (operator.outputs[0] for operator in numbers):
            np.testing.assert_array_equal(tensor.values, litert.get_tensor(tensor.index), str(tensor))
            folded += tensor.elements
    assert folded > 300
    assert {op.kind for graph in graphs for op in graph.operators if op.folded} >= {*FOLDS} - {
        "RESHAPE",
        "SQUEEZE",
    }
    inputs = [rng.normal(0, 1, (2, *graph.inputs[0].shape)).astype("f") for graph in graphs]
    results = run_batch(graphs, [[x] for x in inputs], tmp_path, [need_tool("gcc", "apt install gcc"), "-O1"])
    for x, (y,) in zip(inputs, results, strict=True):
        np.testing.assert_array_equal(y, x.reshape(y.shape))


@pytest.mark.skipif(not tflite.has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64")
def test_the_interpreter_still_runs_what_is_folded(tmp_path: Path) -> None:
    model = flatten().build([0], [7])
    x = np.arange(6, dtype=np.int8).reshape(1, 1, 2, 3)
    np.testing.assert_array_equal(tflite.run_tflm(model, x), x.reshape(1, 6))
    graph = tflite.read(model)
    np.testing.assert_array_equal(tflite.run_integer(graph, x), x.reshape(1, 6))
    source = generate(graph, "net")
    assert source.plan.arena_bytes == 0
    for kind in ("Shape", "StridedSlice", "Pack", "Reshape"):
        assert f"(resolver).Add{kind}();" in source.firmware_header


def test_what_is_impossible_is_refused() -> None:
    file = flatten()
    file.operator("GATHER", [1, file.tensor([1], "int32", data=np.array([7]))], [file.tensor([1], "int32")])
    with pytest.raises(UserError, match=r"operator 4 \(GATHER\) is impossible: index 7 is out of bounds"):
        tflite.read(file.build([0], [7]))
    file = flatten()
    file.model.subgraphs[0].tensors[1].shape = [4]
    with pytest.raises(UserError, match=r"\(SHAPE\) is impossible: it makes 3 values for \[4\]"):
        tflite.read(file.build([0], [7]))
