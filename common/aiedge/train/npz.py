"""NumPy's .npz files from anywhere: counted before they are unpacked."""

import zipfile
import zlib
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# What reading a file raises that is missing, cut off, no .npz file, or larger than it may be.
DAMAGED = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    AttributeError,
    MemoryError,
    RuntimeError,  # encrypted
    zipfile.BadZipFile,
    zlib.error,
)

MOST_BYTES, MOST_ARRAYS = 2**31, 10_000


def load_npz(path: Path, most: int = MOST_BYTES) -> dict[str, NDArray]:
    """The arrays of an .npz file, of at most `most` bytes in all: what its table and the arrays' heads say is counted
    before anything is unpacked. Raises one of `DAMAGED`.
    """
    with zipfile.ZipFile(path) as file:
        members = file.infolist()
        if len(members) > MOST_ARRAYS or sum(member.file_size for member in members) > most:
            raise ValueError("it unpacks to more than it may")
        for member in members:
            with file.open(member) as stream:
                version = np.lib.format.read_magic(stream)
                head = {(1, 0): np.lib.format.read_array_header_1_0}.get(
                    version, np.lib.format.read_array_header_2_0
                )
                shape, _, dtype = head(stream)
                if dtype.hasobject or prod(shape) * dtype.itemsize > member.file_size:
                    raise ValueError("an array is larger than its file")
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
