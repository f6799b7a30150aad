"""A network in a browser: as WebAssembly, and what a page shows of it.

- `facts`: layers, arena, inputs and outputs as JSON
- `wasm`: the network's C as a module
- `folder`: a page of it that opens from anywhere
- `page`: the pages' files, which need nothing from elsewhere
"""

from pathlib import Path

from aiedge.web.facts import page_facts

PAGE = Path(__file__).with_name("page")

__all__ = ["PAGE", "page_facts"]
