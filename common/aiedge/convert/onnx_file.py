"""An ONNX file as plain Python: nodes with their attributes, constants as arrays, and nothing that is trusted.

The package `onnx` parses it. Weights in a file beside it are read where that lies in the same folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError, extras

MOST_BYTES = 2**30  # of a file, and of the constants in it
MOST_NODES = 10_000
EXPORT = "torch.onnx.export(model, example, 'model.onnx', dynamo=False) with fixed shapes writes one"
DAMAGED = "export or copy it again"
OLDEST_OPSET = 7


@dataclass(frozen=True)
class Node:
    """One operator of ONNX: its place in the file, its type, the names of its tensors, "" for one that is left out."""

    index: int
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    name: str = ""

    def __str__(self) -> str:
        return f"node {self.index} ({self.kind}{f' {self.name!r}' if self.name else ''})"


@dataclass(frozen=True)
class OnnxModel:
    """Nodes in execution order; the inputs' shapes, the batch 1; the outputs' names; the constants by name."""

    nodes: tuple[Node, ...]
    inputs: dict[str, tuple[int, ...]]
    outputs: tuple[str, ...]
    constants: dict[str, NDArray]
    opset: int

    def uses(self, name: str) -> int:
        """How often a tensor is read, as an output of the model, too."""
        return sum(node.inputs.count(name) for node in self.nodes) + self.outputs.count(name)


def load_onnx(path: str | Path) -> OnnxModel:
    """The model of a .onnx file.

    Raises `UserError` for a file that is missing, damaged or absurd, for weights outside of its folder, for shapes that
    are open beyond the batch, and for types that are not float32.
    """
    with extras():
        import onnx
        from google.protobuf.message import DecodeError
    path = Path(path)
    if not path.is_file():
        raise UserError(f"there is no file {path}", "check its name and folder")
    if path.stat().st_size > MOST_BYTES:
        raise UserError(
            f"{path} has {path.stat().st_size:,} bytes", "no microcontroller takes a network of a gigabyte"
        )
    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, ValueError, TypeError, OSError) as error:
        raise UserError(f"{path} is no ONNX file, or damaged: {error}", DAMAGED) from error
    graph = model.graph
    if not graph.node or not graph.output:
        raise UserError(f"{path} is no ONNX file, or damaged: it has no nodes and outputs", DAMAGED)
    if len(graph.node) > MOST_NODES:
        raise UserError(f"{path} has {len(graph.node):,} nodes", f"at most {MOST_NODES:,} are read")
    try:
        return _model(path, model)
    except (ValueError, TypeError, KeyError, IndexError, MemoryError, OverflowError, AttributeError) as error:
        raise UserError(f"{path} is damaged: {error}", DAMAGED) from error


def _model(path: Path, model: Any) -> OnnxModel:
    graph = model.graph
    opset = next((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), 0)
    if opset < OLDEST_OPSET:
        raise UserError(f"{path} is of opset {opset}", f"export it again with opset_version=17; {EXPORT}")
    budget = _Budget(path)
    constants = {_text(tensor.name): budget.array(tensor) for tensor in graph.initializer}
    nodes = tuple(_node(i, node, budget) for i, node in enumerate(graph.node))
    inputs = {
        _text(each.name): _shape(path, each) for each in graph.input if _text(each.name) not in constants
    }
    if not inputs:
        raise UserError(f"{path} has no inputs", EXPORT)
    outputs = tuple(_text(each.name) for each in graph.output)
    known = {*inputs, *constants, ""}
    for node in nodes:
        for name in node.inputs:
            if name not in known:
                raise ValueError(f"{node} reads {name!r} before anything has written it")
        again = [name for name in node.outputs if name and name in known]
        if again:
            raise ValueError(f"{node} writes {again[0]!r}, which has a value already")
        known |= set(node.outputs)
    missing = [name for name in outputs if name not in known]
    if missing:
        raise ValueError(f"nothing writes the output {missing[0]!r}")
    return OnnxModel(nodes, inputs, outputs, constants, opset)


class _Budget:
    """Reads tensors, in all no more bytes than a file may have."""

    def __init__(self, path: Path):
        self.path, self.left = path, MOST_BYTES

    def array(self, tensor: Any) -> NDArray:
        """The values; float16 and float64 as float32."""
        import onnx

        name = _text(tensor.name) or "a constant"
        shape = tuple(tensor.dims)
        if any(size < 0 for size in shape) or prod(shape) * 8 > self.left:
            raise UserError(
                f"{self.path} has a constant {name!r} of the shape {list(shape)}",
                "no microcontroller takes that",
            )
        self.left -= prod(shape) * 4
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            return _as_float(self._external(tensor, shape))
        return _as_float(onnx.numpy_helper.to_array(tensor).reshape(shape))

    def _external(self, tensor: Any, shape: tuple[int, ...]) -> NDArray:
        """Values in a file of the model's own folder."""
        import onnx

        told = {_text(entry.key): _text(entry.value) for entry in tensor.external_data}
        folder = self.path.resolve().parent
        place = (folder / told.get("location", "")).resolve()
        if not place.is_relative_to(folder) or not place.is_file():
            inside = place.is_relative_to(folder)
            raise UserError(
                f"{self.path} keeps the values of {tensor.name!r} in {told.get('location', '')!r}, "
                + ("which is not there" if inside else "outside of its folder"),
                "copy that file, too"
                if inside
                else "export it in one file: nothing outside of the folder is read",
            )
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        size = prod(shape) * dtype.itemsize
        offset, length = int(told.get("offset", 0)), int(told.get("length", size))
        if length != size or offset < 0:
            raise ValueError(
                f"{tensor.name!r} has {length} bytes in {place.name}, and its shape needs {size}"
            )
        with place.open("rb") as file:
            file.seek(offset)
            data = file.read(size)
        if len(data) != size:
            raise ValueError(f"{place.name} ends before the values of {tensor.name!r}")
        return np.frombuffer(data, dtype).reshape(shape)


