"""Measure the shipped XOR network: bytes compiled and in TensorFlow Lite Micro, and agreement on every input.

    python -m tests.benchmarks.xor           prints the table
    python -m tests.benchmarks.xor --write   also renews the table in docs/results.md and the picture
                                             tests/benchmarks/xor.png

Needs the tflite-micro wheel (Linux on x86-64) and arm-none-eabi-gcc.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np

from aiedge import tflite
from aiedge.codegen import footprint, generate
from aiedge.cost.runtimes import differences, every_int8_pair, run_everywhere
from aiedge.errors import UserError, exit_cleanly
from aiedge.paths import REPO
from aiedge.text import renew
from aiedge.workshop.plots import BLUE, ORANGE

PICTURE = Path(__file__).with_suffix(".png")


def measure() -> tuple[str, dict[str, int], np.ndarray]:
    """The table as Markdown, the bytes by name, and the network's 65,536 answers."""
    model = tflite.load_model(REPO / "xormodel" / "solution" / "xormodel.cpp")
    source = generate(tflite.read(model), "xormodel")
    compiled = {level: footprint(source, optimize=level) for level in ("-Os", "-O2")}
    if None in compiled.values() or not tflite.has_tflm():
        raise UserError("arm-none-eabi-gcc or the tflite-micro wheel is missing", "see `aiedge doctor`")
    small, fast = compiled.values()
    arena = tflite.tflm_arena_bytes(model)
    outputs = run_everywhere(model, every_int8_pair())
    differing = differences(outputs, "TFLM")
    rows = [
        ("", "compiled C", "TensorFlow Lite Micro"),
        ("---", "---", "---"),
        ("arena (SRAM)", f"{small.arena} B", f"{arena:,} B, the smallest that works"),
        ("model in flash", f"{small.constants:,} B of constants", f"{len(model):,} B of .tflite"),
        (
            "code in flash",
            f"{small.code:,} B at -Os, {fast.code:,} B at -O2",
            "the interpreter and its kernels",
        ),
        ("answers that differ, of 65,536", str(differing["compiled C"]), "0 (the reference)"),
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"
    sizes = {
        "TFLM: arena": arena,
        "TFLM: model, without its code": len(model),
        "compiled C: arena": small.arena,
        "compiled C: code and constants": small.flash,
    }
    return table, sizes, outputs["compiled C"].reshape(256, 256)


def draw(sizes: dict[str, int], answers: np.ndarray) -> None:
    """The README's picture: what the compiled network answers to everything, and what it takes."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained", width_ratios=[1, 1.6])
    image = left.imshow(answers.T, origin="lower", extent=(-128, 127, -128, 127), cmap="PuOr_r")
    left.set(xlabel="first input (int8)", ylabel="second input (int8)", title="XOR: all 65,536 answers")
    figure.colorbar(image, ax=left, label="output (int8)")
    colours = [ORANGE if name.startswith("TFLM") else BLUE for name in sizes]
    bars = right.barh(list(sizes), list(sizes.values()), color=colours)
    right.bar_label(bars, labels=[f"{value:,}" for value in sizes.values()], padding=4)
    right.set(xlabel="bytes", title="The same bits in fewer bytes", xlim=(0, max(sizes.values()) * 1.2))
    right.spines[["top", "right"]].set_visible(False)
    right.invert_yaxis()
    figure.savefig(PICTURE, dpi=110, metadata={"Software": None})


def main() -> None:
    """Print the table; with --write renew what is shown of it."""
    table, sizes, answers = measure()
    print(table, end="")
    if "--write" in sys.argv[1:]:
        renew(REPO / "docs/results.md", "xor.py", table)
        draw(sizes, answers)


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
