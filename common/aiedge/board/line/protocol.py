"""The numbers of the serial protocol, and what the payloads of its messages begin with.

`common/firmware/PROTOCOL.md` is their source; `protocol.h` has them in C++, and tests compare both with its tables.
"""

import struct
from enum import IntEnum

VERSION = 3
BASE_BAUD = 115200  # the line's speed at first
MAX_PAYLOAD = 1024
HISTORY_FRAMES = 32  # before the one that an ACK names
MOST_TEXT = 96  # bytes of what a sketch printed


class FrameType(IntEnum):
    """Kinds of messages; a reply's is its request's with `REPLY` set."""

    HELLO = 0x01
    WRITE = 0x02
    FETCH = 0x03
    SET_BAUD = 0x04
    HELLO_REPLY = 0x81
    ACK = 0x82
    RESULT = 0x83
    BAUD_REPLY = 0x84
    ERROR = 0xFF


REPLY = 0x80


class ErrorCode(IntEnum):
    """Why a board refuses a request: the first byte of an ERROR."""

    UNKNOWN_TYPE = 1
    WRONG_PAYLOAD = 2
    INFERENCE_FAILED = 3
    WRONG_VERSION = 4
    NOT_GREETED = 5
    NO_RESULT = 6
    WRONG_BAUD = 7


RUNTIMES = {0: "compiled", 1: "tflm", 2: "espdl"}
TENSOR_TYPES = {0: "int8", 1: "float32", 2: "uint8", 3: "int16", 4: "int32"}

# Version, runtime, types of input and output, their bytes, the arena's, window, max payload, unit, model hash.
HELLO_REPLY_HEAD = struct.Struct("<BBBBIIIIHH32s")
WRITE_HEAD = struct.Struct("<BH")  # number, index
MOST_UNITS = 1 << 16  # of an input: an index has 16 bits
ACK_HISTORY = struct.Struct("<I")
RESULT_HEAD = struct.Struct("<BII")  # number, CRC of the input, time
CONDUCT = struct.Struct("<IIB")  # behind the output of a RESULT: network's time, request's time, flags
BAUD_PAYLOAD = struct.Struct("<I")
