"""Two results of a project side by side: what got better, and which answers changed."""

from pathlib import Path

import numpy as np

from aiedge.benchmark import store
from aiedge.benchmark.result import BenchmarkResult
from aiedge.errors import UserError

_LONGEST_LIST = 12


def latest(folder: Path, project: str) -> Path | None:
    """The project's newest result in a folder that can be read."""
    for path in reversed(store.find(folder, project)):
        try:
            store.read(path)
        except UserError:
            continue
        return path
    return None


def compare(new: BenchmarkResult, old: BenchmarkResult, name: str) -> str:
    """Lines that tell how `new` differs from `old`, the result called `name`."""
    lines = [f"compared with {name}, {old.started[:16].replace('T', ' ')}"]
    a, b = old.setting, new.setting
    differ = [
        f"{what} {before} → {after}"
        for what, before, after in (
            ("type", a.variant, b.variant),
            ("runtime", a.runtime, b.runtime),
            ("model", a.model_sha256[:12], b.model_sha256[:12]),
            ("data", a.data_source, b.data_source),
            ("place", _place(old), _place(new)),
        )
        if before != after
    ]
    lines += [f"  {line}" for line in differ]
    before, after = float(np.median(old.times_us)), float(np.median(new.times_us))
    change = f" ({after / before - 1:+.0%})" if before else ""
    lines += [f"  median latency {before:,.0f} → {after:,.0f} µs{change}", *_answers(new, old)]
    return "\n".join(lines)


def _answers(new: BenchmarkResult, old: BenchmarkResult) -> list[str]:
    """Lines about the samples that both results have."""
    same_data = old.setting.data_source == new.setting.data_source
    _, mine, theirs = np.intersect1d(new.index, old.index, return_indices=True)
    if not same_data or not len(mine) or (new.expected[mine] != old.expected[theirs]).any():
        return [
            f"  accuracy {old.accuracy:.2%} → {new.accuracy:.2%}",
            "  answers: not compared, since the samples are others",
        ]
    expected, now, then = new.expected[mine], new.predicted[mine], old.predicted[theirs]
    before, after, changed = np.mean(then == expected), np.mean(now == expected), now != then
    better, worse = (changed & (now == expected)).sum(), (changed & (then == expected)).sum()
    places = sorted(new.index[mine][changed].tolist())
    shown = ", ".join(map(str, places[:_LONGEST_LIST])) + (" ..." if len(places) > _LONGEST_LIST else "")
    told = f", {better:,} now right, {worse:,} now wrong (samples {shown})" if places else ""
    change = f"{100 * (after - before):+.2f} points"
    return [
        f"  accuracy {before:.2%} → {after:.2%} ({change}) on the {len(mine):,} samples of both",
        f"  answers: {changed.sum():,} of {len(mine):,} changed{told}",
    ]


def _place(result: BenchmarkResult) -> str:
    return "stand-in" if result.setting.simulated else "board"
