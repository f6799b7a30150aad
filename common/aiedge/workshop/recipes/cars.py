"""Train the car classifier: MobileNetV1 0.25 for 96×96×3 images, one sigmoid.

    python -m aiedge.workshop.recipes.cars

It learns from CIFAR-10's training set and from drawn cars, made harder by `augment`: first at 48×48 pixels, where a
step takes a quarter of the time, then at 64×64 and 96×96, in the end with fewer changes. A second head names
CIFAR-10's ten classes while it learns: telling a truck from a cat makes better features than telling "no car" from
"car" alone. It is left out in the end. An interrupted training goes on where it was.
"""

import math
import os
import sys
from collections.abc import Iterator
from dataclasses import replace

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # twice as fast; the order of sums differs by processor

import numpy as np
from numpy.typing import NDArray

from aiedge.benchmark.metrics import balanced_accuracy
from aiedge.codegen import CompiledModel
from aiedge.errors import Parser, exit_cleanly
from aiedge.files import cache_folder
from aiedge.progress import tqdm
from aiedge.quantization import quantize
from aiedge.text import markdown, renew
from aiedge.tflite import convert_int8
from aiedge.train import datasets
from aiedge.train.datasets.drawn_cars import draw_cars
from aiedge.train.framework import keras
from aiedge.train.framework import tensorflow as tf
from aiedge.train.models import mobilenet_v1
from aiedge.train.models.weights import WEIGHTS, save_weights
from aiedge.train.training import set_seed
from aiedge.workshop.recipes.augment import develop, place

CAR, TRUCK = 1, 9  # CIFAR-10's numbers of these classes
UNKNOWN = -1  # the class of a drawn picture
CARS, OTHERS, DRAWN = 46, 56, 26  # pictures of a kind in a batch
CLOSE_UPS = 8  # of the others
PHASES = (
    # Highest learning rate; share of pictures that fill the frame, and that `develop` changes; pixels and steps.
    (3e-3, 2 / 3, 0.75, ((48, 2750), (64, 3250), (96, 2250))),
    (1e-3, 0.85, 0.3, ((96, 1000),)),
)
DRAWN_PICTURES, DRAWN_SEED = 12_000, 1000
SAVE_EVERY = 250  # steps


class Cosine(keras.optimizers.schedules.LearningRateSchedule):
    """One rise and fall of the learning rate over `total` steps, of which `begin` came before."""

    def __init__(self, rate: float, begin: int, total: int):
        self.rate, self.begin, self.total = rate, begin, total

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        done = (tf.cast(step, tf.float32) + self.begin) / self.total
        fall = tf.maximum((done - 0.05) / 0.95, 0.0)
        return self.rate * tf.minimum(done / 0.05, 1.0) * (1 + tf.cos(math.pi * fall)) / 2


class Stage:
    """Both heads on one trunk, with the optimizer and the step that it has come to, at one size."""

    def __init__(self, size: int, rate: Cosine, filling: float, changed: float):
        self.size, self.filling, self.changed = size, filling, changed
        self.model = mobilenet_v1(size=size)
        features = self.model.layers[-2].output
        self.both = keras.Model(self.model.input, [self.model.output, keras.layers.Dense(10)(features)])
        self.optimizer = keras.optimizers.AdamW(rate, weight_decay=0.02)
        self.optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self.optimizer.build(self.both.trainable_variables)
        self.step = tf.Variable(0, dtype=tf.int64)

    @tf.function
    def train(
        self,
        pictures: tf.Tensor,
        backgrounds: tf.Tensor,
        drawn: tf.Tensor,
        classes: tf.Tensor,
        labels: tf.Tensor,
    ) -> tf.Tensor:
        close_up = tf.range(CARS + OTHERS) >= CARS + OTHERS - CLOSE_UPS
        shown = place(pictures / 255, backgrounds / 255, close_up, self.size, self.filling)
        drawn = tf.image.resize(drawn / 255, [self.size, self.size], "area")
        images = develop(tf.concat([shown, drawn], 0), self.changed)
        with tf.GradientTape() as tape:
            car, logits = self.both(images, training=True)
            known = tf.cast(classes >= 0, tf.float32)
            named = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(classes, 0), logits)
            loss = tf.reduce_mean(keras.losses.binary_crossentropy(labels, car, label_smoothing=0.05))
            total = loss + 0.5 * tf.reduce_mean(known * named)
        variables = self.both.trainable_variables
        self.optimizer.apply(tape.gradient(total, variables), variables)
        self.step.assign_add(1)
        return loss


