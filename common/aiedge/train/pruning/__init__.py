"""Pruning: which channels and weights a network can spare, and the network without them.

    scores = importance(model, "l1")
    plan = plan_pruning(model, scores, channels=0.2, neurons=0.4)
    print(plan)
    small = remove(model, plan)

- `channels`: which channels belong together, followed through the graph
- `importance`, `relevance`: a score for each channel
- `plan`: `PruningPlan`, what is removed where
- `surgery`: the smaller network, or the same one with zeros
- `schedules`: one-shot, iterative and gradual pruning while a network trains
"""

from aiedge.train.methods import METHODS
from aiedge.train.pruning.importance import importance
from aiedge.train.pruning.plan import PruningPlan, plan_pruning
from aiedge.train.pruning.relevance import relevance
from aiedge.train.pruning.schedules import (
    PruneChannels,
    PruneWeights,
    Schedule,
    agp,
    iterative,
    magnitude_masks,
    one_shot,
    sparsity,
)
from aiedge.train.pruning.surgery import apply_masks, channel_masks, mask, remove

__all__ = [
    "METHODS",
    "PruneChannels",
    "PruneWeights",
    "PruningPlan",
    "Schedule",
    "agp",
    "apply_masks",
    "channel_masks",
    "importance",
    "iterative",
    "magnitude_masks",
    "mask",
    "one_shot",
    "plan_pruning",
    "relevance",
    "remove",
    "sparsity",
]
