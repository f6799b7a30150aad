"""Conversion of Keras models whatever the samples are: the right model, or an error that names what is wrong."""

import logging
from pathlib import Path

import numpy as np
import pytest

import aiedge
from aiedge import tflite
from aiedge.errors import UserError
from aiedge.train.aware import quantization_aware
from aiedge.train.framework import keras, quiet, tensorflow

L = keras.layers
X = np.random.default_rng(0).random((8, 4), dtype=np.float32)


def network() -> keras.Model:
    return keras.Sequential([keras.Input((4,)), L.Dense(3, activation="relu"), L.Dense(2)])


class Own(keras.Model):
    """A network of a class of one's own."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = L.Dense(2)

    def call(self, x: object) -> object:
        return self.dense(x)


def is_int8(model: bytes) -> bool:
    graph = tflite.read(model)
    return {t.dtype.name for t in (*graph.inputs, *graph.outputs)} == {"int8"} and {
        op.kind for op in graph.operators
    } == {"FULLY_CONNECTED"}


@pytest.mark.parametrize(
    "samples",
    [
        X,
        [X],
        (X,),
        list(X),
        X.tolist(),
        tensorflow.constant(X),
        lambda: ([x[None]] for x in X),
        tensorflow.data.Dataset.from_tensor_slices((X, np.zeros(8))).batch(3),
        tensorflow.data.Dataset.from_tensor_slices(X).repeat(),
    ],
    ids=["array", "list", "tuple", "samples", "lists", "tensor", "function", "batches", "endless"],
)
def test_samples_in_every_form_give_the_same_network(samples: object) -> None:
    model = network()
    made = tflite.convert_int8(model, samples)
    assert is_int8(made)
    assert tflite.read(made).inputs[0].quantization == (
        tflite.read(tflite.convert_int8(model, X)).inputs[0].quantization
    )


def test_a_generator_of_samples() -> None:
    assert is_int8(tflite.convert_int8(network(), (x for x in X)))


def with_value(value: float) -> np.ndarray:
    x = X.copy()
    x[2, 3] = value
    return x


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (X[:0], "there are no calibration samples"),
        (iter([]), "the generator gave none"),
        (with_value(np.inf), "calibration sample 2 has an infinite value"),
        (with_value(-np.inf), "calibration sample 2 has an infinite value"),
        (with_value(np.nan), "calibration sample 2 has NaN"),
        (X[0], "one sample: put it into an array of samples"),
        (X[:, :3], r"have the shape \[8, 3\], and the model takes \['n', 4\]"),
        ([X, X], r"and the model takes \['n', 4\]"),
        (np.array(["a", "b"]), "are no numbers"),
        (7, "cannot be a int"),
        ([], "there are no calibration samples"),
        (X.astype(complex), "they are complex"),
        (iter([X[0], None]), "element 1 of the calibration samples lacks values"),
        (iter([X[0], 1.0]), "element 1 of the calibration samples lacks values"),
        (iter([X, X[:, :3]]), r"element 1 of .* the shapes \[\[3\]\], and element 0 of \[\[4\]\]"),
    ],
)
def test_wrong_samples_are_named(samples: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        tflite.convert_int8(network(), samples)


def test_of_several_inputs_the_one_with_wrong_samples_is_named() -> None:
    a, b = keras.Input((4,), name="first"), keras.Input((4,), name="second")
    model = keras.Model([a, b], L.Add()([a, b]))
    with pytest.raises(UserError, match="calibration sample 2 of 'second' has NaN"):
        tflite.convert_int8(model, {"second": with_value(np.nan), "first": X})
    with pytest.raises(UserError, match="7 calibration samples for 'second', and 8 for 'first'"):
        tflite.convert_int8(model, [X, X[:7]])
    with pytest.raises(UserError, match=r"element 1 of .* \[\[4\]\], and element 0 of \[\[4\], \[4\]\]"):
        tflite.convert_int8(model, iter([(X[0], X[0]), (X[0],)]))
    with pytest.raises(UserError, match="element 0 of the calibration samples lacks values"):
        tflite.convert_int8(model, iter([{"first": X[0]}]))


@pytest.mark.parametrize("model", ["model.keras", None, 42])
def test_what_is_no_model_is_named(model: object) -> None:
    for convert in (lambda m: tflite.convert_int8(m, X), tflite.convert_float):
        with pytest.raises(UserError, match=f"a Keras model, not a {type(model).__name__}"):
            convert(model)


def test_weights_that_are_no_numbers_are_named() -> None:
    for value, text in ((np.nan, "NaN"), (np.inf, "an infinite value")):
        model = network()
        weights = model.get_weights()
        weights[2][0, 0] = value
        model.set_weights(weights)
        for convert in (lambda m: tflite.convert_int8(m, X), tflite.convert_float):
            with pytest.raises(UserError, match=rf"kernel' of layer '{model.layers[1].name}' has {text}"):
                convert(model)


def test_a_quantization_aware_network_keeps_its_ranges_whatever_the_samples() -> None:
    aware = quantization_aware(network(), X)
    with_samples, without = (tflite.convert_int8(aware, *samples) for samples in ([100 * X], []))
    assert is_int8(with_samples)
    ranges = [
        [t.quantization for t in (*g.inputs, *g.outputs)] for g in map(tflite.read, (with_samples, without))
    ]
    assert ranges[0] == ranges[1]


def test_mixed_precision_is_converted_in_float32() -> None:
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = network()
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert is_int8(tflite.convert_int8(model, X))
    y = aiedge.CompiledModel(tflite.convert_float(model)).predict(X)
    np.testing.assert_allclose(y, model.predict(X, verbose=0), rtol=1e-2, atol=1e-2)


def test_networks_of_a_class_of_ones_own() -> None:
    model = Own()
    expected = np.asarray(model(X))
    assert is_int8(tflite.convert_int8(model, X))
    with pytest.raises(UserError, match="has no graph of layers"):
        tflite.convert_float(model)
    entry = keras.Input((4,))
    wrapped = keras.Model(entry, model(entry))
    np.testing.assert_allclose(
        aiedge.CompiledModel(tflite.convert_float(wrapped)).predict(X), expected, atol=1e-5
    )


def test_inputs_and_outputs_keep_the_networks_order_and_have_names() -> None:
    b, a = keras.Input((4,), name="b_first"), keras.Input((4,), name="a_second")
    y = L.Dense(4, name="z_out")(b)
    outputs = [y, L.Dense(3, name="a_out")(L.Add()([a, y])), *(L.Dense(k + 1)(b) for k in range(10))]
    model = keras.Model([b, a], outputs)
    x = [X, 1 - X]
    compiled = aiedge.CompiledModel(tflite.convert_float(model))
    expected = model.predict(x, verbose=0)
    for mine, theirs in zip(compiled.predict(*x), expected, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)
    named = compiled.predict({"a_second": x[1], "b_first": x[0]})
    for i, theirs in enumerate(expected):
        np.testing.assert_allclose(named[f"output_{i}"], theirs, atol=1e-5)
    with pytest.raises(UserError, match="'a_third'"):
        compiled.predict({"a_third": x[1], "b_first": x[0]})
    int8 = tflite.read(tflite.convert_int8(model, x))
    assert int8.input_names == ("b_first", "a_second")
    assert [t.shape[1] for t in int8.outputs] == [t.shape[1] for t in outputs]


def test_a_warning_after_a_conversion_is_its_line(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    model = network()
    tflite.convert_float(model)
    model.save(tmp_path / "x.h5")  # Keras warns: a legacy format
    logging.getLogger("kit").addHandler(handler := logging.StreamHandler())
    try:
        with quiet():
            logging.getLogger("late").addHandler(inner := logging.StreamHandler())
        logging.getLogger("late").warning("a line of a handler that was made in quiet")
    finally:
        logging.getLogger("kit").removeHandler(handler)
        logging.getLogger("late").removeHandler(inner)
    said = capfd.readouterr().err
    assert "a line of a handler" in said and "Logging error" not in said
