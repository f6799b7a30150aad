"""Training with one progress bar."""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from aiedge.framework import keras

BAR = "{desc} {percentage:3.0f}% |{bar:30}| {n_fmt} of {total_fmt} epochs{postfix}"


def set_seed(seed: int = 0) -> np.random.Generator:
    """Begin anew with a seed: for Python, NumPy and Keras, whose layers are numbered from 0 again.

    Returns a NumPy generator with the same seed.
    """
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    return np.random.default_rng(seed)


def fit(
    model: keras.Model, inputs: NDArray, targets: NDArray, epochs: int, **options: Any
) -> dict[str, list[float]]:
    """Train a compiled model and return its history: a list with one number an epoch for the loss and each metric.

    `options` go to `keras.Model.fit`.
    """
    with tqdm(total=epochs, desc="training", bar_format=BAR, file=sys.stdout) as bar:

        def show(epoch: int, logs: dict[str, float]) -> None:
            bar.set_postfix_str(
                ", ".join(f"{name} {value:.3f}" for name, value in logs.items()), refresh=False
            )
            bar.update()

        callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=show), *options.pop("callbacks", [])]
        return model.fit(inputs, targets, epochs=epochs, verbose=0, callbacks=callbacks, **options).history
