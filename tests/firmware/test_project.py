"""The PlatformIO project as a student uses it, and as the vendors' own tools read it."""

import ast
import csv
import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from aiedge.board.build import build, prepare_core
from aiedge.boards import board
from aiedge.errors import UserError
from aiedge.lesson import find_project
from aiedge.paths import REPO
from aiedge.workshop.lessons.source import read_source
from tests.support.firmware import (
    BOARD,
    CXX,
    HERE,
    LESSON,
    LIBRARY,
    MODEL,
    PROJECTS,
    QEMU,
    VSCODE,
    car_main,
    cifar_main,
    compile_cpp,
    generated,
    main_cpp,
    need,
)

TABLE = ["0.00 xor 0.00 = 0", "0.00 xor 1.00 = 1", "1.00 xor 0.00 = 1", "1.00 xor 1.00 = 0"]
TODOS = range(len(read_source(LESSON, []).todos))
TOOLS = {"host": ["g++"], "cortex-m4": ["arm-none-eabi-g++", "qemu-system-arm"]}
PIO = [sys.executable, "-m", "platformio"]
PARTITIONS = BOARD / "partitions.csv"


def pio(
    *arguments: str, sources: Path, workspace: Path, vscode: Path = VSCODE
) -> subprocess.CompletedProcess[str]:
    """Run PlatformIO in the student's folder, with the sources elsewhere: the student's files stay as they are."""
    prepare_core()
    folders = {"PLATFORMIO_SRC_DIR": str(sources), "PLATFORMIO_WORKSPACE_DIR": str(workspace)}
    env = {**os.environ, **folders, "AIEDGE_PYTHON": sys.executable}
    return subprocess.run(
        [*PIO, *arguments], cwd=vscode, env=env, capture_output=True, text=True, timeout=300
    )


def rows(output: str) -> list[str]:
    return re.findall(r"^\S+ xor \S+ = \d", output, re.MULTILINE)


