"""README.md shows what a run prints."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from aiedge.lesson import projects
from aiedge.tflite import has_tflm


def test_the_table_is_what_the_benchmark_prints(repo: Path, need_tool) -> None:
    compiler = need_tool("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi")
    version = subprocess.run([compiler, "-dumpversion"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("12.2") or not has_tflm():
        pytest.skip(
            "needs arm-none-eabi-gcc 12.2, whose code sizes the table has, and the tflite-micro wheel"
        )
    spec = importlib.util.spec_from_file_location("xor_benchmark", repo / "tests" / "benchmarks" / "xor.py")
    assert spec is not None and spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    table, _, _ = benchmark.measure()
    assert table in (repo / "README.md").read_text()


def test_every_project_and_every_linked_file_exists(repo: Path) -> None:
    text = (repo / "README.md").read_text()
    for project in projects():
        assert f"[{project}]({project})" in text
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("http") or (repo / target).exists(), target
