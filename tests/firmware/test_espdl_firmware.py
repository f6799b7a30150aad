"""The firmware that runs a network by ESP-DL: what its build gets, its names, and its answers on the serial line."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aiedge import benchmark, espdl
from aiedge.benchmark.data import Samples
from aiedge.board import Board, StandIn
from aiedge.cost.runtimes import every_int8_pair
from aiedge.errors import UserError
from aiedge.lesson import lessons
from aiedge.paths import COMMON, REPO
from aiedge.quantization import quantize
from aiedge.tflite.integer import params_of
from tests.firmware.test_project import settings
from tests.support.espdl_reference import GOLDEN, NETWORKS
from tests.support.firmware import CXX, HERE, LIBRARY, SANITIZED, compile_cpp, main_cpp, need, objects_of

IDF = HERE / "esp_idf"
SCRIPT = COMMON / "platforms/compile_model.py"
MANIFEST = COMMON / "platforms/espdl/idf_component.yml"
SPOILT = (128 + 20) * 256  # of the stand-in's answers, where they shall differ from the twin's
HEAD = 16  # bytes before the answers in the stand-in's file, cpp/espdl.cpp


def write_model(folder: Path, spoilt: int = 0) -> espdl.EspdlModel:
    """XOR as `aiedge espdl -o` writes it, but with the stand-in's .espdl, of whose answers so many are `spoilt`."""
    folder.mkdir(parents=True)
    (folder / "xor-float.tflite").write_bytes(NETWORKS["xor"]().source)
    shutil.copy(GOLDEN / "espdl-xor-esp32-8.json", folder / "xor-quantization.json")
    (folder / "xor.espdl").write_bytes(b"")
    answers = espdl.load_espdl(folder).answers(every_int8_pair())
    answers[:spoilt] ^= 1
    model = espdl.load_espdl(folder)
    exponents = [
        model.quantization.exponent(f"t{t.index}") for t in (*model.graph.inputs, *model.graph.outputs)
    ]
    head = b"EDL2" + np.array(exponents, np.int8).tobytes()
    (folder / "xor.espdl").write_bytes(head.ljust(HEAD, b"\0") + answers.tobytes())
    return espdl.load_espdl(folder)


class Scons:
    """What compile_model.py asks of the environment that PlatformIO hands it, for esp-eye-espdl of a project."""

    def __init__(self, project: Path, chip: str = "esp32") -> None:
        self.options = {"custom_model": "xormodel", "custom_project": "xormodel", "custom_espdl": "espdl"}
        self.folders = {
            "$PROJECT_DIR": project,
            "$BUILD_DIR": project / "build",
            "$PROJECT_SRC_DIR": project / "main",
        }
        self.chip, self.sources = chip, []
        self.values: dict = {"PIOPLATFORM": "espressif32", "SPAWN": None, "CPPPATH": [], "CPPDEFINES": []}

    def subst(self, text: str) -> str:
        return str(self.folders[text])

    def GetProjectOption(self, name: str, default: str | None = None) -> str | None:
        return self.options.get(name, default)

    def BoardConfig(self) -> dict:
        return {"build.mcu": self.chip}

    def StringifyMacro(self, text: str) -> str:
        return f'"{text}"'

    def BuildSources(self, target: str, folder: str) -> None:
        self.sources += sorted(Path(folder).glob("*.cpp"))

    def Append(self, **values: list) -> None:
        for name, more in values.items():
            self.values[name] += more

    def __getitem__(self, name: str) -> object:
        return self.values[name]

    def __setitem__(self, name: str, value: object) -> None:
        self.values[name] = value

    def IsIntegrationDump(self) -> bool:
        return False

    IsCleanTarget = IsIntegrationDump

    def Exit(self, status: int) -> None:
        raise SystemExit(status)


