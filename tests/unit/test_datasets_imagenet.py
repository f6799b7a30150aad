"""Tiny ImageNet: its published .zip, made up in small, becomes one file of which the splits are made."""

import dataclasses
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aiedge.errors import UserError
from aiedge.train import datasets
from aiedge.train.datasets import archives, imagenet, sets

# Not in the order of the numbers, as in the published file.
CLASSES = {
    "n04285008": "sports car, sport car",
    "n01443537": "goldfish, Carassius auratus",
    "n03977966": "police van, police wagon",
}
TRAIN, VALIDATION = 10, 5  # pictures of a class in the .zip


def jpeg(rng: np.random.Generator, mode: str = "RGB") -> bytes:
    pixels = rng.integers(0, 256, (64, 64) if mode == "L" else (64, 64, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.fixture
def packed(tmp_path: Path) -> tuple[Path, dict[str, bytes]]:
    """A .zip of the published form with three classes, and its pictures by name; the goldfish are grey."""
    rng, top = np.random.default_rng(0), "tiny-imagenet-200"
    files: dict[str, bytes] = {}
    for wnid in CLASSES:
        for k in range(TRAIN):
            mode = "L" if wnid == "n01443537" else "RGB"
            files[f"{top}/train/{wnid}/images/{wnid}_{k}.JPEG"] = jpeg(rng, mode)
    labels = list(CLASSES) * VALIDATION
    for k in range(len(labels)):
        files[f"{top}/val/images/val_{k}.JPEG"] = jpeg(rng)
    path = tmp_path / "tiny-imagenet-200.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{top}/", "")
        archive.writestr(f"{top}/wnids.txt", "".join(f"{wnid}\n" for wnid in CLASSES))
        others = "n00001740\tentity\n"
        archive.writestr(
            f"{top}/words.txt", others + "".join(f"{wnid}\t{names}\n" for wnid, names in CLASSES.items())
        )
        archive.writestr(
            f"{top}/val/val_annotations.txt",
            "".join(f"val_{k}.JPEG\t{wnid}\t0\t0\t63\t63\n" for k, wnid in enumerate(labels)),
        )
        for name in sorted(files):  # 0, 1, 10, 11 …: not in the order of the numbers
            archive.writestr(name, files[name])
        archive.writestr(f"{top}/test/images/test_0.JPEG", jpeg(rng))
    return path, files


def test_vehicles_are_kept_whole_and_a_fifth_of_the_rest(packed: tuple[Path, dict[str, bytes]]) -> None:
    path, files = packed
    arrays = imagenet.unpack(path)
    assert arrays["wnids"].tolist() == sorted(CLASSES)
    assert arrays["names"].tolist() == [CLASSES[wnid] for wnid in sorted(CLASSES)]
    assert np.bincount(arrays["y_train"]).tolist() == [TRAIN // 5, TRAIN, TRAIN]
    assert np.bincount(arrays["y_test"]).tolist() == [VALIDATION // 5, VALIDATION, VALIDATION]
    first = files["tiny-imagenet-200/train/n04285008/images/n04285008_0.JPEG"]
    np.testing.assert_array_equal(arrays["x_train"][arrays["y_train"] == 2][0], pixels(first))
    grey = arrays["x_train"][arrays["y_train"] == 0]
    assert grey.shape == (2, 64, 64, 3) and (grey == grey[..., :1]).all()
    car = files["tiny-imagenet-200/val/images/val_3.JPEG"]
    np.testing.assert_array_equal(arrays["x_test"][arrays["y_test"] == 2][1], pixels(car))


def test_it_is_fetched_once_checked_and_split(
    packed: tuple[Path, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = packed
    digest = hashlib.md5(path.read_bytes()).hexdigest()
    small = dataclasses.replace(
        archives.TINY_IMAGENET,
        url=path.as_uri(),
        digest=digest,
        train=2 * TRAIN + TRAIN // 5,
        test=2 * VALIDATION + VALIDATION // 5,
        classes=3,
    )
    monkeypatch.setattr(archives, "TINY_IMAGENET", dataclasses.replace(small, digest="0" * 32))
    monkeypatch.setattr(sets, "CALIBRATION", 6)
    monkeypatch.delenv("AIEDGE_DATA")
    monkeypatch.setenv("AIEDGE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(UserError, match="not the file that was expected"):
        datasets.tiny_imagenet()
    monkeypatch.setattr(archives, "TINY_IMAGENET", small)
    splits = datasets.tiny_imagenet()
    assert [file.name for file in (tmp_path / "cache" / "datasets").iterdir()] == ["tiny_imagenet.npz"]
    path.unlink()
    again = datasets.tiny_imagenet()  # from the cache
    np.testing.assert_array_equal(again.train.images, splits.train.images)
    assert splits.train.classes == ("goldfish", "police van", "sports car")
    assert splits.source == "Tiny ImageNet" and splits.notice == ""
    assert np.bincount(splits.calibration.labels).tolist() == [2, 2, 2]
    pictures = [p.tobytes() for part in (splits.train, splits.calibration, splits.test) for p in part.images]
    assert len(set(pictures)) == len(pictures) == small.train + small.test


def test_no_network_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No drawing takes the place of a photograph."""
    nowhere = dataclasses.replace(archives.TINY_IMAGENET, url="http://127.0.0.1:9/set.zip")
    monkeypatch.setattr(archives, "TINY_IMAGENET", nowhere)
    monkeypatch.setenv("AIEDGE_DATA", "drawn")
    monkeypatch.setenv("AIEDGE_CACHE", str(tmp_path))
    with pytest.raises(UserError, match="cannot reach") as caught:
        datasets.tiny_imagenet()
    assert "tiny_imagenet.npz" in caught.value.hint


def test_names_that_are_missing_or_too_few_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = dataclasses.replace(archives.TINY_IMAGENET, train=2, test=1, classes=2)
    monkeypatch.setattr(archives, "TINY_IMAGENET", small)
    monkeypatch.setenv("AIEDGE_DATA", str(tmp_path))
    arrays = {
        "x_train": np.zeros((2, 64, 64, 3), np.uint8),
        "y_train": np.arange(2, dtype=np.uint8),
        "x_test": np.ones((1, 64, 64, 3), np.uint8),
        "y_test": np.zeros(1, np.uint8),
    }
    np.savez(tmp_path / small.file, **arrays)
    with pytest.raises(UserError, match="the array names is missing"):
        datasets.tiny_imagenet()
    np.savez(tmp_path / small.file, **arrays, names=np.array(["goldfish"]))
    with pytest.raises(UserError, match="names is not 2 names"):
        datasets.tiny_imagenet()
