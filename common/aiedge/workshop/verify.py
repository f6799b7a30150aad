"""Whether the installed packages are those of the lock file: their versions, and every file as it was installed.

The set-up compares each wheel with the lock's SHA-256 before it installs it. What a wheel brought is listed in its
`RECORD`, with a SHA-256 for each file: so a file that was changed since is found too.

What ESP-IDF's component manager fetched for the board stands in a project's `dependencies.lock`, which it writes: each
component with the SHA-256 of its files. A component that is in the project has that number in `.component_hash`.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.markers import Marker

from aiedge.progress import tqdm

LINE = re.compile(r"^([\w.-]+)==([^\s;\\]+)\s*(?:;\s*([^\\]+?))?\s*\\?$", re.MULTILINE)

COMPONENT = re.compile(r"^  ([\w./-]+):\n((?:    .*\n)+)", re.MULTILINE)


def component_differences(project: Path) -> Iterator[str]:
    """The project's ESP-IDF components that are otherwise than in its `dependencies.lock`: a line for each.

    None where a build for the board has fetched none yet, or there is no lock.
    """
    lock, fetched = project / "dependencies.lock", project / "managed_components"
    if not lock.is_file() or not fetched.is_dir():
        return
    text, _, _ = lock.read_text(encoding="utf-8").partition("\ndirect_dependencies:")
    for name, entry in COMPONENT.findall(text + "\n"):
        if not (wanted := re.search(r"^    component_hash: (\w+)$", entry, re.MULTILINE)):
            continue  # ESP-IDF itself
        path = fetched / name.replace("/", "__") / ".component_hash"
        if not path.is_file():
            yield f"{name} is not in {fetched.name}"
        elif path.read_text(encoding="utf-8").strip() != wanted[1]:
            yield f"{name} has another hash than in {lock.name}"


def locked(lock: Path) -> dict[str, str]:
    """The packages of a lock file that this computer needs, with their versions."""
    found = LINE.findall(lock.read_text(encoding="utf-8"))
    return {name: version for name, version, marker in found if not marker or Marker(marker).evaluate()}


def differences(lock: Path) -> Iterator[str]:
    """What is installed otherwise than in the lock file: a line for each package."""
    for name, version in tqdm(locked(lock).items(), desc="comparing", unit=" packages", leave=False):
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            yield f"{name} {version} is not installed"
            continue
        if package.version != version:
            yield f"{name} is {package.version}, not {version}"
        elif changed := list(changed_files(package)):
            yield f"{name} {version}: changed or missing: {changed[0]}, of {len(changed)}"


def changed_files(package: metadata.Distribution) -> Iterator[str]:
    """The package's files that differ from its RECORD."""
    for file in package.files or []:
        if file.hash is None:  # bytecode, and the RECORD itself
            continue
        try:
            with open(file.locate(), "rb") as opened:
                digest = hashlib.file_digest(opened, file.hash.mode).digest()
        except OSError:
            yield str(file)
            continue
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
            yield str(file)
