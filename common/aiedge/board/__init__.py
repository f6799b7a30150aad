"""The board and everything between it and this computer: ports, the line, frames, requests, the stand-in.

with Board("/dev/ttyUSB0") as board:
    print(board.hello())
    output, microseconds = board.infer(bytes(2))
"""

from aiedge.board.client import Board, BoardInfo
from aiedge.board.ports import SerialPort, choose_port, find_ports
from aiedge.board.standin import StandIn
from aiedge.board.transport import FaultyTransport, SerialTransport, Transport

__all__ = [
    "Board",
    "BoardInfo",
    "FaultyTransport",
    "SerialPort",
    "SerialTransport",
    "StandIn",
    "Transport",
    "choose_port",
    "find_ports",
]
