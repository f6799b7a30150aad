"""Building the firmware with PlatformIO, with no registry.

`python -m aiedge.board.build` prepares PlatformIO's core directory; the set-up runs it once. `build` compiles a project
for one environment of its `platformio.ini` and returns the program.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from aiedge.errors import UserError, exit_cleanly
from aiedge.paths import REPO, check_builds

CORE_DIR = REPO / ".platformio"
TAIL_LINES = 25

# PlatformIO starts its copy of SCons by this file.
SCONS_SCRIPT = '''"""Starts SCons from the folder beside this file."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

if __name__ == "__main__":
    import SCons.Script

    SCons.Script.main()
'''


def prepare_core(core_dir: Path = CORE_DIR) -> Path:
    """Make the packages that PlatformIO would download for `host` and `cortex-m4`, and return its core directory.

    `tool-scons` is a copy of the installed `scons` package, `tool-cppcheck` a link to the system's cppcheck where
    there is one. What is there already in the right version stays. Raises `UserError` where PlatformIO or SCons is not
    installed.
    """
    if find_spec("platformio") is None or find_spec("SCons") is None:
        raise UserError("PlatformIO and SCons are not installed", "./start-notebook.sh --setup")
    from platformio.dependencies import get_core_dependencies

    needed = {name: version.lstrip("~^=> ") for name, version in get_core_dependencies().items()}
    _make_package(core_dir, "tool-scons", needed["tool-scons"], _copy_scons)
    cppcheck = shutil.which("cppcheck")
    if cppcheck and os.name != "nt":  # on Windows a link needs rights that a student may lack

        def link(folder: Path) -> None:
            (folder / Path(cppcheck).name).symlink_to(cppcheck)

        _make_package(core_dir, "tool-cppcheck", needed["tool-cppcheck"], link)
    return core_dir


def build(
    project_folder: Path,
    environment: str = "host",
    main_cpp: Path | None = None,
    model_cpp: Path | None = None,
    build_dir: Path | None = None,
) -> Path:
    """Build the PlatformIO project in `project_folder` and return the path of the program.

    With `main_cpp` or `model_cpp` those files take the place of the student's (the model's by its file name), which
    stay untouched: the build then happens in `build_dir`, by default `build/firmware` beside the project. Raises
    `UserError` with the end of the compiler's output where the build fails.
    """
    check_builds()
    project = Path(project_folder).resolve()
    workspace = Path(build_dir).resolve() if build_dir else project / ".pio"
    overrides = {}
    if main_cpp or model_cpp:
        workspace = Path(build_dir or project.parent / "build/firmware").resolve()
        overrides["PLATFORMIO_SRC_DIR"] = str(_lay_out(project, workspace / "main", main_cpp, model_cpp))
    overrides["PLATFORMIO_WORKSPACE_DIR"] = str(workspace)
    # Its state goes where its packages are: the home folder may be read-only. The settings of that are not asked for.
    overrides["PLATFORMIO_CORE_DIR"] = str(CORE_DIR)
    overrides["PLATFORMIO_SETTING_ENABLE_TELEMETRY"] = "no"

    prepare_core()
    # A person's own folders for PlatformIO lack what is prepared here, which a registry would then be asked for.
    others = {
        name: value
        for name, value in os.environ.items()
        if not (name.startswith("PLATFORMIO_") and name.endswith("_DIR"))
    }
    # -P: no module is taken from the folder that the person is in.
    command = [sys.executable, "-P", "-m", "platformio", "run", "-d", str(project), "-e", environment]
    done = subprocess.run(
        command,
        env={**others, **overrides, "AIEDGE_PYTHON": sys.executable, "AIEDGE_SUMMARY": "no"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode != 0:
        raise _failure(environment, done.stdout)
    of_this_computer = "program.exe" if os.name == "nt" else "program"
    programs = {"host": of_this_computer, "browser": "firmware.wasm"}
    program = programs.get(environment.partition("-")[0], "firmware.elf")
    return workspace / "build" / environment / program


def _lay_out(project: Path, folder: Path, main_cpp: Path | None, model_cpp: Path | None) -> Path:
    """Fill `folder` with the project's sources, two of them exchanged, and return it."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(project / "main", folder)
    if main_cpp:
        shutil.copyfile(main_cpp, folder / "main.cpp")
    if model_cpp:
        shutil.copyfile(model_cpp, folder / model_cpp.name)
    return folder


def _failure(environment: str, output: str) -> UserError:
    """Turn PlatformIO's output into an error: the kit's own message in it, or its last lines.

    >>> print(_failure("host", "Processing\\nerror: main/m.cpp is missing\\nhint: copy it\\n=== FAILED"))
    error: main/m.cpp is missing
    hint: copy it
    """
    if own := re.search(r"^error: (.+)\nhint: (.+)$", output, re.MULTILINE):
        return UserError(own[1], own[2])
    tail = "\n".join(output.rstrip().splitlines()[-TAIL_LINES:])
    hint = "correct the first error in main.cpp"
    if "Traceback (most recent call last)" in output:
        hint = "PlatformIO failed, not main.cpp: the last line says why; ./start-notebook.sh --setup installs it anew"
    return UserError(f"the firmware does not build for {environment}\n{tail}", hint)


def _make_package(core_dir: Path, name: str, version: str, fill: Callable[[Path], None]) -> None:
    """Write a package as PlatformIO's own installer leaves it, through a temporary folder."""
    folder = core_dir / "packages" / name
    manifest = folder / ".piopm"
    if manifest.is_file() and json.loads(manifest.read_text())["version"] == version:
        return
    partial = folder.with_name(f".{name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    fill(partial)
    package = {"name": name, "version": version, "description": "From this computer", "system": "*"}
    (partial / "package.json").write_text(json.dumps(package))
    spec = {"owner": "platformio", "id": None, "name": name, "requirements": None, "uri": None}
    (partial / ".piopm").write_text(
        json.dumps({"type": "tool", "name": name, "version": version, "spec": spec})
    )
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def _copy_scons(folder: Path) -> None:
    spec = find_spec("SCons")
    assert spec is not None and spec.origin is not None
    shutil.copytree(Path(spec.origin).parent, folder / "SCons", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "scons.py").write_text(SCONS_SCRIPT)


def main() -> int:
    prepare_core()
    return 0


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
