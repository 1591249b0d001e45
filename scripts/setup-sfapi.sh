#!/bin/sh
# Makes .cache/venv-sfapi once: the official client of the Superfacility API, pinned.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/.cache/venv-sfapi
client=0.6.0
python=/usr/bin/python3
[ -x "$python" ] || python=python3
works() {
  "$target/bin/python" -c "
from importlib.metadata import version
assert version('sfapi_client') == '$client'
import sfapi_client" 2>/dev/null
}
works && exit 0
. "$root/scripts/setup-lock.sh"
works && exit 0
rm -rf "$target"
"$python" -m venv "$target"
"$target/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: "sfapi_client==$client"
works
