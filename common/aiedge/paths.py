"""Where the kit's folders are, and which commit they are of."""

import shutil
import subprocess
from pathlib import Path

from aiedge.errors import UserError

COMMON = Path(__file__).resolve().parent.parent
REPO = COMMON.parent


def projects() -> list[str]:
    """Names of the project folders that hold a notebook, in alphabetical order."""
    return sorted(path.parent.parent.name for path in REPO.glob("*/notebook/*.ipynb"))


def project_dir(name: str) -> Path:
    """Folder of the project `name`; raises `UserError` for a name that is none."""
    if name not in projects():
        raise UserError(f"there is no project named {name!r}", f"the projects are: {', '.join(projects())}")
    return REPO / name


def lesson_of(project: str) -> str:
    """Name of the lesson that `project` is, or is a level of; its model file is named so.

    >>> lesson_of("xormodel")
    'xormodel'
    """
    lessons = [path.parent.name for path in (COMMON / "lessons").glob("*/lesson.toml")]
    found = [name for name in lessons if project == name or project.startswith(f"{name}_")]
    return max(found, key=len, default=project)


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
