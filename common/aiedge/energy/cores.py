"""What a cycle of a core costs on the board that has it, by the chip's data sheet; no measurement."""

from dataclasses import dataclass

from aiedge.energy import esp32
from aiedge.errors import UserError


@dataclass(frozen=True)
class Chip:
    """A chip: its clock in Hz as its board runs, and the nanojoules of one cycle, from the lowest to the highest."""

    name: str
    clock_hz: float
    nanojoules: tuple[float, float]
    source: str


def _cycle(milliamperes: tuple[float, float], volts: float, clock_hz: float) -> tuple[float, float]:
    """Nanojoules of one cycle at a current that a data sheet has for a clock."""
    low, high = (each * volts / clock_hz * 1e6 for each in milliamperes)
    return low, high


# By the emulated core's name.
CHIPS = {
    "cortex-m0plus": Chip(
        "RP2040 (Raspberry Pi Pico)",
        125e6,
        _cycle((9.0, 10.9), 3.3, 48e6),
        "9.0–10.9 mA of the core's supply at 48 MHz, taken from 3.3 V: RP2040 datasheet, Power Consumption, "
        "BOOTSEL idle and Popcorn, typical; it grows with the clock",
    ),
    "cortex-m4": Chip(
        "nRF52840 (Arduino Nano 33 BLE)",
        64e6,
        _cycle((3.3, 6.3), 3.0, 64e6),
        "3.3–6.3 mA at 64 MHz and 3 V, from flash, by DC/DC converter or LDO: nRF52840 Product Specification, CPU",
    ),
    "esp32": Chip(
        "ESP32", esp32.CLOCK_HZ, _cycle(esp32.CURRENT_MA, esp32.VOLTAGE, esp32.CLOCK_HZ), esp32.SOURCE
    ),
}


def chip(core: str) -> Chip:
    """The chip for an emulated core; raises `UserError` for one without."""
    if core not in CHIPS:
        raise UserError(
            f"there is no estimate of energy for the core {core!r}", f"there is one for {', '.join(CHIPS)}"
        )
    return CHIPS[core]


def milliseconds(core: str, cycles: float) -> float:
    """Time of so many cycles on the core's board: an estimate, for memory that never makes it wait.

    >>> milliseconds("cortex-m4", 640_000)
    10.0
    """
    return cycles / chip(core).clock_hz * 1e3


def microjoules(core: str, cycles: float) -> tuple[float, float]:
    """Lowest and highest energy of so many cycles on the core's board: an estimate by data sheet.

    >>> low, high = microjoules("cortex-m4", 640_000)
    >>> round(low), round(high)
    (99, 189)
    """
    low, high = (each * cycles / 1e3 for each in chip(core).nanojoules)
    return low, high
