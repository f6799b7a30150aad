"""`./start-notebook.sh --bundle FOLDER`: the kit in a folder that sets itself up in a room without a network.

The folder is a copy of the kit with a folder `bundle/` in it: wheels for this system and this version of Python, and
the photographs. A set-up in the copy finds both there. PlatformIO's packages for the board come along where they are
on this computer, or where the network gives them. Making it on another system adds that system's wheels. All but
`pictures` needs the standard library alone.

    python -m aiedge.workshop.bundle FILE     write CIFAR-10's photographs to FILE
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from aiedge.errors import UserError, exit_cleanly
from aiedge.files import write_atomic
from aiedge.logbook import way
from aiedge.paths import BUNDLE, REPO
from aiedge.workshop import environment
from aiedge.workshop.environment import say

START = "START-HERE.txt"
# Made in a copy by use; nothing of it belongs into another.
MADE = (
    ".git",
    ".venv",
    ".platformio",
    ".pio",
    "build",
    "bundle",
    "results",
    "__pycache__",
    ".ipynb_checkpoints",
)
# The set-up makes these itself, one of them as a link.
OWN_PACKAGES = ("tool-scons", "tool-cppcheck")


def make(folder: Path) -> None:
    """Fill `folder`, or renew it; raises `UserError` for a folder that holds something else."""
    folder = folder.expanduser().resolve()
    if folder.exists() and any(folder.iterdir()) and not (folder / START).exists():
        raise UserError(f"{folder} holds other files", "name a new folder")
    if folder.is_relative_to(REPO):
        raise UserError(f"{folder} lies in the kit itself", "name a folder elsewhere, such as a stick's")
    environment.prepare()
    write_atomic(folder / START, _words())
    say(f"[1/4] Copying the kit to {folder}")
    for name in _files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPO / name, target)
    say("[2/4] Wheels")
    environment.fill_wheelhouse(environment.bundled_wheels(folder / BUNDLE.name))
    say("[3/4] Photographs")
    pictures = folder / BUNDLE.name / "pictures" / "cifar10.npz"
    pictures.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([environment.PYTHON, "-P", "-m", "aiedge.workshop.bundle", pictures], check=False)
    if done.returncode != 0:
        say("No photographs: the notebooks will draw their pictures.")
    say("[4/4] PlatformIO's packages for the board")
    say(_board_tools(folder))
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    say(f"{folder}: {size:,.0f} MB. {START} in it says what to do with it.")


def _words() -> str:
    return (
        "Copy this whole folder to your own disk, open a terminal in the copy (on Windows: Git Bash), and type\n\n"
        f"    ./start-notebook.sh {way()[0].name}\n\n"
        "It sets itself up from the folder bundle/, with no network.\n"
    )


def _files() -> Iterator[str]:
    """Relative names of the kit's own files: what git knows, or without it all that no use has made."""
    if (REPO / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(
            ["git", "-C", str(REPO), "ls-files", "-z"], capture_output=True, text=True, check=False
        )
        yield from (name for name in listed.stdout.split("\0") if name and (REPO / name).is_file())
        return
    for place, folders, files in os.walk(REPO):
        folders[:] = [name for name in folders if name not in MADE]
        yield from (str((Path(place) / name).relative_to(REPO)) for name in files)


def _board_tools(folder: Path) -> str:
    """Copy what PlatformIO has downloaded for the board; returns what there is to say."""
    core = REPO / ".platformio"
    if not (core / "platforms" / "espressif32").exists():
        _download_board_tools()
    if not (core / "platforms" / "espressif32").exists():
        return "Not there, and the network does not give them: firmware runs on the laptops, not on boards."
    for part in ("platforms", "packages"):
        shutil.copytree(
            core / part,
            folder / ".platformio" / part,
            ignore=shutil.ignore_patterns(*OWN_PACKAGES),
            symlinks=True,
            dirs_exist_ok=True,
        )
    for components in REPO.glob("*/vscode/managed_components"):
        shutil.copytree(components, folder / components.relative_to(REPO), dirs_exist_ok=True)
    return (
        "Copied. Build once for the board in a copy before the day: ESP-IDF asks for more on its first build."
    )


def _download_board_tools() -> None:
    """Let PlatformIO fetch the packages of the first project's board; without a network nothing happens."""
    project = way()[0].folder / "vscode"
    variables = {
        "PLATFORMIO_CORE_DIR": str(REPO / ".platformio"),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
    }
    command: list[str | Path] = [
        environment.PYTHON,
        "-P",
        "-m",
        "platformio",
        "pkg",
        "install",
        "-d",
        project,
        "-e",
        "esp-eye",
    ]
    subprocess.run(command, env=os.environ | variables, stdin=subprocess.DEVNULL, check=False)


def pictures(file: Path) -> None:
    """Write CIFAR-10's photographs to a file; raises `UserError` where they cannot be had."""
    from aiedge.train.datasets import archives
    from aiedge.train.datasets.download import NoNetworkError

    try:
        source = archives.find(archives.CIFAR10)
    except NoNetworkError as error:
        raise UserError(str(error), "AIEDGE_DATA=FOLDER names a folder with cifar10.npz") from error
    if not file.exists() or file.stat().st_size != source.stat().st_size:
        shutil.copyfile(source, file)


def main() -> int:
    pictures(Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
