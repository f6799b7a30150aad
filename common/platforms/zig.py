"""Zig's C and C++ compiler, of the Python package ziglang, for the builders of `host` and `browser`."""

import os
import subprocess
import sys
from pathlib import Path

GET_ZIG = ".venv/bin/python -m pip install ziglang==0.17.1   (in the kit's folder)"
KIT = Path(__file__).resolve().parents[2]


def find_zig(env) -> str:
    """The words that start it, for SCons; "" where no Python of the kit's has the package."""
    venv = KIT / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    for python in os.environ.get("AIEDGE_PYTHON"), str(venv), sys.executable:
        try:
            if (
                python
                and subprocess.run([python, "-P", "-c", "import ziglang"], capture_output=True).returncode
                == 0
            ):
                # It keeps what it has compiled of the C library; SCons hands no variables on.
                for name in ("HOME", "LOCALAPPDATA", "XDG_CACHE_HOME", "ZIG_GLOBAL_CACHE_DIR"):
                    if name in os.environ:
                        env["ENV"][name] = os.environ[name]
                return f'"{python}" -P -m ziglang'
        except OSError:
            continue
    return ""
