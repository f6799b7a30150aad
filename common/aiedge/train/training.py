"""Training with one progress bar: from the start, where it stopped, with small steps, or from a teacher."""

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.progress import tqdm
from aiedge.train.framework import keras
from aiedge.train.npz import DAMAGED, load_npz

BAR = "{desc} {percentage:3.0f}% |{bar:10}| {n_fmt} of {total_fmt} epochs{postfix}"


def set_seed(seed: int = 0) -> np.random.Generator:
    """Begin anew with a seed: for Python, NumPy and Keras, whose layers are numbered from 0 again.

    Returns a NumPy generator with the same seed.
    """
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    return np.random.default_rng(seed)


def fit(
    model: keras.Model,
    inputs: Any,
    targets: NDArray | None,
    epochs: int,
    checkpoint: str | Path | None = None,
    progress: bool = True,
    **options: Any,
) -> dict[str, list[float]]:
    """Train a compiled model and return its history: a list with one number an epoch for the loss and each metric.

    `inputs` are an array [n, ...] with as many `targets`, or a `tf.data.Dataset` of both with None.

    With a `checkpoint` the weights, the optimizer's state and the history are written to that file after every epoch,
    and a training that was interrupted goes on from there; it loses the epoch that it was in. The order of the samples
    in the epochs to come is drawn anew. Raises `UserError` where the file is damaged or belongs to another network.

    A bar shows the epochs, unless `progress` is false. `options` go to `keras.Model.fit`.
    """
    history = _restore(model, Path(checkpoint)) if checkpoint else {}
    done = len(next(iter(history.values()), []))
    with tqdm(
        total=epochs,
        initial=min(done, epochs),
        desc="training",
        bar_format=BAR,
        file=sys.stdout,
        disable=not progress,
    ) as bar:

        def show(epoch: int, logs: dict[str, float]) -> None:
            bar.set_postfix_str(
                ", ".join(f"{name} {value:.3f}" for name, value in logs.items()), refresh=False
            )
            bar.update()

        def save(epoch: int, logs: dict[str, float]) -> None:
            for name, value in logs.items():
                history.setdefault(name, []).append(float(value))
            if checkpoint:
                _save(model, Path(checkpoint), history)

        callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=show), *options.pop("callbacks", [])]
        # Last: what the other callbacks change at the end of an epoch is saved too.
        callbacks.append(keras.callbacks.LambdaCallback(on_epoch_end=save))
        if done < epochs:
            options = {"initial_epoch": done, "epochs": epochs, "verbose": 0} | options
            model.fit(inputs, targets, callbacks=callbacks, **options)
    return history


def fine_tune(
    model: keras.Model,
    inputs: NDArray,
    targets: NDArray,
    epochs: int,
    loss: Any,
    learning_rate: float = 1e-3,
    metrics: Sequence[Any] = ("accuracy",),
    **options: Any,
) -> dict[str, list[float]]:
    """Train on, in small steps that end at 0: after pruning, or with rounding in the network. Returns the history.

    Compiles the model with Adam, whose rate falls from `learning_rate` along half a cosine (Loshchilov and Hutter,
    *SGDR*, 2017). `options` go to `fit`.
    """
    steps = -(-len(inputs) // (options.get("batch_size") or 32)) * epochs
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, max(steps, 1))
    model.compile(keras.optimizers.Adam(rate), loss, metrics=list(metrics))
    return fit(model, inputs, targets, epochs, **options)


def distill(
    student: keras.Model,
    teacher: keras.Model,
    inputs: Any,
    targets: NDArray | None,
    epochs: int,
    temperature: float = 4.0,
    alpha: float = 0.9,
    optimizer: Any = "adam",
    **options: Any,
) -> dict[str, list[float]]:
    """Train `student` in place to answer as `teacher` does, and return the history.

    loss = (1 − α) · CE(y, softmax(z_s)) + α · T² · CE(softmax(z_t / T), softmax(z_s / T))  with logits z and class
    numbers y, int [n] (Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015, section 2). A network with
    one logit is one of two classes, 0 and z. Raises `UserError` where a network does not end in logits or the two
    differ in their classes. `inputs`, `targets` and `options` go to `fit`.
    """
    for network in (student, teacher):
        function = getattr(network.layers[-1], "activation", None)
        if function in (keras.activations.softmax, keras.activations.sigmoid):
            raise UserError(
                f"the network {network.name!r} ends in probabilities",
                "distil networks without a last activation",
            )
    if student.output_shape != teacher.output_shape or student.input_shape != teacher.input_shape:
        raise UserError(
            f"student {student.input_shape} → {student.output_shape} and teacher {teacher.input_shape} → "
            f"{teacher.output_shape} do not match",
            "give both the same inputs and classes",
        )
    if temperature <= 0 or not 0 <= alpha <= 1:
        raise UserError(
            f"temperature {temperature} or alpha {alpha} is no weight", "T is above 0, alpha from 0 to 1"
        )
    pupil = _Pupil(student, teacher, temperature, alpha)
    pupil.compile(optimizer, metrics=["accuracy"])
    classes = None if targets is None else np.asarray(targets).reshape(-1)
    return fit(pupil, inputs, classes, epochs, **options)


class _Pupil(keras.Model):
    """The student, with a loss that asks the teacher."""

    def __init__(self, student: keras.Model, teacher: keras.Model, temperature: float, alpha: float) -> None:
        super().__init__(name="pupil")
        self.student = student
        # Behind a function: Keras would count a model's weights as the pupil's own.
        self.ask = lambda x: _two_classes(teacher(x, training=False))
        self.temperature = temperature
        self.alpha = alpha
        self.build((None, *student.input_shape[1:]))

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.built = True

    def call(self, x: Any, training: bool | None = None) -> Any:
        return _two_classes(self.student(x, training=training))

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        ops = keras.ops
        soft = ops.softmax(self.ask(x) / self.temperature)
        gentle = -ops.sum(soft * ops.log_softmax(y_pred / self.temperature), axis=-1)
        hard = keras.losses.sparse_categorical_crossentropy(y, y_pred, from_logits=True)
        losses = (1 - self.alpha) * hard + self.alpha * self.temperature**2 * gentle
        return ops.mean(losses if sample_weight is None else losses * sample_weight)


def _two_classes(logits: Any) -> Any:
    return (
        keras.ops.concatenate([keras.ops.zeros_like(logits), logits], axis=-1)
        if logits.shape[-1] == 1
        else logits
    )


def _save(model: keras.Model, path: Path, history: dict[str, list[float]]) -> None:
    variables = [*model.weights, *model.optimizer.variables]
    file = io.BytesIO()
    np.savez(file, np.array(json.dumps(history)), *[np.asarray(variable) for variable in variables])
    write_atomic(path, file.getvalue())


def _restore(model: keras.Model, path: Path) -> dict[str, list[float]]:
    """Set a model and its optimizer to a checkpoint and return its history; empty where there is none yet."""
    if not path.exists():
        return {}
    try:
        file = load_npz(path)
        first, *arrays = [file[f"arr_{i}"] for i in range(len(file))]
        history = json.loads(str(first))
    except DAMAGED as error:
        raise UserError(
            f"{path} is no checkpoint, or a damaged one", "delete it to train from the start"
        ) from error
    model.optimizer.build(model.trainable_variables)
    variables = [*model.weights, *model.optimizer.variables]
    if [tuple(v.shape) for v in variables] != [array.shape for array in arrays]:
        raise UserError(
            f"{path} is the checkpoint of another network or optimizer",
            "give each training a file of its own",
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return history
