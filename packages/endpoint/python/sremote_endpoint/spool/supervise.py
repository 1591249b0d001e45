"""Watches the function's process: reads its pipes, keeps its deadline, ends its group, and says how it ended."""
import os
import time
from select import POLLIN, POLLOUT, poll

import _signal as signal

from ..run import strays
from ..run.process_control import escalation
from ..wire.errors import Refusal
from ..wire.frame import read_prefix
from ..wire.limits import DRAIN, HASTE, LINGER, PREFIX, SIGNAL_GRACE


class Ending:
    """How a call's process ended. `reason` is None, `timeout`, `cancelled` or `left`: no client waited for it."""

    def __init__(self):
        self.answer = None
        self.begun = True
        self.reason = None
        self.status = None


class Signals:
    """SIGCHLD and the signals that cancel, turned into bytes on a pipe that poll() sees."""

    NAMES = ("SIGTERM", "SIGHUP", "SIGINT")

    def __init__(self):
        self.reader, self.writer = os.pipe()
        writer = self.writer
        os.set_blocking(self.reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer)
        self.cancelled = False
        signal.signal(signal.SIGCHLD, self._noticed)
        for name in self.NAMES:
            signal.signal(getattr(signal, name), self._cancel)

    def release(self):
        """Signals act again as they do by default; for an endpoint that turns out to have nothing to run."""
        for name in self.NAMES + ("SIGCHLD",):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        os.close(self.reader)
        os.close(self.writer)
        if self.cancelled:
            os.kill(os.getpid(), signal.SIGTERM)

    def _noticed(self, number, frame):
        pass

    def _cancel(self, number, frame):
        self.cancelled = True

    def drain(self):
        try:
            while os.read(self.reader, 4096):
                pass
        except BlockingIOError:
            pass


class Answer:
    """Reads what the function's process sends: a byte when a fresh interpreter is about to run the function, then the frame."""

    def __init__(self, fresh):
        self.begun = not fresh
        self.data = bytearray()
        self.size = None
        self.complete = False

    def feed(self, data):
        if not self.begun and data:
            self.begun = True
            data = data[1:]
        self.data += data
        if self.size is None and len(self.data) >= PREFIX:
            try:
                self.size = PREFIX + read_prefix(self.data[:PREFIX])[2] + 4
            except Refusal:
                self.size = 0
        self.complete = bool(self.size) and len(self.data) >= self.size


