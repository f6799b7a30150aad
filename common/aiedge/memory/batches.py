"""How many rows layers make at once that run row by row, where a core's kernels take fewer instructions for several.

A filter is unpacked, and its kernel called, once for all the rows of a run, and rows that two windows share are laid
out once. That takes longer rings: of all steps, the one whose larger batch saves the most instructions for each byte
makes more rows at once, again and again, as long as there is room.
"""

from collections.abc import Mapping, Sequence

from aiedge.memory.bands import band
from aiedge.memory.lifetimes import Scratch
from aiedge.memory.sections import Sections
from aiedge.memory.steps import Step
from aiedge.memory.stream import Stream

MOST_STEPS = 30_000  # of the network, times trials: a trial lays out its section anew
# Counted instructions: to move a byte in a ring, and of a run besides its kernel.
MOVE, RUN = 0.75, 60


def batched(choice: Sections, section: Stream, scratch: Scratch, limit: int) -> Stream:
    """The section with batches of rows such that at most `limit` bytes of the arena are live while it runs."""
    if scratch.instructions is None:
        return section
    steps = [flow.step for flow in section.flows]
    together: Mapping[int, int] = {}
    trials = 0
    while True:
        size, cost = choice.peak(section, scratch), _instructions(section, scratch)
        best = 0.0
        taken = None
        for step in steps:
            trials += 1
            if trials * len(choice.run) > MOST_STEPS:
                return section
            if (larger := _larger(steps, step.index, together)) is None:
                continue
            trial = choice.section(section.begin, section.end, larger)
            if trial is None or (peak := choice.peak(trial, scratch)) > limit:
                continue
            gain = (cost - _instructions(trial, scratch)) / max(peak - size, 1)
            if gain > best:
                best, taken = gain, (trial, larger)
        if taken is None:
            return section
        section, together = taken


def _larger(run: Sequence[Step], index: int, together: Mapping[int, int]) -> dict[int, int] | None:
    """`together` with the next larger number of runs as one for the step of this index, and what follows from that.

    A step's window has to move on by whole batches of its input's rows, and its own batches have to make up the output.
    None where there is no such number.
    """
    result = dict(together)
    made: dict[int, int] = {}  # rows at a time, of each tensor
    for step in run:
        rule, rows = band(step), step.outputs[0].shape[1]
        assert rule is not None
        least = result.get(step.index, 1) + (step.index == index)
        choices = [1]
        if not rule.clipped(step, rows * rule.runs):
            choices += [n * rule.runs for n in range(1, rows + 1) if rows % n == 0]
        moves = [(made.get(i, 1), w.stride) for i, w in rule.windows.items()]
        runs = next((n for n in choices if n >= least and not any(n * s % m for m, s in moves)), 0)
        if not runs:
            return None
        result[step.index] = runs
        made[step.outputs[0].index] = rule.together(runs).made
    return result


def _instructions(section: Stream, scratch: Scratch) -> float:
    """About how many instructions the section takes."""
    assert scratch.instructions
    kernels = sum(f.count * (scratch.instructions(f.step, f.band) + RUN) for f in section.flows)
    moved = sum(
        (ring.slots - ring.group) * ring.row_bytes * ring.all_rows / ring.group
        for ring in section.rings.values()
        if not ring.passing and ring.slots > ring.group
    )
    return kernels + MOVE * moved
