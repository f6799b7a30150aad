"""Copies that step through the input and fill the output: whatever moves values along whole dimensions."""

from collections.abc import Sequence
from math import prod

from aiedge.codegen.operators.call import Call, Places, Struct
from aiedge.tflite.graph import Operator

HEADER = '"aiedge_copy.h"'
LOOPS = 4  # of a kernel


def strided(operator: Operator, at: Places, loops: Sequence[tuple[int, int]], start: int = 0) -> Call:
    """The copy from the first input, `start` bytes from its begin, to the output in the order of its loops.

    `loops` have a size and the step in bytes through the input, innermost first.
    """
    source, target = operator.input(0), operator.outputs[0]
    run, merged = _merged(source.dtype.itemsize, loops)
    merged += [(1, 0)] * (LOOPS - len(merged))
    inner, outer = merged[:LOOPS], merged[LOOPS:]
    sizes, steps = zip(*reversed(inner), strict=True)
    x, y = at(source), at(target)
    # Whatever the kernel has no loops for goes around it.
    bytes_of_call = run * prod(sizes)
    before = ""
    places: tuple[list[str], list[str]] = ([], [])
    for i, (size, step) in enumerate(outer):
        before = f"for (int32_t i{i} = 0; i{i} < {size}; i{i}++) {before}"
        places[0].append(f" + i{i} * {step}")
        places[1].append(f" + i{i} * {bytes_of_call * prod(n for n, _ in outer[:i])}")
    if outer:
        x, y = (
            f"({cast}uint8_t *){place}{''.join(offsets)}"
            for cast, place, offsets in zip(("const ", ""), (x, y), places, strict=True)
        )
    return Call(
        HEADER,
        (f"{before}aiedge_copy_strided(&layer_{operator.index}, {x}, {y})",),
        struct=Struct(
            "aiedge_copy_strided_layer", {"start": start, "run": run, "size": sizes, "step": steps}
        ),
    )


def _merged(run: int, loops: Sequence[tuple[int, int]]) -> tuple[int, list[tuple[int, int]]]:
    """Bytes that lie side by side in both, and the loops around: dimensions that go on in step are one."""
    merged: list[tuple[int, int]] = []
    for size, step in loops:
        if size == 1:
            continue
        if not merged and step == run:
            run *= size
        elif merged and step == merged[-1][0] * merged[-1][1]:
            merged[-1] = (merged[-1][0] * size, merged[-1][1])
        else:
            merged.append((size, step))
    return run, merged
