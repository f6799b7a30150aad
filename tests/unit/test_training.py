"""Training that is interrupted and goes on, fine-tuning, and distillation against its formula."""

from pathlib import Path

import numpy as np
import pytest

from aiedge import progress
from aiedge.errors import UserError
from aiedge.train.framework import keras
from aiedge.train.training import distill, fine_tune, fit, set_seed

layers = keras.layers
LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
X = np.random.default_rng(0).normal(size=(64, 6)).astype(np.float32)
Y = np.argmax(X[:, :3], axis=1)


def network(units: int = 12, outputs: int = 3, activation: str | None = None) -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(units, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dense(outputs, activation),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), LOGITS, metrics=["accuracy"], jit_compile=False)
    return model


class Interrupt(keras.callbacks.Callback):
    """Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch, self.now = epoch, 0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.now = epoch

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if self.now == self.epoch and batch == 1:
            raise KeyboardInterrupt


def test_an_interrupted_training_ends_as_one_that_was_not(tmp_path: Path) -> None:
    set_seed(1)
    whole = network()
    expected = fit(whole, X, Y, 5, shuffle=False)
    set_seed(1)
    stopped = network()
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, X, Y, 5, tmp_path / "c.npz", shuffle=False, callbacks=[Interrupt(3)])
    set_seed(2)
    resumed = network()
    history = fit(resumed, X, Y, 5, checkpoint=tmp_path / "c.npz", shuffle=False)
    assert len(history["loss"]) == 5
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-6)
    for a, b in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
    assert [path.name for path in tmp_path.iterdir()] == ["c.npz"]


def test_a_finished_training_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(progress, "in_notebook", lambda: True)
    first = network()
    history = fit(first, X, Y, 2, checkpoint=tmp_path / "c.npz")
    again = network()
    assert fit(again, X, Y, 2, checkpoint=tmp_path / "c.npz") == history
    np.testing.assert_array_equal(again(X), first(X))
    assert "2 of 2 epochs" in capsys.readouterr().out
    assert len(fit(again, X, Y, 3, checkpoint=tmp_path / "c.npz")["loss"]) == 3


def test_checkpoints_that_do_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    fit(network(), X, Y, 1, checkpoint=path)
    whole = path.read_bytes()
    with pytest.raises(UserError, match="another network"):
        fit(network(units=5), X, Y, 2, checkpoint=path)
    for damaged in (b"", b"nothing", whole[: len(whole) // 2], whole[:300] + bytes(200) + whole[500:]):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match="damaged"):
            fit(network(), X, Y, 2, checkpoint=path)
        assert path.read_bytes() == damaged


def test_fine_tuning_ends_in_small_steps() -> None:
    set_seed(0)
    model = network()
    history = fine_tune(model, X, Y, 6, LOGITS, learning_rate=0.02, batch_size=16)
    assert history["loss"][-1] < history["loss"][0] and "accuracy" in history
    assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("outputs", [3, 1])
def test_the_distillation_loss_is_hintons(outputs: int) -> None:
    set_seed(0)
    teacher, student, temperature, alpha = network(20, outputs), network(4, outputs), 3.0, 0.7
    targets = Y if outputs > 1 else Y % 2

    def softmax(z: np.ndarray) -> np.ndarray:
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    # In training mode, since the loss is that of a training step.
    z_s, z_t = np.asarray(student(X, training=True), np.float64), np.asarray(teacher(X), np.float64)
    if outputs == 1:
        z_s, z_t = (np.hstack([np.zeros_like(z), z]) for z in (z_s, z_t))
    hard = -np.log(softmax(z_s)[np.arange(64), targets]).mean()
    soft = -(softmax(z_t / temperature) * np.log(softmax(z_s / temperature))).sum(axis=1).mean()
    history = distill(
        student, teacher, X, targets, 1, temperature, alpha, keras.optimizers.SGD(0.0), batch_size=64
    )
    assert history["loss"][0] == pytest.approx((1 - alpha) * hard + alpha * temperature**2 * soft, rel=1e-4)


def test_a_student_learns_from_its_teacher_alone(tmp_path: Path) -> None:
    set_seed(0)
    teacher, student = network(30), network(6)
    fit(teacher, X, Y, 30)
    frozen = [np.array(w) for w in teacher.get_weights()]
    before = np.mean(np.argmax(student(X), axis=1) == np.argmax(teacher(X), axis=1))
    wrong = (Y + 1) % 3  # with alpha 1 the targets do not count
    rate = keras.optimizers.Adam(0.02)
    distill(student, teacher, X, wrong, 25, alpha=1.0, optimizer=rate, checkpoint=tmp_path / "d.npz")
    agree = np.mean(np.argmax(student(X), axis=1) == np.argmax(teacher(X), axis=1))
    assert agree > 0.9 > before
    for a, b in zip(teacher.get_weights(), frozen, strict=True):
        np.testing.assert_array_equal(a, b)


def test_networks_that_cannot_teach() -> None:
    for student, teacher, options, message in (
        (network(activation="softmax"), network(), {}, "probabilities"),
        (network(), network(outputs=1, activation="sigmoid"), {}, "probabilities"),
        (network(), network(outputs=4), {}, "do not match"),
        (network(), network(), {"temperature": 0.0}, "no weight"),
        (network(), network(), {"alpha": 1.5}, "no weight"),
    ):
        with pytest.raises(UserError, match=message):
            distill(student, teacher, X, Y, 1, **options)
