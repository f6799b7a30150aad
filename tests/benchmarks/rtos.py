"""The same firmware as super-loop, interrupt and tasks beside a sensor: samples, lateness, time, flash, RAM.

    FREERTOS_KERNEL=PATH python -m tests.benchmarks.rtos            prints the tables
    FREERTOS_KERNEL=PATH python -m tests.benchmarks.rtos --write    also renews those of docs/results.md

PATH is a source tree of FreeRTOS (github.com/FreeRTOS/FreeRTOS-Kernel), without which its way is left out. All runs on
the emulated Cortex-M4, where instructions are time: the figures come out the same each time.
"""

import sys

import numpy as np

from aiedge import tflite
from aiedge.errors import Parser, UserError, exit_cleanly
from aiedge.paths import REPO
from aiedge.rtos import measure_all
from aiedge.rtos.command import HEAD, histograms, rows, switches
from aiedge.rtos.ways import freertos_folder, missing_freertos
from aiedge.text import markdown, renew

MODELS = {
    "CIFAR CNN 25-51-76": REPO / "cifar_cnn/solution/cifar_cnn.cpp",
    "XOR": REPO / "xormodel/solution/xormodel.cpp",
}


def main() -> None:
    """Print the tables; with --write renew what is shown of them."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    freertos = freertos_folder()
    if not freertos:
        if options.write:
            raise missing_freertos()
        print(UserError("left out: " + missing_freertos().message, missing_freertos().hint))
    parts = []
    for name, path in MODELS.items():
        graph = tflite.read(path)
        sample = np.random.default_rng(0).integers(-128, 128, graph.inputs[0].shape).astype(np.int8)
        results = measure_all(graph, sample, freertos)
        words = switches(results).replace("\n", "\n\n")
        parts.append(f"{name}\n\n{markdown(HEAD, rows(results))}\n{words}\n")
        if name != "XOR":
            parts.append(
                "How late its samples were taken\n\n```" + "\n".join(histograms(results)) + "\n```\n"
            )
    text = "\n".join(parts)
    print(text)
    if options.write:
        renew(REPO / "docs/results.md", "rtos.py", text)


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
