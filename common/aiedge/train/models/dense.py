"""Dense networks."""

from aiedge.train.framework import keras


def dense_network(units: list[int]) -> keras.Sequential:
    """A dense network with `units[0]` inputs and the given units a layer: relu inside, sigmoid at the end.

    `dense_network([2, 16, 16, 1])` is the XOR network of the workshop, 337 parameters; `dense_network([2,
    1])` is a single neuron (a perceptron, Rosenblatt 1958), which cannot learn XOR (Minsky and Papert,
    *Perceptrons*, 1969).

    >>> dense_network([2, 16, 16, 1]).count_params()
    337
    """
    hidden = [keras.layers.Dense(n, activation="relu") for n in units[1:-1]]
    return keras.Sequential(
        [keras.Input((units[0],)), *hidden, keras.layers.Dense(units[-1], activation="sigmoid")]
    )
