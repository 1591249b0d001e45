#!/bin/sh
# Makes .cache/venv-numpy once: a virtual environment with numpy, for the tests of arrays. Atomic: made beside, then renamed.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/.cache/venv-numpy
# With the system's python3 where there is one: a virtual environment lives only as long as its interpreter.
python=/usr/bin/python3
[ -x "$python" ] || python=python3
works() { "$target/bin/python" -c 'import numpy' 2>/dev/null; }
works && exit 0
. "$root/scripts/setup-lock.sh"
works && exit 0
rm -rf "$target"
"$python" -m venv "$target"
"$target/bin/python" -m pip install --quiet --disable-pip-version-check numpy
works
