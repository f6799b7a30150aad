"""Serial ports of this computer: which there are, which one is the board, and why one cannot be opened."""

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from serial.tools import list_ports

from aiedge.errors import UserError

# USB ids of the bridges on ESP32 boards. The ESP-EYE has a CP2102.
BRIDGES = {
    "10c4:ea60": "CP2102",
    "1a86:7523": "CH340",
    "1a86:55d4": "CH9102",
    "303a:1001": "ESP32 USB",
}

NO_BOARD = "no board at hand? ./run_serial.py --simulate PROJECT --solution"

_NO_PORT_HINTS = {
    "linux": "plug the board in with a cable that carries data (many only charge) and look at `sudo dmesg`; "
    "`brltty` takes such ports away: `sudo apt remove brltty`; in WSL or a virtual machine, pass the USB device on",
    "darwin": "plug the board in with a cable that carries data (many only charge); it shows as /dev/cu.usbserial-… or "
    "/dev/cu.SLAB_USBtoUART, on old systems after installing Silicon Labs' CP210x driver",
    "win32": "plug the board in with a cable that carries data (many only charge); if the Device Manager marks a "
    "CP2102 with a question mark, install Silicon Labs' CP210x driver",
}


@dataclass(frozen=True)
class SerialPort:
    """A serial port: its name to open, what the system says about it, and its USB id (`10c4:ea60`) or ""."""

    name: str
    description: str = ""
    usb_id: str = ""

    @property
    def bridge(self) -> str:
        """Name of the USB bridge, where it is one of those that ESP32 boards have; else ""."""
        return BRIDGES.get(self.usb_id, "")

    def __str__(self) -> str:
        parts = [
            self.name,
            self.usb_id,
            self.description,
            f"<- {self.bridge}: an ESP board" if self.bridge else "",
        ]
        return "  ".join(part for part in parts if part)


def find_ports() -> list[SerialPort]:
    """Serial ports of this computer, those that look like a board first."""
    ports = []
    for info in list_ports.comports():
        usb_id = f"{info.vid:04x}:{info.pid:04x}" if info.vid is not None else ""
        description = "" if info.description in (None, "n/a") else info.description
        ports.append(SerialPort(info.device, description, usb_id))
    return sorted(ports, key=lambda port: (not port.bridge, not port.usb_id, port.name))


def choose_port(ports: Sequence[SerialPort], ask: Callable[[str], str] | None = None) -> str:
    """Name of the port to use: the only one that looks like a board, else the one picked from a list.

    `ask` shows a question and returns the answer; without it (no person at the keyboard) a choice between several
    ports is a `UserError`, as are no ports at all.
    """
    if not ports:
        raise UserError("no serial port found", _missing_hint())
    obvious = [port for port in ports if port.bridge]
    for number, port in enumerate(ports, 1):
        print(f"{number:3}  {port}")
    if len(obvious) == 1:
        return obvious[0].name
    if ask is None:
        problem = "several boards are connected" if obvious else "none of these ports looks like a board"
        raise UserError(problem, f"name one: ./run_serial.py {ports[0].name}; {NO_BOARD}")
    numbers = "1" if len(ports) == 1 else f"1-{len(ports)}"
    while True:
        try:
            answer = ask(f"which one ({numbers})? ").strip()
        except EOFError:
            raise UserError("no port chosen", f"name one: ./run_serial.py {ports[0].name}") from None
        if answer.isdecimal() and 1 <= int(answer) <= len(ports):
            return ports[int(answer) - 1].name
        if answer in {port.name for port in ports}:
            return answer


def explain(error: Exception, name: str) -> UserError:
    """The `UserError` that says why the port `name` could not be opened and what to do about it."""
    number, text = getattr(error, "errno", None), str(error)
    if "://" in name:
        hint = "start the stand-in board and copy the address that it prints: socket://127.0.0.1:PORT"
        return UserError(f"cannot reach {name}", hint)
    # pyserial on Windows gives no errno but the text of the system's error; there, "permission" means busy.
    if number == errno.ENOENT or "FileNotFoundError" in text:
        return UserError(f"there is no port {name}", _missing_hint())
    if number in (errno.EBUSY, errno.EAGAIN) or "PermissionError" in text:
        hint = "close the serial monitor (PlatformIO, Arduino, screen) or notebook that has it open"
        return UserError(f"{name} is in use by another program", hint)
    if number in (errno.EACCES, errno.EPERM):
        return UserError(f"no permission to open {name}", _permission_hint(name))
    if number in (errno.ENOTTY, errno.EINVAL, errno.EISDIR) or "configure port" in text:
        return UserError(f"{name} is not a serial port", _missing_hint())
    return UserError(f"{name} cannot be opened: {text}", "unplug the board and plug it in again")


def _missing_hint() -> str:
    names = [port.name for port in find_ports()]
    if names:
        return f"the ports here: {', '.join(names)}"
    return f"{_NO_PORT_HINTS.get(sys.platform, _NO_PORT_HINTS['linux'])}; {NO_BOARD}"


def _permission_hint(name: str) -> str:
    """How to get into the group that may use the port (`dialout` on Debian, `uucp` on Arch)."""
    group = "dialout"
    if os.name == "posix":
        import grp  # Windows has none

        with contextlib.suppress(OSError, KeyError):  # the usual name will do
            group = grp.getgrgid(os.stat(name).st_gid).gr_name
    return f"sudo usermod -aG {group} $USER, then log out and in again"
