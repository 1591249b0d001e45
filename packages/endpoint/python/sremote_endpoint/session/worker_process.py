"""A worker as the supervisor sees it: a process, its channel, the pipes of its output."""
import os
from _collections import deque
from select import POLLIN, poll

from ..run.environment import WORKERS
from ..run.process_control import Process
from ..wire.packet import CHUNK, OWN_KINDS, PIPES, Packets, pack
from .prefetch import SILENT
from .worker_start import mark_of


class WorkerProcess(Process):
    def __init__(self, number, route, started):
        """`started`: what `start_worker` gave."""
        pid, self.channel, out, err, self.lifeline, self.turn_token, parcel = started
        Process.__init__(self, pid)
        self.number = number
        self.key = route.key
        self.name = route.name
        self.alone = route.alone
        self.packets = Packets(OWN_KINDS)
        # What its channel does not take yet.
        self.queue = deque()
        self.queued = 0
        # Descriptors of stdout and stderr; None after their end.
        self.outputs = [out, err]
        self.stream = None
        # Calls that only this worker may run.
        self.waiting = deque()
        # Calls it was handed ahead of time and has not begun, and in which round; seconds that its last ones took; how many of them wrote nothing;
        # whether it begins the next with the end of this one (prefetch.py).
        self.prefetched = deque()
        self.round = 0
        self.pace = None
        self.silent = SILENT
        self.onward = False
        self.ready = False
        self.holds = False
        # It was sent a signal that ends it; it takes no more calls; the pool does not count on it; its channel is not read any more; its output is not read until there is
        # credit; its pipes are to be renewed; no time is left for its output; all of it is freed.
        self.doomed = self.ends = self.left = self.deaf = self.blocked = self.renew = self.late = self.gone = False
        self.on_channel = self.on_output = None
        self.escalation = None
        # Did it ever start processes?
        self.had_children = False
        self.exited = None
        # Of a call with many items, how many have begun, where it died with one.
        self.begun = None
        self.look = None
        self._watch_pipes()
        if parcel:
            self.send(parcel)

    def took(self, seconds):
        """A call is over."""
        self.silent += 1
        self.pace = seconds if self.pace is None else self.pace + (seconds - self.pace) / 4

    def _watch_pipes(self):
        self.look = poll()
        for fd in self.outputs:
            if fd is not None:
                self.look.register(fd, POLLIN)

    def send(self, data):
        """Hands bytes to the worker. False when some have to wait until the channel takes more."""
        if not self.queue:
            try:
                done = os.write(self.channel, data)
            except BlockingIOError:
                done = 0
            except OSError:
                return True  # it ended; the reader of its channel learns of that
            if done == len(data):
                return True
            data = memoryview(data)[done:]
        self.queue.append(data)
        self.queued += len(data)
        return False

    def flush(self):
        """True when nothing waits."""
        while self.queue:
            data = self.queue.popleft()
            self.queued -= len(data)
            if not self.send_first(data):
                return False
        return True

    def send_first(self, data):
        try:
            done = os.write(self.channel, data)
        except BlockingIOError:
            done = 0
        except OSError:
            self.queue.clear()
            self.queued = 0
            return True
        if done < len(data):
            self.queue.appendleft(memoryview(data)[done:])
            self.queued += len(data) - done
            return False
        return True

    def has_output(self):
        return bool(self.look.poll(0))

    def read_output(self, index, size):
        """Bytes, b"" at the end, when the descriptor is the caller's to close, None when there are none now."""
        fd = self.outputs[index]
        if fd is None:
            return b""
        try:
            data = os.read(fd, size)
        except BlockingIOError:
            return None
        if not data:
            self.outputs[index] = None
            self.look.unregister(fd)
        return data

    def renew_pipes(self):
        """New pipes for the next call. The read ends of the old ones are returned."""
        from _socket import AF_UNIX, SCM_RIGHTS, SOCK_STREAM, SOL_SOCKET, socket
        from _struct import pack as pack_numbers
        (out, stdout), (err, stderr) = os.pipe(), os.pipe()
        end = socket(AF_UNIX, SOCK_STREAM, 0, fileno=self.channel)
        try:
            end.sendmsg([pack(PIPES)], [(SOL_SOCKET, SCM_RIGHTS, pack_numbers("4i", stdout, stderr, out, err))])
        finally:
            end.detach()
            os.close(stdout)
            os.close(stderr)
        old = [fd for fd in self.outputs if fd is not None]
        for fd in (out, err):
            os.set_blocking(fd, False)
        self.outputs = [out, err]
        self._watch_pipes()
        return old

    def doom(self, number):
        """A signal that ends it, unless its code does not let it."""
        self.doomed = True
        self.signal(number)

    def end_strays(self):
        from ..run import strays
        strays.end(mark_of(self.number), self.lifeline, self.pid)

    def dismiss(self):
        """Tells it that no more calls come."""
        from _socket import AF_UNIX, SHUT_WR, SOCK_STREAM, socket
        end = socket(AF_UNIX, SOCK_STREAM, 0, fileno=self.channel)
        try:
            end.shutdown(SHUT_WR)
        finally:
            end.detach()

    def bury(self):
        """Ends what is left of its group and frees everything."""
        self.gone = True
        self.reap()
        WORKERS.discard(self.pid)
        if self.stream is not None:
            from . import private_place
            from ..run.begun import take
            self.begun = take(private_place.begun(mark_of(self.number), self.pid))
        # One that ended by itself, and never started any, has none.
        if self.had_children or not os.WIFEXITED(self.status):
            self.end_strays()
        for fd in [self.channel, self.lifeline] + self.outputs:
            if fd is not None:
                os.close(fd)
        self.channel = self.lifeline = None
        if self.turn_token is not None:
            self.turn_token.close()
            self.turn_token = None
        self.outputs = [None, None]


def drop_output(fd):
    """Reads what is of no interest. False at its end."""
    try:
        return os.read(fd, CHUNK) != b""
    except BlockingIOError:
        return True
