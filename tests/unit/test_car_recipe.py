"""The car classifier's recipe: what is in a batch, how pictures are made harder, that it goes on where it stopped."""

from pathlib import Path

import numpy as np
import pytest

from aiedge.train.datasets.dataset import Dataset
from aiedge.train.datasets.imagenet import BUSES, CARS, OTHER_VEHICLES, VANS
from aiedge.train.datasets.sets import CLASSES
from aiedge.train.framework import keras
from aiedge.train.framework import tensorflow as tf
from aiedge.workshop.recipes import augment, car_pictures, car_table, cars
from aiedge.workshop.recipes.car_pictures import CLOSE_UPS, DRAWN, PARTS, SHOWN, UNKNOWN
from aiedge.workshop.recipes.fused import fused

KINDS = (*CARS, *VANS, *BUSES, *OTHER_VEHICLES, "goldfish", "alp")


def pictures_of(classes: tuple[str, ...], each: int, side: int) -> Dataset:
    labels = np.arange(each * len(classes)) % len(classes)
    images = np.random.default_rng(0).integers(0, 256, (len(labels), side, side, 3), dtype=np.uint8)
    return Dataset(images, labels, classes, np.array(classes)[labels])


@pytest.fixture(scope="module")
def pool() -> car_pictures.Pool:
    return car_pictures.pool(pictures_of(CLASSES, 3, 32), pictures_of(KINDS, 3, 64))


@pytest.fixture(scope="module")
def drawn() -> Dataset:
    data = pictures_of(("no car", "car"), 5, 96)
    return Dataset(data.images, data.labels, data.classes, data.kinds)


def test_every_picture_has_its_part(pool: car_pictures.Pool) -> None:
    exact = [pool.parts[name] for name in PARTS if name != "close-ups"]
    assert sorted(np.concatenate(exact).tolist()) == list(range(len(pool.images)))
    assert pool.images.shape == (30 + 3 * len(KINDS), 64, 64, 3)
    cars_of_tiny = pool.parts["Tiny ImageNet's cars"]
    assert {KINDS[k] for k in pool.two_hundred[cars_of_tiny]} == set(CARS)
    assert set(pool.ten[pool.parts["CIFAR-10's trucks"]]) == {CLASSES.index("truck")}
    vehicles = {KINDS[k] for k in pool.two_hundred[pool.parts["Tiny ImageNet's other vehicles"]]}
    assert vehicles == {*VANS, *BUSES, *OTHER_VEHICLES}
    assert not pool.cars[pool.parts["close-ups"]].any()
    unsure = pool.two_hundred[pool.weights == 0]
    assert {KINDS[k] for k in unsure} == {"police van"} and len(unsure) == 3


def test_a_batch_is_what_it_says(pool: car_pictures.Pool, drawn: Dataset) -> None:
    batch = next(car_pictures.batches(pool, drawn, np.random.default_rng(1)))
    assert batch.pictures.shape == batch.backgrounds.shape == (SHOWN, 64, 64, 3)
    assert batch.drawn.shape == (DRAWN, 96, 96, 3)
    n = SHOWN + DRAWN
    assert [len(x) for x in batch[3:]] == [n] * 4
    assert (n % augment.GRAINS, SHOWN) == (0, sum(PARTS.values()))
    count = PARTS["CIFAR-10's cars"]
    assert (batch.ten[:count] == 1).all() and batch.cars[:count].all()
    # Whose class is asked is asked in one set; close-ups and drawings are not asked.
    assert ((batch.ten >= 0) != (batch.two_hundred >= 0))[: SHOWN - CLOSE_UPS].all()
    assert (batch.ten[SHOWN - CLOSE_UPS :] == UNKNOWN).all()
    assert (batch.two_hundred[SHOWN - CLOSE_UPS :] == UNKNOWN).all()
    assert not batch.cars[SHOWN - CLOSE_UPS : SHOWN].any()
    assert 0.4 < np.average(batch.cars, weights=batch.weights) < 0.6


