"""How many wrong answers the tests of the checks hold, and how many of them the checks explain."""

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from aiedge.workshop.checks import CheckFailed
from tests.unit import (
    test_checks_carclassifier,
    test_checks_cifar_cnn,
    test_checks_search,
    test_checks_xormodel,
)

MODULES = (test_checks_carclassifier, test_checks_cifar_cnn, test_checks_search, test_checks_xormodel)
LEAST = 320
SHARE = 0.95
# What a check says where the cause is known: a line of its own, or that nothing is filled in yet.
CAUSES = ("\n  likely:   ", "is still open")


def cases(module: ModuleType) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The tests that hand in a wrong answer, each with the values of one of its cases, where it has such."""
    for name, test in inspect.getmembers(module, inspect.isfunction):
        if not name.startswith("test_") or not any(
            word in name for word in ("mistakes", "accidents", "open")
        ):
            continue
        sets: list[dict[str, Any]] = [{}]
        for mark in getattr(test, "pytestmark", ()):
            names = [mark.args[0]] if isinstance(mark.args[0], str) else list(mark.args[0])
            rows = [[row] if len(names) == 1 else list(row) for row in mark.args[1]]
            sets = [{**known, **dict(zip(names, row, strict=True))} for known in sets for row in rows]
        yield from ((test, values) for values in sets)


@pytest.fixture(scope="module")
def model() -> bytes:
    return test_checks_carclassifier.int8_model()


def test_most_wrong_answers_are_explained(
    model: bytes, xormodel: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    messages: list[str] = []

    def says(text: str, check: Any, *arguments: Any) -> None:
        with pytest.raises(CheckFailed) as caught:
            check(*arguments)
        messages.append(str(caught.value))

    for module in MODULES:
        monkeypatch.setattr(module, "says", says)
    every = [case for module in MODULES for case in cases(module)]
    for test, values in every:
        given = {"model": model, "xormodel": xormodel}
        wanted = inspect.signature(test).parameters
        test(**values, **{name: given[name] for name in wanted if name in given and name not in values})
    explained = sum(any(cause in message for cause in CAUSES) for message in messages)
    unexplained = [message for message in messages if not any(cause in message for cause in CAUSES)]
    with capsys.disabled():
        print(f"\n{len(messages)} wrong answers in the notebooks, {explained / len(messages):.1%} explained")
    assert len(messages) >= LEAST and len(messages) == len(every)
    assert explained / len(messages) >= SHARE, "\n".join(unexplained)
