"""What a network costs: instructions on emulated cores, time on this computer, bytes.

- `targets`: the emulated cores, their compilers and their emulators
- `emulator`: run a network on one and count its instructions, operator by operator
- `cycles`: an estimate of the cycles of a Cortex-M4 or M0+, from the timings that ARM publishes
- `host`: run a network on this computer and time it, other runtimes beside it
- `harness`: the C files that run a network on given inputs
- `levels`: `optimization_levels(graph, target)` → `Levels`, what the compiler's levels cost and save
- `report`, `plot`: `bench(model, name, target)` → `Report`, the table of `aiedge bench`
- `ladder`, `pictures`: what each step saves of the SRAM, and what fits a board
- `description`, `summary`: a model as a page of text, what it costs wherever it runs
- `runtimes`: one model on every runtime that this computer has

The C sources are in `c`; the cores' start-up code is in `bsp`, which PlatformIO's platforms use, too. An emulator
counts instructions exactly and knows nothing of time: no such figure, and no estimate, is a measurement on a board.
"""

from aiedge.cost.description import describe, memory_lines
from aiedge.cost.emulator import Count, count, count_instructions, instructions
from aiedge.cost.levels import Level, Levels, optimization_levels
from aiedge.cost.report import Report, Row, bench
from aiedge.cost.targets import TARGETS, Target

__all__ = [
    "TARGETS",
    "Count",
    "Level",
    "Levels",
    "Report",
    "Row",
    "Target",
    "bench",
    "count",
    "count_instructions",
    "describe",
    "instructions",
    "memory_lines",
    "optimization_levels",
]
