"""What a published ESP32 pipeline (CIFAR-10, pruned to 25-51-76) reports: its networks and its printed numbers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Printed:
    """A printed number, which stands for all that round to it.

    >>> Printed("69.2").low, Printed("69.2").high
    (69.15, 69.25)
    """

    text: str

    @property
    def value(self) -> float:
        """The number."""
        return float(self.text.replace(",", ""))

    @property
    def decimals(self) -> int:
        """Digits after the point."""
        return len(self.text.partition(".")[2])

    @property
    def low(self) -> float:
        """The smallest number that is printed so."""
        return self.value - 0.5 * 10**-self.decimals

    @property
    def high(self) -> float:
        """The largest one."""
        return self.value + 0.5 * 10**-self.decimals


@dataclass(frozen=True)
class Network:
    """Widths of the pipeline's network: two convolutions of 3×3 and two dense layers, on 32×32×3.

    After each convolution its map is halved; `side` is that of the map that the dense layers get.
    """

    first: int
    second: int
    dense: int
    side: int = 2

    @property
    def macs(self) -> tuple[int, ...]:
        """Multiply-accumulate steps of the four layers."""
        conv1, conv2 = 32 * 32 * 27 * self.first, 16 * 16 * 9 * self.first * self.second
        return conv1, conv2, self.side**2 * self.second * self.dense, self.dense * 10

    @property
    def outputs(self) -> tuple[int, ...]:
        """Values that the four layers write, before pooling."""
        return 32 * 32 * self.first, 16 * 16 * self.second, self.dense, 10

    @property
    def pooled(self) -> int:
        """Values that the dense layers get."""
        return self.side**2 * self.second

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        conv1, conv2, dense1, dense2 = self.macs
        weights = conv1 // 32**2 + conv2 // 16**2 + dense1 + dense2
        return weights + self.first + self.second + self.dense + 10


ORIGINAL, POOLED, PRUNED = Network(32, 64, 128, side=8), Network(32, 64, 128), Network(25, 51, 76)
SIZES = (  # table I: network, bytes of a value, MB
    ("original, FP32", ORIGINAL, 4, "2.204"),
    ("original, INT8", ORIGINAL, 1, "0.551"),
    ("average pooling, FP32", POOLED, 4, "0.329"),
    ("average pooling, INT8", POOLED, 1, "0.082"),
    ("pruned, FP32", PRUNED, 4, "0.207"),
    ("pruned, INT8", PRUNED, 1, "0.052"),
)
# Table I's accuracies in per cent, and that of the pruned network before it is fine-tuned.
ACCURACIES = dict(
    zip((name for name, *_ in SIZES), ("76.03", "75.12", "73.96", "73.05", "73.12", "72.63"), strict=True)
)
NOT_TUNED = "44.84"
BUFFERS_KB = "152.14"  # of all layers' outputs
CONVOLUTIONS = (("conv1", 0, "43,200", "8.23", "55.1"), ("conv2", 1, "183,600", "33.89", "245.98"))
INFERENCE_MS, INFERENCE_MJ = Printed("313.33"), Printed("69.2")
IDLE_MA, ACTIVE_MA = Printed("36.4"), Printed("43.0")
COUNT, HOURS = Printed("198,952"), Printed("17.7")
MINUTES, MINUTES_H = Printed("1,252"), Printed("20.9")
CPU_MS, CPU_MS_SD = Printed("0.419"), Printed("0.080")
CPU_UJ, CPU_UJ_SD = Printed("340.9"), Printed("37.1")
