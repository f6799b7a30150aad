"""The CIFAR lesson's networks: shipped weights for real pictures, for drawn ones a short training that is kept."""

from pathlib import Path

import numpy as np
import pytest

from aiedge import progress
from aiedge.errors import UserError
from aiedge.train import models
from aiedge.train.datasets import Dataset, Splits
from aiedge.train.framework import keras
from aiedge.train.models import cifar_cnn
from aiedge.train.models.weights import BUILDERS
from aiedge.workshop.recipes import quick
from aiedge.workshop.recipes.quick import trained


def splits(source: str, pictures: int = 64) -> Splits:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (pictures, 32, 32, 3)).astype(np.uint8)
    labels = np.arange(pictures) % 10
    part = Dataset(images, labels, tuple("0123456789"), labels.astype(str))
    return Splits(part, part, part, source)


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small network that learns for two epochs, in a cache of its own."""
    monkeypatch.setenv("AIEDGE_CACHE", str(tmp_path))
    monkeypatch.setattr(progress, "in_notebook", lambda: True)
    monkeypatch.setitem(BUILDERS, "cifar_pruned", lambda: cifar_cnn(3, 4, 5))
    monkeypatch.setitem(quick.EPOCHS, "cifar_pruned", (2, 1e-2))


def same(first: keras.Model, second: keras.Model) -> bool:
    pairs = zip(first.get_weights(), second.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def test_drawn_pictures_are_learned_once(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    drawn = splits("drawn")
    first = trained("cifar_pruned", drawn)
    assert "2 of 2 epochs" in capsys.readouterr().out
    assert len(list(tmp_path.rglob("cifar_pruned-*.npz"))) == 1
    again = trained("cifar_pruned", drawn)
    assert same(first, again) and not same(first, models.randomize(cifar_cnn(3, 4, 5)))
    assert "1 of 2 epochs" not in capsys.readouterr().out
    # Other pictures, or another network to begin with, are another training.
    trained("cifar_pruned", splits("drawn", 32))
    trained("cifar_pruned", drawn, begin=cifar_cnn(2, 2, 2))
    assert len(list(tmp_path.rglob("cifar_pruned-*.npz"))) == 3


def test_a_training_begins_with_what_is_given_and_anew_forgets() -> None:
    begin = models.randomize(cifar_cnn(3, 4, 5))
    before = cifar_cnn(3, 4, 5)
    before.set_weights(begin.get_weights())
    model = trained("cifar_pruned", splits("drawn"), begin=begin)
    assert model is begin and not same(model, before)
    same_start = cifar_cnn(3, 4, 5)
    same_start.set_weights(before.get_weights())
    after = trained("cifar_pruned", splits("drawn"), anew=True, begin=before)
    assert after is before
    # The cache now has this training's result, for the network that it began with and for no other.
    assert same(trained("cifar_pruned", splits("drawn"), begin=same_start), after)
    assert not same(trained("cifar_pruned", splits("drawn")), after)


def test_real_pictures_have_the_shipped_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aiedge.train.models import weights

    monkeypatch.setattr(weights, "WEIGHTS", tmp_path)
    with pytest.raises(UserError, match=r"cifar_pruned\.npz are missing"):
        trained("cifar_pruned", splits("CIFAR-10"))
    shipped = models.randomize(cifar_cnn(3, 4, 5))
    models.save_weights(shipped, tmp_path / "cifar_pruned.npz")
    assert same(trained("cifar_pruned", splits("CIFAR-10")), shipped)
    assert not same(trained("cifar_pruned", splits("CIFAR-10"), anew=True), shipped)


def test_every_network_of_the_lesson_is_known() -> None:
    assert set(quick.EPOCHS) == {name for name in BUILDERS if name.startswith("cifar_")}
