"""The board and everything between it and this computer: ports, the line, frames, requests, the stand-in.

with Board("/dev/ttyUSB0") as board:
    print(board.hello())
    for output, microseconds in board.infer_all([bytes(2), bytes(2)]):
        print(output, microseconds)

A board with MicroPython is asked over its raw REPL instead: `repl`, `micropython`.
"""

from aiedge.errors import extras

with extras():
    # First, since another package called serial has none.
    import serial.tools.list_ports  # noqa: F401

    from aiedge.board.client import Board
    from aiedge.board.line.hello import BoardInfo
    from aiedge.board.line.protocol import BASE_BAUD
    from aiedge.board.line.transport import (
        UNPACED,
        FaultyTransport,
        PacedTransport,
        SerialTransport,
        Transport,
    )
    from aiedge.board.notebook import ModelPage, browser
    from aiedge.board.ports import SerialPort, choose_port, find_ports
    from aiedge.board.standin import StandIn

__all__ = [
    "BASE_BAUD",
    "UNPACED",
    "Board",
    "BoardInfo",
    "FaultyTransport",
    "ModelPage",
    "PacedTransport",
    "SerialPort",
    "SerialTransport",
    "StandIn",
    "Transport",
    "browser",
    "choose_port",
    "find_ports",
]
