"""A stand-in board: the firmware built for this computer, behind a port of its own."""

import atexit
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

from aiedge.board.line.log import Unfinished, find_todo
from aiedge.board.line.requests import Ended
from aiedge.errors import UserError

_START_TIMEOUT = 10.0  # s
_STOP_TIMEOUT = 2.0  # s
_STOPPED = 2  # exit status of firmware that says why it cannot go on
_UNFINISHED = 3  # exit status of firmware that stops at a TODO


class StandIn:
    """Runs a program built for `host` as a board; a context manager that stops it.

    `port` is what to open: a pseudo-terminal, or with `tcp` (always on Windows, which has none) a `socket://` URL.
    `log` gets the lines that the program prints beside the port. The program stops at the end of the `with` block,
    at `stop()` and when Python ends, even if it is killed. Raises `UserError` if the program cannot be started or says
    no port.
    """

    def __init__(
        self,
        program: str | Path,
        tcp: bool = os.name == "nt",
        log: Callable[[str], None] = lambda line: None,
    ):
        self.port = ""
        self._program = str(program)
        self._log = log
        self._lines: list[str] = []
        self._listening = threading.Event()
        self._stopped = False
        line = ("--tcp", "0") if tcp else ("--pty",)
        try:
            self._process = subprocess.Popen(
                [self._program, "--leashed", *line],
                stdin=subprocess.PIPE,  # it closes when this process ends, by whatever signal
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise UserError(f"cannot start {program}: {error.strerror}", "build it again") from error
        atexit.register(self.stop)
        self._reader = threading.Thread(target=self._read_lines, daemon=True)
        self._reader.start()
        if not self._listening.wait(_START_TIMEOUT) or not self.port:
            reason = self.failure()
            self.stop()
            raise reason or UserError(f"{program} does not say where it listens", "build it for host")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # The port of a program that ended has vanished, or is silent: say why instead.
        reason = self.failure() if isinstance(error, UserError) else None
        self.stop()
        if reason:
            raise reason from error

    def stop(self) -> None:
        """End the program, by force if need be."""
        atexit.unregister(self.stop)
        if self._process.poll() is None:
            self._stopped = True
            self._process.terminate()
            try:
                self._process.wait(_STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        self._reader.join(_STOP_TIMEOUT)

    def failure(self) -> UserError | None:
        """Why the program ended by itself, from what it printed last; None while it runs or after `stop()`."""
        try:
            status = self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            return None
        if self._stopped:
            return None
        self._reader.join(_STOP_TIMEOUT)
        # It named the reason on the port, which went away with the program.
        said = self._say_again() if status in (_STOPPED, _UNFINISHED) else ""
        if todo := find_todo(said):
            return Unfinished(todo)
        if reason := re.search(r"^error: (.+)\nhint: (.+)$", said, re.MULTILINE):
            return UserError(f"the firmware stopped: {reason[1]}", reason[2])
        end = (
            f"was ended by {signal.Signals(-status).name}"
            if status < 0
            else f"ended with exit status {status}"
        )
        hint = f"it printed last: {self._lines[-1]}" if self._lines else f"run it alone: {self._program}"
        kind = UserError if status else Ended
        return kind(f"the firmware {end}", hint)

    def _say_again(self) -> str:
        """What the program prints without a port."""
        try:
            run = subprocess.run(
                [self._program], stdin=subprocess.DEVNULL, capture_output=True, timeout=_START_TIMEOUT
            )
        except subprocess.TimeoutExpired:
            return ""
        return run.stdout.decode(errors="replace").replace("\r\n", "\n")

    def _read_lines(self) -> None:
        for raw in self._process.stdout or ():
            line = raw.decode(errors="replace").rstrip()
            if not self.port and (match := re.match(r"listening on (\S+)", line)):
                self.port = match.group(1)
                self._listening.set()
                continue
            self._lines.append(line)
            self._log(line)
        self._listening.set()
