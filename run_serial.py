#!/usr/bin/env python3
"""Serial benchmark: ./run_serial.py --help. The work is done in aiedge.benchmark.

Runs in the active environment if that has the kit, else in the kit's own, `.venv`. Until one of them is found this
file needs no package and any Python from 3.8 on.
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(HERE, ".venv")
PYTHON = (
    os.path.join(VENV, "Scripts", "python.exe") if os.name == "nt" else os.path.join(VENV, "bin", "python")
)


def main():
    try:
        from aiedge.benchmark import main as benchmark
    except (ImportError, SyntaxError, TypeError) as error:  # not installed, or for a newer Python
        return start_in_venv(error)
    return benchmark()


def start_in_venv(error):
    hint = "./start-notebook.sh xormodel sets it up"
    if os.environ.pop("AIEDGE_RESTARTED", ""):  # by this function: a damaged .venv would start itself forever
        message = f"the kit's .venv is incomplete: {getattr(error, 'message', error)}"
        if type(error).__name__ == "WrongModule":  # one that the person has added
            message, hint = error.message, error.hint
    elif not os.path.exists(PYTHON):
        message = "the kit is not set up yet"
    else:
        command = [PYTHON, os.path.abspath(__file__), *sys.argv[1:]]
        os.environ["AIEDGE_RESTARTED"] = "yes"
        if os.name == "nt":  # execv would return to the shell at once
            return subprocess.call(command)
        os.execv(PYTHON, command)
    print(f"error: {message}\nhint: {hint}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
