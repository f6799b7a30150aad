"""Checks of the CIFAR notebook, one function for each TODO, in their order."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge.energy import CACTI_45NM_128KB, Accesses, SramParameters
from aiedge.energy.sram import counted
from aiedge.workshop.checks import (
    answer,
    as_array,
    as_number,
    as_pair,
    expect,
    is_open,
    likely_mistake,
    listed,
    open_todo,
    passed,
    still_open,
)


def parameters(function: Any) -> None:
    """TODO 1: weights and biases of a layer, from the shape of its kernel."""
    for kind, kernel in (("a convolution", (3, 3, 12, 8)), ("a dense layer", (256, 10))):
        got = as_number(answer(function, 1, "parameters(...)", kernel), 1, "parameters(...)")
        weights = math.prod(kernel)
        likely = likely_mistake(
            got,
            {
                "add a bias for each output channel": weights,
                "one bias for each output channel, not one for all": weights + 1,
                "the biases belong to the output channels, the last axis": weights + kernel[-2],
                "multiply the numbers of the shape, do not add them": sum(kernel) + kernel[-1],
                "a bias is added, once for each channel": weights * kernel[-1],
                "there are no fewer numbers for the biases": weights - kernel[-1],
                "the kernel's weights are missing: multiply the numbers of its shape": kernel[-1],
                "all numbers of the shape count: rows, columns, channels in and out": math.prod(kernel[:-1])
                + kernel[-1],
                "one bias for each output channel, not two": weights + 2 * kernel[-1],
                "the biases belong to the output channels, the last axis, not the first": weights + kernel[0],
                "multiply the numbers of the shape: this is their sum": sum(kernel),
                "each channel has one bias: the kernel counts once": 2 * weights,
            },
        )
        right = weights + kernel[-1]
        expect(got == right, 1, f"{got:,.10g}", f"{right:,} for {kind} with kernel {kernel}", likely)
    passed(1, "weights and biases counted.")


def adaptive_pool(function: Any) -> None:
    """TODO 2: means over n × n areas, also where n does not divide the map."""
    rng = np.random.default_rng(0)
    for shape, n in (((2, 8, 8, 3), 2), ((1, 7, 10, 2), 3)):
        maps = rng.uniform(-1, 1, shape)
        name = "adaptive_pool(...)"
        got = as_array(answer(function, 2, name, maps.copy(), n), 2, name, (shape[0], n, n, shape[3]))
        asked = f"the means of {n}×{n} areas of a {shape[1]}×{shape[2]} map"
        diagonal = _pooled(maps, n)[:, range(n), range(n)]  # rows and columns of one index
        wrong = {
            "these are sums: divide by how many numbers there are, or use .mean": _pooled(
                maps, n, reduce=np.sum
            ),
            "this is the maximum: keep the mean": _pooled(maps, n, reduce=np.max),
            "the mean is over rows and columns, each channel for itself": np.broadcast_to(
                _pooled(maps, n).mean(axis=3, keepdims=True), got.shape
            ),
            "one mean for all pictures and channels: .mean(axis=(1, 2)) keeps them apart": np.broadcast_to(
                _pooled(maps, n).mean(axis=(0, 3), keepdims=True), got.shape
            ),
            "pooled[:, i, j] gets the mean of its own area": np.zeros(got.shape),
            "this cuts the map into areas of equal size and drops the rest": _pooled(maps, n, equal=True),
            "rows go with i and columns with j; here they have changed places": _pooled(maps, n).transpose(
                0, 2, 1, 3
            ),
            "height belongs to the rows, width to the columns; here they have changed places": _pooled(
                maps, n, sizes=(shape[2], shape[1])
            ),
            "columns go with j, not with i": np.broadcast_to(diagonal[:, :, None], got.shape),
            "rows go with i, not with j": np.broadcast_to(diagonal[:, None], got.shape),
            "columns are needed, too: this is the mean of whole rows": _pooled(maps, n, columns=1),
            "rows are needed, too: this is the mean of whole columns": _pooled(maps, n, rows=1),
            "the end is (i + 1) * height / n: each area begins where the one before ends": _pooled(
                maps, n, start=lambda x: 0
            ),
            "this is the mean of the whole map: take the rows and columns of each area": np.broadcast_to(
                maps.mean(axis=(1, 2), keepdims=True), got.shape
            ),
            "the minimum is not wanted: keep the mean": _pooled(maps, n, reduce=np.min),
            "the median is not wanted: keep the mean": _pooled(maps, n, reduce=np.median),
            "this is the first number of each area: keep the mean": _pooled(
                maps, n, reduce=lambda area, axis: area[:, 0, 0]
            ),
            "a slice ends before its end: no − 1": _pooled(maps, n, end=lambda x: math.ceil(x) - 1),
            "a slice ends before its end: no + 1": _pooled(maps, n, end=lambda x: math.ceil(x) + 1),
            "the end of an area is rounded up, so that no row is left out": _pooled(maps, n, end=math.floor),
            "the beginning of an area is rounded down": _pooled(maps, n, start=math.ceil),
            "the beginning is rounded down and the end up, not to the nearest": _pooled(
                maps, n, start=round, end=round
            ),
        }
        likely = likely_mistake(got, wrong)
        right = _pooled(maps, n)
        place = np.unravel_index(int(np.argmax(np.abs(got - right) > 1e-6)), right.shape)
        where = f"area ({place[1]}, {place[2]})"
        expect(
            np.allclose(got, right, atol=1e-6),
            2,
            f"{got[place]:.4f} for {where}",
            f"{right[place]:.4f}, {asked}",
            likely,
        )
    passed(2, "means of areas, whatever the size of the map.")


def channel_norms(function: Any) -> None:
    """TODO 3: the L1 norm of each channel, the last axis, of a convolution's and of a dense layer's kernel."""
    for weights in (_kernel(), _kernel()[0, 0]):
        channels, name = weights.shape[-1], "channel_norms(...)"
        got = _by_channel(answer(function, 3, name, weights.copy()), 3, name, weights)
        flat = weights.reshape(-1, channels).astype(np.float64)
        likely = likely_mistake(
            got,
            {
                "weights are negative, too: np.abs first": flat.sum(axis=0),
                "np.abs before the sum, not after it": np.abs(flat.sum(axis=0)),
                "this is the L2 norm: sum the magnitudes, not their squares": np.sqrt((flat**2).sum(axis=0)),
                "these are sums of squares: sum the magnitudes": (flat**2).sum(axis=0),
                "the sum, not the mean": np.abs(flat).mean(axis=0),
                "the sum, not the maximum": np.abs(flat).max(axis=0),
                "the sum, not the median": np.median(np.abs(flat), axis=0),
                "this is how many weights there are: sum their magnitudes": np.full(channels, len(flat)),
                "this is the spread: sum the magnitudes": flat.std(axis=0),
                "the norm of each channel, not its share of all": np.abs(flat).sum(axis=0)
                / np.abs(flat).sum(),
                "each channel has its own sum": np.full(channels, np.abs(flat).sum()),
                "reshape(-1, channels) keeps the last axis whole; reshape(channels, -1) mixes the channels": np.abs(
                    flat.reshape(channels, -1)
                ).sum(axis=1),
            },
        )
        right = np.abs(flat).sum(axis=0)
        expect(np.allclose(got, right, rtol=1e-5), 3, listed(got), listed(right), likely)
    passed(3, "a score for each channel.")


def channels_to_remove(function: Any) -> None:
    """TODO 4: the numbers of the channels with the smallest scores; ⌊n · (1 − share)⌋ stay."""
    rng = np.random.default_rng(1)
    for count, share in ((32, 0.2), (64, 0.2), (128, 0.4), (5, 0.0)):
        scores = rng.permutation(count) + 1.0
        name = "channels_to_remove(...)"
        value = answer(function, 4, name, scores.copy(), share)
        got = as_array(value, 4, name)
        gone = count - int(count * (1 - share))
        order = np.argsort(scores)
        asked = f"{gone} of {count} channels for a share of {share:g}"
        likely = ""
        if got.shape == (count - gone,) and gone and set(got) == set(order[gone:]):
            likely = "these are the channels that stay"
        elif share and got.ndim == 1 and set(got) == set(order[int(count * share) :]):
            likely = "these are the channels that stay: [:gone] are the others"
        elif share and got.shape == (int(count * share),):
            likely = f"round down how many stay, {count - gone}, not how many go"
        elif share and got.shape == (count,):
            likely = "this is the order of all of them: take the first few"
        elif got.shape == (count - gone,) and gone:
            likely = "so many stay: gone = len(scores) - int(len(scores) * (1 - share))"
        elif got.shape == ():
            likely = "this is how many go; np.argsort(scores)[:gone] are their numbers"
        elif got.shape == (gone + 1,):
            likely = "one too many: [:gone] are the first `gone` of them"
        elif got.shape == (gone - 1,):
            likely = "one too few: [:gone] are the first `gone` of them"
        expect(got.shape == (gone,), 4, f"shape {got.shape}", asked, likely)
        chosen = set(got.tolist())
        likely = ""
        if chosen == set(scores[order[:gone]].tolist()):
            likely = "these are the scores; np.argsort gives the numbers of the channels"
        elif gone and chosen == set(order[-gone:].tolist()):
            likely = "these are the most important ones: the smallest scores go"
        elif chosen == set(range(gone)):
            likely = "these are simply the first channels: put them in the order of their scores"
        elif chosen == set(range(count - gone, count)):
            likely = "these are simply the last channels: put them in the order of their scores"
        elif chosen == set(np.argsort(order)[:gone].tolist()):
            likely = "this is each channel's rank; np.argsort once gives the numbers in their order"
        elif chosen == set(order[1 : gone + 1].tolist()):
            likely = "counting begins at 0: [:gone]"
        elif not all(0 <= number < count and number == round(number) for number in chosen):
            likely = f"numbers of channels are whole, from 0 to {count - 1}"
        elif len(chosen) < gone:
            likely = "each channel goes once"
        else:
            likely = "np.argsort(scores) has the smallest first: its first few"
        shown = f"channels {_few(sorted(chosen))}"
        expect(
            chosen == set(order[:gone].tolist()),
            4,
            shown,
            f"channels {_few(sorted(order[:gone].tolist()))}",
            likely,
        )
    passed(4, "32, 64 and 128 channels become 25, 51 and 76.")


def quantize_channels(function: Any) -> None:
    """TODO 5: symmetric int8 with a scale for each channel."""
    for weights in (_kernel(), _kernel()[0, 0]):
        name = "quantize_channels(...)"
        returned = as_pair(answer(function, 5, name, weights.copy()), 5, name, "integers", "scales")
        swapped = np.shape(returned[1]) == weights.shape != np.shape(returned[0])
        likely = "integers and scales have changed places: return integers, scales"
        expect(not swapped, 5, "scales of the weights' shape", f"shape {weights.shape[-1:]}", likely)
        scales = _by_channel(returned[1], 5, "scales", weights)
        flat = weights.reshape(-1, weights.shape[-1]).astype(np.float64)
        largest = np.abs(flat).max(axis=0)
        likely = likely_mistake(
            scales,
            {
                "weights are negative, too: np.abs first": flat.max(axis=0) / 127,
                "symmetric int8 goes from −127 to 127: divide by 127": largest / 128,
                "from 0 to the largest weight there are 127 steps, not 255": largest / 255,
                "this is the scale of asymmetric int8": np.ptp(flat, axis=0) / 255,
                "this is how much to multiply by; the scale is what to divide by": 127 / largest,
                "divide by 127, so that the largest weight becomes 127": largest,
                "each channel has its own maximum": np.full(len(largest), largest.max() / 127),
                "the maximum, not the mean": np.abs(flat).mean(axis=0) / 127,
                "the maximum, not the sum": np.abs(flat).sum(axis=0) / 127,
                "np.abs before .max(), not after it": np.abs(flat.max(axis=0)) / 127,
                "the lowest number is not the largest by size: np.abs first": flat.min(axis=0) / 127,
                "divide by 127, do not multiply": largest * 127,
            },
        )
        right = largest / 127
        expect(np.allclose(scales, right, rtol=1e-5), 5, f"scales {listed(scales)}", listed(right), likely)
        got = as_array(returned[0], 5, "integers", weights.shape)
        real = weights / right
        # float32 may tip a number that is nearly whole.
        likely = next(
            (
                text
                for text, wrong in {
                    "astype cuts the fraction off: np.round first": np.trunc(real),
                    "round to the nearest, not down": np.floor(real),
                    "round, so that whole numbers are left": real,
                    "divide by the scale": np.round(weights),
                    "divide by the scale, do not multiply by it": np.round(weights * right),
                    "these are real numbers again: the integers are wanted": np.round(real) * right,
                    "symmetric: 0 stays 0, add no zero point": np.clip(np.round(real) - 128, -128, 127),
                    "round to the nearest, not up": np.ceil(real),
                    "the integers have signs: np.abs is for the scales alone": np.abs(np.round(real)),
                    "round after the division, not before": np.round(np.round(weights) / right),
                    "one scale each: each channel is divided by its own": np.round(weights / right.max()),
                }.items()
                if np.mean(np.isclose(got, wrong, rtol=1e-5)) > 0.9
            ),
            "",
        )
        # A half may go either way.
        close = np.abs(got - real) <= 0.5 + 1e-4
        whole = bool(np.all(got == np.round(got)))
        wrong = f"{np.sum(~close):,} of {got.size:,} are not the nearest integers" if whole else "fractions"
        expect(whole and bool(close.all()), 5, wrong, "round(w / scale)", likely)
        kind = getattr(returned[0], "dtype", type(returned[0]).__name__)
        expect(kind == np.int8, 5, f"integers of type {kind}", "int8", "end with .astype(np.int8)")
    passed(5, "integers from −127 to 127, and a scale for each channel.")


def backwards(function: Any) -> None:
    """TODO 6: the straight-through gradient of rounding and clamping."""
    x = np.array([-3.0, -1.0, -0.25, 0.0, 0.4, 2.0, 2.5])
    gradient = np.array([1.0, -2.0, 3.0, 0.5, -0.5, 4.0, -1.0])
    low, high = -1.0, 2.0
    name = "backwards(...)"
    got = as_array(answer(function, 6, name, gradient.copy(), x.copy(), low, high), 6, name, x.shape)
    within = (x >= low) & (x <= high)
    right = gradient * within
    likely = likely_mistake(
        got,
        {
            "this lets everything pass: 0 where x was clamped": gradient,
            "this lets pass what was clamped: the other way round": gradient * ~within,
            "this is where it passes; multiply by the gradient": within,
            "the ends are within: >= and <=": gradient * ((x > low) & (x < high)),
            "the lower end is within: >=": gradient * ((x > low) & (x <= high)),
            "the upper end is within: <=": gradient * ((x >= low) & (x < high)),
            "there is an upper end, too": gradient * (x >= low),
            "there is a lower end, too": gradient * (x <= high),
            "the gradient passes, not x": x * within,
            "clamp nothing: the gradient passes as it is, or not at all": np.clip(gradient, low, high),
            "look at x, not at the gradient": gradient * ((gradient >= low) & (gradient <= high)),
            "this is x clamped: the gradient is asked for": np.clip(x, low, high),
            "the gradient passes as it is, its sign too": np.abs(gradient) * within,
            "nothing passes: where x is within, the gradient does": np.zeros(x.shape),
            "0 outside, not −gradient": np.where(within, gradient, -gradient),
            "outside it is 0, not 1": np.where(within, gradient, 1),
            "the gradient as it is, not times x": gradient * x * within,
            "x is outside where it is below low or above high: the comparisons are the wrong way round": gradient
            * ((x <= low) & (x >= high)),
            "both must hold, & and not |": gradient * ((x >= low) | (x <= high)),
            "only where x is above 0, too? The range is low … high": gradient * ((x > 0) & (x <= high)),
        },
    )
    expect(
        np.allclose(got, right),
        6,
        listed(got),
        f"{listed(right)} for x = {listed(x)} in {low:g} … {high:g}",
        likely,
    )
    passed(6, "the gradient passes where nothing was clamped.")


def section_starts(function: Any) -> None:
    """TODO 7: where sections of known sizes begin, each at a multiple of 4 bytes."""
    for sizes, first in (([675, 101, 11475, 204, 3], 60), ([8], 44)):
        name = "section_starts(...)"
        value = answer(function, 7, name, list(sizes), first)
        still_open(7, value, name)
        right = _starts(sizes, first)
        empty = isinstance(value, list) and not value
        if empty and is_open(function):
            raise open_todo(7, name)
        likely = "starts.append(position) for each section" if empty else ""
        expect(not empty, 7, "[]", f"{right} for sizes {sizes}, the first at {first}", likely)
        got = as_array(value, 7, name)
        likely = ""
        if got.shape == (len(sizes),):
            ends = _starts([*sizes, 0], first)[1:]
            likely = likely_mistake(
                got,
                {
                    "note where the section begins, before `position` moves": ends,
                    "each section is filled up to a multiple of 4 bytes": _starts(sizes, first, lambda s: s),
                    "round up to a multiple of 4, not down": _starts(sizes, first, lambda s: s // 4 * 4),
                    "a size that is a multiple of 4 already stays as it is": _starts(
                        sizes, first, lambda s: s // 4 * 4 + 4
                    ),
                    "begin at `position`, not at 0": _starts(sizes, 0),
                    "move `position` on: it is the same for all": np.full(len(sizes), first),
                    "the position grows by each size: position += ...": [
                        first,
                        *(-(-s // 4) * 4 for s in sizes[:-1]),
                    ],
                    "these are multiples of 4 without the 4: multiply again": _starts(
                        sizes, first, lambda s: -(-s // 4)
                    ),
                    "multiples of 4, not of 8": _starts(sizes, first, lambda s: -(-s // 8) * 8),
                    "multiples of 4, not of 2": _starts(sizes, first, lambda s: -(-s // 2) * 2),
                    "these are the sizes filled up: add them to the places": [-(-s // 4) * 4 for s in sizes],
                    "these are the sizes: note the places": sizes,
                    "the position grows, it does not shrink": _starts(
                        sizes, first, lambda s: -(-(-s // 4) * 4)
                    ),
                    "the same number of bytes for each": _starts(sizes, first, lambda s: 4),
                    "round up, not to the nearest": _starts(sizes, first, lambda s: round(s / 4) * 4),
                    "add what is missing to 4, not the rest": _starts(sizes, first, lambda s: s + s % 4),
                    "where nothing is missing nothing is added: (-size) % 4": _starts(
                        sizes, first, lambda s: s + 4 - s % 4
                    ),
                },
            )
            if not likely and np.any(got != np.floor(got)):
                likely = "places are whole: // or math.ceil, not /"
        elif got.shape == (len(sizes) + 1,):
            likely = "note the place before it moves, once for each section: this is one too many"
        else:
            likely = "starts.append(position) once for each section"
        shown = listed(got)
        asked = f"{right} for sizes {sizes}, the first at {first}"
        expect(np.array_equal(got, right), 7, shown, asked, likely)
    passed(7, "every section found by the sizes alone.")


def memory_energy(function: Any) -> None:
    """TODO 8: µJ of a convolution's reads and writes, with parameters of which no two are alike."""
    for sram in (SramParameters(0.2, 0.5, 10.0, "an example"), CACTI_45NM_128KB):
        macs, outputs, name = 691_200, 25_600, "memory_energy(...)"
        got = as_number(answer(function, 8, name, macs, outputs, sram), 8, name)
        right = counted(macs, outputs).energy_uj(sram)

        def other(reads: float, writes: float, chosen: SramParameters = sram) -> float:
            return Accesses(reads, writes).energy_uj(chosen)

        swapped = SramParameters(sram.write_nj, sram.read_nj, sram.leakage_mw, "")
        reads, writes = 2 * macs / 16, outputs / 16
        likely = likely_mistake(
            got,
            {
                "these are nanojoules: a thousand of them are a microjoule": 1000 * right,
                "these are millijoules: divide by 1000 once": right / 1000,
                "a multiplication needs two reads: an input and a weight": other(macs / 16, writes),
                "a word holds 16 numbers: divide the reads by 16": other(2 * macs, writes),
                "a word holds 16 numbers: divide the writes by 16": other(reads, outputs),
                "a word holds 16 numbers: divide by 16": other(2 * macs, outputs),
                "the outputs are written, too": other(reads, 0),
                "the sum stays in a register: write once for 16 outputs": other(reads, macs / 16),
                "reads and writes have changed places": other(reads, writes, swapped),
                "the inputs and weights are read, too": other(0, writes),
                "each with its own energy: reads with read_nj, writes with write_nj": (reads + writes)
                * sram.read_nj
                / 1000,
                "two reads serve 16 multiplications: 2 * macs / 16, not macs / 32": other(macs / 32, writes),
                "a word holds 16 numbers, not 8: divide by 16": other(2 * macs / 8, outputs / 8),
                "a word holds 16 numbers, not 4: divide by 16": other(2 * macs / 4, outputs / 4),
                "outputs are written once": other(reads, 2 * outputs / 16),
                "a read has two numbers for each multiplication, not for each output": other(
                    2 * outputs / 16, writes
                ),
                "this is how many reads and writes: multiply by their energies": (reads + writes) / 1000,
                "this is how many reads and writes: multiply by their energies, in microjoules": reads
                + writes,
                "add the energies, do not multiply them": reads
                * sram.read_nj
                * writes
                * sram.write_nj
                / 1000,
                "add the energy of the writes, do not subtract it": (
                    reads * sram.read_nj - writes * sram.write_nj
                )
                / 1000,
                "a nanojoule is a thousandth of a microjoule: divide by 1000, do not multiply": 1e6 * right,
                "divide all of it by 1000, in parentheses": reads * sram.read_nj
                + writes * sram.write_nj / 1000,
                "the energy of a read or write counts, not the leakage": (reads + writes)
                * sram.leakage_mw
                / 1000,
                "write with write_nj, read with read_nj: this is write_nj for both": (reads + writes)
                * sram.write_nj
                / 1000,
            },
        )
        asked = f"{right:.4f} µJ for {macs:,} multiplications and {outputs:,} outputs"
        expect(math.isclose(got, right, rel_tol=1e-6), 8, f"{got:.5g} µJ", asked, likely)
    passed(8, f"{right:.2f} µJ for the first convolution, as published.")


