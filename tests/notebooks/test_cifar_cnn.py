"""The CIFAR notebook in its other ways: on photographs, and with networks that it trains itself. Slow."""

import os
from pathlib import Path

import nbformat
import pytest

from aiedge.workshop.notebooks import DRAWN, execute, summary


def solution(repo: Path) -> nbformat.NotebookNode:
    return nbformat.read(repo / "cifar_cnn" / "solution" / "cifar_cnn.ipynb", as_version=4)


@pytest.mark.slow
def test_on_photographs(repo: Path, tmp_path: Path) -> None:
    """All checks pass, and the shipped networks are as good as their tables say."""
    if os.environ.get("AIEDGE_DATA", "drawn") == "drawn":
        pytest.skip("needs CIFAR-10: set AIEDGE_DATA to a folder with cifar10.npz")
    text = summary(execute(solution(repo), tmp_path, progress=False))
    assert text.startswith("on pictures from: CIFAR-10\n")
    right = {line.split("right")[1].strip(): float(line.split("%")[0]) for line in text.splitlines()[1:6]}
    assert right["pruned, INT8"] >= 74.5 and right["cifar_tiny, INT8"] >= 82.0, text


@pytest.mark.slow
def test_with_networks_trained_anew(repo: Path, tmp_path: Path) -> None:
    nb = solution(repo)
    switches = [cell for cell in nb.cells if cell.source.startswith("RETRAIN = False\n")]
    assert len(switches) == 1
    switches[0].source = switches[0].source.replace("RETRAIN = False", "RETRAIN = True", 1)
    environment = {**DRAWN, "AIEDGE_CACHE": str(tmp_path / "cache")}
    text = summary(execute(nb, tmp_path, progress=False, variables=environment))
    assert text.startswith("on pictures from: drawn\n")
