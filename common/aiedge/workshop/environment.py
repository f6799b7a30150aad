"""The kit's own Python environment, `.venv`: made on first use, repaired when it is incomplete or outdated.

This module runs before anything is installed, so it needs the standard library only. A stamp in the environment,
written last, says what it was made from. No stamp means that a set-up was interrupted: a killed installer can leave
half a package behind, so the environment is made anew (pip and uv keep their downloads).
"""

import contextlib
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from aiedge.errors import UserError
from aiedge.files import locked, write_atomic
from aiedge.paths import BUNDLE, COMMON, REPO, check_builds

VENV = REPO / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "aiedge.stamp"
LOCK = REPO / ".setup.lock"
LOCKS = {"user": COMMON / "requirements.lock", "dev": COMMON / "requirements-dev.lock"}

# Where the pinned TensorFlow has wheels.
PLATFORMS = {("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64"), ("Windows", "AMD64")}

# Keeps JupyterLab from asking a newcomer about news, and from looking for updates in a room with no network. A link to
# the glossary opens it to read, not to edit. Long lines of code are whole in a small window, too.
LAB_SETTINGS = """{
  "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false},
  "@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}},
  "@jupyterlab/notebook-extension:tracker": {"codeCellConfig": {"lineWrap": true}}
}
"""

# Has each notebook say what a NameError means, also where no cell of it has run yet.
KERNEL_SETTINGS = (
    'c = get_config()  # noqa: F821\nc.InteractiveShellApp.extensions = ["aiedge.workshop.hints"]\n'
)


def prepare(kind: str = "user") -> None:
    """Make the environment complete: `user` for the notebooks, `dev` for the tests' tools as well.

    Takes some milliseconds where the stamp says that all is done. Raises `UserError` for what a person can mend: an
    unsupported computer, no `venv` module, no network.
    """
    if up_to_date(kind):
        return
    source = wheels()
    with alone():
        if up_to_date(kind):  # another start has done it in the meantime
            return
        if not usable():
            make()
        STAMP.unlink(missing_ok=True)
        install(LOCKS[kind], source)
        version = "{}.{}".format(*sys.version_info)
        write_atomic(STAMP, "\n".join([f"{version} {REPO}", digest("user"), digest(kind)]) + "\n")
        say("The kit is ready.")


def up_to_date(kind: str) -> bool:
    """True where the environment is complete and made from the packages that the kit names now."""
    return usable() and digest(kind) in STAMP.read_text().splitlines()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait until no other start sets the kit up, and keep others waiting; the system ends that with the process.

    An installer inherits the lock, so that one that outlives its start is waited for, too.
    """
    try:
        file = open(LOCK, "a")  # noqa: SIM115
    except OSError as error:
        raise UserError(f"cannot write {LOCK}: {error.strerror}", "is the kit's folder yours?") from error
    with file:
        os.set_inheritable(file.fileno(), True)
        told = False
        while not locked(file):
            if not told:
                say("Another start is setting the kit up: waiting until it is done")
            told = True
            time.sleep(0.5)
        yield


def digest(kind: str) -> str:
    """A line that changes with the packages or the kit's own metadata.

    >>> digest("user").startswith("user ")
    True
    """
    content = LOCKS[kind].read_bytes() + (REPO / "pyproject.toml").read_bytes()
    return f"{kind} {hashlib.sha256(content).hexdigest()}"


def usable() -> bool:
    """True where a set-up came to its end, in this very place, with a Python that still runs.

    An environment cannot be moved with its folder: its scripts name their interpreter by an absolute path. Where
    `AIEDGE_PYTHON` chooses another version of Python than the environment's, that does not do either.
    """
    if not STAMP.exists() or not PYTHON.exists():
        return False
    version, place = STAMP.read_text().splitlines()[0].split(" ", 1)
    other = "AIEDGE_PYTHON" in os.environ and version != "{}.{}".format(*sys.version_info)
    if place != str(REPO) or other:
        return False
    return subprocess.run([PYTHON, "-c", ""], check=False).returncode == 0


def make() -> None:
    """Make an empty `.venv` from the Python that runs now, in place of what was there."""
    if (platform.system(), platform.machine()) not in PLATFORMS:
        raise UserError(
            f"TensorFlow has no build for {platform.system()} on {platform.machine()}",
            "use 64-bit Linux, 64-bit Windows, or a Mac with Apple Silicon and an arm64 Python",
        )
    check_builds()
    # The interpreter below an environment that happens to be active.
    base = getattr(sys, "_base_executable", sys.executable)
    say(f"[1/4] Making .venv with Python {platform.python_version()}")
    try:
        if VENV.exists():
            shutil.rmtree(VENV)
    except OSError as error:
        raise UserError(f"cannot remove the old .venv: {error}", "close the programs that use it") from error
    if uv := find_uv():
        run(
            [uv, "venv", "--quiet", "--python", base, VENV], "uv could not make .venv", "its message is above"
        )
    else:
        run(
            [base, "-P", "-m", "venv", VENV],
            "Python could not make .venv",
            "on Debian and Ubuntu: sudo apt install python3-venv; elsewhere: install Python from python.org",
        )


def install(lock: Path, source: list[str | Path]) -> None:
    """Install the packages of `lock`, the kit itself as an editable package, and what PlatformIO needs offline.

    `source` are the installer's options for where packages come from, of `wheels`.
    """
    installer: list[str | Path] = [PYTHON, "-P", "-m", "pip", "install", "--no-deps"]
    # Wheels alone, which run no code when they are installed, and only those whose SHA-256 is in the lock.
    verified = ["--require-hashes", "--only-binary=:all:"]
    uv = find_uv()
    if uv:
        installer = [uv, "pip", "install", "--no-deps", "--compile-bytecode", "--python", PYTHON]
    screen = sys.stdout.isatty()
    count = sum("==" in line for line in lock.read_text().splitlines())
    say(f"[2/4] Installing about {count} packages: 1 to 3 minutes, 2 GB of disk")
    run(
        [*installer, *([] if screen else ["--quiet"]), *verified, *source, "-r", lock],
        "the packages could not be installed (the lines above say why)",
        "a hash that does not match is another file than the one that the kit was tested with: do not use it;\n"
        "      the first set-up needs a network; without one, set AIEDGE_WHEELHOUSE to a folder of wheels that\n"
        "      ./start-notebook.sh --wheelhouse FOLDER filled on a like computer with a network",
        bar=screen and not uv,
    )
    say("[3/4] Installing the kit itself")
    offline = ["--quiet", "--no-index", "--no-build-isolation"]
    run([*installer, *offline, "-e", REPO], "the kit could not be installed", "is its folder writable?")
    # Compiled now, since later starts may run where Python must not write bytecode.
    run(
        [PYTHON, "-P", "-m", "compileall", "-q", COMMON / "aiedge"],
        "the kit does not compile",
        "clone it again",
    )
    say("[4/4] Preparing PlatformIO, which builds the firmware")
    run([PYTHON, "-P", "-m", "aiedge.board.build"], "PlatformIO could not be prepared", "start again")


def set_up_lab() -> None:
    """Give JupyterLab and its kernels the kit's settings where they do not have them yet."""
    for name, text in (
        ("share/jupyter/lab/settings/overrides.json", LAB_SETTINGS),
        ("etc/ipython/ipython_kernel_config.py", KERNEL_SETTINGS),
    ):
        path = VENV / name
        if not path.exists() or path.read_text() != text:
            write_atomic(path, text)


