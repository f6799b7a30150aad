"""Quantization-aware training against formulas, TensorFlow's own fake quantization, and the int8 model it becomes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from aiedge.errors import UserError
from aiedge.quantization import dequantize, params_from_range, params_symmetric, quantize
from aiedge.train.aware import is_aware, quantization_aware, strip
from aiedge.train.aware_layers import FakeQuantize, Quantized, fake_quantize
from aiedge.train.framework import keras, tensorflow
from aiedge.train.models import random_images, randomize
from aiedge.train.training import set_seed

layers = keras.layers
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def small() -> keras.Model:
    """Every kind of layer once: residual and concatenated, with relu, relu6, pools and a depthwise convolution."""
    set_seed(0)
    image = keras.Input((8, 8, 2))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(6, 3, padding="same", use_bias=False)(image)))
    y = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, use_bias=False)(x)
    y = layers.ReLU(6.0)(layers.BatchNormalization()(y))
    y = layers.BatchNormalization()(layers.Conv2D(6, 1)(y))
    x = layers.MaxPooling2D(2)(layers.ReLU()(layers.Add()([x, y])))
    x = layers.Concatenate()([x, layers.Conv2D(4, 3, padding="same", activation="relu")(x)])
    flat = layers.Flatten()(layers.Dropout(0.1)(layers.AveragePooling2D(2)(x)))
    wide = layers.Dense(3)(layers.Dense(8, activation="relu")(flat))
    mean = layers.Dense(3)(layers.Dense(8, activation="tanh")(layers.GlobalAveragePooling2D()(x)))
    return keras.Model(image, layers.Add()([wide, mean]))


def task(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images whose class is which of three rows of a channel is brightest."""
    images = random_images(count, (8, 8, 2), seed)
    return images, np.argmax(images[..., 0][:, [1, 3, 6]].mean(axis=2), axis=1)


RANGES = [(0.0, 1.0), (-1.37, 2.2), (0.0, 2.9), (-3.0, 0.5), (-4.0, 0.0)]


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_fake_quantization_is_quantizing_and_back(low: float, high: float) -> None:
    x = np.random.default_rng(0).normal(0, 2, 20_000).astype(np.float32)
    y = np.asarray(
        fake_quantize(tensorflow.constant(x), tensorflow.constant(low), tensorflow.constant(high), 255)
    )
    params = params_from_range(low, high)
    expected = dequantize(quantize(x, params), params)
    step = (high - low) / 255
    # At a tie of float32 either neighbour is right.
    assert np.mean(np.abs(y - expected) > step / 2) < 1e-3 and np.abs(y - expected).max() < 1.01 * step
    theirs = np.asarray(tensorflow.quantization.fake_quant_with_min_max_args(x, low, high))
    assert np.mean(np.abs(y - theirs) > step / 2) < 1e-3


def test_rounded_weights_are_int8_per_channel() -> None:
    set_seed(1)  # with 0 a weight lies half between two levels, where float32 and float64 round apart
    for layer, shape in (
        (layers.Conv2D(5, 3), (6, 6, 4)),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (6, 6, 4)),
        (layers.Dense(5), (7,)),
    ):
        wrapped = Quantized(layer)
        wrapped.build((None, *shape))
        wrapped.reset()
        kernel = np.asarray(layer.kernel)
        flat = kernel.reshape(*kernel.shape[:2], -1) if "depth" in layer.name else kernel
        params = params_symmetric(flat, axis=flat.ndim - 1)
        expected = dequantize(quantize(flat, params), params).reshape(kernel.shape)
        np.testing.assert_allclose(wrapped.rounded_kernel(), expected, atol=1e-6)


@pytest.mark.parametrize("steps", [255, 254])
def test_gradients_are_the_papers(steps: int) -> None:
    rng = np.random.default_rng(1)
    x, upstream = rng.normal(0, 2, (50, 3)).astype(np.float32), rng.normal(size=(50, 3)).astype(np.float32)
    low = -np.array([0.8, 1.3, 2.0], np.float32)
    high = -low if steps == 254 else np.array([1.1, 2.4, 0.3], np.float32)
    tensors = [tensorflow.constant(values) for values in (x, low, high)]
    with tensorflow.GradientTape() as tape:
        tape.watch(tensors)
        y = fake_quantize(*tensors, steps)
    to_x, to_low, to_high = tape.gradient(y, tensors, output_gradients=tensorflow.constant(upstream))
    expected_x, ends = np.zeros_like(x), np.zeros((2, 3))
    for (i, c), value in np.ndenumerate(x):
        scale = (float(high[c]) - float(low[c])) / steps
        zero = round(-float(low[c]) / scale)
        level = np.floor(value / scale + 0.5) + zero
        if level < 0:
            ends[0, c] += upstream[i, c]
        elif level > steps:
            ends[1, c] += upstream[i, c]
        else:
            # Esser et al. 2020, equation 3: ∂y/∂s = round(v) − v with v = x / s, and s = (high − low) / steps.
            expected_x[i, c] = upstream[i, c]
            slope = (level - zero - float(value) / scale) / steps
            ends[:, c] += upstream[i, c] * np.array([-slope, slope])
    np.testing.assert_allclose(to_x, expected_x)
    np.testing.assert_allclose(to_low, ends[0], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(to_high, ends[1], rtol=1e-3, atol=1e-5)


def test_an_end_learns_where_it_clips() -> None:
    layer = FakeQuantize(0.0, 0.5)
    x = np.linspace(0, 1, 100, dtype=np.float32)[:, None]
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=False)
    model.fit(x, x, epochs=40, verbose=0)
    assert float(layer.low) == 0 and float(layer.high) == pytest.approx(1, abs=0.05)


