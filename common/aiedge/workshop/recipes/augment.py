"""Pictures made harder: other sizes, places, backgrounds, colours, light and sharpness than the data sets have.

A network that has only seen small pictures with the object in the middle fails on a sharp photograph in which the
object is small, cut off, dark or grey. Every function takes and returns float32 [n, height, width, 3] with values
about 0 ... 1 and draws its random numbers from TensorFlow. Random numbers for each pixel and many passes over them take
as long as the network does: so there is one field of noise for several pictures, and the passes are compiled.
"""

import math

from aiedge.train.framework import tensorflow as tf

GRAINS = 8  # pictures of a batch that share one field of noise


def place(
    pictures: tf.Tensor, backgrounds: tf.Tensor, close_up: tf.Tensor, size: int, share: float
) -> tf.Tensor:
    """Show each picture in a frame of `size`×`size` pixels, at its own scale and place, mirrored or not.

    A `share` of them fill the frame, or more; the others take 0.4 to 0.95 of its width. What they leave free shows
    the picture of the same number in `backgrounds`, enlarged, or clouds, or one colour; some are letterboxed: bars of
    one colour cover two sides. Where `close_up`, bool [n], is true, the frame shows a small part of the picture.
    """
    n = pictures.shape[0]
    filling = tf.random.uniform([n]) < share
    zoom = tf.where(filling, tf.random.uniform([n], 0.95, 1.5), tf.random.uniform([n], 0.4, 0.95))
    zoom = tf.where(close_up, tf.random.uniform([n], 2.0, 5.0), zoom)
    stretch = tf.exp(tf.random.uniform([n], -0.25, 0.25))
    pictures = tf.cond(tf.random.uniform([]) < 0.25, lambda: _turned(pictures), lambda: pictures)
    shown = _framed(pictures, zoom * stretch, zoom / stretch, size, outside=-1.0)
    wide = tf.random.uniform([n], 1.1, 3.0)
    behind = _framed(backgrounds, wide, wide, size, outside=0.0)
    return _composed(shown, behind, _clouds(n, size))


@tf.function(jit_compile=True)
def _composed(shown: tf.Tensor, behind: tf.Tensor, clouds: tf.Tensor) -> tf.Tensor:
    """Fill what is free (below 0) in the pictures shown, and lay bars of one colour over the edges of some."""
    n, size = shown.shape[0], shown.shape[1]
    colour = tf.where(
        _some(n, 0.5), tf.reduce_mean(behind, [1, 2], keepdims=True), tf.random.uniform([n, 1, 1, 1])
    )
    kind = tf.random.uniform([n, 1, 1, 1])
    plain = tf.where(kind < 0.8, colour + 0.15 * clouds, colour)
    shown = tf.where(shown < 0, tf.where(kind < 0.6, behind, plain), shown)
    return tf.where(_bars(n, size), colour, shown)


def _framed(pictures: tf.Tensor, across: tf.Tensor, down: tf.Tensor, size: int, outside: float) -> tf.Tensor:
    """Pictures `across` and `down` times as wide and high as the frame; `outside` is the value around them."""
    n = pictures.shape[0]

    def middle(factor: tf.Tensor) -> tf.Tensor:
        """Of a smaller picture all is seen; a larger one may lie as far off the middle as it covers the frame."""
        room = tf.minimum(tf.abs(1.0 - factor) / 2, 0.35)
        return 0.5 + tf.random.uniform([n], -1.0, 1.0) * room / factor

    x, y = middle(across), middle(down)
    half = 0.5 * tf.where(tf.random.uniform([n]) < 0.5, 1.0, -1.0) / across
    boxes = tf.stack([y - 0.5 / down, x - half, y + 0.5 / down, x + half], 1)
    return tf.image.crop_and_resize(pictures, boxes, tf.range(n), [size, size], extrapolation_value=outside)


