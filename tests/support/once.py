"""What takes long is made once for all of pytest's workers."""

import time
from collections.abc import Callable
from pathlib import Path

from aiedge.files import locked, write_atomic


def made_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """The file's bytes: `make` makes them where it is missing; who comes meanwhile waits for the first one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path.with_name(f"{path.name}.lock"), "a") as lock:
            while not locked(lock):
                time.sleep(0.1)
            if not path.exists():
                write_atomic(path, make())
    return path.read_bytes()
