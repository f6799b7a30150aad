"""Windows that slide over an image: strides, padding, and the size that comes out.

One direction of an image is a row of `size` places. A window has `taps`, `dilation` places apart from each other; it
moves by `stride` places and makes one of `output` values at each stop. With SAME there are ⌈size / stride⌉ stops, and
places of padding on both sides, the odd one behind; with VALID the window stays inside (TensorFlow Lite's padding.h).
"""

from dataclasses import dataclass, replace

from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature

SAME, VALID = 0, 1  # of the schema's Padding


@dataclass(frozen=True)
class Window:
    """A window in one direction; nothing is checked but by `fits`.

    >>> Window(size=5, output=3, taps=3, stride=2).before, Window(5, 2, 3, 2, padding=VALID).fits
    (1, True)
    """

    size: int
    output: int
    taps: int
    stride: int
    dilation: int = 1
    padding: int = SAME

    @property
    def reach(self) -> int:
        """Places from the first tap to the last."""
        return (self.taps - 1) * self.dilation + 1

    @property
    def positive(self) -> bool:
        """Whether taps, stride and dilation are above 0."""
        return min(self.taps, self.stride, self.dilation) > 0

    @property
    def expected(self) -> int:
        """The output's size as it follows from the padding."""
        return -(-(self.size if self.padding == SAME else self.size - self.reach + 1) // self.stride)

    @property
    def fits(self) -> bool:
        """Whether the output has the size that follows from the padding."""
        return self.padding in (SAME, VALID) and self.positive and self.output == self.expected > 0

    @property
    def before(self) -> int:
        """Places of padding before the first of the image."""
        missing = (self.output - 1) * self.stride + self.reach - self.size
        return max(missing, 0) // 2 if self.padding == SAME else 0

    @property
    def apart(self) -> bool:
        """Whether each place of the image is in one window at most, and no window leaves the image."""
        return self.fits and self.reach == self.stride and self.output * self.stride <= self.size

    def within(self, size: int, output: int) -> "Window":
        """The window at its first `output` stops, where just `size` places of the image are there."""
        return replace(self, size=size, output=output, padding=VALID)


def windows(operator: Operator) -> tuple[Window, Window]:
    """The window of a convolution, a pool or a transposed convolution: along the rows, and along the columns.

    A transposed convolution's slides over its output. One tap has no neighbours to be apart from: its dilation is 1,
    unless it is below 1, which no kernel expects.
    """
    image, output, nature = operator.input(0), operator.outputs[0], operator.nature
    if nature is Nature.TRANSPOSED:
        image, output = output, operator.input(2)
    taps = (
        [operator.integer(name) for name in ("filterHeight", "filterWidth")]
        if nature is Nature.POOL
        else operator.input(1).shape[1:3]
    )
    dilations = [
        operator.integer(f"dilation{side}Factor") if nature in (Nature.CONVOLUTION, Nature.DEPTHWISE) else 1
        for side in "HW"
    ]
    rows, columns = (
        Window(
            image.shape[axis],
            output.shape[axis],
            taps[axis - 1],
            operator.integer(f"stride{side}"),
            found if taps[axis - 1] > 1 or found < 1 else 1,
            operator.integer("padding"),
        )
        for axis, side, found in zip((1, 2), "HW", dilations, strict=True)
    )
    return rows, columns
