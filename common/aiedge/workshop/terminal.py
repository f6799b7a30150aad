"""JupyterLab's terminals: in the project's folder, with the kit's `python`, `pio` and `aiedge` first on the PATH.

A shell reads its person's settings when it starts, and pyenv, conda and the like put themselves first on the PATH
there. So each shell gets a last word of the kit's. Needs the standard library alone.
"""

import os
import shutil
from pathlib import Path

from aiedge.paths import COMMON

SETTINGS = COMMON / "terminal"
FISH = "fish_add_path --path --move --prepend $AIEDGE_BIN; cd $AIEDGE_PROJECT"
POWERSHELL = "$env:PATH = $env:AIEDGE_BIN + ';' + $env:PATH; Set-Location $env:AIEDGE_PROJECT"


def variables(folder: Path, bin_folder: Path) -> dict[str, str]:
    """Environment variables of a terminal for the project in `folder`; `bin_folder` has the kit's programs."""
    return {"AIEDGE_PROJECT": str(folder), "AIEDGE_BIN": str(bin_folder)}


def shell_command() -> list[str]:
    """The command that starts the person's shell; [] for a shell that gets no last word, where there is no bash.

    >>> "bashrc" in " ".join(shell_command()) or os.environ.get("SHELL", "bash")[-4:] != "bash"
    True
    """
    if os.name == "nt":
        return ["powershell.exe", "-NoExit", "-Command", POWERSHELL]
    shell = os.environ.get("SHELL", "")
    known = {
        "zsh": ["env", f"ZDOTDIR={SETTINGS}", shell, "-i"],
        "fish": [shell, "-i", "-C", FISH],
    }
    if found := known.get(Path(shell).name):
        return found
    bash = shell if Path(shell).name == "bash" else shutil.which("bash")
    return [bash, "--rcfile", str(SETTINGS / "bashrc"), "-i"] if bash else []
