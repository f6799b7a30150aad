"""What execution order, placement and streaming save: orders with their proofs, arenas, and time in TFLM.

    python -m tests.benchmarks.memory                the kit's networks
    python -m tests.benchmarks.memory --full         and the networks of published tables (converted at first use, about
                                                     a minute each; with the comparisons 10 minutes more)
    python -m tests.benchmarks.memory --full --write also renews the tables in docs/results.md and
                                                     tests/benchmarks/memory.png

Heads are those of TensorFlow Lite Micro's recording allocator (tflite-micro wheel, Linux on x86-64); outputs of each
smaller model are compared with the original's, bit by bit. Times are this computer's, no board's.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from aiedge import tflite
from aiedge.boards import boards
from aiedge.cost.ladder import Ladder, ladder
from aiedge.cost.pictures import ladder_figure, png
from aiedge.errors import UserError, exit_cleanly
from aiedge.files import write_atomic
from aiedge.paths import REPO
from aiedge.text import markdown, renew
from aiedge.tflm.optimize import Optimized, optimize
from aiedge.tflm.order import best_order
from aiedge.tflm.scratch import reference
from tests.support.judged import judged
from tests.support.networks import network
from tests.support.published_networks import BUILDERS, published

PLOT = Path(__file__).with_suffix(".png")
KIT = {
    "mobilenet_v1": "MobileNetV1-0.25, 96×96×3",
    "cifar_cnn_25_51_76": "CIFAR CNN 25-51-76",
    "resnet8": "ResNet-8",
    "densenet": "small DenseNet",
    "nasnet": "small NASNet",
}
PUBLISHED = {
    "mobilenet_v1": "MobileNetV1, 224×224×3",
    "squeezenet": "SqueezeNet 1.1",
    "googlenet": "GoogLeNet",
    "mnasnet": "MnasNet-B1",
    "nasnet_mobile": "NASNetMobile",
    "densenet121": "DenseNet121",
    "deeplab_v3": "DeepLabv3",
    "posenet": "PoseNet",
    "east": "EAST",
}
# What a search in |O|·2^|O| saved, in per cent (Sudharsan et al., Enabling Machine Learning on the Edge Using SRAM
# Conserving Efficient Neural Networks Execution Approach, 2021): the two ends of its range. Its graphs are others'.
SAVED_THERE = {"densenet121": "38.06", "deeplab_v3": "1.61"}
HEADS = {"MobileNetV1-0.25, 96×96×3": 55_296, "DenseNet121": 2_107_392}
STREAMED = {"MobileNetV1-0.25, 96×96×3": 20 * 1024, "CIFAR CNN 25-51-76": 4 * 1024}
SECONDS = 10.0
TIMED_MACS = 3_000_000_000  # networks above are not timed: one run of the plain kernels takes many seconds
RECORD = """
import sys
from tflite_micro import runtime
runtime.Interpreter.from_file(sys.argv[1], arena_size=2**28).print_allocations()
"""


def recorded_head(model: bytes) -> int:
    """Bytes of the head that TFLM's recording allocator reports, in a process of its own."""
    with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
        file.write(model)
        file.flush()
        run = subprocess.run(
            [sys.executable, "-c", RECORD, file.name], capture_output=True, text=True, check=True
        )
    return int(re.findall(r"Arena allocation head (\d+) bytes", run.stderr)[0])


def order_row(name: str, label: str, model: bytes) -> tuple[str, ...]:
    """A network's order: peaks, the proof and its cost."""
    graph = tflite.read(model)
    begin = time.process_time()
    order = best_order(graph, alignment=16)
    seconds = time.process_time() - begin
    proof = "yes" if order.proved else f"no: {order.lower_bound:,} B or more"
    return (
        label,
        str(len(graph.operators)),
        f"{order.file_bytes:,} B",
        f"{order.peak_bytes:,} B",
        f"{order.saved:.2%}",
        judged(proof, order.proved),
        f"{order.nodes:,}",
        judged(f"{seconds:.2f}", seconds < SECONDS),
        f"{SAVED_THERE[name]} %" if name in SAVED_THERE else "",
    )


ORDERS = (
    "network",
    "operators",
    "peak, file's order",
    "peak, best order",
    "saved",
    "proved",
    "states",
    "seconds",
    "published for its like",
)


def arena_row(label: str, model: bytes, result: Optimized, check: bool) -> tuple[str, ...]:
    """A network's arena in TFLM, predicted and recorded, before and after."""
    heads = [recorded_head(model), recorded_head(result.after.source)]
    predicted = list(result.heads(reference))
    same = _same(model, result) if check else "not compared"
    return (
        label,
        f"{heads[0]:,} B",
        f"{result.reordered:,} B",
        judged(f"{heads[1]:,} B", heads[1] <= HEADS.get(label, heads[1])),
        f"{1 - heads[1] / heads[0]:.1%}",
        judged("yes" if heads == predicted else f"no: {predicted}", heads == predicted),
        judged(same, same != "no"),
    )


ARENAS = (
    "network",
    "TFLM's head",
    "reordered",
    "reordered and placed",
    "saved",
    "as predicted",
    "same outputs",
)


