"""Which shapes an operator's tensors may have, whatever runs it: the rules by nature, checked when a model is read.

Every station behind the reader relies on them: an image has four dimensions, weights fit what they are multiplied with,
and an operator writes as many values as it reads. What a station asks for beyond that, it says itself.
"""

from collections.abc import Callable
from math import prod

from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.traits import Nature

IMAGE = "batch, height, width, channels"


def check_shapes(operator: Operator) -> None:
    """Raise `ValueError` where shapes contradict each other."""
    rule = RULES.get(operator.nature)
    if rule:
        rule(operator)


def _same_values(operator: Operator) -> None:
    source, target = operator.input(0), operator.outputs[0]
    _require(
        source.elements == target.elements,
        f"it makes {target.elements:,} values of {source.elements:,}",
    )


def _view(operator: Operator) -> None:
    source, target = operator.input(0), operator.outputs[0]
    _same_values(operator)
    _require(source.dtype == target.dtype, f"it makes {target.dtype} of {source.dtype}")


def _binary(operator: Operator) -> None:
    a, b, target = operator.input(0).shape, operator.input(1).shape, operator.outputs[0].shape
    rank = max(len(a), len(b))
    sizes = [(m, n) for m, n in zip(*((1,) * (rank - len(s)) + s for s in (a, b)), strict=True)]
    _require(
        all(m == n or 1 in (m, n) for m, n in sizes)
        and prod(target) == prod(n if m == 1 else m for m, n in sizes),
        f"{list(a)} and {list(b)} do not broadcast to {list(target)}",
    )


def _selection(operator: Operator) -> None:
    target = operator.outputs[0].shape
    shapes = [operator.input(position).shape for position in range(3)]
    _require(
        all(
            len(shape) <= len(target)
            and all(n in (1, m) for n, m in zip(shape[::-1], target[::-1], strict=False))
            for shape in shapes
        ),
        f"{[list(shape) for shape in shapes]} do not broadcast to {list(target)}",
    )


def _dense(operator: Operator) -> None:
    source, weights, target = operator.input(0), operator.input(1), operator.outputs[0]
    _require(
        len(weights.shape) == 2, f"its weights have the shape {list(weights.shape)}, not outputs and inputs"
    )
    outputs, inputs = weights.shape
    _require(
        target.shape[-1:] == (outputs,)
        and source.elements * outputs == target.elements * inputs
        and inputs > 0
        and source.elements % inputs == 0,
        f"its weights {list(weights.shape)} do not lead from {list(source.shape)} to {list(target.shape)}",
    )
    _bias(operator, 2, outputs)


def _matmul(operator: Operator) -> None:
    a, b, target = operator.input(0).shape, operator.input(1).shape, operator.outputs[0].shape
    _require(
        min(len(a), len(b), len(target)) >= 2,
        f"{list(a)} and {list(b)} to {list(target)} are no matrices",
    )


def _convolution(operator: Operator) -> None:
    source, filters, target = _images(operator, operator.input(0), operator.input(1))
    channels = filters[3]
    _require(
        target[3] == filters[0] and channels > 0 and source[3] % channels == 0,
        f"its filters {list(filters)} do not lead from {source[3]} channels to {target[3]}",
    )
    _bias(operator, 2, target[3])


def _depthwise(operator: Operator) -> None:
    source, filters, target = _images(operator, operator.input(0), operator.input(1))
    multiplier = operator.integer("depthMultiplier")
    _require(
        filters[0] == 1 and filters[3] == target[3] == source[3] * multiplier,
        f"its filters {list(filters)} and depth multiplier {multiplier} do not lead from {source[3]} channels "
        f"to {target[3]}",
    )
    _bias(operator, 2, target[3])


def _pool(operator: Operator) -> None:
    source, target = _images(operator, operator.input(0))
    _require(source[3] == target[3], f"it makes {target[3]} channels of {source[3]}")


def _transposed(operator: Operator) -> None:
    source, filters, target = _images(operator, operator.input(2), operator.input(1))
    _require(
        (filters[3], filters[0]) == (source[3], target[3]),
        f"its filters {list(filters)} do not lead from {source[3]} channels to {target[3]}",
    )
    _bias(operator, 3, target[3])


def _images(operator: Operator, source: Tensor, *weights: Tensor) -> list[tuple[int, ...]]:
    """The shapes of the image, of the weights and of the output: four dimensions each, and one batch."""
    target = operator.outputs[0]
    for tensor in (source, target):
        _require(len(tensor.shape) == 4, f"{tensor} is no image of {IMAGE}")
    for tensor in weights:
        _require(len(tensor.shape) == 4, f"its weights have the shape {list(tensor.shape)}")
    _require(
        source.shape[0] == target.shape[0], f"it makes a batch of {target.shape[0]} out of {source.shape[0]}"
    )
    return [source.shape, *(tensor.shape for tensor in weights), target.shape]


