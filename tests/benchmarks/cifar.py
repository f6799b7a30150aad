"""The CIFAR project's networks beside the published ones: accuracy, bytes, arena, instructions, agreement.

    python -m tests.benchmarks.cifar                  answers are compared with TensorFlow Lite Micro's on 500 pictures
    python -m tests.benchmarks.cifar --full           on all 10,000
    python -m tests.benchmarks.cifar cifar_tiny       of these weights only
    python -m tests.benchmarks.cifar --write          as --full; also renews the tables in docs/results.md and in
                                                      common/weights/README.md

TFLM's answers are kept in tests/artifacts/cifar, so that the next run is a matter of some minutes.

Accuracies are those of all 10,000 test pictures, int8 ones of the compiled C. Needs CIFAR-10, the tflite-micro wheel
(Linux on x86-64) and the compilers and emulators of both cores. Instructions are counted on emulated cores with GCC
12.2 at -O2; nothing here is measured on a board.
"""

import hashlib
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from aiedge import tflite
from aiedge.codegen import CompiledModel, generate
from aiedge.cost import TARGETS, bench
from aiedge.energy.esp32 import CLOCK_HZ, cycles_s, energy_mj, published_cycles_per_mac
from aiedge.energy.figures import ACCURACIES, BUFFERS_KB, INFERENCE_MJ, INFERENCE_MS, NOT_TUNED, SIZES
from aiedge.errors import Parser, UserError, exit_cleanly
from aiedge.files import write_atomic
from aiedge.paths import REPO
from aiedge.quantization import quantize
from aiedge.text import markdown, renew
from aiedge.tflm.arena import tflm_head
from aiedge.train import datasets, models
from aiedge.train.framework import keras
from aiedge.train.models.weights import WEIGHTS
from aiedge.workshop.recipes.cifar import prune
from tests.support.judged import judged

# The weights, and their network in words. The first three are the published ones; those of `_qat` are int8 only.
NETWORKS = {
    "cifar_original": "original",
    "cifar_pooled": "average pooling",
    "cifar_pruned": "pruned",
    "cifar_pruned_qat": "pruned, quantization-aware",
    "cifar_tiny": "small residual network",
    "cifar_tiny_qat": "small residual network, quantization-aware",
    "cifar_fine": "the same on finer maps",
}
PAPER, PAST = "cifar_pruned", "cifar_tiny"
AWARE = "_qat"
FLOAT, INT8 = "FP32", "INT8"
# Targets: accuracies in per cent by weights; what their networks may take.
LEAST = {
    "cifar_pruned": 74.5,
    "cifar_pruned_qat": 74.5,
    "cifar_tiny": 82.0,
    "cifar_tiny_qat": 82.0,
    "cifar_fine": 86.5,
}
MOST_PARAMETERS, MOST_MACS, MOST_BYTES = 28_576, 3_650_000, 16_384
ANY_WORK = "cifar_fine"  # has the budget of parameters alone
COMPARED, CHUNK = 500, 250  # pictures
CORES = {name: TARGETS[name] for name in ("cortex-m4", "esp32")}
KEPT = REPO / "tests" / "artifacts" / "cifar"
Load = Callable[[str], keras.Model]


@dataclass(frozen=True)
class Row:
    """One network in one format.

    `arenas` has the arena, and with it the input and output that its caller holds, of whole maps and of rows.
    `instructions` are by emulated core. `differing` pictures get other outputs, and other answers, than from TFLM.
    """

    weights: str
    format: str
    accuracy: float
    parameters: int
    file_bytes: int
    weight_bytes: int
    macs: int
    arenas: tuple[tuple[int, int], ...]
    instructions: dict[str, int]
    tflm_arena: int
    tflm_head: int
    differing: tuple[int, int] | None

    @property
    def name(self) -> str:
        """The network in words."""
        return NETWORKS[self.weights]

    @property
    def aimed(self) -> bool:
        """Whether the network has to keep to a budget of work and memory."""
        return self.weights in LEAST and self.weights != ANY_WORK


def keras_accuracy(model: keras.Model, test: datasets.Dataset) -> float:
    """The share of pictures that a Keras model names right, in per cent."""
    answers = model.predict(test.inputs, batch_size=250, verbose=0).argmax(axis=1)
    return 100 * float(np.mean(answers == test.labels))


