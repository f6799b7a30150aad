"""The sets of pictures: splits, sources, damaged files, drawings."""

import dataclasses
import hashlib
import io
import os
import pickle
import tarfile
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aiedge.errors import UserError
from aiedge.train import datasets
from aiedge.train.datasets import archives, drawn_cars, drawn_small, sets
from aiedge.train.datasets.dataset import Dataset, Splits
from aiedge.train.datasets.download import NoNetworkError

NO_SERVER = "http://127.0.0.1:9/cifar10.npz"  # the discard port: nobody listens


def invented(
    archive: archives.Archive, train: int, test: int
) -> tuple[archives.Archive, dict[str, np.ndarray]]:
    """A small archive of the same form, with pictures that all differ."""
    rng = np.random.default_rng(1)
    arrays = {}
    for part, count in (("train", train), ("test", test)):
        arrays[f"x_{part}"] = rng.integers(0, 256, (count, *archive.shape), dtype=np.uint8)
        arrays[f"y_{part}"] = rng.permutation(np.arange(count) % 10).astype(np.uint8)
    return dataclasses.replace(archive, train=train, test=test), arrays


@pytest.fixture
def small_cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """`AIEDGE_DATA` with a CIFAR-10 of a tenth of its size."""
    archive, arrays = invented(archives.CIFAR10, 5000, 1000)
    np.savez(tmp_path / archive.file, **arrays)
    monkeypatch.setattr(archives, "CIFAR10", archive)
    monkeypatch.setenv("AIEDGE_DATA", str(tmp_path))
    return arrays


def parts(splits: Splits) -> tuple[Dataset, Dataset, Dataset]:
    return splits.train, splits.calibration, splits.test


def assert_apart(splits: Splits) -> None:
    """No picture of a part is in another one, byte for byte."""
    pictures = [{image.tobytes() for image in part.images} for part in parts(splits)]
    assert len(set.union(*pictures)) == sum(map(len, pictures))


def test_cars_are_balanced_and_apart(small_cifar: dict[str, np.ndarray]) -> None:
    splits = datasets.cars()
    assert [len(part) for part in parts(splits)] == [500, 500, 200]
    assert_apart(splits)
    for part in parts(splits):
        assert part.images.shape[1:] == (96, 96, 3) and part.images.dtype == np.uint8
        assert part.classes == ("no car", "car") and part.labels.dtype == np.int64
        np.testing.assert_array_equal(part.labels == 1, part.kinds == "automobile")
        assert abs(part.take(20).labels.mean() - 0.5) < 1e-9
        others = Counter(part.kinds[part.labels == 0].tolist())
        assert len(others) == 9 and max(others.values()) - min(others.values()) <= 1
    assert splits.source == "CIFAR-10" and splits.notice == ""


def test_cars_are_the_pictures_of_the_archive(small_cifar: dict[str, np.ndarray]) -> None:
    """Each enlarged test picture, shrunk again, is nearest to a picture of its class in the archive's test set."""
    test = datasets.cars().test.take(20)
    shrunk = test.images.reshape(-1, 32, 3, 32, 3, 3)[:, :, 1, :, 1].astype(float)
    for picture, kind in zip(shrunk, test.kinds, strict=True):
        distance = np.abs(small_cifar["x_test"] - picture).mean(axis=(1, 2, 3))
        assert distance.min() < 15
        assert sets.CLASSES[small_cifar["y_test"][distance.argmin()]] == kind


