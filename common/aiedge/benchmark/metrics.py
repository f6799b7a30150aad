"""How good answers are: accuracy, confusion, the ROC curve.

Class numbers are int64 [n]. Fawcett, "An introduction to ROC analysis", 2006, defines the terms.
"""

import numpy as np
from numpy.typing import NDArray


def confusion(expected: NDArray, predicted: NDArray, classes: int) -> NDArray[np.int64]:
    """How often each class got each answer, [expected, predicted].

    >>> confusion(np.array([0, 1, 1]), np.array([0, 0, 1]), 2).tolist()
    [[1, 0], [1, 1]]
    """
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (expected, predicted), 1)
    return table


def balanced_accuracy(expected: NDArray, predicted: NDArray) -> float:
    """The mean over the classes of the part of their samples that is answered right.

    >>> balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))
    0.5
    """
    return float(np.mean([np.mean(predicted[expected == c] == c) for c in np.unique(expected)]))


def ranked(outputs: NDArray) -> NDArray[np.int64]:
    """Class numbers [n, classes] of the outputs [n, classes], the largest first, of equals the lowest number.

    >>> ranked(np.array([[0.1, 0.9, 0.1]])).tolist()
    [[1, 0, 2]]
    """
    return np.argsort(-outputs, axis=1, kind="stable")


def top_accuracy(expected: NDArray, outputs: NDArray, count: int) -> float:
    """The part of the samples whose class is among the `count` largest outputs.

    >>> top_accuracy(np.array([0, 2]), np.array([[1, 2, 0], [2, 1, 0]]), 2)
    0.5
    """
    return float(np.mean((ranked(outputs)[:, :count] == expected[:, None]).any(axis=1)))


def roc(positive: NDArray, scores: NDArray) -> tuple[NDArray, NDArray]:
    """The ROC curve: false and true positive rates at every threshold, from (0, 0) to (1, 1).

    `positive` tells which samples are, bool [n]; equal scores make one step. Both kinds must be there.

    >>> roc(np.array([False, True, True]), np.array([0.1, 0.1, 0.9]))
    (array([0., 0., 1.]), array([0. , 0.5, 1. ]))
    """
    order = np.argsort(-scores, kind="stable")
    last = np.r_[np.diff(scores[order]) != 0, True]  # of each group of equal scores
    right, wrong = np.cumsum(positive[order])[last], np.cumsum(~positive[order])[last]
    return np.r_[0, wrong / wrong[-1]], np.r_[0, right / right[-1]]


def auc(positive: NDArray, scores: NDArray) -> float:
    """Area under the ROC curve: how probable it is that a positive sample scores above a negative one.

    >>> auc(np.array([False, True, True]), np.array([0.1, 0.1, 0.9]))
    0.75
    """
    false_rate, true_rate = roc(positive, scores)
    return float(np.trapezoid(true_rate, false_rate))
