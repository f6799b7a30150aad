"""Hours of work on one stand-in board, in minutes: nothing wrong, nothing lost, memory flat.

    python -m tests.benchmarks.endurance --write    100,000 inputs, 1,000,000 frames, and their table in docs/results.md
    python -m tests.benchmarks.endurance --inputs 2000 --frames 20000

The boards are firmware built for this computer: the solved one of xormodel, whose answers are compared with the
network's in NumPy, and one of a network that takes pictures of 3,072 bytes, each sent in many frames and compared with
TensorFlow Lite Micro. A spoiled byte is another one, is lost or comes twice. A lost answer is one that did not come.
Frames and bytes are those of both directions before the line spoils them. Memory is the resident set that the system
reports, after a tenth of the run and at the end.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.board import UNPACED, Board, FaultyTransport, SerialTransport, StandIn
from aiedge.errors import exit_cleanly
from aiedge.paths import REPO
from aiedge.progress import tqdm
from aiedge.text import markdown, renew
from tests.support.firmware import BUILDS, HERE, firmware

SOLUTION = REPO / "xormodel/solution"
PICTURES = REPO / "tests/golden/cifar_cnn_25_51_76.tflite"
NOISE = 0.01
HEAD = ("line", "inputs", "frames", "bytes on the line", "spoiled", "frames sent again", "wrong", "lost")
HEAD += ("memory here", "memory of the board")


class CountedLine(FaultyTransport):
    """A faulty line that counts frames, each of which begins and ends with a zero."""

    zeros = 0

    def _spoil(self, data: bytes) -> bytes:
        self.zeros += data.count(0)
        return super()._spoil(data)

    @property
    def frames(self) -> int:
        return self.zeros // 2


def resident(pid: int | str) -> int:
    """KiB of memory that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def measure(
    program: Path, name: str, inputs: NDArray, expected: NDArray, noise: float, most: dict[str, int]
) -> list[str]:
    """One row of the table: the inputs again and again, until so many inputs were sent, or frames."""
    ((unit, goal),) = most.items()
    with StandIn(program) as stand_in:
        board_pid = stand_in._process.pid
        line = CountedLine(SerialTransport(stand_in.port), noise, seed=1)
        held: list[tuple[int, int]] = []
        counts = {"inputs": 0, "answers": 0, "wrong": 0}

        def each(bar: tqdm) -> Iterator[bytes]:
            while (done := line.frames if unit == "frames" else counts["inputs"]) < goal:
                bar.update(done - bar.n)
                if not held and done >= goal // 10:
                    held.append((resident("self"), resident(board_pid)))
                yield inputs[counts["inputs"] % len(inputs)].tobytes()
                counts["inputs"] += 1

        with Board(line, UNPACED) as board, tqdm(total=goal, desc=name, unit=f" {unit}") as bar:
            for output, _ in board.infer_all(each(bar)):
                counts["wrong"] += output != expected[counts["answers"] % len(inputs)].tobytes()
                counts["answers"] += 1
            held.append((resident("self"), resident(board_pid)))
        memory = [f"{a:,} → {b:,} KiB" for a, b in zip(*held, strict=True)]
        lost = counts["inputs"] - counts["answers"]
        figures = (counts["inputs"], line.frames, line.bytes, line.faults, board.retries)
        return [name, *(f"{figure:,}" for figure in (*figures, counts["wrong"], lost)), *memory]


def main() -> int:
    """Print the table; with --write renew what is shown of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    rng = np.random.default_rng(1)

    xor = firmware(*BUILDS["gcc-release"], SOLUTION / "main.cpp")
    graph = tflite.read(tflite.from_c_array(SOLUTION / "xormodel.cpp"))
    pairs = rng.integers(-128, 128, (10_000, 2)).astype(np.int8)
    of_pairs = (pairs, tflite.run_integer(graph, pairs))
    camera = firmware(*BUILDS["gcc-release"], HERE / "cpp/images.cpp", PICTURES, ["-DWIDTH=32"])
    images = rng.integers(-128, 128, (100, 32, 32, 3)).astype(np.int8)
    of_images = (images, tflite.run_tflm(PICTURES.read_bytes(), images))
    spoiled = f"{NOISE:.0%} of the bytes spoiled".replace("%", " %")
    table = markdown(
        HEAD,
        [
            measure(xor, "clean", *of_pairs, 0.0, {"inputs": options.inputs}),
            measure(xor, spoiled, *of_pairs, NOISE, {"inputs": options.inputs}),
            measure(camera, f"{spoiled}, pictures", *of_images, NOISE, {"frames": options.frames}),
        ],
    )
    print(table, end="")
    if options.write:
        renew(REPO / "docs/results.md", "endurance.py", table)
    return 0


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
