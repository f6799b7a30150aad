"""Measure the kernels for the ESP32's core on whole networks: instructions, memory, code, agreement with TFLM.

    python -m tests.benchmarks.esp32                prints the table
    python -m tests.benchmarks.esp32 --inputs 100   compares on 100 random inputs instead of 1,000
    python -m tests.benchmarks.esp32 --write        also renews the table in docs/results.md

Needs the tflite-micro wheel (Linux on x86-64), the tools of the target esp32 and, for the networks, TensorFlow at the
first run. Instructions are counted on the emulated core, not measured on a board, and of one inference; the other
inputs are compared in the same C on this computer, where the kernels are C, too.
"""

import argparse
import sys

import numpy as np
from tqdm import tqdm

from aiedge import CompiledModel, tflite
from aiedge.codegen import CSource, footprint, generate
from aiedge.cost import TARGETS, count_instructions
from aiedge.cost.harness import random_inputs
from aiedge.errors import UserError, exit_cleanly
from aiedge.paths import REPO
from aiedge.text import markdown, renew
from tests.benchmarks.engine import NAMES
from tests.support.judged import within
from tests.support.networks import trained

ESP32 = TARGETS["esp32"]
# Instructions a MAC that each network is to reach with int8 and with int16 weights, and for all of them what rows may
# take more, and bytes of code.
MOST = {
    "mobilenet_v1": (1.55, 1.46),
    "cifar_cnn_32_64_128": (1.30, 1.30),
    "cifar_cnn_25_51_76": (1.40, 1.40),
    "resnet8": (1.25, 1.25),
    "cifar_tiny": (1.60, 1.60),
}
MOST_EXTRA, MOST_CODE = 0.10, 8192
FLASH = 1 << 20  # bytes more for int16 weights: of all layers that can have them
HEAD = (
    "network",
    "instructions per MAC, ESP32's core (emulated)",
    "by rows",
    "int16 weights",
    "more flash for these",
    "arena (of any core)",
    "by rows: arena",
    "code, -O2",
    "differing values",
)


def sources(graph: tflite.Graph) -> list[CSource]:
    """The network on whole maps and by rows, for the core and for any."""
    return [
        generate(graph, "net", stream, core=core) for core in ("esp32", "any") for stream in (False, True)
    ]


def sizes(graph: tflite.Graph) -> tuple[str, ...]:
    """The columns that nothing has to run for."""
    whole, streamed, any_whole, any_streamed = sources(graph)
    code = footprint(whole, ESP32.compiler, "-O2", ESP32.assembler)
    assert code
    return (
        f"{whole.plan.arena_bytes:,} B ({any_whole.plan.arena_bytes:,})",
        f"{streamed.plan.arena_bytes:,} B ({any_streamed.plan.arena_bytes:,})",
        within(f"{code.code:,} B", code.code, MOST_CODE),
    )


def counted(name: str, graph: tflite.Graph) -> tuple[str, ...]:
    """Instructions a MAC on whole maps, how many more by rows, and what int16 weights make of them and take."""
    inputs = random_inputs(graph, 1)
    fast = generate(graph, "net", core="esp32", flash=FLASH)
    made = (*sources(graph)[:2], fast)
    whole, streamed, wide = (count_instructions(graph, source, ESP32, inputs) for source in made)
    expected = CompiledModel(graph).predict(np.stack([x for (x,) in inputs]))
    for count in (whole, streamed, wide):
        np.testing.assert_array_equal(count.outputs[0], expected)
    (per_mac, most), (per_mac_wide, most_wide) = (
        (count.total / graph.macs, limit) for count, limit in zip((whole, wide), MOST[name], strict=True)
    )
    extra = streamed.total / whole.total - 1
    return (
        within(f"{per_mac:.2f}", per_mac, most),
        within(f"{extra:+.1%}", extra, MOST_EXTRA),
        within(f"{per_mac_wide:.2f}", per_mac_wide, most_wide),
        f"{fast.wide.bytes:,} B",
    )


def differing(model: bytes, count: int) -> str:
    """How many of the output values for `count` random inputs differ from TFLM's.

    On whole maps with int8 weights, and by rows with int16 ones.
    """
    ways = [
        CompiledModel(model, stream=stream, core="esp32", flash=FLASH * stream) for stream in (False, True)
    ]
    rng, wrong, total = np.random.default_rng(0), 0, 0
    for start in tqdm(range(0, count, 50), unit="×50 inputs", leave=False):
        shape = (min(50, count - start), *ways[0].inputs[0].sample_shape)
        x = rng.integers(-128, 128, shape, np.int8)
        expected = tflite.run_tflm(model, x)
        wrong += sum(int(np.count_nonzero(way.predict(x) != expected)) for way in ways)
        total += len(ways) * expected.size
    return f"{wrong} of {total:,}"


def main() -> None:
    """Print the table; with --write renew it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if not tflite.has_tflm():
        raise UserError("the tflite-micro wheel is missing", "it exists for Linux on x86-64 only")
    rows = []
    for name in MOST:
        model = trained(name)
        graph = tflite.read(model)
        title = NAMES.get(name, "CIFAR, small residual network")
        rows.append((title, *counted(name, graph), *sizes(graph), differing(model, options.inputs)))
        print(rows[-1])
    table = markdown(HEAD, rows)
    print(table, end="")
    print("Bold: misses its target.")
    if options.write:
        renew(REPO / "docs/results.md", "esp32.py", table)


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
