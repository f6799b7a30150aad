"""Pictures to train, calibrate and test on: cars, CIFAR-10, MNIST, Tiny ImageNet, drawings, your own.

    splits = datasets.cars()
    splits.banner()
    model.fit(splits.train.inputs, splits.train.labels)

Real pictures come from the folder that the environment variable `AIEDGE_DATA` names, from the kit's cache, or from the
network (checksum verified). Where none of them gives any, or with `AIEDGE_DATA=drawn`, the kit draws them; only Tiny
ImageNet, which no lesson needs, it cannot draw.
"""

from aiedge.errors import UserError, extras

with extras():
    from aiedge.train.datasets.dataset import Dataset, Splits
    from aiedge.train.datasets.photos import load_folder, load_image
    from aiedge.train.datasets.sets import cars, cifar10, mnist, tiny_imagenet

__all__ = [
    "Dataset",
    "Splits",
    "cars",
    "cifar10",
    "load",
    "load_folder",
    "load_image",
    "mnist",
    "tiny_imagenet",
]


def load(name: str) -> Splits:
    """The set of that name, as a `lesson.toml` gives it; raises `UserError` for one that there is not."""
    sets = {"cars": cars, "cifar10": cifar10, "mnist": mnist}
    if name not in sets:
        raise UserError(f"there is no data set named {name!r}", f"there are {', '.join(sets)}")
    return sets[name]()
