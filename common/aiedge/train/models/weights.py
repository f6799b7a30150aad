"""The weights that the kit ships: NumPy archives in `common/weights`, made by `aiedge.workshop.recipes`."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.paths import WEIGHTS
from aiedge.train.framework import keras
from aiedge.train.models.cifar import cifar_cnn, cifar_fine, cifar_original, cifar_tiny
from aiedge.train.models.mobilenet import mobilenet_v1
from aiedge.train.npz import DAMAGED, load_npz
from aiedge.train.structure import structure


def _aware(build: Callable[[], keras.Model]) -> Callable[[], keras.Model]:
    """The builder of the same network with fake quantization, whose ranges come with the weights."""

    def build_aware() -> keras.Model:
        from aiedge.train.aware import quantization_aware

        model = build()
        return quantization_aware(model, np.zeros((1, *model.input_shape[1:]), np.float32), (0.0, 1.0))

    return build_aware


def _pruned() -> keras.Model:
    return cifar_cnn(25, 51, 76)


BUILDERS: dict[str, Callable[[], keras.Model]] = {
    "carclassifier": mobilenet_v1,
    "cifar_original": cifar_original,
    "cifar_pooled": cifar_cnn,
    "cifar_pruned": _pruned,
    "cifar_pruned_qat": _aware(_pruned),
    "cifar_tiny": cifar_tiny,
    "cifar_tiny_qat": _aware(cifar_tiny),
    "cifar_fine": cifar_fine,
}


def pretrained(name: str) -> keras.Model:
    """A network of the lessons with the weights that the kit ships; it takes pictures as pixel / 255.

    >>> pretrained("carclassifier").input_shape
    (None, 96, 96, 3)
    """
    if name not in BUILDERS:
        raise UserError(f"there are no weights named {name!r}", f"there are: {', '.join(BUILDERS)}")
    return load_weights(BUILDERS[name](), WEIGHTS / f"{name}.npz")


def copy_weights(source: keras.Model, model: keras.Model) -> keras.Model:
    """Give a model the weights of another one that has the same layers in the same order; returns the model.

    A bias that only the source's layers have goes into the mean of the batch normalization behind it: the function is
    the same. Raises `UserError` where the layers differ.
    """
    graph = structure(source)
    theirs, ours = ([call for call in g if call.layer.weights] for g in (graph, structure(model)))
    biases: dict[keras.Layer, np.ndarray] = {}  # by the normalization behind
    given = []
    for call, other in zip(theirs, ours, strict=False):
        weights, after = call.layer.get_weights(), graph.next_call(call.output)
        if call.layer in biases:
            weights[-2] = weights[-2] - biases[call.layer]  # γ · (w·x + b − μ) / √(σ² + ε) + β
        if (
            after
            and isinstance(after.layer, keras.layers.BatchNormalization)
            and len(weights) == len(other.layer.weights) + 1
        ):
            biases[after.layer] = weights.pop()
        given.append(weights)
    shapes = [[w.shape for w in weights] for weights in given]
    if len(theirs) != len(ours) or shapes != [[tuple(w.shape) for w in c.layer.weights] for c in ours]:
        raise UserError(
            f"the weights of {source.name} do not fit {model.name}", "both must have the same layers"
        )
    for call, weights in zip(ours, given, strict=True):
        call.layer.set_weights(weights)
    return model


def save_weights(model: keras.Model, path: str | Path) -> Path:
    """Write a model's weights, in their order, to a compressed `.npz`."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, *model.get_weights())
    return write_atomic(path, buffer.getvalue())


def load_weights(model: keras.Model, path: str | Path) -> keras.Model:
    """Give a model the weights in a file of `save_weights`; returns the model.

    Raises `UserError` for a file that is missing, damaged, or from another network.
    """
    path = Path(path)
    try:
        archive = load_npz(path)
        weights = [archive[f"arr_{i}"] for i in range(len(archive))]
    except FileNotFoundError as error:
        raise UserError(f"the weights {path} are missing", "fetch the whole repository again") from error
    except DAMAGED as error:
        raise UserError(f"{path} is damaged: {error}", "fetch the file again") from error
    shapes, wanted = [w.shape for w in weights], [w.shape for w in model.get_weights()]
    if shapes != wanted:
        raise UserError(
            f"{path} holds the weights of another network than {model.name}",
            f"it has {len(shapes)} arrays, {model.name} has {len(wanted)}"
            if len(shapes) != len(wanted)
            else "their shapes differ",
        )
    model.set_weights(weights)
    return model
