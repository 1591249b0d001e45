#!/bin/sh
# Makes .cache/venv-jupyter once: Jupyter Server and its Python kernel, pinned.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/.cache/venv-jupyter
server=2.21.1
kernel=7.4.0
python=/usr/bin/python3
[ -x "$python" ] || python=python3
works() {
  "$target/bin/python" -c "
from importlib.metadata import version
assert version('jupyter_server') == '$server' and version('ipykernel') == '$kernel'
import jupyter_server, ipykernel" 2>/dev/null
}
works && exit 0
. "$root/scripts/setup-lock.sh"
works && exit 0
rm -rf "$target"
"$python" -m venv "$target"
"$target/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: "jupyter_server==$server" "ipykernel==$kernel"
works
