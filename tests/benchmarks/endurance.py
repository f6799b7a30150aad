"""Many inputs on one stand-in board, over a clean line and over one that spoils bytes: nothing wrong, memory flat.

    python -m tests.benchmarks.endurance                        100,000 inputs on each line
    python -m tests.benchmarks.endurance --inputs 20000

The board is the solved firmware of xormodel, built for this computer. Its answers are compared with the network's in
NumPy; a lost answer is one that did not come. Memory is the resident set that the system reports, after a tenth of the
inputs and at the end. Bytes are those of both directions.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from aiedge import tflite
from aiedge.board import UNPACED, Board, FaultyTransport, SerialTransport, StandIn
from aiedge.errors import exit_cleanly
from aiedge.paths import REPO
from aiedge.progress import tqdm
from aiedge.text import markdown
from tests.support.firmware import BUILDS, firmware

SOLUTION = REPO / "xormodel/solution"
INPUTS = 100_000
LINES = {"clean": 0.0, "1 % of the bytes spoiled": 0.01}
HEAD = ("line", "inputs", "bytes on the line", "spoiled", "frames sent again", "wrong", "lost")
HEAD += ("memory here", "memory of the board")


def resident(pid: int | str) -> int:
    """KiB of memory that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def measure(program: Path, name: str, count: int) -> list[str]:
    """One row of the table."""
    graph = tflite.read(tflite.from_c_array(SOLUTION / "xormodel.cpp"))
    inputs = np.random.default_rng(1).integers(-128, 128, (count, 2)).astype(np.int8)
    expected = tflite.run_integer(graph, inputs).ravel()
    with StandIn(program) as stand_in:
        board_pid = stand_in._process.pid
        line = FaultyTransport(SerialTransport(stand_in.port), rate=LINES[name], seed=1)
        held: list[tuple[int, int]] = []
        answers: list[int] = []

        def each() -> Iterator[bytes]:
            for number, values in enumerate(tqdm(inputs, desc=name, unit=" inputs")):
                if number == count // 10:
                    held.append((resident("self"), resident(board_pid)))
                yield values.tobytes()

        with Board(line, UNPACED) as board:
            for output, _ in board.infer_all(each()):
                answers.append(int(np.frombuffer(output, np.int8)[0]))
            held.append((resident("self"), resident(board_pid)))
        memory = [f"{a:,} → {b:,} KiB" for a, b in zip(*held, strict=True)]
        wrong = sum(a != b for a, b in zip(answers, expected, strict=False))
        figures = (count, line.bytes, line.faults, board.retries, wrong, count - len(answers))
        return [name, *(f"{figure:,}" for figure in figures), *memory]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=INPUTS)
    options = parser.parse_args()
    program = firmware(*BUILDS["gcc-release"], SOLUTION / "main.cpp")
    print(markdown(HEAD, [measure(program, name, options.inputs) for name in LINES]), end="")
    return 0


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
