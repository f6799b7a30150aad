"""What boards have: SRAM that a program may use for data, PSRAM and flash, each figure with its source.

SRAM and flash are what the linker of the board's usual core gives a program: a chip has more, of which the core takes
its part. An entry's `base` is what the kit's firmware needs of them with no network in it: `sram`, `iram` (of memory
for code), `flash`, and as `camera` the SRAM that the camera's driver needs beside that.

`kernels` names the `Core` that C is compiled for, `core` the emulated core of `aiedge.cost` that is the board's own.

An entry's `platformio` is what PlatformIO must know beside these memories of a board that it does not bring itself;
`aiedge lessons build` makes its file in `common/boards/` of both.

Beside the workshop's ESP-EYE these are the boards of published tables (Sudharsan et al.; their code's read-me,
github.com/bharathsudharsan/Train_plus_plus, says which Feather and METRO are meant).
"""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from aiedge.errors import UserError

# What compiled C is made for: it runs on every core in any case, with the same outputs, but what is for "esp32" takes
# longer and a larger arena on others.
Core = Literal["any", "esp32"]

TABLE = Path(__file__).with_name("boards.json")


@dataclass(frozen=True)
class Board:
    """A board's memories in bytes, what the kit's firmware takes of them, and for each the document that says so."""

    key: str
    name: str
    sram: int
    flash: int
    sources: dict[str, str]
    psram: int = 0
    kernels: Core = "any"
    core: str = ""
    base: dict[str, int] = field(default_factory=dict)
    platformio: dict[str, Any] = field(default_factory=dict)

    @property
    def budget(self) -> dict[str, int]:
        """Bytes of flash and of SRAM that a program may use, by name.

        >>> board("esp-eye").budget
        {'flash': 3866624, 'SRAM': 180736}
        """
        return {"flash": self.flash, "SRAM": self.sram}

    def room(self, camera: bool = False) -> dict[str, int]:
        """The same without what the kit's firmware takes, with its driver of the camera or without: the network's part.

        >>> board("esp-eye").room()
        {'flash': 3692544, 'SRAM': 166350}
        """
        sram = self.base.get("sram", 0) + (self.base.get("camera", 0) if camera else 0)
        return {"flash": self.flash - self.base.get("flash", 0), "SRAM": self.sram - sram}

    @property
    def manifest(self) -> str:
        """The board's file for PlatformIO."""
        sizes = {
            "flash_size": f"{self.flash >> 20}MB",  # Espressif's boards alone need it
            "maximum_ram_size": self.sram,
            "maximum_size": self.flash,
        }
        upload = sizes | self.platformio.get("upload", {})
        return json.dumps({"name": self.name} | self.platformio | {"upload": upload}, indent=2) + "\n"

    def __str__(self) -> str:
        psram = f", {self.psram:,} of PSRAM (slower)" if self.psram else ""
        return f"{self.name}: {self.sram:,} bytes of SRAM{psram}, {self.flash:,} of flash"


@cache
def boards() -> dict[str, Board]:
    """The boards of `boards.json` by their short names.

    >>> boards()["bluepill"].sram
    18944
    """
    entries = json.loads(TABLE.read_text())
    return {key: Board(key, **entry) for key, entry in entries.items()}


def board(key: str) -> Board:
    """The board of that short name; raises `UserError` for one that is not known."""
    if key not in boards():
        raise UserError(f"there is no board {key!r}", f"the boards are: {', '.join(boards())}")
    return boards()[key]
