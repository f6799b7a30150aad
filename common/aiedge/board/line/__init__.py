"""The serial line to a board, from its bytes to its requests.

- `protocol`: the numbers that the computer and the board agree on
- `transport`: bytes to and from a port or a socket; a line as slow as a UART, and one that makes mistakes
- `frames`: bytes to messages and back; the text between them
- `log`: that text, and what of it explains a silence
- `requests`: messages with numbers, repeated until their replies come
- `hello`, `baud`: the requests for what the board is, and for another speed
- `noise`, `window`: how large frames should be; inputs on their way, piece by piece
- `deadline`: how long to wait for the board's next word
"""
