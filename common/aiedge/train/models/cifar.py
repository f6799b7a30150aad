"""Small networks for CIFAR-10: 32×32×3 images, ten classes."""

from aiedge.train.framework import keras


def cifar_cnn(
    first: int = 32, second: int = 64, dense: int = 128, activation: str | None = None
) -> keras.Model:
    """Two convolutions and two dense layers: the network that the workshop prunes.

    `first` and `second` are filters of 3×3, each followed by max pooling; an adaptive average pool to 2×2 leads into
    `dense` units.

    >>> cifar_cnn(32, 64, 128).count_params(), cifar_cnn(25, 51, 76).count_params()
    (53578, 28576)
    """
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(first, 3, padding="same", activation="relu", name="conv1"),
            layers.MaxPooling2D(2),
            layers.Conv2D(second, 3, padding="same", activation="relu", name="conv2"),
            layers.MaxPooling2D(2),
            layers.AveragePooling2D(4),
            layers.Flatten(),
            layers.Dense(dense, activation="relu", name="dense1"),
            layers.Dense(10, activation=activation, name="dense2"),
        ],
        name="cifar_cnn",
    )


def cifar_original(activation: str | None = None) -> keras.Model:
    """The network that the published pipeline begins with: no pooling before its dense layers, which hold nearly all.

    >>> cifar_original().count_params()
    545098
    """
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, 3, padding="same", activation="relu", name="conv1"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, padding="same", activation="relu", name="conv2"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(128, activation="relu", name="dense1"),
            layers.Dense(10, activation=activation, name="dense2"),
        ],
        name="cifar_original",
    )


def resnet8(activation: str | None = None) -> keras.Model:
    """The ResNet of MLPerf Tiny's image classification: three residual blocks of 16, 32 and 64 filters.

    Banbury et al., *MLPerf Tiny Benchmark*, 2021, after He et al., *Deep Residual Learning for Image Recognition*,
    2015.

    >>> resnet8().count_params()
    78666
    """
    inputs = keras.Input((32, 32, 3))
    x = _convolution(inputs, 16)
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        x = _residual(x, filters, stride)
    return keras.Model(inputs, _classify(x, activation), name="resnet8")


def cifar_tiny(activation: str | None = None) -> keras.Model:
    """A network in the budget of the pruned `cifar_cnn`: it spends it on residual blocks behind an early pool.

    28,576 parameters, 3.65 M multiplications and 16 KB of activations are what the published network takes, or less;
    the parameters count once batch normalization is folded into the convolutions.

    >>> from aiedge.train.structure import fold_batch_norm
    >>> fold_batch_norm(cifar_tiny()).count_params()
    27970
    """
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.MaxPooling2D(2)(_convolution(inputs, 16))
    for filters, stride in ((16, 1), (24, 2), (24, 1)):
        x = _residual(x, filters, stride)
    x = _convolution(x, 96, 1)
    return keras.Model(inputs, _classify(x, activation), name="cifar_tiny")


def cifar_fine(activation: str | None = None) -> keras.Model:
    """As many parameters as `cifar_tiny` on finer maps: accuracy for three times the work, and twice the memory.

    In place of halving its maps once more, the last block looks at every second value of them.

    >>> from aiedge.train.structure import fold_batch_norm
    >>> fold_batch_norm(cifar_fine()).count_params()
    28290
    """
    inputs = keras.Input((32, 32, 3))
    x = _convolution(inputs, 16)
    for filters, stride, dilation in ((16, 1, 1), (24, 2, 1), (24, 1, 2)):
        x = _residual(x, filters, stride, dilation)
    x = _convolution(x, 88, 1)
    return keras.Model(inputs, _classify(x, activation), name="cifar_fine")


def _convolution(x: keras.KerasTensor, filters: int, size: int = 3, stride: int = 1) -> keras.KerasTensor:
    layers = keras.layers
    x = layers.Conv2D(filters, size, stride, "same")(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def _residual(x: keras.KerasTensor, filters: int, stride: int, dilation: int = 1) -> keras.KerasTensor:
    """Two convolutions, around which the input goes; through a 1×1 convolution where its scale changes."""
    layers = keras.layers
    y = _convolution(x, filters, 3, stride)
    y = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same", dilation_rate=dilation)(y))
    if stride > 1 or dilation > 1:
        x = layers.Conv2D(filters, 1, stride, "same")(x)
    return layers.ReLU()(layers.Add()([x, y]))


def _classify(x: keras.KerasTensor, activation: str | None) -> keras.KerasTensor:
    layers = keras.layers
    return layers.Dense(10, activation)(layers.Flatten()(layers.AveragePooling2D(x.shape[1])(x)))
