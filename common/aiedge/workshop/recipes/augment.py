"""Pictures made harder: other sizes, places, backgrounds, colours and sharpness than the data set has.

A network that has only seen CIFAR-10's pictures, 32×32 pixels with the object in the middle, fails on a sharp
photograph in which the object is small. Every function takes and returns float32 [n, height, width, 3] with values
about 0 ... 1 and draws its random numbers from TensorFlow.
"""

import math

from aiedge.train.framework import tensorflow as tf


def place(
    pictures: tf.Tensor, backgrounds: tf.Tensor, close_up: tf.Tensor, size: int, share: float
) -> tf.Tensor:
    """Show each picture in a frame of `size`×`size` pixels, at its own scale and place.

    A `share` of them fill the frame, or more; the others take 0.4 to 0.95 of its width. What they leave free shows
    their own mirror image or the picture of the same number in `backgrounds`, enlarged beyond recognition. Where
    `close_up`, bool [n], is true, the frame shows a small part of the picture.
    """
    n, inner = tf.shape(pictures)[0], pictures.shape[1]
    filling = tf.random.uniform([n]) < share
    zoom = tf.where(filling, tf.random.uniform([n], 0.95, 1.5), tf.random.uniform([n], 0.4, 0.95))
    zoom = tf.where(close_up, tf.random.uniform([n], 2.0, 5.0), zoom)
    stretch = tf.exp(tf.random.uniform([n], -0.2, 0.2))
    angle = tf.random.normal([n], 0.0, 0.08)
    mirror = tf.where(tf.random.uniform([n]) < 0.5, 1.0, -1.0)
    # Of a smaller picture all is seen; of a larger one, its middle.
    room = tf.abs(1.0 - zoom) / 2
    centre = tf.random.uniform([2, n], -1.0, 1.0) * tf.minimum(room, 0.3)
    transform = _affine(zoom * stretch * mirror, zoom / stretch, angle, centre, inner, size)

    # One choice for the whole batch saves half of the work.
    shown = tf.cond(
        tf.random.uniform([]) < 0.8,
        lambda: warp(pictures, transform, size, "BILINEAR", "REFLECT"),
        lambda: warp(pictures, transform, size, "NEAREST", "REFLECT"),
    )

    def before_background() -> tf.Tensor:
        mask = warp(tf.ones_like(pictures[..., :1]), transform, size, "BILINEAR", "CONSTANT")
        wide = tf.random.uniform([n], 1.2, 4.0)
        enlarge = _affine(wide, wide, 6 * angle, tf.zeros([2, n]), inner, size)
        behind = warp(backgrounds, enlarge, size, "BILINEAR", "REFLECT")
        plain = tf.reduce_mean(behind, [1, 2], keepdims=True) + 0.15 * _clouds(n, size)
        return mask * shown + (1 - mask) * tf.where(_some(n, 0.7), behind, plain)

    return tf.cond(tf.random.uniform([]) < 0.4, lambda: shown, before_background)


@tf.function(jit_compile=True)
def develop(pictures: tf.Tensor, share: float) -> tf.Tensor:
    """Change light, colour and sharpness of a `share` of the pictures, each by its own amount, and add noise."""
    n, before = tf.shape(pictures)[0], pictures
    grey = tf.reduce_mean(pictures, 3, keepdims=True)
    saturation = tf.where(_some(n, 0.1), 0.0, tf.random.uniform([n, 1, 1, 1], 0.5, 1.5))
    pictures = grey + saturation * (pictures - grey)
    gain = tf.exp(tf.random.normal([n, 1, 1, 1], 0.0, 0.2) + tf.random.normal([n, 1, 1, 3], 0.0, 0.08))
    offset = tf.random.normal([n, 1, 1, 1], 0.0, 0.08)
    middle = tf.reduce_mean(pictures, [1, 2, 3], keepdims=True)
    pictures = (
        (pictures - middle) * tf.exp(tf.random.normal([n, 1, 1, 1], 0.0, 0.25)) + middle * gain + offset
    )
    # Sharper than the picture is (amount > 0), or as blurred as a bad lens makes it (amount = -1).
    blurred = tf.nn.avg_pool2d(pictures, 3, 1, "SAME")
    amount = tf.where(_some(n, 0.7), tf.random.uniform([n, 1, 1, 1], 0.0, 3.0), -1.0)
    pictures = tf.where(_some(n, 0.6), pictures + amount * (pictures - blurred), pictures)
    noise = tf.random.normal(tf.shape(pictures)) * tf.abs(tf.random.normal([n, 1, 1, 1], 0.0, 0.04))
    pictures = tf.where(_some(n, 0.5), pictures + noise, pictures)
    return tf.clip_by_value(tf.where(_some(n, share), pictures, before), 0.0, 1.0)


def _some(n: tf.Tensor, share: float) -> tf.Tensor:
    return tf.random.uniform([n, 1, 1, 1]) < share


def _clouds(n: tf.Tensor, size: int) -> tf.Tensor:
    """Noise of several grains, about -1 ... 1."""
    grains = [tf.random.normal([n, side, side, 1]) for side in (4, 12, size)]
    return tf.add_n([tf.image.resize(grain, [size, size]) for grain in grains]) / math.sqrt(len(grains))


def _affine(
    across: tf.Tensor, down: tf.Tensor, angle: tf.Tensor, centre: tf.Tensor, inner: int, size: int
) -> tf.Tensor:
    """Rows of eight numbers that lead from a pixel of the frame to a pixel of the picture."""
    scale = inner / size
    a, b = scale * tf.cos(angle) / across, scale * tf.sin(angle) / across
    c, d = -scale * tf.sin(angle) / down, scale * tf.cos(angle) / down
    x, y = size * (0.5 + centre[0]), size * (0.5 + centre[1])
    zero = tf.zeros_like(a)
    return tf.stack([a, b, inner / 2 - a * x - b * y, c, d, inner / 2 - c * x - d * y, zero, zero], 1)


def warp(pictures: tf.Tensor, transform: tf.Tensor, size: int, how: str, fill: str) -> tf.Tensor:
    """Pictures [n, size, size, ...] whose pixels come from where `transform` leads: rows of eight numbers, [n, 8].

    `how` is "NEAREST" or "BILINEAR"; `fill` says what lies outside of a picture: "REFLECT" or "CONSTANT" (0).
    """
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=transform,
        output_shape=[size, size],
        fill_value=0.0,
        interpolation=how,
        fill_mode=fill,
    )
