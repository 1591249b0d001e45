"""What the operating system refused, in words of the protocol."""
import errno

from ..wire.errors import Refusal

# EFBIG: a limit of file size (ulimit -f); the interpreter ignores SIGXFSZ.
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def refuse(error, path, what):
    """The Refusal for an OSError met while doing `what` with `path`."""
    code = {
        errno.ENOSPC: "disk-full", errno.EDQUOT: "disk-full", errno.EFBIG: "disk-full", errno.EACCES: "permission-denied", errno.EPERM: "permission-denied",
        errno.EROFS: "permission-denied", errno.ENOENT: "no-such-file", errno.ENOTDIR: "not-a-file",
        errno.EEXIST: "not-a-file",
    }.get(error.errno, "endpoint-broken")
    return Refusal(code, "cannot %s %s: %s" % (what, path, error.strerror or error), "setup")
