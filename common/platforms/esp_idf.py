"""Gets PlatformIO's builder for ESP-IDF going, or says before it starts why it cannot.

- It refuses spaces in the path of the build's folder and in that of its packages, and both are in the kit's folder.
- It copies an action of SCons by copy.deepcopy(). With `pio run -v` that action holds SCons's mark for "not given",
  which SCons knows by its identity: the copy counts as given, and the build ends with TypeError: ... '_Null'. Here the
  mark's copy is the mark.
"""

import sys

import SCons.Action

Import("env")  # noqa: F821  (SCons hands it to this script)


def check_paths() -> None:
    """Stop the build where the builder would stop it, and say what to do."""
    for folder in ("$BUILD_DIR", "$PROJECT_PACKAGES_DIR"):
        path = env.subst(folder)  # noqa: F821
        if " " in path:
            sys.stderr.write(
                f"error: ESP-IDF builds nothing in a path with a space: {path}\n"
                "hint: move the kit to a folder without spaces, and set it up there: ./start-notebook.sh --setup\n"
            )
            env.Exit(2)  # noqa: F821


type(SCons.Action._null).__deepcopy__ = lambda mark, memo: mark
if not env.IsIntegrationDump() and not env.IsCleanTarget():  # noqa: F821
    check_paths()
