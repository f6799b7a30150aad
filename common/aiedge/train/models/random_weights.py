"""Random weights under which a network behaves like a trained one: no layer's output vanishes or explodes.

Speed and memory do not depend on the weights' values, but int8 scales do. He initialization keeps the variance
through relu layers (He et al., *Delving Deep into Rectifiers*, 2015), and batch normalization takes its mean and
variance from images.
"""

import numpy as np
from numpy.typing import NDArray

from aiedge.train.framework import keras


def random_images(count: int, shape: tuple[int, ...], seed: int = 0) -> NDArray[np.float32]:
    """Images of smooth random blobs with some noise, float32 [count, *shape] in 0...1.

    `shape` is [height, width, channels] or any other; blobs need an image.

    >>> random_images(5, (32, 32, 3)).shape
    (5, 32, 32, 3)
    """
    rng = np.random.default_rng(seed)
    images = rng.uniform(0, 1, (count, *shape)).astype(np.float32)
    if len(shape) == 3:
        height, width, channels = shape
        coarse = rng.uniform(0, 1, (count, 5, 5, channels)).astype(np.float32)
        blobs = keras.ops.image.resize(coarse, (height, width), "bilinear", data_format="channels_last")
        images = 0.8 * np.asarray(blobs) + 0.2 * images
    return images


def randomize(model: keras.Model, seed: int = 0) -> keras.Model:
    """Give every layer random weights in place, and batch normalization the statistics of 32 random images.

    Returns the model. The same seed gives the same weights.
    """
    rng = np.random.default_rng(seed)
    normalizations = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in model.layers:
        for weight in layer.trainable_weights:
            weight.assign(_draw(rng, layer, weight))
    momenta = [layer.momentum for layer in normalizations]
    for layer in normalizations:
        layer.momentum = 0.0  # one pass sets the statistics to this batch's
    images = [random_images(32, x.shape[1:], seed) for x in model.inputs]
    model(images if len(images) > 1 else images[0], training=True)
    for layer, momentum in zip(normalizations, momenta, strict=True):
        layer.momentum = momentum
    return model


def _draw(rng: np.random.Generator, layer: keras.Layer, weight: keras.Variable) -> NDArray:
    shape = tuple(weight.shape)
    if weight.name == "gamma":
        return rng.uniform(0.5, 1.5, shape)
    if len(shape) < 2:
        return rng.normal(0, 0.1, shape)  # biases, beta
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D) or weight.name == "depthwise_kernel"
    inputs = np.prod(shape[:2] if depthwise else shape[:-1])  # values that one output sums
    return rng.normal(0, np.sqrt(2 / inputs), shape)