def test_only_the_cars_that_are_taken_are_enlarged(
    small_cifar: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    enlarged: list[int] = []
    enlarge = sets.enlarge
    monkeypatch.setattr(sets, "enlarge", lambda images: enlarged.append(len(images)) or enlarge(images))
    sets._cars_of.cache_clear()
    splits = datasets.cars("real")
    assert len(splits.test) == len(splits.test.kinds) and enlarged == []
    few = splits.test.take(3)
    assert few.images.shape == (3, 96, 96, 3) and enlarged == [3]
    assert np.array_equal(few.images, splits.test.images[:3])
    assert np.array_equal(few.where(few.labels == 1).images, few.images[few.labels == 1])


def test_splits_do_not_depend_on_the_order_in_the_file(
    small_cifar: dict[str, np.ndarray], tmp_path: Path
) -> None:
    before = datasets.cifar10().calibration
    order = np.random.default_rng(0).permutation(5000)
    shuffled = small_cifar | {
        "x_train": small_cifar["x_train"][order],
        "y_train": small_cifar["y_train"][order],
    }
    np.savez(tmp_path / archives.CIFAR10.file, **shuffled)
    np.testing.assert_array_equal(datasets.cifar10().calibration.images, before.images)


def test_cifar10_splits(small_cifar: dict[str, np.ndarray]) -> None:
    splits = datasets.cifar10()
    assert_apart(splits)
    assert [len(part) for part in parts(splits)] == [4500, 500, 1000]
    assert np.bincount(splits.calibration.labels).tolist() == [50] * 10
    np.testing.assert_array_equal(splits.test.images, small_cifar["x_test"])
    np.testing.assert_array_equal(splits.test.labels, small_cifar["y_test"])


def test_mnist_has_one_channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, arrays = invented(archives.MNIST, 1000, 100)
    np.savez(tmp_path / archive.file, **arrays)
    monkeypatch.setattr(archives, "MNIST", archive)
    monkeypatch.setenv("AIEDGE_DATA", str(tmp_path))
    splits = datasets.mnist()
    assert splits.train.images.shape == (500, 28, 28, 1) and splits.source == "MNIST"
    assert_apart(splits)


@pytest.mark.parametrize("name", ["cars", "cifar10", "mnist", "tiny_imagenet"])
def test_real_sets(name: str) -> None:
    """On the published sets, where they are: sizes as documented, and no picture in two parts."""
    folder, file = os.environ.get("AIEDGE_DATA", "drawn"), f"{name.replace('cars', 'cifar10')}.npz"
    if folder == "drawn" or not (Path(folder) / file).exists():
        pytest.skip(f"needs the published pictures: set AIEDGE_DATA to a folder with {file}")
    splits = getattr(datasets, name)(*(() if name == "tiny_imagenet" else ("real",)))
    sizes = {
        "cars": [9500, 500, 2000],
        "cifar10": [49_500, 500, 10_000],
        "mnist": [59_500, 500, 10_000],
        "tiny_imagenet": [24_800, 400, 2520],
    }
    assert [len(part) for part in parts(splits)] == sizes[name]
    assert_apart(splits)


def test_inputs_are_pixels_over_255() -> None:
    images = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    inputs = Dataset(images, np.zeros(1, np.int64), ("a",), np.array(["a"])).inputs
    assert inputs.dtype == np.float32 and inputs.shape == (1, 2, 2, 3)
    np.testing.assert_allclose(inputs * 255, images, rtol=1e-6)


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="3 images, 2 labels and 3 kinds"):
        Dataset(np.zeros((3, 1, 1, 1), np.uint8), np.zeros(2, np.int64), ("a",), np.array(["a"] * 3))


# Files that are not what they should be.


def test_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIEDGE_DATA", str(tmp_path))
    for name in ("cars", "cifar10", "mnist", "tiny_imagenet"):
        with pytest.raises(
            UserError, match=r"there is no (cifar10|mnist|tiny_imagenet)\.npz in .*AIEDGE_DATA"
        ):
            getattr(datasets, name)()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def _lie(path: Path) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (10**12,)})
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x_train.npy", head.getvalue())


def _rewrite(path: Path, **changes: np.ndarray | None) -> None:
    with np.load(path) as file:
        arrays = {**file, **changes}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


