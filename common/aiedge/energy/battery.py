"""How long a battery lasts, and for how many inferences."""

from dataclasses import dataclass

from aiedge.errors import UserError


@dataclass(frozen=True)
class Life:
    """Hours until the battery is empty, and the inferences in them."""

    hours: float
    inferences: float


@dataclass(frozen=True)
class Battery:
    """A battery of so many volts and ampere-hours, of which a share arrives: its usable part times the converter's."""

    volts: float = 5.0
    ampere_hours: float = 1.0
    efficiency: float = 0.85 * 0.90

    def __post_init__(self) -> None:
        if not (0 < self.volts < 1e6 and 0 < self.ampere_hours < 1e6 and 0 < self.efficiency <= 1):
            raise UserError(
                f"a battery of {self.volts} V, {self.ampere_hours} Ah, efficiency {self.efficiency} is impossible",
                "volts and ampere-hours are positive, an efficiency lies between 0 and 1",
            )

    @property
    def energy_j(self) -> float:
        """Joules that arrive at the board.

        >>> round(Battery().energy_j)
        13770
        """
        return self.volts * self.ampere_hours * 3600 * self.efficiency

    def continuous(self, inference_j: float, inference_s: float) -> Life:
        """One inference after the other, each taking so many joules and seconds.

        >>> Battery().continuous(69.2e-3, 0.32).inferences // 1000
        198.0
        """
        _positive(energy=inference_j, time=inference_s)
        count = self.energy_j / inference_j
        return Life(count * inference_s / 3600, count)

    def duty_cycled(self, inference_j: float, inference_s: float, period_s: float, idle_w: float) -> Life:
        """One inference in each period, the rest of it idle at so many watts.

        A period takes  inference_j + idle_w · (period_s − inference_s)  joules.
        """
        _positive(energy=inference_j, period=period_s)
        if not 0 <= inference_s <= period_s or not idle_w >= 0:
            raise UserError(
                f"an inference of {inference_s} s every {period_s} s, idle at {idle_w} W, is impossible",
                "the period is at least as long as the inference, and the power is not negative",
            )
        count = self.energy_j / (inference_j + idle_w * (period_s - inference_s))
        return Life(count * period_s / 3600, count)


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < float("inf"):
            raise UserError(f"the {name} is {value}", "it must be a positive number")
