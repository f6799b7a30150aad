"""`python -m aiedge` is the `aiedge` command."""

import sys

from aiedge.cli import main

sys.exit(main())
