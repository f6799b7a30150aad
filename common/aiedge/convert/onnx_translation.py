"""ONNX to a float32 .tflite: what `torch.onnx.export` writes of networks for images.

Constants are computed, batch normalizations folded, activations fused; images lie with their channels side by side, so
that an input [1, 3, 32, 32] of ONNX is [1, 32, 32, 3] of the .tflite. Every operator that is not supported is named.
"""

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from aiedge.convert import onnx_operators
from aiedge.convert.network import FUSES, NONE, SIDE_BY_SIDE, Network, Step, Value
from aiedge.convert.onnx_file import Node, OnnxModel, load_onnx
from aiedge.errors import UserError

MOST_PLACES = 8  # of a kind that are listed
MOST_VALUES = 2**24  # of a constant that is computed
# Operators that are computed where all that they read is constant.
FOLDED = {
    *(
        "Add",
        "Cast",
        "Ceil",
        "Concat",
        "Constant",
        "ConstantOfShape",
        "Div",
        "Equal",
        "Expand",
        "Floor",
        "Gather",
    ),
    *(
        "Greater",
        "Identity",
        "Less",
        "Max",
        "Min",
        "Mul",
        "Neg",
        "Not",
        "Pow",
        "Range",
        "ReduceProd",
        "Reshape",
    ),
    *("Slice", "Sqrt", "Squeeze", "Sub", "Transpose", "Unsqueeze", "Where"),
}
# What attributes of a wrong type, and shapes that do not fit, raise.
MALFORMED = (ValueError, TypeError, IndexError, KeyError, AttributeError, ArithmeticError, MemoryError)
QUANTIZED_HINT = "give the float model: `aiedge convert` quantizes it itself"


def onnx_to_tflite(path: str | Path) -> tuple[bytes, list[tuple[int, ...]]]:
    """The float32 .tflite of an ONNX file, and its inputs' shapes there, without the batch.

    Raises `UserError` as `load_onnx`, and for what is not supported, naming all of it.
    """
    model = load_onnx(path)
    _refuse(model)
    translation = Translation(model)
    planes = [shape[1:] if translation.turned else () for shape in model.inputs.values()]
    return translation.build(), planes


def _refuse(model: OnnxModel) -> None:
    """Raise `UserError` that names every kind of operator that is not supported, how often, and where."""
    found: dict[str, list[str]] = {}
    for node in model.nodes:
        if node.kind not in onnx_operators.OPERATORS and node.kind not in FOLDED | {"Shape", "Size"}:
            found.setdefault(node.kind, []).append(str(node.index))
    if found:
        parts = [
            f"{kind} ({'nodes' if len(at) > 1 else 'node'} {', '.join(at[:MOST_PLACES])}"
            f"{', ...' if len(at) > MOST_PLACES else ''}{f': {len(at)} times' if len(at) > 1 else ''})"
            for kind, at in found.items()
        ]
        hint = f"supported are {', '.join(sorted(onnx_operators.OPERATORS))}"
        if any("Quantize" in kind or kind.startswith("QLinear") for kind in found):
            hint = f"{QUANTIZED_HINT}; {hint}"
        raise UserError(f"operators of ONNX that are not supported: {', '.join(parts)}", hint)


