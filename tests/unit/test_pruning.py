"""Pruning against networks that are masked by other means, formulas written out, and the papers' numbers."""

from collections.abc import Callable

import numpy as np
import pytest

from aiedge.errors import UserError
from aiedge.train.framework import keras
from aiedge.train.models import cifar_cnn, densenet, lenet5, random_images, randomize, resnet8
from aiedge.train.pruning import (
    METHODS,
    PruneChannels,
    PruneWeights,
    PruningPlan,
    Schedule,
    agp,
    apply_masks,
    importance,
    iterative,
    magnitude_masks,
    mask,
    one_shot,
    plan_pruning,
    relevance,
    remove,
    sparsity,
)
from aiedge.train.training import set_seed

layers = keras.layers
ACTIVATIONS = ("relu", "sigmoid", "tanh", "elu")
Gate = Callable[[str, keras.KerasTensor], keras.KerasTensor]


@pytest.fixture(autouse=True)
def _layers_are_numbered_from_zero() -> None:
    set_seed(0)


def branching(seed: int, gate: Gate) -> keras.Model:
    """A random network with every kind of joint; `gate` may scale the channels that each named layer gives."""
    rng = np.random.default_rng(seed)
    activation = ACTIVATIONS[seed % 4]
    depth, concatenate = int(rng.integers(1, 3)), bool(rng.integers(2))
    image = keras.Input((12, 10, 3))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False, name="first")(image)
    x = gate("first", layers.Activation(activation)(layers.BatchNormalization()(x)))
    # A depthwise convolution's bias would show where its channel is gone: it goes with the channel.
    x = gate(
        "first, filtered", layers.DepthwiseConv2D(3, 2, "same", depth_multiplier=depth, name="depthwise")(x)
    )
    a = layers.Conv2D(6, 1, name="a")(x)
    b = layers.SeparableConv2D(6, 3, padding="same", depth_multiplier=2, name="b")(x)
    x = gate("a", layers.Activation(activation)(layers.Add()([layers.BatchNormalization()(a), b])))
    if concatenate:
        x = layers.Concatenate()(
            [x, gate("c", layers.Conv2D(5, 3, padding="same", activation=activation, name="c")(x))]
        )
    x = layers.MaxPooling2D(2)(layers.ZeroPadding2D(1)(x))
    x = layers.Flatten()(x) if rng.integers(2) else layers.Reshape((-1, x.shape[-1]))(x)
    x = gate("d", layers.Dense(7, activation=activation, name="d")(x))
    return keras.Model(image, layers.Dense(4, name="end")(layers.Flatten()(x)))


