"""The shipped weights: what loads, what is refused, and that they are what their README says."""

import os
from pathlib import Path

import numpy as np
import pytest

from aiedge.benchmark.metrics import balanced_accuracy
from aiedge.errors import UserError
from aiedge.train import datasets, models
from aiedge.train.aware import quantization_aware
from aiedge.train.aware_layers import FakeQuantize
from aiedge.train.datasets import imagenet
from aiedge.train.models.weights import BUILDERS, WEIGHTS


@pytest.fixture(scope="module")
def small():
    return models.dense_network([2, 3, 1])


def test_weights_survive_the_way_to_a_file_and_back(small, tmp_path):
    path = models.save_weights(small, tmp_path / "small.npz")
    before = small.get_weights()
    small.set_weights([np.zeros_like(w) for w in before])
    models.load_weights(small, path)
    assert all(np.array_equal(a, b) for a, b in zip(before, small.get_weights(), strict=True))


def test_weights_of_another_network_are_refused(small, tmp_path):
    path = models.save_weights(models.dense_network([2, 4, 1]), tmp_path / "other.npz")
    with pytest.raises(UserError, match="another network"):
        models.load_weights(small, path)


@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: b"text", lambda data: b""]
)
def test_a_damaged_file_is_refused(small, tmp_path, damage):
    path = models.save_weights(small, tmp_path / "small.npz")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match="damaged"):
        models.load_weights(small, path)


def test_a_missing_file_and_an_unknown_name_are_named(small, tmp_path):
    with pytest.raises(UserError, match="missing"):
        models.load_weights(small, tmp_path / "none.npz")
    with pytest.raises(UserError, match="carclassifier"):
        models.pretrained("carclasifier")


def test_all_shipped_weights_load_and_are_small():
    for name in BUILDERS:
        model = models.pretrained(name)
        assert (WEIGHTS / f"{name}.npz").stat().st_size <= 4.2 * model.count_params() + 5_000
    assert sum(file.stat().st_size for file in WEIGHTS.glob("*.npz")) <= 4_000_000


def test_the_car_classifier_knows_drawn_cars():
    test = datasets.cars("drawn").test
    answers = models.pretrained("carclassifier").predict(test.inputs, verbose=0)[:, 0] > 0.5
    assert np.mean(answers == test.labels) >= 0.95


def test_the_car_classifier_knows_photographs():
    """Of pictures that it has not seen, balanced: CIFAR-10's test set, and Tiny ImageNet's without vans and buses."""
    folder = Path(os.environ.get("AIEDGE_DATA", "drawn"))
    for file in ("cifar10.npz", "tiny_imagenet.npz"):
        if not (folder / file).exists():
            pytest.skip(f"needs the published pictures: set AIEDGE_DATA to a folder with {file}")
    from aiedge.workshop.recipes.car_table import tiny_cars

    photographs = tiny_cars(datasets.tiny_imagenet().test)
    photographs = photographs.where(~np.isin(photographs.kinds, imagenet.VANS + imagenet.BUSES))
    model = models.pretrained("carclassifier")
    for test, least in ((datasets.cars("real").test, 0.97), (photographs, 0.92)):
        answers = model.predict(test.inputs, batch_size=256, verbose=0)[:, 0] > 0.5
        assert balanced_accuracy(test.labels, answers.astype(int)) >= least


def test_ranges_that_training_learned_come_back_in_their_order(tmp_path):
    """Also where an end is 0 in one network and not in the other when they are built."""
    network = models.cifar_cnn(2, 3, 4)
    pictures = np.random.default_rng(0).normal(size=(4, 32, 32, 3))
    aware, fresh = (quantization_aware(network, samples) for samples in (pictures, 0 * pictures))
    models.load_weights(fresh, models.save_weights(aware, tmp_path / "aware.npz"))
    ends = [
        [(float(layer.low), float(layer.high)) for layer in model.layers if isinstance(layer, FakeQuantize)]
        for model in (aware, fresh)
    ]
    assert ends[0] == ends[1] and ends[0][-1][0] < 0
