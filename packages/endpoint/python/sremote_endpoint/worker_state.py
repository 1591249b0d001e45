"""What a warm worker puts back after each call, and what it finds out about the processes that the call started."""
import os
import sys
import time

from . import interrupt
from .packet import PIPES

try:
    import resource
except ImportError:
    resource = None

# Of ru_maxrss, getrusage(2).
_MEMORY = 1 if sys.platform == "darwin" else 1024


class Place:
    """Working directory, umask and arguments, as they were when the worker began."""

    def __init__(self):
        self.directory = os.getcwd()
        self.umask = os.umask(0o077)
        os.umask(self.umask)

    def restore(self):
        interrupt.restore()
        os.umask(self.umask)
        if sys.argv != [""]:
            sys.argv = [""]
        try:
            if os.getcwd() == self.directory:
                return
        except OSError:
            pass  # the function removed it
        try:
            os.chdir(self.directory)
        except OSError:
            os.chdir("/")


class Processes:
    """Notices that processes were started: some are there, or the resources of those that ended have grown."""

    def __init__(self):
        self.before = self._ended()

    @staticmethod
    def _ended():
        found = resource and resource.getrusage(resource.RUSAGE_CHILDREN)
        return found and (found.ru_minflt, found.ru_utime, found.ru_stime)

    def were_started(self):
        ended = self._ended()
        if ended != self.before or ended is None:
            self.before = ended
            return True
        if not hasattr(os, "waitid"):
            return True
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return True


class Usage:
    """Times of calls and the memory of this process. Between calls nothing runs, so that one look at the end of each is enough."""

    def __init__(self):
        self.before = self._look()[0]

    @staticmethod
    def _look():
        """(seconds of processor time, bytes of memory at its largest)"""
        if resource is None:
            return time.process_time(), 0
        found = resource.getrusage(resource.RUSAGE_SELF)
        return found.ru_utime + found.ru_stime, found.ru_maxrss * _MEMORY

    def of_call(self, started):
        """For the call that began at `started` of the performance counter."""
        before = self.before
        self.before, memory = self._look()
        return {
            # To the microsecond; round() takes longer.
            "wallMs": int((time.perf_counter() - started) * 1e6) / 1e3, "cpuMs": int((self.before - before) * 1e6) / 1e3,
            "maxRssBytes": memory,
        }


def take_new_pipes(channel):
    """The supervisor sends two, and their reading ends: processes of this call keep the old ones, so that what they write later is not taken for the next call's."""
    from _socket import AF_UNIX, CMSG_SPACE, SOCK_STREAM, socket
    from array import array
    end = socket(AF_UNIX, SOCK_STREAM, 0, fileno=channel.fd)
    fds = array("i")

    def receive(_, size):
        data, extras, _, _ = end.recvmsg(size, CMSG_SPACE(4 * fds.itemsize))
        for extra in extras:
            fds.frombytes(extra[2])
        return data

    try:
        channel.skip_to(PIPES, receive)
    finally:
        end.detach()
    channel.watch_output(fds[2:])
    for fd, target in zip(fds, (1, 2)):
        os.dup2(fd, target)
        os.set_inheritable(target, True)
        os.close(fd)
