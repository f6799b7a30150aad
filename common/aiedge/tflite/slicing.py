"""Which values STRIDED_SLICE takes: its begins, ends, strides and masks, as TensorFlow reads them."""

from aiedge.tflite.graph import Operator, Tensor

# First index, number of indices and step along an axis.
Range = tuple[int, int, int]


def ranges(operator: Operator) -> list[Range]:
    """What is taken along each axis of the operator's input; raises `ValueError` where that is not supported."""
    shape = operator.input(0).shape
    begin, end, strides = (_numbers(operator.input(position)) for position in (1, 2, 3))
    if not len(begin) == len(end) == len(strides) or 0 in strides:
        raise ValueError("it needs as many begins as ends and strides, and no stride of 0")
    if operator.flag("offset"):
        raise ValueError("it must have no offset")

    def masked(name: str, place: int) -> bool:
        return bool(operator.integer(name) >> place & 1)

    ellipses = [i for i in range(len(begin)) if masked("ellipsisMask", i)]
    taken = [i for i in range(len(begin)) if i not in ellipses and not masked("newAxisMask", i)]
    left = len(shape) - len(taken)  # that an ellipsis stands for, or that are left out at the end
    if left < 0 or len(ellipses) > 1:
        raise ValueError(f"it needs at most {len(shape)} begins, and one ellipsis")
    result: list[Range] = []

    def whole() -> None:
        result.extend((0, size, 1) for size in shape[len(result) : len(result) + left])

    for i in range(len(begin)):
        if i in ellipses:
            whole()
        elif i in taken:
            axis = len(result)
            first = None if masked("beginMask", i) else begin[i]
            last = None if masked("endMask", i) else end[i]
            if masked("shrinkAxisMask", i):
                result.append(_one(axis, shape[axis], first, strides[i]))
            else:
                indices = range(shape[axis])[first : last : strides[i]]
                result.append((indices.start, len(indices), strides[i]))
    if not ellipses:
        whole()
    return result


def _one(axis: int, size: int, first: int | None, stride: int) -> Range:
    """The one index of an axis that shrinks."""
    if stride < 0:
        raise ValueError(f"dimension {axis} shrinks, and its stride must be positive")
    index = 0 if first is None else first + (size if first < 0 else 0)
    if not 0 <= index < size:
        raise ValueError(f"its begin must lie in dimension {axis}, which shrinks")
    return (index, 1, 1)


def _numbers(tensor: Tensor) -> list[int]:
    if not tensor.is_constant or tensor.dtype.kind != "i":
        raise ValueError("its begins, ends and strides must be constant integers")
    return [int(value) for value in tensor.values.ravel()]
