#!/bin/sh
# Opens a project of the workshop in JupyterLab, or runs its solution; sets the kit up on first use.
# This file only finds a Python to begin with: the work is in common/aiedge/workshop/start.py. Any POSIX shell will do.
here=$(unset CDPATH && cd -- "$(dirname -- "$0")" && pwd)

suitable() {
    "$@" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

start() {
    export PYTHONPATH="$here/common"
    exec "$@"
}

if [ -n "${AIEDGE_PYTHON:-}" ]; then
    suitable "$AIEDGE_PYTHON" && start "$AIEDGE_PYTHON" -P -m aiedge.workshop.start "$@"
    echo "error: AIEDGE_PYTHON is $AIEDGE_PYTHON, which is no Python 3.11, 3.12 or 3.13" >&2
    echo "hint: name another, or unset AIEDGE_PYTHON" >&2
    exit 2
fi

for name in python3 python3.13 python3.12 python3.11 python "py -3.13" "py -3.12" "py -3.11"; do
    # shellcheck disable=SC2086  # two words for Windows' launcher
    suitable $name && start $name -P -m aiedge.workshop.start "$@"
done

# uv knows Pythons that are on no path; none is downloaded.
if found=$(uv python find --no-python-downloads '>=3.11,<3.14' 2>/dev/null); then
    suitable "$found" && start "$found" -P -m aiedge.workshop.start "$@"
fi

echo "error: no Python 3.11, 3.12 or 3.13 was found" >&2
echo "hint: install one (python.org, or your system's packages), or set AIEDGE_PYTHON to where it is" >&2
exit 2
