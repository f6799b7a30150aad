"""The checks of the CIFAR notebook: right answers pass, and each likely mistake is recognised."""

import math

import numpy as np
import pytest

from aiedge.workshop.checks import cifar_cnn as checks
from tests.support.wrong_answers import ACCIDENTS, says


def pool(maps, n, start=math.floor, end=math.ceil, reduce=np.mean, axis=(1, 2)):
    _, height, width, channels = maps.shape
    result = np.zeros((len(maps), n, n, channels))
    for i, j in np.ndindex(n, n):
        area = maps[
            :,
            start(i * height / n) : end((i + 1) * height / n),
            start(j * width / n) : end((j + 1) * width / n),
        ]
        result[:, i, j] = reduce(area, axis=axis)
    return result


def keras_pool(maps, n):
    """Areas of equal size, the rest left out."""
    _, height, width, _ = maps.shape
    h, w = height // n, width // n
    return np.stack(
        [
            np.stack([maps[:, i * h : i * h + h, j * w : j * w + w].mean((1, 2)) for j in range(n)], 1)
            for i in range(n)
        ],
        1,
    )


def columns_for_rows(maps, n):
    """Rows by the width, columns by the height."""
    _, height, width, channels = maps.shape
    result = np.zeros((len(maps), n, n, channels))
    for i, j in np.ndindex(n, n):
        rows = slice(math.floor(i * width / n), math.ceil((i + 1) * width / n))
        columns = slice(math.floor(j * height / n), math.ceil((j + 1) * height / n))
        area = maps[:, rows, columns]
        result[:, i, j] = area.mean(axis=(1, 2)) if area.size else 0
    return result