def measure(
    weights: str, format: str, model: keras.Model, accuracy: float, data: datasets.Splits, compared: int
) -> Row:
    """Everything about a network in one format; `accuracy` is the Keras model's, in per cent.

    int8 answers are compared with TFLM's on the first `compared` test pictures.
    """
    aware = weights.endswith(AWARE)
    if format == FLOAT:
        file = tflite.convert_float(model)
    else:
        file = tflite.convert_int8(model, None if aware else data.calibration.inputs)
    graph = tflite.read(file)
    plans = [generate(graph, "net", stream).plan for stream in (False, True)]
    differing = None
    if format == INT8:
        accuracy, differing = int8_answers(file, data.test, compared)
    reports = [
        (target, bench(file, weights, target, peers=False))
        for target, core in CORES.items()
        if core.floats or format == INT8
    ]
    return Row(
        weights=weights,
        format=format,
        accuracy=accuracy,
        parameters=graph.parameters,
        file_bytes=len(file),
        weight_bytes=sum(
            {t.index: t.bytes for op in graph.operators if op.macs for t in op.inputs[1:] if t}.values()
        ),
        macs=graph.macs,
        arenas=tuple((p.arena_bytes, p.arena_bytes + p.held_bytes(graph)) for p in plans),
        instructions={target: int(report.total) for target, report in reports},
        tflm_arena=tflite.tflm_arena_bytes(file),
        tflm_head=tflm_head(graph),
        differing=differing,
    )


def int8_answers(file: bytes, test: datasets.Dataset, compared: int) -> tuple[float, tuple[int, int]]:
    """Accuracy in per cent of the compiled int8 model, and how many outputs and answers differ from TFLM's."""
    compiled = CompiledModel(file)
    found = compiled.predict(pixels := quantized(compiled, test.images))
    accuracy = 100 * float(np.mean(found.argmax(axis=1) == test.labels))
    found, expected = found[:compared], tflm_outputs(file, pixels[:compared])
    outputs = np.any(found != expected, axis=1).sum()
    answers = (found.argmax(axis=1) != expected.argmax(axis=1)).sum()
    return accuracy, (int(outputs), int(answers))


def tflm_outputs(file: bytes, pixels: NDArray[np.int8]) -> NDArray[np.int8]:
    """TFLM's outputs [n, 10]: its own, which takes minutes, or those kept of the same model, pictures and wheel."""
    key = file + pixels.tobytes() + version("tflite-micro").encode()
    kept = KEPT / f"{hashlib.sha256(key).hexdigest()[:32]}.npy"
    if kept.exists():
        return np.load(kept)
    parts = []
    with tqdm(total=len(pixels), desc="TFLM", unit=" pictures", leave=False) as bar:
        for start in range(0, len(pixels), CHUNK):
            parts.append(tflite.run_tflm(file, pixels[start : start + CHUNK]))
            bar.update(len(parts[-1]))
    outputs, data = np.concatenate(parts), io.BytesIO()
    np.save(data, outputs)
    write_atomic(kept, data.getvalue())
    return outputs


