"""A lesson with two TODOs in the notebook and two in the firmware, for the tests of the lesson builder."""

from pathlib import Path

NOTEBOOK = """\
# %% [markdown]
# # Tiny
# A lesson that takes no time.

# %%
from aiedge.workshop.checks import CheckFailed
low, high = -1.0, 1.0

# %% [markdown]
# A scale maps the range to 255 steps.
#
# <details><summary>Hint</summary>How far is one step?</details>

# %%
# TODO 1: Compute the scale (fill in 1 line).
# BEGIN SOLUTION
scale = (high - low) / 255
# SKELETON scale = ...  # one step
# END SOLUTION

# %% tags=["check"]
if scale is ... or not 0.007 < scale < 0.008:
    raise CheckFailed(f"scale is {scale}")

# %% [markdown]
# <details><summary>Hint</summary>Divide by the scale.</details>

# %%
# TODO 2: Write the function.
def quantize(x):
    # BEGIN SOLUTION
    return round(x / scale)
    # SKELETON return ...
    # END SOLUTION

# %% tags=["check"]
if quantize(1.0) != 128:
    raise CheckFailed(f"quantize(1.0) is {quantize(1.0)}")

# %% tags=["nbval-check-output"]
open("tiny.cpp", "w").write("int tiny = 1;\\n")
print(quantize(0.5))
"""

# todo.h of the firmware library in two lines, so that a compiler alone is enough for the tests.
MAIN_CPP = """\
#include <stdio.h>
#include <stdlib.h>

[[noreturn]] static void todo(int number, const char *what) {
  printf("TODO %d: %s (main.cpp)\\n", number, what);
  exit(3);
}

static int answer() {
  // TODO 1: Return the answer.
  // BEGIN SOLUTION
  return 42;
  // SKELETON todo(1, "answer");
  // END SOLUTION
}

int main() {
  // The solution calls it nowhere, which a compiler may remark.
  (void)todo;
  const int value = answer();
  // TODO 2: Print it.
  // BEGIN SOLUTION
  printf("%d\\n", value);
  // SKELETON todo(2, "print");
  // END SOLUTION
  return value == 42 ? 0 : 1;
}
"""


def write_lesson(
    root: Path, notebook: str = NOTEBOOK, firmware: str = MAIN_CPP, levels: list[str] | None = None
) -> Path:
    """Write the lesson `tiny` into a kit at `root` and return its folder."""
    folder = root / "common" / "lessons" / "tiny"
    folder.mkdir(parents=True)
    (folder / "notebook.py").write_text(notebook)
    (folder / "main.cpp").write_text(firmware)
    (folder / "lesson.toml").write_text(
        f'title = "Tiny"\nminutes = 1\nboard = "no"\nlevels = {levels or []}\nartifacts = ["tiny.cpp"]\n'
        "[firmware]\narena = 2048\n"
    )
    return folder