def _turned(pictures: tf.Tensor) -> tf.Tensor:
    """Each picture turned a little about its middle."""
    n, side = pictures.shape[0], pictures.shape[1]
    angle = tf.random.normal([n], 0.0, 0.12)
    cos, sin, zero = tf.cos(angle), tf.sin(angle), tf.zeros([n])
    across, down = side / 2 * (1 - cos - sin), side / 2 * (1 - cos + sin)
    turn = tf.stack([cos, sin, across, -sin, cos, down, zero, zero], 1)
    return warp(pictures, turn, side, "BILINEAR", "REFLECT")


def _bars(n: int, size: int) -> tf.Tensor:
    """Where bars lie, bool [n, size, size, 1]: above and below one picture in twelve, beside as many others."""
    off = tf.abs(tf.linspace(-1.0, 1.0, size))
    picked = tf.random.uniform([n, 1, 1, 1])
    edge = 1 - tf.random.uniform([n, 1, 1, 1], 0.15, 0.45)
    rows = (off[None, :, None, None] > edge) & (picked < 1 / 12)
    columns = (off[None, None, :, None] > edge) & (picked > 11 / 12)
    return rows | columns


def develop(pictures: tf.Tensor, share: float) -> tf.Tensor:
    """Change light, colour and sharpness of a `share` of the pictures, each by its own amount, and add noise.

    The number of pictures is a multiple of `GRAINS`.
    """
    fields = tf.random.normal([pictures.shape[0] // GRAINS, *pictures.shape[1:]])
    return _developed(pictures, share, fields)


@tf.function(jit_compile=True)
def _developed(pictures: tf.Tensor, share: float, fields: tf.Tensor) -> tf.Tensor:
    n, before = pictures.shape[0], pictures
    grey = tf.reduce_mean(pictures, 3, keepdims=True)
    saturation = tf.where(_some(n, 0.15), 0.0, tf.random.uniform([n, 1, 1, 1], 0.5, 1.5))
    pictures = grey + saturation * (pictures - grey)
    # Darker or lighter in the middle of the range, black and white kept.
    pictures += tf.random.uniform([n, 1, 1, 1], -0.6, 0.6) * pictures * (1 - pictures)
    night = _some(n, 0.15)
    light = tf.where(
        night, tf.random.uniform([n, 1, 1, 1], -1.6, -0.5), tf.random.normal([n, 1, 1, 1], 0.0, 0.2)
    )
    gain = tf.exp(light + tf.random.normal([n, 1, 1, 3], 0.0, 0.1))
    offset = tf.random.normal([n, 1, 1, 1], 0.0, 0.08)
    middle = tf.reduce_mean(pictures, [1, 2, 3], keepdims=True)
    contrast = tf.exp(tf.random.normal([n, 1, 1, 1], 0.0, 0.2))
    pictures = gain * ((pictures - middle) * contrast + middle) + offset
    # Sharper than the picture is (amount > 0), or as blurred as a bad lens makes it (amount = -1).
    blurred = tf.nn.avg_pool2d(pictures, 3, 1, "SAME")
    amount = tf.where(_some(n, 0.7), tf.random.uniform([n, 1, 1, 1], 0.0, 2.5), -1.0)
    pictures = tf.where(_some(n, 0.6), pictures + amount * (pictures - blurred), pictures)
    strength = tf.where(_some(n, 0.5), tf.abs(tf.random.normal([n, 1, 1, 1], 0.0, 0.04)), 0.0)
    pictures += strength * tf.repeat(fields, GRAINS, 0)
    return tf.clip_by_value(tf.where(_some(n, share), pictures, before), 0.0, 1.0)


def _some(n: int, share: float) -> tf.Tensor:
    return tf.random.uniform([n, 1, 1, 1]) < share


def _clouds(n: int, size: int) -> tf.Tensor:
    """Noise of several grains, about -1 ... 1."""
    grains = [tf.random.normal([n, side, side, 1]) for side in (4, 12)]
    return tf.add_n([tf.image.resize(grain, [size, size]) for grain in grains]) / math.sqrt(len(grains))


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
