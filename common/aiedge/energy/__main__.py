"""`python -m aiedge.energy`: published figures beside ours, a model's energy here, or the phases of a recording."""

import argparse
import sys
from pathlib import Path

from aiedge.energy.computer import measure
from aiedge.energy.figures import CPU_MS, CPU_MS_SD, CPU_UJ, CPU_UJ_SD
from aiedge.energy.published import as_text, verdicts
from aiedge.energy.trace import read_trace, summarize
from aiedge.errors import Parser, exit_cleanly


def main(arguments: list[str] | None = None) -> int:
    """Run the command; exit status 2 after an error that the person can mend."""
    parser = Parser(prog="python -m aiedge.energy", description="Energy of an inference, battery life.")
    parser.add_argument("--model", type=Path, help="time and energy of this model on this computer")
    parser.add_argument("--trace", type=Path, help="a recorded current: time_s,current_ma[,voltage_v]")
    parser.add_argument("--on", type=float, metavar="mA", help="the board works from this current on")
    parser.add_argument("--off", type=float, metavar="mA", help="until it falls below this (default: --on)")
    parser.add_argument("--shortest", type=float, default=0, metavar="MS", help="what is shorter is a spike")
    parser.add_argument(
        "--volts", type=float, default=5.0, help="supply, where the file has none (default 5)"
    )
    parser.add_argument("--inferences", type=int, default=1, metavar="N", help="in each phase (default 1)")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(arguments)
    if options.trace and options.on is None:
        parser.error("--trace needs --on, a current between idle and work")
    return exit_cleanly(lambda: _run(options), options.debug)


def _run(options: argparse.Namespace) -> None:
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


if __name__ == "__main__":
    sys.exit(main())
