"""Tables of int8 operators against TensorFlow Lite Micro: all inputs, on scales and zero points at the edges."""

from itertools import product

import numpy as np
import pytest

from aiedge import tflite
from aiedge.codegen import generate
from aiedge.errors import UserError
from aiedge.tflite.interpreters import has_tflm
from aiedge.tflite.traits import TRAITS, Nature
from tests.support.model_files import ModelFile
from tests.support.random_operators import WITHOUT_TFLM

pytestmark = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)
ALL = np.arange(-128, 128, dtype=np.int8).reshape(1, 256)
UNARY = [kind for kind, trait in TRAITS.items() if trait.nature is Nature.UNARY]
# Ratios of scales: equal, halves that must be rounded, powers of two and their neighbours, very far apart.
RATIOS = [1.0, 0.5, 2.0, 1 / 3, 2 / 3, 0.4, 2 / 9, 10 / 9, 0.9999999, 1.0000001, 1 / 256, 255.0, 1e-7, 1e6]
SCALES = [1 / 128, 1.0, 0.0235294122248888, 1e-5, 30.0]
ZEROS = [(-128, -128), (0, 0), (127, -128), (-128, 127), (5, -7)]


def model_of(kind: str, scales: tuple[float, float], zero_points: tuple[int, int], **options: float) -> bytes:
    """A model of one operator on [1, 256] int8 values."""
    file = ModelFile()
    x, y = (file.tensor([1, 256], scale=s, zero_point=z) for s, z in zip(scales, zero_points, strict=True))
    file.operator(kind, [x], [y], **options)
    return file.build([x], [y])


@pytest.mark.parametrize("kind", [kind for kind in UNARY if TRAITS[kind].table and kind not in WITHOUT_TFLM])
def test_tables_at_the_edges(kind: str) -> None:
    """The same outputs, or none, as TensorFlow Lite Micro's."""
    compared = 0
    for scale, ratio, zeros in product(SCALES, RATIOS, ZEROS):
        options = {"alpha": -0.3} if kind == "LEAKY_RELU" else {}
        model = model_of(kind, (scale, scale * ratio), zeros, **options)
        graph = tflite.read(model)
        said = f"{kind} from {graph.inputs[0].quantization} to {graph.outputs[0].quantization}"
        try:
            generate(graph, "net")
        except UserError as error:
            if "too far apart" in error.hint or "too large beside" in error.hint:
                continue  # TFLM computes something, which depends on the processor
            with pytest.raises(RuntimeError):
                tflite.run_tflm(model, ALL)
                pytest.fail(f"{said} is refused, but TensorFlow Lite Micro takes it")
            continue
        expected = tflite.run_tflm(model, ALL)
        np.testing.assert_array_equal(tflite.run_integer(graph, ALL), expected, err_msg=said)
        compared += 1
    assert compared > 20


@pytest.mark.parametrize("kind", [kind for kind in UNARY if not TRAITS[kind].table])
def test_what_has_no_table_is_refused(kind: str) -> None:
    model = model_of(kind, (0.1, 0.1), (-128, -128))
    with pytest.raises(RuntimeError):
        tflite.run_tflm(model, ALL)
    with pytest.raises(UserError, match="is not supported"):
        generate(tflite.read(model), "net")
