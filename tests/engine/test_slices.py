"""STRIDED_SLICE with what TensorFlow Lite Micro lacks: five dimensions, an ellipsis, new axes; against LiteRT."""

from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from tests.support.batch import run_batch
from tests.support.random_layers import Draw

MODELS = 60


def sliced(rng: np.random.Generator, dtype: str) -> tuple[bytes, int]:
    """A model, and how many dimensions its input has."""
    while True:
        d = Draw(rng, dtype)
        shape = d.shape(lowest=2, highest=5, largest=5)
        entries = int(rng.integers(1, len(shape) + 1))
        ellipsis = int(rng.integers(entries)) if rng.random() < 0.5 else -1
        # LiteRT takes five dimensions with the new ones.
        new = {i for i in range(entries) if i != ellipsis and rng.random() < 0.2} if len(shape) < 4 else set()
        begin, end, strides = (
            rng.integers(-5, 6, entries),
            rng.integers(-5, 6, entries),
            rng.choice([1, 2, -1], entries),
        )
        masks = {name: int(rng.integers(32)) & int(rng.integers(32)) for name in ("beginMask", "endMask")}
        shrink = {i for i in range(entries) if i not in new and i != ellipsis and rng.random() < 0.2}
        strides[[*shrink]] = 1
        # NumPy takes the same apart.
        index: list[object] = []
        for i in range(entries):
            first = None if masks["beginMask"] >> i & 1 else int(begin[i])
            last = None if masks["endMask"] >> i & 1 else int(end[i])
            if i == ellipsis:
                index.append(...)
            elif i in new:
                index.append(None)
            else:
                index.append(int(first or 0) if i in shrink else slice(first, last, int(strides[i])))
        try:
            result = list(np.empty(shape)[tuple(index)].shape)
        except IndexError:
            continue
        if 0 in result:
            continue
        source = d.input(shape)
        masks |= {"newAxisMask": sum(1 << i for i in new), "shrinkAxisMask": sum(1 << i for i in shrink)}
        masks["ellipsisMask"] = 1 << ellipsis if ellipsis >= 0 else 0
        inputs = [source, *(d.integers(values) for values in (begin, end, strides))]
        outputs = d.add("STRIDED_SLICE", inputs, [d.like(source, result)], 2, **masks)
        return d.file.build([source], outputs), len(shape)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_every_mask_and_five_dimensions(dtype: str, tmp_path: Path, need_tool) -> None:
    rng = np.random.default_rng(len(dtype))
    models, ranks = zip(*(sliced(rng, dtype) for _ in range(MODELS)), strict=True)
    assert ranks.count(5) > 5
    graphs = [tflite.read(model) for model in models]
    inputs = [
        np.arange(2 * g.inputs[0].elements).reshape(2, *g.inputs[0].shape).astype(dtype) for g in graphs
    ]
    results = run_batch(graphs, [[x] for x in inputs], tmp_path, [need_tool("gcc", "apt install gcc"), "-O1"])
    for model, x, (y,) in zip(models, inputs, results, strict=True):
        np.testing.assert_array_equal(y, tflite.run_litert(model, x, reference=True))
