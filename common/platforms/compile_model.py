"""Turns main/<model>.cpp into what the firmware library includes, before every build.

Runs `python -m aiedge compile main/<model>.cpp -o $BUILD_DIR/model --firmware` with a Python that has the kit's
package: the one in AIEDGE_PYTHON, that of the kit's .venv, or the one that runs PlatformIO. For a board with an ESP32
the network gets the kernels of its core, and the build their assembly. The model is the project's
option custom_model; custom_project, by default the same, is what the board calls itself. With custom_weights = loaded
the weights are no part of the program but $BUILD_DIR/model/<model>.bin, which an upload writes too; with
custom_stream = yes the compiled network runs row by row. For memory_summary.py, AIEDGE_MEMORY becomes the command that
says what fits the board custom_board, by default the ESP-EYE; for `-t exec` on this computer, AIEDGE_WATCH becomes the
command that runs the program and says which TODO of main.cpp is next, and AIEDGE_SHOW for the browser the one that
serves the page. With custom_espdl, a folder that `aiedge espdl -o` wrote, the model is the .espdl in it. After the
errors of a main.cpp that does not compile it names the TODO in which they lie.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

Import("env")  # noqa: F821  (SCons hands it to this script)

project = Path(env.subst("$PROJECT_DIR")).resolve()  # noqa: F821
kit = project.parents[1]
name = env.GetProjectOption("custom_model")  # noqa: F821


def stop(message: str, hint: str) -> None:
    """End the build as every command of the kit ends after a mistake."""
    sys.stderr.write(f"error: {message}\nhint: {hint}\n")
    env.Exit(2)  # noqa: F821


def imports_aiedge(python: str | Path) -> bool:
    """Tell whether a Python exists and has the kit's package."""
    try:
        return subprocess.run([python, "-P", "-c", "import aiedge"], capture_output=True).returncode == 0
    except OSError:
        return False


def find_python() -> str | Path:
    """Return the Python that runs `aiedge`, or stop the build."""
    venv = kit / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    for python in os.environ.get("AIEDGE_PYTHON"), venv, sys.executable:
        if python and imports_aiedge(python):
            return python
    stop("the kit is not set up", f"./start-notebook.sh {project.parent.name}")


def weights_offset() -> str:
    """Return where in the flash the partition "weights" begins by the project's table, or stop the build."""
    table = project / env.GetProjectOption("board_build.partitions")  # noqa: F821
    for line in table.read_text().splitlines():
        row = [field.strip() for field in line.split(",")]
        if row[0] == "weights" and len(row) > 3 and row[3]:
            return row[3]
    stop(
        f'{table} gives no offset of a partition "weights"',
        "common/boards/esp-eye/partitions.csv has such a line",
    )


def run_or_stop(command: list[str | Path]) -> None:
    """Run a command of the kit; end the build where it fails, which it has explained."""
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0:
        env.Exit(2)  # noqa: F821


def add_model() -> None:
    """Write the generated files and add them to the build."""
    # -P: no module is taken from the student's folder, such as a socket.py.
    python = [find_python(), "-P", "-m"]
    generated = Path(env.subst("$BUILD_DIR")) / "model"  # noqa: F821
    project_name = env.GetProjectOption("custom_project", name)  # noqa: F821
    if espdl := env.GetProjectOption("custom_espdl", ""):  # noqa: F821
        chip = env.BoardConfig().get("build.mcu")  # noqa: F821
        run_or_stop([*python, "aiedge.espdl.firmware", project / espdl, generated, chip])
        env.Append(CPPPATH=[str(generated)])  # noqa: F821
        env.BuildSources(os.path.join("$BUILD_DIR", "model_objects"), str(generated))  # noqa: F821
    else:
        model = compile_model([*python, "aiedge"], generated)
        show = [*python, "aiedge.benchmark.browser", project_name, model]
        env["AIEDGE_SHOW"] = " ".join(f'"{word}"' for word in show)  # noqa: F821
    env.Append(CPPDEFINES=[("AIEDGE_PROJECT", env.StringifyMacro(project_name))])  # noqa: F821
    main_cpp = Path(env.subst("$PROJECT_SRC_DIR")) / "main.cpp"  # noqa: F821
    watch = [*python, "aiedge.benchmark.watch"]
    env["AIEDGE_WATCH"] = " ".join(f'"{word}"' for word in [*watch, project_name, main_cpp])  # noqa: F821
    explain_errors([*watch, "--errors", project_name, main_cpp])