@pytest.mark.parametrize("seed", range(8))
def test_a_pruned_network_is_the_one_whose_channels_are_multiplied_by_zero(seed: int) -> None:
    model = randomize(branching(seed, lambda name, x: x), seed)
    plan = plan_pruning(model, importance(model, "l2"), channels=0.4, neurons=0.3)
    assert len(plan.removed["a"]) == 3 and plan.removed["a"] == plan.removed["b"]

    def gate(name: str, x: keras.KerasTensor) -> keras.KerasTensor:
        name = name.partition(",")[0]
        keep = np.ones(plan.before[name], np.float32)
        keep[list(plan.removed[name])] = 0
        return layers.Rescaling(np.repeat(keep, x.shape[-1] // len(keep)))(x)

    gated = branching(seed, gate)
    gated.set_weights(model.get_weights())
    pruned, images = remove(model, plan), random_images(5, (12, 10, 3), seed)
    expected = np.asarray(gated(images))
    tolerance = 1e-5 * np.abs(expected).max()
    np.testing.assert_allclose(pruned(images), expected, atol=tolerance)
    np.testing.assert_allclose(mask(model, plan)(images), expected, atol=tolerance)
    assert pruned.count_params() < model.count_params()
    assert pruned.get_layer("first").filters == 4  # of 8 · 0.6 = 4.8


@pytest.fixture(scope="module")
def resnet() -> keras.Model:
    """A network with residual blocks, which no test changes."""
    return randomize(resnet8())


@pytest.mark.parametrize("name", ["resnet8", "densenet"])
def test_whole_networks_shrink_and_compute_what_the_masked_ones_do(name: str, resnet: keras.Model) -> None:
    model = resnet if name == "resnet8" else randomize(densenet(16, blocks=2))
    plan = plan_pruning(model, importance(model), channels=0.25)
    pruned, images = remove(model, plan), random_images(2, model.input_shape[1:])
    expected = np.asarray(mask(model, plan)(images))
    np.testing.assert_allclose(pruned(images), expected, atol=1e-5 * np.abs(expected).max())
    assert pruned.output_shape == model.output_shape
    assert pruned.count_params() < 0.7 * model.count_params()


def test_the_published_network() -> None:
    model = cifar_cnn(32, 64, 128)
    plan = plan_pruning(model, importance(model, "l1"), channels=0.2, neurons=0.4)
    assert list(plan.after.values()) == [25, 51, 76]
    assert remove(model, plan).count_params() == 28_576 == cifar_cnn(25, 51, 76).count_params()


def test_l1_and_l2_remove_the_smallest_filters() -> None:
    model = randomize(lenet5())
    kernel = model.layers[0].get_weights()[0]  # [5, 5, 1, 6]
    scores = importance(model, "l1")["conv2d"], importance(model, "l2")["conv2d"]
    by_hand = (
        [np.abs(kernel[..., i]).sum() for i in range(6)],
        [np.sqrt((kernel[..., i] ** 2).sum()) for i in range(6)],
    )
    np.testing.assert_allclose(scores, by_hand, rtol=1e-5)
    plan = plan_pruning(model, importance(model, "l1"), channels={"conv2d": 0.5})
    assert set(plan.removed["conv2d"]) == set(np.argsort(by_hand[0])[:3].tolist())


def test_the_gradient_score_is_the_squared_slope_of_the_loss() -> None:
    model = randomize(branching(1, lambda name, x: x), 1)
    images, targets = random_images(3, (12, 10, 3)), np.array([0, 2, 3])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    scores = importance(model, "gradient", images, targets, loss)

    def losses(layer: str, channel: int, factor: float) -> np.ndarray:
        def gate(name: str, x: keras.KerasTensor) -> keras.KerasTensor:
            scale = np.ones(x.shape[-1], np.float32)
            scale[channel] = factor if name == layer else 1
            return layers.Rescaling(scale)(x)

        gated = branching(1, gate)
        gated.set_weights(model.get_weights())
        logits = np.asarray(gated(images), np.float64)
        return np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(3), targets]

    for layer, channel in (("first", 2), ("d", 4)):
        slopes = (losses(layer, channel, 1.01) - losses(layer, channel, 0.99)) / 0.02
        assert scores[layer][channel] == pytest.approx((slopes**2).mean(), rel=0.02)


def test_apoz_counts_zeros_after_the_activation() -> None:
    model = randomize(
        keras.Sequential([keras.Input((5,)), layers.Dense(9, "relu", name="d"), layers.Dense(2)])
    )
    x = np.random.default_rng(0).normal(size=(100, 5)).astype(np.float32)
    kernel, bias = model.get_layer("d").get_weights()
    np.testing.assert_allclose(
        importance(model, "apoz", x)["d"], (x @ kernel + bias > 0).mean(axis=0), atol=1e-9
    )


def test_relevance_follows_the_formula_and_sums_to_the_output() -> None:
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(9, "relu", False, name="d"),
            layers.Dense(3, "softmax", False, name="e"),
        ]
    )
    x, rng = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32), np.random.default_rng(1)
    w, v = rng.normal(size=(5, 9)).astype(np.float32), rng.normal(size=(9, 3)).astype(np.float32)
    model.set_weights([w, v])
    classes = np.array([0, 2, 1, 1])
    found = relevance(model, x, classes)
    a = np.maximum(x @ w, 0)
    np.testing.assert_allclose(found["d"], a * v[:, classes].T, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found["e"].sum(axis=1), (a @ v)[np.arange(4), classes], rtol=1e-4)


def test_relevance_is_conserved_through_convolutions_and_additions() -> None:
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", use_bias=False, name="a")(image)
    y = layers.Conv2D(4, 3, padding="same", use_bias=False, name="b")(x)
    x = layers.AveragePooling2D(2)(layers.ReLU()(layers.Add()([x, y])))
    x = layers.Conv2D(6, 3, activation="relu", use_bias=False, name="c")(x)
    model = keras.Model(
        image, layers.Dense(3, use_bias=False, name="end")(layers.Flatten()(layers.MaxPooling2D(2)(x)))
    )
    randomize(model)
    images = random_images(4, (8, 8, 3))
    found, answers = relevance(model, images, np.array([0, 1, 2, 1])), np.asarray(model(images))
    answers = answers[np.arange(4), [0, 1, 2, 1]]
    for name in ("end", "c", "a"):  # b shares a's with the shortcut
        np.testing.assert_allclose(found[name].sum(axis=1), answers, rtol=2e-3, atol=1e-4)


