"""How much is pruned when: schedules, and the Keras callbacks that follow them while a network trains."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.train.framework import keras
from aiedge.train.pruning.importance import importance
from aiedge.train.pruning.plan import PruningPlan, Scores, plan_pruning
from aiedge.train.pruning.surgery import Masks, apply_masks, channel_masks


@dataclass(frozen=True)
class Schedule:
    """The share that is pruned at each epoch, from `initial` at epoch `begin` to `final` at epoch `end`.

    s(t) = s_f + (s_i − s_f) · (1 − (t − t_0) / (t_n − t_0))^power, and 0 before `begin`.
    """

    final: float
    begin: int = 0
    end: int = 0
    initial: float = 0.0
    power: float = 3.0

    def __post_init__(self) -> None:
        if not (0 <= self.initial <= self.final < 1 and 0 <= self.begin <= self.end and self.power > 0):
            raise UserError(
                f"{self} is no schedule",
                "shares grow from 0 to less than 1, and the last epoch is not before the first",
            )

    def share(self, epoch: int) -> float:
        """The share to have pruned in an epoch, counted from 0."""
        if epoch < self.begin:
            return 0.0
        if epoch >= self.end:
            return self.final
        left = 1 - (epoch - self.begin) / (self.end - self.begin)
        return self.final + (self.initial - self.final) * left**self.power


def one_shot(final: float, epoch: int = 0) -> Schedule:
    """Everything at the start of one epoch.

    >>> [one_shot(0.5, 2).share(epoch) for epoch in range(4)]
    [0.0, 0.0, 0.5, 0.5]
    """
    return Schedule(final, epoch, epoch)


def iterative(final: float, steps: int, begin: int = 0) -> Schedule:
    """Equal parts at the start of `steps` epochs, with training between (Han et al. 2015).

    >>> [round(iterative(0.8, 4).share(epoch), 4) for epoch in range(5)]
    [0.2, 0.4, 0.6, 0.8, 0.8]
    """
    if steps < 1:
        raise UserError(f"{steps} steps are no schedule", "give at least one")
    return Schedule(final, begin, begin + steps - 1, final / steps, power=1.0)


def agp(final: float, end: int, begin: int = 0, initial: float = 0.0) -> Schedule:
    """Automated gradual pruning: fast while there is much to spare, slow at the end (Zhu and Gupta, *To Prune, or Not
    to Prune*, 2017, equation 1).

    >>> [round(agp(0.8, 4).share(epoch), 4) for epoch in range(6)]
    [0.0, 0.4625, 0.7, 0.7875, 0.8, 0.8]
    """
    return Schedule(final, begin, end, initial)


def magnitude_masks(model: keras.Model, share: float) -> Masks:
    """Masks, by the weight's path, that drop the `share` of smallest weights of each kernel; biases and others stay.
    Frozen layers count, too.

    float32 zeros and ones of the weight's shape, for `apply_masks`.
    """
    if not 0 <= share < 1:
        raise UserError(f"a share of {share} cannot be removed", "shares lie between 0 and 1, without 1")
    masks = {}
    for weight in model.weights:
        if weight.name.endswith("kernel"):
            magnitudes = np.abs(np.asarray(weight, np.float64))
            keep = np.ones(magnitudes.size, np.float32)
            count = int(round(magnitudes.size * share, 9))
            keep[np.argsort(magnitudes, axis=None, kind="stable")[:count]] = 0
            masks[weight.path] = keep.reshape(magnitudes.shape)
    return masks


def sparsity(model: keras.Model) -> float:
    """The share of zeros in a model's kernels, those of frozen layers included."""
    kernels = [np.asarray(w) for w in model.weights if w.name.endswith("kernel")]
    if not kernels:
        raise UserError(
            f"the model {model.name!r} has no kernels", "give one with convolutions or dense layers"
        )
    return sum(int(np.sum(kernel == 0)) for kernel in kernels) / sum(kernel.size for kernel in kernels)


class _Masking(keras.callbacks.Callback):
    """Keeps pruned weights at zero while the others train; what is pruned grows at the start of epochs."""

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        self.schedule = schedule
        self.masks: Masks = {}
        self._share = 0.0

    def choose(self, share: float) -> Masks:
        """The masks at a share."""
        raise NotImplementedError

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        share = self.schedule.share(epoch)
        if share > self._share:
            self._share, self.masks = share, self.choose(share)
            apply_masks(self.model, self.masks)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        # Momentum moves a weight whose gradient is masked, so the weight itself is.
        apply_masks(self.model, self.masks)


class PruneWeights(_Masking):
    """Prunes single weights by magnitude while a model trains.

    A weight that is zero has the smallest magnitude, so that what is pruned stays pruned.
    """

    def choose(self, share: float) -> Masks:
        return magnitude_masks(self.model, share)


class PruneChannels(_Masking):
    """Prunes whole channels and neurons while a model trains; `remove(model, callback.plan)` then takes them out.

    `channels` and `neurons` say which part of the schedule's share each kind gets: with `Schedule(0.4)`,
    `channels=0.5` and `neurons=1`, 20 % of the channels and 40 % of the neurons go. `score` gives the scores of the
    model at that moment, by default the L1 norms.
    """

    plan: PruningPlan

    def __init__(
        self,
        schedule: Schedule,
        channels: float = 1.0,
        neurons: float = 1.0,
        score: Callable[[keras.Model], Scores] | None = None,
    ) -> None:
        super().__init__(schedule)
        self.parts = channels, neurons
        self.score = score
        self.plan = PruningPlan({}, {})

    def choose(self, share: float) -> Masks:
        scores = self.score(self.model) if self.score else importance(self.model, "l1")
        for name, indices in self.plan.removed.items():
            scores[name] = _lowest(scores[name], list(indices))
        channels, neurons = (part * share for part in self.parts)
        self.plan = plan_pruning(self.model, scores, channels, neurons)
        return channel_masks(self.model, self.plan)


def _lowest(scores: NDArray, indices: list[int]) -> NDArray:
    """Scores by which the given channels go first, as they are gone already."""
    scores = np.array(scores, np.float64)
    scores[indices] = scores.min() - 1
    return scores
