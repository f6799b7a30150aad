"""Prune and quantize LeNet-5 on MNIST and the published CNN on CIFAR-10: accuracy, memory and work of each combination.

    python -m tests.benchmarks.pruning              a quarter of an hour on two cores: 6,000 pictures, few epochs
    python -m tests.benchmarks.pruning --full       all pictures, more epochs: an hour of CPU time
    python -m tests.benchmarks.pruning --scores     every score that says which channels go
    python -m tests.benchmarks.pruning --write      also renews its part of docs/results.md, where one is marked

A share of s takes s of the neurons and s / 2 of the channels, out of one trained network; then it is trained on.
Accuracy is that on test pictures, of int8 through the compiled C. Flash are the compiled network's constants; SRAM is
its arena with input and output, whole or row by row, whichever is less. Instructions are counted on emulated cores,
energies are estimates: the most that a data sheet gives for the cycles. Pictures are drawn where the real ones are out
of reach.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from aiedge import tflite
from aiedge.codegen import CompiledModel
from aiedge.colours import BLUE, GREY, ORANGE
from aiedge.cost import TARGETS
from aiedge.cost.pictures import png
from aiedge.errors import Parser, exit_cleanly
from aiedge.files import write_atomic
from aiedge.paths import REPO
from aiedge.quantization import quantize
from aiedge.search.costs import Costs
from aiedge.text import markdown, renew
from aiedge.train import datasets, models
from aiedge.train.aware import quantization_aware
from aiedge.train.framework import keras
from aiedge.train.pruning import METHODS, importance, plan_pruning, remove
from aiedge.train.training import fine_tune, set_seed

LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8)
CORES = ("cortex-m0plus", "cortex-m4")
PICTURE = REPO / "tests/benchmarks/pruning.png"


def int8_accuracy(model: bytes, test: datasets.Dataset) -> float:
    """The share of pictures that the compiled int8 model names right."""
    graph = tflite.read(model)
    inputs = quantize(test.inputs, graph.inputs[0].quantization)
    return float(np.mean(np.argmax(CompiledModel(graph).predict(inputs), axis=-1) == test.labels))


@dataclass(frozen=True)
class Row:
    """A network: where it comes from, its accuracy, and what it costs."""

    data: str
    method: str
    share: float
    parameters: int
    quantization: str
    accuracy: float
    costs: Costs

    def cells(self) -> tuple[str, ...]:
        """Its row of the table."""
        counted = [
            text
            for core in CORES
            for text in (f"{self.costs.instructions(core):,}", f"{self.costs.energy(core) / 1000:,.2f} mJ")
        ]
        return (
            self.data,
            self.method,
            f"{self.share:.0%}",
            self.quantization,
            f"{self.parameters:,}",
            f"{self.accuracy:.2%}",
            f"{self.costs.flash:,} B",
            f"{self.costs.ram:,} B",
            *counted,
        )


@dataclass(frozen=True)
class Case:
    """A data set, the trained network to prune, and how many epochs follow."""

    data: str
    load: Callable[[], datasets.Splits]
    whole: Callable[[datasets.Dataset, bool], keras.Model]

    def rows(self, full: bool, methods: Sequence[str]) -> Iterator[Row]:
        """A row for each score of `methods`, share and format."""
        splits = self.load()
        splits.banner()
        train, test = (
            (splits.train, splits.test) if full else (splits.train.take(6000), splits.test.take(2000))
        )
        x, y, epochs = train.inputs, train.labels, 6 if full else 2
        set_seed(0)
        whole = self.whole(train, full)
        calibration = splits.calibration.inputs
        for method in methods:
            scores = importance(whole, method, x[:500], y[:500], LOSS)
            for share in SHARES:
                model = whole
                if share:
                    model = remove(whole, plan_pruning(whole, scores, channels=share / 2, neurons=share))
                    fine_tune(model, x, y, epochs, LOSS)
                answers = np.argmax(model.predict(test.inputs, batch_size=500, verbose=0), axis=1)
                right = float(np.mean(answers == test.labels))
                aware = quantization_aware(model, calibration, (0.0, 1.0))
                fine_tune(aware, x, y, epochs // 2, LOSS, learning_rate=1e-4)
                head = self.data, method, share, model.count_params()
                yield Row(*head, "none", right, Costs(tflite.read(tflite.convert_float(model))))
                for name, made in (
                    ("PTQ", tflite.convert_int8(model, calibration)),
                    ("QAT", tflite.convert_int8(aware)),
                ):
                    yield Row(*head, name, int8_accuracy(made, test), Costs(tflite.read(made)))


def lenet(train: datasets.Dataset, full: bool) -> keras.Model:
    """LeNet-5, trained here."""
    model = models.lenet5()
    fine_tune(model, train.inputs, train.labels, 12 if full else 4, LOSS)
    return model


CASES = (
    Case("MNIST", datasets.mnist, lenet),
    Case("CIFAR-10", datasets.cifar10, lambda train, full: models.pretrained("cifar_pooled")),
)


def picture(rows: Sequence[Row]) -> Figure:
    """Accuracy against flash, a line for each quantization, a panel for each data set."""
    names = list(dict.fromkeys(row.data for row in rows))
    figure = Figure(figsize=(5 * len(names), 4), layout="constrained")
    for axes, data in zip(np.atleast_1d(figure.subplots(1, len(names))), names, strict=True):
        for way, colour in (("none", GREY), ("PTQ", BLUE), ("QAT", ORANGE)):
            chosen = [r for r in rows if (r.data, r.quantization, r.method) == (data, way, rows[0].method)]
            axes.plot(
                [r.costs.flash for r in chosen],
                [100 * r.accuracy for r in chosen],
                "o-",
                color=colour,
                label=way if way != "none" else "float",
            )
        axes.set(xscale="log", xlabel="bytes of constants in flash", ylabel="right answers (%)", title=data)
        axes.legend(frameon=False)
    return figure


def main() -> None:
    """Print the table."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="all pictures, more epochs")
    parser.add_argument("--scores", action="store_true", help="every score, not L1 alone")
    parser.add_argument("--data", choices=[case.data for case in CASES], help="only this one")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    methods = METHODS if options.scores else METHODS[:1]
    cases = [case for case in CASES if options.data in (None, case.data)]
    rows = [row for case in cases for row in case.rows(options.full, methods)]
    columns = ("data", "score", "pruned", "quantization", "parameters", "accuracy", "flash", "SRAM")
    counted = [
        f"{what}, {TARGETS[core].core}" for core in CORES for what in ("instructions", "energy at most")
    ]
    table = markdown((*columns, *counted), [row.cells() for row in rows])
    print(f"\n{table}", end="")
    if options.write:
        renew(REPO / "docs/results.md", "pruning.py", table)
        write_atomic(PICTURE, png(picture(rows)))


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
