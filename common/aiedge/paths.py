"""Where the kit's folders are, and which commit they are of."""

import os
import shutil
import subprocess
from pathlib import Path

from aiedge.errors import UserError

COMMON = Path(__file__).resolve().parent.parent
REPO = COMMON.parent
WEIGHTS = COMMON / "weights"  # what `aiedge.train.models.pretrained` loads
BUNDLE = REPO / "bundle"  # what a copy of the kit for a room without a network brings along


def shown(path: Path) -> str:
    """`path` as messages show it: relative to the current folder where it lies below it."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def commit() -> str:
    """Commit of the checkout, and whether files were changed since."""
    git = shutil.which("git")
    if git is None or not (REPO / ".git").exists():
        return "not a git checkout"
    command = [git, "-C", str(REPO), "describe", "--always", "--dirty=, with changes", "--exclude=*"]
    described = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return f"commit {described or 'unknown'}"


def check_builds(folder: Path = REPO) -> None:
    """Raise `UserError` where a folder's path holds what PlatformIO and SCons take for a variable or the end of a word.

    Other characters that a shell has a use for, such as those of "kit (1)", are quoted in each build.

    >>> check_builds(Path("kit (1)"))
    """
    refused = '$"`\n' + ("\\" if os.name == "posix" else "")
    found = [character for character in refused if character in str(folder)]
    if found:
        which = " ".join(found).strip() or "a line break"
        raise UserError(
            f"no firmware can be built in a folder with {which} in its path: {folder}",
            "rename it, and set the kit up there: ./start-notebook.sh --setup",
        )


def in_checkout() -> bool:
    """Whether this package lies in the kit's folder, with the lessons and the firmware, or was installed alone."""
    return (REPO / "start-notebook.sh").exists()
