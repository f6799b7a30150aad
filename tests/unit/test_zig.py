"""A computer without any C compiler but the one that pip brings: the way from the model to the benchmark."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from aiedge.codegen import toolchain
from aiedge.errors import GET_ZIG, UserError
from aiedge.paths import REPO
from aiedge.workshop import doctor

pytestmark = pytest.mark.skipif(find_spec("ziglang") is None, reason=f"needs ziglang: {GET_ZIG}")
COMPILERS = {"cc", "gcc", "g++", "clang", "clang++", "c++"}
ANSWERS = """
import sys, numpy as np
from aiedge import CompiledModel, tflite
from aiedge.cost.runtimes import every_int8_pair
x = every_int8_pair()[::53]
mine, graph = CompiledModel(sys.argv[1]).predict(x), tflite.read(sys.argv[1])
print(np.array_equal(mine, tflite.run_integer(graph, x)), len(x))
"""


@pytest.fixture
def without_compilers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a computer with the usual programs and no compiler."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for folder in ("/usr/bin", "/bin"):
        for program in ("bash", "sh", "env", "uname", "cp", "rm", "mv", "mkdir", "git"):
            if (found := Path(folder, program)).exists() and not (programs / program).exists():
                (programs / program).symlink_to(found)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("AIEDGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CC", raising=False)
    assert not any(map(shutil.which, COMPILERS))
    return dict(os.environ)


def test_a_compiled_model(without_compilers: dict[str, str]) -> None:
    command = [sys.executable, "-c", ANSWERS, str(REPO / "xormodel/solution/xormodel.cpp")]
    run = subprocess.run(command, capture_output=True, text=True, env=without_compilers)
    assert run.stdout == "True 1237\n", run.stderr


def test_the_doctor_says_which_compiler_there_is(without_compilers: dict[str, str]) -> None:
    found = {finding.name: finding for finding in doctor.tools()}
    assert found["cc"].mark == "ok" and found["cc"].found.startswith("ziglang 0.")
    assert found["ziglang"].mark == "ok" and found["clang"].mark == "--"


def test_where_there_is_none_at_all(
    without_compilers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="no C compiler") as refused:
        toolchain.host_compiler()
    assert "aiedge[cc]" in refused.value.hint and "ziglang==" in refused.value.hint
    with pytest.raises(UserError, match="ziglang"):
        toolchain.zig("cc")


def test_the_pin_stands_once() -> None:
    """What the hints tell to install is what pyproject.toml pins."""
    pinned = next(line.strip(' ,"\n') for line in (REPO / "pyproject.toml").open() if '"ziglang==' in line)
    assert pinned in GET_ZIG and pinned in (REPO / "common/platforms/zig.py").read_text()


@pytest.mark.slow
def test_the_firmware(without_compilers: dict[str, str], tmp_path: Path) -> None:
    """Slow: where Zig has not yet compiled its C++ library for this computer, it does so, a minute."""
    command = [sys.executable, REPO / "run_serial.py", "--simulate", "xormodel", "--solution"]
    command += ["--results", tmp_path / "results"]
    run = subprocess.run(command, capture_output=True, text=True, env=without_compilers)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "4 of 4 right" in run.stdout and "4 answers agree with the outputs" in run.stdout
