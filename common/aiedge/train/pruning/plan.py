"""What is removed where: the choice of channels and neurons by their scores."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.train.framework import keras
from aiedge.train.pruning.channels import Channels, follow

Scores = dict[str, NDArray[np.float64]]
Share = float | Mapping[str, float]


@dataclass(frozen=True)
class PruningPlan:
    """The channels (of a dense layer: neurons) that go, by the layer that makes them.

    `before` holds the number of channels of each prunable layer, `removed` their indices in ascending order.

    >>> print(PruningPlan({"conv": 8, "fc": 4}, {"conv": (1, 2, 3, 7)}))
    layer  before  removed  after  which
    conv        8        4      4  1–3, 7
    fc          4        0      4
    """

    before: dict[str, int]
    removed: dict[str, tuple[int, ...]]

    @property
    def after(self) -> dict[str, int]:
        """The number of channels that stay, by layer."""
        return {name: count - len(self.removed.get(name, ())) for name, count in self.before.items()}

    def rows(self) -> list[tuple[str, int, int, int, str]]:
        """One row a layer: its name, channels before, removed, after, and which."""
        return [
            (name, count, len(gone := self.removed.get(name, ())), self.after[name], _spans(gone))
            for name, count in self.before.items()
        ]

    def __str__(self) -> str:
        table = [("layer", "before", "removed", "after", "which"), *self.rows()]
        width = max(len(str(row[0])) for row in table)
        return "\n".join(
            f"{name:<{width}}  {before:>6}  {removed:>7}  {after:>5}  {which}".rstrip()
            for name, before, removed, after, which in table
        )


def plan_pruning(
    model: keras.Model,
    scores: Scores,
    channels: Share = 0.0,
    neurons: Share = 0.0,
    ranking: str = "layer",
) -> PruningPlan:
    """Choose the least important channels of convolutions and neurons of dense layers.

    `channels` and `neurons` are the shares to remove, one number for all layers or one by layer name (a layer that is
    not named stays whole). Of n channels ⌊n · (1 − share)⌋ stay. `scores` come from `importance`. Layers that an
    addition ties are pruned as one, by the sum of their scores; the outputs of the network stay, and so does a layer's
    last channel.

    `ranking` "layer" takes the share from every layer; "global" takes it from the network as a whole, comparing scores
    that are divided by their layer's L2 norm (Molchanov et al. 2017, section 2.3), and needs shares in one number.
    """
    followed = follow(model)
    groups = followed.groups()
    dense = {call.layer.name for call in followed.graph if isinstance(call.layer, keras.layers.Dense)}
    for share in (channels, neurons):
        _check_shares(share, {name for group in groups for name in group})
    if ranking not in ("layer", "global"):
        raise UserError(f"ranking {ranking!r} is unknown", 'use ranking="layer" or ranking="global"')
    gone: set[int] = set()
    for share, chosen in (
        (channels, [g for g in groups if not dense.issuperset(g)]),
        (neurons, [g for g in groups if dense.issuperset(g)]),
    ):
        if ranking == "global":
            if isinstance(share, Mapping):
                raise UserError("a global ranking takes one share", "give one number, not one a layer")
            gone |= _choose(chosen, scores, followed, share)
        else:
            for group in chosen:
                gone |= _choose([group], scores, followed, _share(share, group))
    return plan_of(followed, gone)


def plan_of(channels: Channels, gone: set[int]) -> PruningPlan:
    """The plan that removes a set of channels, by their numbers in `channels`."""
    removed = {name: np.flatnonzero(np.isin(ids, list(gone))) for name, ids in channels.sources.items()}
    return PruningPlan(
        {name: len(ids) for group in channels.groups() for name, ids in group.items()},
        {name: tuple(indices.tolist()) for name, indices in removed.items() if len(indices)},
    )


def gone_by(plan: PruningPlan, channels: Channels) -> set[int]:
    """The numbers of the channels that a plan removes; raises `UserError` where it does not fit the network."""
    gone: set[int] = set()
    for name, indices in plan.removed.items():
        ids = channels.sources.get(name)
        if ids is None or not all(0 <= i < len(ids) for i in indices) or len(ids) != plan.before.get(name):
            raise UserError(
                f"the plan's layer {name!r} is not in the network", "make the plan from this network"
            )
        gone |= set(ids[list(indices)].tolist())
    if gone & channels.fixed:
        raise UserError(
            "the plan removes outputs of the network", "outputs and what is added to them must stay"
        )
    implied = plan_of(channels, gone)
    for name, indices in implied.removed.items():
        if tuple(sorted(set(plan.removed.get(name, ())))) != indices:
            raise UserError(
                f"the plan parts layer {name!r} from a layer whose channels are added to its own",
                "remove the same channels from both",
            )
        if len(indices) == len(channels.sources[name]):
            raise UserError(f"the plan removes every channel of layer {name!r}", "leave at least one")
    return gone


def _choose(groups: list[dict[str, NDArray]], scores: Scores, channels: Channels, share: float) -> set[int]:
    """The least important channels of some groups, ranked together."""
    ranked: list[tuple[float, int]] = []
    left: dict[str, int] = {}
    for group in groups:
        total: dict[int, float] = {}
        for name, ids in group.items():
            left[name] = len(ids)
            for i, score in zip(ids.tolist(), _score(scores, name, len(ids)), strict=True):
                total[i] = total.get(i, 0.0) + float(score)
        norm = np.sqrt(sum(score**2 for score in total.values())) or 1.0
        ranked += [(score / norm, i) for i, score in total.items()]
    # Rounded, since 100 · (1 − 0.29) is a little less than 71.
    quota = len(ranked) - floor(round(len(ranked) * (1 - share), 9))
    places = {name: ids for group in groups for name, ids in group.items()}
    gone: set[int] = set()
    for _, i in sorted(ranked):
        holders = {name: int(np.sum(ids == i)) for name, ids in places.items() if i in ids}
        if len(gone) == quota:
            break
        if i in channels.fixed or any(left[name] <= count for name, count in holders.items()):
            continue
        gone.add(i)
        for name, count in holders.items():
            left[name] -= count
    return gone


def _score(scores: Scores, name: str, count: int) -> NDArray[np.float64]:
    score = np.asarray(scores.get(name, ()), np.float64)
    if score.shape != (count,) or not np.isfinite(score).all():
        raise UserError(
            f"layer {name!r} has no score for each of its {count} channels", "use importance(model, ...)"
        )
    return score


def _share(share: Share, group: dict[str, NDArray]) -> float:
    """The share of a group: the one that is given, or that of its layers."""
    if not isinstance(share, Mapping):
        return share
    shares = {share[name] for name in group if name in share}
    if len(shares) > 1:
        raise UserError(f"the layers {', '.join(group)} are pruned as one", "give them one share")
    return shares.pop() if shares else 0.0


def _check_shares(share: Share, names: set[str]) -> None:
    for name, value in share.items() if isinstance(share, Mapping) else [("", share)]:
        if name and name not in names:
            raise UserError(f"layer {name!r} cannot be pruned", f"prunable are {', '.join(sorted(names))}")
        if not 0 <= value < 1:
            raise UserError(f"a share of {value} cannot be removed", "shares lie between 0 and 1, without 1")


def _spans(indices: tuple[int, ...]) -> str:
    """Indices as text, runs shortened."""
    runs: list[list[int]] = []
    for i in indices:
        if runs and i == runs[-1][1] + 1:
            runs[-1][1] = i
        else:
            runs.append([i, i])
    return ", ".join(f"{a}–{b}" if b > a + 1 else f"{a}, {b}" if b > a else f"{a}" for a, b in runs)
