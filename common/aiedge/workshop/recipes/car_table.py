"""How well the car classifier does on pictures that it has not seen, float and int8, as tables in Markdown.

The first table is of balanced accuracy: the mean of the share of cars found and of the rest left alone. Vans and buses
are no cars, but some look like one: the second table tells what share of each kind of vehicle is called a car.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from aiedge.benchmark.metrics import balanced_accuracy
from aiedge.codegen import CompiledModel
from aiedge.quantization import quantize
from aiedge.text import markdown
from aiedge.tflite import convert_int8
from aiedge.train import datasets
from aiedge.train.datasets.dataset import Dataset
from aiedge.train.datasets.imagenet import BUSES, CARS, VANS, VEHICLES
from aiedge.train.datasets.sets import CAR_CLASSES, enlarge
from aiedge.train.framework import keras

CALIBRATION = 200  # drawn pictures, those with which the lesson makes the int8 model that the kit ships
Answer = Callable[[Dataset], NDArray[np.bool_]]  # what is called a car


def measure(model: keras.Model) -> str:
    """Both tables of the float network and of its int8 conversion."""
    drawn = datasets.cars("drawn")
    sets = {
        "CIFAR-10": datasets.cars("real").test,
        "Tiny ImageNet": tiny_cars(datasets.tiny_imagenet().test),
        "drawn": drawn.test,
    }
    return tables(sets, answers(model, drawn.calibration.take(CALIBRATION)))


def tiny_cars(data: Dataset) -> Dataset:
    """Tiny ImageNet's pictures at 96×96; label 1 is a car, and a van or a bus is none."""
    return Dataset(enlarge(data.images), np.isin(data.kinds, CARS).astype(np.int64), CAR_CLASSES, data.kinds)


def answers(model: keras.Model, calibration: Dataset) -> tuple[Answer, Answer]:
    """What the network calls a car, as float and as int8."""
    int8 = CompiledModel(convert_int8(model, calibration.inputs))
    stored = int8.inputs[0].quantization
    assert stored is not None  # an int8 input has one
    return (
        lambda data: model.predict(data.inputs, batch_size=256, verbose=0)[:, 0] > 0.5,
        lambda data: int8.predict(quantize(data.inputs, stored))[:, 0] > 0,  # half of -128 ... 127
    )


def tables(sets: dict[str, Dataset], answers: Sequence[Answer]) -> str:
    """The tables, for what is called a car by each of `answers`: float and int8."""
    called = {name: [answer(data) for answer in answers] for name, data in sets.items()}
    lines, shares = [], []
    for name, data in sets.items():
        for what, mask in _parts(name, data).items():
            accuracies = [
                balanced_accuracy(data.labels[mask], answer[mask].astype(int)) for answer in called[name]
            ]
            lines.append((what, f"{mask.sum():,}", *(f"{100 * share:.2f} %" for share in accuracies)))
        for kind in (k for k in ("automobile", "truck", *VEHICLES) if name != "drawn" and k in data.kinds):
            of_kind = data.kinds == kind
            parts = [f"{100 * answer[of_kind].mean():.1f} %" for answer in called[name]]
            side = "yes" if data.labels[of_kind].all() else "no"
            shares.append((name, kind, side, f"{of_kind.sum():,}", *parts))
    return (
        markdown(("test set", "pictures", "float", "int8"), lines)
        + "\n"
        + markdown(("test set", "vehicle", "a car", "pictures", "called a car: float", "int8"), shares)
    )


def _parts(name: str, data: Dataset) -> dict[str, NDArray[np.bool_]]:
    """What of a set is measured, with a mask of its pictures."""
    every = np.ones(len(data), bool)
    if name == "CIFAR-10":
        return {name: every, f"{name} without trucks": data.kinds != "truck"}
    if name == "Tiny ImageNet":
        apart = np.isin(data.kinds, VANS + BUSES)
        return {f"{name}, cars and the rest": ~apart, f"{name} with vans and buses": every}
    return {name: every}
