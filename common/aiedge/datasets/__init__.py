"""Pictures to train, calibrate and test on: cars, CIFAR-10, MNIST, Tiny ImageNet, drawings, your own.

    splits = datasets.cars()
    splits.banner()
    model.fit(splits.train.inputs, splits.train.labels)

Real pictures come from the folder that the environment variable `AIEDGE_DATA` names, from the kit's cache, or from the
network (checksum verified). Where none of them gives any, or with `AIEDGE_DATA=drawn`, the kit draws them; only Tiny
ImageNet, which no lesson needs, it cannot draw.
"""

from aiedge.datasets.dataset import Dataset, Splits
from aiedge.datasets.photos import load_folder, load_image
from aiedge.datasets.sets import cars, cifar10, mnist, tiny_imagenet

__all__ = ["Dataset", "Splits", "cars", "cifar10", "load_folder", "load_image", "mnist", "tiny_imagenet"]