@pytest.fixture(scope="module")
def trained() -> tuple[keras.Model, keras.Model, list[float]]:
    """A float network, its quantization-aware one after training, and that one's losses."""
    images, labels = task(600, 0)
    model = small()
    model.compile(keras.optimizers.Adam(0.01), LOSS, jit_compile=False)
    model.fit(images, labels, epochs=8, verbose=0)
    aware = quantization_aware(model, images[:100], (0.0, 1.0))
    for layer in aware.layers:
        if isinstance(layer, FakeQuantize) and layer.learn:
            layer.high.assign(0.6 * layer.high)  # a bad start, from which the ranges must learn
    aware.compile(keras.optimizers.Adam(0.003), LOSS, jit_compile=False)
    before = float(LOSS(labels, aware(images)))
    losses = aware.fit(images, labels, epochs=6, verbose=0).history["loss"]
    return model, aware, [before, *losses]


def test_training_mends_bad_ranges(trained: tuple) -> None:
    model, aware, losses = trained
    images, labels = task(600, 0)
    assert losses[-1] < 0.7 * losses[0]
    accuracy = [np.mean(np.argmax(network(images), axis=1) == labels) for network in (model, aware)]
    assert accuracy[1] > accuracy[0] - 0.02


def test_the_int8_model_has_the_learned_scales_and_predicts_the_same(trained: tuple) -> None:
    _, aware, _ = trained
    model = tflite.convert_int8(aware)
    graph = tflite.read(model)
    ranges = [layer for layer in aware.layers if isinstance(layer, FakeQuantize)]
    learned = [params_from_range(float(layer.low), float(layer.high)) for layer in ranges]
    found = [
        t.quantization for op in graph.operators for t in (*op.inputs, *op.outputs) if t and not t.is_constant
    ]
    for params in learned:
        assert any(
            np.isclose(params.scale, p.scale, rtol=1e-6) and params.zero_point == p.zero_point for p in found
        )
    for p in found:
        assert any(np.isclose(params.scale, p.scale, rtol=1e-6) for params in learned)
    weights = [op.input(1) for op in graph.operators if op.macs]
    wrapped = [layer for layer in aware.layers if isinstance(layer, Quantized)]
    assert len(weights) == len(wrapped) == 8
    for layer in wrapped:
        largest = np.abs(np.asarray(layer.rounded_kernel())).reshape(-1, layer.limit.shape[0]).max(axis=0)
        assert (largest <= 1.00001 * np.asarray(layer.limit)).all()
        same = [t for t in weights if np.shape(t.quantization.scale) == largest.shape]
        assert any(np.allclose(t.quantization.scale, largest / 127, rtol=1e-5) for t in same)
    images, _ = task(400, 7)
    answers, output = np.asarray(aware(images)), graph.outputs[0].quantization
    integers = tflite.run_litert(model, quantize(images, graph.inputs[0].quantization), reference=True)
    assert np.mean(np.argmax(answers, axis=1) == np.argmax(integers, axis=1)) >= 0.99
    steps = np.abs(quantize(answers, output).astype(int) - integers)
    assert steps.mean() < 0.5 and steps.max() <= 4


def test_a_saved_network_comes_back(trained: tuple, tmp_path: Path) -> None:
    _, aware, _ = trained
    images, _ = task(8, 1)
    aware.save(tmp_path / "aware.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "aware.keras")(images), aware(images))


def test_what_is_inside_is_the_float_network() -> None:
    model, (images, _) = randomize(small()), task(8, 1)
    aware = quantization_aware(model, images)
    assert is_aware(aware) and not is_aware(strip(aware))
    np.testing.assert_allclose(strip(aware)(images), model(images), atol=1e-4)
    assert np.abs(np.asarray(aware(images)) - model(images)).max() > 1e-4


def around(*some: keras.Layer) -> keras.Model:
    return keras.Sequential([keras.Input((8, 8, 2)), *some])


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda: around(layers.SeparableConv2D(4, 3, name="separable")), "separable"),
        (lambda: around(layers.Conv2D(4, 3, groups=2, name="grouped")), "grouped"),
        (lambda: around(layers.BatchNormalization(name="first")), "first"),
        (
            lambda: around(layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(name="late")),
            "late",
        ),
        (lambda: around(layers.Conv2D(4, 3, activation="gelu", name="c")), "c_activation"),
        (lambda: around(layers.ReLU(3.0, name="three")), "three"),
        (lambda: around(layers.Lambda(lambda x: x, name="hidden")), "hidden"),
    ],
)
def test_what_cannot_be_trained_is_named(build: Callable[[], keras.Model], name: str) -> None:
    with pytest.raises(UserError, match=repr(name)):
        quantization_aware(build(), task(4, 0)[0])


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((4, 8, 8, 3), np.float32), "calibration samples are"),
        (np.zeros((0, 8, 8, 2), np.float32), "calibration samples are"),
        (np.full((4, 8, 8, 2), np.nan, np.float32), "not finite"),
    ],
)
def test_samples_that_do_not_fit(samples: np.ndarray, message: str) -> None:
    with pytest.raises(UserError, match=message):
        quantization_aware(around(layers.Conv2D(4, 3)), samples)


def test_a_plain_network_has_no_ranges_to_convert_by() -> None:
    with pytest.raises(UserError, match="quantization-aware"):
        tflite.convert_int8(around(layers.Conv2D(4, 3)))
