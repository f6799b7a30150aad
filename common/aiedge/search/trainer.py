"""A candidate's accuracy: its parent is trained once, pruned to it, trained on and rounded to int8.

Pruning a trained network and training on for an epoch or two gets as far as many epochs from random weights do.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from aiedge import tflite
from aiedge.codegen import CompiledModel
from aiedge.quantization import quantize
from aiedge.search.space import Space, Values
from aiedge.train import datasets
from aiedge.train.aware import quantization_aware
from aiedge.train.blueprint import Blueprint
from aiedge.train.framework import keras
from aiedge.train.framework import tensorflow as tf
from aiedge.train.models import copy_weights, load_weights, pretrained, save_weights
from aiedge.train.models.blueprints import blueprint_model, layer_name
from aiedge.train.pruning import importance, plan_pruning, remove
from aiedge.train.training import fit, set_seed

VALIDATION = 0.1  # of the training set: what the search goes by; the test set is for its results
MOST_VALIDATION = 5000
SCORED = 500  # samples, for scores that need some
AWARE_RATE = 1e-4
MOVED = 1 / 8  # of a picture's sides, at most
MIRRORED = ("cifar10", "cars")  # whose pictures show the same class in a mirror; digits do not
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
# Asked after each epoch, with the accuracy so far: whether to train on.
GoOn = Callable[[int, float], bool]


class Trainer:
    """Trains the networks of a space; parents and checkpoints lie in `folder`. A bar shows the epochs of each."""

    def __init__(self, space: Space, folder: Path, progress: bool = True) -> None:
        self.space, self.folder, self.progress = space, folder, progress

    @cached_property
    def data(self) -> datasets.Splits:
        """The data set."""
        splits = datasets.load(self.space.data)
        splits.banner()
        return splits

    @cached_property
    def validation(self) -> datasets.Dataset:
        """The samples by which candidates are compared."""
        train = self.data.train
        return train.where(np.arange(len(train)) >= len(train) - self._held)

    @cached_property
    def train(self) -> datasets.Dataset:
        """The samples to learn from."""
        train = self.data.train
        rest = train.take(len(train) - self._held)
        return rest.take(self.space.training.pictures) if self.space.training.pictures else rest

    @property
    def _held(self) -> int:
        return min(MOST_VALIDATION, int(VALIDATION * len(self.data.train)))

    def parent(self, values: Values) -> keras.Model:
        """The trained network of these values before pruning: with shipped weights, from the folder or trained now."""
        blueprint, training = self.space.parent(values), self.space.training
        path = (
            self.folder / "parents" / f"{_digest([repr(blueprint), asdict(training), self.data.source])}.npz"
        )
        set_seed(0)
        model = blueprint_model(blueprint)
        if path.exists():
            return load_weights(model, path)
        if training.parent:
            copy_weights(pretrained(training.parent), model)
            if not training.parent_epochs:
                return model
        model.compile(keras.optimizers.Adam(self._rate(training.parent_epochs)), LOSS)
        self._fit(model, training.parent_epochs, path.with_suffix(".part.npz"))
        save_weights(model, path)
        path.with_suffix(".part.npz").unlink(missing_ok=True)
        return model

    def candidate(self, values: Values, go_on: GoOn = lambda epoch, accuracy: True) -> bytes:
        """The int8 .tflite of a choice of parameters, trained for the space's epochs or until `go_on` says no.

        A whole network with shipped weights has been trained.
        """
        training, kept = self.space.training, self.folder / "trials" / f"{key(self.space, values)}.npz"
        parent = self.parent(values)
        shares = self.space.shares(values)
        model = pruned(parent, self.space.parent(values), shares, values, self.train)
        if training.epochs and (any(shares.values()) or not training.parent):
            set_seed(0)
            model.compile(keras.optimizers.Adam(self._rate(training.epochs)), LOSS)
            stop = keras.callbacks.LambdaCallback(
                on_epoch_end=lambda epoch, logs: setattr(
                    model, "stop_training", not go_on(epoch, self.float_accuracy(model))
                )
            )
            self._fit(model, training.epochs, kept, callbacks=[stop])
        calibration = self.data.calibration.inputs
        if values["quantization.way"] == "qat":
            model = quantization_aware(model, calibration, (0.0, 1.0))
            model.compile(keras.optimizers.Adam(AWARE_RATE), LOSS)
            self._fit(model, 1, None)
            made = tflite.convert_int8(model)
        else:
            made = tflite.convert_int8(
                model, calibration, per_channel=values["quantization.way"] != "ptq per tensor"
            )
        kept.unlink(missing_ok=True)
        return made

    def float_accuracy(self, model: keras.Model) -> float:
        """The share of the validation samples that a Keras model names right."""
        answers = model.predict(self.validation.inputs, batch_size=500, verbose=0)
        return float(np.mean(answers.argmax(axis=1) == self.validation.labels))

    def accuracy(self, model: bytes, data: datasets.Dataset | None = None) -> float:
        """The share of the validation samples, or of others, that the compiled int8 model names right."""
        compiled, data = CompiledModel(model), data or self.validation
        params = compiled.inputs[0].quantization
        assert params is not None  # an int8 input has one
        answers = compiled.predict(quantize(data.inputs, params)).argmax(axis=-1)
        return float(np.mean(answers == data.labels))

    def _rate(self, epochs: int) -> keras.optimizers.schedules.LearningRateSchedule:
        steps = epochs * -(-len(self.train) // self.space.training.batch)
        return keras.optimizers.schedules.CosineDecay(self.space.training.learning_rate, max(steps, 1))

    def _fit(self, model: keras.Model, epochs: int, checkpoint: Path | None, **options: Any) -> None:
        training = self.space.training
        if training.augment:
            batches = changed(self.train, training.batch, self.space.data in MIRRORED)
            fit(model, batches, None, epochs, checkpoint, self.progress, shuffle=False, **options)
            return
        options["batch_size"] = training.batch
        fit(model, self.train.inputs, self.train.labels, epochs, checkpoint, self.progress, **options)


def changed(data: datasets.Dataset, batch: int, mirrored: bool) -> "tf.data.Dataset":
    """Batches of pictures in random order, each moved by up to an eighth of its sides, and `mirrored` or not.

    float32 [batch, height, width, channels], pixel / 255, with class numbers int64 [batch].
    """
    change = [keras.layers.RandomTranslation(MOVED, MOVED, "reflect", "nearest")]
    if mirrored:
        change.append(keras.layers.RandomFlip("horizontal"))

    def pixels(images: "tf.Tensor", labels: "tf.Tensor") -> tuple["tf.Tensor", "tf.Tensor"]:
        x = tf.cast(images, tf.float32) / 255
        for layer in change:
            x = layer(x, training=True)
        return x, labels

    samples = tf.data.Dataset.from_tensor_slices((data.images, data.labels)).shuffle(len(data))
    return samples.batch(batch).map(pixels).prefetch(2)


def pruned(
    parent: keras.Model,
    blueprint: Blueprint,
    shares: dict[str, float],
    values: Values,
    data: datasets.Dataset,
) -> keras.Model:
    """The parent, whose layers are those of `blueprint`, without these shares of its groups."""
    if not any(shares.values()):
        return parent
    x, y = data.inputs[:SCORED], data.labels[:SCORED]
    scores = importance(parent, values["pruning.method"], x, y, LOSS)
    by_kind: dict[str, dict[str, float]] = {"conv": {}, "dense": {}}
    for number, layer in enumerate(blueprint.layers):
        if layer.group:
            by_kind[layer.kind][layer_name(number)] = shares[layer.group]
    plan = plan_pruning(parent, scores, channels=by_kind["conv"], neurons=by_kind["dense"])
    return remove(parent, plan)


def key(space: Space, values: Values) -> str:
    """What tells a candidate from others: its network, and the way to it."""
    ways = [values[name] for name in ("pruning.method", "quantization.way")]
    return _digest([repr(space.parent(values)), repr(space.blueprint(values)), *ways])


def _digest(what: Any) -> str:
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]
