"""
Processes that began a session of their own (setsid, a daemon) and so left the group of the worker that started them. On Linux they are known by a
variable that the worker gives to all it starts, and copies of the worker itself by its lifeline, which they hold too.
"""
import os
import time

import _signal as signal

from .environment import VARIABLE, WORKERS

# Looks at most: one that starts others all the time is left alone then.
_LOOKS = 5
# Seconds from one look to the next where a process was just becoming another program.
_PAUSE = 0.01


def end(mark, lifeline=None, worker=None):
    """Kills them. `lifeline`: the supervisor's end of that pipe; `worker`: whose it is. No other worker is one of its strays."""
    wanted = ("\0%s=%s\0" % (VARIABLE, mark)).encode()
    pipe = "pipe:[%d]" % os.fstat(lifeline).st_ino if lifeline is not None else None
    for _ in range(_LOOKS):
        seen = {pid: _is_stray(pid, wanted, pipe) for pid in _pids() if pid == worker or pid not in WORKERS}
        found = [pid for pid in seen if seen[pid]]
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass  # gone, or another user's by now
        if not found:
            if None not in seen.values():
                return
            time.sleep(_PAUSE)


def _pids():
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
    except OSError:
        return []


def _is_stray(pid, wanted, pipe):
    found = _has(pid, wanted)
    return found or pipe and _holds(pid, pipe) or found


def _has(pid, wanted):
    """None while it becomes another program (execve(2)): then its descriptors are closed, and its new environment is not there."""
    place = "/proc/%d/" % pid
    try:
        with open(place + "environ", "rb", 0) as file:
            environ = file.read()
        # A zombie and a thread of the kernel have no environment either, and no program.
        return wanted in b"\0" + environ if environ or not os.readlink(place + "exe") else None
    except OSError:
        return False


def _holds(pid, pipe):
    place = "/proc/%d/" % pid
    try:
        # Only a copy of the worker, and no zombie.
        if os.readlink(place + "exe") != os.readlink("/proc/self/exe"):
            return False
        return any(os.readlink(place + "fd/" + name) == pipe for name in os.listdir(place + "fd"))
    except OSError:
        return False
