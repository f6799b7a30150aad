"""Train the car classifier: MobileNetV1 0.25 for 96×96×3 images, one sigmoid.

    python -m aiedge.workshop.recipes.cars             goes on from the weights that the kit ships
    python -m aiedge.workshop.recipes.cars --afresh    starts from random ones
    python -m aiedge.workshop.recipes.cars --measure   tests the shipped weights and renews their table

It learns from `car_pictures`, made harder by `augment`: first at 64×64 pixels, where a step takes half of the time,
then at 80×80 and 96×96, in the end with fewer changes. Two more heads name CIFAR-10's ten classes and Tiny ImageNet's
two hundred while it learns: telling a truck from a cat makes better features than telling "no car" from "car" alone.
They are left out in the end. An interrupted training goes on where it was.
"""

import math
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # twice as fast; the order of sums differs by processor

import numpy as np

from aiedge.errors import Parser, exit_cleanly
from aiedge.files import cache_folder
from aiedge.progress import tqdm
from aiedge.text import renew
from aiedge.train import datasets
from aiedge.train.datasets.drawn_cars import draw_cars
from aiedge.train.framework import keras
from aiedge.train.framework import tensorflow as tf
from aiedge.train.models import mobilenet_v1
from aiedge.train.models.weights import WEIGHTS, load_weights, save_weights
from aiedge.train.training import set_seed
from aiedge.workshop.recipes.augment import develop, place
from aiedge.workshop.recipes.car_pictures import CLOSE_UPS, SHOWN, Batch, Pool, batches, gather
from aiedge.workshop.recipes.car_table import measure
from aiedge.workshop.recipes.fused import fused

RATE = 2e-3  # the highest learning rate
STAGES = (
    # Pixels, steps, share of pictures that fill the frame, of those that `develop` changes, and what naming a
    # picture's class weighs beside knowing a car.
    (64, 5700, 0.80, 0.60, 0.3),
    (80, 2100, 0.88, 0.40, 0.2),
    (96, 1800, 0.88, 0.40, 0.2),
    (96, 1500, 0.92, 0.25, 0.0),
)
DRAWN_PICTURES, DRAWN_SEED = 12_000, 1000
SAVE_EVERY = 250  # steps


class Cosine(keras.optimizers.schedules.LearningRateSchedule):
    """One rise and fall of the learning rate over `total` steps."""

    def __init__(self, total: int):
        self.total = total

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        done = tf.cast(step, tf.float32) / self.total
        fall = tf.maximum((done - 0.05) / 0.95, 0.0)
        return RATE * tf.minimum(done / 0.05, 1.0) * (1 + tf.cos(math.pi * fall)) / 2


class Stage:
    """All heads on one trunk, with the optimizer and the step that it has come to, at one size."""

    def __init__(self, size: int, total: int, filling: float, changed: float, naming: float):
        self.size, self.filling, self.changed, self.naming = size, filling, changed, naming
        self.model = fused(mobilenet_v1(size=size))
        features = self.model.layers[-2].output
        heads = [keras.layers.Dense(classes)(features) for classes in (10, 200)]
        self.all = keras.Model(self.model.input, [self.model.output, *heads])
        self.optimizer = keras.optimizers.AdamW(Cosine(total), weight_decay=0.02)
        self.optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self.optimizer.build(self.all.trainable_variables)
        self.step = tf.Variable(0, dtype=tf.int64)

    def take_over(self, before: "Stage") -> None:
        """Go on from what the stage before has come to."""
        self.all.set_weights(before.all.get_weights())
        for mine, its in zip(self.optimizer.variables, before.optimizer.variables, strict=True):
            mine.assign(its)

    @tf.function
    def train(self, batch: Batch) -> tf.Tensor:
        pictures, backgrounds, drawn = (
            tf.cast(part, tf.float32) / 255 for part in (batch.pictures, batch.backgrounds, batch.drawn)
        )
        close_up = tf.range(SHOWN) >= SHOWN - CLOSE_UPS
        shown = place(pictures, backgrounds, close_up, self.size, self.filling)
        drawn = tf.image.resize(drawn, [self.size, self.size], "area")
        images = develop(tf.concat([shown, drawn], 0), self.changed)
        with tf.GradientTape() as tape:
            car, *names = self.all(images, training=True)
            right = keras.losses.binary_crossentropy(batch.cars[:, None], car, label_smoothing=0.05)
            loss = tf.reduce_mean(batch.weights * right)
            total = loss + self.naming * sum(map(_named, (batch.ten, batch.two_hundred), names))
        variables = self.all.trainable_variables
        self.optimizer.apply(tape.gradient(total, variables), variables)
        self.step.assign_add(1)
        return loss


