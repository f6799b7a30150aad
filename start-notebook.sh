#!/usr/bin/env bash
# Opens a project of the workshop in JupyterLab, or runs its solution; sets the kit up on first use.
# This file only finds a Python to begin with: the work is in common/aiedge/workshop/start.py.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

suitable() {
    "$@" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

start() {
    PYTHONPATH="$here/common" exec "${python[@]}" -P -m aiedge.workshop.start "$@"
}

if [ -n "${AIEDGE_PYTHON:-}" ]; then
    python=("$AIEDGE_PYTHON")
    suitable "${python[@]}" && start "$@"
    echo "error: AIEDGE_PYTHON is $AIEDGE_PYTHON, which is no Python 3.11, 3.12 or 3.13" >&2
    echo "hint: name another, or unset AIEDGE_PYTHON" >&2
    exit 2
fi

for name in python3 python3.13 python3.12 python3.11 python "py -3.13" "py -3.12" "py -3.11"; do
    read -r -a python <<<"$name"
    suitable "${python[@]}" && start "$@"
done

# uv knows Pythons that are on no path; none is downloaded.
if found=$(uv python find --no-python-downloads '>=3.11,<3.14' 2>/dev/null); then
    python=("$found")
    suitable "${python[@]}" && start "$@"
fi

echo "error: no Python 3.11, 3.12 or 3.13 was found" >&2
echo "hint: install one (python.org, or your system's packages), or set AIEDGE_PYTHON to where it is" >&2
exit 2
