"""Quantization in Tensor.h against NumPy in float32."""

import subprocess

import numpy as np
import pytest

from tests.support.firmware import BUILDS, HERE, compile_cpp


@pytest.mark.parametrize(("compiler", "flags"), BUILDS.values(), ids=BUILDS.keys())
def test_tensor_rounds_half_away_from_zero_and_clamps(compiler, flags, tmp_path):
    program = compile_cpp(compiler, flags, [HERE / "cpp/tensor.cpp"], tmp_path / "tensor")
    rng = np.random.default_rng(3)
    scales = 10 ** rng.uniform(-6, 3, 2000).astype(np.float32)
    zero_points = rng.integers(-128, 128, 2000)
    # Around the range, far outside it, and exactly between two steps.
    reals = (rng.uniform(-200, 200, 2000) - zero_points).astype(np.float32) * scales
    reals[:200] *= 1e6
    reals[200:600] = (rng.integers(-300, 300, 400) + 0.5).astype(np.float32) * scales[200:600]
    cases = [*zip(scales, zero_points, reals, strict=True)]
    cases += [(np.float32(0.5), -3, np.float32(x)) for x in (np.inf, -np.inf, np.nan)]

    text = "\n".join(f"{s:.9g} {z} {r:.9g}" for s, z, r in cases)
    done = subprocess.run([program], input=text, capture_output=True, text=True)
    assert done.returncode == 0, f"line {done.returncode} (modulo 256) of tensor.cpp fails: {done.stderr}"
    for (scale, zero_point, real), line in zip(cases, done.stdout.splitlines(), strict=True):
        steps = np.float32(0 if np.isnan(real) else real) / scale
        rounded = np.sign(steps) * np.floor(np.abs(steps).astype(np.float64) + 0.5)
        stored = int(np.clip(rounded + zero_point, -128, 127))
        restored = scale * np.float32(stored - zero_point)
        assert line.split() == [str(stored), f"{restored:.9g}"], (scale, zero_point, real)
