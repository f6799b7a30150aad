"""Folding batch normalization, rounding on the way through a network, and the patches of a convolution."""

import numpy as np
import pytest

from aiedge import tflite
from aiedge.errors import UserError
from aiedge.quantization import QuantParams, dequantize, patches, quantize
from aiedge.train import models
from aiedge.train.framework import keras, tensorflow
from aiedge.train.simulate import (
    fold_batch_norm,
    kernels,
    output_shapes,
    ranges_by_picture,
    rounded,
    run_layers,
    with_kernels,
)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """A small MobileNet with batch normalization that does something."""
    return models.randomize(models.mobilenet_v1(size=32))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return models.random_images(7, (32, 32, 3))


def test_a_folded_network_answers_the_same(model, images) -> None:
    folded = fold_batch_norm(model)
    assert not any("BatchNorm" in type(layer).__name__ for layer in folded.layers)
    expected = np.asarray(model(images))
    assert expected.std() > 0.01
    np.testing.assert_allclose(run_layers(folded, images), expected, atol=1e-4)
    np.testing.assert_allclose(folded(images), expected, atol=1e-4)


def test_a_layer_keeps_its_bias_and_the_normalization_its_parts(images) -> None:
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(4, 3, 2, bias_initializer="normal", activation="linear"),
            layers.BatchNormalization(center=False),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(5, "softmax", bias_initializer="normal"),
        ]
    )
    network.layers[1].set_weights([np.full(4, 2.0), np.arange(4.0), np.array([0.5, 1, 2, 3])])
    folded = fold_batch_norm(network)
    np.testing.assert_allclose(run_layers(folded, images), np.asarray(network(images)), atol=1e-4)


def test_networks_that_cannot_be_folded_are_refused() -> None:
    with pytest.raises(UserError, match="the layer before it"):
        fold_batch_norm(models.resnet8())
    first = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.BatchNormalization()])
    with pytest.raises(UserError, match="does not follow a layer with weights"):
        fold_batch_norm(first)
    late = [keras.layers.Conv2D(2, 1), keras.layers.ReLU(), keras.layers.BatchNormalization()]
    with pytest.raises(UserError, match="does not follow a layer with weights"):
        fold_batch_norm(keras.Sequential([keras.Input((4, 4, 1)), *late]))


def test_the_activations_are_those_that_the_int8_model_stores(model, images) -> None:
    """The converter's ranges of the same pictures are those that `run_layers` shows, tensor by tensor."""
    folded, seen = fold_batch_norm(model), {}
    run_layers(folded, images, seen.__setitem__)
    graph = tflite.read(tflite.convert_int8(model, images))
    stored = [graph.inputs[0], *(operator.outputs[0] for operator in graph.operators)]
    assert len(stored) == len(seen)
    for tensor, (name, values) in list(zip(stored, seen.items(), strict=True))[:-1]:
        assert values.shape[1:] == tensor.sample_shape, name
        width = max(values.max(), 0) - min(values.min(), 0)
        assert width / 255 == pytest.approx(float(tensor.quantization.scale), rel=1e-3), name


def test_what_is_returned_on_the_way_goes_on(model, images) -> None:
    folded = fold_batch_norm(model)
    zeros = run_layers(folded, images, lambda name, x: np.zeros_like(x) if name == "input" else None)
    np.testing.assert_allclose(zeros, run_layers(folded, np.zeros_like(images)), atol=1e-6)


def test_batches_make_no_difference(model, images, monkeypatch) -> None:
    folded = fold_batch_norm(model)
    expected, expected_ranges = run_layers(folded, images), ranges_by_picture(folded, images)
    monkeypatch.setattr("aiedge.train.simulate.BATCH", 3)
    np.testing.assert_allclose(run_layers(folded, images), expected, atol=1e-6)
    for name, (low, high) in ranges_by_picture(folded, images).items():
        np.testing.assert_allclose([low, high], expected_ranges[name], atol=1e-4)
        assert len(low) == len(images)


def test_kernels_are_replaced_with_channels_last(model, images) -> None:
    folded = fold_batch_norm(model)
    shapes = output_shapes(folded)
    for name, kernel in kernels(folded).items():
        assert kernel.shape[-1] == shapes[name][-1], name
    same = with_kernels(folded, lambda kernel: kernel)
    np.testing.assert_array_equal(run_layers(same, images), run_layers(folded, images))
    halved = with_kernels(folded, lambda kernel: kernel / 2)
    for name, kernel in kernels(halved).items():
        np.testing.assert_array_equal(kernel, kernels(folded)[name] / 2)


@pytest.mark.parametrize(
    "params", [QuantParams(0.1, 5), QuantParams(np.array([0.1, 2.0]), np.array([0, 0]), 1)]
)
def test_rounded_is_quantize_and_dequantize(params: QuantParams) -> None:
    values = np.random.default_rng(0).uniform(-30, 30, (500, 2))
    expected = dequantize(quantize(values, params), params)
    np.testing.assert_allclose(rounded(values, params.scale, params.zero_point), expected, atol=1e-6)


def test_a_channel_of_zeros_stays_zero() -> None:
    assert rounded([[0.0, 1.0]], np.array([0.0, 0.5])).tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize(("size", "stride"), [(1, 1), (2, 2), (3, 1), (3, 2), (5, 2), (3, 3)])
@pytest.mark.parametrize("extent", [(7, 8), (9, 4)])
def test_patches_are_those_of_tensorflow(size: int, stride: int, extent: tuple[int, int]) -> None:
    image = np.random.default_rng(0).normal(size=(*extent, 2)).astype(np.float32)
    kernel = np.random.default_rng(1).normal(size=(size, size, 2, 4)).astype(np.float32)
    expected = tensorflow.nn.conv2d(image[None], kernel, stride, "SAME")[0]
    mine = patches(image, size, stride, 0.0) @ kernel.reshape(-1, 4)
    np.testing.assert_allclose(mine, expected, atol=1e-4)


def test_a_tensor_after_a_run_is_the_same_without_tflm(model, images, monkeypatch) -> None:
    int8_model = tflite.convert_int8(model, images)
    graph = tflite.read(int8_model)
    question = quantize(images[0], graph.inputs[0].quantization)
    tensors = [graph.operators[i].outputs[0] for i in (0, 7)]
    one, other = (tflite.tensor_after_run(int8_model, question, tensor.index) for tensor in tensors)
    assert one.shape == tensors[0].sample_shape
    monkeypatch.setattr("aiedge.tflite.interpreters.has_tflm", lambda: False)
    np.testing.assert_array_equal(tflite.tensor_after_run(int8_model, question, tensors[0].index), one)
    np.testing.assert_array_equal(tflite.tensor_after_run(int8_model, question, tensors[1].index), other)