def test_a_global_ranking_spares_the_layers_that_matter() -> None:
    model = randomize(cifar_cnn(16, 16, 16))
    scores = importance(model)
    scores["conv1"] = np.linspace(1, 2, 16)
    scores["conv2"] = np.r_[np.zeros(8), np.ones(8)]
    plan = plan_pruning(model, scores, channels=0.25, ranking="global")
    assert plan.removed == {"conv2": tuple(range(8))}


def test_a_layer_keeps_its_last_channel() -> None:
    model = cifar_cnn(2, 3, 4)
    plan = plan_pruning(model, importance(model), channels=0.99, neurons=0.99)
    assert set(plan.after.values()) == {1}
    remove(model, plan)


def test_schedules() -> None:
    # Zhu and Gupta 2017, equation 1, written out.
    t, s = agp(0.875, end=10, begin=2, initial=0.5), 6
    assert t.share(s) == pytest.approx(0.875 + (0.5 - 0.875) * (1 - (s - 2) / (10 - 2)) ** 3)
    assert [t.share(e) for e in (1, 2, 10, 50)] == [0, 0.5, 0.875, 0.875]
    assert [one_shot(0.5, 1).share(e) for e in range(3)] == [0, 0.5, 0.5]
    np.testing.assert_allclose([iterative(0.6, 3, 1).share(e) for e in range(5)], [0, 0.2, 0.4, 0.6, 0.6])


@pytest.mark.parametrize(
    "options", [{"final": 1.0}, {"final": 0.5, "begin": 3, "end": 2}, {"final": 0.2, "initial": 0.4}]
)
def test_a_schedule_that_cannot_be(options: dict) -> None:
    with pytest.raises(UserError, match="no schedule"):
        Schedule(**options)


def learner() -> tuple[keras.Model, np.ndarray, np.ndarray]:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((8,)), layers.Dense(20, "relu"), layers.Dense(3)])
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    x = np.random.default_rng(0).normal(size=(96, 8)).astype(np.float32)
    return model, x, np.argmax(x[:, :3], axis=1)


def test_pruned_weights_stay_zero_while_the_others_learn() -> None:
    model, x, y = learner()
    pruning, zeros = PruneWeights(agp(0.7, end=3)), []
    count = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: zeros.append(sparsity(model)))
    history = model.fit(x, y, epochs=6, verbose=0, callbacks=[pruning, count]).history["loss"]
    np.testing.assert_allclose(zeros, [agp(0.7, 3).share(e) for e in range(6)], atol=0.01)
    assert history[-1] < history[0]


def test_channels_pruned_in_training_come_out_without_a_change() -> None:
    model, x, y = learner()
    pruning = PruneChannels(iterative(0.5, 2))
    model.fit(x, y, epochs=4, verbose=0, callbacks=[pruning])
    small = remove(model, pruning.plan)
    assert pruning.plan.after == {"dense": 10}
    np.testing.assert_allclose(small(x), model(x), atol=1e-5)


def shared() -> keras.Model:
    x = keras.Input((4,))
    twice = layers.Dense(4, name="twice")
    return keras.Model(x, twice(twice(x)))


def around(layer: keras.Layer) -> keras.Model:
    return keras.Sequential(
        [keras.Input((8, 8, 4)), layers.Conv2D(4, 3, name="c"), layer, layers.Conv2D(2, 3)]
    )


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (shared, "twice"),
        (lambda: around(keras.Sequential([layers.ReLU()], name="inner")), "inner"),
        (lambda: around(layers.Lambda(lambda x: x, name="hidden")), "hidden"),
        (lambda: around(layers.Conv2D(4, 3, groups=2, name="grouped")), "grouped"),
        (lambda: around(layers.Conv2DTranspose(4, 3, name="up")), "up"),
        (lambda: around(layers.Permute((2, 1, 3), name="turned")), "turned"),
        (lambda: around(layers.Reshape((4, 6, 6), name="mixed")), "mixed"),
        (lambda: around(layers.BatchNormalization(axis=1, name="rows")), "rows"),
    ],
)
def test_what_cannot_be_pruned_is_named(build: Callable[[], keras.Model], name: str) -> None:
    with pytest.raises(UserError, match=repr(name)):
        plan_pruning(build(), {}, 0.5)


