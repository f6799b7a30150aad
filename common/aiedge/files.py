"""Writing files whole or not at all; where those go that can be made again; locks."""

import contextlib
import errno
import os
import sys
import tempfile
from pathlib import Path
from typing import IO

from aiedge.errors import UserError


def write_atomic(path: str | Path, content: str | bytes) -> Path:
    """Write `content` to a temporary name beside `path`, then rename it, so that no reader sees half a file.

    Text is written as UTF-8 with `\\n` line ends on every system. Raises `UserError` where the folder cannot be
    written.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        full = error.errno == errno.ENOSPC
        hint = "make room on the disk" if full else "choose a folder that you may write to"
        raise UserError(f"cannot write {path}: {error.strerror}", hint) from error
    return path


def cache_folder(kind: str) -> Path:
    """The kit's folder for files of one kind that can be made again; it may not exist yet.

    It lies in the user's cache folder, or in the one that the environment variable `AIEDGE_CACHE` names.
    """
    if named := os.environ.get("AIEDGE_CACHE"):
        return Path(named) / kind
    if cache := os.environ.get("XDG_CACHE_HOME"):
        return Path(cache) / "aiedge" / kind
    try:
        home = Path.home()
    except RuntimeError:  # a user without one, as in some containers
        return Path(tempfile.gettempdir()) / "aiedge" / kind
    system = {
        "win32": os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"),
        "darwin": home / "Library" / "Caches",
    }
    return Path(system.get(sys.platform, home / ".cache")) / "aiedge" / kind


def locked(file: IO[str]) -> bool:
    """Take the lock of an open file and return True, or False while another process has it.

    True as well on a file system that has no locks.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True
