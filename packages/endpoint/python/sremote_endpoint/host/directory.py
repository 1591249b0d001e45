"""Directories of ours: made by mkdir with mode 0700, owned by the effective user, never a symbolic link (PROTOCOL.md, "Spool")."""
import os
from stat import S_ISDIR, S_ISLNK

from ..wire.errors import Refusal
from .os_error import refuse

def ensure(path):
    """Makes the directory if it is not there. One that is not safe is refused. True if it was made."""
    try:
        os.mkdir(path, 0o700)
        return True
    except FileExistsError:
        check(path)
        return False
    except OSError as error:
        raise refuse(error, path, "make the directory")


def check(path):
    """Raises Refusal `unsafe-directory` unless `path` is a directory of this user that others cannot write to."""
    found = os.lstat(path)
    if S_ISLNK(found.st_mode):
        reason = "is a symbolic link"
    elif not S_ISDIR(found.st_mode):
        reason = "is not a directory"
    elif found.st_uid != os.geteuid():
        reason = "belongs to user %d, not to user %d" % (found.st_uid, os.geteuid())
    elif found.st_mode & 0o022:
        reason = "may be written by others (mode %04o)" % (found.st_mode & 0o7777)
    else:
        if found.st_mode & 0o055:
            os.chmod(path, 0o700)
        return
    raise Refusal("unsafe-directory", "%s %s" % (path, reason), "setup",
                  hint="remove it, or choose another directory for sremote")


def ensure_base(base):
    """Makes `base` and what is missing above it; only `base` itself must be ours alone."""
    try:
        return ensure(base)
    except Refusal as refusal:
        if refusal.code != "no-such-file":
            raise
    try:
        os.makedirs(os.path.dirname(base), 0o700, exist_ok=True)
    except OSError as error:
        raise refuse(error, os.path.dirname(base), "make the directory")
    return ensure(base)
