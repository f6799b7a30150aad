"""`python -m aiedge` is the `aiedge` command."""

import os
import sys

# `-m` puts the current folder first, where a socket.py would take the place of Python's; -P leaves it out.
if not sys.flags.safe_path and sys.path[:1] in ([""], [os.getcwd()]):
    del sys.path[0]

from aiedge.cli import main

sys.exit(main())
