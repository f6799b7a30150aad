"""Figures of the benchmarks' tables beside their targets."""


def judged(text: str, fine: bool) -> str:
    """The text in bold where it misses its target."""
    return text if fine else f"**{text}**"


def within(text: str, value: float, most: float | None) -> str:
    """The text in bold where the value is above its target; without one it is plain."""
    return judged(text, most is None or value <= most)
