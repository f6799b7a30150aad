"""Taking channels out of a network, for real or by zeros."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge.train.framework import keras
from aiedge.train.pruning.channels import DEPTHWISE, SOURCES, Channels, follow
from aiedge.train.pruning.plan import PruningPlan, gone_by
from aiedge.train.structure import Call, copy_call, copy_layer, structure

layers = keras.layers
Keep = NDArray[np.bool_]
STATISTICS = (
    "moving_mean",
    "moving_variance",
)  # that training does not learn, even of a layer that is not frozen
Masks = dict[str, NDArray[np.float32]]


def remove(model: keras.Model, plan: PruningPlan) -> keras.Model:
    """The network without the plan's channels: smaller layers with the weights that are left, not compiled.

    It computes what `mask(model, plan)` computes.
    """
    channels = follow(model)
    kept = _Kept(channels, plan)

    def run(call: Call, values: list[Any]) -> Any:
        layer, outputs = call.layer, kept.outputs(call)
        changes: dict[str, Any] = {}
        if isinstance(layer, SOURCES):
            changes["units" if isinstance(layer, layers.Dense) else "filters"] = int(outputs.sum())
        elif isinstance(layer, layers.Reshape) and not outputs.all():
            changes["target_shape"] = (*layer.output.shape[1:-1], int(outputs.sum()))
        smaller = copy_layer(layer, **changes)
        result = call(values, smaller)
        smaller.set_weights(
            [
                weight[np.ix_(*map(_places, weight.shape, axes))]
                for weight, axes in zip(layer.get_weights(), kept.axes(call), strict=True)
            ]
        )
        return result

    return channels.graph.build(run)


def mask(model: keras.Model, plan: PruningPlan) -> keras.Model:
    """A copy of the network in which the plan's channels are zero and no layer looks at them."""
    copy = structure(model).build(copy_call)
    apply_masks(copy, channel_masks(copy, plan))
    return copy


def channel_masks(model: keras.Model, plan: PruningPlan) -> Masks:
    """Zeros and ones for each weight that a plan touches, by its path, as `apply_masks` takes them.

    The weights of frozen layers count, too; the means and variances of normalization do not.
    """
    channels = follow(model)
    kept = _Kept(channels, plan)
    masks = {}
    for call in channels.graph:
        for weight, axes in zip(call.layer.weights, kept.axes(call), strict=True):
            if weight.name in STATISTICS or all(keep is None or keep.all() for keep in axes):
                continue
            ones = np.ones(tuple(weight.shape), np.float32)
            for axis, keep in enumerate(axes):
                if keep is not None:
                    ones *= keep.reshape([-1 if a == axis else 1 for a in range(len(axes))])
            masks[weight.path] = ones
    return masks


def apply_masks(model: keras.Model, masks: Mapping[str, NDArray]) -> None:
    """Multiply weights by their masks, in place."""
    for weight in model.weights:
        if weight.path in masks:
            weight.assign(weight * masks[weight.path])


def _places(count: int, keep: Keep | None) -> NDArray[np.int64]:
    return np.arange(count) if keep is None else np.flatnonzero(keep)


class _Kept:
    """Which places of each tensor and of each weight a plan keeps."""

    def __init__(self, channels: Channels, plan: PruningPlan) -> None:
        gone = np.array(sorted(gone_by(plan, channels)), np.int64)
        self.of = {tensor: ~np.isin(ids, gone) for tensor, ids in channels.of.items()}

    def outputs(self, call: Call) -> Keep:
        return self.of[call.output]

    def axes(self, call: Call) -> list[tuple[Keep | None, ...]]:
        """For each weight of a layer and each of its axes the places that stay; None where all do."""
        layer, inputs, outputs = call.layer, self.of[call.inputs[0]], self.of[call.output]
        ranks = [len(weight.shape) for weight in layer.weights]
        if isinstance(layer, layers.SeparableConv2D):
            between = np.repeat(inputs, layer.depth_multiplier)
            return [(None, None, inputs, None), (None, None, between, outputs), (outputs,)][: len(ranks)]
        if isinstance(layer, SOURCES):
            return [(*[None] * (r - 2), inputs, outputs) if r > 1 else (outputs,) for r in ranks]
        if isinstance(layer, DEPTHWISE):
            return [(*[None] * (r - 2), inputs, None) if r > 1 else (outputs,) for r in ranks]
        return [(outputs,) if r else () for r in ranks]
