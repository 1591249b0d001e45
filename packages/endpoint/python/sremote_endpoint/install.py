"""
Mode `install`: the payload unpacked into BASE/endpoint/<sha256>/.

No lock: everything is written beside and appears by one rename. Of racing installs one wins, the others find it done.
"""
import os
import sys

from . import files, spool
from .directory import check, ensure, ensure_base, refuse
from .errors import Refusal

PAYLOAD = "payload.pyz"


def install_file(path, base):
    """Installs the payload at `path`, or from standard input for `-`, prints its directory, returns the exit status."""
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
    """{name: bytes} of what is unpacked, refusing names that lead out of the directory."""
    from io import BytesIO
    from zipfile import BadZipFile, ZipFile
    try:
        with ZipFile(BytesIO(payload)) as archive:
            members = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
        data = members.pop("modules", b"")
        while data:
            # The modules lie in one member, each behind a line with its name and size (scripts/pack-python.ts).
            head, _, data = data.partition(b"\n")
            name, size = head.decode().split(" ")
            members["sremote_endpoint/" + name], data = data[:int(size)], data[int(size):]
    except (BadZipFile, ValueError, NotImplementedError) as error:
        raise Refusal("install-failed", "the payload is not a zip archive of ours: %s" % error, "setup")
    for name in members:
        if name.startswith("/") or "\\" in name or ".." in name.split("/") or name == PAYLOAD:
            raise Refusal("install-failed", "the payload has a member named %r" % name, "setup")
    if "__main__.py" not in members:
        raise Refusal("install-failed", "the payload has no __main__.py", "setup")
    return members


def _intact(target, payload, members):
    """Is a complete install there? A directory that another user made is refused."""
    if not os.path.lexists(target):
        return False
    check(target)
    return files.read(target + "/" + PAYLOAD) == payload and all(_same(target + "/" + name, data) for name, data in members.items())


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
            os.makedirs(os.path.dirname("%s/%s" % (made, name)), 0o700, exist_ok=True)
            files.create("%s/%s" % (made, name), [data])
        files.create("%s/%s" % (made, PAYLOAD), [payload])
        _compile(made, target, members)
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


def _compile(made, target, members):
    """Compiles the modules, so that the first call is as fast as the next. Without them it only is slower."""
    before = os.umask(0o077)
    try:
        import py_compile
        for name in members:
            if name.endswith(".py") and "/" in name:
                py_compile.compile("%s/%s" % (made, name), dfile="%s/%s" % (target, name), doraise=True)
    except Exception:  # the disk may be full, or the interpreter unable to write the cache: harmless
        pass
    finally:
        os.umask(before)


def _remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        import shutil
        shutil.rmtree(path, ignore_errors=True)
