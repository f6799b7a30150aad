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


def _binary(operator: Operator) -> None:
    a, b, target = operator.input(0).shape, operator.input(1).shape, operator.outputs[0].shape
    rank = max(len(a), len(b))
    sizes = [(m, n) for m, n in zip(*((1,) * (rank - len(s)) + s for s in (a, b)), strict=True)]
    _require(
        all(m == n or 1 in (m, n) for m, n in sizes)
        and prod(target) == prod(n if m == 1 else m for m, n in sizes),
        f"{list(a)} and {list(b)} do not broadcast to {list(target)}",
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
    _parts(operator.input(1), list(operator.outputs))


def _pad(operator: Operator) -> None:
    source, target, paddings = operator.input(0).shape, operator.outputs[0].shape, operator.input(1)
    _require(
        len(source) == len(target) and paddings.elements == 2 * len(source),
        f"it has {paddings.elements} paddings from {list(source)} to {list(target)}",
    )


def _slice(operator: Operator) -> None:
    rank = len(operator.input(0).shape)
    sizes = {operator.input(position).elements for position in (1, 2, 3)}
    _require(len(sizes) == 1, f"it has {sorted(sizes)} begins, ends and strides for {rank} dimensions")


def _resize(operator: Operator) -> None:
    source, target = _images(operator, operator.input(0))
    _require(source[3] == target[3], f"it makes {target[3]} channels of {source[3]}")
    _require(operator.input(1).elements == 2, "its size must be two numbers")


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)


RULES: dict[Nature, Callable[[Operator], None]] = {
    Nature.VIEW: _same_values,
    Nature.UNARY: _same_values,
    Nature.CONVERSION: _same_values,
    Nature.BINARY: _binary,
    Nature.DENSE: _dense,
    Nature.CONVOLUTION: _convolution,
    Nature.DEPTHWISE: _depthwise,
    Nature.POOL: _pool,
    Nature.TRANSPOSED: _transposed,
    Nature.REDUCTION: _reduction,
    Nature.SOFTMAX: _softmax,
    Nature.CONCATENATION: _concatenation,
    Nature.SPLIT: _split,
    Nature.PAD: _pad,
    Nature.SLICE: _slice,
    Nature.NEAREST: _resize,
    Nature.BILINEAR: _resize,
}
