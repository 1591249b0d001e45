"""Who runs a call: pid, start time and boot id, so that a reused pid or a reboot is never taken for a living holder."""
import os
import sys

from ..host.files import read


def identity(pid):
    """What tells process `pid` from any other, ever; None if there is no such process."""
    if sys.platform.startswith("linux"):
        try:
            # The name in brackets may hold anything, the fields are counted from behind it. Field 22 is the start time, proc(5).
            fields = read("/proc/%d/stat" % pid).rpartition(b")")[2].split()
        except (OSError, AttributeError):
            return None
        if fields[0] in (b"Z", b"X"):
            return None
        return "%d %s %s %s" % (pid, fields[19].decode(), _boot(), _namespace())
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    with os.popen("ps -o lstart= -p %d; sysctl -n kern.boottime" % pid) as pipe:
        return "%d %s" % (pid, " ".join(pipe.read().split()))


def _boot():
    return (read("/proc/sys/kernel/random/boot_id") or b"?").strip().decode()


def _namespace():
    # A pid means something only in its namespace: two containers may share a home directory.
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return "?"


def own():
    return (identity(os.getpid()) or "%d ?" % os.getpid()).encode()


def is_alive(content):
    """Does the process that wrote this claim still live?"""
    pid = content.split(b" ", 1)[0]
    return pid.isdigit() and identity(int(pid)) == content.decode("utf-8", "replace")
