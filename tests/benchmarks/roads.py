"""One network by every road to the chip: flash, RAM, instructions, lines, who maintains it, values that differ.

    python -m tests.benchmarks.roads            prints the tables
    python -m tests.benchmarks.roads --write    also renews those of docs/results.md

Needs the tflite-micro wheel, MicroPython's port to this computer (Linux on x86-64), the compiler and the emulator of
the Cortex-M4, qemu-x86_64, which counts MicroPython's instructions, and for the C as a native module MicroPython's
sources, which MICROPYTHON_DIR names. ESP-DL's quantization is stored in tests/golden, where esp-ppq made it (python -m
tests.support.espdl_reference). Nothing was measured on a board.
"""

import sys

import numpy as np
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.benchmark.roads import HEAD, roads
from aiedge.cost.runtimes import every_int8_pair
from aiedge.errors import Parser, exit_cleanly
from aiedge.paths import REPO
from aiedge.quantization import quantize
from aiedge.text import markdown, renew
from aiedge.tflite.graph import Graph
from aiedge.tflite.integer import params_of
from tests.support.espdl_reference import stored as quantization_file

PICTURES = 20


def xor_inputs(graph: Graph) -> NDArray[np.int8]:
    """Every 37th of all inputs."""
    return every_int8_pair()[::37]


def cifar_inputs(graph: Graph) -> NDArray[np.int8]:
    """The first pictures of CIFAR-10's test set."""
    from aiedge.train import datasets

    pictures = datasets.load("cifar10").test.take(PICTURES).images.astype(np.float32) / np.float32(255)
    return quantize(pictures, params_of(graph.inputs[0]), np.int8)


NETWORKS = {
    "XOR": (REPO / "xormodel/solution/xormodel.cpp", xor_inputs, "xor"),
    "CIFAR CNN 25-51-76": (REPO / "cifar_cnn/solution/cifar_cnn.cpp", cifar_inputs, "cifar_cnn"),
}


def main() -> None:
    """Print the tables; with --write renew what is shown of them."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    parts = []
    for name, (path, make, stored) in NETWORKS.items():
        graph = tflite.read(path)
        found, lacking = roads(graph, make(graph), quantization_file(stored, "esp32", 8))
        if lacking and options.write:
            raise lacking[0]
        parts.append(f"{name}, {graph.macs:,} MACs\n\n{markdown(HEAD, [road.row for road in found])}")
        print(parts[-1], flush=True)
        for error in lacking:
            print(f"left out: {error}")
    if options.write:
        renew(REPO / "docs/results.md", "roads.py", "\n".join(parts))


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
