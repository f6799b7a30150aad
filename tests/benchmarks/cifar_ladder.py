"""The way from the published network to `cifar_tiny`, step by step: what each choice gives at the same short training.

    python -m tests.benchmarks.cifar_ladder              one epoch of 5,000 pictures: shows that it works, no more
    python -m tests.benchmarks.cifar_ladder --full       three epochs of CIFAR-10, a quarter of an hour on two cores

The last rows are the weights that the kit ships, which learned longer. Accuracies are those of the float network on
all test pictures, of the int8 network through the compiled C where a row says so. Arena: of the int8 network, layers
run row by row where that takes less, else with the picture that its caller holds.
"""

import sys
from collections.abc import Callable
from functools import partial

import numpy as np

from aiedge import tflite
from aiedge.codegen import CompiledModel, generate
from aiedge.errors import Parser, exit_cleanly
from aiedge.quantization import quantize
from aiedge.text import markdown
from aiedge.train import datasets, models
from aiedge.train.framework import keras
from aiedge.train.training import distill, set_seed
from aiedge.workshop.recipes.cifar import learn, momentum, pictures, rate

layers = keras.layers
RATE = 0.2
PLAIN_RATE = 0.05  # without batch normalization


def separable() -> keras.Model:
    """Depthwise and pointwise convolutions, as in MobileNetV1, behind an early pool."""
    inputs = keras.Input((32, 32, 3))
    x = layers.MaxPooling2D(2)(_active(layers.Conv2D(16, 3, padding="same")(inputs)))
    for filters, stride in ((32, 1), (64, 2), (64, 1), (96, 1), (96, 1)):
        x = _active(layers.DepthwiseConv2D(3, stride, "same")(x))
        x = _active(layers.Conv2D(filters, 1)(x))
    return _classified(inputs, x, "separable")


def inverted() -> keras.Model:
    """Inverted residual blocks, as in MobileNetV2, behind an early pool."""
    inputs = keras.Input((32, 32, 3))
    x = layers.MaxPooling2D(2)(_active(layers.Conv2D(16, 3, padding="same")(inputs)))
    for wide, filters, stride in ((48, 16, 1), (64, 28, 2), (84, 28, 1), (84, 28, 1)):
        y = _active(layers.Conv2D(wide, 1)(x))
        y = _active(layers.DepthwiseConv2D(3, stride, "same")(y))
        y = layers.BatchNormalization()(layers.Conv2D(filters, 1)(y))
        x = layers.Add()([x, y]) if x.shape == y.shape else y
    return _classified(inputs, _active(layers.Conv2D(80, 1)(x)), "inverted")


def _active(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.ReLU()(layers.BatchNormalization()(x))


def _classified(inputs: keras.KerasTensor, x: keras.KerasTensor, name: str) -> keras.Model:
    pooled = layers.Flatten()(layers.AveragePooling2D(x.shape[1])(x))
    return keras.Model(inputs, layers.Dense(10)(pooled), name=name)


class Ladder:
    """Trains the steps alike and measures them on the test pictures."""

    def __init__(self, full: bool) -> None:
        self.splits = datasets.cifar10("real" if full else "auto")
        self.splits.banner()
        self.train = self.splits.train if full else self.splits.train.take(5000)
        self.epochs = 3 if full else 1

    def learned(
        self, build: Callable[[], keras.Model], changed: bool = True, highest: float = RATE
    ) -> keras.Model:
        set_seed()
        return learn(build(), pictures(self.train, changed), self.epochs, momentum, highest)

    def taught(self, build: Callable[[], keras.Model], teacher: str) -> keras.Model:
        set_seed()
        student, batches = build(), pictures(self.train)
        optimizer = momentum(rate(RATE, self.epochs * len(batches)))
        distill(
            student,
            models.pretrained(teacher),
            batches,
            None,
            self.epochs,
            optimizer=optimizer,
            shuffle=False,
        )
        return student

    def row(self, text: str, model: keras.Model, aware: keras.Model | None = None) -> tuple[str, ...]:
        """A row of the table: the float network's, or int8's where `model` or `aware` was converted."""
        test = self.splits.test
        int8 = tflite.read(
            tflite.convert_int8(aware)
            if aware
            else tflite.convert_int8(model, self.splits.calibration.inputs)
        )
        if aware:
            outputs = CompiledModel(int8).predict(quantize(test.inputs, int8.inputs[0].quantization))
        else:
            outputs = model.predict(test.images / np.float32(255), batch_size=500, verbose=0)
        plans = [generate(int8, "net", stream).plan for stream in (False, True)]
        arena = min(plan.arena_bytes + (0 if plan.stream else int8.inputs[0].bytes) for plan in plans)
        return (
            text,
            f"{int8.parameters:,}",
            f"{int8.macs / 1e6:.2f} M",
            f"{arena:,} B",
            f"{np.mean(outputs.argmax(axis=1) == test.labels):.2%}",
        )

    def rows(self) -> list[tuple[str, ...]]:
        """All steps, from the published network on."""
        paper = partial(models.cifar_cnn, 25, 51, 76)
        tiny, aware = models.pretrained("cifar_tiny"), models.pretrained("cifar_tiny_qat")
        return [
            self.row("published network, 25-51-76", self.learned(paper, highest=PLAIN_RATE)),
            self.row("depthwise-separable, early pool", self.learned(separable)),
            self.row("inverted residuals, early pool", self.learned(inverted)),
            self.row("residual 3×3 blocks, early pool: `cifar_tiny`", self.learned(models.cifar_tiny)),
            self.row("the same without mirroring and moving", self.learned(models.cifar_tiny, changed=False)),
            self.row("the same, taught by the original", self.taught(models.cifar_tiny, "cifar_original")),
            self.row("`cifar_tiny`, 140 epochs", tiny),
            self.row("int8 after training with rounding", tiny, aware),
        ]


def main() -> None:
    """Print the table."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="all of CIFAR-10, three epochs")
    options = parser.parse_args()
    columns = ("step", "parameters", "MACs", "arena", "accuracy")
    print(f"\n{markdown(columns, Ladder(options.full).rows())}", end="")


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
