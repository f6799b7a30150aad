"""Tables as text."""

from collections.abc import Sequence


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines of a table whose columns are as wide as their widest entry; numbers stand to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    to_right = [all(row[i][:1].isdigit() or not row[i] for row in rows) for i in range(len(head))]

    def line(cells: tuple[str, ...]) -> str:
        padded = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, to_right, strict=True))
        return "  ".join(padded).rstrip()

    return [line(head), line(tuple("-" * width for width in widths)), *(line(row) for row in rows)]