def _bias(operator: Operator, position: int, outputs: int) -> None:
    bias = operator.inputs[position] if position < len(operator.inputs) else None
    _require(
        bias is None or bias.elements == outputs,
        f"its bias has {bias.elements if bias else 0} values for {outputs} outputs",
    )


def _reduction(operator: Operator) -> None:
    source, target, axes = operator.input(0), operator.outputs[0], operator.input(1)
    if not axes.is_constant or axes.dtype.kind != "i":
        return
    rank = len(source.shape)
    reduced = {int(axis) for axis in axes.values.ravel()}
    _require(
        all(-rank <= axis < rank for axis in reduced),
        f"it reduces the dimensions {sorted(reduced)} of {rank}",
    )
    kept = set(range(rank)) - {axis % rank for axis in reduced}
    _require(
        target.elements == prod(source.shape[axis] for axis in kept),
        f"it does not lead from {list(source.shape)} to {list(target.shape)}",
    )


def _softmax(operator: Operator) -> None:
    _same_values(operator)
    source, target = operator.input(0).shape, operator.outputs[0].shape
    _require(
        source != () and len(source) == len(target) and source[-1] == target[-1],
        f"it makes rows of {list(target)} out of {list(source)}",
    )


def _parts(whole: Tensor, parts: list[Tensor]) -> None:
    """The parts lie side by side along one dimension."""
    _require(
        sum(part.elements for part in parts) == whole.elements
        and {len(part.shape) for part in parts} == {len(whole.shape)},
        f"its parts do not make up {list(whole.shape)}",
    )


def _concatenation(operator: Operator) -> None:
    _parts(operator.outputs[0], [part for part in operator.inputs if part is not None])


def _split(operator: Operator) -> None:
    _parts(operator.input(0 if operator.kind == "SPLIT_V" else 1), list(operator.outputs))


def _packed(operator: Operator) -> None:
    parts, whole = operator.inputs, operator.outputs[0]
    shapes = {part.shape for part in parts if part is not None}
    _require(
        None not in parts
        and len(shapes) == 1
        and operator.integer("valuesCount") == len(parts)
        and whole.elements == sum(part.elements for part in parts if part is not None),
        f"its {len(parts)} inputs do not make up {list(whole.shape)}",
    )


def _total(operator: Operator) -> None:
    shapes = {tensor.shape if tensor else None for tensor in (*operator.inputs, *operator.outputs)}
    _require(len(shapes) == 1, "its inputs and output differ in shape")


def _read(operator: Operator) -> None:
    _same_bytes(operator.input(0), operator.outputs[0])


def _assign(operator: Operator) -> None:
    _same_bytes(operator.input(0), operator.input(1))