def prepare(env: Scons) -> Scons:
    """The environment after the script."""
    exec(compile(SCRIPT.read_text(), SCRIPT, "exec"), {"env": env, "Import": lambda name: None})
    return env


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder of a kit."""
    monkeypatch.setenv("AIEDGE_PYTHON", sys.executable)
    folder = tmp_path / "kit/xormodel/vscode"
    folder.mkdir(parents=True)
    return folder


def build(project: Path) -> Path:
    """The firmware as a program: what the script prepared, all of the library, and the stand-in for ESP-DL."""
    env = prepare(Scons(project))
    (define,) = env["CPPDEFINES"]
    flags = [
        f"-D{'='.join(define)}",
        "-DAIEDGE_RUNTIME_ESPDL",
        *(f"-I{path}" for path in (*env["CPPPATH"], IDF)),
    ]
    of_model = [LIBRARY / "EspdlModel.cpp", LIBRARY / "LayerTimes.cpp", HERE / "cpp/espdl.cpp", *env.sources]
    others = {
        LIBRARY / "CompiledModel.cpp",
        LIBRARY / "LayerTimes.cpp",
    }  # as tests.support.firmware leaves them out
    library = tuple(sorted({*LIBRARY.glob("*.cpp"), *LIBRARY.glob("host/*.cpp")} - others))
    objects = objects_of("g++", tuple(SANITIZED), library)
    sources = [main_cpp(5, project), *of_model, *objects]
    return compile_cpp("g++", [*SANITIZED, *flags, "-Wno-unused-parameter"], sources, project / "program")


def pairs() -> Samples:
    """Some inputs of XOR, as real numbers from 0 to 1."""
    inputs = np.random.default_rng(0).random((300, 2), np.float32)
    return Samples(inputs, (inputs > 0.5).sum(axis=1) % 2, ("0", "1"))


def test_the_benchmark_asks_it_and_compares_it_with_the_twin(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("g++")
    model = write_model(project / "espdl", spoilt=SPOILT)
    monkeypatch.setattr("aiedge.benchmark.models.project_dir", lambda name: project.parent)
    options = benchmark.Options(verify=True, samples=lambda name: pairs(), solution=True)
    with StandIn(build(project)) as stand_in:
        with Board(stand_in.port) as board:
            info = board.hello()
        result = benchmark.run_on_port(stand_in.port, "xormodel", options)
    said = (info.project, info.runtime, info.sha256, info.arena_bytes)
    assert said == ("xormodel", "espdl", model.sha256, 120)
    assert (info.input_type, info.input_bytes, info.output_bytes) == ("int8", 2, 1)
    # The board's scales are the ones by which the computer writes its questions and reads its answers.
    wanted = espdl.run(model.network, model.quantization, pairs().inputs)
    (entry,) = model.graph.inputs
    first = quantize(pairs().inputs, params_of(entry))[:, 0].astype(int)
    other = (first + 128) * 256 < SPOILT
    assert 0 < other.sum() < len(other) and (result.outputs != wanted).ravel().tolist() == other.tolist()
    assert result.verified.outputs == other.sum() and not result.has_wrong_bits
    assert "differ from the same model in the twin of ESP-DL's arithmetic\n" in str(result)
    setting = result.setting
    assert (setting.runtime, setting.variant, setting.model_bytes) == ("espdl", "int8", HEAD + 65536)


def test_a_file_that_esp_dl_refuses_is_told(project: Path) -> None:
    need("g++")
    write_model(project / "espdl")
    (project / "espdl/xor.espdl").write_bytes(bytes(HEAD + 65536))
    done = subprocess.run([build(project)], capture_output=True, text=True, timeout=30)
    assert "error: ESP-DL cannot load the model" in done.stdout and done.returncode != 0


def test_what_is_missing_ends_the_build(project: Path, capfd: pytest.CaptureFixture) -> None:
    def error(chip: str = "esp32") -> str:
        with pytest.raises(SystemExit) as stop:
            prepare(Scons(project, chip))
        assert stop.value.code == 2 and not (project / "build").exists()
        return capfd.readouterr().err

    text = error()
    assert re.fullmatch(
        r"error: .+espdl holds no \.espdl file\nhint: aiedge espdl MODEL -o .+espdl --samples FILE\n", text
    )
    write_model(project / "espdl")
    assert "xor.espdl is for the esp32\nhint: make it again with --chip esp32s3" in error("esp32s3")
    (project / "espdl/net.espdl").write_bytes(b"")
    assert "holds 2 .espdl files: net.espdl, xor.espdl" in error()
    (project / "espdl/xor.espdl").unlink()
    assert "net.espdl is without net-float.tflite or net-quantization.json" in error()


def test_a_board_with_another_model_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aiedge.benchmark.models import find_espdl
    from tests.unit.test_benchmark import MemoryBoard

    write_model(project / "espdl")
    monkeypatch.setattr("aiedge.benchmark.models.project_dir", lambda name: project.parent)
    with pytest.raises(UserError, match=r"the board does not run the model in .+xor\.espdl"):
        find_espdl(MemoryBoard().hello())


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_it_compiles_against_declarations_of_esp_dl(compiler: str, project: Path) -> None:
    write_model(project / "espdl")
    folder = prepare(Scons(project))["CPPPATH"][0]
    flags = ["-fsyntax-only", "-DAIEDGE_RUNTIME_ESPDL", f"-I{IDF}", f"-I{folder}", '-DAIEDGE_PROJECT="xor"']
    compile_cpp(compiler, [*flags, "-std=c++20"], [LIBRARY / "EspdlModel.cpp"], Path(os.devnull))


def test_a_wrong_name_does_not_compile(tmp_path: Path) -> None:
    need("g++")
    source = tmp_path / "main.cpp"
    for method, works in ("get_inputs", True), ("inputs", False):
        source.write_text(f'#include "dl_model_base.hpp"\nvoid f(dl::Model &model) {{ model.{method}(); }}\n')
        done = subprocess.run(
            ["g++", *CXX, "-fsyntax-only", f"-I{IDF}", str(source)], capture_output=True, text=True
        )
        assert (done.returncode == 0) == works, done.stderr


def test_the_declarations_are_of_the_version_that_the_board_gets() -> None:
    version = re.search(r'espressif/esp-dl: "==(.+)"', MANIFEST.read_text())
    assert version and f"espressif/esp-dl v{version[1]}," in (IDF / "dl_model_base.hpp").read_text()


def test_espressifs_component_manager_accepts_the_manifest() -> None:
    pytest.importorskip("idf_component_manager.core", reason="needs: pip install idf-component-manager")
    from idf_component_tools.manager import ManifestManager

    manifest = ManifestManager(str(MANIFEST), "espdl")
    assert not manifest.validate().validation_errors
    found = {each.name: each.version for each in manifest.load().requirements}
    assert found.keys() == {"idf", "espressif/esp-dl"} and found["espressif/esp-dl"] == "==3.3.4"


def test_the_environment_has_the_component_and_no_other_has_it() -> None:
    with_it = {
        lesson.name for lesson in lessons() if lesson.firmware and "espdl.ini" in lesson.firmware.environments
    }
    assert with_it == {"xormodel", "cifar_cnn"}
    for project in sorted(with_it):
        for name, options in settings(project).items():
            wanted = name == "env:esp-eye-espdl"
            flags, folder = " ".join(options.get("build_flags", [])), REPO / project / "vscode"
            assert ("AIEDGE_RUNTIME_ESPDL" in flags) == ("custom_espdl" in options) == wanted
            found = re.findall(
                r"-DEXTRA_COMPONENT_DIRS=(\S+)", options.get("board_build.cmake_extra_args", "")
            )
            assert [(folder / each).resolve() for each in found] == [MANIFEST.parent] * wanted
