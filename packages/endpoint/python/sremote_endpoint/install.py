"""
Mode `install`: the payload and its entry, put into BASE/endpoint/<sha256>/.

No lock: everything is written beside and appears by one rename. Of racing installs one wins, the others find it done.
"""
import os
import struct
import sys

from .host import files
from .host.directory import check, ensure, ensure_base
from .host.os_error import refuse
from .spool import spool
from .wire.errors import Refusal

PAYLOAD = "payload.pyz"


def install_file(path, base):
    """Installs the payload at `path`, or from standard input for `-`, prints its directory, returns the exit status."""
    os.umask(0o077)
    if path == "-":
        parts = []
        while not parts or parts[-1]:
            parts.append(os.read(0, 1 << 20))
        payload = b"".join(parts)
    else:
        payload = files.read(path)
    if payload is None:
        raise Refusal("no-such-file", "there is no payload at %s" % path, "setup")
    sys.stdout.write(install(payload, base) + "\n")
    return 0


def install(payload, base):
    """Installs `payload` (bytes of the zip) below the directory `base` and returns its directory. Raises Refusal."""
    target = "%s/endpoint/%s" % (base, spool.sha256(payload).hexdigest())
    try:
        ensure_base(base)
        for name in ("calls", "endpoint", "tmp"):
            ensure("%s/%s" % (base, name))
        members = _members(payload)
        if not _intact(target, payload, members):
            _place(target, payload, members, base + "/tmp")
        return target
    except OSError as error:
        raise refuse(error, error.filename or target, "install the endpoint to")


def _members(payload):
    """{name: bytes} of what is installed: the payload, and its entry as a file, since a plain script starts 6 ms sooner than an archive."""
    try:
        entry = _modules(payload)["__main__"]
    except (ValueError, KeyError, struct.error) as problem:
        raise Refusal("install-failed", "the payload is not what it should be: %r" % problem, "setup")
    return {PAYLOAD: payload, "__main__.py": entry.encode("utf-8")}


def _modules(payload):
    """As `unpack` of the entry, which need not be loaded as a module here."""
    from zlib import decompress, error
    fields = struct.unpack_from("<4s14xI4xHH", payload)
    start = 30 + fields[2] + fields[3]
    try:
        text = decompress(payload[start:start + fields[1]], -15).decode("utf-8")
    except error as problem:
        raise ValueError(problem)
    return dict(zip(*[iter(text.split("\0"))] * 2))


def _intact(target, payload, members):
    """Is a complete install there? A directory that another user made is refused."""
    if not os.path.lexists(target):
        return False
    check(target)
    return all(_same(target + "/" + name, data) for name, data in members.items())


def _same(path, data):
    try:
        return files.read(path) == data
    except OSError:
        return False


def _place(target, payload, members, scratch):
    made = files.temporary(scratch, "install")
    os.mkdir(made, 0o700)
    try:
        for name, data in members.items():
            files.create("%s/%s" % (made, name), [data])
        spool.step("unpacked")
        _swap(made, target, payload, members, scratch)
    finally:
        _remove(made)


def _swap(made, target, payload, members, scratch):
    """Puts the new directory in place. Someone else's intact one wins; a damaged one is moved out of the way first."""
    for _ in range(10):
        try:
            # Replaces nothing but an empty directory, rename(2).
            os.rename(made, target)
            return
        except OSError:
            if not os.path.lexists(target):
                raise
        if _intact(target, payload, members):
            return
        old = files.temporary(scratch, "damaged")
        try:
            os.rename(target, old)
        except FileNotFoundError:
            continue
        _remove(old)
    raise Refusal("install-failed", "%s is changed by others while it is installed" % target, "setup")


def _remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        import shutil
        shutil.rmtree(path, ignore_errors=True)
