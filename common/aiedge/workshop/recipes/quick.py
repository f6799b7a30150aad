"""The networks of the CIFAR lesson, trained for the pictures that are there.

On real pictures that is what the kit ships, made by `aiedge.workshop.recipes.cifar` in hours. On drawn ones, of which
those weights know nothing, a short training takes its place: some epochs on two cores make half a minute. Its result is
kept in the cache.
"""

import hashlib

from aiedge.files import cache_folder
from aiedge.train import datasets, models
from aiedge.train.datasets.dataset import DRAWN
from aiedge.train.framework import keras
from aiedge.train.models.weights import BUILDERS
from aiedge.train.training import fine_tune, set_seed

LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
# Epochs of the short training, and the rate that it begins with.
EPOCHS = {
    "cifar_original": (3, 2e-3),
    "cifar_pooled": (8, 3e-3),
    "cifar_pruned": (2, 1e-3),
    "cifar_pruned_qat": (1, 3e-4),
    "cifar_tiny": (4, 4e-3),
    "cifar_tiny_qat": (1, 3e-4),
    "cifar_fine": (4, 4e-3),
}


def trained(
    name: str, splits: datasets.Splits, anew: bool = False, begin: keras.Model | None = None
) -> keras.Model:
    """One of the kit's CIFAR networks that knows these pictures; it takes pixel / 255 and ends in logits.

    Real pictures: the weights that the kit ships. Drawn ones, or `anew`: a short training, from `begin` where that is
    given, which then is changed in place. `anew` also forgets an earlier training.

    Raises `UserError` where weights do not fit, as those of another choice of channels than the published one.
    """
    if splits.source != DRAWN and not anew:
        return models.pretrained(name)
    set_seed()
    model = begin or BUILDERS[name]()
    epochs, rate = EPOCHS[name]
    digest = hashlib.sha256(splits.train.images.tobytes())
    digest.update(repr((epochs, rate, [w.shape for w in model.get_weights()])).encode())
    for weights in model.get_weights():
        digest.update(weights.tobytes())
    checkpoint = cache_folder("networks") / "lessons" / f"{name}-{digest.hexdigest()[:12]}.npz"
    if anew:
        checkpoint.unlink(missing_ok=True)
    data = splits.train
    fine_tune(model, data.inputs, data.labels, epochs, LOSS, rate, checkpoint=checkpoint)
    return model
