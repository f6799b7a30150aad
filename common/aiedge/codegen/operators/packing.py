"""Weights laid out as the engine's inner loops read them."""

import numpy as np
from numpy.typing import NDArray


def pack_pairs(filters: NDArray[np.int8]) -> NDArray[np.int8]:
    """Pack filters [K, runs, length] for `aiedge_dot.h`: pairs of filters, four weights of each in turn.

    A last filter without partner stands twice; a length that is no multiple of four is filled with zeros. Returns
    [K / 2, runs, length / 4, 2, 4], flat.

    >>> pack_pairs(np.arange(1, 11, dtype=np.int8).reshape(2, 1, 5)).tolist()
    [1, 2, 3, 4, 6, 7, 8, 9, 5, 0, 0, 0, 10, 0, 0, 0]
    """
    count, runs, length = filters.shape
    paired = np.pad(filters, ((0, count % 2), (0, 0), (0, 0)), mode="edge")
    padded = np.pad(paired, ((0, 0), (0, 0), (0, -length % 4)))
    blocks = padded.reshape(-1, 2, runs, padded.shape[2] // 4, 4)
    return np.ascontiguousarray(blocks.transpose(0, 2, 3, 1, 4)).ravel()


def pack_taps(weights: NDArray[np.int8]) -> NDArray[np.int16]:
    """Pack depthwise weights [taps, channels] for `aiedge_depthwise_conv_2d.h`, already widened to int16.

    Four channels and two taps stand together: c0t0 c0t1 c1t0 c1t1 c2t0 c2t1 c3t0 c3t1; a last odd tap has
    c0 c1 c2 c3. Missing channels are zero.

    >>> pack_taps(np.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]], np.int8)).tolist()
    [1, 5, 2, 6, 3, 7, 4, 8, 9, 10, 11, 12]
    """
    taps, channels = weights.shape
    padded = np.pad(weights, ((0, 0), (0, -channels % 4))).astype(np.int16)
    groups = padded.shape[1] // 4
    pairs = padded[: taps // 2 * 2].reshape(taps // 2, 2, groups, 4)  # pair, tap, group, channel
    packed = pairs.transpose(2, 0, 3, 1).reshape(groups, -1)
    rest = padded[taps // 2 * 2 :].reshape(taps % 2, groups, 4).transpose(1, 0, 2).reshape(groups, -1)
    return np.concatenate([packed, rest], axis=1).ravel()
