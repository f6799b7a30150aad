"""The constants of a generated network in a file apart from its C."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from numpy.typing import NDArray

from aiedge.codegen.operators import Constant
from aiedge.errors import UserError
from aiedge.tflite.bin_file import CRC, WORD, starts, to_file
from aiedge.tflite.graph import Graph

# In the generated C, in a file that the application loads, or in a file that an assembler links.
Weights = Literal["linked", "loaded", "incbin"]


@dataclass(frozen=True)
class WeightsFile:
    """A file of constants, in the layout "packed" of `aiedge.tflite.bin_file`, and where in it each of them lies.

    `places` maps a constant's name to the C expression of its place, in words of four bytes; `pointer` is the file's
    name in C.
    """

    data: bytes
    places: dict[str, str]
    pointer: str

    @property
    def crc(self) -> int:
        """The CRC-32 that the file ends in."""
        return int(CRC.unpack(self.data[-CRC.size :])[0])

    def address(self, constant: Constant) -> str:
        """C expression of the constant's address."""
        return f"((const {constant.c_type} *)({self.pointer} + {self.places[constant.name]}))"


def weights_file(graph: Graph, constants: Sequence[Constant], pointer: str = "weights") -> WeightsFile:
    """The file of these constants, to which `pointer` points in C.

    Those with an `offset` come in both forms, so that one file serves all cores.

    Raises `UserError` where there are none.
    """
    if not constants:
        raise UserError("the model has no weights", "compile it without a file of weights")
    arrays: list[NDArray] = []
    forms: list[list[int]] = []  # for each constant the places of its forms in `arrays`
    for constant in constants:
        both = [constant.values] if constant.offset is None else [constant.values, constant.offset]
        forms.append([len(arrays) + i for i in range(len(both))])
        arrays += both
    words = [start // WORD for start in starts([array.nbytes for array in arrays])]
    places = {
        constant.name: str(words[form[0]])
        if len(form) == 1
        else f"AIEDGE_PLACE({words[form[0]]}, {words[form[1]]})"
        for constant, form in zip(constants, forms, strict=True)
    }
    return WeightsFile(to_file(list(enumerate(arrays)), "packed", graph.sha256), places, pointer)
