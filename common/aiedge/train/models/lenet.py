"""LeNet-5 for MNIST: 28×28×1 images, ten digits."""

from aiedge.train.framework import keras


def lenet5(
    first: int = 6, second: int = 16, dense: tuple[int, int] = (120, 84), activation: str | None = None
) -> keras.Model:
    """Two 5×5 convolutions and three dense layers; most of the weights sit in the first dense layer.

    LeCun et al., *Gradient-Based Learning Applied to Document Recognition*, 1998, with what is usual since: relu, max
    pooling and a linear last layer. A convolution with padding on 28×28 stands for the paper's 32×32 images.

    >>> lenet5().count_params()
    61706
    """
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(first, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(second, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            *[layers.Dense(units, activation="relu") for units in dense],
            layers.Dense(10, activation=activation),
        ],
        name="lenet5",
    )