def test_a_placed_picture_is_its_own_or_its_background() -> None:
    """White pictures before black ones: each pixel that is neither is a cloud's or a bar's, and all lie in 0 ... 1."""
    tf.random.set_seed(0)
    n = 64
    white, black = tf.ones([n, 64, 64, 3]), tf.zeros([n, 64, 64, 3])
    filled = augment.place(white, black, tf.fill([n], True), 48, 1.0).numpy()
    assert filled.shape == (n, 48, 48, 3)
    assert (filled == 1).mean() > 0.9  # only bars are not white
    small = augment.place(white, black, tf.fill([n], False), 48, 0.0).numpy()
    assert 0.15 < (small == 1).mean() < 0.85 and small.min() > -1
    barred = (filled != 1).any(axis=(1, 2, 3)).mean()
    assert 0.05 < barred < 0.35


def test_light_and_colour_vary_and_some_pictures_stay() -> None:
    tf.random.set_seed(0)
    before = tf.random.uniform([64, 16, 16, 3])
    after = augment.develop(before, 0.5).numpy()
    same = (after == before.numpy()).all(axis=(1, 2, 3))
    assert 0.25 < same.mean() < 0.75
    changed = after[~same]
    assert after.min() >= 0 and after.max() <= 1
    light = changed.mean(axis=(1, 2, 3))
    assert light.min() < 0.3 and light.max() > 0.5  # night and day
    np.testing.assert_array_equal(augment.develop(before, 0.0), before)


def tiny_network(size: int = 96) -> keras.Model:
    inputs = keras.Input((size, size, 3))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(1, 3)(inputs))
    features = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(1, "sigmoid")(features))


def test_fused_normalization_learns_as_keras_does() -> None:
    """Answers, gradients and moving averages of one step, and the answers after it."""
    keras.utils.set_random_seed(0)
    plain = tiny_network(12)
    pictures = np.random.default_rng(0).random((256, 12, 12, 3), np.float32)
    results = []
    for model in (plain, fused(plain)):
        with tf.GradientTape() as tape:
            answers = model(pictures, training=True)
            loss = tf.reduce_mean(answers**2)
        gradients = tape.gradient(loss, model.trainable_variables)
        results.append([answers, *gradients, *model.get_weights(), model(pictures, training=False)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_training_goes_on_where_it_stopped(
    pool: car_pictures.Pool, drawn: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cars, "mobilenet_v1", tiny_network)
    monkeypatch.setattr(cars, "STAGES", ((32, 2, 0.7, 0.7, 0.3), (32, 2, 1.0, 0.0, 0.0)))
    monkeypatch.setattr(cars, "SAVE_EVERY", 1)
    taken = []
    train = cars.Stage.train

    def counted(stage: cars.Stage, batch: car_pictures.Batch) -> tf.Tensor:
        if len(taken) == 3:
            taken.append(0)
            raise KeyboardInterrupt
        taken.append(int(stage.step))
        return train(stage, batch)

    monkeypatch.setattr(cars.Stage, "train", counted)
    with pytest.raises(KeyboardInterrupt):
        cars.learn(pool, drawn, tmp_path, afresh=True)
    model = cars.learn(pool, drawn, tmp_path, afresh=True)
    assert taken == [0, 1, 0, 0, 1]  # the interrupted step is done again
    assert model.count_params() == 28 + 4 + 2 and model.output_shape == (None, 1)


def test_tables_tell_vehicles_apart() -> None:
    """Of a made-up answer: everything is a car."""
    sets = {
        "CIFAR-10": Dataset(
            np.zeros((3, 1, 1, 3), np.uint8),
            np.array([1, 0, 0]),
            ("no car", "car"),
            np.array(["automobile", "truck", "cat"]),
        ),
        "Tiny ImageNet": car_table.tiny_cars(pictures_of(KINDS, 1, 64)),
    }

    def every(data: Dataset) -> np.ndarray:
        return np.ones(len(data), bool)

    def none(data: Dataset) -> np.ndarray:
        return np.zeros(len(data), bool)

    text = car_table.tables(sets, (every, none))
    assert "| CIFAR-10 without trucks | 2 | 50.00 % | 50.00 % |" in text
    apart = len(KINDS) - len(VANS) - len(BUSES)
    assert f"| Tiny ImageNet, cars and the rest | {apart} | 50.00 % | 50.00 % |" in text
    assert "| Tiny ImageNet | school bus | no | 1 | 100.0 % | 0.0 % |" in text
    assert "| Tiny ImageNet | sports car | yes | 1 | 100.0 % | 0.0 % |" in text
