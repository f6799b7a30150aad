"""Operators that step through their input, whatever its type: TRANSPOSE, REVERSE_V2, DEPTH_TO_SPACE, SPACE_TO_DEPTH,
BROADCAST_TO, TILE, SLICE, PACK, UNPACK, MIRROR_PAD."""

from math import prod

from aiedge.codegen.operators.call import Call, Places, integers, unsupported
from aiedge.codegen.operators.strided import HEADER, strided
from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.traits import Nature

REFLECT = 0  # of MIRROR_PAD: the border's value is not repeated

# Size of each dimension of the output, outermost first, and its step in bytes through the input.
Loops = list[tuple[int, int]]


def emit(operator: Operator, at: Places) -> Call:
    """The copy of an operator of `LOOPS_OF`."""
    _one_type(operator)
    loops, start, shape = LOOPS_OF[operator.kind](operator)
    if operator.outputs[0].shape != shape:
        raise unsupported(operator, f"its output must have the shape {list(shape)}")
    return strided(operator, at, loops[::-1], start)


def _one_type(operator: Operator, sources: int = 1) -> None:
    """Raise `UserError` unless the first inputs and all outputs are of one type, and hold something."""
    tensors = (*operator.inputs[:sources], *operator.outputs)
    if len({t.dtype for t in tensors if t}) > 1 or not all(t and t.elements for t in tensors):
        raise unsupported(operator, "its inputs and outputs must be of one type, and not empty")


def _pitches(tensor: Tensor) -> list[int]:
    """Bytes from one index of each dimension to the next."""
    return [prod(tensor.shape[axis + 1 :]) * tensor.dtype.itemsize for axis in range(len(tensor.shape))]


def _transpose(operator: Operator) -> tuple[Loops, int, tuple[int, ...]]:
    source, order = operator.input(0), integers(operator, 1)
    if sorted(order) != list(range(len(source.shape))):
        raise unsupported(
            operator, f"its permutation {order} must name each of {len(source.shape)} dimensions"
        )
    loops = [(source.shape[axis], _pitches(source)[axis]) for axis in order]
    return loops, 0, tuple(size for size, _ in loops)


def _reverse(operator: Operator) -> tuple[Loops, int, tuple[int, ...]]:
    source, axes = operator.input(0), integers(operator, 1)
    rank = len(source.shape)
    if not all(0 <= axis < rank for axis in axes):
        raise unsupported(operator, f"its axes {axes} must lie in its input's {rank} dimensions")
    loops, start = list(zip(source.shape, _pitches(source), strict=True)), 0
    for axis in set(axes):
        size, pitch = loops[axis]
        loops[axis] = (size, -pitch)
        start += (size - 1) * pitch
    return loops, start, source.shape


def _depth_to_space(operator: Operator) -> tuple[Loops, int, tuple[int, ...]]:
    batch, height, width, channels, block = _blocks(operator)
    if channels % block**2:
        raise unsupported(operator, f"its {channels} channels must be a multiple of {block} times {block}")
    depth = channels // block**2
    item = operator.input(0).dtype.itemsize
    row, pixel = width * channels * item, channels * item
    loops = [(batch, height * row), (height, row), (block, block * depth * item)]
    loops += [(width, pixel), (block, depth * item), (depth, item)]
    return loops, 0, (batch, height * block, width * block, depth)


def _space_to_depth(operator: Operator) -> tuple[Loops, int, tuple[int, ...]]:
    batch, height, width, channels, block = _blocks(operator)
    if height % block or width % block:
        raise unsupported(operator, f"its {height} rows and {width} columns must be multiples of {block}")
    item = operator.input(0).dtype.itemsize
    row, pixel = width * channels * item, channels * item
    rows, columns = height // block, width // block
    loops = [(batch, height * row), (rows, block * row), (columns, block * pixel)]
    loops += [(block, row), (block, pixel), (channels, item)]
    return loops, 0, (batch, rows, columns, channels * block**2)


def _blocks(operator: Operator) -> tuple[int, int, int, int, int]:
    """The four sizes of the input image, and the block's."""
    block = operator.integer("blockSize")
    if len(operator.input(0).shape) != 4 or block < 1:
        raise unsupported(operator, "its input must be an image, and its block positive")
    batch, height, width, channels = operator.input(0).shape
    return batch, height, width, channels, block


def _broadcast(operator: Operator) -> tuple[Loops, int, tuple[int, ...]]:
    source, shape = operator.input(0), tuple(integers(operator, 1))
    missing = len(shape) - len(source.shape)
    sizes, pitches = (1,) * missing + source.shape, [0] * missing + _pitches(source)
    if missing < 0 or any(n not in (1, m) for n, m in zip(sizes, shape, strict=True)):
        raise unsupported(operator, f"{list(source.shape)} does not broadcast to {list(shape)}")
    loops = [(size, 0 if n == 1 else pitch) for size, n, pitch in zip(shape, sizes, pitches, strict=True)]
    return loops, 0, shape


def _tile(operator: Operator) -> tuple[Loops, int, tuple[int, ...]]:
    source, times = operator.input(0), integers(operator, 1)
    if len(times) != len(source.shape) or min(times, default=1) < 1:
        raise unsupported(operator, f"it needs how often each of {len(source.shape)} dimensions is repeated")
    loops: Loops = []
    for count, size, pitch in zip(times, source.shape, _pitches(source), strict=True):
        loops += [(count, 0), (size, pitch)]
    return loops, 0, tuple(count * size for count, size in zip(times, source.shape, strict=True))


