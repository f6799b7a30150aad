"""Prune and quantize LeNet-5: bytes and accuracy of every combination, beside the float network that is whole.

    python -m tests.benchmarks.pruning              ten minutes: 6,000 digits, L1
    python -m tests.benchmarks.pruning --full       all of MNIST, every score

A share of s takes s of the neurons and s / 2 of the channels. int8 accuracy is that of the compiled C, the arena is
what `aiedge.memory` plans. Digits come from MNIST or, where it is out of reach, from the kit's
drawings.
"""

import sys
from collections.abc import Iterator

import numpy as np

from aiedge import memory, tflite
from aiedge.codegen import CompiledModel
from aiedge.errors import Parser, exit_cleanly
from aiedge.quantization import quantize
from aiedge.text import markdown
from aiedge.train import datasets, models
from aiedge.train.aware import quantization_aware
from aiedge.train.framework import keras
from aiedge.train.pruning import METHODS, importance, plan_pruning, remove
from aiedge.train.training import fine_tune, set_seed

LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def int8_accuracy(model: bytes, test: datasets.Dataset) -> float:
    """The share of pictures that the compiled int8 model names right."""
    graph = tflite.read(model)
    inputs = quantize(test.inputs, graph.inputs[0].quantization)
    return float(np.mean(np.argmax(CompiledModel(graph).predict(inputs), axis=-1) == test.labels))


def measure(full: bool) -> Iterator[tuple]:
    """One row for each network and format: score, share, format, parameters, file bytes, arena bytes, accuracy."""
    splits = datasets.mnist()
    splits.banner()
    train, test = (splits.train, splits.test) if full else (splits.train.take(6000), splits.test.take(1000))
    calibration, epochs = splits.calibration.inputs, 6
    x, y = train.inputs, train.labels
    set_seed(0)
    whole = models.lenet5()
    fine_tune(whole, x, y, 2 * epochs, LOSS)
    for method in METHODS if full else METHODS[:1]:
        scores = importance(whole, method, x[:500], y[:500], LOSS)
        for share in (0.0, 0.2, 0.4, 0.6, 0.8, 0.9):
            model = whole
            if share:
                model = remove(whole, plan_pruning(whole, scores, channels=share / 2, neurons=share))
                fine_tune(model, x, y, epochs, LOSS)
            answers = np.argmax(model.predict(test.inputs, verbose=0), axis=1)
            head = method, share
            size = model.count_params()
            right = np.mean(answers == test.labels)
            yield *head, "float", size, len(tflite.convert_float(model)), None, right
            aware = quantization_aware(model, calibration, (0.0, 1.0))
            fine_tune(aware, x, y, epochs, LOSS, learning_rate=1e-4)
            for name, data in (
                ("int8", tflite.convert_int8(model, calibration)),
                ("int8, aware", tflite.convert_int8(aware)),
            ):
                arena = memory.plan_memory(tflite.read(data)).arena_bytes
                yield *head, name, size, len(data), arena, int8_accuracy(data, test)


def main() -> None:
    """Print the table."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="all digits, every score")
    options = parser.parse_args()
    rows = list(measure(options.full))
    first = rows[0][4]
    columns = ("score", "pruned", "format", "parameters", ".tflite", "saved", "arena", "accuracy")
    table = markdown(
        columns,
        [
            (
                method,
                f"{share:.0%}",
                name,
                f"{parameters:,}",
                f"{size:,} B",
                f"{1 - size / first:.1%}",
                f"{arena:,} B" if arena else "",
                f"{accuracy:.2%}",
            )
            for method, share, name, parameters, size, arena, accuracy in rows
        ],
    )
    print(f"\n{table}", end="")


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
