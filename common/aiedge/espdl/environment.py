"""The environment of esp-ppq, apart from the kit's: PyTorch takes more than a gigabyte."""

import subprocess
import sys
import venv
from pathlib import Path

from aiedge.errors import UserError
from aiedge.files import cache_folder, write_atomic

PACKAGES = ("torch==2.13.0", "esp-ppq==1.3.12", "onnxruntime==1.32.0")
MODULES = "torch, esp_ppq, onnxruntime"
COMPLETE = "complete.txt"  # written last, with what was installed
SIZE = "1.2 GB with PyTorch's CPU build"


def folder() -> Path:
    """Where it lies: in the user's cache."""
    return cache_folder("espdl")


def python(place: Path | None = None) -> Path:
    """Its Python.

    Raises `UserError` where it is not there, half installed, or of other versions.
    """
    place = place or folder()
    program = place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not place.exists():
        raise UserError("esp-ppq is not set up", f"aiedge espdl --setup installs it into {place}: {SIZE}")
    mark = place / COMPLETE
    if not mark.is_file() or not program.exists():
        raise UserError(f"esp-ppq in {place} is half installed", "aiedge espdl --setup goes on with it")
    if mark.read_text(encoding="utf-8").split() != list(PACKAGES):
        raise UserError(
            f"esp-ppq in {place} has other versions than {', '.join(PACKAGES)}", "aiedge espdl --setup"
        )
    return program


def setup(index: str = "", place: Path | None = None) -> Path:
    """Make the environment, or go on with a half-installed one; returns its Python.

    `index` is a package index to take PyTorch's CPU build from. Raises `UserError` where pip fails, and where it takes
    packages for installed that lack files.
    """
    place = place or folder()
    (place / COMPLETE).unlink(missing_ok=True)
    venv.create(place, with_pip=True)
    program = place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    for i, package in enumerate(PACKAGES):
        extra = ["--index-url", index] if index and i == 0 else []
        if subprocess.run([program, "-m", "pip", "install", *extra, package], check=False).returncode:
            raise UserError(
                f"pip could not install {package}", "is there a network, and room on the disk? Try again"
            )
    tried: list[str | Path] = [program, "-P", "-c", f"import {MODULES}"]
    if (done := subprocess.run(tried, capture_output=True, text=True, check=False)).returncode:
        last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise UserError(
            f"esp-ppq in {place} is damaged: {last}", f"delete {place}, then: aiedge espdl --setup"
        )
    write_atomic(place / COMPLETE, "\n".join(PACKAGES) + "\n")
    return python(place)
