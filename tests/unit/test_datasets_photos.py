"""Image files of all modes, formats and states, and folders of them."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aiedge.errors import UserError
from aiedge.train.datasets import load_folder, load_image


def halves(width: int = 64, height: int = 64) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), (220, 30, 40))
    image.paste((20, 60, 200), (width // 2, 0, width, height))
    return image


FORMATS = [
    ("RGB", "png"), ("RGB", "jpg"), ("RGB", "bmp"), ("RGB", "webp"), ("RGB", "tiff"), ("RGB", "ppm"), ("RGBA", "png"),
    ("P", "gif"), ("P", "png"), ("CMYK", "jpg"), ("CMYK", "tiff"), ("YCbCr", "jpg"), ("LAB", "tiff"),
]  # fmt: skip


@pytest.mark.parametrize("mode, suffix", FORMATS)
def test_colour_formats(mode: str, suffix: str, tmp_path: Path) -> None:
    image = halves()
    if mode == "LAB":
        from PIL import ImageCms

        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")
    else:
        image = image.convert(mode)
    image.save(tmp_path / f"a.{suffix}")
    pixels = load_image(tmp_path / f"a.{suffix}", size=32)
    assert pixels.shape == (32, 32, 3) and pixels.dtype == np.uint8
    for x, colour in ((4, (220, 30, 40)), (28, (20, 60, 200))):
        assert np.abs(pixels[16, x].astype(int) - colour).max() < 40, pixels[16, x]


@pytest.mark.parametrize(
    "mode, level, suffix",
    [
        ("L", 200, "png"),
        ("1", 255, "png"),
        ("I;16", 200 * 257, "png"),
        ("I", 200, "tiff"),
        ("F", 200.0, "tiff"),
    ],
)
def test_grey_formats(mode: str, level: float, suffix: str, tmp_path: Path) -> None:
    Image.new(mode, (20, 20), level).save(tmp_path / f"a.{suffix}")
    for channels in (1, 3):
        pixels = load_image(tmp_path / f"a.{suffix}", 8, channels)
        assert pixels.shape == (8, 8, channels)
        assert np.unique(pixels).tolist() == [255 if mode == "1" else 200]


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_pictures_of_more_than_8_bits_keep_their_brightness(bits: int, tmp_path: Path) -> None:
    full = 2**bits - 1
    values = np.linspace(0, full, 64 * 64).reshape(64, 64)
    for name, array in (
        ("a.png", values.astype(np.uint16)),
        ("a.tiff", values.astype(np.uint16)),
        ("b.tiff", (values / full).astype(np.float32)),
        ("c.tiff", values.astype(np.int32)),
    ):
        Image.fromarray(array).save(tmp_path / name)
        pixels = load_image(tmp_path / name, 64, 1)[..., 0].astype(int)
        assert np.abs(pixels - values / full * 255).max() <= 1, name


def test_floats_of_any_range(tmp_path: Path) -> None:
    values = np.linspace(-3e4, 3e4, 64 * 64, dtype=np.float32).reshape(64, 64)
    values[0, 0] = np.nan
    Image.fromarray(values).save(tmp_path / "a.tiff")
    pixels = load_image(tmp_path / "a.tiff", 64, 1)[1:, :, 0].astype(int)
    assert pixels.min() < 8 and pixels.max() > 247 and (np.diff(pixels[:, 5]) >= 0).all()


def test_transparent_becomes_white(tmp_path: Path) -> None:
    image = halves().convert("RGBA")
    image.putalpha(0)
    image.save(tmp_path / "a.png")
    assert load_image(tmp_path / "a.png").min() == 255


def test_middle_square(tmp_path: Path) -> None:
    """A wide picture loses its ends, a tall one its top and bottom; nothing is squeezed."""
    for shape in ((300, 100), (100, 300)):
        image = Image.new("RGB", shape)
        middle = ((shape[0] - 100) // 2, (shape[1] - 100) // 2)
        image.paste((255, 255, 255), (*middle, middle[0] + 100, middle[1] + 100))
        image.save(tmp_path / "a.png")
        assert load_image(tmp_path / "a.png", 50).min() == 255


@pytest.mark.parametrize("orientation, corner", [(1, (0, 0)), (3, (-1, -1)), (6, (0, -1)), (8, (-1, 0))])
def test_camera_orientation(orientation: int, corner: tuple[int, int], tmp_path: Path) -> None:
    """The stored picture is white in its upper left; each orientation shows that corner elsewhere."""
    image = Image.new("RGB", (60, 60))
    image.paste((255, 255, 255), (0, 0, 30, 30))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / "a.png", exif=exif)
    pixels = load_image(tmp_path / "a.png", 60)
    assert pixels[corner].min() > 250 and pixels.mean() < 80


def test_enlarging_and_shrinking(tmp_path: Path) -> None:
    for side in (1, 5, 2000):
        Image.new("RGB", (side, side), (10, 200, 90)).save(tmp_path / "a.png")
        assert np.unique(load_image(tmp_path / "a.png").reshape(-1, 3), axis=0).tolist() == [[10, 200, 90]]


def _bomb() -> bytes:
    """A PNG that claims 60000×60000 pixels, in 100 bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def test_bad_files(tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    for suffix in ("png", "jpg", "bmp"):
        noise.save(tmp_path / f"whole.{suffix}")
        whole = (tmp_path / f"whole.{suffix}").read_bytes()
        (tmp_path / f"cut.{suffix}").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(UserError, match="damaged or cut off"):
            load_image(tmp_path / f"cut.{suffix}")
    (tmp_path / "text.png").write_text("no picture at all")
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "bomb.png").write_bytes(_bomb())
    expected = {
        "missing.png": "there is no file", "text.png": "is not an image", "empty.jpg": "is not an image",
        "bomb.png": "absurdly large", ".": "is a folder|cannot be read",
    }  # fmt: skip
    for name, message in expected.items():
        with pytest.raises(UserError, match=message) as caught:
            load_image(tmp_path / name)
        assert caught.value.hint


