"""A float model to .espdl, by esp-ppq in its own environment, and what the twin says about it."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.espdl import environment
from aiedge.espdl.onnx_writer import PLANES, to_onnx
from aiedge.espdl.twin import Quantization, integers_of
from aiedge.tflite.graph import Graph

SCRIPT = Path(__file__).with_name("ppq_script.py")
FLOAT, QUANTIZATION = "-float.tflite", "-quantization.json"  # behind a network's name
TRIED = 16  # samples of which the answers are compared
CHIPS = ("esp32", "esp32s3", "esp32p4")


@dataclass(frozen=True)
class Result:
    """The .espdl file, its quantization, and of `values` answers how many differ from the twin's, by how many steps."""

    path: Path
    quantization: Quantization
    values: int
    different: int
    largest: int


def load_quantization(path: str | Path) -> tuple[Quantization, NDArray[np.int64]]:
    """What NAME-quantization.json says: exponents and rounding, and esp-ppq's answers as integers."""
    try:
        told = json.loads(Path(path).read_text(encoding="utf-8"))
        (rounding,) = told["rounding"]
        found = Quantization(told["exponents"], told["bits"], rounding, told["tables"])
        return found, np.array(told["answers"], np.int64)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is no quantization of `aiedge espdl`: {error}", "make it again") from error


def quantize_espdl(
    graph: Graph, samples: NDArray[np.float32], folder: Path, name: str, chip: str = "esp32", bits: int = 8
) -> Result:
    """Write NAME.onnx, NAME.espdl and what `aiedge.espdl.model` reads beside it into a folder: all of them or none.

    Raises `UserError` where the network cannot become ONNX or have a twin, and where esp-ppq is not set up or fails.
    """
    model, program = to_onnx(graph), environment.python()
    planes = samples.transpose(PLANES) if samples.ndim == 4 else samples
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as text:
        work = Path(text)
        (work / f"{name}.onnx").write_bytes(model)
        np.savez(work / "samples.npz", samples=np.ascontiguousarray(planes), tried=planes[:TRIED])
        arguments: list[str | Path] = [
            work / f"{name}.onnx",
            work / "samples.npz",
            work,
            name,
            chip,
            str(bits),
        ]
        done = subprocess.run([program, SCRIPT, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
            raise UserError(
                f"esp-ppq failed: {last}", "does it know the network's operators? --debug shows no more"
            )
        (work / "samples.npz").unlink()
        (work / f"{name}{FLOAT}").write_bytes(graph.source)
        quantization, wanted = load_quantization(work / f"{name}{QUANTIZATION}")
        for path in work.iterdir():
            path.replace(folder / path.name)
    found = integers_of(graph, quantization, samples[:TRIED]).reshape(wanted.shape)
    apart = np.abs(found - wanted)
    return Result(
        folder / f"{name}.espdl", quantization, wanted.size, int((apart > 0).sum()), int(apart.max())
    )
