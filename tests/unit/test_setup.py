"""The start command, on a small copy of the kit: one tiny package to install, from a folder of wheels, offline."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    os.name != "posix", reason="the copies and stand-ins are made for a POSIX shell"
)

BASE = getattr(sys, "_base_executable", sys.executable)

# Builds the small kit as an editable package with nothing installed.
BACKEND = """
import zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "aiedge-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        import os
        wheel.writestr("aiedge.pth", os.path.join(os.getcwd(), "common"))
        wheel.writestr("aiedge-0.1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: aiedge\\nVersion: 0.1.0\\n")
        wheel.writestr("aiedge-0.1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr("aiedge-0.1.0.dist-info/RECORD", "")
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "aiedge"
version = "0.1.0"
"""
SHOW_ARGUMENTS = (
    "import os, sys; print(os.environ['PATH'].split(':')[0]); print('{name}:', sys.prefix, *sys.argv[1:])\n"
)


class Kit:
    """A small copy of the kit in a folder of its own, and a way to start it."""

    def __init__(self, folder: Path, repo: Path):
        self.folder = folder
        self.tools = folder / "tools"
        self.package = folder / "common" / "aiedge"
        for part in ("board", "workshop"):
            (self.package / part).mkdir(parents=True)
        for name in (
            "errors",
            "files",
            "lesson",
            "logbook",
            "paths",
            "workshop/__init__",
            "workshop/bundle",
            "workshop/environment",
            "workshop/start",
            "workshop/terminal",
        ):
            shutil.copy(repo / "common" / "aiedge" / f"{name}.py", self.package / f"{name}.py")
        shutil.copy(repo / "start-notebook.sh", folder)
        self.write("common/aiedge/__init__.py", "")
        self.write("common/aiedge/board/__init__.py", "")
        self.write("common/aiedge/board/build.py", "")
        self.write("common/aiedge/workshop/notebooks.py", SHOW_ARGUMENTS.format(name="notebooks"))
        self.write("pyproject.toml", PYPROJECT)
        self.write("backend.py", BACKEND)
        for name in ("xormodel", "car"):
            self.write(f"common/lessons/{name}/lesson.toml", 'title = "Title"\nminutes = 1\nboard = "no"\n')
        self.wheelhouse = folder / "wheels"
        self.wheelhouse.mkdir()
        with zipfile.ZipFile(self.wheelhouse / "tiny-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("jupyterlab/__main__.py", SHOW_ARGUMENTS.format(name="lab"))
            wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
            wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            wheel.writestr("tiny-1.0.dist-info/RECORD", "")
        self.lock()
        self.tools.mkdir()
        for tool in ("bash", "sh", "dirname"):
            (self.tools / tool).symlink_to(shutil.which(tool))

    def write(self, path: str, text: str) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def lock(self, head: str = "", digest: str = "") -> None:
        """Write the lock file: the one wheel with its SHA-256, or with another."""
        own = hashlib.sha256((self.wheelhouse / "tiny-1.0-py3-none-any.whl").read_bytes()).hexdigest()
        text = f"{head}tiny==1.0 \\\n    --hash=sha256:{digest or own}\n"
        self.write("common/requirements.lock", text)

    def add_uv(self) -> bool:
        """Put this computer's uv on the kit's path, with all that a version manager's shim of it needs."""
        (self.tools / "uv").write_text(f'#!/bin/sh\nPATH="{os.environ["PATH"]}" exec uv "$@"\n')
        (self.tools / "uv").chmod(0o755)
        return (
            subprocess.run([self.tools / "uv", "--version"], capture_output=True, check=False).returncode == 0
        )

    def start(
        self, *words: str, shell: str = "bash", script: str = "", cwd: str = "/", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the start command with a bare environment, the wheels and this computer's Python."""
        defaults = {
            "AIEDGE_PYTHON": BASE,
            "AIEDGE_WHEELHOUSE": str(self.wheelhouse),
            "HOME": str(self.folder),
        }
        environment = {"PATH": str(self.tools), **defaults, **variables}
        script = script or str(self.folder / "start-notebook.sh")
        command = [str(self.tools / shell), script, *words]
        return subprocess.run(
            command,
            env={name: value for name, value in environment.items() if value},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    @property
    def stamp(self) -> Path:
        return self.folder / ".venv" / "aiedge.stamp"


@pytest.fixture
def kit(tmp_path, repo):
    return Kit(tmp_path / "a kit", repo)  # a space in the path, as in many people's folders


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The error and hint of a command that must have failed because of its user."""
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "error: " in done.stderr and "hint: " in done.stderr
    return done.stderr


def test_no_argument_lists_the_projects(kit):
    done = kit.start()
    assert done.returncode == 0
    assert done.stdout.split()[-2:] == ["car", "xormodel"]
    assert not (kit.folder / ".venv").exists()


def test_any_shell_from_any_folder(kit, tmp_path):
    above = {"script": f"{kit.folder.name}/start-notebook.sh", "cwd": str(tmp_path)}
    elsewhere = tmp_path / "elsewhere" / kit.folder.name  # where CDPATH leads a plain `cd` first
    elsewhere.mkdir(parents=True)
    for variables in {}, {"CDPATH": str(elsewhere.parent)}:
        for shell in "sh", "bash":
            done = kit.start(shell=shell, **above, **variables)
            assert done.stdout.split()[-2:] == ["car", "xormodel"], done.stderr


def test_a_wrong_name_lists_the_projects(kit):
    assert "car, xormodel" in refused(kit.start("xor"))
    assert not (kit.folder / ".venv").exists()


def test_help(kit):
    done = kit.start("--help")
    assert done.returncode == 0
    for word in (
        "--run",
        "--port",
        "--no-browser",
        "--wheelhouse",
        "AIEDGE_WHEELHOUSE",
        "AIEDGE_PYTHON",
        "xormodel",
    ):
        assert word in done.stdout


def test_an_unknown_option(kit):
    message = refused(kit.start("xormodel", "--prot", "8888"))
    assert "--prot" in message and "./start-notebook.sh --help" in message
    assert "invalid int value: 'many'" in refused(kit.start("xormodel", "--port", "many"))


def test_no_suitable_python(kit):
    for name in ("python3", "python3.12", "py"):
        (kit.tools / name).write_text("#!/bin/sh\nexit 9\n")
        (kit.tools / name).chmod(0o755)
    assert "no Python 3.11, 3.12 or 3.13" in refused(kit.start("xormodel", AIEDGE_PYTHON=""))


def test_a_later_python_is_found(kit):
    for name, line in ("python3", "exit 1"), ("python3.12", f'exec "{BASE}" "$@"'):
        (kit.tools / name).write_text(f"#!/bin/sh\n{line}\n")
        (kit.tools / name).chmod(0o755)
    assert kit.start(AIEDGE_PYTHON="").returncode == 0


def test_an_unsuitable_chosen_python(kit):
    assert "AIEDGE_PYTHON is /bin/false" in refused(kit.start("xormodel", AIEDGE_PYTHON="/bin/false"))


def test_a_taken_port(kit):
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} is not free" in refused(kit.start("xormodel", "--port", str(port)))
    assert "there is no port 70000" in refused(kit.start("xormodel", "--port", "70000"))


@pytest.mark.parametrize("uv", [False, True], ids=["pip", "uv"])
def test_no_network(kit, uv):
    if uv and not kit.add_uv():
        pytest.skip("needs uv: pip install uv")
    nobody = "http://127.0.0.1:9/simple"
    offline = {
        "PIP_INDEX_URL": nobody,
        "PIP_RETRIES": "0",
        "UV_DEFAULT_INDEX": nobody,
        "UV_HTTP_RETRIES": "0",
    }
    message = refused(kit.start("xormodel", AIEDGE_WHEELHOUSE="", PIP_CONFIG_FILE=os.devnull, **offline))
    assert "network" in message and "AIEDGE_WHEELHOUSE" in message and "--wheelhouse" in message
    assert not kit.stamp.exists()


def test_a_wheelhouse_without_wheels(kit, tmp_path):
    assert "there are no wheels" in refused(kit.start("xormodel", AIEDGE_WHEELHOUSE=str(tmp_path)))


@pytest.mark.parametrize("uv", [False, True], ids=["pip", "uv"])
def test_first_and_next_start(kit, uv):
    if uv and not kit.add_uv():
        pytest.skip("needs uv: pip install uv")
    first = kit.start("xormodel", "--no-browser", "--port", "0", PYTHONDONTWRITEBYTECODE="1")
    assert first.returncode == 0, first.stderr
    opened = first.stdout.splitlines()[-1]
    assert opened.startswith(f"lab: {kit.folder}/.venv ")
    assert first.stdout.splitlines()[-2] == f"{kit.folder}/.venv/bin"  # for `pio` in a terminal
    assert (
        "--ServerApp.ip=localhost" in opened and "--no-browser" in opened and "--ServerApp.port=0" in opened
    )
    assert "/lab/workspaces/xormodel/tree/xormodel/notebook/xormodel.ipynb" in opened
    assert "terminado_settings={'shell_command': [" in opened
    # Later starts may not write bytecode, so the set-up has.
    assert list((kit.folder / ".venv").glob("lib/python*/site-packages/jupyterlab/__pycache__/*.pyc"))

    second = kit.start("xormodel", "--run")
    assert second.stdout.splitlines()[1:] == [f"notebooks: {kit.folder}/.venv run xormodel"], second.stderr


@pytest.mark.parametrize("uv", [False, True], ids=["pip", "uv"])
@pytest.mark.parametrize("wrong", ["another wheel", "no hash"])
def test_only_the_wheels_of_the_lock_are_installed(kit, uv, wrong):
    if uv and not kit.add_uv():
        pytest.skip("needs uv: pip install uv")
    if wrong == "no hash":
        kit.write("common/requirements.lock", "tiny==1.0\n")
    else:
        kit.lock(digest="0" * 64)
    assert "do not use it" in refused(kit.start("xormodel"))
    assert not kit.stamp.exists() and not list((kit.folder / ".venv").glob("lib/*/site-packages/tiny*"))


def test_an_interrupted_setup_is_repaired(kit):
    kit.add_uv()  # quicker, where there is one; a uv that does not run is passed over
    build = kit.folder / "common/aiedge/board/build.py"
    build.write_text(f"import os; os.kill(os.getppid(), {signal.SIGKILL:d})\n")
    assert kit.start("--setup").returncode == -signal.SIGKILL
    assert (kit.folder / ".venv").exists() and not kit.stamp.exists()

    build.write_text("")
    (kit.folder / ".venv/bin/python").unlink()
    repaired = kit.start("xormodel")
    assert "[1/4]" in repaired.stdout and "lab: " in repaired.stdout, repaired.stderr


def test_two_starts_at_once_take_turns(kit):
    kit.add_uv()
    slow = (
        f"import os, time\nopen({str(kit.folder / 'begun')!r}, 'w').close()\n"
        f"for _ in range(300): os.path.exists({str(kit.folder / 'go')!r}) or time.sleep(0.1)\n"
    )
    kit.write("common/aiedge/board/build.py", slow)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(kit.start, "--setup")
        while not (kit.folder / "begun").exists():  # the first is at its last step then
            assert not first.done()
            time.sleep(0.05)
        second = pool.submit(kit.start, "--setup")
        time.sleep(5)  # until the second waits
        kit.write("go", "")
        assert "The kit is ready." in first.result().stdout
        assert second.result().stdout == "Another start is setting the kit up: waiting until it is done\n"
    assert second.result().returncode == 0


def test_a_changed_lock_is_installed_on_top(kit):
    kit.add_uv()
    assert kit.start("--setup").returncode == 0
    kit.lock("# newer\n")
    kit.write("common/aiedge/board/build.py", "raise SystemExit(1)\n")
    assert "PlatformIO could not be prepared" in refused(kit.start("--setup"))
    assert not kit.stamp.exists()  # so that the next start repairs it

    kit.write("common/aiedge/board/build.py", "")
    assert "[1/4]" in kit.start("--setup").stdout
    kit.lock("# newest\n")
    done = kit.start("--setup")
    assert "[1/4]" not in done.stdout and "[2/4]" in done.stdout
    assert kit.start("--setup").stdout == ""


def test_a_moved_kit_is_set_up_again(kit, tmp_path):
    kit.add_uv()
    assert kit.start("--setup").returncode == 0
    moved = tmp_path / "moved"
    kit.folder.rename(moved)
    kit.folder, kit.tools, kit.wheelhouse = moved, moved / "tools", moved / "wheels"
    assert f"lab: {moved}/.venv" in kit.start("xormodel").stdout


def test_a_folder_in_which_no_firmware_builds_is_named_before_the_set_up(tmp_path, repo):
    kit = Kit(tmp_path / "a$HOME", repo)
    assert "a folder with $ in its path" in refused(kit.start("xormodel"))
    assert not (kit.folder / ".venv").exists()
