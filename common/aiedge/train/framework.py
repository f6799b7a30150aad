"""TensorFlow and Keras, imported without the hundred log lines that they print.

Importing this module takes some seconds, since it imports TensorFlow.
"""

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import TextIO

from aiedge.errors import extras


class _Log(io.TextIOBase):
    """Writes to a file while a block is quiet, and afterwards to what stderr is then.

    A handler of `logging` that was made in the block keeps it, and has warnings to show later.
    """

    def __init__(self, file: TextIO) -> None:
        self._file: TextIO | None = file

    def write(self, text: str) -> int:
        return (self._file or sys.stderr).write(text)

    def flush(self) -> None:
        (self._file or sys.stderr).flush()

    def end(self) -> None:
        """Let go of the file."""
        if self._file:
            self._file.close()
        self._file = None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what Python and C++ print off the screen, unless the block fails: then all of it is shown."""
    with tempfile.TemporaryFile() as log:
        saved = [os.dup(1), os.dup(2)]
        text = _Log(open(log.fileno(), "w", closefd=False, encoding="utf-8", errors="replace"))  # noqa: SIM115
        try:
            with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
                yield
        except BaseException:
            os.dup2(saved[1], 2)
            text.flush()
            log.seek(0)
            os.write(2, log.read())
            raise
        finally:
            text.end()
            for stream, copy in zip((1, 2), saved, strict=True):
                os.dup2(copy, stream)
                os.close(copy)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# The same numbers on every processor; oneDNN picks its order of sums by what it finds.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
with extras(), quiet():
    import keras
    import tensorflow
# Its warnings would go to the file that `quiet` has closed.
tensorflow.get_logger().setLevel("ERROR")

__all__ = ["keras", "quiet", "tensorflow"]
