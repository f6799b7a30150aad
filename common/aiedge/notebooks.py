"""Running notebooks: one kernel of this very Python, one bar, one plain error when a cell fails.

The kernel is the Python that runs the caller, never a kernelspec that happens to be installed for another
environment, so a notebook sees the packages that its caller sees.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

from aiedge.errors import UserError


class _ThisPython(KernelSpecManager):
    """Offers one kernel, whatever its name: the Python that runs now."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        # Plots belong in the notebook even where the caller's environment asks for another backend.
        env = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
        return KernelSpec(**(get_kernel_dict() | {"env": env}))


@contextmanager
def kernel(nb: NotebookNode, folder: str | Path) -> Iterator[NotebookClient]:
    """Start a kernel whose current folder is `folder`; yields the client that runs the cells of `nb` in it.

    `client.execute_cell(cell, index)` runs one cell, stores its outputs in place and raises nbclient's
    `CellExecutionError` (with `ename` and `evalue`) where it fails. The kernel ends with the block.
    """
    # Encrypted where the installed Jupyter can: other people's programs on this machine share its local ports.
    manager = AsyncKernelManager(
        kernel_name="python3", kernel_spec_manager=_ThisPython(), transport_encryption="auto"
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


def execute(nb: NotebookNode, folder: str | Path, progress: bool = True) -> NotebookNode:
    """Run all code cells of `nb` in order, with `folder` as the current folder and a bar that counts cells.

    The outputs are stored in `nb` itself, which is returned; after a failure they are there up to the failing
    cell. Raises `UserError`, which names the cell, for a cell that raises or a kernel that dies.
    """
    code = [cell for cell in nb.cells if cell.cell_type == "code" and cell.source.strip()]
    for cell in code:
        cell.outputs, cell.execution_count = [], None
    with kernel(nb, folder) as client, tqdm(total=len(code), unit="cell", disable=not progress) as bar:
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
