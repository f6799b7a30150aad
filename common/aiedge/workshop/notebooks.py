"""Running notebooks: one kernel of this very Python, one bar, one plain error when a cell fails.

The kernel is the Python that runs the caller, never a kernelspec that happens to be installed for another
environment, so a notebook sees the packages that its caller sees.

    python -m aiedge.workshop.notebooks run PROJECT     runs the solution in PROJECT/build/ and prints its summary
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import nbformat
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

from aiedge.errors import Parser, UserError, exit_cleanly
from aiedge.files import write_atomic
from aiedge.lesson import find_project

# The drawn pictures, whatever is on this computer: what is committed must show no other.
DRAWN = {"AIEDGE_DATA": "drawn"}


class _ThisPython(KernelSpecManager):
    """Offers one kernel, whatever its name: the Python that runs now, with `variables` in its environment."""

    def __init__(self, variables: Mapping[str, str]):
        super().__init__()
        self.variables = dict(variables)

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        # Plots belong in the notebook even where the caller's environment asks for another backend.
        env = self.variables | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
        return KernelSpec(**(get_kernel_dict() | {"env": env}))


@contextmanager
def kernel(
    nb: NotebookNode, folder: str | Path, variables: Mapping[str, str] = MappingProxyType({})
) -> Iterator[NotebookClient]:
    """Start a kernel whose current folder is `folder`; yields the client that runs the cells of `nb` in it.

    `variables` are added to the kernel's environment.

    `client.execute_cell(cell, index)` runs one cell, stores its outputs in place and raises nbclient's
    `CellExecutionError` (with `ename` and `evalue`) where it fails. The kernel ends with the block.
    """
    # Encrypted where the installed Jupyter can: other people's programs on this machine share its local ports.
    manager = AsyncKernelManager(
        kernel_name="python3", kernel_spec_manager=_ThisPython(variables), transport_encryption="auto"
    )
    client = NotebookClient(
        nb,
        km=manager,
        timeout=None,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    with client.setup_kernel(cleanup_kc=True):
        yield client


def execute(
    nb: NotebookNode,
    folder: str | Path,
    progress: bool = True,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> NotebookNode:
    """Run all code cells of `nb` in order, with `folder` as the current folder and a bar that counts cells.

    The outputs are stored in `nb` itself, which is returned; after a failure they are there up to the failing
    cell. Raises `UserError`, which names the cell, for a cell that raises or a kernel that dies.
    """
    code = [cell for cell in nb.cells if cell.cell_type == "code" and cell.source.strip()]
    for cell in code:
        cell.outputs, cell.execution_count = [], None
    with (
        kernel(nb, folder, variables) as client,
        tqdm(total=len(code), unit="cell", disable=hidden(progress)) as bar,
    ):
        for index, cell in enumerate(nb.cells):
            if cell.cell_type == "markdown" and cell.source.startswith("#"):
                bar.set_description(cell.source.splitlines()[0].strip("# ")[:40])
            if cell.cell_type != "code" or not cell.source.strip():
                continue
            try:
                client.execute_cell(cell, index)
            except CellExecutionError as error:
                reason = f"{error.ename}: {error.evalue}".strip(": ")
                raise UserError(
                    f"{cell_name(nb, index)} stopped: {reason}", f"the cell begins with: {excerpt(cell)}"
                ) from error
            except DeadKernelError as error:
                raise UserError(
                    f"Python died in {cell_name(nb, index)}", "often too little memory: close other programs"
                ) from error
            bar.update()
    return nb


def hidden(progress: bool) -> bool | None:
    """tqdm's `disable`: a bar is shown where it is wanted, on a terminal only, for a log would keep each of its states.

    >>> hidden(False)
    True
    """
    return None if progress else True


def cell_name(nb: NotebookNode, index: int) -> str:
    """How a person finds a cell: its number among the code cells, which is the `[3]` that Jupyter shows.

    >>> import nbformat.v4 as v4
    >>> cell_name(v4.new_notebook(cells=[v4.new_markdown_cell(), v4.new_code_cell("x = 1")]), 1)
    'code cell 1'
    """
    return f"code cell {sum(cell.cell_type == 'code' for cell in nb.cells[: index + 1])}"


def excerpt(cell: NotebookNode) -> str:
    """The first line of a cell's source that is more than a comment.

    >>> import nbformat.v4 as v4
    >>> excerpt(v4.new_code_cell("# a comment\\nx = 1"))
    'x = 1'
    """
    lines: list[str] = [line for line in cell.source.splitlines() if line.strip()] or [""]
    return next((line for line in lines if not line.lstrip().startswith("#")), lines[0]).strip()


def run_solution(project: str) -> tuple[NotebookNode, Path]:
    """Execute a project's solution notebook in its scratch folder `build/`; returns it and where it was written.

    What it exports lies in that folder too. It is written even where a cell fails, so that its outputs can be read.
    """
    found = find_project(project)
    folder, source = found.folder / "build", found.solution
    if not source.exists():
        raise UserError(f"there is no {source}", "write it: aiedge lessons build --execute")
    folder.mkdir(exist_ok=True)
    nb = nbformat.read(source, as_version=4)
    written = folder / source.name
    try:
        execute(nb, folder)
    finally:
        write_atomic(written, nbformat.writes(nb) + "\n")
    return nb, written


def summary(nb: NotebookNode) -> str:
    """The text that the cells tagged `summary` printed or showed.

    >>> import nbformat.v4 as v4
    >>> cell = v4.new_code_cell(metadata={"tags": ["summary"]}, outputs=[v4.new_output("stream", text="3696 bytes\\n")])
    >>> summary(v4.new_notebook(cells=[v4.new_code_cell("x = 1"), cell]))
    '3696 bytes'
    """
    outputs = [
        output
        for cell in nb.cells
        if cell.cell_type == "code" and "summary" in cell.metadata.get("tags", [])
        for output in cell.outputs
    ]
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
    return "\n".join(text.rstrip("\n") for text in texts if text)


def main() -> int:
    """The command line of this module; returns the exit status."""
    parser = Parser(prog="python -m aiedge.workshop.notebooks", description="Run a project's solution.")
    parser.add_argument("action", choices=["run"])
    parser.add_argument("project")
    nb, written = run_solution(parser.parse_args().project)
    print(f"{summary(nb)}\n\nThe executed notebook: {written}")
    return 0


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
