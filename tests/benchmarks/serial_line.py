"""Measure the serial line between this computer and the stand-in board: goodput, frames, CPU time.

    python -m tests.benchmarks.serial_line                    a small network with 3072-byte inputs, all lines
    python -m tests.benchmarks.serial_line --images 500 --lines clean,noise
    python -m tests.benchmarks.serial_line MODEL --width 96   another model of square RGB images

The board is the firmware built for this computer; paced lines carry 10 bits a byte at 115200 baud. Goodput is payload
divided by what the line could have carried in the time. The answers are compared with the model's on this computer.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np

from aiedge import tflite
from aiedge.board import UNPACED, Board, FaultyTransport, PacedTransport, SerialTransport, StandIn
from aiedge.errors import exit_cleanly
from aiedge.paths import REPO
from tests.support.firmware import BUILDS, HERE, firmware

MODEL = REPO / "tests/golden/cifar_cnn_25_51_76.tflite"
BAUD = 115200
LINES = {  # baud (0: as fast as it goes), share of spoiled bytes
    "clean": (0, 0.0),
    "noise": (0, 0.01),
    "paced": (BAUD, 0.0),
    "paced-noise": (BAUD, 0.01),
}


def measure(program: Path, images: np.ndarray, expected: np.ndarray, baud: int, noise: float) -> list[str]:
    """One row of the table."""
    with StandIn(program) as stand_in:
        line = SerialTransport(stand_in.port)
        if baud:
            line = PacedTransport(line, baud)
        if noise:
            line = FaultyTransport(line, noise, seed=1)
        with Board(line, baud or UNPACED) as board:
            board.hello()
            start, cpu = time.monotonic(), time.process_time()
            outputs = [output for output, _ in board.infer_all(image.tobytes() for image in images)]
            seconds, cpu = time.monotonic() - start, time.process_time() - cpu
            wrong = sum(output != right.tobytes() for output, right in zip(outputs, expected, strict=True))
            goodput = f"{board.payload_bytes / (seconds * baud / 10):.1%}" if baud else "-"
            return [
                str(len(images)),
                str(wrong),
                f"{seconds:.1f} s",
                f"{cpu:.1f} s",
                goodput,
                f"{board.payload_bytes / board.bytes_sent:.1%}",
                str(board.frame_payload),
                f"{board.damage_rate:.2%}",
                str(board.retries),
            ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", nargs="?", type=Path, default=MODEL)
    parser.add_argument(
        "--width", type=int, default=32, help="of the square RGB images (default: %(default)s)"
    )
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--lines", default=",".join(LINES), help="default: %(default)s")
    parser.add_argument("--program", type=Path, help="firmware that was built before")
    options = parser.parse_args()
    model = tflite.load_model(options.model)
    rng = np.random.default_rng(1)
    shape = (options.images, options.width, options.width, 3)
    images = rng.integers(-128, 128, shape).astype(np.int8)
    expected = tflite.run_tflm(model, images)
    program = options.program or firmware(
        *BUILDS["gcc-release"], HERE / "cpp/images.cpp", options.model, [f"-DWIDTH={options.width}"]
    )
    print("line         images  wrong  time  CPU here  goodput  payload/sent  piece  damaged  repeated")
    for name in options.lines.split(","):
        print("  ".join([f"{name:11}", *measure(program, images, expected, *LINES[name])]), flush=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"CPU of the stand-ins, and of the compiler: {used.ru_utime + used.ru_stime:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
