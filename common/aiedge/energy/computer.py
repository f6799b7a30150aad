"""Time and energy of one inference on this computer: measured by its processor's energy counter, or estimated."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen import CompiledModel
from aiedge.cost.harness import random_inputs
from aiedge.cost.host import FLAGS
from aiedge.errors import UserError

POWERCAP = Path("/sys/class/powercap")
ASSUMED_W = 15.0  # what a laptop's processor is commonly rated for (TDP)
BATCH_S = 0.05  # the counter moves about once in a millisecond, so one inference is too short for it
BATCHES = 10
MOST_RUNS = 1000  # of single inferences

T = TypeVar("T")


@dataclass(frozen=True)
class ComputerEnergy:
    """One inference: milliseconds, µJ and W, means and standard deviations, and where the energy comes from.

    Times are of single inferences, `fastest_ms` is the least of them; energies are of batches of inferences, divided.
    """

    ms: float
    ms_sd: float
    fastest_ms: float
    uj: float
    uj_sd: float
    watts: float
    source: str
    measured: bool

    def __str__(self) -> str:
        mark = "" if self.measured else ", estimated"
        return (
            f"{self.ms:.3f} ± {self.ms_sd:.3f} ms (fastest {self.fastest_ms:.3f}), "
            f"{self.uj:.1f} ± {self.uj_sd:.1f} µJ{mark}, {self.watts:.3f} W ({self.source})"
        )


class Rapl:
    """The energy counters of this computer's processors, as Linux shows them (Intel's RAPL, AMD's, too).

    Raises `UserError` where there are none, or where they are for the administrator only.
    """

    def __init__(self, folder: Path = POWERCAP):
        # A zone "intel-rapl:0" is a processor, "intel-rapl:0:1" a part of it.
        zones = sorted(zone for zone in folder.glob("intel-rapl:*") if zone.name.count(":") == 1)
        self._files = [zone / "energy_uj" for zone in zones]
        if not self._files:
            raise UserError("this computer shows no energy counter", f"on Linux it would lie in {folder}")
        try:
            self._ranges = [int((zone / "max_energy_range_uj").read_text()) for zone in zones]
            self._read()
        except (OSError, ValueError) as error:
            hint = f"sudo chmod a+r {folder}/*/energy_uj lets everyone read it until the next start"
            raise UserError(f"the energy counter cannot be read: {error}", hint) from error

    def _read(self) -> list[int]:
        return [int(path.read_text()) for path in self._files]

    def spent_uj(self, work: Callable[[], T]) -> tuple[float, T]:
        """µJ that all processors take while `work` runs, and its result; a counter may start again at 0 once."""
        before = self._read()
        result = work()
        after = self._read()
        spent = ((b - a) % (size + 1) for a, b, size in zip(before, after, self._ranges, strict=True))
        return float(sum(spent)), result


def measure(
    model: str | Path | bytes, runs: int = 200, folder: Path = POWERCAP, assumed_w: float = ASSUMED_W
) -> ComputerEnergy:
    """Time and energy of single inferences of a model, compiled for this computer, on a random input.

    Where the energy counter cannot be read, the energy is `assumed_w` times the time, and labelled so. A counter sees
    the whole processor, so whatever else the computer does is in its figure.
    """
    if not 2 <= runs <= MOST_RUNS:
        raise UserError(f"{runs} runs", f"choose 2 to {MOST_RUNS:,}")
    compiled = CompiledModel(model, FLAGS)
    for i, values in enumerate(random_inputs(compiled.graph, 1)[0]):
        compiled.set_input(values, i)
    compiled.invoke()
    seconds = np.array([_timed(compiled.invoke) for _ in range(runs)])
    ms, ms_sd, fastest = (1e3 * float(x) for x in (seconds.mean(), seconds.std(ddof=1), seconds.min()))
    try:
        microjoules, watts = _batches(compiled, Rapl(folder), max(1, round(BATCH_S / seconds.mean())))
    except UserError as error:
        source = f"{assumed_w:g} W assumed, a laptop processor's usual rating: {error.message}"
        uj, uj_sd = 1e3 * assumed_w * ms, 1e3 * assumed_w * ms_sd
        return ComputerEnergy(ms, ms_sd, fastest, uj, uj_sd, assumed_w, source, measured=False)
    uj, uj_sd = float(microjoules.mean()), float(microjoules.std(ddof=1))
    return ComputerEnergy(ms, ms_sd, fastest, uj, uj_sd, watts, "RAPL, the whole processor", measured=True)


def _batches(compiled: CompiledModel, counter: Rapl, count: int) -> tuple[NDArray[np.float64], float]:
    """µJ of an inference in each batch, and the mean power."""

    def batch() -> None:
        for _ in range(count):
            compiled.invoke()

    spent = [counter.spent_uj(lambda: _timed(batch)) for _ in range(BATCHES)]
    microjoules, seconds = np.array(spent).T
    if not microjoules.any():
        raise UserError("the energy counter stands still", "a virtual machine's may")
    return microjoules / count, float(microjoules.sum() / 1e6 / seconds.sum())


def _timed(work: Callable[[], None]) -> float:
    """Seconds that it takes."""
    start = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - start) / 1e9
