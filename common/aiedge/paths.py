"""Where the kit's folders are, and which commit they are of."""

import shutil
import subprocess
from pathlib import Path

COMMON = Path(__file__).resolve().parent.parent
REPO = COMMON.parent
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


def in_checkout() -> bool:
    """Whether this package lies in the kit's folder, with the lessons and the firmware, or was installed alone."""
    return (REPO / "start-notebook.sh").exists()
