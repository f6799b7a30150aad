"""What `./start-notebook.sh` does once it has found a Python: set up, then open or run a project.

Runs on any Python from 3.11 on with nothing installed; the work after the set-up is done by the kit's own `.venv`.
"""

import argparse
import os
import socket
import subprocess
import sys
from pathlib import Path

from aiedge import logbook
from aiedge.errors import Parser, UserError, exit_cleanly
from aiedge.lesson import find_project, projects
from aiedge.workshop import bundle, environment, terminal

COMMAND = "./start-notebook.sh"
WELCOME = "Save with Ctrl-S; this terminal keeps JupyterLab running, Ctrl-C twice in it stops that."


def arguments(words: list[str]) -> argparse.Namespace:
    """Parse the command line; leaves the process with status 2 for an unknown option."""
    parser = Parser(
        prog=COMMAND,
        description="Open a project of the workshop in JupyterLab. The first start sets the kit up in .venv.",
        epilog="AIEDGE_PYTHON names the Python to set up with; AIEDGE_WHEELHOUSE a folder of wheels to install from "
        "with no network.",
    )
    parser.add_argument("project", nargs="?", help=f"one of: {', '.join(projects())}")
    parser.add_argument("--run", action="store_true", help="run the solution notebook without a browser")
    parser.add_argument(
        "--no-browser", action="store_true", help="print JupyterLab's address, open no browser"
    )
    parser.add_argument("--port", type=int, help="JupyterLab's port (default: 8888, or the next free one)")
    parser.add_argument("--setup", action="store_true", help="set the kit up, and no more")
    parser.add_argument("--dev", action="store_true", help="set up the tests' tools too")
    parser.add_argument(
        "--wheelhouse", metavar="FOLDER", type=Path, help="fill a folder of wheels, for AIEDGE_WHEELHOUSE"
    )
    parser.add_argument(
        "--bundle",
        metavar="FOLDER",
        type=Path,
        help="copy the kit with all it needs where there is no network",
    )
    return parser.parse_args(words)


def main() -> int:
    """Carry out the command line; returns the exit status."""
    # It named this module to a Python outside the environment; no program started from here needs it.
    os.environ.pop("PYTHONPATH", None)
    options = arguments(sys.argv[1:])
    if options.wheelhouse:
        environment.fill_wheelhouse(options.wheelhouse)
    elif options.bundle:
        bundle.make(options.bundle)
    elif options.setup or options.dev:
        environment.prepare("dev" if options.dev else "user")
    elif options.project is None:
        print(f"usage: {COMMAND} PROJECT   (--help lists the options)\n\nThe projects are:")
        print("".join(f"    {name}\n" for name in projects()), end="")
    else:
        project = find_project(options.project)
        check_port(options.port)
        environment.prepare()
        if options.run:
            return hand_over(["-m", "aiedge.workshop.notebooks", "run", project.name])
        environment.set_up_lab()
        print(f"{logbook.line(project.name)}\n{WELCOME}", flush=True)
        os.environ.update(terminal.variables(project.folder, environment.PYTHON.parent))
        return hand_over(
            ["-m", "jupyterlab", *lab_options(project.student, options.port, not options.no_browser)]
        )
    return 0


def check_port(port: int | None) -> None:
    """Raise `UserError` where a port that was asked for is in use, before anything slow is done."""
    if port is None:
        return
    with socket.socket() as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("localhost", port))
        except OverflowError as error:
            raise UserError(f"there is no port {port}", "ports go from 1 to 65535") from error
        except OSError as error:
            raise UserError(
                f"port {port} is not free", f"{COMMAND} without --port takes the next free one, from 8888 on"
            ) from error


def lab_options(notebook: Path, port: int | None, browser: bool) -> list[str]:
    """JupyterLab's options: on localhost only, the project's notebook open, the whole kit in the file browser.

    `notebook` is `<kit>/<project>/notebook/<name>.ipynb`. Each has a workspace of its own, so that two can be open side
    by side, and each comes back with the tabs that it had.
    """
    kit, name = notebook.parent.parent.parent, notebook.stem
    options = [
        "--ServerApp.log_level=WARN",
        "--ServerApp.ip=localhost",
        f"--ServerApp.root_dir={kit}",
        f"--LabApp.default_url=/lab/workspaces/{name}/tree/{notebook.relative_to(kit).as_posix()}",
    ]
    if shell := terminal.shell_command():
        options.append(f"--ServerApp.terminado_settings={ {'shell_command': shell} }")
    if port is not None:
        options += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if not browser:
        options.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # In a container a student is root.
        options.append("--allow-root")
    return options


def hand_over(words: list[str]) -> int:
    """Go on as the environment's Python, so that Ctrl-C reaches it alone; its kernels are that Python too."""
    # A kernel that the user installed elsewhere under the same name would not know the kit.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    # `pio` and `aiedge` in JupyterLab's terminals.
    os.environ["PATH"] = os.pathsep.join([str(environment.PYTHON.parent), os.environ.get("PATH", os.defpath)])
    # -P: no module is taken from the folder that the person is in.
    command = [str(environment.PYTHON), "-P", *words]
    if os.name == "nt":
        return subprocess.call(command)
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