@pytest.mark.parametrize("environment", ["host", "cortex-m4"])
def test_exec_prints_the_truth_table(environment, pio_folder):
    need(*TOOLS[environment])
    sources = pio_folder / "main"
    sources.mkdir(exist_ok=True)
    shutil.copy(MODEL, sources)
    main_cpp(5, sources)
    done = pio("run", "-e", environment, "-t", "exec", sources=sources, workspace=pio_folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert rows(done.stdout) == TABLE, done.stdout
    assert "warning:" not in done.stdout + done.stderr


# Two stages show that the emulator stops as the host does.
STAGES = [("host", 0), ("host", 4), ("cortex-m4", 0), ("cortex-m4", 4)]
STAGES += [pytest.param("host", solved, marks=pytest.mark.slow) for solved in TODOS if solved not in (0, 4)]


@pytest.mark.parametrize(("environment", "solved"), STAGES)
def test_unfinished_firmware_stops_at_its_next_todo(environment, solved, build_xor, tmp_path):
    need(*TOOLS[environment])
    program = build_xor(main_cpp(solved, tmp_path), environment)
    command = [str(program)]
    if environment == "cortex-m4":
        command = [*QEMU, "enable=on,target=native", "-serial", "stdio", "-kernel", str(program)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert done.returncode == 3
    assert re.findall(r"^TODO (\d): .+ \(main.cpp line \d+\)$", done.stdout, re.MULTILINE) == [
        str(solved + 1)
    ]


@pytest.mark.parametrize("compiler", ["g++", "clang++", "arm-none-eabi-g++"])
def test_every_stage_of_the_lesson_compiles_without_a_warning(compiler, tmp_path):
    need(compiler)
    for solved in (*TODOS, len(TODOS)):
        flags = ["-Wno-unused-parameter", "-fsyntax-only"]
        compile_cpp(compiler, flags, [main_cpp(solved, tmp_path)], Path(os.devnull))


def test_a_build_that_does_not_compile_names_the_todo(pio_folder):
    need("g++")
    sources = pio_folder / "main"
    sources.mkdir(exist_ok=True)
    shutil.copy(MODEL, sources)
    path = main_cpp(5, sources)
    text = path.read_text()
    path.write_text(text.replace("return model.begin();", "return model.begin()"))
    done = pio("run", "-e", "host", "-t", "exec", sources=sources, workspace=pio_folder)
    path.write_text(text)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "error: expected" in said  # the compiler's own words, too
    assert re.search(r"✗ TODO 1, main\.cpp line \d+: line \d+ does not compile", said), said
    assert "a statement ends with a semicolon" in said


def test_a_build_without_the_copied_model_says_the_command(tmp_path):
    main_cpp(5, tmp_path)
    done = pio("run", "-e", "host", sources=tmp_path, workspace=tmp_path / "pio")
    assert done.returncode != 0
    assert (
        "error: main/xormodel.cpp is missing\nhint: cp notebook/xormodel.cpp vscode/main/xormodel.cpp"
        in done.stderr
    )


def test_an_editor_can_read_the_project_before_the_model_is_there(tmp_path):
    main_cpp(0, tmp_path)
    done = pio("run", "-e", "host", "-t", "idedata", sources=tmp_path, workspace=tmp_path / "pio")
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(LIBRARY) in done.stdout


def test_build_turns_failures_into_errors_with_hints(build_xor, tmp_path):
    need("g++")
    empty = tmp_path / "empty.cpp"
    empty.touch()
    broken = tmp_path / "broken.cpp"
    broken.write_text(main_cpp(5, tmp_path).read_text() + "\nint broken = unknown_name;\n")
    with pytest.raises(UserError, match="unknown_name"):
        build_xor(broken)
    with pytest.raises(UserError) as failure:
        build(VSCODE, main_cpp=tmp_path / "main.cpp", model_cpp=empty, build_dir=tmp_path / "pio")
    assert failure.value.hint


@pytest.mark.skipif(os.name != "posix", reason="a POSIX shell's characters")
@pytest.mark.parametrize("environment", ["host", "cortex-m4"])
def test_it_builds_in_any_folder_and_with_any_settings_of_ones_own(environment, tmp_path):
    need(*TOOLS[environment])
    kit = tmp_path / "O'Brien & co; #2 (1)"
    for folder in "common/aiedge", "common/boards", "common/firmware", "common/platforms", "xormodel":
        leave = shutil.ignore_patterns("__pycache__", ".pio", "build")
        shutil.copytree(REPO / folder, kit / folder, ignore=leave)
    program = (
        "import sys; from pathlib import Path; from aiedge.board.build import build; xor = Path('xormodel')\n"
        "print(build(xor / 'vscode', sys.argv[1], xor / 'solution/main.cpp', xor / 'solution/xormodel.cpp'))"
    )
    env = {
        **os.environ,
        "PYTHONPATH": str(kit / "common"),
        "HOME": os.devnull,  # where nothing can be written
        **{
            f"PLATFORMIO_{name}_DIR": str(tmp_path / name)
            for name in ("CORE", "PACKAGES", "PLATFORMS", "BUILD")
        },
    }
    done = subprocess.run(
        [sys.executable, "-c", program, environment],
        cwd=kit,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    built = Path(done.stdout.rstrip("\n"))
    assert kit in built.parents and built.is_file()


def test_build_leaves_the_students_files_alone(build_xor, tmp_path):
    need("g++")
    before = {path: path.read_bytes() for path in (VSCODE / "main").iterdir()}
    build_xor(main_cpp(5, tmp_path))
    assert {path: path.read_bytes() for path in (VSCODE / "main").iterdir()} == before


def test_missing_tensorflow_sources_are_an_error_with_a_hint(tmp_path, monkeypatch):
    shutil.copy(MODEL, tmp_path)
    main_cpp(5, tmp_path)
    for value, message in ("", "TFLM_DIR is not set"), (str(tmp_path), "lacks the folder"):
        monkeypatch.setenv("TFLM_DIR", value)
        done = pio("run", "-e", "host-tflm", sources=tmp_path, workspace=tmp_path / "pio")
        assert done.returncode != 0 and message in done.stderr and "hint: set TFLM_DIR" in done.stderr


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("driver", sorted(LIBRARY.glob("esp32/*.cpp")), ids=lambda path: path.name)
def test_esp32_drivers_compile_against_declarations_of_esp_idf(compiler, driver):
    for flags in [], ["-O2", "-DNDEBUG", "-DAIEDGE_CAMERA"]:
        compile_cpp(compiler, [*flags, "-fsyntax-only", f"-I{HERE / 'esp_idf'}"], [driver], Path(os.devnull))


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_a_sketch_that_may_use_a_camera_links_without_its_driver(compiler, cifar_model, tmp_path):
    """The board's class for a firmware without the camera, in place of this computer's; no header of the driver."""
    model_c = generated(cifar_model)
    sources = [*sorted({*LIBRARY.glob("*.cpp"), *LIBRARY.glob("host/*.cpp")} - {LIBRARY / "host/camera.cpp"})]
    sources += [LIBRARY / "esp32/camera.cpp", cifar_main(tmp_path)]
    (tmp_path / "images.cpp").write_text(
        '#include "host/camera.h"\n'
        "namespace aiedge {\n"
        "bool use_images(const char *) { return false; }\n"
        "bool took_images() { return true; }\n"
        "}  // namespace aiedge\n"
    )
    flags = [f"-I{model_c}", f"-I{REPO / 'common/aiedge/engine'}", "-DAIEDGE_RUNTIME_COMPILED"]
    model = tmp_path / "model.o"
    c_compiler = {"g++": "gcc", "clang++": "clang"}[compiler]
    command = [c_compiler, *flags, "-c", model_c / f"{cifar_model.stem}.c", "-o", model]
    subprocess.run(command, check=True)
    text = sources[-1].read_text()
    for camera in "false", "true":
        sources[-1].write_text(text.replace("kUseCamera = false", f"kUseCamera = {camera}"))
        program = compile_cpp(
            compiler, flags, [*sources, tmp_path / "images.cpp", model], tmp_path / "program"
        )
        done = subprocess.run([program], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert ("32 x 32: this firmware has no camera\nhint: " in done.stdout) == (camera == "true")


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_the_library_is_newer_cpp_too(compiler):
    """ESP-IDF's compiler takes a newer C++ than this computer's by default."""
    need(compiler)
    folders = [generated(), HERE / "esp_idf", REPO / "common/aiedge/engine"]
    sources = [path for folder in ("", "host", "esp32") for path in (LIBRARY / folder).glob("*.cpp")]
    for runtime in "TFLM", "COMPILED":
        flags = [f"-DAIEDGE_RUNTIME_{runtime}", "-DAIEDGE_CAMERA", *(f"-I{folder}" for folder in folders)]
        command = [compiler, *CXX, "-std=c++20", *flags, "-fsyntax-only", *sources]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("runtime", ["TFLM", "COMPILED"])
def test_the_runtimes_compile_for_the_board(compiler, runtime):
    source = {"TFLM": "TflmModel.cpp", "COMPILED": "CompiledModel.cpp"}[runtime]
    includes = [f"-I{generated()}", f"-I{HERE / 'esp_idf'}", f"-I{REPO / 'common/aiedge/engine'}"]
    for flags in [], ["-DAIEDGE_BUFFERS_IN_PSRAM", '-DAIEDGE_PROJECT="another"']:
        flags = [*flags, "-fsyntax-only", f"-DAIEDGE_RUNTIME_{runtime}", *includes]
        compile_cpp(compiler, flags, [LIBRARY / source], Path(os.devnull))


def test_the_library_needs_no_cpp_library_on_the_cortex_m4(tmp_path):
    need("arm-none-eabi-g++")
    flags = ["-mcpu=cortex-m4", "-mthumb", "-nostdinc++", "-fno-exceptions", "-fno-rtti", "-fsyntax-only"]
    for source in (*LIBRARY.glob("*.cpp"), *LIBRARY.glob("cortex_m4/*.cpp")):
        done = subprocess.run(["arm-none-eabi-g++", *CXX, *flags, source], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


OF_ALL = {"host", "cortex-m4", "browser", "esp-eye", "esp-eye-compiled", "esp-eye-iram", "host-tflm"}
OF_CARS = {f"{core}-{level}" for core in ("host", "cortex-m4") for level in ("Og", "Os", "O3", "float")}
OF_CARS |= {"esp-eye-float", "host-camera", "esp-eye-camera", "esp-eye-fast", "esp-eye-compiled-fast"}
OF_CIFAR = {f"{core}-{what}" for core in ("host", "esp-eye") for what in ("tiny", "bin", "camera")}
OF_CIFAR |= {"cortex-m4-tiny", "host-float"}
BY_ROWS = {f"{core}-stream" for core in ("host", "cortex-m4", "esp-eye")}
BY_ROWS |= {"host-stream-camera", "esp-eye-stream-camera"}
ENVIRONMENTS = {"carclassifier.ini": OF_CARS, "cifar_cnn.ini": OF_CIFAR, "stream.ini": BY_ROWS}
ENVIRONMENTS["espdl.ini"] = {"esp-eye-espdl"}


@cache
def settings(project: str) -> dict[str, dict]:
    """PlatformIO's own reading of a project's settings, by section."""
    show = subprocess.run(
        [*PIO, "project", "config", "-d", REPO / project / "vscode", "--json-output"], capture_output=True
    )
    assert show.returncode == 0, show.stderr
    return {name: dict(options) for name, options in json.loads(show.stdout)}


def on_esp_idf(options: dict) -> bool:
    return "espidf" in options.get("framework", [])


@pytest.mark.parametrize("project", PROJECTS)
def test_platformio_finds_nothing_wrong_with_its_settings(project):
    lint = subprocess.run(
        [*PIO, "project", "config", "-d", REPO / project / "vscode", "--lint", "--json-output"],
        capture_output=True,
        text=True,
    )
    found = ast.literal_eval(lint.stdout)  # PlatformIO prints Python here, not JSON
    assert found["errors"] == [] and found["warnings"] == [], found
    sections = settings(project)
    environments = {name.removeprefix("env:"): o for name, o in sections.items() if name.startswith("env:")}
    lesson = find_project(project).lesson
    assert environments.keys() == OF_ALL.union(*(ENVIRONMENTS[file] for file in lesson.firmware.environments))
    assert sections["platformio"]["default_envs"] == ["host"]
    for name, options in environments.items():
        other = lesson.others[0] if "-tiny" in name else f"{lesson.name}{'_float' * ('-float' in name)}"
        assert options["custom_model"] == other
        assert (options.get("custom_weights", "linked") == "loaded") == name.endswith("-bin")
        assert (options.get("custom_stream", "no") == "yes") == ("-stream" in name)
        assert options["custom_project"] == project
        flags = " ".join(options["build_flags"])
        # The page in the browser has a camera, and shows the layers' times.
        assert ("AIEDGE_CAMERA" in flags) == (name.endswith("-camera") or name == "browser")
        timed = "cifar_cnn.ini" in lesson.firmware.environments or name == "browser"
        assert ("AIEDGE_PROFILE" in flags) == timed
        # On the board the optimization is ESP-IDF's business; elsewhere the name says it.
        level = re.findall(r"-O\w", flags)
        match = re.search(r"-(O\w)$", name)
        assert level == ([] if on_esp_idf(options) else [f"-{match[1]}" if match else "-O2"]), name


@pytest.mark.parametrize("project", PROJECTS)
def test_the_boards_settings_are_files_that_are_there(project):
    wanted = {"CPU_FREQ_MHZ_240", "COMPILER_OPTIMIZATION_PERF", "BOOTLOADER_COMPILER_OPTIMIZATION_PERF"}
    wanted |= {"COMPILER_OPTIMIZATION_ASSERTIONS_DISABLE"}
    for name, options in settings(project).items():
        if not on_esp_idf(options):
            continue
        arguments = options["board_build.cmake_extra_args"].strip()
        listed = re.fullmatch(r'-DSDKCONFIG_DEFAULTS="(\S+)"( -DEXTRA_COMPONENT_DIRS=\S+)?', arguments)[1]
        files = [(REPO / project / "vscode" / file).resolve() for file in listed.split(";")]
        assert files[0] == BOARD / "sdkconfig.defaults" and all(file.is_file() for file in files)
        text = "\n".join(file.read_text() for file in files)
        assert all(re.fullmatch(r"CONFIG_\w+=\S+|#.*|", line) for line in text.splitlines())
        flags = " ".join(options.get("build_flags", []))
        needs_psram = "AIEDGE_CAMERA" in flags or "AIEDGE_BUFFERS_IN_PSRAM" in flags
        if name.startswith("env:"):
            assert ("CONFIG_SPIRAM=y" in text) == (BOARD / "psram.sdkconfig" in files) == needs_psram, name
        fast = find_project(project).lesson.firmware.settings == "all" or name.endswith("-fast")
        assert all((setting in text) == fast for setting in wanted), name
        assert (REPO / project / "vscode" / options["board_build.partitions"]).resolve() == PARTITIONS


@pytest.mark.parametrize(
    "file", sorted({*BOARD.glob("*.sdkconfig")} - {BOARD / "psram.sdkconfig"}), ids=lambda path: path.stem
)
def test_each_setting_for_speed_stands_alone_and_says_where_menuconfig_has_it(file):
    lines = file.read_text().splitlines()
    assert len([line for line in lines if line.startswith("CONFIG_")]) == 1
    assert any(re.match(r"# menuconfig: .+, .+: .+", line) for line in lines)


@pytest.mark.parametrize("file", sorted((REPO / "common/boards").glob("*.json")), ids=lambda path: path.stem)
def test_platformio_accepts_the_boards(file):
    from platformio.platform.board import PlatformBoardConfig

    config = PlatformBoardConfig(str(file))
    assert config.id == file.stem
    brief = config.get_brief_data()
    assert brief["name"] and brief["vendor"] and brief["rom"] > 0


@pytest.mark.parametrize("project", PROJECTS)
def test_espressifs_component_manager_accepts_the_manifest(project):
    pytest.importorskip("idf_component_manager.core", reason="needs: pip install idf-component-manager")
    from idf_component_tools.manager import ManifestManager

    manifest = ManifestManager(str(REPO / project / "vscode/main/idf_component.yml"), "main")
    assert not manifest.validate().validation_errors
    camera = ["espressif/esp32-camera"] if find_project(project).lesson.firmware.camera else []
    names = [dependency.name for dependency in manifest.load().requirements]
    assert sorted(names) == ["espressif/esp-tflite-micro", *camera, "idf"]


def test_partitions_fit_the_flash():
    lines = [line for line in PARTITIONS.read_text().splitlines() if line and not line.startswith("#")]
    end = 0x9000  # the boot loader and this table lie below
    for row in csv.reader(lines):
        name, kind, _, offset, size = (field.strip() for field in row)
        assert int(offset, 0) >= end, f"{name} overlaps what is before it"
        assert int(offset, 0) % (0x10000 if kind == "app" else 0x1000) == 0
        end = int(offset, 0) + int(size, 0)
    upload = json.loads((REPO / "common/boards/esp-eye.json").read_text())["upload"]
    assert end <= 4 * 1024 * 1024 and upload["flash_size"] == "4MB"
    partitions = {row[0].strip(): [field.strip() for field in row[1:]] for row in csv.reader(lines)}
    assert int(partitions["factory"][3], 0) == upload["maximum_size"] == board("esp-eye").flash
    kind, _, offset, size = partitions["weights"]  # mapped in pages of 64 KB
    assert kind == "data" and int(offset, 0) % 0x10000 == int(size, 0) % 0x10000 == 0 < int(size, 0)
    text = (BOARD / "sdkconfig.defaults").read_text()
    assert "CONFIG_ESPTOOLPY_FLASHSIZE_4MB=y" in text
    named = re.search(r'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME="(.+)"', text)[1]
    assert (VSCODE / named).resolve() == PARTITIONS


@pytest.mark.parametrize(
    "compiler", ["g++", pytest.param("clang++", marks=pytest.mark.slow), "arm-none-eabi-g++"]
)
@pytest.mark.parametrize("level", ["easy", "hard"])
def test_every_stage_of_the_car_lesson_compiles_without_a_warning(compiler, level, tmp_path):
    need(compiler)
    for solved in range(7):
        # With the camera and without assertions, the finished one.
        for flags in [[], ["-DAIEDGE_CAMERA", "-DNDEBUG"]][: 1 + solved // 6]:
            flags = [*flags, "-Wno-unused-parameter", "-fsyntax-only"]
            compile_cpp(compiler, flags, [car_main(tmp_path, solved, level)], Path(os.devnull))


SLOW_ENVIRONMENTS = [pytest.param(name, marks=pytest.mark.slow) for name in ("host-float", "cortex-m4-Os")]


@pytest.mark.parametrize("environment", ["cortex-m4-float", *SLOW_ENVIRONMENTS])
def test_the_car_firmware_builds_and_says_its_project(environment, tmp_path, car_models):
    core = "cortex-m4" if environment.startswith("cortex-m4") else "host"
    need(*TOOLS[core])
    sources = tmp_path / "main"
    shutil.copytree(car_models, sources)
    car_main(sources)
    command, vscode = ("run", "-e", environment, "-t", "exec"), REPO / "carclassifier_hard/vscode"
    done = pio(*command, sources=sources, workspace=tmp_path, vscode=vscode)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(
        r"^carclassifier_hard, compiled, with \d+ bytes of arena, on ", done.stdout, re.MULTILINE
    )
    assert re.search(r"^(no )?car   (LED on   )?result 0\.\d{4} \(\d+ us\)$", done.stdout, re.MULTILINE)
    assert "warning:" not in done.stdout + done.stderr