def _same(model: bytes, result: Optimized) -> str:
    rng = np.random.default_rng(0)
    inputs = [rng.integers(-128, 128, (1, *x.shape)).astype(np.int8) for x in result.before.inputs]
    expected, found = (tflite.run_tflm_all(m, inputs, 2**28) for m in (model, result.after.source))
    same = all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))
    return "yes" if same else "no"


def time_row(label: str, model: bytes, smaller: bytes, pairs: int) -> tuple[str, ...]:
    """CPU time of an inference of both models in TFLM, in pairs, the order of each pair drawn."""
    from tflite_micro import runtime

    rng = np.random.default_rng(0)
    graph = tflite.read(model)
    inputs = [rng.integers(-128, 128, x.shape).astype(np.int8) for x in graph.inputs]
    two = [runtime.Interpreter.from_bytes(m, arena_size=2**26) for m in (model, smaller)]

    def run(which: int) -> float:
        for i, x in enumerate(inputs):
            two[which].set_input(x, i)
        begin = time.process_time()
        two[which].invoke()
        return (time.process_time() - begin) * 1000

    run(0), run(1)
    times = np.zeros((pairs, 2))
    for pair in tqdm(range(pairs), desc=label, unit=" pairs", leave=False):
        for which in rng.permutation(2):
            times[pair, which] = run(int(which))
    gains = times[:, 0] - times[:, 1]
    draws = np.median(rng.choice(gains, (2000, pairs)), axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    first, then = np.median(times, axis=0)
    verdict = "none shown" if low <= 0 <= high else "faster" if low > 0 else "slower"
    if smaller == model:
        verdict = "none: the file is the same"
    return (
        label,
        f"{first:.2f}",
        f"{then:.2f}",
        f"{np.median(gains):+.3f}",
        f"{low:+.3f} … {high:+.3f}",
        verdict,
    )


TIMES = (
    "network",
    "ms, as converted",
    "ms, optimized",
    "ms saved, median of pairs",
    "95 % interval",
    "difference",
)


def ladder_rows(label: str, steps: Ladder) -> tuple[str, ...]:
    """A network's arena at each step, with inputs and outputs where they lie outside."""
    cells = []
    for rung in steps.rungs:
        text = f"{rung.arena:,} B" + (f" + {rung.total - rung.arena:,}" if rung.total > rung.arena else "")
        most = STREAMED.get(label, rung.arena) if rung.name == "streamed" else rung.arena
        cells.append(judged(text, rung.arena <= most))
    return label, *cells, *[""] * (6 - len(cells))


LADDER = ("network", "TFLM", "reordered", "placed", "in place", "fused (C)", "streamed (C)")


def main() -> None:
    """Print the tables; with --write renew what is shown of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--pairs", type=int, default=30, help="pairs of timed runs")
    parser.add_argument(
        "--check-macs", type=int, default=10_000_000_000, help="compare outputs up to so many MACs"
    )
    options = parser.parse_args()
    if options.write and not options.full:
        raise UserError("docs/results.md shows the published networks too", "add --full")
    if not tflite.has_tflm():
        raise UserError("the tflite-micro wheel is missing", "it exists for Linux on x86-64 only")
    cases: list[tuple[str, str, Callable[[str], bytes]]] = [(*item, network) for item in KIT.items()]
    if options.full:
        cases += [(name, PUBLISHED[name], published) for name in BUILDERS]
    orders, arenas, times, ladders = [], [], [], []
    steps: dict[str, Ladder] = {}
    for name, label, load in cases:
        model = load(name)
        orders.append(order_row(name, label, model))
        print(" | ".join(orders[-1]), flush=True)
        result = optimize(model, progress=True)
        macs = result.before.macs
        arenas.append(arena_row(label, model, result, macs <= options.check_macs))
        print(" | ".join(arenas[-1]), flush=True)
        # Of the published networks those are timed that the plan changes.
        if macs <= TIMED_MACS and (label in KIT.values() or result.after.source != model):
            # Slow networks get fewer runs, but never fewer than tell a spread.
            pairs = max(10, min(options.pairs, options.pairs * 100_000_000 // max(macs, 1)))
            times.append(time_row(label, model, result.after.source, pairs))
            print(" | ".join(times[-1]), flush=True)
        if label in KIT.values():
            steps[label] = ladder(model)
            ladders.append(ladder_rows(label, steps[label]))
    tables = [
        ("Orders of least peak", markdown(ORDERS, orders)),
        ("TensorFlow Lite Micro's arena", markdown(ARENAS, arenas)),
        ("Step by step", markdown(LADDER, ladders)),
        (
            "Time of an inference in TensorFlow Lite Micro, this computer, plain kernels",
            markdown(TIMES, times),
        ),
    ]
    text = "\n".join(f"{title}\n\n{table}" for title, table in tables)
    print(f"\n{text}\nBold: misses its target.")
    if options.write:
        renew(REPO / "docs/results.md", "memory.py", text)
        mobilenet = KIT["mobilenet_v1"]
        figure = ladder_figure(steps[mobilenet], f"{mobilenet}, int8", (boards()["bluepill"],))
        print(f"wrote {write_atomic(PLOT, png(figure))}")


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
