"""Results of benchmarks, made up for tests."""

import numpy as np

from aiedge.benchmark import BenchmarkResult, Setting, Traffic

CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def make_cifar(samples, **setting):
    """A result of ten classes whose answers are right for about three quarters."""
    rng = np.random.default_rng(0)
    expected = np.arange(samples) % 10
    outputs = rng.normal(0, 1, (samples, 10)) + 3 * np.eye(10)[expected]
    kinds = tuple(CIFAR[i] for i in expected)
    known = {"project": "cifar_cnn", "classes": CIFAR, "kinds": kinds, "source": "drawn", "arena_bytes": 9664}
    return make_result(outputs=outputs, expected=expected, **{**known, **setting})


def make_result(
    outputs=(0.2, 0.8) * 10,
    expected=(0, 1) * 10,
    times=None,
    index=None,
    kinds=(),
    traffic=None,
    verified=None,
    inputs=(),
    **setting,
):
    """A result with these answers; `setting` changes what is asked whom."""
    outputs = np.array(outputs, np.float32)
    outputs = outputs[:, None] if outputs.ndim == 1 else outputs
    n = len(outputs)
    known = {
        "project": "xormodel",
        "variant": "int8",
        "built_from": "solution",
        "model_sha256": "ab" * 32,
        "model_bytes": 3656,
        "runtime": "compiled",
        "arena_bytes": 32,
        "simulated": True,
        "baud": 0,
        "noise": 0.0,
        "seed": 0,
        "data_source": setting.pop("source", "computed"),
        "data_sha256": "cd" * 32,
        "samples": n,
        "classes": ("0", "1"),
    }
    return BenchmarkResult(
        setting=Setting(**{**known, **setting}),
        port="/dev/pts/7",
        started="2026-11-21T10:00:00+0000",
        kit="0.1.0",
        commit="commit 0123456",
        index=np.arange(n) if index is None else np.array(index),
        expected=np.array(expected),
        kinds=kinds,
        outputs=outputs,
        times_us=np.arange(100, 100 + n) if times is None else np.array(times),
        traffic=traffic or Traffic(2.0, 40, 400, 3, 1, 0, 512),
        verified=verified,
        inputs=inputs,
    )
