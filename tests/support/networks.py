"""Whole networks with random weights as .tflite files, for tests and benchmarks.

    python -m tests.support.networks        writes the small ones into tests/golden again

A network that is not there is converted at first use and kept in tests/artifacts.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.support.once import made_once

TESTS = Path(__file__).resolve().parent.parent
GOLDEN, ARTIFACTS = TESTS / "golden", TESTS / "artifacts" / "networks"
MODELS = TESTS.parent / "common" / "aiedge" / "train" / "models"

# Those that the projects' solutions hold with their trained weights.
TRAINED = {"xormodel": "xormodel/solution/xormodel.cpp", "cifar_tiny": "cifar_cnn/solution/cifar_tiny.cpp"}
# Small enough to keep: no test that uses them waits for TensorFlow.
KEPT = ("cifar_cnn_25_51_76", "densenet", "nasnet", "resnet8", "two_inputs")


def builders() -> dict[str, Callable]:
    """The networks' Keras builders, by name."""
    from aiedge.train import models

    return {
        "cifar_cnn_25_51_76": lambda: models.cifar_cnn(25, 51, 76),
        "cifar_cnn_32_64_128": lambda: models.cifar_cnn(32, 64, 128),
        "cifar_tiny": models.cifar_tiny,
        "densenet": models.densenet,
        "mobilenet_v1": models.mobilenet_v1,
        "mobilenet_v2": models.mobilenet_v2,
        "nasnet": models.nasnet,
        "resnet8": models.resnet8,
        "squeezenet": models.squeezenet,
        "two_inputs": two_inputs,
    }


def two_inputs() -> object:
    """A network of the functional API as one finds them: an image and four numbers in, classes and a mask out."""
    from aiedge.train.framework import keras

    layers = keras.layers
    image, numbers = keras.Input((12, 12, 3), name="image"), keras.Input((4,), name="extra")
    x = layers.Conv2D(8, 3, 2, "same", activation="relu")(image)
    mask = layers.Conv2D(2, 1, activation="sigmoid")(x)
    features = [layers.GlobalAveragePooling2D()(x), layers.Dense(6, activation="relu")(numbers)]
    classes = layers.Dense(3)(layers.Concatenate()(features))
    return keras.Model([image, numbers], [classes, mask])


@cache
def network(name: str, dtype: str = "int8") -> bytes:
    """A .tflite of the network with random weights; `dtype` is int8 or float32."""
    if dtype == "int8" and name in KEPT:
        return (GOLDEN / f"{name}.tflite").read_bytes()
    sources = b"".join(path.read_bytes() for path in (*sorted(MODELS.glob("*.py")), Path(__file__)))
    path = ARTIFACTS / f"{name}-{dtype}-{hashlib.sha256(sources).hexdigest()[:8]}.tflite"
    return made_once(path, lambda: convert(name, dtype))


def trained(name: str) -> bytes:
    """The int8 .tflite of a network, with its trained weights if a solution holds them."""
    from aiedge import tflite

    return tflite.load_model(TESTS.parent / TRAINED[name]) if name in TRAINED else network(name)


def convert(name: str, dtype: str) -> bytes:
    """The network out of TensorFlow's converter."""
    from aiedge import tflite
    from aiedge.train import models

    model = models.randomize(builders()[name]())
    if dtype == "float32":
        return tflite.convert_float(model)
    samples = [models.random_images(50, x.shape[1:], seed=1) for x in model.inputs]
    return tflite.convert_int8(model, samples if len(samples) > 1 else samples[0])


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for kept in KEPT:
        file = GOLDEN / f"{kept}.tflite"
        file.write_bytes(convert(kept, "int8"))
        print(f"{file.name}: {file.stat().st_size:,} bytes")
