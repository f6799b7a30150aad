"""What `aiedge memory` and `aiedge optimize` do."""

from pathlib import Path

from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.memory.boards import Board, board
from aiedge.memory.ladder import ladder
from aiedge.memory.map import memory_map
from aiedge.memory.optimize import optimize as optimized
from aiedge.memory.order import NODES
from aiedge.memory.picture import ladder_figure, map_figure, png
from aiedge.memory.scratch import RUNTIMES
from aiedge.tflite import load_model, read, write_c_array

BOARD = "esp-eye"  # the workshop's


def memory(
    path: Path, target: str | None, folder: Path | None, nodes: int | None, build: str | None = None
) -> None:
    """Print a model's memory map and ladder, and what fits the board; into `folder` go a CSV and two pictures.

    With `build`, the rung that a firmware runs, only what fits: that is what a build of the firmware prints.
    """
    fitted = board(target or BOARD) if target or build else None
    map_ = memory_map(read(path))
    # A build compiles the model in its file's order.
    steps = ladder(load_model(path), nodes=_limit(nodes), progress=True, file_order=bool(build))
    if fitted and build:
        print("\n".join([f"Memory of {path.name}", *map_.summary, "", steps.fits(fitted, build)]))
    else:
        print(f"{map_}\n\n{steps}")
        if fitted:
            sources = (f"  {name}: {text}" for name, text in fitted.sources.items())
            print("\n".join(["", steps.fits(fitted), "", "Sources:", *sources]))
    if folder:
        pictures = {
            "memory": map_figure(map_, path.stem),
            "ladder": ladder_figure(steps, path.stem, (fitted,) if fitted else ()),
        }
        print(f"wrote {write_atomic(folder / f'{path.stem}-memory.csv', map_.csv)}")
        for name, figure in pictures.items():
            print(f"wrote {write_atomic(folder / f'{path.stem}-{name}.png', png(figure))}")


def optimize(path: Path, output: Path, target: str | None, nodes: int | None, in_place: bool) -> None:
    """Write a model that takes a smaller arena, and print what it takes before and after."""
    fitted = board(target) if target else None
    if output.suffix not in (".tflite", ".cpp"):
        raise UserError(f"{output} is no name of a model", "end it in .tflite, or in .cpp for a C array")
    read(path)  # so that an error names the file
    result = optimized(load_model(path), in_place=in_place, nodes=_limit(nodes), progress=True)
    print(result)
    if fitted:
        print(f"\n{_fit(fitted, max(result.heads(scratch)[1] for scratch in RUNTIMES.values()))}")
    if output.suffix == ".cpp":
        write_c_array(result.after.source, output)
    else:
        write_atomic(output, result.after.source)
    print(f"\nwrote {output}")


def _fit(target: Board, head: int) -> str:
    verdict = f"fits, {target.sram - head:,} left" if head <= target.sram else "does NOT fit"
    return f"{target.name}: {head:,} of {target.sram:,} bytes of SRAM: {verdict}; the runtime's tail is extra"


def _limit(nodes: int | None) -> int:
    if nodes is not None and nodes < 0:
        raise UserError(f"{nodes} is no number of states", "give 0 or more with --nodes")
    return NODES if nodes is None else nodes
