"""MicroPython's raw REPL: copy files to a board, run code there, read back what it prints and writes."""

import ast
import time
from typing import Self

from aiedge.board.line.protocol import BASE_BAUD
from aiedge.board.line.transport import SerialTransport, Transport
from aiedge.errors import UserError

INTERRUPT, RAW, RUN, LEAVE = b"\x03", b"\x01", b"\x04", b"\x02"
_BANNER = b"raw REPL; CTRL-B to exit\r\n>"
_TRIES = 5
_ENTER_S = 2.0  # for the banner
_ACCEPT_S = 30.0  # for the compiler
_PIECE = 64  # bytes of a file in one line of code
_STEP_S = 0.1


class RawRepl:
    """A board that waits for Python at the other end of a line; a context manager that leaves it as it was.

    `port` is a port's name, a URL, or an open `Transport`; `burst` bytes are written at a time, then `pause` seconds
    nothing, for boards that keep few bytes. Raises `UserError` where nothing there speaks MicroPython, where the code
    fails, and where the board vanishes or keeps silent.
    """

    def __init__(self, port: str | Transport, baud: int = BASE_BAUD, burst: int = 256, pause: float = 0.01):
        self.bytes_sent = 0
        self._line = SerialTransport(port, baud) if isinstance(port, str) else port
        self._burst, self._pause = burst, pause
        self._came = b""
        try:
            self._enter()
        except BaseException:
            self._line.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the raw REPL and give the port back."""
        try:
            self._write(LEAVE)
        finally:
            self._line.close()

    @property
    def name(self) -> str:
        """The line's name."""
        return self._line.name

    def run(self, code: str, timeout: float = 60.0) -> str:
        """What the code prints, which is executed in the module `__main__`; at most `timeout` seconds long.

        Raises `UserError` with the last line of the traceback where it fails.
        """
        self._write(code.encode() + RUN)
        if self._until(b"OK", _ACCEPT_S) is None:
            raise self._silent()
        printed = self._until(RUN, timeout)
        failed = self._until(RUN + b">", _ACCEPT_S) if printed is not None else None
        if printed is None or failed is None:
            raise self._silent()
        if failed.strip():
            raise Failed(failed.decode(errors="replace").strip().splitlines()[-1], code)
        return printed.decode(errors="replace").replace("\r\n", "\n")

    def value(self, expression: str, timeout: float = 60.0) -> object:
        """An expression's value: a number, a string, bytes, or lists and tuples of such."""
        said = self.run(f"print(repr({expression}))", timeout)
        try:
            return ast.literal_eval(said.strip())
        except (SyntaxError, ValueError):
            raise UserError(f"{self.name} said {said.strip()[:80]!r}", "start the board anew") from None

    def free(self) -> int:
        """Bytes of the heap that are free."""
        self.run("import gc\ngc.collect()")
        return int(str(self.value("gc.mem_free()")))

    def copy(self, data: bytes, name: str) -> None:
        """Write a file on the board."""
        self.run(f"f = open({name!r}, 'wb')")
        for start in range(0, len(data), _PIECE):
            self.run(f"n = f.write({data[start : start + _PIECE]!r})")
        self.run("f.close()")

    def read(self, name: str) -> bytes:
        """The bytes of a file on the board."""
        self.run(f"f = open({name!r}, 'rb')")
        pieces: list[bytes] = []
        while piece := self.value(f"f.read({_PIECE})"):
            assert isinstance(piece, bytes)
            pieces.append(piece)
        self.run("f.close()")
        return b"".join(pieces)

    def _enter(self) -> None:
        """Stop what runs, and enter the raw REPL."""
        for _ in range(_TRIES):
            self._came = b""
            # Twice, since the first may end a line that was begun.
            self._write(b"\r" + INTERRUPT + INTERRUPT + RAW)
            if self._until(_BANNER, _ENTER_S) is not None:
                return
        raise UserError(
            f"nothing on {self.name} speaks MicroPython",
            "flash MicroPython for the board, close other programs that have its port open, and press its reset button",
        )

    def _until(self, mark: bytes, timeout: float) -> bytes | None:
        """What comes before the mark; None where it does not come in time."""
        end = time.monotonic() + timeout
        while mark not in self._came:
            left = end - time.monotonic()
            if left <= 0:
                return None
            self._came += self._line.read(min(left, _STEP_S))
        before, _, self._came = self._came.partition(mark)
        return before

    def _write(self, data: bytes) -> None:
        for start in range(0, len(data), self._burst):
            self._line.write(data[start : start + self._burst])
            if self._pause:
                time.sleep(self._pause)
        self.bytes_sent += len(data)

    def _silent(self) -> UserError:
        return UserError(
            f"MicroPython on {self.name} does not answer", "press the board's reset button and start over"
        )


class Failed(UserError):
    """Code that the board could not run: `reason` is the last line of its traceback."""

    def __init__(self, reason: str, code: str):
        begin = next((line for line in code.splitlines() if line.strip()), "")
        super().__init__(f"MicroPython stopped with {reason}", f"the code began with {begin[:60]!r}")
        self.reason = reason
