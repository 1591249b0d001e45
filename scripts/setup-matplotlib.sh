#!/bin/sh
# Makes .cache/venv-matplotlib once: a virtual environment with matplotlib, for the tests of interpreters. Atomic: made beside, then renamed.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/.cache/venv-matplotlib
# With the system's python3 where there is one: a virtual environment lives only as long as its interpreter.
python=/usr/bin/python3
[ -x "$python" ] || python=python3
works() { [ -e "$target/config/ready" ] && "$target/bin/python" -c '' 2>/dev/null; }
works && exit 0
. "$root/scripts/setup-lock.sh"
works && exit 0
rm -rf "$target"
"$python" -m venv "$target"
"$target/bin/python" -m pip install --quiet --disable-pip-version-check matplotlib
# The list of fonts, which takes seconds to make, is there for all tests.
MPLCONFIGDIR=$target/config MPLBACKEND=agg "$target/bin/python" -c 'import matplotlib.pyplot'
: > "$target/config/ready"
works
