"""Networks whose layers join several earlier ones, by concatenation or by addition."""

from aiedge.train.framework import keras


def squeezenet(size: int = 96, classes: int = 10, activation: str | None = None) -> keras.Model:
    """SqueezeNet 1.1: 1×1 convolutions squeeze the channels before 1×1 and 3×3 ones expand them.

    Iandola et al., *SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size*, 2016; version
    1.1 is its authors' cheaper one of the same year.
    """
    layers = keras.layers
    inputs = keras.Input((size, size, 3))
    x = layers.Conv2D(64, 3, 2, activation="relu")(inputs)
    for squeezes in ((16, 16), (32, 32), (48, 48, 64, 64)):
        x = layers.MaxPooling2D(3, 2)(x)
        for squeeze in squeezes:
            x = layers.Conv2D(squeeze, 1, activation="relu")(x)
            narrow = layers.Conv2D(4 * squeeze, 1, activation="relu")(x)
            wide = layers.Conv2D(4 * squeeze, 3, padding="same", activation="relu")(x)
            x = layers.Concatenate()([narrow, wide])
    x = layers.Conv2D(classes, 1, activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    outputs = layers.Activation(activation)(x) if activation else x
    return keras.Model(inputs, outputs, name="squeezenet")


def densenet(
    size: int = 32, classes: int = 10, growth: int = 8, blocks: int = 3, activation: str | None = None
) -> keras.Model:
    """A small DenseNet: in a block each of four layers adds `growth` channels to all that came before.

    Huang et al., *Densely Connected Convolutional Networks*, 2017: pre-activated layers, bottlenecks, and transitions
    that halve channels and size between the blocks.
    """
    layers = keras.layers

    def convolve(x: keras.KerasTensor, filters: int, kernel: int) -> keras.KerasTensor:
        x = layers.ReLU()(layers.BatchNormalization()(x))
        return layers.Conv2D(filters, kernel, padding="same", use_bias=False)(x)

    inputs = keras.Input((size, size, 3))
    x = layers.Conv2D(2 * growth, 3, padding="same", use_bias=False)(inputs)
    for block in range(blocks):
        if block:
            x = layers.AveragePooling2D(2)(convolve(x, x.shape[-1] // 2, 1))
        for _ in range(4):
            x = layers.Concatenate()([x, convolve(convolve(x, 4 * growth, 1), growth, 3)])
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(classes, activation)(x), name="densenet")


def nasnet(
    size: int = 32, classes: int = 10, filters: int = 8, cells: int = 4, activation: str | None = None
) -> keras.Model:
    """A small network of NASNet's normal cell: sums of separable convolutions and pools of the last two cells.

    Zoph et al., *Learning Transferable Architectures for Scalable Image Recognition*, 2018, figure 4 (NASNet-A, normal
    cell). Instead of its reduction cell, max pooling between the halves reduces both cells' outputs.
    """
    layers = keras.layers

    def separable(x: keras.KerasTensor, kernel: int) -> keras.KerasTensor:
        x = layers.SeparableConv2D(filters, kernel, padding="same", use_bias=False)(layers.ReLU()(x))
        return layers.BatchNormalization()(x)

    def squeeze(x: keras.KerasTensor) -> keras.KerasTensor:
        return layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False)(layers.ReLU()(x)))

    def average(x: keras.KerasTensor) -> keras.KerasTensor:
        return layers.AveragePooling2D(3, 1, "same")(x)

    inputs = keras.Input((size, size, 3))
    before = now = layers.BatchNormalization()(layers.Conv2D(filters, 3, 2, use_bias=False)(inputs))
    for cell in range(cells):
        if cell == cells // 2:
            filters *= 2
            before, now = layers.MaxPooling2D(3, 2, "same")(before), layers.MaxPooling2D(3, 2, "same")(now)
        p, h = squeeze(before), squeeze(now)
        sums = [
            layers.Add()(pair)
            for pair in (
                (separable(h, 3), h),
                (separable(p, 3), separable(h, 5)),
                (average(h), p),
                (average(p), average(p)),
                (separable(p, 5), separable(p, 3)),
            )
        ]
        before, now = now, layers.Concatenate()([p, *sums])
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(now))
    return keras.Model(inputs, layers.Dense(classes, activation)(x), name="nasnet")
