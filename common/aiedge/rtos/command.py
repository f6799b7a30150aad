"""`aiedge rtos`."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from aiedge.errors import Parser
from aiedge.rtos.ways import PERIOD_US, SAMPLES, Measured
from aiedge.text import table

HEAD = (
    "way",
    "taken",
    "missed",
    "late µs, mean",
    "most",
    "inferences",
    "ms each",
    "flash B",
    "RAM B",
    "of stacks B",
)
BAR = 30  # characters


def rtos(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's arguments; return what it does."""
    parser.add_argument("model", type=Path, help="a .tflite file or its C array, int8")
    parser.add_argument(
        "--histogram", action="store_true", help="also how late the samples were taken, way by way"
    )
    parser.add_argument(
        "--esp-eye",
        type=Path,
        metavar="DIR",
        help="write the firmware for the ESP-EYE instead, over ESP-IDF's FreeRTOS: a PlatformIO project",
    )
    return _rtos


def _rtos(options: argparse.Namespace) -> None:
    from aiedge import tflite
    from aiedge.rtos.ways import freertos_folder, measure_all, missing_freertos

    graph = tflite.read(options.model)
    sample = np.random.default_rng(0).integers(-128, 128, graph.inputs[0].shape).astype(np.int8)
    if options.esp_eye:
        from aiedge.rtos.esp_eye import environments, write_project

        written = write_project(graph, sample, options.esp_eye)
        print(
            f"wrote {len(written)} files and the engine into {options.esp_eye}: {', '.join(environments())}"
        )
        return
    folder = freertos_folder()
    results = measure_all(graph, sample, folder)
    print(f"a sample each {PERIOD_US:,} µs, until {SAMPLES} were offered, beside the network")
    print("Cortex-M4 (emulated), 32 ns an instruction\n")
    print(*table(HEAD, rows(results)), sep="\n")
    print(f"\n{switches(results)}")
    if options.histogram:
        print(*histograms(results), sep="\n")
    if not folder:
        print(f"left out: {missing_freertos().message} (hint: {missing_freertos().hint})")


def rows(results: Sequence[Measured]) -> list[tuple[str, ...]]:
    """A row for each way."""
    return [
        (
            result.way.name,
            f"{result.taken:,}",
            f"{result.missed:,}",
            f"{result.mean_ns / 1000:.1f}",
            f"{result.latest_ns / 1000:.1f}",
            f"{result.inferences:,}",
            f"{result.inference_ns / 1e6:.2f}",
            f"{result.flash:,}",
            f"{result.ram:,}",
            f"{result.stack:,}",
        )
        for result in results
    ]


def switches(results: Sequence[Measured]) -> str:
    """What tasks cost more than the interrupt, in words."""
    interrupt = next(result for result in results if result.way.way == "INTERRUPT")
    lines = []
    for result in results:
        if result.way.tasks:
            parts = (
                f"{result.switch_ns(interrupt) / 1000:.2f} µs a sample, to the task and back",
                f"{result.inference_ns / interrupt.inference_ns - 1:.2%} of the time",
                f"{result.flash - interrupt.flash:,} B of flash",
                f"{result.ram - interrupt.ram:,} B of RAM",
            )
            lines.append(f"{result.way.name} cost more than the interrupt: {', '.join(parts)}")
    return "\n".join(lines)


def histograms(results: Sequence[Measured]) -> list[str]:
    """How late the samples were taken: a line for each power of two of microseconds that occurs."""
    lines = []
    for result in results:
        lines += ["", result.way.name]
        most = max(result.histogram)
        for i, count in enumerate(result.histogram):
            if count:
                bar = "█" * max(1, round(BAR * count / most))
                lines.append(f"{'from ' + str(2 ** (i - 1)) if i else 'below 1':>12} µs  {count:5,}  {bar}")
    return lines
