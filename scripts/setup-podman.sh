#!/bin/sh
# Makes .cache/podman once: Debian's Podman, its programs only, which are not installed and start no service. Needs Debian or Ubuntu.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/.cache/podman
works() { [ -f "$target/complete" ] && LD_LIBRARY_PATH=$target/lib "$target/bin/podman" --version >/dev/null 2>&1; }
works && exit 0
. "$root/scripts/setup-lock.sh"
work=$target.new
trap 'rm -rf "$work"' EXIT
works && exit 0
rm -rf "$target" "$work"
mkdir -p "$work/packages" "$work/bin" "$work/lib"
cd "$work/packages"
programs="podman conmon"
libraries="libgpgme11 libassuan0 libsubid4 libdevmapper1.02.1 libseccomp2 libglib2.0-0 libcap-ng0"
# A library of another name is installed, or the last line says that something lacks.
fetch() { apt-get -q download $programs >/dev/null 2>&1 && for each in $libraries; do apt-get -q download "$each" >/dev/null 2>&1 || :; done; }
fetch || { apt-get -q update >/dev/null 2>&1; fetch; } || { echo "setup-podman: apt-get has no podman" >&2; exit 1; }
for each in *.deb; do dpkg-deb -x "$each" "$work/tree"; done
for each in $programs; do mv "$work/tree/usr/bin/$each" "$work/bin/"; done
find "$work/tree" -name '*.so.*' | while read -r each; do cp -P "$each" "$work/lib/"; done
# A library that is installed comes with what it needs itself.
for each in "$work"/lib/*; do [ ! -e "/usr/lib/$(uname -m)-linux-gnu/${each##*/}" ] || rm -f "$each"; done
rm -rf "$work/tree" "$work/packages"
: > "$work/complete"
mv "$work" "$target"
works || { echo "setup-podman: podman does not start" >&2; exit 1; }
