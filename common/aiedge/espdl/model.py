"""A network that was quantized for ESP-DL, as `aiedge espdl` wrote it into a folder."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.errors import UserError
from aiedge.espdl.quantize import FLOAT, QUANTIZATION, load_quantization
from aiedge.espdl.twin import Quantization, integers_of
from aiedge.quantization import QuantParams
from aiedge.tflite.graph import Graph, Tensor


@dataclass(frozen=True)
class EspdlModel:
    """An .espdl file, the float network that it was made of, its quantization, and the chip that it is for."""

    path: Path
    data: bytes
    network: Graph
    quantization: Quantization
    chip: str

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    @property
    def sha256(self) -> str:
        """SHA-256 of the .espdl file, 64 hex digits."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def graph(self) -> Graph:
        """The network with the chip's integers at its input and its output, and the .espdl as the file it is in."""
        (entry,), (result,) = self.network.inputs, self.network.outputs
        inputs, outputs = (self._integers(entry),), (self._integers(result),)
        return dataclasses.replace(self.network, inputs=inputs, outputs=outputs, source=self.data)

    def answers(self, inputs: NDArray[np.integer]) -> NDArray[np.integer]:
        """What the twin answers [n, ...] to inputs [n, ...], both as the chip's integers."""
        entry, result = self.graph.inputs[0], self.graph.outputs[0]
        reals = inputs * 2.0 ** self.quantization.exponent(f"t{entry.index}")
        found = integers_of(self.network, self.quantization, reals.astype(np.float32))
        return found.astype(result.dtype)

    def _integers(self, tensor: Tensor) -> Tensor:
        scale = 2.0 ** self.quantization.exponent(f"t{tensor.index}")
        dtype = np.dtype(f"int{self.quantization.bits}")
        return dataclasses.replace(tensor, dtype=dtype, quantization=QuantParams(scale, 0))


def load_espdl(folder: str | Path) -> EspdlModel:
    """The network in a folder of `aiedge espdl`; raises `UserError` for none, several, or a part of one."""
    folder = Path(folder)
    found = sorted(folder.glob("*.espdl"))
    hint = f"aiedge espdl MODEL -o {folder} --samples FILE"
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        raise UserError(
            f"{folder} holds {len(found)} .espdl files: {names}"
            if found
            else f"{folder} holds no .espdl file",
            f"leave one, or give another folder: {hint}" if found else hint,
        )
    (path,) = found
    network, told = (path.with_name(f"{path.stem}{end}") for end in (FLOAT, QUANTIZATION))
    if not (network.is_file() and told.is_file()):
        raise UserError(f"{path} is without {network.name} or {told.name}", f"make them again: {hint}")
    quantization, _ = load_quantization(told)
    chip = json.loads(told.read_text(encoding="utf-8")).get("chip", "")
    return EspdlModel(path, path.read_bytes(), tflite.read(network), quantization, chip)
