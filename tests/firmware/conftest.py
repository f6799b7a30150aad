"""Models that the firmware tests share."""

from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from aiedge.paths import REPO


@pytest.fixture(scope="session")
def car_models(tmp_path_factory) -> Path:
    """A folder with carclassifier.cpp and carclassifier_float.cpp: a tiny network with the real one's input, output."""
    from aiedge.train.framework import keras

    layers = keras.layers
    keras.utils.set_random_seed(1)
    network = keras.Sequential(
        [
            keras.Input((96, 96, 3), batch_size=1),
            layers.Conv2D(4, 8, strides=8, activation="relu"),
            layers.DepthwiseConv2D(3, padding="same", activation="relu6"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1, activation="sigmoid", kernel_initializer=keras.initializers.RandomNormal(0, 20)),
        ]
    )
    folder = tmp_path_factory.mktemp("models")
    samples = np.random.default_rng(1).random((20, 96, 96, 3), np.float32)
    tflite.write_c_array(tflite.convert_int8(network, samples), folder / "carclassifier.cpp")
    tflite.write_c_array(tflite.convert_float(network), folder / "carclassifier_float.cpp")
    return folder


@pytest.fixture(scope="session")
def cifar_model(tmp_path_factory) -> Path:
    """cifar_cnn.cpp: the pruned network of the lesson, with weights that nobody trained."""
    path = tmp_path_factory.mktemp("models") / "cifar_cnn.cpp"
    return tflite.write_c_array((REPO / "tests/golden/cifar_cnn_25_51_76.tflite").read_bytes(), path)
