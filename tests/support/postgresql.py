"""A PostgreSQL of a test's own, in a folder, that can be killed and started again."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SECONDS = 300


class Server(contextlib.AbstractContextManager):
    """A running server with the database `postgres`; it does not run as root: then as its own user.

    Skips the test where PostgreSQL or its driver is missing.
    """

    def __init__(self, folder: Path) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")) or [
            Path(p) for p in [shutil.which("postgres")] if p
        ]
        if not found:
            pytest.skip("needs PostgreSQL: apt install postgresql")
        pytest.importorskip("psycopg", reason="needs psycopg: pip install 'aiedge[search]'")
        self.binaries, self.data = found[-1].parent, folder / "data"
        self.as_user: list[str] = []
        self.data.mkdir()
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            self.as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            os.chown(self.data, user.pw_uid, user.pw_gid)
            for parent in (folder, *folder.parents):
                mode = parent.stat().st_mode
                if parent.owner() == "root" and mode & 0o711 != 0o711 and parent != Path("/"):
                    parent.chmod(mode | 0o711)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._run("initdb", "-D", self.data, "-U", "aiedge", "-A", "trust")
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = subprocess.Popen(
            [
                *self.as_user,
                self.binaries / "postgres",
                *("-D", self.data, "-h", "127.0.0.1", "-p", str(self.port), "-k", self.data),
            ],
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait(self._answers)

    def kill(self) -> None:
        """SIGKILL it with the processes that serve its clients."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(SECONDS)
        time.sleep(1)  # those that serve clients see that it is gone
        # What a killed server leaves: the next one refuses to start where it believes that number's process to live.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    @property
    def url(self) -> str:
        """The database, as SQLAlchemy names it."""
        return self._url("postgres")

    def new_database(self, name: str) -> str:
        """The URL of one more, empty."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "aiedge", name)
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql+psycopg://aiedge@127.0.0.1:{self.port}/{database}"

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(SECONDS)

    def _answers(self) -> bool:
        ready = [self.binaries / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ready, capture_output=True, check=False).returncode == 0

    def _run(self, program: str, *words: str | Path) -> None:
        command = [*self.as_user, str(self.binaries / program), *map(str, words)]
        subprocess.run(command, check=True, cwd="/", capture_output=True)


def wait(for_what: Callable[[], bool]) -> None:
    """Wait until it is true."""
    end = time.monotonic() + SECONDS
    while not for_what():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.1)
