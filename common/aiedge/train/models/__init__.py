"""Networks of the lessons and of the tests, as Keras models.

- `dense`: the workshop's XOR network
- `cifar`: small networks for the 32×32 images of CIFAR-10
- `lenet`: LeNet-5 for MNIST's 28×28 images
- `mobilenet`: MobileNetV1 and V2
- `branching`: SqueezeNet, DenseNet and a NASNet-like network, whose layers have several inputs
- `structure`: a model as a list of layer calls, to read, replay and rebuild
- `weights`: the trained weights that the kit ships
- `random_weights`: weights that behave like trained ones, for tests and measurements that need no training

All take images as float32 [n, height, width, 3]. A builder's `activation` ends the network; without one it ends in
logits, whose range survives random weights where a softmax would squash it.
"""

from aiedge.train.models.branching import densenet, nasnet, squeezenet
from aiedge.train.models.cifar import cifar_cnn, cifar_fine, cifar_original, cifar_tiny, resnet8
from aiedge.train.models.dense import dense_network
from aiedge.train.models.lenet import lenet5
from aiedge.train.models.mobilenet import mobilenet_v1, mobilenet_v2
from aiedge.train.models.random_weights import random_images, randomize
from aiedge.train.models.weights import copy_weights, load_weights, pretrained, save_weights

__all__ = [
    "cifar_cnn",
    "cifar_fine",
    "cifar_original",
    "cifar_tiny",
    "copy_weights",
    "dense_network",
    "densenet",
    "lenet5",
    "load_weights",
    "mobilenet_v1",
    "mobilenet_v2",
    "nasnet",
    "pretrained",
    "random_images",
    "randomize",
    "resnet8",
    "save_weights",
    "squeezenet",
]