def quantized(model: CompiledModel, images: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Pictures as the int8 model takes them."""
    params = model.inputs[0].quantization
    assert params is not None  # an int8 input has one
    return quantize(images.astype(np.float32) / np.float32(255), params)


def accuracy_table(rows: list[Row], not_tuned: float | None) -> str:
    """The published accuracies and sizes beside ours."""
    head = ("network", "format", "published", "ours", "published MB", "parameters × bytes of each, MB")
    sizes = {name: text for name, *_, text in SIZES}
    cells = []
    for row in rows:
        key = f"{row.name}, {row.format}"
        if row.weights == PAPER and row.format == FLOAT and not_tuned is not None:
            cells.append(
                ("pruned, before fine-tuning", FLOAT, f"{NOT_TUNED} %", f"{not_tuned:.2f} %", "", "")
            )
        least = max(float(ACCURACIES.get(key, 0)), LEAST.get(row.weights, 0) if row.format == INT8 else 0)
        size = row.parameters * (4 if row.format == FLOAT else 1) / 1e6
        cells.append(
            (
                row.name,
                row.format,
                f"{ACCURACIES[key]} %" if key in ACCURACIES else "",
                judged(f"{row.accuracy:.2f} %", row.accuracy >= least),
                sizes.get(key, ""),
                f"{size:.3f}",
            )
        )
    return markdown(head, cells)


def cost_table(rows: list[Row], compared: int) -> str:
    """What each network takes, and whether its int8 answers are TFLM's."""
    head = (
        "network",
        "format",
        "parameters",
        ".tflite",
        "weights",
        "MACs",
        "arena + input and output",
        "the same, row by row",
        "TFLM's arena",
        *(f"instructions, {core.core}" for core in CORES.values()),
        f"outputs and answers of {compared:,} that differ from TFLM's",
    )
    cells = []
    for row in rows:
        arenas = [f"{arena:,} B + {total - arena:,}" for arena, total in row.arenas]
        fits = min(total for _, total in row.arenas) <= MOST_BYTES
        arenas[1] = judged(arenas[1], fits or not row.aimed or row.format == FLOAT)
        differing = "" if row.differing is None else " and ".join(map(str, row.differing))
        cells.append(
            (
                row.name,
                row.format,
                judged(f"{row.parameters:,}", row.weights not in LEAST or row.parameters <= MOST_PARAMETERS),
                f"{row.file_bytes:,} B",
                f"{row.weight_bytes:,} B",
                judged(f"{row.macs:,}", not row.aimed or row.macs <= MOST_MACS),
                *arenas,
                f"{row.tflm_arena:,} B",
                *(f"{row.instructions[t]:,}" if t in row.instructions else "" for t in CORES),
                judged(differing, not row.differing or not any(row.differing)),
            )
        )
    return markdown(head, cells)


def board_table(rows: list[Row]) -> str:
    """Memory of activations, time and energy beside what the paper measured; times and energies are estimates."""
    ours = [row for name in (PAPER, PAST) for row in rows if (row.weights, row.format) == (name, INT8)]
    cells = [
        ("activations: published, float buffers", f"{BUFFERS_KB} KB", *[""] * len(ours)),
        line(
            "activations: TFLM's arena, head in it", ours, lambda r: f"{r.tflm_arena:,} B, {r.tflm_head:,} B"
        ),
        line("activations: compiled C, with input and output", ours, lambda r: f"{r.arenas[0][1]:,} B"),
        line("activations: the same, row by row", ours, lambda r: f"{r.arenas[1][1]:,} B"),
        ("time: published, measured", f"{INFERENCE_MS.text} ms", *[""] * len(ours)),
        *(
            line(f"time: estimate for {runtime}, {cycles:.1f} cycles a MAC", ours, by_macs(cycles))
            for runtime, cycles in published_cycles_per_mac().items()
        ),
        line("time: estimate for compiled C", ours, lambda r: f"{1e3 * seconds(r):,.0f} ms"),
        ("energy: published", f"{INFERENCE_MJ.text} mJ", *[""] * len(ours)),
        line(
            "energy: estimate for compiled C",
            ours,
            lambda r: "–".join(f"{mj:.1f}" for mj in energy_mj(seconds(r))) + " mJ",
        ),
    ]
    return markdown(("", "published", *(row.name for row in ours)), cells)


def line(what: str, rows: list[Row], cell: Callable[[Row], str]) -> tuple[str, ...]:
    """A row of the table whose published cell is empty."""
    return what, "", *map(cell, rows)


def by_macs(cycles: float) -> Callable[[Row], str]:
    """The cell with the time that a network takes at so many clock cycles a MAC."""
    return lambda row: f"{1e3 * row.macs * cycles / CLOCK_HZ:,.0f} ms"


def seconds(row: Row) -> float:
    """An estimate for an ESP32: one instruction of its emulated core a cycle."""
    return cycles_s(row.instructions["esp32"])


def weights_table(rows: list[Row], in_keras: dict[str, float]) -> str:
    """The files in common/weights and how well their networks name the test pictures."""
    int8 = {row.weights: row for row in rows if row.format == INT8}
    cells = [
        (
            f"{name}.npz",
            NETWORKS[name],
            f"{int8[name].parameters:,}",
            f"{value:.2f} %",
            f"{int8[name].accuracy:.2f} %",
        )
        for name, value in in_keras.items()
    ]
    return markdown(("file", "network", "parameters", "Keras", "int8"), cells)


def tables(names: list[str], data: datasets.Splits, compared: int, load: Load) -> tuple[str, str]:
    """The text for docs/results.md, and that for common/weights/README.md."""
    rows: list[Row] = []
    in_keras = {}
    not_tuned = None
    for name in tqdm(names, unit=" networks"):
        model = load(name)
        in_keras[name] = keras_accuracy(model, data.test)
        if name == PAPER:
            not_tuned = keras_accuracy(prune(load("cifar_pooled")), data.test)
        for format in (INT8,) if name.endswith(AWARE) else (FLOAT, INT8):
            rows.append(measure(name, format, model, in_keras[name], data, compared))
            tqdm.write(f"{rows[-1].name}, {format}: {rows[-1].accuracy:.2f} %")
    parts = (
        ("Accuracy and size", accuracy_table(rows, not_tuned)),
        ("What they take", cost_table(rows, compared)),
        ("On a board", board_table(rows)),
    )
    return "\n".join(f"{title}\n\n{table}" for title, table in parts), weights_table(rows, in_keras)


def main() -> None:
    """Print the tables; with --write renew what is shown of them."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="compare all answers with TFLM's")
    parser.add_argument("--write", action="store_true", help="renew the documents' tables, from all pictures")
    parser.add_argument("weights", nargs="*", default=list(NETWORKS), help=f"of {', '.join(NETWORKS)}")
    options = parser.parse_args()
    if options.write and options.weights != list(NETWORKS):
        parser.error("--write needs all networks")
    if unknown := set(options.weights) - set(NETWORKS):
        parser.error(f"there are no weights {', '.join(sorted(unknown))}")
    if not tflite.has_tflm():
        raise UserError("the tflite-micro wheel is missing", "it exists for Linux on x86-64 only")
    data = datasets.cifar10("real")
    compared = len(data.test) if options.full or options.write else COMPARED
    results, weights = tables(options.weights, data, compared, models.pretrained)
    print(f"\n{results}\n{weights}\nBold: misses its target.")
    if options.write:
        renew(REPO / "docs/results.md", "cifar.py", results)
        renew(WEIGHTS / "README.md", "cifar.py", weights)


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
