"""Models that the firmware tests share."""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from aiedge.files import cache_folder
from aiedge.paths import REPO
from tests.support.once import made_once


@pytest.fixture(scope="session")
def car_models(tmp_path_factory) -> Path:
    """A folder with carclassifier.cpp and carclassifier_float.cpp: a tiny network with the real one's input, output."""
    folder = tmp_path_factory.mktemp("models")
    digest = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    for name, convert in {"carclassifier": int8_model, "carclassifier_float": float_model}.items():
        model = made_once(cache_folder("networks") / f"{name}-{digest}.tflite", convert)
        tflite.write_c_array(model, folder / f"{name}.cpp")
    return folder


def int8_model() -> bytes:
    samples = np.random.default_rng(1).random((20, 96, 96, 3), np.float32)
    return tflite.convert_int8(car_network(), samples)


def float_model() -> bytes:
    return tflite.convert_float(car_network())


@cache
def car_network() -> object:
    """The tiny network in Keras."""
    from aiedge.train.framework import keras

    layers = keras.layers
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((96, 96, 3), batch_size=1),
            layers.Conv2D(4, 8, strides=8, activation="relu"),
            layers.DepthwiseConv2D(3, padding="same", activation="relu6"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1, activation="sigmoid", kernel_initializer=keras.initializers.RandomNormal(0, 20)),
        ]
    )


@pytest.fixture(scope="session")
def cifar_model(tmp_path_factory) -> Path:
    """cifar_cnn.cpp: the pruned network of the lesson, with weights that nobody trained."""
    path = tmp_path_factory.mktemp("models") / "cifar_cnn.cpp"
    return tflite.write_c_array((REPO / "tests/golden/cifar_cnn_25_51_76.tflite").read_bytes(), path)
