"""The process that runs functions, from outside: signals to its group, how they become stronger, and its end. For spool and sessions alike."""
import os
import sys

import _signal as signal

from ..wire.limits import SIGNAL_GRACE


class Process:
    """A process that leads a group, with all that it starts, and a child of ours: its number stays taken until `reap`."""

    def __init__(self, pid):
        self.pid = pid
        self.status = None
        self.usage = None

    def signal(self, number):
        """To the whole group."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            # Before the process made its own group, or on macOS when only a zombie is left in it.
            if self.status is None:
                os.kill(self.pid, number)

    def has_exited(self):
        """Notices the end without reaping, where the host can: the group has its number for as long as it was not ended."""
        if self.status is not None:
            return True
        if hasattr(os, "waitid"):
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if pid:
            self.status, self.usage = status, usage
        return pid != 0

    def reap(self):
        """Ends what is left of the group. `status` and `usage` are known then."""
        self.signal(signal.SIGKILL)
        if self.status is None:
            self.status, self.usage = os.wait4(self.pid, 0)[1:]

    def used(self, seconds):
        """The `usage` of a call that took so long, and that nothing else ran beside in this process."""
        found = self.usage
        return {
            "wallMs": round(seconds * 1000, 3), "cpuMs": round((found.ru_utime + found.ru_stime) * 1000, 3),
            "maxRssBytes": found.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        }


def escalation(grace=SIGNAL_GRACE):
    """The signals that end a call: (seconds from now, signal)."""
    return [(0, signal.SIGINT), (grace, signal.SIGTERM), (2 * grace, signal.SIGKILL)]