def _slice(operator: Operator) -> tuple[Loops, int, tuple[int, ...]]:
    source, begin, sizes = operator.input(0), integers(operator, 1), integers(operator, 2)
    rank = len(source.shape)
    if not len(begin) == len(sizes) == rank:
        raise unsupported(operator, f"it needs {rank} begins and sizes")
    sizes = [n - b if s == -1 else s for n, b, s in zip(source.shape, begin, sizes, strict=True)]
    if any(b < 0 or s < 0 or b + s > n for n, b, s in zip(source.shape, begin, sizes, strict=True)):
        raise unsupported(operator, f"it must stay within {list(source.shape)}")
    pitches = _pitches(source)
    start = sum(b * pitch for b, pitch in zip(begin, pitches, strict=True))
    return list(zip(sizes, pitches, strict=True)), start, tuple(sizes)


def _pack(operator: Operator, at: Places) -> Call:
    count, target, axis = len(operator.inputs), operator.outputs[0], operator.integer("axis")
    _one_type(operator, count)
    rank = len(target.shape)
    axis += rank * (axis < 0)
    shape = target.shape[:axis] + target.shape[axis + 1 :]
    if not 0 <= axis < rank or target.shape[axis] != count or operator.input(0).shape != shape:
        raise unsupported(operator, f"each input must be an index of one dimension of {target}")
    rows, size = prod(shape[:axis]), _pitches(target)[axis]
    return Call(
        HEADER,
        tuple(
            f"aiedge_copy_rows({at(operator.input(i))}, {size}, (uint8_t *){at(target)} + {i * size}, "
            f"{size * count}, {rows}, {size})"
            for i in range(count)
        ),
    )


def _unpack(operator: Operator, at: Places) -> Call:
    _one_type(operator)
    source, outputs, axis = operator.input(0), operator.outputs, operator.integer("axis")
    rank = len(source.shape)
    axis += rank * (axis < 0)
    if not 0 <= axis < rank or source.shape[axis] != len(outputs):
        raise unsupported(operator, f"it needs an output for each index of a dimension of {source}")
    shape = source.shape[:axis] + source.shape[axis + 1 :]
    if any(output.shape != shape for output in outputs):
        raise unsupported(operator, f"its outputs must have the shape {list(shape)}")
    rows, size = prod(shape[:axis]), _pitches(source)[axis]
    return Call(
        HEADER,
        tuple(
            f"aiedge_copy_rows((const uint8_t *){at(source)} + {i * size}, {size * len(outputs)}, "
            f"{at(output)}, {size}, {rows}, {size})"
            for i, output in enumerate(outputs)
        ),
    )


def _mirror_pad(operator: Operator, at: Places) -> Call:
    """The input amid its place, then each dimension's borders, from the innermost on, out of what is there."""
    _one_type(operator)
    source, target = operator.input(0), operator.outputs[0]
    rank, paddings = len(source.shape), integers(operator, 1)
    pairs = list(zip(paddings[::2], paddings[1::2], strict=False))
    apart = 1 if operator.integer("mode") == REFLECT else 0
    if len(paddings) != 2 * rank or any(
        not 0 <= n <= size - apart for pair, size in zip(pairs, source.shape, strict=True) for n in pair
    ):
        raise unsupported(operator, "its paddings must not reach beyond its input's other end")
    if target.shape != tuple(n + sum(pair) for n, pair in zip(source.shape, pairs, strict=True)):
        raise unsupported(operator, f"its paddings must lead to {list(target.shape)}")
    pitches, inner = _pitches(target), [pair[0] for pair in pairs]
    start = sum(n * pitch for n, pitch in zip(inner, pitches, strict=True))
    x, y = f"(const uint8_t *){at(source)}", f"(uint8_t *){at(target)}"
    item = source.dtype.itemsize
    outer = max(rank - 2, 0)
    rows = prod(source.shape[outer:-1])
    row = source.shape[-1] * item if rank else item
    step = pitches[-2] if rank > 1 else row
    loops = _nested(source.shape[:outer])
    statements = [
        f"{loops}aiedge_copy_rows({x}{_offset(_pitches(source)[:outer])}, {row}, "
        f"{y} + {start}{_offset(pitches[:outer])}, {step}, {rows}, {row})"
    ]
    for axis in reversed(range(rank)):
        pitch, size = pitches[axis], source.shape[axis]
        begin = sum(n * p for n, p in zip(inner[:axis], pitches[:axis], strict=True))
        loops, place = _nested(source.shape[:axis]), _offset(pitches[:axis])
        first, last = begin + inner[axis] * pitch, begin + (inner[axis] + size - 1) * pitch
        for count, border, sign in ((pairs[axis][0], first, 1), (pairs[axis][1], last, -1)):
            if count:
                origin, goal = border + sign * apart * pitch, border - sign * pitch
                statements.append(
                    f"{loops}aiedge_copy_rows({y} + {origin}{place}, {sign * pitch}, "
                    f"{y} + {goal}{place}, {-sign * pitch}, {count}, {pitch})"
                )
    return Call(HEADER, tuple(statements))


def _nested(sizes: tuple[int, ...]) -> str:
    return "".join(f"for (int32_t i{i} = 0; i{i} < {size}; i{i}++) " for i, size in enumerate(sizes))


def _offset(pitches: list[int]) -> str:
    return "".join(f" + i{i} * {pitch}" for i, pitch in enumerate(pitches))


LOOPS_OF = {
    "TRANSPOSE": _transpose,
    "REVERSE_V2": _reverse,
    "DEPTH_TO_SPACE": _depth_to_space,
    "SPACE_TO_DEPTH": _space_to_depth,
    "BROADCAST_TO": _broadcast,
    "TILE": _tile,
    "SLICE": _slice,
}
EMITTERS = {
    Nature.PERMUTATION: emit,
    Nature.REPETITION: emit,
    Nature.PACK: _pack,
    Nature.UNPACK: _unpack,
    Nature.MIRROR: _mirror_pad,
}
