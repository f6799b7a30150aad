"""Networks as WebAssembly in one headless Chromium: plain C against the SIMD kernels, in turn, in the same page.

    python -m tests.benchmarks.web           prints it
    python -m tests.benchmarks.web --write   also renews the table of docs/results.md

All modules are compiled by the browser's optimizing compiler first; the shortest time counts. "SIMD, by the compiler"
are the plain kernels with Clang's own vectors. All answers are compared, bit by bit, with those of the reference
kernels on this computer.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from aiedge import tflite
from aiedge.errors import exit_cleanly
from aiedge.paths import REPO
from aiedge.text import markdown, renew
from aiedge.web.wasm import webassembly
from tests.support.networks import network
from tests.support.page import headless
from tests.support.wasm import expected, run_in_page

DOCUMENT = REPO / "docs/results.md"
NETWORKS = {
    "MobileNetV1-0.25, 96×96, of the car classifier": lambda: tflite.load_model(
        REPO / "carclassifier_easy/solution/carclassifier.cpp"
    ),
    "ResNet-8, 32×32": lambda: network("resnet8"),
    "cifar_cnn 25-51-76, 32×32": lambda: network("cifar_cnn_25_51_76"),
}
FLAGS = {
    "plain": ("-O3",),
    "SIMD, by the compiler": ("-O3", "-msimd128", "-DAIEDGE_REFERENCE"),
    "SIMD": ("-O3", "-msimd128"),
}
# All code is compiled for good before it runs: else a busy computer compares one compiler with another.
V8 = "js-flags=--no-liftoff"
ROUNDS, LOOPS = 120, 1  # of each module, on two inputs


def rows(window: object) -> list[tuple[str, ...]]:
    """A row for each network: bytes of the module, the shortest times in ms, plain C's by the SIMD kernels'."""
    table = []
    for name, make in NETWORKS.items():
        graph = tflite.read(make())
        x = np.random.default_rng(0).integers(-128, 128, (2, *graph.inputs[0].sample_shape), dtype=np.int8)
        modules = {kind: webassembly(graph, flags) for kind, flags in FLAGS.items()}
        outputs, best = run_in_page(window, graph, modules, x, ROUNDS, LOOPS)
        wrong = sum(int((y != expected(graph, x)).sum()) for y in outputs.values())
        times = [f"{best[kind]:.2f} ms" for kind in FLAGS]
        ratio = f"{best['plain'] / best['SIMD']:.1f}"
        table.append((name, f"{len(modules['SIMD']):,} B", *times, ratio, f"{wrong}"))
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="renew docs/results.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, headless(Path(folder), V8) as window:
        window.get("about:blank")
        window.set_script_timeout(300)
        version = window.capabilities["browserVersion"].partition(".")[0]
        head = ("network", ".wasm", *FLAGS, "plain / SIMD", "outputs that differ")
        text = markdown(head, rows(window)) + f"\nMeasured in headless Chromium {version}, one thread.\n"
    print(text)
    if options.write:
        renew(DOCUMENT, "web.py", text)
    return 0


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
