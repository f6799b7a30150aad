"""The lesson builder: one source per lesson; student copies and solutions from it.

An author edits `common/lessons/<lesson>/`: `lesson.toml`, `notebook.py` (Jupytext's percent format, a script
that runs) and `main.cpp`. Both sources hold the solution; markers say what the student gets instead:

    # %% [markdown]
    # ## Scale
    # A scale maps the range of a tensor to 255 steps.
    #
    # <details><summary>Hint</summary>How far is it from one step to the next?</details>

    # %%
    # TODO 1: Compute the scale (fill in 1 line).
    # BEGIN SOLUTION
    scale = (high - low) / 255
    # SKELETON scale = ...
    # SKELETON[easy] # 255 steps lead from low to high
    # END SOLUTION

    # %% tags=["check"]
    checks.<lesson>.scale(scale)

    # %% tags=["easy"]
    print("only the easy version has this cell")

- The solution has the lines between BEGIN SOLUTION and END SOLUTION, the student's copy has the SKELETON
  lines, with the marker's indentation; `SKELETON[easy]` only at the level easy. A TODO may have several such
  regions.
- TODOs count 1, 2, 3, ... from the top at every level; a cell has one at most. A hint in `<details>` stands
  in the markdown cell before it, a check cell (`tags=["check"]`, locked in Jupyter) right after it; on the
  skeleton the check raises `aiedge.workshop.checks.CheckFailed`.
- `[epoch](term)`, or `[epochs](term:epoch)`, in a markdown cell leads to that word in docs/glossary.md.
- A cell tagged with a level is in that level alone. `# BEGIN LEVEL easy` ... `# END LEVEL` does the same for
  lines within a cell.
- A marker stands alone on its line, and regions end in the cell where they begin.
- C++ has the same markers after `//`; there the skeleton calls `todo(1, "what to do");`, which stops the
  firmware.

The docstring of `aiedge.lesson` shows `lesson.toml`. Commands, all of which take the name of one lesson, or none for
all:

    aiedge lessons build             write notebook/, solution/ and vscode/; PlatformIO's files of boards
    aiedge lessons build --execute   ... and run the solution for its outputs and artefacts
    aiedge lessons check --static    rules, sizes, and that a rebuild changes nothing
    aiedge lessons check             ... and that every TODO stops until it is solved
    aiedge lessons slides            one HTML file a project, to show in front of the class
"""
