"""`aiedge energy`: published figures beside ours, a model's energy here, or the phases of a recording."""

import argparse
from collections.abc import Callable
from pathlib import Path

from aiedge.energy.computer import measure
from aiedge.energy.figures import CPU_MS, CPU_MS_SD, CPU_UJ, CPU_UJ_SD
from aiedge.energy.published import as_text, verdicts
from aiedge.energy.trace import read_trace, summarize
from aiedge.errors import Parser, UserError


def energy(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's arguments; return what it does."""
    parser.add_argument("--model", type=Path, help="time and energy of this model on this computer")
    parser.add_argument("--trace", type=Path, help="a recorded current: time_s,current_ma[,voltage_v]")
    parser.add_argument("--on", type=float, metavar="mA", help="the board works from this current on")
    parser.add_argument("--off", type=float, metavar="mA", help="until it falls below this (default: --on)")
    parser.add_argument("--shortest", type=float, default=0, metavar="MS", help="what is shorter is a spike")
    parser.add_argument(
        "--volts", type=float, default=5.0, help="supply, where the file has none (default 5)"
    )
    parser.add_argument("--inferences", type=int, default=1, metavar="N", help="in each phase (default 1)")
    return _energy


def _energy(options: argparse.Namespace) -> None:
    if options.trace and options.on is None:
        raise UserError("--trace needs --on", "give a current between idle and work, in mA")
    if options.trace:
        trace = read_trace(options.trace, options.volts)
        off = None if options.off is None else options.off / 1e3
        print(
            summarize(trace, trace.phases(options.on / 1e3, off, options.shortest / 1e3), options.inferences)
        )
    if options.model:
        cpu = f"{CPU_MS.text} ± {CPU_MS_SD.text} ms, {CPU_UJ.text} ± {CPU_UJ_SD.text} µJ, 0.700 W"
        print(f"published CPU  {cpu}\nthis computer  {measure(options.model)}")
    if not options.trace and not options.model:
        print(as_text(verdicts()))
