"""The networks of published tables on execution order, with random weights, as int8 .tflite files.

Each is converted at first use, which takes about a minute, and kept in the kit's cache folder.
"""

import hashlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from aiedge.files import cache_folder
from tests.support.once import made_once

if TYPE_CHECKING:
    import keras

SAMPLES = 2  # of random images: planning goes by shapes, but ranges must be sound


@cache
def published(name: str) -> bytes:
    """The int8 .tflite of one of `BUILDERS`."""
    digest = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    path = cache_folder("networks") / f"{name}-{digest}.tflite"
    return made_once(path, lambda: convert(name))


def convert(name: str) -> bytes:
    """The network out of TensorFlow's converter."""
    from aiedge import tflite
    from aiedge.train import models

    model = models.randomize(BUILDERS[name]())
    return tflite.convert_int8(model, models.random_images(SAMPLES, model.inputs[0].shape[1:], seed=1))


def mobilenet_v1() -> "keras.Model":
    from aiedge.train import models

    return models.mobilenet_v1(1.0, 224, 1000, None)


def squeezenet() -> "keras.Model":
    from aiedge.train import models

    return models.squeezenet(224, 1000)


def application(name: str) -> "keras.Model":
    """A network that Keras ships, for 224×224×3."""
    from aiedge.train.framework import keras

    build = getattr(keras.applications, name)
    return build((224, 224, 3), weights=None, classifier_activation=None)


def googlenet() -> "keras.Model":
    """GoogLeNet without its auxiliary heads: Szegedy et al., *Going Deeper with Convolutions*, 2015, table 1."""
    from aiedge.train.framework import keras

    layers = keras.layers
    cells = [
        (64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), None,
        (192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128), None,
        (256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128),
    ]  # fmt: skip

    def conv(x: "keras.KerasTensor", filters: int, kernel: int, stride: int = 1) -> "keras.KerasTensor":
        return layers.Conv2D(filters, kernel, stride, "same", activation="relu")(x)

    inputs = keras.Input((224, 224, 3))
    x = layers.MaxPooling2D(3, 2, "same")(conv(inputs, 64, 7, 2))
    x = layers.MaxPooling2D(3, 2, "same")(conv(conv(x, 64, 1), 192, 3))
    for cell in cells:
        if cell is None:
            x = layers.MaxPooling2D(3, 2, "same")(x)
            continue
        one, three_in, three, five_in, five, pool = cell
        branches = [
            conv(x, one, 1),
            conv(conv(x, three_in, 1), three, 3),
            conv(conv(x, five_in, 1), five, 5),
            conv(layers.MaxPooling2D(3, 1, "same")(x), pool, 1),
        ]
        x = layers.Concatenate()(branches)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(1000)(x), name="googlenet")


def _inverted(
    x: "keras.KerasTensor", filters: int, expand: int, kernel: int, stride: int = 1, dilation: int = 1
) -> "keras.KerasTensor":
    """An inverted residual block of MobileNetV2."""
    from aiedge.train.framework import keras

    layers, source = keras.layers, x
    if expand > 1:
        x = layers.Conv2D(expand * source.shape[-1], 1, use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    x = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, dilation_rate=dilation)(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    x = layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False)(x))
    return layers.Add()([source, x]) if stride == 1 and filters == source.shape[-1] else x


def mnasnet() -> "keras.Model":
    """MnasNet-B1: Tan et al., *MnasNet: Platform-Aware Neural Architecture Search for Mobile*, 2019."""
    from aiedge.train.framework import keras

    layers = keras.layers
    inputs = keras.Input((224, 224, 3))
    x = layers.Conv2D(32, 3, 2, "same", use_bias=False)(inputs)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    for filters, expand, kernel, stride, count in (
        (16, 1, 3, 1, 1), (24, 3, 3, 2, 3), (40, 3, 5, 2, 3), (80, 6, 5, 2, 3),
        (96, 6, 3, 1, 2), (192, 6, 5, 2, 4), (320, 6, 3, 1, 1),
    ):  # fmt: skip
        for i in range(count):
            x = _inverted(x, filters, expand, kernel, stride if i == 0 else 1)
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(1280, 1, use_bias=False)(x)))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(1000)(x), name="mnasnet")


