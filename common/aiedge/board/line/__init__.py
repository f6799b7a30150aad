"""The serial line to a board, from its bytes to its requests.

- `transport`: bytes to and from a port or a socket; a line as slow as a UART, and one that makes mistakes
- `frames`: bytes to messages and back; the text between them
- `noise`: how large frames should be
- `window`: inputs on their way, piece by piece
"""
