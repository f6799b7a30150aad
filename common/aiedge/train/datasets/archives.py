"""CIFAR-10, MNIST and Tiny ImageNet as published: found in a folder or downloaded, and checked.

Each is kept as one .npz file, with the arrays x_train, y_train, x_test and y_test. CIFAR-10: A. Krizhevsky, "Learning
Multiple Layers of Features from Tiny Images", 2009. MNIST: Y. LeCun, C. Cortes, C. J. C. Burges. Tiny ImageNet: see
`imagenet`.
"""

import os
import pickle
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.files import cache_folder
from aiedge.paths import BUNDLE
from aiedge.train.datasets import imagenet
from aiedge.train.datasets.dataset import DRAWN
from aiedge.train.datasets.download import download, is_whole
from aiedge.train.npz import DAMAGED, load_npz

Arrays = dict[str, NDArray]

# What a published set stays below: files in an archive, bytes of one of CIFAR-10's batches (it has 31 MB).
MOST_MEMBERS, MOST_BATCH_BYTES = 100, 2**26


def _damaged(path: Path, what: str) -> UserError:
    return UserError(f"{path} is not the published set: {what}", "delete it, or copy it again")


class _Unpickler(pickle.Unpickler):
    """Reads what CIFAR-10's pickles hold, NumPy arrays among lists and bytes, and calls nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        if (module, name) in (
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),
        ):
            return np._core.multiarray._reconstruct  # type: ignore[attr-defined]
        raise pickle.UnpicklingError(f"it names {module}.{name}")


BATCHES = (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch")


def _unpack_cifar10(packed: Path) -> Arrays:
    """The arrays of CIFAR-10's archive for Python; raises `UserError` where it holds anything else."""
    try:
        return _batches(packed)
    except (*DAMAGED, tarfile.TarError, pickle.UnpicklingError, KeyError, TypeError, IndexError) as error:
        raise _damaged(packed, str(error)) from error


def _batches(packed: Path) -> Arrays:
    parts: dict[str, dict] = {}
    with tarfile.open(packed) as tar:
        for number, member in enumerate(tar):
            if number >= MOST_MEMBERS or member.size > MOST_BATCH_BYTES:
                raise ValueError("it has too many files, or too large ones")
            name = member.name.rsplit("/", 1)[-1]
            if name in BATCHES and member.isfile() and name not in parts:
                file = tar.extractfile(member)
                if file is None:
                    raise ValueError(f"{name} is no file")
                parts[name] = _Unpickler(file, encoding="bytes").load()

    def join(names: list[str]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        images = np.concatenate([parts[name][b"data"] for name in names]).reshape(-1, 3, 32, 32)
        labels = np.concatenate([parts[name][b"labels"] for name in names])
        return np.ascontiguousarray(images.transpose(0, 2, 3, 1)), labels.astype(np.uint8)

    train, test = join(list(BATCHES[:-1])), join(["test_batch"])
    return {"x_train": train[0], "y_train": train[1], "x_test": test[0], "y_test": test[1]}


@dataclass(frozen=True)
class Archive:
    """A published set: its file's name here, where it comes from, and what it holds.

    `digest` is the SHA-256 of what lies at `url`, or its MD5; `unpack` makes arrays of it, where it is no .npz file.
    `named` says that the .npz also holds the `names` of the classes.
    """

    name: str
    file: str
    url: str
    digest: str
    train: int
    test: int
    shape: tuple[int, ...]
    unpack: Callable[[Path], Arrays] | None = None
    classes: int = 10
    named: bool = False

    @property
    def bytes(self) -> int:
        """More than its arrays take, whatever their type."""
        return 4 * (self.train + self.test) * (prod(self.shape) + 8) + 2**16


CIFAR10 = Archive(
    "CIFAR-10", "cifar10.npz", "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce", 50_000, 10_000, (32, 32, 3),
    _unpack_cifar10,
)  # fmt: skip
MNIST = Archive(
    "MNIST", "mnist.npz", "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1", 60_000, 10_000, (28, 28),
)  # fmt: skip
TINY_IMAGENET = Archive(
    "Tiny ImageNet", "tiny_imagenet.npz", "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
    "90528d7ca1a48142e341f4ef8d21d0de", 25_200, 2_520, (64, 64, 3),
    imagenet.unpack, classes=200, named=True,
)  # fmt: skip


def find(archive: Archive) -> Path:
    """The archive's .npz file: in the folder that `AIEDGE_DATA` names, else in the cache or the kit's bundle, else
    downloaded into the cache.

    Raises `UserError` where `AIEDGE_DATA` is set and the file is not there, and what `download` raises.
    """
    folder = os.environ.get("AIEDGE_DATA")
    if folder and folder != DRAWN:
        path = Path(folder).expanduser() / archive.file
        if not path.is_file():
            raise UserError(
                f"there is no {archive.file} in {folder}, which AIEDGE_DATA names",
                "put it there (arrays x_train, y_train, x_test, y_test), or unset AIEDGE_DATA",
            )
        return path
    path = kept(archive)
    if not path.is_file():
        if archive.unpack is None:
            return download(archive.url, path, archive.digest)
        packed = path.with_name(archive.url.rsplit("/", 1)[1])
        # One that lies in the cache can be anybody's, and it may hold pickles.
        if not packed.is_file() or not is_whole(packed, archive.digest):
            packed.unlink(missing_ok=True)
            download(archive.url, packed, archive.digest)
        save(path, archive.unpack(packed))
        packed.unlink()
    return path


def kept(archive: Archive) -> Path:
    """Where the archive's .npz file lies: in the kit's bundle where that has it, else in the cache, there or not."""
    bundled = BUNDLE / "pictures" / archive.file
    cached = cache_folder("datasets") / archive.file
    return bundled if bundled.is_file() and not cached.is_file() else cached


def save(path: Path, arrays: dict[str, NDArray]) -> None:
    """Write arrays as an .npz file, whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.npz")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(partial, **arrays)  # type: ignore[arg-type]
        partial.replace(path)
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror}",
            "make room or set AIEDGE_CACHE to a folder that you may write to",
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def read(path: Path, archive: Archive) -> Arrays:
    """The arrays of an .npz file: images uint8 [n, ...], labels uint8 [n], names of the classes.

    Raises `UserError` if it is damaged.
    """
    wanted = ("x_train", "y_train", "x_test", "y_test", *(("names",) if archive.named else ()))
    try:
        arrays = load_npz(path, archive.bytes)
        arrays = {name: arrays[name] for name in wanted}
    except KeyError as error:
        raise _damaged(path, f"the array {error.args[0].split()[0]} is missing") from error
    except PermissionError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", "is it yours?") from error
    except DAMAGED as error:
        raise _damaged(path, "it is cut off or no .npz file") from error
    last = archive.classes - 1
    for part, count in (("train", archive.train), ("test", archive.test)):
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if images.shape != (count, *archive.shape) or images.dtype != np.uint8:
            raise _damaged(
                path,
                f"x_{part} is {images.dtype} {list(images.shape)}, not uint8 {[count, *archive.shape]}",
            )
        if labels.size != count or labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() > last:
            raise _damaged(path, f"y_{part} is not {count} integers from 0 to {last}")
        arrays[f"y_{part}"] = labels.reshape(-1)
    if archive.named and (arrays["names"].shape != (archive.classes,) or arrays["names"].dtype.kind != "U"):
        raise _damaged(path, f"names is not {archive.classes} names")
    return arrays
