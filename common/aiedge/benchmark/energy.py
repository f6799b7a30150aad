"""What an inference costs a battery, estimated from its time: the constants are the energy station's."""

from aiedge.energy.esp32 import CLOCK_HZ, SOURCE, cycles_s, energy_mj

__all__ = ["CLOCK_HZ", "SOURCE", "cycles_s", "energy_mj"]
