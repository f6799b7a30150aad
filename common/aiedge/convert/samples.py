"""Samples for calibration out of files: arrays of NumPy, pictures, folders of them."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.train.samples import sample_arrays

FORMS = "a .npy or .npz file of arrays [n, ...], or a folder of pictures"
Shapes = Sequence[tuple[int | None, ...]]


def load_samples(
    path: str | Path, shapes: Shapes, names: Sequence[str], planes: Shapes = ()
) -> list[NDArray[np.float32]]:
    """The samples of a file or folder, float32 [n, ...] for each input, of which `shapes` are without the batch.

    A .npz file has an array for each input, by its name or in the order of the file. uint8 stands for value / 255, as
    do pictures, of which a folder may hold some, or a folder for each class. `planes` are the shapes of inputs whose
    channels may also come first, as PyTorch has them. Raises `UserError` for what cannot be read
    or does not fit, naming it.
    """
    path = Path(path)
    if not path.exists():
        raise UserError(f"there is no file or folder {path}", f"samples are {FORMS}")
    if path.is_dir() or path.suffix.lower() not in (".npy", ".npz"):
        return sample_arrays(_pictures(path, shapes), shapes, names)
    try:
        file = np.load(path)
        arrays = {name: file[name] for name in file.files} if path.suffix.lower() == ".npz" else {"": file}
    except (ValueError, OSError, EOFError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} cannot be read: {error}", f"samples are {FORMS}") from error
    chosen = [arrays[name] for name in names] if set(names) <= set(arrays) else list(arrays.values())
    if len(chosen) != len(names):
        raise UserError(
            f"{path} holds {len(chosen)} arrays ({', '.join(arrays)}), and the model has {len(names)} inputs",
            f"name the samples like the input: np.savez(path, {', '.join(f'{name}=...' for name in names)})",
        )
    reals = [_as_real(each) for each in chosen]
    for i, shape in enumerate(planes):
        if len(shape) == 3 and reals[i].shape[1:] == shape:
            reals[i] = reals[i].transpose(0, 2, 3, 1)
    return sample_arrays(reals if len(reals) > 1 else reals[0], shapes, names)


def _as_real(values: NDArray) -> NDArray:
    return values.astype(np.float32) / np.float32(255) if values.dtype == np.uint8 else values


def _pictures(path: Path, shapes: Shapes) -> NDArray:
    """A picture, or those of a folder and of the folders in it, in the size that the only input takes."""
    from aiedge.train.datasets.photos import SUFFIXES, load_image, pictures

    shape = shapes[0] if len(shapes) == 1 else ()
    if len(shape) != 3 or shape[0] != shape[1] or shape[2] not in (1, 3) or shape[0] is None:
        raise UserError(
            f"{path} would be pictures, and the model takes {[list(each) for each in shapes]}",
            "pictures are for a model with one input of a square of 1 or 3 channels: give a .npy file",
        )
    folders = [path, *sorted(entry for entry in path.iterdir() if entry.is_dir())] if path.is_dir() else []
    files = [file for folder in folders for file in pictures(folder)] if folders else [path]
    if not files:
        raise UserError(f"{path} holds no picture", f"put some hundred there: {', '.join(SUFFIXES)}")
    return _as_real(np.stack([load_image(file, shape[0], shape[2]) for file in files]))
