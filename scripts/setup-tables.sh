#!/bin/sh
# Makes .cache/venv-tables once: a virtual environment with pandas, polars and pyarrow, for the tests of tables.
# `setup-tables.sh PYTHON NAME`: .cache/venv-tables-NAME, with the newest pandas and pyarrow that this interpreter can have.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/.cache/venv-tables${2:+-$2}
packages="pandas pyarrow"
[ $# -gt 0 ] || packages="$packages polars"
# With the system's python3 where there is one: a virtual environment lives only as long as its interpreter.
python=${1:-/usr/bin/python3}
[ -x "$python" ] || python=python3
# The installation's last step: to import all three takes a second.
works() { [ -e "$target/complete" ] && "$target/bin/python" -c '' 2>/dev/null; }
works && exit 0
. "$root/scripts/setup-lock.sh"
works && exit 0
rm -rf "$target"
"$python" -m venv "$target"
# shellcheck disable=SC2086 # names of packages, one each
"$target/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: $packages
"$target/bin/python" -c 'import pandas, pyarrow'
: > "$target/complete"