class Supervision:
    """`mark` is what strays of the process are known by."""

    def __init__(self, process, outputs, signals, timeout, audience, mark):
        self.process = process
        self.mark = mark
        self.audience = audience
        self.signals = signals
        self.answer = Answer(process.request is not None)
        self.ending = Ending()
        self.started = time.monotonic()
        self.deadline = None if timeout is None else self.started + timeout
        self.readers = {process.stdout: outputs[0].feed, process.stderr: outputs[1].feed, process.answer: self.answer.feed}
        self.exited = None
        self.escalation = []
        # When the endpoint was told to end.
        self.told = None
        self.linger = None
        self.poll = poll()
        self.poll.register(signals.reader, POLLIN)
        for fd in self.readers:
            os.set_blocking(fd, False)
            self.poll.register(fd, POLLIN)
        self.unsent = memoryview(process.request_bytes or b"")
        if process.request is not None:
            os.set_blocking(process.request, False)
            self.poll.register(process.request, POLLOUT)

    def run(self):
        """Returns the Ending when the process has ended and what it wrote was read."""
        while not self._finished():
            self._keep_time()
            for fd, _ in self.poll.poll(self._pause()):
                if fd == self.signals.reader:
                    self.signals.drain()
                elif fd == self.process.request:
                    self._send()
                elif fd in self.readers:
                    self._receive(fd)
            self._look()
        self.process.reap()
        self.ending.status = self.process.status
        self.ending.wall = time.monotonic() - self.started
        self._end_strays()
        for fd in list(self.readers):
            self._close(fd)
        if self.process.request is not None:
            os.close(self.process.request)
        self.ending.begun = self.answer.begun
        if self.answer.complete and self.ending.reason is None:
            self.ending.answer = self.answer.data
        return self.ending

    def _finished(self):
        if self.exited is None:
            return False
        streams = (self.process.stdout in self.readers) or (self.process.stderr in self.readers)
        return not streams or time.monotonic() >= self._drained()

    def _keep_time(self):
        now = time.monotonic()
        ending = self.ending
        if self.signals.cancelled and self.told is None:
            self.told = now
            # Also where a deadline had begun it.
            self.escalation = [(min(due, now + place * HASTE), number) for place, (due, number) in enumerate(self.escalation, 1)]
        if not self.answer.complete and self.exited is None and ending.reason is None:
            if self.signals.cancelled:
                ending.reason = "cancelled"
            elif self.deadline is not None and now >= self.deadline:
                ending.reason = "timeout"
            elif self.audience.is_gone(now):
                ending.reason = "left"
            if ending.reason is not None:
                self.escalation = self._plan(now)
        if self.answer.complete and self.linger is None:
            self.linger = now + LINGER
        if self.linger is not None and not self.escalation and self.exited is None:
            if now >= self.linger or self.signals.cancelled or (self.deadline is not None and now >= self.deadline):
                self.escalation = self._plan(now)
                self.linger = float("inf")
        while self.escalation and self.exited is None and self.escalation[0][0] <= now:
            self.process.signal(self.escalation.pop(0)[1])

    def _plan(self, now):
        return [(now + delay, number) for delay, number in escalation(SIGNAL_GRACE if self.told is None else HASTE)]

    def _drained(self):
        """When the pipes are read on no more."""
        latest = self.exited + DRAIN
        return latest if self.told is None else min(latest, self.told + 2 * HASTE)

    def _pause(self):
        """Milliseconds to the next thing that is due, None if nothing is."""
        times = [step[0] for step in self.escalation[:1] if self.exited is None]
        if self.exited is not None:
            times.append(self._drained())
        elif self.answer.complete:
            times += [moment for moment in (self.linger, self.deadline) if moment is not None and not self.escalation]
        elif self.ending.reason is None:
            times += [moment for moment in (self.deadline, self.audience.next) if moment is not None]
        times = [moment for moment in times if moment != float("inf")]
        if not times:
            return None
        return min(max(0, int((min(times) - time.monotonic()) * 1000) + 1), 3600000)

    def _send(self):
        try:
            while len(self.unsent):
                self.unsent = self.unsent[os.write(self.process.request, self.unsent[:65536]):]
        except BlockingIOError:
            return
        except BrokenPipeError:
            pass
        self.poll.unregister(self.process.request)
        os.close(self.process.request)
        self.process.request = None

    def _receive(self, fd):
        feed = self.readers[fd]
        for _ in range(16):
            try:
                data = os.read(fd, 65536 if fd != self.process.answer else 1 << 20)
            except BlockingIOError:
                return
            if not data:
                self._close(fd)
                return
            feed(data)

    def _close(self, fd):
        if fd in self.readers:
            del self.readers[fd]
            self.poll.unregister(fd)
            os.close(fd)

    def _look(self):
        if self.exited is not None or not self.process.has_exited():
            return
        self.exited = time.monotonic()
        # Before their output is waited for: they hold the pipes.
        self._end_strays()
        # The writer is gone: all it sent is in the pipes now. A pipe that a grandchild holds open must not hide it.
        for fd in list(self.readers):
            while fd in self.readers:
                before = self._progress()
                self._receive(fd)
                if self._progress() == before:
                    break

    def _progress(self):
        return len(self.answer.data), [getattr(feed, "__self__").__dict__.get("total") for feed in self.readers.values()]

    def _end_strays(self):
        if self.ending.reason is not None:
            strays.end(self.mark)