def batches(
    real: datasets.Dataset, drawn: datasets.Dataset, rng: np.random.Generator
) -> Iterator[tuple[NDArray, ...]]:
    """Endless batches: pictures, backgrounds, drawn pictures, CIFAR-10's classes, labels; bytes as float32."""
    is_car = real.labels == CAR
    scenery = np.flatnonzero(~is_car & (real.labels != TRUCK))
    while True:
        chosen = np.concatenate(
            [rng.choice(np.flatnonzero(is_car), CARS), rng.choice(np.flatnonzero(~is_car), OTHERS)]
        )
        classes = real.labels[chosen].astype(np.int32)
        classes[-CLOSE_UPS:] = UNKNOWN
        own = rng.choice(len(drawn.images), DRAWN)
        drawings = drawn.images[own]
        mirrored = np.where(rng.random((DRAWN, 1, 1, 1)) < 0.5, drawings[:, :, ::-1], drawings)
        yield (
            real.images[chosen].astype(np.float32),
            real.images[rng.choice(scenery, CARS + OTHERS)].astype(np.float32),
            mirrored.astype(np.float32),
            np.concatenate([classes, np.full(DRAWN, UNKNOWN, np.int32)]),
            np.concatenate([classes == CAR, drawn.labels[own]]).astype(np.float32)[:, None],
        )


def learn(real: datasets.Dataset, drawn: datasets.Dataset) -> keras.Model:
    """Go through the stages, from where an earlier run stopped; returns the network without its second head."""
    folder = cache_folder("recipes") / "cars"
    before: Stage | None = None
    number = 0
    for rate, filling, changed, sizes in PHASES:
        begin, total = 0, sum(steps for _, steps in sizes)
        for size, steps in sizes:
            number += 1
            set_seed(number)
            stage = Stage(size, Cosine(rate, begin, total), filling, changed)
            if before:
                stage.both.set_weights(before.both.get_weights())
            state = tf.train.Checkpoint(model=stage.both, optimizer=stage.optimizer, step=stage.step)
            manager = tf.train.CheckpointManager(state, str(folder / f"stage-{number}"), max_to_keep=1)
            state.restore(manager.latest_checkpoint)
            _run(stage, steps, batches(real, drawn, np.random.default_rng(number + int(stage.step))), manager)
            begin, before = begin + steps, stage
    assert before is not None  # there is a stage
    return before.model


def _run(stage: Stage, steps: int, source: Iterator, manager: tf.train.CheckpointManager) -> None:
    """Take a stage to its last step, with a bar."""
    done, size = int(stage.step), stage.size
    with tqdm(total=steps, initial=done, desc=f"{size}×{size} pixels", unit=" steps", file=sys.stdout) as bar:
        average = 0.0
        for step in range(done + 1, steps + 1):
            loss = float(stage.train(*next(source)))
            average = 0.98 * average + 0.02 * loss if average else loss
            bar.set_postfix_str(f"loss {average:.3f}", refresh=False)
            bar.update()
            if step % SAVE_EVERY == 0 or step == steps:
                manager.save()


def table(model: keras.Model) -> str:
    """Balanced accuracy of the float network and of its int8 conversion on the test sets, in Markdown."""
    real, drawn = datasets.cars("real"), datasets.cars("drawn")
    int8 = CompiledModel(convert_int8(model, real.calibration.inputs))
    stored = int8.inputs[0].quantization
    assert stored is not None  # an int8 input has one
    cars_and_rest = real.test.where(real.test.kinds != "truck")
    rows = [
        ("CIFAR-10", real.test),
        ("CIFAR-10 without trucks", cars_and_rest),
        ("drawn", drawn.test),
    ]
    lines = []
    for name, data in rows:
        answers = (
            model.predict(data.inputs, batch_size=256, verbose=0) > 0.5,
            int8.predict(quantize(data.inputs, stored)) > 0,  # half of -128 ... 127
        )
        accuracies = (
            f"{100 * balanced_accuracy(data.labels, answer[:, 0].astype(int)):.2f} %" for answer in answers
        )
        lines.append((name, f"{len(data.labels):,}", *accuracies))
    return markdown(("test set", "pictures", "float", "int8"), lines)


def main() -> None:
    """Train, write the weights, renew the table beside them."""
    Parser(
        prog="python -m aiedge.workshop.recipes.cars", description="Train the car classifier."
    ).parse_args()
    splits = datasets.cifar10("real")
    parts = (splits.train, splits.calibration)
    real = replace(
        splits.train,
        images=np.concatenate([part.images for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        kinds=np.concatenate([part.kinds for part in parts]),
    )
    images, labels, kinds = draw_cars(DRAWN_PICTURES, DRAWN_SEED, progress=True)
    drawn = datasets.Dataset(images, labels, ("no car", "car"), kinds)
    model = learn(real, drawn)
    path = save_weights(model, WEIGHTS / "carclassifier.npz")
    measured = table(model)
    renew(WEIGHTS / "README.md", "cars.py", measured)
    print(f"wrote {path}\n\n{measured}", end="")


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
