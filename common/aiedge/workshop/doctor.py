"""The diagnosis screen: what this computer has, what it lacks, and what to do about each lack.

One screen of plain text, made to be pasted into a question. `ok` is fine, `--` is missing but only needed for what
the line names, `!!` keeps the workshop from working. Asks packages for their version without importing them, so
that it is quick and works where TensorFlow does not. Of a package that was installed alone, without the kit's folder,
it tells which extras are complete.
"""

import argparse
import errno
import os
import platform
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from aiedge import __version__
from aiedge.errors import EXTRAS, GET_ZIG, Parser, UserError, WrongModule
from aiedge.files import write_atomic
from aiedge.lesson import projects
from aiedge.paths import REPO, check_builds, commit, in_checkout, shown
from aiedge.workshop import environment

WIDTH = 80
SETUP = "./start-notebook.sh --setup"
FREE_GB = 3  # the environment, PlatformIO's packages for the board, and some room

# What the lessons stand on; the other packages serve these.
PACKAGES = ["keras", "numpy", "ai-edge-litert", "jupyterlab", "ipykernel", "platformio", "pyserial"]

# Program, what it is for, Debian's package.
TOOLS = [
    ("cc", "compiles the firmware for this computer", "gcc g++"),
    ("ziglang", "compiles for the browser, and for this computer where it has no cc", ""),
    ("clang", "a second opinion in the tests", "clang"),
    ("arm-none-eabi-gcc", "the emulated Cortex-M4", "gcc-arm-none-eabi libnewlib-arm-none-eabi"),
    ("qemu-system-arm", "the emulated Cortex-M4", "qemu-system-arm"),
    ("xtensa-lx106-elf-gcc", "the emulated Xtensa", "gcc-xtensa-lx106 picolibc-xtensa-lx106-elf"),
    ("qemu-system-xtensa", "the emulated Xtensa", "qemu-system-misc"),
    ("llvm-mc-22", "the emulated ESP32, with those of the Xtensa", "llvm-22"),
    ("cppcheck", "`pio check`", "cppcheck"),
]


class Finding(NamedTuple):
    """One line of the screen: `ok`, `--` or `!!`, what was looked at, what was found, what to do."""

    mark: str
    name: str
    found: str
    advice: str = ""

    def __str__(self) -> str:
        indent = " " * 21
        lines = textwrap.wrap(
            f"{self.mark} {self.name:17} {self.found}",
            WIDTH,
            subsequent_indent=indent,
            break_on_hyphens=False,
        )
        lines += textwrap.wrap(
            self.advice,
            WIDTH,
            initial_indent=f"{indent}-> ",
            subsequent_indent=f"{indent}   ",
            break_on_hyphens=False,
        )
        return "\n".join(lines)