def _by_channel(value: Any, todo: int, name: str, weights: NDArray) -> NDArray[np.float64]:
    """The student's array, with one entry for each channel of `weights`, the last axis."""
    got, channels = as_array(value, todo, name), weights.shape[-1]
    likely = ""
    if got.shape == ():
        likely = "one number for all: give it an axis"
    elif got.shape == weights.shape[:-1]:
        likely = "axis=-1 goes over the channels: go over all other axes"
    elif got.shape == weights.shape[:1] != (channels,):
        likely = "channels are the last axis here, not the first"
    elif got.size == channels:
        likely = "keepdims=False, or .reshape(-1) at the end"
    elif got.shape == weights.shape[-2:] or got.shape == weights.shape[1:]:
        likely = "go over all axes but the last: reshape to a table first"
    elif got.shape == weights.shape:
        likely = "one number for each channel: a sum or a maximum over all other axes is missing"
    else:
        likely = "one number for each channel, the last axis"
    shown = f"shape {got.shape} for weights of shape {weights.shape}"
    expect(got.shape == (channels,), todo, shown, f"shape {(channels,)}", likely)
    return got


def _few(values: list, most: int = 8) -> str:
    """The first of some numbers."""
    numbers = ", ".join(f"{value:g}" for value in values[:most])
    return numbers + (", ..." if len(values) > most else "")