def find_uv() -> str | None:
    """Path of a uv that runs, if there is one; version managers leave shims behind that do not."""
    uv = shutil.which("uv")
    works = uv and subprocess.run([uv, "--version"], capture_output=True, check=False).returncode == 0
    return uv if works else None


def wheels() -> list[str | Path]:
    """Installer options for where packages come from: a folder of wheels alone, or the usual index (none).

    A kit out of a bundle has such a folder where the bundle was made on a system like this one.
    """
    folder = os.environ.get("AIEDGE_WHEELHOUSE")
    if not folder and any(bundled_wheels(BUNDLE).glob("*.whl")):
        folder = str(bundled_wheels(BUNDLE))
    if not folder:
        return []
    if not any(Path(folder).glob("*.whl")):
        raise UserError(
            f"AIEDGE_WHEELHOUSE is {folder}, where there are no wheels",
            "./start-notebook.sh --wheelhouse FOLDER fills such a folder on a computer with a network",
        )
    return ["--no-index", "--find-links", Path(folder).resolve()]


def bundled_wheels(bundle: Path) -> Path:
    """The folder of a bundle with the wheels for this system and this version of Python."""
    return bundle / f"wheels-{platform.system()}-{platform.machine()}-{'{}.{}'.format(*sys.version_info)}"


def fill_wheelhouse(folder: Path) -> None:
    """Download the wheels of the user's packages, for computers with this system and this version of Python."""
    prepare()
    say(f"Downloading the wheels into {folder}")
    screen = sys.stdout.isatty()
    pip: list[str | Path] = [PYTHON, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    pip.append("--require-hashes")
    run(
        [*pip, *([] if screen else ["--quiet"]), "--dest", folder, "-r", LOCKS["user"]],
        "the wheels could not be downloaded (the lines above say why)",
        "this needs a network",
        bar=screen,
    )
    say(
        f"{len(list(folder.glob('*.whl')))} wheels for {platform.system()} {platform.machine()} and Python "
        f"{STAMP.read_text().split()[0]}. On a computer with no network:\n"
        f"    AIEDGE_WHEELHOUSE={folder} ./start-notebook.sh PROJECT"
    )


def run(command: Sequence[str | Path], failure: str, hint: str, bar: bool = False) -> None:
    """Run an installer; raises `UserError` where it fails. With `bar`, pip's pages become one line that counts."""
    os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    process = subprocess.Popen(command, stdout=subprocess.PIPE if bar else None, text=True, close_fds=False)
    for number, line in enumerate(filter(is_step, process.stdout or ()), 1):
        words = "installing all of them, about a minute" if line.startswith("Installing") else line.split()[1]
        print(f"\r\033[K      {number:3} {words[-60:]}", end="", flush=True)
    if bar:
        print()
    if process.wait() != 0:
        raise UserError(failure, hint)


def is_step(line: str) -> bool:
    """True for the lines in which pip names the next package, or says that it installs all of them."""
    return line.startswith(("Collecting ", "Processing ", "Requirement already", "Installing collected"))


def say(text: str) -> None:
    """Print a line at once, so that it stands before what an installer prints."""
    print(text, flush=True)
