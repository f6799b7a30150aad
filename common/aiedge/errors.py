"""Errors that a person can cause, and how a command shows them.

Such an error says what happened and what to do about it. Commands print both and exit with status 2; the
traceback appears only on request.
"""

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import NoReturn

# Modules that `pip install aiedge` does not bring, and the extra of pyproject.toml that does.
EXTRAS = {
    "IPython": "workshop",
    "PIL": "workshop",
    "SCons": "board",
    "ipykernel": "workshop",
    "jupyter_client": "workshop",
    "jupyter_core": "workshop",
    "jupytext": "workshop",
    "keras": "workshop",
    "matplotlib": "plots",
    "mistune": "workshop",
    "nbclient": "workshop",
    "nbformat": "workshop",
    "onnx": "onnx",
    "optuna": "search",
    "packaging": "workshop",
    "platformio": "board",
    "serial": "board",
    "sqlalchemy": "search",
    "tensorflow": "workshop",
    "tflite_micro": "tflm",
    "tornado": "workshop",
    "ziglang": "cc",
}


# How to get Zig's C compiler, which no set-up brings but that for Windows.
GET_ZIG = "pip install 'aiedge[cc]'; in the kit's folder: .venv/bin/python -m pip install ziglang==0.17.1"


class UserError(Exception):
    """Something that the person at the keyboard can mend.

    >>> print(UserError("m.tflite is empty", "export the model again"))
    error: m.tflite is empty
    hint: export the model again
    """

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"error: {self.message}" + (f"\nhint: {self.hint}" if self.hint else "")

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows in place of a traceback."""
        return str(self).splitlines()


class MissingExtra(UserError, ImportError):
    """Something needs a module that one of the extras brings.

    >>> print(MissingExtra("serial"))
    error: the Python module serial is not installed
    hint: pip install 'aiedge[board]'; in the kit's own folder: ./start-notebook.sh --setup
    """

    def __init__(self, module: str):
        super().__init__(
            f"the Python module {module} is not installed",
            f"pip install 'aiedge[{EXTRAS[module]}]'; in the kit's own folder: ./start-notebook.sh --setup",
        )


class WrongModule(UserError, ImportError):
    """A module of the name that an extra brings is another one: a package of that name, or a file in the way."""

    def __init__(self, name: str, file: str):
        module = name.partition(".")[0]
        package = {"serial": "pyserial"}.get(module, module)
        super().__init__(
            f"the Python module {module} is another one than {package}'s: {file} has no {name}",
            f"rename that file if it is yours; else: pip uninstall {module} {package}; pip install {package}",
        )


@contextlib.contextmanager
def extras() -> Iterator[None]:
    """Turn the failing import of a module of `EXTRAS` into a `MissingExtra`, from however deep within it comes.

    Where there is a module of that name, but not the one that is meant, it is a `WrongModule`.

    >>> with extras():
    ...     import json
    """
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in EXTRAS:
            raise
        if error.name == module:
            raise MissingExtra(module) from error
        spec = find_spec(module)
        raise WrongModule(error.name or "", str(spec.origin if spec else module)) from error


class Parser(argparse.ArgumentParser):
    """A parser of command lines whose complaints look like all the kit's errors."""

    def error(self, message: str) -> NoReturn:
        print(UserError(message, f"{self.prog} --help lists what there is"), file=sys.stderr)
        sys.exit(2)


def exit_cleanly(command: Callable[[], int | None], debug: bool = False) -> int:
    """Run a command and return its exit status: 2 after a `UserError`, 130 after Ctrl-C.

    A file or folder that the system refuses (no permission, no room) counts as one, and so does a module that an extra
    brings. With `debug` the traceback is shown as well.
    """
    for stream in (sys.stdout, sys.stderr):
        # A pipe may have an old encoding, such as cp1252 on Windows, without → and µ.
        if isinstance(stream, io.TextIOWrapper):
            utf8 = stream.encoding.lower().replace("-", "") == "utf8"
            stream.reconfigure(errors="backslashreplace" if utf8 else "replace")
    try:
        with extras():
            status = command() or 0
        sys.stdout.flush()  # here, where a full disk can still be told
        return status
    except UserError as error:
        if debug:
            raise
        _complain(error)
        return 2
    except KeyboardInterrupt:
        _complain("\nerror: interrupted")
        return 130
    except BrokenPipeError:
        # The reader (head, less) has seen enough; closing stderr too keeps Python from reporting it at exit.
        sys.stderr.close()
        return 0
    except OSError as error:
        if debug:
            raise
        hint = "is it yours, and is there room on the disk?"
        if error.filename is None:  # a disk that is full, or an output that nobody takes
            hint = "is there room on the disk, and is what this writes to still open?"
        _complain(UserError(f"{error.filename or 'input or output'}: {error.strerror or error}", hint))
        return 2


def _complain(text: object) -> None:
    """Show an error, also where nothing more can be written."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        # What is left in the buffer would be tried again at the end, and would change the exit status.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