DAMAGE = {
    "cut off": (_cut, "it is cut off or no .npz file"),
    "one byte differs": (_flip, "it is cut off or no .npz file"),
    "empty": (lambda path: path.write_bytes(b""), "it is cut off or no .npz file"),
    "text": (lambda path: path.write_text("<html>404</html>"), "it is cut off or no .npz file"),
    "pickled": (
        lambda path: _rewrite(path, x_test=np.array([{}], dtype=object)),
        "it is cut off or no .npz file",
    ),
    "a head of 10^12 values": (_lie, "it is cut off or no .npz file"),
    "zeros without end": (
        lambda path: np.savez_compressed(path, x_train=np.zeros(300_000_000, np.uint8)),
        "it is cut off or no .npz file",
    ),
    "no labels": (lambda path: _rewrite(path, y_test=None), "the array y_test is missing"),
    "fewer pictures": (
        lambda path: _rewrite(path, x_train=np.zeros((999, 32, 32, 3), np.uint8)),
        r"x_train is uint8 \[999, 32, 32, 3\], not uint8 \[5000, 32, 32, 3\]",
    ),
    "floats": (lambda path: _rewrite(path, x_test=np.zeros((1000, 32, 32, 3))), "x_test is float64"),
    "other labels": (
        lambda path: _rewrite(path, y_test=np.full(1000, 10)),
        "y_test is not 1000 integers from 0 to 9",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_file_is_refused(damage: str, small_cifar: dict[str, np.ndarray], tmp_path: Path) -> None:
    spoil, message = DAMAGE[damage]
    spoil(tmp_path / "cifar10.npz")
    with pytest.raises(UserError, match=rf"cifar10\.npz is not the published set: {message}"):
        datasets.cars()


def test_unknown_source_is_refused() -> None:
    with pytest.raises(UserError, match='no source "internet"'):
        datasets.cars("internet")  # type: ignore[arg-type]


# With no network.


@pytest.fixture
def few_drawings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AIEDGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sets, "DRAWN_CARS", (20, 10, 12))
    monkeypatch.setattr(sets, "DRAWN_SMALL", (30, 10, 20))
    monkeypatch.setattr(archives, "CIFAR10", dataclasses.replace(archives.CIFAR10, url=NO_SERVER))
    monkeypatch.delenv("AIEDGE_DATA")
    return tmp_path / "cache"


def test_drawn_without_a_network(few_drawings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    splits = datasets.cars()
    assert splits.source == "drawn" and [len(part) for part in parts(splits)] == [20, 10, 12]
    assert_apart(splits)
    splits.banner()
    shown = capsys.readouterr().out
    assert (
        "DRAWN PICTURES" in shown and "AIEDGE_DATA" in shown and "CIFAR-10 is not on this computer" in shown
    )


def test_real_without_a_network_is_an_error(few_drawings: Path) -> None:
    with pytest.raises(UserError, match="cannot reach") as caught:
        datasets.cars("real")
    assert "AIEDGE_DATA" in caught.value.hint


@pytest.mark.parametrize(
    "name, shape", [("cars", (96, 96, 3)), ("cifar10", (32, 32, 3)), ("mnist", (28, 28, 1))]
)
def test_drawn_sets(name: str, shape: tuple[int, ...], few_drawings: Path) -> None:
    splits = getattr(datasets, name)("drawn")
    assert_apart(splits)
    for part in parts(splits):
        assert (
            part.images.shape[1:] == shape and part.images.dtype == np.uint8 and part.labels.dtype == np.int64
        )
        counts = np.bincount(part.labels, minlength=len(part.classes))
        assert counts.min() == counts.max() == len(part) // len(part.classes)


def test_drawings_are_kept_and_a_damaged_copy_is_drawn_anew(
    few_drawings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = datasets.mnist("drawn").test.images
    (kept,) = (few_drawings / "datasets").iterdir()
    _cut(kept)
    np.testing.assert_array_equal(datasets.mnist("drawn").test.images, first)
    monkeypatch.setattr(drawn_small, "draw_digits", lambda n, seed: pytest.fail("drawn although it is kept"))
    np.testing.assert_array_equal(datasets.mnist("drawn").test.images, first)


def test_environment_asks_for_drawings(few_drawings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIEDGE_DATA", "drawn")
    monkeypatch.setattr(archives, "find", lambda archive: pytest.fail("looked for the real ones"))
    assert datasets.cars().source == "drawn"


# The published archive for Python, unpacked.


def test_cifar10_archive_becomes_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, arrays = invented(archives.CIFAR10, 1000, 200)
    packed = tmp_path / "cifar-10-python.tar.gz"
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    pieces = dict(zip([f"data_batch_{k}" for k in range(1, 6)], np.split(np.arange(1000), 5), strict=True))
    for name, indices in (pieces | {"test_batch": np.arange(200)}).items():
        part = "test" if name == "test_batch" else "train"
        pictures, labels = arrays[f"x_{part}"][indices], arrays[f"y_{part}"][indices]
        flat = np.stack([np.concatenate([p[..., c].ravel() for c in range(3)]) for p in pictures])
        (folder / name).write_bytes(pickle.dumps({b"data": flat, b"labels": labels.tolist()}))
    (folder / "batches.meta").write_bytes(pickle.dumps({b"label_names": []}))
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(folder, folder.name)
    monkeypatch.delenv("AIEDGE_DATA")
    monkeypatch.setenv("AIEDGE_CACHE", str(tmp_path / "cache"))
    calls = []

    def fetched(url: str, target: Path, digest: str) -> Path:
        calls.append(url)
        target.parent.mkdir(parents=True)
        return Path(packed.rename(target))

    archive = replace(archive, digest=hashlib.sha256(packed.read_bytes()).hexdigest())
    monkeypatch.setattr(archives, "download", fetched)
    for _ in range(2):  # the second time from the cache
        path = archives.find(archive)
    for name, array in archives.read(path, archive).items():
        np.testing.assert_array_equal(array, arrays[name])
    assert len(calls) == 1
    assert [file.name for file in path.parent.iterdir()] == ["cifar10.npz"]


class Runs:
    """What makes a pickle run code when it is read."""

    def __reduce__(self) -> tuple:
        return Path.touch, (Path(os.environ["RAN"]),)


@pytest.mark.parametrize("member", ["data_batch_1", "../../data_batch_1", "link", "bomb", "many"])
def test_a_file_in_the_cache_is_not_trusted(
    member: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A false cifar-10-python.tar.gz is fetched anew, and even with its checksum no code in it runs."""
    monkeypatch.delenv("AIEDGE_DATA")
    monkeypatch.setenv("AIEDGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RAN", str(tmp_path / "ran"))
    packed = tmp_path / "cache/datasets/cifar-10-python.tar.gz"
    packed.parent.mkdir(parents=True)
    with tarfile.open(packed, "w:gz") as tar:
        for number in range(1000 if member == "many" else 1):
            entry = tarfile.TarInfo(
                "data_batch_1" if member in ("bomb", "link") else f"{member}{number or ''}"
            )
            data = bytes(2**27) if member == "bomb" else pickle.dumps({b"data": Runs()})
            entry.size = len(data)
            if member == "link":
                entry.type, entry.linkname, entry.size = tarfile.SYMTYPE, "/etc/passwd", 0
            tar.addfile(entry, io.BytesIO(data))

    def fetched(url: str, target: Path, digest: str) -> Path:
        raise NoNetworkError("not here")

    monkeypatch.setattr(archives, "download", fetched)
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    verified = replace(archives.CIFAR10, digest=digest)
    with pytest.raises(UserError, match="is not the published set"):
        archives.find(verified)
    assert packed.exists()
    with pytest.raises(NoNetworkError):
        archives.find(archives.CIFAR10)
    assert not packed.exists() and not (tmp_path / "ran").exists()


# Drawings.


def test_a_picture_depends_on_its_seed_and_number_alone() -> None:
    images, labels, kinds = drawn_cars.draw_cars(12, seed=3)
    again, _, _ = drawn_cars.draw_cars(6, seed=3)
    other, _, _ = drawn_cars.draw_cars(6, seed=4)
    np.testing.assert_array_equal(images[:6], again)
    assert all((a != b).any() for a, b in zip(again, other, strict=True))
    np.testing.assert_array_equal(labels == 1, kinds == "automobile")


def test_every_thing_can_be_drawn() -> None:
    """No corner of the random choices fails, nor leaves a picture of one colour."""
    images, labels, kinds = drawn_cars.draw_cars(240, seed=11)
    assert labels.mean() == 0.5 and len(set(kinds.tolist())) == len(drawn_cars.OTHERS) + 1
    plain = images.reshape(240, -1, 3).std(axis=1).max(axis=1)
    assert (plain[labels == 1] > 2).all()


def test_small_drawings_vary_within_a_class() -> None:
    for draw in (drawn_small.draw_classes, drawn_small.draw_digits):
        images, labels, _ = draw(40)
        assert len(np.unique(images.reshape(40, -1), axis=0)) == 40
        assert np.bincount(labels).tolist() == [4] * 10
