"""Quantization in Tensor.h against NumPy in float32."""

import subprocess

import numpy as np
import pytest

from aiedge.board.line.protocol import TENSOR_TYPES
from tests.support.firmware import BUILDS, HERE, compile_cpp


@pytest.mark.parametrize(("compiler", "flags"), BUILDS.values(), ids=BUILDS.keys())
def test_tensor_rounds_half_away_from_zero_and_clamps(compiler, flags, tmp_path):
    program = compile_cpp(compiler, flags, [HERE / "cpp/tensor.cpp"], tmp_path / "tensor")
    rng = np.random.default_rng(3)
    cases = []
    for code, name in TENSOR_TYPES.items():
        if name == "float32":
            continue
        bounds, count = np.iinfo(name), 500 if name != "int8" else 2000
        # Beyond 2^24 a float32 is no exact integer.
        span = min(bounds.max - bounds.min, 2**20)
        middle = (bounds.max + bounds.min + 1) // 2
        scales = 10 ** rng.uniform(-6, 3, count).astype(np.float32)
        zero_points = middle + rng.integers(-span // 2, span // 2, count)
        # Around the range, far outside it, and exactly between two steps.
        steps = middle + rng.uniform(-0.8, 0.8, count) * span - zero_points
        steps[: count // 10] *= 1e6
        halves = slice(count // 10, count // 3)
        steps[halves] = np.floor(steps[halves]) + 0.5
        reals = steps.astype(np.float32) * scales
        cases += [(code, *case) for case in zip(scales, zero_points, reals, strict=True)]
        cases += [(code, np.float32(0.5), middle + 3, np.float32(x)) for x in (np.inf, -np.inf, np.nan)]

    text = "\n".join(f"{t} {s:.9g} {z} {r:.9g}" for t, s, z, r in cases)
    done = subprocess.run([program], input=text, capture_output=True, text=True)
    assert done.returncode == 0, f"line {done.returncode} (modulo 256) of tensor.cpp fails: {done.stderr}"
    for (code, scale, zero_point, real), line in zip(cases, done.stdout.splitlines(), strict=True):
        bounds = np.iinfo(TENSOR_TYPES[code])
        steps = np.float32(0 if np.isnan(real) else real) / scale
        rounded = np.sign(steps) * np.floor(np.abs(steps).astype(np.float64) + 0.5)
        # The largest float32 below 2^31.
        stored = int(
            np.clip(np.float32(rounded) + np.float32(zero_point), bounds.min, min(bounds.max, 2**31 - 128))
        )
        restored = scale * (np.float32(stored) - np.float32(zero_point))
        expected = [str(stored), str(bounds.bits // 8), f"{restored:.9g}"]
        assert line.split() == expected, (TENSOR_TYPES[code], scale, zero_point, real)