def compile_model(aiedge: list[str | Path], generated: Path) -> Path:
    """Have `aiedge compile` write the C of the model in main/, and add it to the build; return the model's path."""
    model = Path(env.subst("$PROJECT_SRC_DIR")) / f"{name}.cpp"  # noqa: F821
    if not model.is_file():
        stop(
            f"main/{name}.cpp is missing",
            f"cp notebook/{name}.cpp vscode/main/{name}.cpp   (in the folder {project.parent.name})",
        )
    command = [*aiedge, "compile", model, "-o", generated, "--firmware"]
    board = env.GetProjectOption("custom_board", "esp-eye")  # noqa: F821
    on_esp32 = env["PIOPLATFORM"] == "espressif32"  # noqa: F821
    # Assembly lacks what ESP-IDF's compiler does about a fault of the ESP32's PSRAM: no kernel reads from there.
    in_psram = "AIEDGE_BUFFERS_IN_PSRAM" in env.subst("$BUILD_FLAGS")  # noqa: F821
    target = ["--board", board, *(["--target", "any"] if in_psram else [])]
    if on_esp32:
        command += target
    if env.GetProjectOption("custom_weights", "linked") == "loaded":  # noqa: F821
        weights = generated / f"{name}.bin"
        command += ["--weights", weights]
        if on_esp32:
            env.Append(FLASH_EXTRA_IMAGES=[(weights_offset(), str(weights))])  # noqa: F821
    by_rows = env.GetProjectOption("custom_stream", "no") == "yes"  # noqa: F821
    if by_rows:
        command.append("--stream")
    run_or_stop(command)

    engine = str(kit / "common/aiedge/engine")
    env.Append(CPPPATH=[str(generated), engine])  # noqa: F821
    compiled = "AIEDGE_RUNTIME_COMPILED" in env.subst("$BUILD_FLAGS")  # noqa: F821
    if compiled:
        env.BuildSources(os.path.join("$BUILD_DIR", "model_objects"), str(generated))  # noqa: F821
    if compiled and on_esp32:
        env.BuildSources(os.path.join("$BUILD_DIR", "engine_objects"), engine, "+<*.S>")  # noqa: F821
    step = ("streamed" if by_rows else "fused") if compiled else "TFLM"
    env["AIEDGE_MEMORY"] = [*aiedge, "memory", model, *target, "--build", step]  # noqa: F821
    env["AIEDGE_MEMORY"] += of_the_firmware()  # noqa: F821
    return model


def explain_errors(explain: list[str | Path]) -> None:
    """Let `explain` read what the compiler says of a main.cpp that does not compile, after the compiler has said it."""
    spawn = env["SPAWN"]  # noqa: F821

    def run(shell: str, escape: object, command: str, words: list[str], variables: dict[str, str]) -> int:
        status = spawn(shell, escape, command, words, variables)
        if status and any(word.strip('"').endswith("main.cpp") for word in words):
            again = subprocess.run(
                " ".join(words),
                shell=True,
                env=variables,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
            )
            subprocess.run(explain, input=again.stderr, encoding="utf-8")
        return status

    env["SPAWN"] = run  # noqa: F821


def of_the_firmware() -> list[str]:
    """Return what the firmware needs beside its network: the camera's driver, TensorFlow Lite Micro's whole arena."""
    manifest = project / "main/idf_component.yml"
    options = ["--camera"] if manifest.is_file() and "esp32-camera" in manifest.read_text() else []
    arena = re.search(r"-D *AIEDGE_TFLM_ARENA_BYTES=(\d+)", env.subst("$BUILD_FLAGS"))  # noqa: F821
    return [*options, "--reserved", arena[1]] if arena else options


def quote_path(args: list[str]) -> list[str]:
    """Escape what a shell would take for its own in the kit's path, such as "kit(1)"; SCons quotes spaces only."""
    escaped = re.sub(r"[^\w/.-]", r"\\\g<0>", str(kit))
    return [arg if arg.startswith('"') else arg.replace(str(kit), escaped) for arg in args]


if os.name == "posix":
    spawn = env["SPAWN"]  # noqa: F821
    env["SPAWN"] = lambda sh, escape, cmd, args, environment: spawn(  # noqa: F821
        sh, escape, cmd, quote_path(args), environment
    )

# An editor that reads the project's settings, and `-t clean`, need no model.
if not env.IsIntegrationDump() and not env.IsCleanTarget():  # noqa: F821
    add_model()
