"""Whether anybody still waits for a call of the spool (PROTOCOL.md, "Spool", step 5)."""
import os
import time
from select import POLLERR, POLLHUP, poll

from ..wire.limits import AUDIENCE_LOOK, AUDIENCE_PATIENCE


def is_left():
    """Whether standard output is a pipe or socket whose other end is closed. Of a file that is unknown."""
    watch = poll()
    watch.register(1, 0)
    return any(event & (POLLERR | POLLHUP) for _, event in watch.poll(0))


def ask(path):
    """Says that this endpoint waits for the call."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        os.utime(path)
    except OSError:
        pass  # a full disk: the process that runs the call waits for a while anyway


class Audience:
    """`path`: the file that others who wait for the call touch."""

    def __init__(self, path):
        self.path = path
        self.next = time.monotonic() + AUDIENCE_LOOK
        self.since = None
        self.stamp = None

    def is_gone(self, now):
        """To be asked at `next`, or later."""
        if now < self.next:
            return False
        self.next = now + AUDIENCE_LOOK
        if not is_left():
            self.since = None
            return False
        try:
            stamp = os.lstat(self.path).st_mtime
        except OSError:
            stamp = None
        if self.since is None or stamp != self.stamp:
            self.since, self.stamp = now, stamp
        return now - self.since >= AUDIENCE_PATIENCE
