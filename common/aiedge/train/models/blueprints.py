"""The Keras model of a blueprint."""

from aiedge.train.blueprint import INPUT, Blueprint, Layer
from aiedge.train.framework import keras

layers = keras.layers


def blueprint_model(blueprint: Blueprint) -> keras.Model:
    """A Keras model with random weights; its layers with weights are named by `layer_name`. It ends in logits."""
    entry = keras.Input(blueprint.input)
    made: list[keras.KerasTensor] = []
    for place, layer in enumerate(blueprint.layers):
        read = [entry if source == INPUT else made[source] for source in blueprint.sources(place)]
        x = _layer(layer, layer_name(place), read)
        if layer.norm:
            x = layers.BatchNormalization()(x)
        made.append(layers.ReLU()(x) if layer.relu else x)
    return keras.Model(entry, made[-1])


def layer_name(place: int) -> str:
    """The Keras layer's name of the blueprint's layer at `place`."""
    return f"layer_{place:03}"  # the converter orders branches by their names


def _layer(layer: Layer, name: str, read: list[keras.KerasTensor]) -> keras.KerasTensor:
    padding = "same" if layer.same else "valid"
    if layer.kind == "conv":
        made = layers.Conv2D(
            layer.width, layer.kernel, layer.stride, padding, use_bias=not layer.norm, name=name
        )
    elif layer.kind == "depthwise":
        made = layers.DepthwiseConv2D(layer.kernel, layer.stride, padding, use_bias=not layer.norm, name=name)
    elif layer.kind == "dense":
        made = layers.Dense(layer.width, use_bias=not layer.norm, name=name)
    elif layer.kind == "max_pool":
        made = layers.MaxPooling2D(layer.kernel, layer.stride, padding)
    elif layer.kind == "average_pool":
        made = layers.AveragePooling2D(layer.kernel, layer.stride, padding)
    elif layer.kind == "average":
        # Unlike the MEAN of a GlobalAveragePooling2D this can run row by row.
        return layers.Flatten()(layers.AveragePooling2D(read[0].shape[1:3])(read[0]))
    elif layer.kind == "flatten":
        made = layers.Flatten()
    else:
        return layers.Add()(read)
    return made(read[0])
