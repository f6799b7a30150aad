"""One firmware as a super-loop, with polling, by an interrupt and as tasks: what each does to a sensor's samples.

- `c`: the firmware, a kernel of our own, and what lies between them and a board
- `ways`: builds and runs the firmware each way on the emulated Cortex-M4
- `esp_eye`: the same firmware as a project for the ESP-EYE
- `command`: `aiedge rtos`
"""

from aiedge.rtos.ways import WAYS, Measured, Way, measure, measure_all

__all__ = ["WAYS", "Measured", "Way", "measure", "measure_all"]
