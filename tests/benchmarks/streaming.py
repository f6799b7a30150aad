"""What it saves and costs to run layers row by row: arena, instructions, code.

    python -m tests.benchmarks.streaming                     prints the table
    python -m tests.benchmarks.streaming resnet8 nasnet      of these networks only
    python -m tests.benchmarks.streaming --target cortex-m4  on one core only
    python -m tests.benchmarks.streaming --write             also renews the table in docs/results.md

The arena of whole maps comes without the input, which the caller holds; that of rows holds what is needed of the input.
Instructions are counted on emulated cores with GCC 12.2 at -O2, not measured on a board. Outputs of a random input
must be the same to the bit. Needs the compilers and emulators of the cores, and TensorFlow at the first run, for the
networks.
"""

import argparse
import sys

import numpy as np

from aiedge import tflite
from aiedge.codegen import footprint, generate
from aiedge.cost import TARGETS, count_instructions
from aiedge.cost.harness import random_inputs
from aiedge.errors import exit_cleanly
from aiedge.memory import MemoryPlan
from aiedge.paths import REPO
from aiedge.text import markdown, renew
from tests.support.judged import within
from tests.support.networks import network

NAMES = {
    "mobilenet_v1": "MobileNetV1-0.25, 96×96×3",
    "cifar_cnn_25_51_76": "CIFAR CNN 25-51-76",
    "cifar_cnn_32_64_128": "CIFAR CNN 32-64-128",
    "cifar_tiny": "the small residual network for CIFAR-10",
    "resnet8": "ResNet-8",
    "mobilenet_v2": "MobileNetV2-0.35, 96×96×3",
}
# Bytes of the arena at most.
TARGET_BYTES = {"mobilenet_v1": 20_480, "cifar_cnn_25_51_76": 4_096, "cifar_tiny": 16_384}
MOST_EXTRA = 0.05  # instructions
RUNS = 1


def row(name: str, targets: list[str]) -> tuple[str, ...]:
    """A network's row of the table."""
    graph = tflite.read(network(name))
    inputs = random_inputs(graph, RUNS)
    whole, streamed = (generate(graph, "net", stream) for stream in (False, True))
    extra = []
    for target in targets:
        before, after = (count_instructions(graph, s, TARGETS[target], inputs) for s in (whole, streamed))
        for a, b in zip(before.outputs, after.outputs, strict=True):
            np.testing.assert_array_equal(a, b)
        ratio = after.total / before.total - 1
        extra.append(within(f"{ratio:+.2%} ({after.total:,})", ratio, MOST_EXTRA))
    sizes = [footprint(source, optimize="-Os") for source in (whole, streamed)]
    return (
        NAMES.get(name, name),
        *planned(name, graph, whole.plan, streamed.plan),
        *extra,
        " → ".join(f"{size.code:,} B" for size in sizes if size),
    )


def planned(name: str, graph: tflite.Graph, whole: MemoryPlan, rows: MemoryPlan) -> tuple[str, ...]:
    """The cells that follow from the memory plans alone."""
    return (
        f"{whole.arena_bytes:,} B and {graph.inputs[0].bytes:,} B",
        within(f"{rows.arena_bytes:,} B", rows.arena_bytes, TARGET_BYTES.get(name)),
        layers(rows),
    )


def layers(plan: MemoryPlan) -> str:
    """How many of the steps run by rows, section by section."""
    return f"{' + '.join(str(len(s.flows)) for s in plan.sections)} of {len(plan.steps)}"


def main() -> None:
    """Print the table; with --write renew it in docs/results.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", choices=sorted(TARGETS), action="append")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("networks", nargs="*", default=list(NAMES), help=f"of {', '.join(NAMES)}")
    options = parser.parse_args()
    # Of the cores that the C of any core is for; the ESP32's has a benchmark of its own.
    targets = options.target or ["cortex-m4", "xtensa"]
    head = (
        "network",
        "whole maps: arena and input",
        "rows: arena",
        "layers that run by rows",
        *(f"more instructions, {TARGETS[target].core}" for target in targets),
        "code, Cortex-M4 -Os",
    )
    rows = []
    for name in options.networks:
        rows.append(row(name, targets))
        print(" | ".join(rows[-1]), flush=True)
    table = markdown(head, rows)
    print(f"\n{table}Bold: misses its target.")
    if options.write:
        renew(REPO / "docs/results.md", "streaming.py", table)


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
