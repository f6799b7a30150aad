"""The package as a wheel, in an empty environment that has its base dependencies and nothing else.

The environment gets them as links to the running one's files, so that the test needs no network: any import beyond them
fails. What is compiled there is built from its folder alone and compared with TensorFlow Lite Micro.
"""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Callable
from importlib import metadata
from importlib.util import cache_from_source
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from aiedge import __version__, include_dir, tflite
from aiedge.errors import EXTRAS

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the environment is made of symbolic links")

MODELS = Path(__file__).resolve().parents[1] / "golden"
RUNS = 8
LARGEST_BYTES = 150e6  # of the base installation
MAIN = """
#include <stdio.h>

#include "resnet8.h"

static _Alignas(RESNET8_ARENA_ALIGNMENT) uint8_t arena[RESNET8_ARENA_BYTES];

int main(void) {
  int8_t input[RESNET8_INPUT_COUNT], output[RESNET8_OUTPUT_COUNT];
  while (fread(input, sizeof input, 1, stdin) == 1) {
    if (resnet8_invoke(input, output, arena) != 0) return 1;
    fwrite(output, sizeof output, 1, stdout);
  }
  return 0;
}
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


def asked_of(name: str) -> list[Requirement]:
    """What a distribution asks for here, without extras."""
    wanted = map(Requirement, metadata.requires(name) or [])
    return [each for each in wanted if not each.marker or each.marker.evaluate({"extra": ""})]


def base_dependencies(repo: Path) -> set[str]:
    """Names of the distributions that the base installation brings, those that they ask for included."""
    project = tomllib.loads((repo / "pyproject.toml").read_text())["project"]
    found: set[str] = set()
    waiting = [Requirement(line) for line in project["dependencies"]]
    while waiting:
        wanted = waiting.pop()
        assert wanted.specifier.contains(metadata.version(wanted.name)), wanted
        name = canonicalize_name(wanted.name)
        if name not in found:
            found.add(name)
            waiting += asked_of(name)
    return found


def link(distribution: str, site: Path) -> None:
    """Link a distribution's files, and their bytecode, into another environment's packages."""
    for file in metadata.files(distribution) or []:
        if ".." in file.parts or file.suffix == ".pyc":
            continue
        sources = [Path(str(file.locate()))]
        if file.suffix == ".py":
            sources.append(Path(cache_from_source(str(sources[0]))))
        for source in filter(Path.exists, sources):
            target = site / source.relative_to(Path(str(file.locate())).parents[len(file.parts) - 1])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(source.resolve())


@pytest.fixture(scope="module")
def wheel(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, since building leaves folders behind."""
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(repo / name, source)
    skipped = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(repo / "common" / "aiedge", source / "common" / "aiedge", ignore=skipped)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", made, source], check=True)
    (found,) = made.glob("aiedge-*.whl")
    return found


@pytest.fixture(scope="module")
def run(repo: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a program of an environment with the wheel, such as `run("aiedge", "compile", ...)`, in its folder."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/python*/site-packages")
    for name in base_dependencies(repo):
        link(name, site)
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", "--quiet"]
    subprocess.run([*pip, "--no-index", "--no-deps", wheel], check=True)
    work = tmp_path_factory.mktemp("work")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def call(program: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [folder / "bin" / program, *words]
        return subprocess.run(
            command, cwd=work, env=kept, capture_output=True, text=True, check=False, timeout=300
        )

    return call


def done(process: subprocess.CompletedProcess[str]) -> str:
    """What a command printed that must have ended well."""
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_every_import_is_of_the_base_or_of_an_extra(repo: Path) -> None:
    project = tomllib.loads((repo / "pyproject.toml").read_text())["project"]
    assert set(EXTRAS.values()) <= set(project["optional-dependencies"])
    distributions = metadata.packages_distributions()
    base = base_dependencies(repo)
    for path in (repo / "common" / "aiedge").rglob("*.py"):
        if path.name == "ppq_script.py":
            continue  # it runs in an environment of its own
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for module in {name.partition(".")[0] for name in names} - {"aiedge"} - sys.stdlib_module_names:
                its = {canonicalize_name(name) for name in distributions.get(module, [])}
                assert module in EXTRAS or its & base, f"{path}: no extra in aiedge.errors brings {module}"


def test_the_wheel_holds_what_is_no_python(wheel: Path, repo: Path) -> None:
    package = repo / "common" / "aiedge"
    others = {
        f"aiedge/{path.relative_to(package).as_posix()}"
        for path in package.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"aiedge/py.typed", "aiedge/engine/aiedge_engine.h"} <= others <= names


def test_its_description_is_complete(run: Run, repo: Path) -> None:
    code = "from importlib.metadata import metadata; print(metadata('aiedge').as_string())"
    text = done(run("python", "-c", code))
    version = f"Version: {__version__}"
    for words in (version, "Keywords: ", "Classifier: Typing :: Typed", "Provides-Extra: workshop"):
        assert words in text
    assert (repo / "README.md").read_text().splitlines()[0] in text
    assert done(run("aiedge", "--version")) == f"aiedge {__version__}\n"


def test_the_base_installation_is_small(run: Run) -> None:
    code = """
import pathlib, sysconfig
files = pathlib.Path(sysconfig.get_path("purelib")).rglob("*")
print(sum(file.stat().st_size for file in files if file.is_file()))
"""
    assert 70e6 < int(done(run("python", "-c", code))) < LARGEST_BYTES


@pytest.mark.skipif(not tflite.has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64")
def test_resnet8_compiled_by_it_gives_tflms_bits(run: Run, tmp_path: Path, need_tool) -> None:
    cc = need_tool("cc", "apt install gcc")
    folder = tmp_path / "out"
    done(run("aiedge", "compile", MODELS / "resnet8.tflite", "-o", folder, "--engine"))
    assert {path.name for path in include_dir().glob("*.h")} < {path.name for path in folder.iterdir()}
    (folder / "main.c").write_text(MAIN)
    subprocess.run(
        [cc, "-O2", "-std=c11", "main.c", "resnet8.c", "-o", "resnet8", "-lm"], cwd=folder, check=True
    )
    model = (MODELS / "resnet8.tflite").read_bytes()
    inputs = np.random.default_rng(8).integers(-128, 128, (RUNS, *tflite.read(model).inputs[0].sample_shape))
    inputs = inputs.astype(np.int8)
    answers = subprocess.run([folder / "resnet8"], input=inputs.tobytes(), capture_output=True, check=True)
    expected = tflite.run_tflm(model, inputs)
    np.testing.assert_array_equal(np.frombuffer(answers.stdout, np.int8).reshape(expected.shape), expected)


def test_a_model_runs_from_python(run: Run, need_tool) -> None:
    need_tool("cc", "apt install gcc")
    code = f"""
import numpy as np, sys
import aiedge
from aiedge import tflite
assert (aiedge.include_dir() / "aiedge_engine.h").exists()
model = aiedge.CompiledModel({str(MODELS / "resnet8.tflite")!r})
x = np.random.default_rng(1).integers(-128, 128, (2, *model.inputs[0].sample_shape)).astype(np.int8)
litert = tflite.run_litert(model.graph.source, x, reference=True)
print(np.abs(model.predict(x).astype(int) - litert).max())
"""
    # Its FULLY_CONNECTED rounds otherwise than TensorFlow Lite Micro's.
    assert int(done(run("python", "-c", code))) <= 1


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("inspect", "arena, compiled"),
        ("memory --board esp-eye", "ESP-EYE"),
        ("optimize -o small.tflite", "wrote small.tflite"),
        ("weights -o weights.bin", "weights.bin"),
        ("bench", "this computer: LiteRT, µs"),
    ],
)
def test_commands_of_the_base_installation(command: str, says: str, run: Run, need_tool) -> None:
    need_tool("cc", "apt install gcc")
    name, *options = command.split()
    model = MODELS / ("two_inputs.tflite" if name == "bench" else "resnet8.tflite")
    assert says in done(run("aiedge", name, model, *options))


