"""Image files of all kinds as arrays, and folders of them as data sets."""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from aiedge.errors import UserError
from aiedge.train.datasets.dataset import Dataset

MOST_PIXELS = 100_000_000
SUFFIXES = (
    *(
        ".avif",
        ".bmp",
        ".gif",
        ".jfif",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".pgm",
        ".png",
        ".pnm",
        ".ppm",
        ".tif",
        ".tiff",
    ),
    ".webp",
)
# Pictures that Pillow does not open.
UNREADABLE = (".heic", ".heif", ".raw", ".dng", ".cr2", ".nef", ".arw", ".jxl", ".svg")
# The largest values of pictures of 8, 10, 12, 14 and 16 bits.
FULL_SCALES = (255, 1023, 4095, 16383, 65535)


def load_image(path: str | Path, size: int = 96, channels: int = 3) -> NDArray[np.uint8]:
    """The middle square of an image file, uint8 [size, size, channels]: 3 channels are colours, 1 is grey.

    It takes any format and mode that Pillow opens, turns the picture as its camera noted (EXIF), and puts white behind
    transparent parts. Raises `UserError` for a file that is missing, no image, cut off or absurdly large.
    """
    if size < 1 or channels not in (1, 3):
        raise ValueError(f"size {size} must be positive, and channels {channels} be 1 or 3")
    path = Path(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                if file.width * file.height > MOST_PIXELS:
                    raise Image.DecompressionBombError(f"{file.width}×{file.height} pixels")
                image = ImageOps.exif_transpose(file)
                image.load()
    except FileNotFoundError as error:
        raise UserError(f"there is no file {path}", "check its name and folder") from error
    except IsADirectoryError as error:
        raise UserError(f"{path} is a folder, not an image", "name one of its files") from error
    except PermissionError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", "is it yours, and no folder?") from error
    except UnidentifiedImageError as error:
        if path.suffix.lower() in UNREADABLE:
            raise _unreadable(path, "save it as PNG or JPEG") from error
        raise UserError(f"{path} is not an image", "PNG and JPEG are, among others") from error
    except Image.DecompressionBombError as error:
        raise UserError(f"{path} is absurdly large: {error}", "make it smaller first") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise UserError(f"{path} is damaged or cut off: {error}", "copy or save it again") from error
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = _eight_bits(image.crop((left, top, left + side, top + side)))
    square = square.convert("RGB" if channels == 3 else "L")
    method = Image.Resampling.BICUBIC if side < size else Image.Resampling.LANCZOS
    return np.asarray(square.resize((size, size), method)).reshape(size, size, channels)


def _unreadable(path: Path, hint: str) -> UserError:
    return UserError(f"{path} is a picture of a kind that cannot be read ({path.suffix})", hint)


def _eight_bits(image: Image.Image) -> Image.Image:
    """The image with 8 bits a channel, and white behind what is transparent."""
    if image.mode[0] in "IF":
        values = np.nan_to_num(np.asarray(image, dtype=np.float64))
        low, high = _range(image, values)
        return Image.fromarray(((values - low) * (255 / (high - low))).round().astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image


def _range(image: Image.Image, values: NDArray[np.float64]) -> tuple[float, float]:
    """The values of black and white in a picture of more than 8 bits: what its file says, or what fits its values.

    A camera's 12 bits often lie in 16 without a word about it; floats may reach to 1.
    """
    low, high = min(0.0, float(values.min())), float(values.max())
    if low < 0:
        return low, max(255.0, high)
    bits = getattr(image, "tag_v2", {}).get(258, (0,))[0]  # a TIFF's BitsPerSample
    if image.mode == "F" and high <= 1:
        return 0.0, 1.0
    if image.mode[0] == "I" and 8 < bits < 16:
        return 0.0, float(max(2**bits - 1, high))
    return low, next((float(scale) for scale in FULL_SCALES if high <= scale), high)


def pictures(folder: Path) -> list[Path]:
    """The pictures in a folder, in alphabetical order, without hidden files such as the `._*` of macOS.

    Raises `UserError` for a picture of a kind that cannot be read, naming it.
    """
    files = sorted(file for file in folder.iterdir() if file.name[0] != "." and file.is_file())
    for file in files:
        if file.suffix.lower() in UNREADABLE:
            raise _unreadable(file, "save it as PNG or JPEG, or take it out of the folder")
    return [file for file in files if file.suffix.lower() in SUFFIXES]


def load_folder(folder: str | Path, size: int = 96, channels: int = 3) -> Dataset:
    """Your own pictures: a folder with one sub-folder per class, in alphabetical order, named like the classes.

    Files with other endings than an image's are left alone. Raises `UserError` where there are no sub-folders, where
    one holds no picture, and what `load_image` raises.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}", "check its name")
    classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and entry.name[0] not in "._")
    if not classes:
        raise UserError(
            f"{folder} has no sub-folders", "put the pictures of each class into a folder of its own"
        )
    images, labels = [], []
    for label, name in enumerate(classes):
        files = pictures(folder / name)
        if not files:
            raise UserError(f"{folder / name} holds no picture", "put PNG or JPEG files there, or remove it")
        images += [load_image(file, size, channels) for file in files]
        labels += [label] * len(files)
    return Dataset(
        np.stack(images), np.array(labels, dtype=np.int64), tuple(classes), np.array(classes)[labels]
    )
