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


# ESP-NN's README: milliseconds of one inference of TensorFlow Lite Micro's person detection on an ESP32 at 240 MHz.
_PERSON_DETECTION_MS = {"TFLM, plain kernels": 4084, "TFLM with ESP-NN": 380}
_PERSON_DETECTION_MACS = 7_157_888  # MobileNetV1 0.25 with two classes, 96×96 grey pixels


def published_cycles_per_mac() -> dict[str, float]:
    """Clock cycles of an ESP32 for each multiply-accumulate step of an int8 MobileNetV1 0.25, by runtime.

    From published times: github.com/espressif/esp-nn, README, person detection.

    >>> {name: round(cycles, 1) for name, cycles in published_cycles_per_mac().items()}
    {'TFLM, plain kernels': 136.9, 'TFLM with ESP-NN': 12.7}
    """
    return {
        name: milliseconds / 1000 * CLOCK_HZ / _PERSON_DETECTION_MACS
        for name, milliseconds in _PERSON_DETECTION_MS.items()
    }
