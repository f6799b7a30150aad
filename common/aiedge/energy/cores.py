"""What a cycle of a core costs on the board that has it, by the chip's data sheet; no measurement."""

from dataclasses import dataclass

from aiedge.energy import esp32
from aiedge.errors import UserError


@dataclass(frozen=True)
class Chip:
    """A chip as its board runs it: clock in Hz, supply in volts, and the lowest and highest milliamperes."""

    name: str
    clock_hz: float
    volts: float
    milliamperes: tuple[float, float]
    source: str


_PICO = 125 / 48  # its clock, in that of the data sheet's figures
# By the emulated core's name.
CHIPS = {
    "cortex-m0plus": Chip(
        "RP2040 (Raspberry Pi Pico)",
        125e6,
        3.3,
        (9.0 * _PICO, 10.9 * _PICO),
        "9.0–10.9 mA of the core's supply at 48 MHz, and in proportion at 125 MHz, taken from 3.3 V: RP2040 datasheet, "
        "Power Consumption, BOOTSEL idle and Popcorn, typical",
    ),
    "cortex-m4": Chip(
        "nRF52840 (Arduino Nano 33 BLE)",
        64e6,
        3.0,
        (3.3, 6.3),
        "3.3–6.3 mA at 64 MHz and 3 V, from flash, by DC/DC converter or LDO: nRF52840 Product Specification, CPU",
    ),
    "esp32": Chip("ESP32", esp32.CLOCK_HZ, esp32.VOLTAGE, esp32.CURRENT_MA, esp32.SOURCE),
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
    found = chip(core)
    low, high = (each * found.volts * milliseconds(core, cycles) for each in found.milliamperes)
    return low, high
