"""`aiedge search new|work|show|export STUDY`."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from aiedge.boards import board, boards
from aiedge.errors import Parser, UserError, extras
from aiedge.files import write_atomic

CODE = 8192  # bytes of a board's flash that are left for the network's code
TARGET, SPACE = "cortex-m4", "lenet-mnist"


def search(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's arguments; return what it does."""
    with extras():
        from aiedge.search.costs import OBJECTIVES
        from aiedge.search.space import SHIPPED

    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser("new", help="make a study")
    shipped = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.toml")))
    new.add_argument("--space", default=SPACE, help=f"a TOML file, or one of {shipped} (default: {SPACE})")
    new.add_argument("--board", help=f"its room is the limit: {', '.join(boards())}")
    new.add_argument("--flash", type=int, metavar="BYTES", help="limit of weights and tables")
    new.add_argument("--ram", type=int, metavar="BYTES", help="limit of the arena, with input and output")
    new.add_argument(
        "--objective", action="append", choices=OBJECTIVES, help="beside accuracy; may be repeated"
    )
    new.add_argument(
        "--target", help=f"the core that instructions are counted on (default: the board's, else {TARGET})"
    )
    new.add_argument(
        "--ladder",
        type=int,
        default=0,
        metavar="N",
        help="begin with N evenly pruned networks, from whole to smallest",
    )
    work = commands.add_parser("work", help="train networks; on as many computers as there are")
    work.add_argument("--trials", type=int, default=50, help="networks to train here (default: 50)")
    work.add_argument(
        "--minutes", type=float, default=math.inf, help="begin none after these (default: no end)"
    )
    work.add_argument("--seed", type=int, help="of the search; workers need different ones")
    show = commands.add_parser("show", help="how far it is, and the front")
    show.add_argument("-o", "--output", type=Path, metavar="FILE", help="also draw it: a .png")
    export = commands.add_parser("export", help="a folder for each network of the front")
    export.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    for command in (new, work, show, export):
        command.add_argument("study", help="its name")
        command.add_argument(
            "--storage", default="", metavar="URL", help="a database (default: a file in the folder)"
        )
        command.add_argument("--folder", type=Path, help="for weights and networks (default: studies/STUDY)")
    return _search


def _search(options: argparse.Namespace) -> None:
    from aiedge.search import study as studies
    from aiedge.search.costs import Limits
    from aiedge.search.space import load_space

    where = studies.place(options.study, options.storage, options.folder)
    if options.command == "new":
        chosen = board(options.board) if options.board else None
        if options.ladder < 0:
            raise UserError(f"a ladder of {options.ladder} networks has no rungs", "give 0 or more")
        limits = Limits.of(chosen, CODE) if chosen else Limits()
        for name in ("flash", "ram"):
            if (value := getattr(options, name)) is not None and value < 1:
                raise UserError(f"{value} bytes of {name} hold no network", "give 1 or more")
        limits = Limits(options.flash or limits.flash, options.ram or limits.ram)
        objectives = tuple(dict.fromkeys(options.objective or ("ram", "flash")))
        target = options.target or (chosen.core if chosen else "") or TARGET
        wanted = studies.Wanted(load_space(options.space), objectives, limits, target)
        studies.new(where, wanted, options.ladder)
        print(f"made the study {where.name}; next: aiedge search work {where.name}")
        return
    if options.command == "work":
        from aiedge.search.worker import work

        if options.trials < 1:
            raise UserError(f"{options.trials} is no number of networks", "give 1 or more with --trials")
        if not options.minutes > 0:
            raise UserError(
                f"{options.minutes} minutes are no time to train", "give more than 0 with --minutes"
            )
        work(where, options.trials, options.seed, minutes=options.minutes)
    study, wanted = studies.load(where)
    from aiedge.search import results

    if options.command == "export":
        for path in results.export(study, wanted, where, options.output):
            print(f"wrote {path}")
        return
    print(results.summary(study, wanted))
    if options.command == "show" and options.output:
        from aiedge.cost.pictures import png

        print(f"wrote {write_atomic(options.output, png(results.picture(study, wanted)))}")
