"""Where an inference's energy goes, and how long a battery lasts.

- `sram`: reads and writes of a network's SRAM, and their energy by a set of CACTI's parameters
- `trace`: a recorded current: the phases in which the board works, energy per inference
- `battery`: hours and inferences, running on or waking up now and then
- `esp32`: an estimate from a time, by the data sheet
- `computer`: time and energy of one inference on this computer
- `figures`, `published`: `verdicts()`, the figures of a published pipeline beside what their inputs give

`aiedge energy` shows the last.
"""

from aiedge.energy.battery import Battery, Life
from aiedge.energy.computer import ComputerEnergy, measure
from aiedge.energy.esp32 import cycles_s, published_cycles_per_mac
from aiedge.energy.published import Verdict, verdicts
from aiedge.energy.sram import CACTI_45NM_128KB, Accesses, SramParameters, accesses
from aiedge.energy.trace import Phase, PowerTrace, Work, read_trace, summarize

__all__ = [
    "CACTI_45NM_128KB",
    "Accesses",
    "Battery",
    "ComputerEnergy",
    "Life",
    "Phase",
    "PowerTrace",
    "SramParameters",
    "Verdict",
    "Work",
    "accesses",
    "cycles_s",
    "measure",
    "published_cycles_per_mac",
    "read_trace",
    "summarize",
    "verdicts",
]
