"""Measure the engine on whole networks: agreement with TensorFlow Lite Micro, instructions, time, arena, code.

    python -m tests.benchmarks.engine               prints the tables
    python -m tests.benchmarks.engine --inputs 100  compares on 100 random inputs instead of 1,000
    python -m tests.benchmarks.engine --write       also renews the table in docs/results.md, and writes the figures
                                                    of each operator and their plots into tests/artifacts/engine

Needs the tflite-micro wheel (Linux on x86-64), the compilers and emulators of the Cortex-M4 and the Xtensa LX106, and
TensorFlow at the first run, for the networks. Instructions are counted on emulated cores with GCC 12.2 at -O2, not
measured on a board; cycles are an estimate from them, see `aiedge.cost.cycles`.
"""

import argparse
import sys

import numpy as np
from tqdm import tqdm

from aiedge import CompiledModel, tflite
from aiedge.cost import Report, bench
from aiedge.errors import UserError, exit_cleanly
from aiedge.paths import REPO
from aiedge.text import markdown, renew
from tests.support.judged import within
from tests.support.networks import trained

FIGURES = REPO / "tests" / "artifacts" / "engine"

NAMES = {
    "mobilenet_v1": "MobileNetV1-0.25, 96×96×3",
    "cifar_cnn_32_64_128": "CIFAR CNN 32-64-128",
    "cifar_cnn_25_51_76": "CIFAR CNN 25-51-76",
    "resnet8": "ResNet-8",
    "xormodel": "XOR",
}

# What each network is to reach at most: instructions a MAC on either core (XOR: instructions), bytes of the arena; and
# at least: how many times TFLM's speed on this computer. None where no target is set.
TARGETS: dict[str, dict[str, float]] = {
    "mobilenet_v1": {
        "cortex-m4": 1.75,
        "xtensa": 5.0,
        "arena": 55_296,
        "faster": 12,
        "-O2": 9 * 1024,
        "-Os": 6 * 1024,
    },
    "cifar_cnn_32_64_128": {"cortex-m4": 1.8, "xtensa": 5.0, "arena": 12_288},
    "cifar_cnn_25_51_76": {"cortex-m4": 1.9, "xtensa": 5.0, "arena": 9_664},
    "resnet8": {},
    "xormodel": {"cortex-m4": 2000},
}
# The best peers' instructions a MAC (XOR: instructions), counted in the same way on the same emulated cores: TFLM with
# CMSIS-NN (tflite-micro 90b983c, CMSIS-NN 4ab83cc), for MobileNet TinyEngine (47bb283); on the LX106 ESP-NN (d45b843).
PEERS: dict[str, dict[str, float]] = {
    "mobilenet_v1": {"cortex-m4": 2.63, "xtensa": 15.13},
    "cifar_cnn_32_64_128": {"cortex-m4": 2.29, "xtensa": 13.13},
    "cifar_cnn_25_51_76": {"cortex-m4": 2.51, "xtensa": 14.04},
    "xormodel": {"cortex-m4": 4333},
}
# Estimated cycles a MAC of CMSIS-NN (4ab83cc) on the Cortex-M4, counted in the same way: its wrappers for s8 on these
# networks' convolutions, without what is around them.
PEER_CYCLES = {
    "mobilenet_v1": 3.94,
    "cifar_cnn_32_64_128": 2.70,
    "cifar_cnn_25_51_76": 2.96,
    "resnet8": 2.71,
}
HEAD = (
    "network",
    "MACs",
    "differing values",
    "instructions per MAC, Cortex-M4 (emulated)",
    "cycles per MAC, Cortex-M4 (estimated)",
    "instructions per MAC, Xtensa LX106 (emulated)",
    "arena",
    "TFLM's arena",
    "code, Cortex-M4, -O2 / -Os",
    "times TFLM's speed on a PC",
)


def differing(model: bytes, count: int) -> tuple[int, int]:
    """How many of the output values for `count` random inputs differ from TFLM's, and how many there are.

    Every second input is random in every value, the others have even areas, as pictures do.
    """
    compiled = CompiledModel(model)
    shape = compiled.inputs[0].sample_shape
    rng = np.random.default_rng(0)
    wrong = total = 0
    for start in tqdm(range(0, count, 50), unit="×50 inputs", leave=False):
        x = rng.integers(-128, 128, (min(50, count - start), *shape), np.int8)
        x[1::2] = x[1::2] // 8 + rng.integers(-100, 101, (len(x) // 2, *[1] * (len(shape) - 1), shape[-1]))
        expected = tflite.run_tflm(model, x)
        wrong += int(np.count_nonzero(compiled.predict(x) != expected))
        total += expected.size
    return wrong, total


def row(name: str, count: int) -> tuple[tuple[str, ...], dict[str, Report]]:
    """A network's row of the table, and its reports by target."""
    model = trained(name)
    reports = {
        target: bench(model, NAMES[name], target, peers=target == "host")
        for target in ("host", "cortex-m4", "xtensa")
    }
    host, m4 = reports["host"], reports["cortex-m4"]
    wrong, total = differing(model, count)
    cells = (
        NAMES[name],
        f"{m4.macs:,}",
        f"{wrong} of {total:,}",
        cost(name, "cortex-m4", m4),
        cycles(name, m4),
        cost(name, "xtensa", reports["xtensa"]),
        within(f"{m4.arena_bytes:,} B", m4.arena_bytes, TARGETS[name].get("arena")),
        f"{host.peers[TFLM_ARENA]:,} B",
        " / ".join(
            within(f"{m4.code_bytes[o]:,} B", m4.code_bytes[o], TARGETS[name].get(o)) for o in ("-O2", "-Os")
        ),
        within(f"{host.peers[FASTER]:.1f}", -host.peers[FASTER], -TARGETS[name].get("faster", 0) or None),
    )
    return cells, reports


TFLM_ARENA, FASTER = "TFLM's arena, bytes", "this computer: TFLM / compiled C"


def cost(name: str, target: str, report: Report) -> str:
    """Instructions a MAC, for XOR instructions, with the target and the best peer's."""
    value = report.total if name == "xormodel" else report.per_mac or 0
    digits = ",.0f" if name == "xormodel" else ".2f"
    text = f"{value:{digits}}{' in all' if name == 'xormodel' else ''}"
    peer = PEERS.get(name, {}).get(target)
    return within(text, value, TARGETS[name].get(target)) + (f" (peers {peer:{digits}})" if peer else "")


def cycles(name: str, report: Report) -> str:
    """Estimated cycles a MAC, for XOR cycles, with CMSIS-NN's."""
    value = report.cycles or 0
    if name == "xormodel":
        return f"{value:,} in all"
    peer = PEER_CYCLES.get(name)
    return f"{value / report.macs:.2f}" + (f" (CMSIS-NN {peer:.2f})" if peer else "")


def main() -> None:
    """Print the tables; with --write renew what is shown of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("networks", nargs="*", default=list(NAMES), help=f"of {', '.join(NAMES)}")
    options = parser.parse_args()
    if not tflite.has_tflm():
        raise UserError("the tflite-micro wheel is missing", "it exists for Linux on x86-64 only")
    rows = []
    for name in options.networks:
        cells, reports = row(name, options.inputs)
        rows.append(cells)
        for target, report in reports.items():
            print(f"{report}\n")
            if options.write:
                report.write(FIGURES, f"{name}-{target}")
    table = markdown(HEAD, rows)
    print(table, end="")
    print("Bold: misses its target.")
    if options.write:
        renew(REPO / "docs/results.md", "engine.py", table)


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
