"""Pictures to train, calibrate and test on: cars, CIFAR-10, MNIST, drawings where these are out of reach, your own.

    splits = datasets.cars()
    splits.banner()
    model.fit(splits.train.inputs, splits.train.labels)

Real pictures come from the folder that the environment variable `AIEDGE_DATA` names, from the kit's cache, or from the
network (checksum verified). Where none of them gives any, or with `AIEDGE_DATA=drawn`, the kit draws them.
"""

from aiedge.errors import extras

with extras():
    from aiedge.train.datasets.dataset import Dataset, Splits
    from aiedge.train.datasets.photos import load_folder, load_image
    from aiedge.train.datasets.sets import cars, cifar10, mnist

__all__ = ["Dataset", "Splits", "cars", "cifar10", "load_folder", "load_image", "mnist"]
