"""docs/promises.md: its quotes are in the documents, and its tests exist and run each time."""

import re
from pathlib import Path

import pytest

from aiedge.paths import REPO

DOCUMENTS = {"README": REPO / "README.md", "PROTOCOL": REPO / "common/firmware/PROTOCOL.md"}
PAGE = REPO / "docs/promises.md"


def rows() -> list[tuple[str, str, list[str]]]:
    """Promise, document and tests of each line of the page's tables."""
    lines = [line.strip("|").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return [
        (promise, of.strip(), re.findall(r"`([^`]+)`", tests)) for promise, of, tests in lines if of != "of"
    ]


def plain(text: str) -> str:
    """Words alone, without marks and line breaks."""
    return " ".join(re.sub(r"[*`_\[\]]|\([^)]*\.md\)", " ", text).replace(" ,", ",").split())


def test_every_quote_is_in_its_document() -> None:
    texts = {name: plain(path.read_text()) for name, path in DOCUMENTS.items()}
    assert {of for _, of, _ in rows()} == texts.keys()
    quotes = [(quote, of) for promise, of, _ in rows() for quote in re.findall(r'"([^"]+)"', promise)]
    assert len(quotes) > 20
    assert [quote for quote, of in quotes if plain(quote) not in texts[of]] == []


@pytest.mark.parametrize("test", sorted({test for _, _, tests in rows() for test in tests}))
def test_every_promise_has_tests_that_run_each_time(test: str) -> None:
    file, _, function = test.partition("::")
    text = Path(REPO / file).read_text()
    if function:
        # The decorators right before it.
        found = re.search(rf"((?:^@.*\n(?:^[ )].*\n)*)*)^def {function}\(", text, re.MULTILINE)
        assert found, f"{file} has no {function}"
        assert not re.search(r"^@pytest\.mark\.(slow|skip\b)", found[1], re.MULTILINE)


def test_every_promise_names_a_test() -> None:
    assert all(tests for _, _, tests in rows())