def _memory(operator: Operator) -> None:
    _require(len(operator.inputs) == 5 and operator.inputs[4] is not None, "it has no state")
    source, feature, time, state, target = (
        *(operator.input(position).shape for position in (0, 1, 2, 4)),
        operator.outputs[0].shape,
    )
    _require({len(shape) for shape in (source, feature, time, target)} == {2}, "its tensors are no matrices")
    filters, rank = feature[0], operator.integer("rank")
    _require(
        rank > 0
        and filters > 0
        and source[1] == feature[1]
        and time[0] == filters
        and min(*source, time[1]) > 0
        and target == (source[0], filters // rank)
        and filters % rank == 0
        and prod(state) == source[0] * filters * time[1],
        f"its weights {list(feature)} and {list(time)}, {rank} to a unit, and its state {list(state)} do not lead from "
        f"{list(source)} to {list(target)}",
    )
    _bias(operator, 3, target[1])


def _recurrent(operator: Operator) -> None:
    needed = (*range(9), *range(12, 16), 18, 19)
    _require(
        len(operator.inputs) == 24 and all(operator.inputs[position] is not None for position in needed),
        "it lacks weights, biases or states",
    )
    source, target = operator.input(0).shape, operator.outputs[0].shape
    _require(
        len(source) == 3 and target[:2] == source[:2] and len(target) == 3 and min(*source, *target) > 0,
        f"it makes {list(target)} of {list(source)}",
    )
    cells, batch = target[2], source[1] if operator.flag("timeMajor") else source[0]
    wanted: dict[int, tuple[int, ...]] = dict.fromkeys(range(1, 5), (cells, source[2]))
    wanted |= dict.fromkeys(range(5, 9), (cells, cells))
    wanted |= dict.fromkeys(range(12, 16), (cells,))
    for position, shape in wanted.items():
        found = operator.input(position).shape
        _require(found == shape, f"its input {position} has the shape {list(found)}, not {list(shape)}")
    _require(
        {operator.input(position).elements for position in (18, 19)} == {batch * cells}
        and operator.input(18) is not operator.input(19),
        f"its states do not have {cells} cells for {batch} sequences",
    )


def _same_bytes(variable: Tensor, value: Tensor) -> None:
    _require(
        (variable.dtype, variable.elements) == (value.dtype, value.elements),
        f"its variable is {variable}, its value {value}",
    )


def _pad(operator: Operator) -> None:
    source, target, paddings = operator.input(0).shape, operator.outputs[0].shape, operator.input(1)
    _require(
        len(source) == len(target) and paddings.elements == 2 * len(source),
        f"it has {paddings.elements} paddings from {list(source)} to {list(target)}",
    )


def _slice(operator: Operator) -> None:
    rank = len(operator.input(0).shape)
    sizes = {operator.input(position).elements for position in range(1, operator.trait.inputs)}
    _require(len(sizes) == 1, f"it has {sorted(sizes)} begins, ends and strides for {rank} dimensions")


def _repetition(operator: Operator) -> None:
    source, target = operator.input(0).shape, operator.outputs[0].shape
    tiled = operator.kind == "TILE"
    _require(
        (len(source) == len(target) if tiled else len(source) <= len(target))
        and all(
            m % max(n, 1) == 0 if tiled else n in (1, m)
            for n, m in zip(source[::-1], target[::-1], strict=False)
        ),
        f"{list(source)} does not repeat to {list(target)}",
    )


def _unpack(operator: Operator) -> None:
    source = operator.input(0)
    _require(
        sum(part.elements for part in operator.outputs) == source.elements
        and operator.integer("num") == len(operator.outputs),
        f"its parts do not make up {list(source.shape)}",
    )


def _fill(operator: Operator) -> None:
    if operator.trait.inputs == 1:
        _same_values(operator)
    else:
        _require(operator.input(1).elements == 1, f"it fills with {operator.input(1).elements} values")


def _gather(operator: Operator) -> None:
    source, target = operator.input(0), operator.outputs[0]
    _require(bool(source.elements) or not target.elements, f"it names values of {list(source.shape)}")


def _blocks(operator: Operator) -> None:
    source, target = operator.input(0).shape, operator.outputs[0].shape
    _require(
        len(source) == len(target) and source[-1:] == target[-1:],
        f"it does not lead from {list(source)} to {list(target)}",
    )


def _resize(operator: Operator) -> None:
    source, target = _images(operator, operator.input(0))
    _require(source[3] == target[3], f"it makes {target[3]} channels of {source[3]}")
    _require(operator.input(1).elements == 2, "its size must be two numbers")


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)


RULES: dict[Nature, Callable[[Operator], None]] = {
    Nature.VIEW: _view,
    Nature.UNARY: _same_values,
    Nature.CONVERSION: _same_values,
    Nature.BINARY: _binary,
    Nature.TOTAL: _total,
    Nature.COMPARISON: _binary,
    Nature.SELECTION: _selection,
    Nature.CAST: _same_values,
    Nature.DENSE: _dense,
    Nature.MATMUL: _matmul,
    Nature.CONVOLUTION: _convolution,
    Nature.DEPTHWISE: _depthwise,
    Nature.POOL: _pool,
    Nature.TRANSPOSED: _transposed,
    Nature.REDUCTION: _reduction,
    Nature.ARG: _reduction,
    Nature.SCAN: _same_values,
    Nature.FILL: _fill,
    Nature.SOFTMAX: _softmax,
    Nature.NORMALIZATION: _softmax,
    Nature.CONCATENATION: _concatenation,
    Nature.SPLIT: _split,
    Nature.PAD: _pad,
    Nature.SLICE: _slice,
    Nature.PERMUTATION: _same_values,
    Nature.REPETITION: _repetition,
    Nature.MIRROR: _pad,
    Nature.PACK: _packed,
    Nature.UNPACK: _unpack,
    Nature.GATHER: _gather,
    Nature.BLOCKS: _blocks,
    Nature.NEAREST: _resize,
    Nature.BILINEAR: _resize,
    Nature.READ: _read,
    Nature.ASSIGN: _assign,
    Nature.MEMORY: _memory,
    Nature.RECURRENT: _recurrent,
}
