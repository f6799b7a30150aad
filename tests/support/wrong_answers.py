"""What the tests of all lessons' checks share: how a check fails, and answers that are wrong for every exercise."""

import numpy as np
import pytest

from aiedge.workshop.checks import CheckFailed


def says(text: str, check, *arguments) -> None:
    """The check must fail with `text` in its message, never with another exception."""
    with pytest.raises(CheckFailed) as caught:
        check(*arguments)
    assert text in str(caught.value), caught.value
    assert "".join(caught.value._render_traceback_()) in str(caught.value).replace("\n", "")


# What a student may hand in where a function of some arguments is asked for, and what the check says to it.
ACCIDENTS = [
    (7, "the number 7"),
    (lambda *arguments: nothing, "NameError"),  # noqa: F821
    (lambda *arguments: "a few", "✗ TODO"),
    (lambda *arguments: np.nan, "✗ TODO"),
    (lambda *arguments: [1, 2, 3], "✗ TODO"),
    (lambda *arguments: -12345.0, "✗ TODO"),
]
