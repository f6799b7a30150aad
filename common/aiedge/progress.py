"""Progress bars on a terminal and in a notebook, where they move: a log would keep each of their states. Colours."""

import os
import sys
from typing import Any

from tqdm import tqdm as every_bar


def in_notebook() -> bool:
    """Whether this process is a notebook's kernel."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def has_colours(stream: Any) -> bool:
    """Whether a stream is a terminal that takes colours, and nobody asked for none (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class tqdm(every_bar):
    """tqdm's bar, hidden unless it goes to a terminal or a notebook; there to stdout, since stderr is pink.

    In a notebook a bar within another one is hidden, too: no cursor goes up there, so each would leave its line behind.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        stream = options.get("file") or (sys.stdout if in_notebook() else sys.stderr)
        options["file"] = stream
        inner = in_notebook() and any(bar is not self for bar in tuple(self._instances))
        hidden = bool(options.get("disable")) or not (stream.isatty() or in_notebook())
        options["disable"] = hidden or inner
        super().__init__(*arguments, **options)
