"""MobileNets: depthwise convolutions filter each channel, 1×1 convolutions mix the channels."""

from aiedge.train.families import V1_BLOCKS
from aiedge.train.framework import keras


def mobilenet_v1(
    alpha: float = 0.25, size: int = 96, classes: int = 1, activation: str | None = "sigmoid"
) -> keras.Model:
    """MobileNetV1 for `size`×`size`×3 images, every layer with `alpha` times the paper's filters.

    Howard et al., *MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications*, 2017. With two
    classes and a softmax it is the network of MLPerf Tiny's visual wake words.

    >>> sum(int(keras.ops.size(weights)) for weights in mobilenet_v1().trainable_weights)
    213329
    """
    layers = keras.layers
    inputs = keras.Input((size, size, 3))
    x = layers.Conv2D(int(32 * alpha), 3, 2, "same", use_bias=False)(inputs)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    for filters, stride in V1_BLOCKS:
        x = layers.DepthwiseConv2D(3, stride, "same", use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
        x = layers.Conv2D(int(filters * alpha), 1, use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(classes, activation)(x), name="mobilenet_v1")


def mobilenet_v2(
    alpha: float = 0.35, size: int = 96, classes: int = 10, activation: str | None = None
) -> keras.Model:
    """MobileNetV2 as Keras ships it, without its weights: inverted residuals with linear bottlenecks.

    Sandler et al., *MobileNetV2: Inverted Residuals and Linear Bottlenecks*, 2018.
    """
    return keras.applications.MobileNetV2(
        (size, size, 3), alpha, weights=None, classes=classes, classifier_activation=activation
    )