def _kernel() -> NDArray[np.float32]:
    """A kernel [3, 3, 5, 4] whose channels have ranges of their own; its largest weights by size are negative."""
    kernel = np.random.default_rng(0).uniform(-1, 1, (3, 3, 5, 4)).astype(np.float32)
    kernel *= np.array([0.5, 40, 3, 10], np.float32)
    kernel[0, 0, 0] = (-0.6, 45, -3.5, -12)
    return kernel


def _pooled(
    maps: NDArray,
    n: int,
    reduce: Any = np.mean,
    start: Any = math.floor,
    end: Any = math.ceil,
    equal: bool = False,
    sizes: tuple[int, int] | None = None,
    rows: int = 0,
    columns: int = 0,
) -> NDArray[np.float64]:
    """Areas of the maps, each reduced to one number; with `equal` their sizes are rounded down, as Keras' are.

    `sizes` stand for the height and width of the maps; with `rows` or `columns` of 1 these are not cut.
    """
    height, width = sizes or maps.shape[1:3]
    by_row, by_column = rows or n, columns or n
    result = np.zeros((len(maps), n, n, maps.shape[3]))
    for i, j in np.ndindex(n, n):
        y, x = i % by_row, j % by_column
        tall = slice(start(y * height / by_row), end((y + 1) * height / by_row))
        wide = slice(start(x * width / by_column), end((x + 1) * width / by_column))
        if equal:
            size_y, size_x = height // n, width // n
            tall, wide = slice(i * size_y, (i + 1) * size_y), slice(j * size_x, (j + 1) * size_x)
        area = maps[:, tall, wide]
        result[:, i, j] = reduce(area, axis=(1, 2)) if area.size else np.nan
    return result


def _starts(sizes: list[int], first: int, fill: Any = lambda size: -(-size // 4) * 4) -> list[int]:
    """Where the sections begin."""
    starts = []
    for size in sizes:
        starts.append(first)
        first += fill(size)
    return starts