def _named(classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The loss of the pictures whose class is asked: those with a number from 0 on."""
    known = tf.cast(classes >= 0, tf.float32)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(classes, 0), logits)
    return tf.reduce_mean(known * losses)


def learn(pool: Pool, drawn: datasets.Dataset, folder: Path, afresh: bool = False) -> keras.Model:
    """Go through the stages, from where an earlier run with this folder stopped; returns the network with one head."""
    before: Stage | None = None
    total = sum(steps for _, steps, *_ in STAGES)
    for number, (size, steps, *how) in enumerate(STAGES, 1):
        set_seed(number)
        stage = Stage(size, total, *how)
        if before:
            stage.take_over(before)
        elif not afresh:
            load_weights(stage.model, WEIGHTS / "carclassifier.npz")
        state = tf.train.Checkpoint(model=stage.all, optimizer=stage.optimizer, step=stage.step)
        manager = tf.train.CheckpointManager(state, str(folder / f"stage-{number}"), max_to_keep=1)
        state.restore(manager.latest_checkpoint)
        source = batches(pool, drawn, np.random.default_rng([number, int(stage.step)]))
        _run(stage, steps, source, manager)
        before = stage
    assert before is not None  # there is a stage
    model = mobilenet_v1()
    model.set_weights(before.model.get_weights())
    return model


def _run(stage: Stage, steps: int, source: Iterator[Batch], manager: tf.train.CheckpointManager) -> None:
    """Take a stage to its last step, with a bar."""
    done, size = int(stage.step), stage.size
    with tqdm(total=steps, initial=done, desc=f"{size}×{size} pixels", unit=" steps", file=sys.stdout) as bar:
        average = 0.0
        for step in range(done + 1, steps + 1):
            loss = float(stage.train(next(source)))
            average = 0.98 * average + 0.02 * loss if average else loss
            bar.set_postfix_str(f"loss {average:.3f}", refresh=False)
            bar.update()
            if step % SAVE_EVERY == 0 or step == steps:
                manager.save()


def main() -> None:
    """Train, write the weights, renew the tables beside them."""
    parser = Parser(prog="python -m aiedge.workshop.recipes.cars", description="Train the car classifier.")
    parser.add_argument("--afresh", action="store_true", help="start from random weights")
    parser.add_argument(
        "--measure", action="store_true", help="do not train: renew the tables of the weights"
    )
    arguments = parser.parse_args()
    path = WEIGHTS / "carclassifier.npz"
    if arguments.measure:
        model = load_weights(mobilenet_v1(), path)
    else:
        images, labels, kinds = draw_cars(DRAWN_PICTURES, DRAWN_SEED, progress=True)
        drawn = datasets.Dataset(images, labels, ("no car", "car"), kinds)
        folder = cache_folder("recipes") / ("cars-afresh" if arguments.afresh else "cars")
        model = learn(gather(), drawn, folder, arguments.afresh)
        print(f"wrote {save_weights(model, path)}")
        shutil.rmtree(folder)  # the next training is another one
    measured = measure(model)
    renew(WEIGHTS / "README.md", "cars.py", measured)
    print(measured, end="")


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
