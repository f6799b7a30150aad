"""An IPython extension that says under two errors what they mean for a student; the set-up switches it on.

Loaded before anything else, so that it is there after a kernel has started anew, when the checks are not.
"""

from types import TracebackType
from typing import Any

__all__ = ["hint", "load_ipython_extension"]


def hint(error: BaseException) -> str:
    """What to do about an error of a cell, "" for those that say so themselves.

    >>> print(hint(NameError("name 'model' is not defined", name="model")))
    `model` is not there: the cell that makes it has not run since the kernel started.
    Choose Run → Run All Above Selected Cell, then run this cell again.
    """
    if isinstance(error, NameError):
        name = getattr(error, "name", None) or "a name"
        return (
            f"`{name}` is not there: the cell that makes it has not run since the kernel started.\n"
            "Choose Run → Run All Above Selected Cell, then run this cell again."
        )
    if isinstance(error, TypeError) and "ellipsis" in str(error).lower():
        return "A TODO is still open: `...` stands where something is to be filled in."
    return ""


def load_ipython_extension(shell: Any) -> None:
    """Show the hint under the traceback of an error that has one."""

    def show(
        shell: Any,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType,
        tb_offset: int | None = None,
    ) -> list[str]:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        if words := hint(error):
            print(words)
        return shell._last_traceback or []

    shell.set_custom_exc((NameError, TypeError), show)
