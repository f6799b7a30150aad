"""What `aiedge doctor --board` tells of a board: versions, sizes of builds, a first run, the times of layers, a log.

It is what a maintainer who has no board asks of an instructor who has one: docs/first-board.md. Nothing is written to
the board, and a firmware that lacks a part, such as the times of layers, says so in its own words.
"""

import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from aiedge.board import Board, SerialTransport, Transport, choose_port, find_ports
from aiedge.errors import UserError
from aiedge.paths import REPO, shown

RUNS = 10
COMMANDS = ("name", "profile", "memory", "layers")  # MLPerf Tiny's, and the kit's two
ANSWER_TIMEOUT = 10.0  # s
READY = "m-ready"


def report(port: str = "") -> str:
    """The whole of it, of the board on `port`, or on the one that is found. Raises `UserError` where none answers."""
    log: list[str] = []
    name = port or choose_port(find_ports(), input if sys.stdin.isatty() else None)
    line = SerialTransport(name)
    try:
        run = [*_first_run(line, log), *_commands(line)]
    finally:
        line.close()
    parts = {
        "Tools of the board": tools(REPO / ".platformio"),
        "Builds": builds(),
        f"The board on {name}": run,
        "What it printed": log,
    }
    return "\n".join(
        f"\n{title}\n" + "\n".join(f"  {text}" for text in texts) for title, texts in parts.items()
    )


def tools(core: Path) -> list[str]:
    """Versions of PlatformIO's packages for the board, as their manifests say."""
    found = []
    for manifest in sorted(core.glob("p*/*/*.json")):
        if manifest.name in ("package.json", "platform.json"):
            values = json.loads(manifest.read_text(encoding="utf-8"))
            found.append(f"{values.get('name', manifest.parent.name)} {values.get('version', '?')}")
    return found or ["none: nothing was built for a board here"]


def builds() -> list[str]:
    """The images of all firmware that was built for the board, and their bytes."""
    images = sorted(REPO.glob("*/vscode/.pio/build/esp-eye*/firmware.bin"))
    return [f"{image.stat().st_size:>9,} bytes  {shown(image)}" for image in images] or ["none"]


def _first_run(line: Transport, log: list[str]) -> Iterator[str]:
    """What the board says that it is, and its times for an input of zeros."""
    board = Board(line, log=log.append)
    info = board.hello()
    yield f"project {info.project}, runtime {info.runtime}, arena {info.arena_bytes:,} bytes"
    yield f"input {info.input_bytes:,} bytes of {info.input_type}, output {info.output_bytes:,} of {info.output_type}"
    yield f"model {info.sha256}"
    answers = list(board.infer_all([bytes(info.input_bytes)] * RUNS))
    times = [microseconds for _, microseconds in answers]
    outputs = {output for output, _ in answers}
    yield f"{RUNS} runs on zeros: {min(times):,} to {max(times):,} us, median {statistics.median(times):,.0f}"
    same = (
        f"the same each time: {answers[0][0][:32].hex(' ')}"
        if len(outputs) == 1
        else "NOT the same each time"
    )
    yield f"its output is {same}"
    yield f"{board.retries} frames sent again, {board.bad_frames} came damaged, {board.resets} resets"


def _commands(line: Transport) -> Iterator[str]:
    """The board's answers to text commands."""
    for command in COMMANDS:
        yield f"{command}%"
        yield from (f"  {text}" for text in ask(line, command))


def ask(line: Transport, command: str) -> list[str]:
    """A text command's answer in lines; raises `UserError` where none comes."""
    line.write(f"{command}%".encode())
    heard, end = b"", time.monotonic() + ANSWER_TIMEOUT
    while time.monotonic() < end:
        heard += line.read(0.1)
        # Frames are between zeros, and are no text.
        lines = [text.strip() for text in heard.decode("ascii", "replace").splitlines()]
        if READY in lines:
            return [text for text in lines[: lines.index(READY)] if text]
    raise UserError(f"the board does not answer {command}%", "reset the board and try again")
