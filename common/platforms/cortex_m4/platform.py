"""PlatformIO platform that builds the firmware for a Cortex-M4 and runs it in QEMU."""

from platformio.public import PlatformBase


class Cortex_m4Platform(PlatformBase):
    """A platform with no packages: GCC and QEMU are the system's."""

    def is_embedded(self):
        return False
