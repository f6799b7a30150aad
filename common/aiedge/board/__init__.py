"""The board and everything between it and this computer: ports, the line, frames, requests, the stand-in.

with Board("/dev/ttyUSB0") as board:
    print(board.hello())
    for output, microseconds in board.infer_all([bytes(2), bytes(2)]):
        print(output, microseconds)
"""

from aiedge.errors import extras

with extras():
    from aiedge.board.client import Board, BoardInfo
    from aiedge.board.ports import SerialPort, choose_port, find_ports
    from aiedge.board.standin import StandIn
    from aiedge.board.transport import UNPACED, FaultyTransport, PacedTransport, SerialTransport, Transport

__all__ = [
    "UNPACED",
    "Board",
    "BoardInfo",
    "FaultyTransport",
    "PacedTransport",
    "SerialPort",
    "SerialTransport",
    "StandIn",
    "Transport",
    "choose_port",
    "find_ports",
]
