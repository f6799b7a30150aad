"""Tiny ImageNet as published, unpacked: photographs of 200 classes, 64×64×3, four of them cars.

Made for Stanford's course CS231n (Y. Le and X. Yang, "Tiny ImageNet Visual Recognition Challenge", 2015) out of
ImageNet (O. Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", 2015). The classes are numbered in
the order of their WordNet numbers, as "n04285008". The kit keeps all pictures of vehicles and a fifth of each other
class: enough to tell a car from the rest of the world. The test set's labels are not published; the validation set
takes its place.
"""

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from aiedge.progress import tqdm

CARS = ("beach wagon", "convertible", "limousine", "sports car")
VANS = ("moving van", "police van")
BUSES = ("school bus", "trolleybus")
OTHER_VEHICLES = ("bullet train", "freight car", "go-kart", "lawn mower", "tractor")
VEHICLES = CARS + VANS + BUSES + OTHER_VEHICLES
SHARE = 5  # of each other class, one picture in so many is kept


def name_of(names: str) -> str:
    """A class's first name of several.

    >>> name_of("beach wagon, station wagon, wagon, estate car")
    'beach wagon'
    """
    return names.split(",")[0]


def unpack(packed: Path) -> dict[str, NDArray]:
    """The arrays of the published .zip: x_train, y_train, x_test, y_test uint8; wnids and names of the classes, str."""
    with zipfile.ZipFile(packed) as archive:
        top = archive.namelist()[0].split("/")[0]

        def lines(name: str) -> list[list[str]]:
            return [line.split("\t") for line in archive.read(f"{top}/{name}").decode().splitlines()]

        wnids = sorted(line[0] for line in lines("wnids.txt"))
        names = dict(line[:2] for line in lines("words.txt"))
        validation = lines("val/val_annotations.txt")
        files: dict[str, list[tuple[int, str]]] = {"train": [], "test": []}
        for label, wnid in enumerate(wnids):
            folder = f"{top}/train/{wnid}/images/"
            train = [name for name in archive.namelist() if name.startswith(folder + wnid)]
            train.sort(key=lambda name: int(name.rsplit("_", 1)[1].split(".")[0]))
            test = [f"{top}/val/images/{line[0]}" for line in validation if line[1] == wnid]
            whole = name_of(names[wnid]) in VEHICLES
            for part, all_files in (("train", train), ("test", test)):
                kept = all_files if whole else all_files[: len(all_files) // SHARE]
                files[part] += [(label, name) for name in kept]
        arrays: dict[str, NDArray] = {
            "wnids": np.array(wnids),
            "names": np.array([names[wnid] for wnid in wnids]),
        }
        for part, labelled in files.items():
            bar = tqdm(labelled, "unpacking", unit="picture", delay=2, leave=False, file=sys.stdout)
            pictures = [Image.open(io.BytesIO(archive.read(name))).convert("RGB") for _, name in bar]
            arrays[f"x_{part}"] = np.stack([np.asarray(picture) for picture in pictures])
            arrays[f"y_{part}"] = np.array([label for label, _ in labelled], np.uint8)
    return arrays
