"""A Keras network run layer by layer, so that a lesson can round its weights and activations on the way.

What comes out is what an int8 network would answer if its arithmetic were exact: each weight and each stored
activation has one of 256 values, kept as floats. For networks whose layers form a chain, as MobileNetV1's do.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiedge.errors import UserError
from aiedge.quantization.affine import INT8_MAX, INT8_MIN

if TYPE_CHECKING:
    import keras

Floats = NDArray[np.float32]
BATCH = 100  # images; the largest activations of a batch take some 30 MB
_WEIGHTED = ("Conv2D", "DepthwiseConv2D", "Dense")


def fold_batch_norm(model: "keras.Model") -> "keras.Model":
    """A network with the same answers and no batch normalization, as the converter makes it.

    Batch normalization multiplies each channel by  k = gamma / √(variance + epsilon)  and adds beta − mean · k, so
    the layer before it takes over: its weights times k, its bias times k plus the rest. A layer's activation becomes a
    layer of its own. Raises `UserError` for a network that branches, or for a normalization that follows
    no weights.
    """
    from aiedge.train import structure
    from aiedge.train.framework import keras

    _chain(model)
    layers = _chain(structure.fold_batch_norm(structure.separate_activations(model)))
    for layer in layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            raise UserError(f"{layer.name} does not follow a layer with weights", "fold only such networks")
    return keras.Sequential([keras.Input(model.input_shape[1:]), *layers])


def kernels(model: "keras.Model") -> dict[str, Floats]:
    """The weights of each layer by its name, channels last; a depthwise layer has [rows, columns, channels]."""
    return {layer.name: _channels_last(layer) for layer in model.layers if type(layer).__name__ in _WEIGHTED}


def output_shapes(model: "keras.Model") -> dict[str, tuple[int, int, int]]:
    """Rows, columns and channels of what each layer with weights writes; a dense layer writes one pixel."""
    shapes = {
        layer.name: layer.output.shape[1:] for layer in model.layers if type(layer).__name__ in _WEIGHTED
    }
    return {name: shape if len(shape) == 3 else (1, 1, *shape) for name, shape in shapes.items()}


def with_kernels(model: "keras.Model", change: Callable[[Floats], NDArray]) -> "keras.Model":
    """A copy of the network whose weights are `change(kernel)`, layer by layer; biases stay as they are."""
    from aiedge.train.framework import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for layer in copy.layers:
        if type(layer).__name__ in _WEIGHTED:
            changed = np.asarray(change(_channels_last(layer)), np.float32)
            layer.set_weights([changed.reshape(layer.kernel.shape), *layer.get_weights()[1:]])
    return copy


def run_layers(
    model: "keras.Model", inputs: NDArray, at: Callable[[str, Floats], NDArray | None] | None = None
) -> Floats:
    """Outputs of the network for `inputs` [n, ...], float32 [n, outputs].

    `at(name, values)` is called with the input ("input") and with each activation that an int8 network stores, by its
    layer's name, for each batch; what it returns goes on in its place, None leaves it as it is. A layer with weights
    stores nothing where a ReLU follows, which runs within it.
    """
    layers = list(model.layers)
    outputs = []
    for start in range(0, len(inputs), BATCH):
        x = _noted(at, "input", np.asarray(inputs[start : start + BATCH], np.float32))
        for layer, after in zip(layers, [*layers[1:], None], strict=True):
            x = layer(x, training=False)
            if not (type(layer).__name__ in _WEIGHTED and type(after).__name__ == "ReLU"):
                x = _noted(at, layer.name, x)
        outputs.append(np.asarray(x, np.float32))
    return np.concatenate(outputs)


def rounded(values: ArrayLike, scale: ArrayLike, zero_point: ArrayLike = 0) -> Floats:
    """Real numbers, each at the nearest one that int8 can hold: quantized, clamped, and back; float32.

    `scale` has one entry, or one for each of the last axis.

    >>> rounded([0.1, 0.26, 99.0], 0.25).tolist()
    [0.0, 0.25, 31.75]
    """
    step = np.where(np.asarray(scale) > 0, scale, 1).astype(np.float32)  # a channel of zeros stays zero
    q = np.rint(np.asarray(values, np.float32) / step)
    q += np.asarray(zero_point, np.float32)
    np.clip(q, INT8_MIN, INT8_MAX, out=q)
    q -= np.asarray(zero_point, np.float32)
    return q * step


def ranges_by_picture(model: "keras.Model", images: NDArray) -> dict[str, tuple[Floats, Floats]]:
    """Lowest and highest value of each stored activation for each image alone, two arrays [n] by layer's name."""
    found = dict[str, list[tuple[NDArray, NDArray]]]()

    def note(name: str, values: Floats) -> None:
        flat = values.reshape(len(values), -1)
        found.setdefault(name, []).append((flat.min(axis=1), flat.max(axis=1)))

    run_layers(model, images, note)
    return {
        name: (np.concatenate([low for low, _ in pairs]), np.concatenate([high for _, high in pairs]))
        for name, pairs in found.items()
    }


def _noted(at: Callable[[str, Floats], NDArray | None] | None, name: str, values: object) -> object:
    if at is None:
        return values
    changed = at(name, np.asarray(values))
    return values if changed is None else np.asarray(changed, np.float32)


def _chain(model: "keras.Model") -> list:
    """The layers after the input, in order; raises `UserError` where one has another input than the one before."""
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    before = model.inputs[0]
    for layer in layers:
        if layer.input is not before:
            raise UserError(
                f"{layer.name} does not take the output of the layer before it", "give a network in a chain"
            )
        before = layer.output
    return layers


def _channels_last(layer: "keras.Layer") -> Floats:
    kernel = np.asarray(layer.kernel)
    return kernel[..., 0] if type(layer).__name__ == "DepthwiseConv2D" else kernel
