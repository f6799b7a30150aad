"""HELLO: what a board says about itself."""

from dataclasses import dataclass

from aiedge.board.line.log import printable
from aiedge.board.line.protocol import (
    HELLO_REPLY_HEAD,
    MAX_PAYLOAD,
    MOST_UNITS,
    RUNTIMES,
    TENSOR_TYPES,
    VERSION,
    WRITE_HEAD,
    FrameType,
)
from aiedge.board.line.requests import ATTEMPTS, Requests, other_version

_REPLY_BYTES = 128


@dataclass(frozen=True)
class BoardInfo:
    """What a board says about itself: sizes in bytes, `sha256` of its .tflite or .espdl in hex.

    `runtime` is one of `RUNTIMES`, the types are those of `TENSOR_TYPES`. While the network runs, the board keeps
    `window` bytes that come. Inputs travel in pieces of a multiple of `unit` bytes.
    """

    project: str
    sha256: str
    runtime: str
    input_type: str
    output_type: str
    input_bytes: int
    output_bytes: int
    arena_bytes: int
    window: int
    max_payload: int
    unit: int

    @property
    def is_usable(self) -> bool:
        """Whether a piece of an input fits into a payload, that into a frame, and each has a number."""
        return (
            0 < self.unit <= self.max_payload - WRITE_HEAD.size
            and self.max_payload <= MAX_PAYLOAD
            and self.input_bytes <= self.unit * MOST_UNITS
        )


def ask_hello(requests: Requests, attempts: int = ATTEMPTS) -> bytes:
    """Say HELLO, at most so often, and return the payload of the reply. Raises `Silence` where none comes."""
    return requests.ask(FrameType.HELLO, bytes([VERSION]), _REPLY_BYTES, attempts)


def read_hello(payload: bytes) -> BoardInfo:
    """What a HELLO_REPLY says; raises `UserError` for one of another version."""
    if payload[:1] != bytes([VERSION]) or len(payload) < HELLO_REPLY_HEAD.size:
        raise other_version()
    _, runtime, input_type, output_type, *sizes, digest = HELLO_REPLY_HEAD.unpack_from(payload)
    return BoardInfo(
        printable(payload[HELLO_REPLY_HEAD.size :].decode("ascii", "replace")),
        digest.hex(),
        RUNTIMES.get(runtime, "unknown"),
        TENSOR_TYPES.get(input_type, "unknown"),
        TENSOR_TYPES.get(output_type, "unknown"),
        *sizes,
    )