class Translation:
    """A model on its way: the values that are known, and the network that computes them."""

    def __init__(self, model: OnnxModel) -> None:
        self.model, self.network = model, Network()
        self.values = {name: Value(array.shape, data=array) for name, array in model.constants.items()}
        self.names: dict[int, list[str]] = {}  # of ONNX, by tensors of the network
        self.positive: set[str] = set()
        self.inputs: list[tuple[str, int]] = []
        self.turned = not self._takes_channels_last()
        for name, shape in model.inputs.items():
            order = SIDE_BY_SIDE if len(shape) == 4 and self.turned else tuple(range(len(shape)))
            tensor = self.network.place(name, [shape[axis] for axis in order])
            self.inputs.append((name, tensor))
            self._store(name, Value(shape, tensor, order))

    def _takes_channels_last(self) -> bool:
        """Whether the model turns its pictures first, as those of other frameworks do, which have channels last."""
        images = {name for name, shape in self.model.inputs.items() if len(shape) == 4}
        first = [node for node in self.model.nodes if images & set(node.inputs)]
        return bool(first) and all(
            node.kind == "Transpose" and list(node.attributes.get("perm", [])) == [0, 3, 1, 2]
            for node in first
        )

    def build(self) -> bytes:
        """The .tflite."""
        for node in self.model.nodes:
            try:
                self._translate(node)
            except MALFORMED as error:
                self.damaged(node, f"{type(error).__name__}: {error}")
        ends: list[tuple[str, int]] = []
        for name in self.model.outputs:
            value = self.values[name]
            if value.data is not None:
                raise UserError(f"the output {name!r} is a constant", "export what computes something")
            turned = len(value.shape) == 4 and self.turned
            order = SIDE_BY_SIDE if turned else range(len(value.shape))
            tensor = self.network.lies_as(value, order, name)
            if tensor in [other for _, other in (*self.inputs, *ends)]:
                tensor = self.network.copy(tensor, name)
            ends.append((name, tensor))
        return self.network.build(self.inputs, ends)

    def _translate(self, node: Node) -> None:
        """Make a node's outputs."""
        known = [self.values.get(name) for name in node.inputs if name]
        if node.kind in FOLDED and all(v is not None and v.data is not None for v in known):
            self._compute(node)
        elif node.kind in ("Shape", "Size"):
            self._measure(node)
        elif node.kind in onnx_operators.OPERATORS:
            made = onnx_operators.OPERATORS[node.kind](self, node)
            outputs = made if isinstance(made, list) else [made]
            for name, value in zip(node.outputs, outputs, strict=False):
                self._store(name, value)
            unmade = [name for name in node.outputs[len(outputs) :] if name and self.model.uses(name)]
            if unmade:
                self.refuse(node, f"its output {unmade[0]!r} is read", "only the first one is supported")
        else:
            self.refuse(node, "what it reads is no constant", "export the model with fixed shapes")

    def _store(self, name: str, value: Value) -> None:
        if not name:
            return
        self.values[name] = value
        if value.tensor >= 0:
            self.names.setdefault(value.tensor, []).append(name)

    def _compute(self, node: Node) -> None:
        """The constants that a node makes of constants, by the reference of the package `onnx`."""
        import onnx
        from onnx.reference import ReferenceEvaluator

        inputs = {name: self.constant(node, i, "inputs") for i, name in enumerate(node.inputs) if name}
        if _size(node, list(inputs.values())) > MOST_VALUES:
            self.damaged(node, "it makes more values than a microcontroller has")
        attributes = {
            key: onnx.numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
            for key, value in node.attributes.items()
        }
        made = onnx.helper.make_node(node.kind, node.inputs, node.outputs, **attributes)
        info = onnx.helper.make_empty_tensor_value_info
        graph = onnx.helper.make_graph(
            [made], "one", [info(name) for name in inputs], [info(n) for n in node.outputs]
        )
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", self.model.opset)])
        try:
            found = ReferenceEvaluator(model).run(None, inputs)
        except Exception as error:  # of whatever kind: the package's own evaluator runs on what the file says
            self.damaged(node, f"it cannot be computed: {' '.join(str(error).split())[:200]}")
        for name, array in zip(node.outputs, found, strict=True):
            self._store(name, Value(np.shape(array), data=np.asarray(array)))

    def _measure(self, node: Node) -> None:
        shape = self.value(node, 0).shape
        first, last = node.attributes.get("start", 0), node.attributes.get("end", len(shape))
        found = np.array(shape[first:last] if node.kind == "Shape" else prod(shape), np.int64)
        self._store(node.outputs[0], Value(found.shape, data=found))

    # What the operators ask.

    def label(self, node: Node) -> str:
        """A name for what the node makes."""
        return node.name or (node.outputs[0] if node.outputs else f"node {node.index}")

    def has(self, node: Node, place: int) -> bool:
        """Whether an input is given."""
        return place < len(node.inputs) and bool(node.inputs[place])

    def value(self, node: Node, place: int) -> Value:
        """An input's value."""
        if not self.has(node, place):
            self.damaged(node, f"it lacks input {place}")
        return self.values[node.inputs[place]]

    def constant(self, node: Node, place: int, what: str) -> NDArray:
        """An input that must be constant."""
        value = self.value(node, place)
        if value.data is None:
            self.refuse(
                node,
                f"its {what} ({node.inputs[place]!r}) are computed",
                "they must be constants of the file",
            )
        return value.data

    def image(self, node: Node, place: int) -> Value:
        """An input of four dimensions; a sequence [n, channels, length] is an image of one row."""
        value = self.value(node, place)
        if len(value.shape) == 3:
            value = onnx_operators.with_axis(self, value, 2, self.label(node))
        if len(value.shape) != 4:
            self.refuse(node, f"it takes the shape {list(value.shape)}", "images and sequences are supported")
        return value

    def of_image(self, node: Node, value: Value) -> Value:
        """The output as the node makes it: of a sequence again one."""
        if len(self.value(node, 0).shape) == 4:
            return value
        return onnx_operators.without_axis(self, value, 2, self.label(node))

    def behind(self, value: Value) -> Step | None:
        """The operator that makes the value, seen through views, where nothing else reads what it makes."""
        if value.data is not None or value.flat:
            return None
        tensor, channels = value.tensor, self.network.places[value.tensor].shape[-1:]
        while True:
            step = self.network.maker(tensor)
            # Under whatever names: each is read once, at last by the one that asks.
            if step is None or any(self.model.uses(name) != 1 for name in self.names.get(tensor, [])):
                return None
            if step.kind != "RESHAPE" or self.network.places[step.inputs[0]].shape[-1:] != channels:
                return step
            tensor = step.inputs[0]

    def is_positive(self, name: str) -> bool:
        """Whether a tensor is known to hold no negative number."""
        return name in self.positive

    def fused(self, value: Value, activation: int) -> bool:
        """Give the operator that makes the value a fused activation, where it takes one."""
        step = self.behind(value)
        if step is None or step.kind not in FUSES or step.options.get("fusedActivationFunction", NONE):
            return False
        step.options["fusedActivationFunction"] = activation
        return True

    def binary(self, node: Node, kind: str, a: Value, b: Value, **options: int) -> Value:
        """An operator of two inputs, whose shapes broadcast."""
        try:
            shape = np.broadcast_shapes(a.shape, b.shape)
        except ValueError as error:
            self.damaged(node, str(error))
        whole = next(
            (v for v in (a, b) if v.data is None and v.flat is None and len(v.shape) == len(shape)), None
        )
        order = whole.order if whole else tuple(range(len(shape)))
        name = self.label(node)
        ranked = [onnx_operators.with_rank(self, value, len(shape), name) for value in (a, b)]
        inputs = [self.network.lies_as(value, order, name) for value in ranked]
        made = [shape[axis] for axis in order]
        return Value(tuple(shape), self.network.step(kind, inputs, made, name, **options), order)

    def refuse(self, node: Node, why: str, hint: str) -> NoReturn:
        """Raise a `UserError` about what a node wants and there is not."""
        raise UserError(f"{node} is not supported: {why}", hint)

    def damaged(self, node: Node, why: str) -> NoReturn:
        """Raise a `UserError` about a node that makes no sense."""
        raise UserError(f"{node} is impossible: {why}", "export the model again")


def _size(node: Node, inputs: Sequence[NDArray]) -> int:
    """How many values a node makes of constants, at most."""
    if node.kind in ("ConstantOfShape", "Expand"):
        own = inputs[0].shape if node.kind == "Expand" else ()
        return max(prod(int(size) for size in inputs[-1].ravel()), prod(own), 0) * (
            max(prod(own), 1) if own else 1
        )
    if node.kind == "Range":
        start, limit, delta = (float(each) for each in inputs)
        return int(min(abs((limit - start) / delta) if delta else 2**40, 2**40))
    try:
        return prod(np.broadcast_shapes(*(each.shape for each in inputs)))
    except ValueError:
        return sum(each.size for each in inputs)
