"""PlatformIO platform that builds the firmware for a page in the browser."""

from platformio.public import PlatformBase


class BrowserPlatform(PlatformBase):
    """A platform with no packages: the compiler comes with pip."""

    def is_embedded(self):
        return False
