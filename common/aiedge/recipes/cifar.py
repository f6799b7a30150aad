"""Train the networks of the CIFAR project, one after the other.

    python -m aiedge.recipes.cifar [NAME ...]

The names are `original`, `pooled`, `pruned`, `pruned_qat`, `tiny` and `tiny_qat`, in the order in which one is made
from another; without a name all are made. The weights go to `common/weights/cifar_NAME.npz`.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # twice as fast; the order of sums differs by processor

import numpy as np
from numpy.typing import NDArray

from aiedge.framework import keras
from aiedge.framework import tensorflow as tf
from aiedge.training import fit

BATCH = 128


def pictures(images: NDArray[np.uint8], labels: NDArray[np.int64], cut: int = 0) -> "tf.data.Dataset":
    """The training set in random order, each picture mirrored or not and moved by up to four pixels.

    `cut` hides a square of so many pixels of every picture (cutout, DeVries and Taylor 2017).
    """

    def change(batch: tf.Tensor, classes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        n = tf.shape(batch)[0]
        x = tf.cast(batch, tf.float32) / 255
        mirror = tf.cast(tf.random.uniform([n]) < 0.5, tf.float32)
        dx, dy = (tf.floor(tf.random.uniform([n], -4.0, 5.0)) for _ in range(2))
        one, zero = tf.ones([n]), tf.zeros([n])
        moved = tf.stack([1 - 2 * mirror, zero, 31 * mirror + dx, zero, one, dy, zero, zero], 1)
        x = tf.raw_ops.ImageProjectiveTransformV3(
            images=x,
            transforms=moved,
            output_shape=[32, 32],
            fill_value=0.0,
            interpolation="NEAREST",
            fill_mode="REFLECT",
        )
        if cut:
            middle = tf.random.uniform([2, n, 1], 0.0, 32.0)
            steps = tf.range(32, dtype=tf.float32)[None]
            rows, columns = (tf.abs(steps - middle[i]) < cut / 2 for i in (0, 1))
            x = tf.where((rows[:, :, None] & columns[:, None, :])[..., None], 0.5, x)
        return x, classes

    data = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(len(images))
    return data.batch(BATCH, drop_remainder=True).map(change).prefetch(2)


def learn(
    model: keras.Model,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    epochs: int,
    rate: float,
    cut: int = 0,
) -> keras.Model:
    """Train a network that ends in logits: AdamW, its rate warmed up and then lowered by a cosine."""
    steps = epochs * (len(images) // BATCH)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / 10, steps, warmup_target=rate, warmup_steps=steps // 10
    )
    model.compile(
        keras.optimizers.AdamW(schedule, weight_decay=0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    fit(model, pictures(images, labels, cut), None, epochs)
    return model