def doctor(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's argument; return what it does."""
    parser.add_argument(
        "--board", nargs="?", const="", metavar="PORT", help="also the board: versions, sizes, times, a log"
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="also compare each package's files, and each ESP-IDF component, with the lock files",
    )
    parser.add_argument(
        "--room",
        nargs="?",
        const=REPO / "results" / "room",
        type=Path,
        metavar="FOLDER",
        help="add this laptop to the page in a folder, which tells of each what is missing before the day",
    )
    return _doctor


def _doctor(options: argparse.Namespace) -> None:
    """Print the screen; with a board also what it says, and put both into a file to send back."""
    print(text := report())
    if options.verify:
        verify_packages()
    if options.room:
        from aiedge.workshop import room

        print(f"\nwrote {shown(room.add(options.room, findings()))}")
    if options.board is None:
        return
    from aiedge.workshop import doctor_board

    print(more := doctor_board.report(options.board))
    path = write_atomic(REPO / "results" / "board.txt", f"{text}\n{more}\n")
    print(f"\nwrote {shown(path)}; docs/first-board.md says what else to send")


def verify_packages() -> None:
    """Raise `UserError` that names every package that differs from the lock file, in version or in a file."""
    if not in_checkout():
        raise UserError("a package that was installed alone has no lock file", "pip check says what it lacks")
    from aiedge.workshop import verify

    kinds = environment.STAMP.read_text() if environment.STAMP.exists() else ""
    lock = environment.LOCKS["dev" if "\ndev " in kinds else "user"]
    if found := list(verify.differences(lock)):
        hint = f"remove .venv, and set the kit up: {SETUP}"
        raise UserError("\n       ".join([f"not as in {shown(lock)}:", *found]), hint)
    print(f"all {len(verify.locked(lock))} packages are those of {shown(lock)}, file by file")
    for project in (REPO / name / "vscode" for name in projects()):
        if found := list(verify.component_differences(project)):
            hint = f"remove {shown(project / 'managed_components')}, and build for the board again"
            raise UserError(
                "\n       ".join([f"not as in {shown(project / 'dependencies.lock')}:", *found]), hint
            )


def findings() -> list[Finding]:
    """All that is looked at, in the screen's order."""
    if in_checkout():
        return [
            *(*computer(), *set_up(), *packages(), photographs()),
            *(*tflm(), *tools(), *firmware(), *serial_ports()),
        ]
    return [*computer(), *package_alone(), *tflm(), *tools(), *serial_ports()]


def report() -> str:
    """The whole screen."""
    title = f"aiedge {__version__}, {commit()}"
    return "\n".join(
        [title, *map(str, findings()), "ok fine   -- missing, needed only for that   !! must be mended"]
    )


def computer() -> Iterator[Finding]:
    """The system, and the Python that runs."""
    yield Finding(
        "ok", "computer", f"{platform.platform(terse=True)}, {platform.machine()}, {os.cpu_count()} cores"
    )
    version = f"{platform.python_version()} {'.venv' if own_python() else sys.executable}"
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        yield Finding("!!", "Python", version, "the kit needs Python 3.11, 3.12 or 3.13")
    else:
        yield Finding("ok", "Python", version)


def set_up() -> Iterator[Finding]:
    """The set-up's state, the disk, the notebooks' kernel."""
    if not environment.usable():
        yield Finding("!!", "set-up", "not made, interrupted or moved", SETUP)
    elif environment.digest("user") not in environment.STAMP.read_text().splitlines():
        yield Finding("!!", "set-up", "older than the kit's list of packages", SETUP)
    else:
        yield Finding("ok", "set-up", "complete")
    free = shutil.disk_usage(REPO).free / 1e9
    enough = free >= FREE_GB
    yield Finding(
        "ok" if enough else "!!", "disk", f"{free:.0f} GB free", "" if enough else f"free {FREE_GB} GB"
    )
    yield kernel()


def own_python() -> bool:
    """True where the kit's own environment runs this."""
    return os.path.realpath(sys.prefix) == os.path.realpath(environment.VENV)


def kernel() -> Finding:
    """Which Python a notebook gets: the first kernel of that name on Jupyter's path, the environment's first."""
    try:
        from jupyter_core.paths import jupyter_path
    except ImportError:
        return Finding("!!", "kernel", "no Jupyter here", SETUP)
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # as the start command has it
    for folder in jupyter_path("kernels"):
        if os.path.exists(os.path.join(folder, "python3", "kernel.json")):
            if os.path.realpath(folder).startswith(os.path.realpath(sys.prefix)):
                return Finding("ok", "kernel", "python3, of this Python")
            return Finding("!!", "kernel", f"python3 in {folder} belongs to another Python", SETUP)
    return Finding("!!", "kernel", "no kernel for notebooks", SETUP)


def packages() -> Iterator[Finding]:
    """Versions of the packages that the lessons stand on, compared with the lock."""
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", environment.LOCKS["user"].read_text(), re.MULTILINE))
    tensorflow = next((name for name in ("tensorflow-cpu", "tensorflow") if version(name)), "tensorflow")
    names = [tensorflow, *PACKAGES]
    wrong = [name for name in names if version(name) != locked[name]]
    found = ", ".join(f"{name} {version(name) or 'missing'}" for name in names)
    advice = f"not as locked: {', '.join(wrong)}. {SETUP}" if wrong else ""
    yield Finding("!!" if wrong else "ok", "packages", found, advice)


def photographs() -> Finding:
    """CIFAR-10's pictures: where there are none and no network gives them, the notebooks draw theirs."""
    try:
        from aiedge.train.datasets import archives
    except ImportError:
        return Finding("--", "photographs", "cannot look for them without the packages", SETUP)
    named = os.environ.get("AIEDGE_DATA")
    path = Path(named).expanduser() / archives.CIFAR10.file if named else archives.kept(archives.CIFAR10)
    if path.is_file():
        return Finding("ok", "photographs", "CIFAR-10")
    advice = "downloaded where a notebook first asks for them, 170 MB; without a network pictures are drawn"
    return Finding("--", "photographs", "none yet", advice)


def tflm() -> Iterator[Finding]:
    """TensorFlow Lite Micro, the oracle."""
    if oracle := version("tflite-micro"):
        yield Finding("ok", "TFLM", f"tflite-micro {oracle}")
    else:
        yield Finding(
            "--", "TFLM", "no tflite-micro here", "comparisons with it are left out; Linux on x86_64 has it"
        )


def package_alone() -> Iterator[Finding]:
    """The base installation, and the extras of a package that was installed without the kit's folder."""
    names = ("numpy", "ai-edge-litert")
    yield Finding("ok", "packages", ", ".join(f"{name} {version(name) or 'missing'}" for name in names))
    for extra in sorted(set(EXTRAS.values()) - {"tflm"}):
        modules = [module for module, its in EXTRAS.items() if its == extra]
        missing = [module for module in modules if find_spec(module) is None]
        if missing:
            advice = f"pip install 'aiedge[{extra}]'"
            yield Finding("--", f"extra {extra}", f"missing: {', '.join(missing)}", advice)
        else:
            yield Finding("ok", f"extra {extra}", "complete")


def version(package: str) -> str:
    """Installed version of a package, or "" where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def tools() -> Iterator[Finding]:
    """Compilers and emulators on the path."""
    zig = version("ziglang")
    for program, purpose, package in TOOLS:
        path = shutil.which(program)
        if path is None:
            if zig and program in ("cc", "ziglang"):
                yield Finding("ok", program, f"{'ziglang ' * (program == 'cc')}{zig}: {purpose}")
                continue
            yield Finding("--", program, f"missing: {purpose}", how_to_get(program, package))
            continue
        output = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
        first = (output.splitlines() or ["no version"])[0]
        number = re.search(r"\d+\.\d+(\.\d+)?", re.sub(r"\(.*?\)", "", first) or first)
        yield Finding("ok", program, f"{number[0] if number else first}: {purpose}")


def how_to_get(program: str, package: str) -> str:
    """The command that installs a tool, for this system.

    >>> how_to_get("clang", "clang") if sys.platform == "linux" else "sudo apt install clang"
    'sudo apt install clang'
    """
    if program == "ziglang" or (program == "cc" and sys.platform == "win32"):
        return GET_ZIG
    if sys.platform == "linux":
        return f"sudo apt install {package}"
    if program == "cc":
        return f"xcode-select --install; or {GET_ZIG}"
    return f"install {program} and put it on the PATH"


def firmware() -> Iterator[Finding]:
    """PlatformIO's core directory: the tools that the set-up made, and those that it downloads for the board."""
    try:
        check_builds(REPO)
    except UserError as error:
        yield Finding("!!", "PlatformIO", error.message, error.hint)
        return
    core = REPO / ".platformio"
    ready = (core / "packages" / "tool-scons" / ".piopm").exists()
    yield Finding(
        "ok" if ready else "!!",
        "PlatformIO",
        "ready for host and cortex-m4" if ready else "not prepared",
        "" if ready else SETUP,
    )
    if " " in str(REPO):
        advice = "for a real board, move the kit to a folder without spaces and set it up there"
        yield Finding("--", "ESP32 tools", f"build nothing in a path with a space: {REPO}", advice)
    elif (core / "platforms" / "espressif32").exists():
        yield Finding("ok", "ESP32 tools", "there")
    else:
        advice = "`pio run -e esp-eye` downloads them, once"
        yield Finding("--", "ESP32 tools", "not downloaded: only for a real board", advice)


def serial_ports() -> Iterator[Finding]:
    """Serial ports, their USB ids, and whether this user may open them."""
    try:
        from aiedge.board.ports import NO_BOARD, explain, find_ports
    except WrongModule as error:
        yield Finding("!!", "serial port", error.message, error.hint)
        return
    except ImportError:
        if in_checkout():
            yield Finding("!!", "serial port", "pyserial is missing", SETUP)
        return
    ports = find_ports()
    if not ports:
        yield Finding("--", "serial port", "none", NO_BOARD)
    for port in ports[:4]:
        allowed = os.name != "posix" or os.access(port.name, os.R_OK | os.W_OK)
        advice = "" if allowed else explain(PermissionError(errno.EACCES, "no permission"), port.name).hint
        yield Finding("ok" if allowed else "!!", "serial port", str(port), advice)
