"""Says after every `pio run` which memory of the board the model fits, and what would make it fit.

compile_model.py, which runs before, leaves the command in AIEDGE_MEMORY. With a target (exec, upload) or with
AIEDGE_SUMMARY=no nothing is printed.
"""

import os
import subprocess

from SCons.Script import AlwaysBuild, Default

Import("env")  # noqa: F821  (SCons hands it to this script)


def say(target: list, source: list, env) -> None:
    """Print the summary; the firmware is built, so that an error here is no error of the build."""
    subprocess.run(env["AIEDGE_MEMORY"])


if "AIEDGE_MEMORY" in env and os.environ.get("AIEDGE_SUMMARY") != "no":  # noqa: F821
    AlwaysBuild(env.Alias("memory_summary", env["PIOMAINPROG"], env.Action(say, None)))  # noqa: F821
    Default("memory_summary")