def deeplab_v3(size: int = 257) -> "keras.Model":
    """DeepLabv3 on MobileNetV2 at output stride 16, with image pooling beside a 1×1 convolution, 21 classes.

    Chen et al., *Rethinking Atrous Convolution for Semantic Image Segmentation*, 2017; the shape of the mobile variant
    follows Sandler et al., *MobileNetV2*, 2018, section 6.3.
    """
    from aiedge.train.framework import keras

    layers = keras.layers
    inputs = keras.Input((size, size, 3))
    x = layers.Conv2D(32, 3, 2, "same", use_bias=False)(inputs)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    for filters, expand, stride, count, dilation in (
        (16, 1, 1, 1, 1), (24, 6, 2, 2, 1), (32, 6, 2, 3, 1), (64, 6, 2, 4, 1),
        (96, 6, 1, 3, 1), (160, 6, 1, 3, 2), (320, 6, 1, 1, 2),
    ):  # fmt: skip
        for i in range(count):
            x = _inverted(x, filters, expand, 3, stride if i == 0 else 1, dilation)
    rows = x.shape[1]
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(x)
    pooled = layers.Conv2D(256, 1, activation="relu")(pooled)
    pooled = layers.UpSampling2D(rows, interpolation="bilinear")(pooled)
    near = layers.Conv2D(256, 1, activation="relu")(x)
    x = layers.Conv2D(256, 1, activation="relu")(layers.Concatenate()([pooled, near]))
    x = layers.Conv2D(21, 1)(x)
    return keras.Model(inputs, layers.Resizing(size, size)(x), name="deeplab_v3")


def posenet(height: int = 353, width: int = 257) -> "keras.Model":
    """PoseNet on MobileNetV1 at output stride 16: heat maps, offsets and two displacements of 17 key points.

    Papandreou et al., *PersonLab*, 2018; the four heads are those of its mobile variant.
    """
    from aiedge.train.framework import keras
    from aiedge.train.models.mobilenet import V1_BLOCKS

    layers = keras.layers
    inputs = keras.Input((height, width, 3))
    x = layers.Conv2D(32, 3, 2, "same", activation="relu")(inputs)
    reach = 2
    for filters, stride in V1_BLOCKS:
        dilation = 1
        if reach == 16 and stride == 2:
            stride, dilation = 1, 2
        reach *= stride
        x = layers.DepthwiseConv2D(3, stride, "same", activation="relu", dilation_rate=dilation)(x)
        x = layers.Conv2D(filters, 1, activation="relu")(x)
    heads = [layers.Conv2D(count, 1)(x) for count in (17, 34, 32, 32)]
    return keras.Model(inputs, heads, name="posenet")


def east(size: int = 320) -> "keras.Model":
    """A text detector as EAST is: four stages of ResNet-50, merged from deep to shallow, a score and a geometry.

    Zhou et al., *EAST: An Efficient and Accurate Scene Text Detector*, 2017, figure 3.
    """
    from aiedge.train.framework import keras

    layers = keras.layers
    body = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(size, size, 3))
    stages = [body.get_layer(f"conv{i}_block{n}_out").output for i, n in ((5, 3), (4, 6), (3, 4), (2, 3))]
    x = stages[0]
    for stage, filters in zip(stages[1:], (128, 64, 32), strict=True):
        x = layers.UpSampling2D(2, interpolation="bilinear")(x)
        x = layers.Concatenate()([x, stage])
        x = layers.Conv2D(filters, 1, activation="relu")(x)
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    score = layers.Conv2D(1, 1, activation="sigmoid")(x)
    box, angle = layers.Conv2D(4, 1, activation="sigmoid")(x), layers.Conv2D(1, 1, activation="sigmoid")(x)
    return keras.Model(body.inputs[0], [score, layers.Concatenate()([box, angle])], name="east")


BUILDERS: dict[str, Callable[[], "keras.Model"]] = {
    "mobilenet_v1": mobilenet_v1,
    "squeezenet": squeezenet,
    "googlenet": googlenet,
    "mnasnet": mnasnet,
    "nasnet_mobile": partial(application, "NASNetMobile"),
    "densenet121": partial(application, "DenseNet121"),
    "deeplab_v3": deeplab_v3,
    "posenet": posenet,
    "east": east,
}
