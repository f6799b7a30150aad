"""Reads and writes of the SRAM during an inference, and their energy.

A layer of `macs` multiply-accumulate steps reads one input and one weight for each step; with words of `width` values
(16 int8 in a line of 128 bits) that is 2 · macs / width reads, and outputs / width writes. Sums stay in a register
(output-stationary), so they cost nothing.
"""

from dataclasses import dataclass

from aiedge.tflite.graph import Operator

WIDTH = 16  # int8 values in a line of 128 bits


@dataclass(frozen=True)
class SramParameters:
    """Energy of one read and one write in nJ, leakage in mW, and where these come from."""

    read_nj: float
    write_nj: float
    leakage_mw: float
    source: str


CACTI_45NM_128KB = SramParameters(0.0919, 0.1815, 65.41, "CACTI 7.0, 45 nm, SRAM of 128 KB")


@dataclass(frozen=True)
class Accesses:
    """Reads and writes of the SRAM, in words; a last word that is not full counts as its part."""

    reads: float
    writes: float

    def __add__(self, other: "Accesses") -> "Accesses":
        return Accesses(self.reads + other.reads, self.writes + other.writes)

    def energy_uj(self, sram: SramParameters = CACTI_45NM_128KB, seconds: float = 0.0) -> float:
        """Energy in µJ: reads · read + writes · write, and what leaks away in so many seconds.

        >>> round(Accesses(reads=86_400, writes=1_600).energy_uj(), 2)
        8.23
        """
        return (
            self.reads * sram.read_nj + self.writes * sram.write_nj
        ) / 1e3 + sram.leakage_mw * seconds * 1e3


def counted(macs: int, outputs: int, width: int = WIDTH) -> Accesses:
    """The accesses of a layer by its steps and its output values."""
    return Accesses(2 * macs / width, outputs / width)


def accesses(operator: Operator, width: int = WIDTH) -> Accesses:
    """The accesses of one operator. One without multiplications reads each input value once; RESHAPE reads nothing."""
    if operator.kind == "RESHAPE":
        return Accesses(0, 0)
    outputs = sum(tensor.elements for tensor in operator.outputs)
    if operator.macs:
        return counted(operator.macs, outputs, width)
    inputs = sum(tensor.elements for tensor in operator.inputs if tensor is not None)
    return Accesses(inputs / width, outputs / width)