def _as_float(values: NDArray) -> NDArray:
    return (
        values.astype(np.float32) if values.dtype.kind == "f" or values.dtype.name == "bfloat16" else values
    )


def _node(index: int, node: Any, budget: _Budget) -> Node:
    import onnx

    attributes: dict[str, Any] = {}
    for each in node.attribute:
        if each.type in (onnx.AttributeProto.TENSOR, onnx.AttributeProto.SPARSE_TENSOR):
            attributes[_text(each.name)] = budget.array(each.t)
        elif each.type not in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
            value = onnx.helper.get_attribute_value(each)
            attributes[_text(each.name)] = (
                value.decode(errors="replace") if isinstance(value, bytes) else value
            )
    kind, domain = _text(node.op_type), _text(node.domain)
    kind = kind if domain in ("", "ai.onnx") else f"{domain}.{kind}"
    inputs, outputs = (tuple(map(_text, side)) for side in (node.input, node.output))
    return Node(index, kind, inputs, outputs, attributes, _text(node.name)[:60])


def _text(value: str | bytes) -> str:
    """A name as text that can be printed; where it is no UTF-8, protobuf gives its bytes."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else value
    return "".join(c if c.isprintable() else "?" for c in text)


def _shape(path: Path, value: Any) -> tuple[int, ...]:
    """An input's shape; an open batch is 1."""
    import onnx

    kind = value.type.tensor_type
    if kind.elem_type != onnx.TensorProto.FLOAT:
        name = onnx.TensorProto.DataType.Name(kind.elem_type) if kind.elem_type else "no type"
        raise UserError(f"the input {value.name!r} of {path} is {name}, not float32", EXPORT)
    sizes = [dim.dim_value if dim.HasField("dim_value") else 0 for dim in kind.shape.dim]
    if sizes and sizes[0] < 1:
        sizes[0] = 1
    if any(size < 1 for size in sizes):
        text: Sequence[object] = [
            dim.dim_param or "?" if size < 1 else size
            for dim, size in zip(kind.shape.dim, sizes, strict=True)
        ]
        raise UserError(f"the input {value.name!r} of {path} has the open shape {list(text)}", EXPORT)
    if prod(sizes) > 2**26:
        raise UserError(
            f"the input {value.name!r} of {path} has the shape {sizes}", "no microcontroller takes that"
        )
    return tuple(sizes)
