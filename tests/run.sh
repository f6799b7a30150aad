#!/usr/bin/env bash
# Runs every check of the kit, all steps even where one fails; the exit status tells of any failure.
#     tests/run.sh [--full]      format, lint, types, spelling, lessons, tests; --full adds the slow tests
#     tests/run.sh ARGUMENTS     only pytest, with these arguments
# With WITHOUT_TFLM=1 in the environment all runs as on a computer for which TensorFlow Lite Micro has no wheel.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
./start-notebook.sh --setup --dev || exit

PATH="$PWD/.venv/bin:$PWD/.venv/Scripts:$PATH"
export TF_CPP_MIN_LOG_LEVEL=3
artifacts=tests/artifacts
mkdir -p "$artifacts"
names=() processes=() failed=()

# start NAME COMMAND...: runs the command beside others.
start() {
    "${@:2}" >"$artifacts/$1.log" 2>&1 </dev/null &
    names+=("$1") processes+=($!)
}

# Waits for what was started, and shows what it said.
finish() {
    for i in "${!names[@]}"; do
        wait "${processes[i]}" || failed+=("${names[i]}")
        echo "== ${names[i]}"
        cat "$artifacts/${names[i]}.log"
    done
}

format_c() {
    find common docs tests \( -name '*.c' -o -name '*.h' -o -name '*.cpp' \) -not -path '*/templates/*' \
        -not -path 'tests/artifacts/*' -exec clang-format --dry-run -Werror {} +
}

tests() {
    # Each worker takes tests off the other's end when its own half is done.
    pytest --numprocesses 2 --dist worksteal "$@" 2>&1 | tee "$artifacts/pytest.log"
    return "${PIPESTATUS[0]}"
}

if [ $# -gt 0 ] && [ "$1" != --full ]; then
    exec pytest "$@"
fi

start mypy mypy
start ruff-check ruff check --quiet .
start ruff-format ruff format --check --quiet .
start clang-format format_c
if command -v shellcheck >/dev/null; then
    start shellcheck shellcheck start-notebook.sh tests/run.sh .ci/run
else
    echo "shellcheck is left out: its package has no wheel for this computer"
fi
start codespell codespell
finish
echo "== pytest"
if [ "${1:-}" = --full ]; then
    tests tests common/aiedge || failed+=(pytest)
else
    tests -m "not slow" tests common/aiedge || failed+=(pytest)
fi

echo
if [ ${#failed[@]} -gt 0 ]; then
    printf 'failed: %s\n' "${failed[@]}"
else
    echo "all steps passed"
fi
tail -n 1 "$artifacts/pytest.log"
[ ${#failed[@]} -eq 0 ]
