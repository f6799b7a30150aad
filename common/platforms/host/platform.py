"""PlatformIO platform that builds the firmware as a program for this computer."""

from platformio.public import PlatformBase


class HostPlatform(PlatformBase):
    """A platform with no packages: the compiler is the computer's own."""

    def is_embedded(self):
        return False
