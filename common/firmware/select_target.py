"""Compiles the drivers of one target: src/host, src/cortex_m4, src/esp32 or src/web."""

Import("env")  # noqa: F821  (SCons hands it to this script)

TARGETS = {"host": "host", "cortex_m4": "cortex_m4", "espressif32": "esp32", "browser": "web"}
target = TARGETS[env["PIOPLATFORM"]]  # noqa: F821
env.Replace(SRC_FILTER=["+<*.cpp>", f"+<{target}/*.cpp>"])  # noqa: F821
env.Append(CPPPATH=[env.Dir("src").srcnode().abspath])  # noqa: F821
