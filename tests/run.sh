#!/usr/bin/env bash
# Runs every check of the kit, all steps even where one fails; the exit status tells of any failure.
#     tests/run.sh [--full]      format, lint, types, spelling, lessons, tests; --full adds the slow tests
#     tests/run.sh ARGUMENTS     only pytest, with these arguments
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
./start-notebook.sh --setup --dev || exit

PATH="$PWD/.venv/bin:$PWD/.venv/Scripts:$PATH"
export TF_CPP_MIN_LOG_LEVEL=3
artifacts=tests/artifacts
mkdir -p "$artifacts"
failed=()

step() {
    echo "== $1"
    "${@:2}" || failed+=("$1")
}

format_c() {
    find common docs tests \( -name '*.c' -o -name '*.h' -o -name '*.cpp' \) -not -path '*/templates/*' \
        -not -path 'tests/artifacts/*' -exec clang-format --dry-run -Werror {} +
}

tests() {
    pytest "$@" 2>&1 | tee "$artifacts/pytest.log"
    return "${PIPESTATUS[0]}"
}

if [ $# -gt 0 ] && [ "$1" != --full ]; then
    exec pytest "$@"
fi

step "ruff check" ruff check --quiet .
step "ruff format" ruff format --check --quiet .
step "clang-format" format_c
step "shellcheck" shellcheck start-notebook.sh tests/run.sh .ci/run
step "mypy" mypy
step "codespell" codespell
step "lessons" aiedge lessons check
if [ "${1:-}" = --full ]; then
    step "pytest" tests tests common/aiedge
else
    step "pytest" tests -m "not slow" tests common/aiedge
fi

echo
if [ ${#failed[@]} -gt 0 ]; then
    printf 'failed: %s\n' "${failed[@]}"
else
    echo "all steps passed"
fi
tail -n 1 "$artifacts/pytest.log"
[ ${#failed[@]} -eq 0 ]
