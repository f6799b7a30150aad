# For tests: MicroPython's tool for .mpy files stands here.
