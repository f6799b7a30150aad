"""What an ESP32 draws by its data sheet, and so what a time costs; no measurement."""

# ESP32 Series Datasheet (Espressif, v3.5), table "Power Consumption by Power Modes": modem-sleep, 240 MHz, two cores.
CURRENT_MA = (30.0, 68.0)
VOLTAGE = 3.3
CLOCK_HZ = 240e6
SOURCE = "30–68 mA at 3.3 V, ESP32 data sheet, radio off; without the camera"


def energy_mj(seconds: float) -> tuple[float, float]:
    """Lowest and highest energy in millijoules that an ESP32 at 240 MHz takes in this time: an estimate by data sheet.

    >>> low, high = energy_mj(1.0)
    >>> round(low), round(high)
    (99, 224)
    """
    low, high = (current * VOLTAGE * seconds for current in CURRENT_MA)
    return low, high


def cycles_s(instructions: float) -> float:
    """Seconds of so many instructions at 240 MHz, each in one clock cycle; slow memory would add to it."""
    return instructions / CLOCK_HZ
