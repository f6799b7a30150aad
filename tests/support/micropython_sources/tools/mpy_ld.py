# For tests: MicroPython's linker of native modules stands here.