def test_an_emulated_core_of_the_base_installation(run: Run, need_tool) -> None:
    need_tool("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi libnewlib-arm-none-eabi")
    need_tool("qemu-system-arm", "apt install qemu-system-arm")
    text = done(run("aiedge", "bench", MODELS / "two_inputs.tflite", "--target", "cortex-m4", "--quick"))
    assert "Cortex-M4, emulated" in text


def test_the_compilers_stations_import_nothing_beyond_the_base(run: Run) -> None:
    code = """
import importlib, pkgutil
for name in "quantization", "tflite", "memory", "tflm", "codegen", "cost", "energy":
    package = importlib.import_module(f"aiedge.{name}")
    for module in pkgutil.walk_packages(package.__path__, f"aiedge.{name}."):
        importlib.import_module(module.name)
"""
    done(run("python", "-c", code))


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("memory", "MODEL", "-o", "pictures"), "pip install 'aiedge[plots]'"),
        (("bench", "MODEL", "-o", "pictures"), "pip install 'aiedge[plots]'"),
        (("inspect", "MODEL", "--tflm"), "pip install 'aiedge[tflm]'"),
        (("image", "photo.jpg", "--project", "cifar_cnn"), "clone the kit's repository"),
        (("lessons", "build"), "clone the kit's repository"),
    ],
)
def test_a_command_says_what_it_lacks(words: tuple[str, ...], hint: str, run: Run) -> None:
    model = str(MODELS / "two_inputs.tflite")
    process = run("aiedge", *(model if word == "MODEL" else word for word in words))
    assert process.returncode == 2
    error, told = process.stderr.splitlines()
    assert error.startswith("error: ") and told.startswith(f"hint: {hint}")


@pytest.mark.parametrize(
    ("code", "extra"),
    [
        ("from aiedge import tflite; tflite.convert_int8(None, [])", "workshop"),
        ("from aiedge import tflite; tflite.convert_int8(None)", "workshop"),
        ("from aiedge.train import models", "workshop"),
        ("from aiedge.train import datasets", "workshop"),
        ("from aiedge import board", "board"),
        ("from aiedge.cost.plot import draw; draw('', [], {})", "plots"),
    ],
)
def test_a_function_says_what_it_lacks(code: str, extra: str, run: Run) -> None:
    program = "import sys; from aiedge.errors import exit_cleanly; sys.exit(exit_cleanly(lambda: exec(sys.argv[1])))"
    process = run("python", "-c", program, code)
    assert process.returncode == 2
    assert process.stderr.startswith("error: the Python module ")
    assert f"\nhint: pip install 'aiedge[{extra}]'" in process.stderr


def test_the_doctor_tells_the_extras(run: Run) -> None:
    text = done(run("aiedge", "doctor"))
    for words in (
        "-- extra board",
        "-> pip install 'aiedge[board]'",
        "-- extra workshop",
        "-- TFLM",
        "ok packages",
    ):
        assert words in text
    assert "start-notebook.sh --setup" not in text
    assert not any(line.startswith("!!") for line in text.splitlines())
