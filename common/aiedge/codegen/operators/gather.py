"""GATHER and GATHER_ND: the values that int32 indices name, constant ones or those of another operator."""

from math import prod

from aiedge.codegen.operators.call import Call, Field, Places, Struct, kernel_suffix, unsupported
from aiedge.codegen.operators.strided import HEADER
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature

MOST_INDICES = 5  # of one position in GATHER_ND


def _emit(operator: Operator, at: Places) -> Call:
    source, indices, target = operator.input(0), operator.input(1), operator.outputs[0]
    kernel_suffix(operator, source, target)
    if indices.dtype.name != "int32":
        raise unsupported(operator, "its indices must be int32")
    sizes, struct, expected = (_gather if operator.kind == "GATHER" else _gather_nd)(operator)
    if target.shape != expected or not target.elements:
        raise unsupported(operator, f"its output must have the shape {list(expected)}, and values")
    if indices.is_constant:
        values = indices.values.reshape(-1, len(sizes))
        if (values < 0).any() or (values >= sizes).any():
            raise unsupported(operator, f"its indices must lie in {sizes}")
    kernel = struct.type.removesuffix("_layer")
    places = ", ".join(at(tensor) for tensor in (source, indices, target))
    return Call(HEADER, (f"{kernel}(&layer_{operator.index}, {places})",), struct=struct)


def _gather(operator: Operator) -> tuple[list[int], Struct, tuple[int, ...]]:
    """The size that an index lies in, the layer, and the output's shape."""
    source, indices = operator.input(0), operator.input(1)
    shape, rank, index_rank = source.shape, len(source.shape), len(indices.shape)
    axis, batches = operator.integer("axis"), operator.integer("batchDims")
    axis, batches = axis + rank * (axis < 0), batches + index_rank * (batches < 0)
    if not 0 <= batches <= axis < rank or batches > index_rank or shape[:batches] != indices.shape[:batches]:
        raise unsupported(operator, f"its axis and batches must lie in the {rank} dimensions of its input")
    fields: dict[str, Field] = {
        "batches": prod(shape[:batches]),
        "outer": prod(shape[batches:axis]),
        "size": shape[axis],
        "indices": prod(indices.shape[batches:]),
        "run": prod(shape[axis + 1 :]) * source.dtype.itemsize,
    }
    expected = shape[:axis] + indices.shape[batches:] + shape[axis + 1 :]
    return [shape[axis]], Struct("aiedge_gather_layer", fields), expected


def _gather_nd(operator: Operator) -> tuple[list[int], Struct, tuple[int, ...]]:
    """The sizes that an index of each dimension lies in, the layer, and the output's shape."""
    source, indices = operator.input(0), operator.input(1)
    shape = source.shape
    depth = indices.shape[-1] if indices.shape else 0
    if not 0 < depth <= min(len(shape), MOST_INDICES):
        raise unsupported(operator, f"it must name 1 to {min(len(shape), MOST_INDICES)} dimensions")
    steps = [prod(shape[axis + 1 :]) * source.dtype.itemsize for axis in range(depth)]
    fields: dict[str, Field] = {
        "positions": prod(indices.shape[:-1]),
        "dimensions": depth,
        "size": list(shape[:depth]) + [0] * (MOST_INDICES - depth),
        "step": steps + [0] * (MOST_INDICES - depth),
    }
    return list(shape[:depth]), Struct("aiedge_gather_nd_layer", fields), indices.shape[:-1] + shape[depth:]


EMITTERS = {Nature.GATHER: _emit}
