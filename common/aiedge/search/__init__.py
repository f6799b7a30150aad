"""From a board and an accuracy to the network: a search over architectures, pruning and quantization.

- `skeleton`: a network's `Graph` with random weights, by which its memory is known before any training
- `space`: which networks there are to choose from, out of a small file
- `costs`: flash, SRAM and instructions of a candidate, and the limits of a board
- `study`: what is wanted and all trials so far, in an Optuna storage that workers share
- `trainer`: a candidate's accuracy, by a parent that is trained once and pruned
- `worker`: one process that asks, skips, trains and tells
- `results`: the front as a table, a picture, and folders of networks
"""

import warnings

from aiedge.search.skeleton import skeleton

# Optuna asks for a bar of widgets, which a notebook without them does not miss.
warnings.filterwarnings("ignore", message="IProgress not found")

__all__ = ["skeleton"]
