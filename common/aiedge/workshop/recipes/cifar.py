"""Train the networks of the CIFAR project, one after the other.

    python -m aiedge.workshop.recipes.cifar [NAME ...]

The names are those of `STEPS`, in the order in which one is made from another; without a name all are made. Each
goes to `common/weights/cifar_NAME.npz`. An interrupted training goes on where it was.
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # twice as fast; the order of sums differs by processor

from aiedge.errors import Parser, exit_cleanly
from aiedge.files import cache_folder
from aiedge.train import datasets
from aiedge.train.aware import quantization_aware
from aiedge.train.framework import keras
from aiedge.train.framework import tensorflow as tf
from aiedge.train.models.weights import BUILDERS, WEIGHTS, pretrained, save_weights
from aiedge.train.pruning import importance, plan_pruning, remove
from aiedge.train.training import fit, set_seed
from aiedge.workshop.recipes.augment import warp

BATCH, SIDE = 128, 32
CHANNELS, NEURONS = 0.2, 0.4  # the shares that pruning removes

Optimizer = Callable[[keras.optimizers.schedules.LearningRateSchedule], keras.Optimizer]


def pictures(data: datasets.Dataset, changed: bool = True) -> "tf.data.Dataset":
    """Batches of the pictures in random order, if `changed` each mirrored or not and moved by up to four pixels.

    float32 [128, 32, 32, 3], pixel / 255, with class numbers int64 [128].
    """

    def change(batch: tf.Tensor, classes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        x = tf.cast(batch, tf.float32) / 255
        if not changed:
            return x, classes
        n = tf.shape(batch)[0]
        mirror = tf.cast(tf.random.uniform([n]) < 0.5, tf.float32)
        dx, dy = (tf.floor(tf.random.uniform([n], -4.0, 5.0)) for _ in range(2))
        one, zero = tf.ones([n]), tf.zeros([n])
        moves = tf.stack([1 - 2 * mirror, zero, (SIDE - 1) * mirror + dx, zero, one, dy, zero, zero], 1)
        return warp(x, moves, SIDE, "NEAREST", "REFLECT"), classes

    samples = tf.data.Dataset.from_tensor_slices((data.images, data.labels)).shuffle(len(data))
    return samples.batch(BATCH, drop_remainder=True).map(change).prefetch(2)


def rate(highest: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """A learning rate that rises for a twentieth of the steps, then falls to 0 along half a cosine."""
    rise = steps // 20
    return keras.optimizers.schedules.CosineDecay(0.0, steps - rise, warmup_target=highest, warmup_steps=rise)


def learn(
    model: keras.Model,
    batches: "tf.data.Dataset",
    epochs: int,
    optimizer: Optimizer,
    highest: float,
    checkpoint: Path | None = None,
) -> keras.Model:
    """Train a network that ends in logits, on batches of `pictures`; returns the network."""
    chosen = optimizer(rate(highest, epochs * len(batches)))
    chosen.exclude_from_weight_decay(var_names=["bias", "gamma", "beta", "low", "high"])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(chosen, loss, metrics=["accuracy"])
    fit(model, batches, None, epochs, checkpoint, shuffle=False)
    return model


adam = partial(keras.optimizers.AdamW, weight_decay=0.01)
momentum = partial(keras.optimizers.SGD, momentum=0.9, nesterov=True, weight_decay=1e-3)


def prune(model: keras.Model) -> keras.Model:
    """The published step from 32-64-128 to 25-51-76: channels and neurons of the smallest L1 norm go."""
    return remove(model, plan_pruning(model, importance(model, "l1"), CHANNELS, NEURONS))


def _aware(name: str, data: datasets.Splits) -> keras.Model:
    return quantization_aware(pretrained(f"cifar_{name}"), data.calibration.inputs, (0.0, 1.0))


# Where each network begins; how many epochs it learns, with which optimizer, at which highest rate.
STEPS: dict[str, tuple[Callable[[datasets.Splits], keras.Model], int, Optimizer, float]] = {
    "original": (lambda _: BUILDERS["cifar_original"](), 25, adam, 2e-3),
    "pooled": (lambda _: BUILDERS["cifar_pooled"](), 50, adam, 3e-3),
    "pruned": (lambda _: prune(pretrained("cifar_pooled")), 30, adam, 2e-3),
    "pruned_qat": (lambda data: _aware("pruned", data), 8, adam, 3e-4),
    "tiny": (lambda _: BUILDERS["cifar_tiny"](), 140, momentum, 0.2),
    "tiny_qat": (lambda data: _aware("tiny", data), 4, adam, 3e-4),
    "fine": (lambda _: BUILDERS["cifar_fine"](), 92, momentum, 0.2),
}


def main() -> None:
    """Train the networks that are named and write their weights."""
    parser = Parser(
        prog="python -m aiedge.workshop.recipes.cifar", description="Train the networks of the CIFAR project."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(STEPS))
    names = parser.parse_args().names
    for name in names:
        if name not in STEPS:
            parser.error(f"there is no network {name!r}; there are {', '.join(STEPS)}")
    data = datasets.cifar10("real")
    for name, (begin, epochs, optimizer, highest) in STEPS.items():
        if not names or name in names:
            set_seed()
            print(name)
            checkpoint = cache_folder("recipes") / "cifar" / f"{name}.npz"
            model = learn(begin(data), pictures(data.train), epochs, optimizer, highest, checkpoint)
            print(f"wrote {save_weights(model, WEIGHTS / f'cifar_{name}.npz')}")


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
