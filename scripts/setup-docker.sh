#!/bin/sh
# Makes .cache/docker-engine once: Debian's Docker Engine, its programs only, which are not installed and start no service; and the tar of an
# image of busybox and this machine's Python. Needs Debian or Ubuntu.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/.cache/docker-engine
works() { [ -f "$target/complete" ] && "$target/bin/dockerd" --version >/dev/null 2>&1; }
works && exit 0
. "$root/scripts/setup-lock.sh"
work=$target.new
trap 'rm -rf "$work"' EXIT
works && exit 0
rm -rf "$target" "$work"
mkdir -p "$work/packages" "$work/bin" "$work/lib"
cd "$work/packages"
fetch() { apt-get -q download docker.io containerd runc busybox-static libdevmapper1.02.1 libseccomp2 >/dev/null 2>&1; }
fetch || { apt-get -q update >/dev/null 2>&1; fetch; } || { echo "setup-docker: apt-get has no docker.io" >&2; exit 1; }
for each in *.deb; do dpkg-deb -x "$each" "$work/tree"; done
find "$work/tree" -name dockerd -o -name containerd -type f -o -name containerd-shim-runc-v2 -o -path '*/sbin/runc' -o -path '*/bin/busybox' |
  while read -r each; do [ ! -f "$each" ] || mv "$each" "$work/bin/"; done
find "$work/tree" -name 'libdevmapper.so*' -o -name 'libseccomp.so*' | while read -r each; do cp -P "$each" "$work/lib/"; done
# A library that is installed comes with what it needs itself.
for each in "$work"/lib/*; do [ ! -e "/usr/lib/$(uname -m)-linux-gnu/${each##*/}" ] || rm -f "$each"; done

# The image: its libraries are those that the programs in it name.
image=$work/image
python=$(readlink -f /usr/bin/python3)
version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
mkdir -p "$image/bin" "$image/usr/bin" "$image/usr/lib" "$image/etc" "$image/root" "$image/proc" "$image/sys" "$image/dev"
mkdir -m 1777 "$image/tmp"
cp "$work/bin/busybox" "$image/bin/busybox"
for each in $("$image/bin/busybox" --list); do [ "$each" = busybox ] || ln -s busybox "$image/bin/$each"; done
cp "$python" "$image/usr/bin/python3"
# Busybox as Debian makes it has no cksum, and its sha256sum is slow.
rm "$image/bin/sha256sum"
cp /usr/bin/cksum /usr/bin/sha256sum "$image/usr/bin/"
tar -C / --exclude=__pycache__ --exclude=test --exclude=ensurepip --exclude=idlelib --exclude=lib2to3 --exclude=tkinter \
  --exclude=pydoc_data --exclude='config-*' --exclude=turtledemo -cf - "usr/lib/$version" | tar -C "$image" -xf -
# And those of Node, whose program the tests bring along.
{ ldd "$python" /usr/lib/"$version"/lib-dynload/*.so; ldd /usr/bin/cksum /usr/bin/sha256sum "${1:-/bin/true}"; } | grep -o '/[^ :]*\.so[^ :]*' | sort -u | while read -r each; do
  case $each in "/usr/lib/$version"/*) continue ;; esac
  mkdir -p "$image${each%/*}"
  cp -L "$each" "$image$each"
done
printf 'root:x:0:0:root:/root:/bin/sh\nme:x:1000:1000:me:/tmp:/bin/sh\n' > "$image/etc/passwd"
printf 'root:x:0:\nme:x:1000:\n' > "$image/etc/group"
tar -C "$image" --owner=0 --group=0 -cf "$work/image.tar" .
rm -rf "$work/tree" "$work/packages" "$image"
: > "$work/complete"
mv "$work" "$target"
works