def test_bad_arguments(tmp_path: Path) -> None:
    for size, channels in ((0, 3), (96, 2)):
        with pytest.raises(ValueError, match="size"):
            load_image(tmp_path / "a.png", size, channels)


def test_folder(tmp_path: Path) -> None:
    for name, count in (("car", 2), ("bicycle", 3)):
        (tmp_path / name).mkdir()
        for k in range(count):
            halves(40 + k, 30).save(tmp_path / name / f"{k}.JPG")
    (tmp_path / "car" / "notes.txt").write_text("left alone")
    (tmp_path / "car" / "._0.JPG").write_bytes(b"\0\5\x16\7 of macOS")
    data = load_folder(tmp_path, size=16)
    assert data.images.shape == (5, 16, 16, 3) and data.classes == ("bicycle", "car")
    assert data.labels.tolist() == [0, 0, 0, 1, 1] and data.kinds[-1] == "car"


@pytest.mark.parametrize("suffix", ["jfif", "jpe", "avif", "pnm"])
def test_less_common_endings(suffix: str, tmp_path: Path) -> None:
    (tmp_path / "car").mkdir()
    halves().save(tmp_path / "car" / f"a.{suffix}")
    assert load_folder(tmp_path, size=16).images.shape == (1, 16, 16, 3)


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "car").mkdir()
    halves().save(tmp_path / "car" / "a.png")
    (tmp_path / "car" / "b.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(UserError, match=r"b\.HEIC is a picture of a kind that cannot be read"):
        load_folder(tmp_path)


def test_bad_folders(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no folder"):
        load_folder(tmp_path / "none")
    with pytest.raises(UserError, match="no sub-folders"):
        load_folder(tmp_path)
    (tmp_path / "car").mkdir()
    with pytest.raises(UserError, match="holds no picture"):
        load_folder(tmp_path)
    (tmp_path / "car" / "a.png").write_text("text")
    with pytest.raises(UserError, match="is not an image"):
        load_folder(tmp_path)