def test_an_operation_without_a_layer_and_a_model_without_a_graph() -> None:
    x = keras.Input((4,))
    with pytest.raises(UserError, match="is no layer"):
        plan_pruning(keras.Model(x, layers.Dense(2)(x + 1.0)), {})

    class Own(keras.Model):
        def call(self, x: object) -> object:
            return x

    with pytest.raises(UserError, match="no graph"):
        plan_pruning(Own(), {})


def test_wrong_arguments(resnet: keras.Model) -> None:
    model, images = randomize(cifar_cnn(4, 5, 6)), random_images(3, (32, 32, 3))
    scores = importance(model)
    cases: list[tuple[str, Callable[[], object]]] = [
        ("cannot be removed", lambda: plan_pruning(model, scores, channels=1.0)),
        ("cannot be pruned", lambda: plan_pruning(model, scores, channels={"dense2": 0.5})),
        ("ranking", lambda: plan_pruning(model, scores, ranking="random")),
        ("one share", lambda: plan_pruning(model, scores, channels={"conv1": 0.1}, ranking="global")),
        ("no score", lambda: plan_pruning(model, {}, channels=0.5)),
        ("unknown", lambda: importance(model, "luck")),
        ("needs samples", lambda: importance(model, "apoz")),
        ("needs samples", lambda: importance(model, "gradient", images)),
        ("needs a loss", lambda: importance(model, "gradient", images, np.zeros(3))),
        ("has 10 classes", lambda: importance(model, "relevance", images, np.array([0, 1, 10]))),
        ("not in the network", lambda: remove(model, PruningPlan({"other": 3}, {"other": (1,)}))),
        ("not in the network", lambda: remove(model, PruningPlan({"conv1": 9}, {"conv1": (8,)}))),
        ("outputs", lambda: remove(model, PruningPlan({"dense2": 10}, {"dense2": (1,)}))),
        ("every channel", lambda: remove(model, PruningPlan({"conv1": 4}, {"conv1": (0, 1, 2, 3)}))),
    ]
    for message, call in cases:
        with pytest.raises(UserError, match=message):
            call()
    plan = plan_pruning(resnet, importance(resnet), channels=0.3)
    names = [n for n in plan.removed if list(plan.removed.values()).count(plan.removed[n]) > 1]
    with pytest.raises(UserError, match="parts layer"):
        remove(resnet, PruningPlan(plan.before, {k: v for k, v in plan.removed.items() if k != names[0]}))


def test_every_method_scores_every_layer(resnet: keras.Model) -> None:
    images, loss = random_images(2, (32, 32, 3)), "sparse_categorical_crossentropy"
    for method in METHODS:
        scores = importance(resnet, method, images, np.array([0, 1]), loss)
        assert {len(s) for s in scores.values()} == {16, 32, 64, 10}
        assert all(np.isfinite(s).all() and (s >= 0).all() for s in scores.values())


def test_frozen_layers_are_masked_and_counted_as_others() -> None:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(8, 3, name="first"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(8, 3, activation="relu", name="second"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )
    x = np.random.default_rng(0).random((4, 8, 8, 3), dtype=np.float32)
    for frozen in ([], [0], [0, 1], range(6)):
        for i, layer in enumerate(model.layers):
            layer.trainable = i not in frozen
        plan = plan_pruning(model, importance(model), channels=0.5)
        masked = mask(model, plan)
        assert np.mean(np.asarray(masked.get_layer("first").kernel) == 0) == 0.5
        np.testing.assert_allclose(masked(x), remove(model, plan)(x), atol=1e-5)
        assert sparsity(masked) > 0.4
        pruned = keras.models.clone_model(model)
        apply_masks(pruned, magnitude_masks(pruned, 0.5))
        assert sparsity(pruned) == pytest.approx(0.5, abs=0.01)


def test_a_model_without_kernels_has_no_sparsity() -> None:
    with pytest.raises(UserError, match="has no kernels"):
        sparsity(keras.Sequential([keras.Input((4,)), keras.layers.ReLU()]))
