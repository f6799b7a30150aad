"""A lesson's source as a Jupyter notebook whose bytes depend on nothing but the source.

Ids come from the cells' text, keys are sorted, the metadata is fixed. Outputs are cleaned of what changes
from run to run (time stamps, execution metadata, the version that Matplotlib writes into a PNG), and what
names the author's machine is refused.
"""

import base64
import hashlib
import re
import struct
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
import nbformat.v4 as v4
from nbformat import NotebookNode

from aiedge.errors import UserError
from aiedge.workshop.lessons.source import Cell, Source, jupyter_cell
from aiedge.workshop.notebooks import cell_name

_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_NEW_CELL = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}
# tqdm's " [00:01<00:00, 98.7it/s]": the bar stays, its clock goes.
_CLOCK = re.compile(r" \[\d+:\d\d(:\d\d)?<[^\]\n]*\]")
GLOSSARY = "../../docs/glossary.md"
_TERM = re.compile(r"\[([^\]]+)\]\(term(?::([^)\n]+))?\)")
_PNG_TEXT = (b"tEXt", b"zTXt", b"iTXt", b"tIME")


def to_notebook(source: Source, levels: Sequence[str], solved: int) -> NotebookNode:
    """The notebook at the stage `solved`: TODOs 1 to `solved` solved, no outputs, check cells locked.

    A cell has the same id at every stage and level.
    """
    cells = [_cell(cell, levels, solved) for cell in source.cells]
    for cell, id_ in zip(cells, _ids(source.cells), strict=True):
        cell["id"] = id_
    return v4.new_notebook(cells=cells, metadata=_METADATA, nbformat_minor=5)


def _cell(cell: Cell, levels: Sequence[str], solved: int) -> NotebookNode:
    _, metadata, text = jupyter_cell(cell.header, cell.text(solved))
    if cell.kind == "markdown":
        text = link_terms(text)
    if tags := [tag for tag in metadata.pop("tags", []) if tag not in levels]:
        metadata["tags"] = tags
    if "check" in tags:
        metadata |= {"editable": False, "deletable": False}
    return _NEW_CELL[cell.kind](text, metadata=metadata)


def link_terms(text: str) -> str:
    """Markdown in which links to a term of the glossary lead there from a notebook's folder.

    >>> link_terms("Each [epoch](term) is a [pass](term:training set).")
    'Each [epoch](../../docs/glossary.md#epoch) is a [pass](../../docs/glossary.md#training-set).'
    """
    return _TERM.sub(
        lambda link: f"[{link[1]}]({GLOSSARY}#{(link[2] or link[1]).lower().replace(' ', '-')})", text
    )


def _ids(cells: tuple[Cell, ...]) -> Iterator[str]:
    """Eight hex digits a cell, from its text with markers; the n-th of equal cells counts itself."""
    seen = Counter[str]()
    for cell in cells:
        seen[cell.raw] += 1
        yield hashlib.sha256(f"{seen[cell.raw]}\n{cell.raw}".encode()).hexdigest()[:8]


def to_text(nb: NotebookNode) -> str:
    """The content of the .ipynb file, with sorted keys and a newline at the end."""
    return nbformat.writes(nb, version=4).rstrip("\n") + "\n"


def from_file(path: Path) -> NotebookNode | None:
    """The notebook in `path`, None where there is none that can be read."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, AttributeError, TypeError, nbformat.ValidationError):
        return None


def code_cells(nb: NotebookNode) -> list[NotebookNode]:
    """The cells that a kernel runs."""
    return [cell for cell in nb.cells if cell.cell_type == "code" and cell.source.strip()]


def keep_outputs(nb: NotebookNode, old: NotebookNode | None) -> bool:
    """Give `nb` the outputs of `old` and return True, where `old` ran the very same code to its end."""
    new_code, old_code = code_cells(nb), code_cells(old) if old else []
    if [cell.source for cell in new_code] != [cell.source for cell in old_code]:
        return False
    if not all(cell.execution_count for cell in old_code):
        return False
    for cell, with_outputs in zip(new_code, old_code, strict=True):
        cell.outputs, cell.execution_count = with_outputs.outputs, with_outputs.execution_count
    return True


def clean_outputs(nb: NotebookNode, folder: Path) -> None:
    """Remove from the outputs, in place, what differs from run to run.

    Raises `UserError` for an output that names the author's machine: its Python, its home or `folder`, where
    the notebook ran.
    """
    machine = [str(place) for place in {folder, folder.resolve(), Path(sys.prefix), Path.home()}]
    named = re.compile("|".join([*map(re.escape, machine), r"ipykernel_\d+"]))
    for index, cell in enumerate(nb.cells):
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                data["image/png"] = base64.b64encode(strip_png(base64.b64decode(data["image/png"]))).decode()
            if "text" in output:
                output["text"] = _CLOCK.sub("", output["text"])
            texts = [
                output.get("text", ""),
                *(text for kind, text in data.items() if kind.startswith("text/")),
            ]
            if found := named.search("\n".join(texts)):
                raise UserError(
                    f"{cell_name(nb, index)} prints {found[0]!r}, which other machines do not have",
                    "print names without their folder, and mend the cause of a warning",
                )


def strip_png(data: bytes) -> bytes:
    """The PNG without its texts and time stamp, which say who drew it and when; the picture is untouched."""
    kept, position = [data[:8]], 8
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        chunk = data[position : position + 12 + length]  # length, type, content, CRC
        if chunk[4:8] not in _PNG_TEXT:
            kept.append(chunk)
        position += 12 + length
    return b"".join(kept)
