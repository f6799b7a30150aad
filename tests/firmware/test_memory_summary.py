"""What a build says of the model's memory: PlatformIO's own run, and the scripts with a stand-in for SCons."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aiedge import tflite
from aiedge.board.build import prepare_core
from aiedge.codegen import generate
from aiedge.paths import REPO
from tests.support.firmware import MODEL, VSCODE, main_cpp, need
from tests.support.networks import network

SCRIPTS = [REPO / "common/platforms" / name for name in ("compile_model.py", "memory_summary.py")]
MARKED = re.compile(r"^SRAM +(\w+) .+<- this build$", re.MULTILINE)


def pio(*arguments: str, workspace: Path) -> str:
    """The output of PlatformIO for the XOR project with its solved firmware."""
    prepare_core()
    env = {
        **os.environ,
        "PLATFORMIO_SRC_DIR": str(workspace / "main"),
        "PLATFORMIO_WORKSPACE_DIR": str(workspace),
        "AIEDGE_PYTHON": sys.executable,
    }
    command = [sys.executable, "-m", "platformio", "run", "-e", "host", *arguments]
    done = subprocess.run(command, cwd=VSCODE, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_build_says_what_fits(pio_folder: Path) -> None:
    need("g++")
    (pio_folder / "main").mkdir(exist_ok=True)
    shutil.copy(MODEL, pio_folder / "main")
    main_cpp(5, pio_folder / "main")
    # Once more, where nothing is left to compile; not where the program itself is run.
    for _ in range(2):
        out = pio(workspace=pio_folder)
        assert "Memory of xormodel.cpp" in out and "ESP-EYE (ESP32): 180,736 bytes of SRAM" in out
        assert MARKED.findall(out) == ["fused"] and "say(" not in out
    assert "Memory of" not in pio("-t", "exec", workspace=pio_folder)


class Scons(dict):
    """What the scripts ask of the environment that PlatformIO hands them."""

    def __init__(
        self, folder: Path, flags: str, options: dict[str, str], platform: str = "espressif32"
    ) -> None:
        super().__init__(PIOMAINPROG="program", PIOPLATFORM=platform, SPAWN=None)
        self.folder, self.flags, self.options = folder, flags, options
        self.actions: list = []
        self.built: list[tuple[str, ...]] = []

    def subst(self, text: str) -> str:
        known = {"$PROJECT_DIR": VSCODE, "$PROJECT_SRC_DIR": self.folder, "$BUILD_DIR": self.folder / "build"}
        return self.flags if text == "$BUILD_FLAGS" else str(known[text])

    def GetProjectOption(self, name: str, default: str = "") -> str:
        return self.options.get(name, default)

    def Action(self, function, text):
        self.actions.append(function)
        return function

    def IsIntegrationDump(self) -> bool:
        return False

    IsCleanTarget = IsIntegrationDump

    def Exit(self, status: int) -> None:
        raise SystemExit(status)

    def StringifyMacro(self, text: str) -> str:
        return text

    def Append(self, **lists: list) -> None:
        pass

    def BuildSources(self, *folders: str) -> None:
        self.built.append(folders)

    def Alias(self, name: str, *what: object) -> str:
        return name


@pytest.mark.parametrize(
    ("flags", "options", "step", "words"),
    [
        ("-D AIEDGE_RUNTIME_TFLM", {}, "TFLM", "Espressif ESP-EYE"),
        ("-D AIEDGE_RUNTIME_COMPILED", {"custom_board": "bluepill"}, "fused", "Blue Pill"),
        ("-D AIEDGE_RUNTIME_COMPILED", {"custom_stream": "yes"}, "streamed", "Espressif ESP-EYE"),
    ],
)
def test_the_step_and_the_board_of_the_environment(
    flags: str, options: dict[str, str], step: str, words: str, tmp_path: Path, monkeypatch, capfd
) -> None:
    monkeypatch.setenv("AIEDGE_PYTHON", sys.executable)
    monkeypatch.setattr("SCons.Script.AlwaysBuild", lambda *targets: targets)
    monkeypatch.setattr("SCons.Script.Default", lambda *targets: None)
    tflite.write_c_array(network("cifar_cnn_25_51_76"), tmp_path / "net.cpp")
    env = Scons(tmp_path, flags, {"custom_model": "net"} | options)
    for script in SCRIPTS:
        exec(compile(script.read_text(), script, "exec"), {"env": env, "Import": lambda name: None})
    (say,) = env.actions
    say([], [], env)
    out, err = capfd.readouterr()
    assert words in out and MARKED.findall(out) == [step] and not err
    env["AIEDGE_MEMORY"][env["AIEDGE_MEMORY"].index("--board") + 1] = "uno"
    say([], [], env)  # a board that is not known is told, and ends no build
    assert "error: there is no board 'uno'\nhint: the boards are: esp-eye, pico" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("platform", "flags", "kernels", "assembly"),
    [
        ("espressif32", "-D AIEDGE_RUNTIME_COMPILED", True, True),
        ("espressif32", "-D AIEDGE_RUNTIME_COMPILED -D AIEDGE_BUFFERS_IN_PSRAM", False, True),
        ("espressif32", "-D AIEDGE_RUNTIME_TFLM", True, False),
        ("host", "-D AIEDGE_RUNTIME_COMPILED", False, False),
    ],
)
def test_a_build_for_the_esp32_has_the_kernels_of_its_core(
    platform: str, flags: str, kernels: bool, assembly: bool, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("AIEDGE_PYTHON", sys.executable)
    tflite.write_c_array(network("cifar_cnn_25_51_76"), tmp_path / "net.cpp")
    env = Scons(tmp_path, flags, {"custom_model": "net"}, platform)
    exec(compile(SCRIPTS[0].read_text(), SCRIPTS[0], "exec"), {"env": env, "Import": lambda name: None})
    assert ("_lx6_int8(" in (tmp_path / "build/model/net.c").read_text()) == kernels
    sources = {
        path.name
        for _, folder, *filters in env.built
        for path in Path(folder).glob(filters[0][2:-1] if filters else "*.c")
    }
    assert sources == {
        name for name, made in (("net.c", "COMPILED" in flags), ("aiedge_lx6.S", assembly)) if made
    }
    said = subprocess.run(env["AIEDGE_MEMORY"], capture_output=True, text=True, check=True).stdout
    # The verdict is on the board's kernels wherever the network is built, but where these may not be.
    plan = generate(
        tflite.read(tmp_path / "net.cpp"), "net", core="any" if "PSRAM" in flags else "esp32"
    ).plan
    (fused,) = re.findall(r"^SRAM +fused +([\d,]+) ", said, re.MULTILINE)
    assert int(fused.replace(",", "")) == plan.arena_bytes + 3072 + 10


def test_a_build_for_a_test_can_be_silent(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("AIEDGE_SUMMARY", "no")
    env = Scons(tmp_path, "", {})
    env["AIEDGE_MEMORY"] = ["false"]
    exec(SCRIPTS[1].read_text(), {"env": env, "Import": lambda name: None})
    assert not env.actions
