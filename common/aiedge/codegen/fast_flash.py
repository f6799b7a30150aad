"""Which layers of the ESP32's core have their weights as int16 in flash, where these need no unpacking.

That takes one byte more a weight, and saves the more instructions the more often a layer's filters are unpacked: once
for each strip of pixels and, row by row, for each run.
"""

from collections.abc import Callable
from dataclasses import dataclass

from aiedge.codegen.operators.lx6 import Lx6Layer
from aiedge.memory import MemoryPlan, Step
from aiedge.memory.bands import Band


@dataclass(frozen=True)
class FastFlash:
    """The layers whose weights are int16.

    `layers` has for each, by its operator's index, the bytes of flash that this takes more, and `saved` about how many
    instructions fewer it takes.
    """

    layers: dict[int, int]
    saved: dict[int, int]

    @property
    def bytes(self) -> int:
        """More bytes of flash in all."""
        return sum(self.layers.values())

    def __str__(self) -> str:
        """What was chosen, for people."""
        if not self.layers:
            return "int16 weights: no layer's fit"
        names = ", ".join(map(str, sorted(self.layers)))
        return (
            f"int16 weights: of {names}, {self.bytes:,} bytes more of flash"
            f" for about {sum(self.saved.values()):,} fewer instructions"
        )


def fast_flash(
    plan: MemoryPlan, layer: Callable[[Step, Band | None, bool], Lx6Layer | None], budget: int
) -> FastFlash:
    """The layers that save the most instructions for each byte, in at most `budget` bytes; `layer` with and without."""
    bands = {place: band for section in plan.sections for place, band in section.bands.items()}
    runs = {
        place: f.count for section in plan.sections for place, f in enumerate(section.flows, section.begin)
    }
    choices = []
    for place, step in enumerate(plan.steps):
        plain, wide = (layer(step, bands.get(place), unpacked) for unpacked in (False, True))
        if plain and wide and plain.unpacked:
            saved = runs.get(place, 1) * (plain.instructions - wide.instructions)
            choices.append((saved / plain.unpacked, step.index, plain.unpacked, round(saved)))
    layers: dict[int, int] = {}
    instructions: dict[int, int] = {}
    for _, index, size, saved in sorted(choices, reverse=True):
        if sum(layers.values()) + size <= budget:
            layers[index], instructions[index] = size, saved
    return FastFlash(layers, instructions)