def rows_alone(maps, n):
    """The mean of whole rows: columns are not cut."""
    height = maps.shape[1]
    areas = [maps[:, i * height // n : -(-(i + 1) * height // n)].mean(axis=(1, 2)) for i in range(n)]
    return np.repeat(np.stack(areas, 1)[:, :, None], n, axis=2)


def norms(weights):
    return np.abs(weights).sum(axis=tuple(range(weights.ndim - 1)))


def fewest(scores, share):
    return np.argsort(scores)[: len(scores) - math.floor(len(scores) * (1 - share))]


def integers(weights, steps=127, around=np.round):
    scales = np.abs(weights).max(axis=tuple(range(weights.ndim - 1))) / steps
    return around(weights / scales).astype(np.int8), scales


def starts(sizes, position, fill=lambda size: math.ceil(size / 4) * 4):
    return [position + sum(map(fill, sizes[:k])) for k in range(len(sizes))]


def energy(macs, outputs, sram, reads=2 / 16, writes=1 / 16, unit=1000):
    return (reads * macs * sram.read_nj + writes * outputs * sram.write_nj) / unit


RIGHT = {
    checks.parameters: lambda shape: math.prod(shape) + shape[-1],
    checks.adaptive_pool: pool,
    checks.channel_norms: norms,
    checks.channels_to_remove: fewest,
    checks.quantize_channels: integers,
    checks.backwards: lambda g, x, low, high: np.where((x < low) | (x > high), 0, g),
    checks.section_starts: starts,
    checks.memory_energy: energy,
}


@pytest.mark.parametrize("check", RIGHT, ids=lambda check: check.__name__)
def test_right_answers_pass(check, capsys: pytest.CaptureFixture) -> None:
    check(RIGHT[check])
    number = list(RIGHT).index(check) + 1
    assert f"✓ TODO {number}" in capsys.readouterr().out


@pytest.mark.parametrize("check", RIGHT, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("value", "text"), [(..., "still open"), (None, "is `return` missing?")])
def test_open_ones_are_called_open(check, value, text: str) -> None:
    says(text, check, lambda *arguments: value)


@pytest.mark.parametrize("check", RIGHT, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("function", "text"), ACCIDENTS)
def test_accidents_are_told(check, function, text: str) -> None:
    says(text, check, function)


@pytest.mark.parametrize(
    ("check", "function", "text"),
    [
        (checks.parameters, lambda s: math.prod(s), "add a bias"),
        (checks.parameters, lambda s: math.prod(s) + 1, "not one for all"),
        (checks.parameters, lambda s: math.prod(s) + s[-2], "the last axis"),
        (checks.parameters, lambda s: sum(s) + s[-1], "do not add them"),
        (checks.parameters, lambda s: math.prod(s) * s[-1], "a bias is added"),
        (checks.adaptive_pool, lambda m, n: pool(m, n, reduce=np.sum), "use .mean"),
        (checks.adaptive_pool, lambda m, n: pool(m, n, reduce=np.max), "keep the mean"),
        (checks.adaptive_pool, lambda m, n: np.zeros((len(m), n, n, m.shape[3])), "its own area"),
        (
            checks.adaptive_pool,
            lambda m, n: pool(m, n, reduce=lambda a, axis: a.mean((1, 2, 3))[:, None]),
            "each channel for itself",
        ),
        (
            checks.adaptive_pool,
            lambda m, n: np.broadcast_to(pool(m, n).mean((0, 3), keepdims=True), (len(m), n, n, m.shape[3])),
            "keeps them apart",
        ),
        (checks.adaptive_pool, lambda m, n: pool(m, n).transpose(0, 2, 1, 3), "changed places"),
        (checks.adaptive_pool, lambda m, n: pool(m, n, end=math.floor), "the end of an area is rounded up"),
        (
            checks.adaptive_pool,
            lambda m, n: pool(m, n, start=math.ceil),
            "beginning of an area is rounded down",
        ),
        (checks.adaptive_pool, lambda m, n: pool(m, n, start=round, end=round), "not to the nearest"),
        (checks.adaptive_pool, keras_pool, "drops the rest"),
        (checks.adaptive_pool, lambda m, n: m, "has shape"),
        (checks.adaptive_pool, lambda m, n: pool(m, n, axis=1), "stops with ValueError"),
        (checks.channel_norms, lambda w: w.sum(axis=tuple(range(w.ndim - 1))), "np.abs first"),
        (checks.channel_norms, lambda w: np.abs(w.sum(axis=tuple(range(w.ndim - 1)))), "not after it"),
        (checks.channel_norms, lambda w: np.sqrt(norms(w**2)), "the L2 norm"),
        (checks.channel_norms, lambda w: norms(w**2), "sums of squares"),
        (checks.channel_norms, lambda w: norms(w) / w[..., 0].size, "not the mean"),
        (checks.channel_norms, lambda w: np.abs(w).reshape(-1, w.shape[-1]).max(axis=0), "not the maximum"),
        (
            checks.channel_norms,
            lambda w: np.abs(w).reshape(w.shape[-1], -1).sum(axis=1),
            "mixes the channels",
        ),
        (checks.channel_norms, lambda w: np.abs(w).sum(), "give it an axis"),
        (checks.channel_norms, lambda w: np.abs(w).sum(axis=-1), "go over all other axes"),
        (checks.channel_norms, lambda w: np.abs(w).sum(axis=(0, 1)), "reshape to a table"),
        (checks.channel_norms, lambda w: norms(w)[None], "keepdims"),
        (
            checks.channels_to_remove,
            lambda s, p: np.argsort(s)[len(fewest(s, p)) :],
            "the channels that stay",
        ),
        (checks.channels_to_remove, lambda s, p: np.argsort(s)[: int(len(s) * p)], "how many stay, 25"),
        (checks.channels_to_remove, lambda s, p: np.argsort(s)[int(len(s) * p) :], "the channels that stay"),
        (checks.channels_to_remove, lambda s, p: np.argsort(s), "take the first few"),
        (checks.channels_to_remove, lambda s, p: np.sort(s)[: len(fewest(s, p))], "these are the scores"),
        (checks.channels_to_remove, lambda s, p: fewest(-s, p), "the smallest scores go"),
        (checks.channels_to_remove, lambda s, p: np.arange(len(fewest(s, p))), "the first channels"),
        (checks.quantize_channels, lambda w: integers(w)[0], "two values"),
        (checks.quantize_channels, lambda w: (..., ...), "still open"),
        (checks.quantize_channels, lambda w: (integers(w)[0], ...), "still open"),
        (checks.quantize_channels, lambda w: integers(w, 128), "divide by 127"),
        (checks.quantize_channels, lambda w: integers(w, 255), "127 steps"),
        (checks.quantize_channels, lambda w: (integers(w)[0], 1 / integers(w)[1]), "what to divide by"),
        (checks.quantize_channels, lambda w: (integers(w)[0], 127 * integers(w)[1]), "so that the largest"),
        (checks.quantize_channels, lambda w: (integers(w)[0], integers(w)[1].max()), "give it an axis"),
        (
            checks.quantize_channels,
            lambda w: (integers(w)[0], np.full(w.shape[-1], np.abs(w).max() / 127)),
            "its own maximum",
        ),
        (
            checks.quantize_channels,
            lambda w: (integers(w)[0], w.reshape(-1, w.shape[-1]).max(axis=0) / 127),
            "np.abs first",
        ),
        (checks.quantize_channels, lambda w: integers(w, around=np.trunc), "np.round first"),
        (checks.quantize_channels, lambda w: integers(w, around=np.floor), "not down"),
        (checks.quantize_channels, lambda w: (w / integers(w)[1], integers(w)[1]), "whole numbers"),
        (checks.quantize_channels, lambda w: (np.round(w), integers(w)[1]), "divide by the scale"),
        (
            checks.quantize_channels,
            lambda w: (np.round(w * integers(w)[1]), integers(w)[1]),
            "do not multiply",
        ),
        (
            checks.quantize_channels,
            lambda w: (integers(w)[0] * integers(w)[1], integers(w)[1]),
            "real numbers again",
        ),
        (
            checks.quantize_channels,
            lambda w: (np.clip(integers(w)[0].astype(int) - 128, -128, 127), integers(w)[1]),
            "no zero point",
        ),
        (
            checks.quantize_channels,
            lambda w: (integers(w)[0].astype(np.int32), integers(w)[1]),
            "integers of type int32",
        ),
        (checks.backwards, lambda g, x, a, b: g, "lets everything pass"),
        (checks.backwards, lambda g, x, a, b: g * ((x < a) | (x > b)), "the other way round"),
        (checks.backwards, lambda g, x, a, b: (x >= a) & (x <= b), "multiply by the gradient"),
        (checks.backwards, lambda g, x, a, b: g * ((x > a) & (x < b)), "the ends are within"),
        (checks.backwards, lambda g, x, a, b: g * ((x > a) & (x <= b)), "the lower end is within"),
        (checks.backwards, lambda g, x, a, b: g * ((x >= a) & (x < b)), "the upper end is within"),
        (checks.backwards, lambda g, x, a, b: g * (x >= a), "an upper end"),
        (checks.backwards, lambda g, x, a, b: g * (x <= b), "a lower end"),
        (checks.backwards, lambda g, x, a, b: x * ((x >= a) & (x <= b)), "not x"),
        (checks.backwards, lambda g, x, a, b: np.clip(g, a, b), "clamp nothing"),
        (checks.backwards, lambda g, x, a, b: g * ((g >= a) & (g <= b)), "look at x"),
        (checks.section_starts, lambda sizes, p: [], "starts.append"),
        (checks.parameters, lambda s: math.prod(s[:-1]) + s[-1], "all numbers of the shape count"),
        (checks.parameters, lambda s: math.prod(s) + 2 * s[-1], "not two"),
        (checks.parameters, lambda s: math.prod(s) + s[0], "not the first"),
        (checks.parameters, lambda s: sum(s), "this is their sum"),
        (checks.parameters, lambda s: 2 * math.prod(s), "counts once"),
        (checks.parameters, lambda s: s[-1], "weights are missing"),
        (checks.parameters, lambda s: math.prod(s) - s[-1], "no fewer numbers"),
        (checks.parameters, lambda s: s.prod() + s[-1], "the name behind the dot"),
        (checks.parameters, lambda s: math.prod(s) + ..., "still open"),
        (
            checks.adaptive_pool,
            lambda m, n: pool(m, n, start=math.floor, end=lambda x: math.ceil(x) - 1),
            "no − 1",
        ),
        (checks.adaptive_pool, lambda m, n: pool(m, n, end=lambda x: math.ceil(x) + 1), "no + 1"),
        (checks.adaptive_pool, lambda m, n: pool(m, n, start=lambda x: 0), "where the one before ends"),
        (checks.adaptive_pool, lambda m, n: pool(m, n, reduce=np.min), "the minimum"),
        (checks.adaptive_pool, lambda m, n: pool(m, n, reduce=np.median), "the median"),
        (
            checks.adaptive_pool,
            lambda m, n: pool(m, n)[:, range(n), range(n)][:, :, None].repeat(n, 2),
            "go with j",
        ),
        (
            checks.adaptive_pool,
            lambda m, n: pool(m, n)[:, range(n), range(n)][:, None].repeat(n, 1),
            "go with i",
        ),
        (checks.adaptive_pool, columns_for_rows, "height belongs to the rows"),
        (checks.adaptive_pool, lambda m, n: rows_alone(m, n), "whole rows"),
        (checks.adaptive_pool, lambda m, n: rows_alone(m.swapaxes(1, 2), n).swapaxes(1, 2), "whole columns"),
        (
            checks.adaptive_pool,
            lambda m, n: np.tile(m.mean((1, 2), keepdims=True), (1, n, n, 1)),
            "whole map",
        ),
        (checks.adaptive_pool, lambda m, n: m[:, slice(..., ...)], "still open"),
        (checks.channel_norms, lambda w: norms(w) / np.abs(w).sum(), "not its share"),
        (checks.channel_norms, lambda w: np.full(w.shape[-1], np.abs(w).sum()), "its own sum"),
        (checks.channel_norms, lambda w: np.full(w.shape[-1], w[..., 0].size), "how many weights"),
        (checks.channel_norms, lambda w: w.reshape(-1, w.shape[-1]).std(axis=0), "the spread"),
        (checks.channel_norms, lambda w: np.abs(w), "a sum or a maximum over all other axes"),
        (
            checks.channel_norms,
            lambda w: np.median(np.abs(w).reshape(-1, w.shape[-1]), axis=0),
            "not the median",
        ),
        (
            checks.channel_norms,
            lambda w: np.abs(w).reshape(-1, w.shape[-1]).sum(axis=2),
            "there are not so many axes",
        ),
        (checks.channel_norms, lambda w: w.reshape(-1, ...).sum(axis=0), "still open"),
        (checks.channels_to_remove, lambda s, p: np.argsort(s)[: len(fewest(s, p)) + 1], "one too many"),
        (
            checks.channels_to_remove,
            lambda s, p: np.argsort(s)[1 : len(fewest(s, p)) + 1],
            "counting begins at 0",
        ),
        (
            checks.channels_to_remove,
            lambda s, p: np.argsort(np.argsort(s))[: len(fewest(s, p))],
            "np.argsort",
        ),
        (checks.channels_to_remove, lambda s, p: len(fewest(s, p)), "this is how many go"),
        (
            checks.channels_to_remove,
            lambda s, p: np.arange(len(s))[len(s) - len(fewest(s, p)) :],
            "the last channels",
        ),
        (checks.channels_to_remove, lambda s, p: np.argsort(s)[: len(s) * (1 - p)], "whole number"),
        (
            checks.channels_to_remove,
            lambda s, p: np.argsort(-s)[: int(len(s) * (1 - p))],
            "the channels that stay",
        ),
        (checks.channels_to_remove, lambda s, p: np.argsort(s)[: int(len(s) * (1 - p))], "so many stay"),
        (checks.channels_to_remove, lambda s, p: np.argsort(s)[:...], "still open"),
        (checks.quantize_channels, lambda w: integers(w)[::-1], "have changed places"),
        (checks.quantize_channels, lambda w: integers(w, around=np.ceil), "not up"),
        (
            checks.quantize_channels,
            lambda w: (np.abs(integers(w)[0]), integers(w)[1]),
            "np.abs is for the scales",
        ),
        (
            checks.quantize_channels,
            lambda w: (integers(w)[0], w.reshape(-1, w.shape[-1]).min(axis=0) / 127),
            "np.abs first",
        ),
        (checks.quantize_channels, lambda w: (integers(w)[0], integers(w)[1] * 127 * 127), "do not multiply"),
        (checks.quantize_channels, lambda w: (integers(w)[0], norms(w) / 127), "not the sum"),
        (
            checks.quantize_channels,
            lambda w: (integers(w)[0], norms(w) / w[..., 0].size / 127),
            "not the mean",
        ),
        (checks.quantize_channels, lambda w: (integers(w)[0], integers(w)[1][None]), "keepdims"),
        (checks.quantize_channels, lambda w: (integers(w)[0], w / ...), "still open"),
        (checks.backwards, lambda g, x, a, b: np.clip(x, a, b), "x clamped"),
        (checks.backwards, lambda g, x, a, b: np.abs(g) * ((x >= a) & (x <= b)), "its sign too"),
        (checks.backwards, lambda g, x, a, b: g * x * ((x >= a) & (x <= b)), "not times x"),
        (checks.backwards, lambda g, x, a, b: np.where((x >= a) & (x <= b), g, -g), "not −gradient"),
        (checks.backwards, lambda g, x, a, b: np.where((x >= a) & (x <= b), g, 1), "not 1"),
        (checks.backwards, lambda g, x, a, b: g * 0, "nothing passes"),
        (checks.backwards, lambda g, x, a, b: g * (x >= a and x <= b), "use & and |"),
        (checks.backwards, lambda g, x, a, b: g * (a <= x <= b), "use & and |"),
        (checks.backwards, lambda g, x, a, b: g * (x >= a & x <= b), "in parentheses of its own"),
        (checks.backwards, lambda g, x, a, b: g * (x >= a & x <= b), "go together"),
        (checks.backwards, lambda g, x, a, b: g[(x >= a) & (x <= b)], "left out"),
        (checks.backwards, lambda g, x, a, b: g * (x >= ...), "still open"),
        (checks.section_starts, lambda sizes, p: starts([*sizes, 0], p), "one too many"),
        (checks.section_starts, lambda sizes, p: starts(sizes, p, lambda s: -(-s // 8) * 8), "not of 8"),
        (
            checks.section_starts,
            lambda sizes, p: starts(sizes, p, lambda s: s / 4 * 4 + 0.5),
            "places are whole",
        ),
        (checks.section_starts, lambda sizes, p: [-(-s // 4) * 4 for s in sizes], "the sizes filled up"),
        (checks.section_starts, lambda sizes, p: sizes, "these are the sizes"),
        (checks.section_starts, lambda sizes, p: starts(sizes, p, lambda s: 4), "the same number of bytes"),
        (checks.section_starts, lambda sizes, p: starts(sizes, p, lambda s: s + s % 4), "what is missing"),
        (checks.section_starts, lambda sizes, p: starts(sizes, p)[1:], "starts.append(position)"),
        (checks.section_starts, lambda sizes, p: p, "starts.append(position)"),
        (
            checks.section_starts,
            lambda sizes, p: starts(sizes, p, lambda s: round(s / 4) * 4),
            "not to the nearest",
        ),
        (
            checks.memory_energy,
            lambda m, o, sram: (2 * m / 16 * sram.read_nj - o / 16 * sram.write_nj) / 1000,
            "do not subtract",
        ),
        (checks.memory_energy, lambda m, o, sram: 2 * m / 16 + o / 16, "multiply by their energies"),
        (
            checks.memory_energy,
            lambda m, o, sram: (2 * m / 16 + o / 16) * sram.write_nj / 1000,
            "write_nj for both",
        ),
        (
            checks.memory_energy,
            lambda m, o, sram: 2 * m / 16 * sram.read_nj + o / 16 * sram.write_nj / 1000,
            "in parentheses",
        ),
        (checks.memory_energy, lambda *a: energy(*a, reads=1 / 32), "not macs / 32"),
        (checks.memory_energy, lambda *a: energy(*a, writes=2 / 16), "written once"),
        (checks.memory_energy, lambda m, o, sram: energy(o, o, sram), "not for each output"),
        (checks.memory_energy, lambda *a: energy(*a, reads=2 / 8, writes=1 / 8), "not 8"),
        (
            checks.memory_energy,
            lambda m, o, sram: (2 * m / 16 + o / 16) * sram.leakage_mw / 1000,
            "not the leakage",
        ),
        (checks.memory_energy, lambda *a: energy(*a, unit=0.001), "do not multiply"),
        (checks.memory_energy, lambda m, o, sram: 2 * m / 16 * sram.read / 1000, "the name behind the dot"),
        (checks.memory_energy, lambda m, o, sram: ... * sram.read_nj, "still open"),
        (checks.section_starts, lambda sizes, p: starts([*sizes, 0], p)[1:], "before `position` moves"),
        (checks.section_starts, lambda sizes, p: starts(sizes, p, lambda s: s), "filled up"),
        (checks.section_starts, lambda sizes, p: starts(sizes, p, lambda s: s // 4 * 4), "not down"),
        (checks.section_starts, lambda sizes, p: starts(sizes, p, lambda s: s // 4 * 4 + 4), "as it is"),
        (checks.section_starts, lambda sizes, p: starts(sizes, 0), "not at 0"),
        (checks.section_starts, lambda sizes, p: [p] * len(sizes), "move `position` on"),
        (checks.section_starts, lambda sizes, p: [p, *(-(-s // 4) * 4 for s in sizes[:-1])], "+="),
        (checks.section_starts, lambda sizes, p: starts(sizes, p, lambda s: -(-s // 4)), "without the 4"),
        (checks.memory_energy, lambda *a: energy(*a, unit=1), "nanojoules"),
        (checks.memory_energy, lambda *a: energy(*a, unit=1e6), "millijoules"),
        (checks.memory_energy, lambda *a: energy(*a, reads=1 / 16), "two reads"),
        (checks.memory_energy, lambda *a: energy(*a, reads=2), "divide the reads"),
        (checks.memory_energy, lambda *a: energy(*a, writes=1), "divide the writes"),
        (checks.memory_energy, lambda *a: energy(*a, reads=2, writes=1), "divide by 16"),
        (checks.memory_energy, lambda *a: energy(*a, writes=0), "outputs are written"),
        (checks.memory_energy, lambda m, o, sram: energy(m, m, sram), "stays in a register"),
        (checks.memory_energy, lambda *a: energy(*a, reads=0), "are read, too"),
        (
            checks.memory_energy,
            lambda m, o, sram: (2 * m / 16 * sram.write_nj + o / 16 * sram.read_nj) / 1000,
            "changed places",
        ),
        (
            checks.memory_energy,
            lambda m, o, sram: (2 * m / 16 + o / 16) * sram.read_nj / 1000,
            "each with its own energy",
        ),
    ],
)
def test_mistakes_are_recognised(check, function, text: str) -> None:
    says(text, check, function)


def test_the_energy_of_the_first_convolution_is_the_published_one(capsys: pytest.CaptureFixture) -> None:
    checks.memory_energy(energy)
    assert "8.23 µJ" in capsys.readouterr().out


def test_a_half_may_go_either_way() -> None:
    """NumPy rounds halves to even, the converter away from zero: both are right."""

    def away(weights):
        scales = integers(weights)[1]
        return (np.sign(weights) * np.floor(np.abs(weights / scales) + 0.5)).astype(np.int8), scales

    checks.quantize_channels(away)


def test_a_loop_whose_body_is_open_is_still_open() -> None:
    def section_starts(sizes: list[int], position: int) -> list[int]:
        found: list[int] = []
        for _ in sizes:
            ...
        return found

    says("still open", checks.section_starts, section_starts)
