"""The calls of a session in the supervisor: what the client sends of them, what comes of them from the workers (SESSION.md, "Flow", "Output")."""
import os

import _signal as signal

from . import outcomes
from .ending import describe_ending
from .errors import Refusal
from .loop import POLLIN, POLLOUT
from .memory import out_of_memory_kills
from .packet import CANCEL, CHILDREN, CHUNK, CREDIT, DATA, EMPTY, ENDS, HOLDS, LAST, READY, STDERR, STDOUT, TOTALS, Damaged, pack
from .pool import Pool
from .route import read_route
from .stream import Stream
from .limits import DRAIN, GRACE, LINGER
from .worker_process import WorkerProcess, drop_output

READ = 262144
# Object ids of one worker; the next one's are above.
IDS = 1 << 24
ROUTES = 1024
# Seconds for a process that closed its channel to end by itself.
LAST_SECOND = 1.0


class Calls:
    """`send(packet)` hands a counted packet to the client."""

    def __init__(self, loop, send, settings, limit, umask):
        self.loop = loop
        self.send = send
        self.settings = settings
        self.umask = umask
        self.streams = {}
        self.routes = {}
        self.paused = False
        self.born = 0
        self.kills = out_of_memory_kills()
        self.pool = Pool(limit, loop, self._start, self._take, self.refuse, self._dismiss)
        self.pool.warm_up(self._route(b""))

    # What the client sends.

    def open(self, number, packet):
        size = int.from_bytes(packet[16:18], "little")
        stream = Stream(number, None, self.loop.now)
        stream.received = len(packet) - 18 - size
        stream.packets = [packet]
        try:
            if size > len(packet) - 18:
                raise Damaged("a route that is longer than its packet")
            stream.route = route = self._route(packet[18:18 + size])
        except Refusal as refusal:
            self.send(outcomes.failed(number, "not-run", refusal.failure()))
            return
        self.streams[number] = stream
        if route.queue is not None:
            stream.timers.append(self.loop.after(route.queue, self._queued_too_long, stream))
        if route.keep:
            self.pool.announce(stream)
        self.pool.place(stream)

    def _route(self, data):
        route = self.routes.get(data)
        if route is None:
            if len(self.routes) >= ROUTES:
                self.routes.clear()
            route = self.routes[data] = read_route(data)
        return route

    def data(self, number, packet):
        stream = self.streams.get(number)
        if stream is None:
            return
        stream.received += len(packet) - 16
        if stream.worker is None:
            stream.packets.append(packet)
            return
        self._hand(stream.worker, packet)
        self._grant(stream)

    def _hand(self, worker, packet):
        if not worker.send(packet):
            self.watch(worker)

    def _grant(self, stream):
        more = stream.grant(stream.worker.queued)
        if more:
            self.send(pack(CREDIT, stream.number, more.to_bytes(4, "little")))

    def credit(self, number, packet):
        stream = self.streams.get(number)
        if stream is None:
            return
        stream.credit[0] += int.from_bytes(packet[16:20], "little")
        stream.credit[1] += int.from_bytes(packet[20:24], "little")
        self._flow(stream)

    def mute(self, number, flags):
        stream = self.streams.get(number)
        if stream is None:
            return
        for index in (0, 1):
            stream.muted[index] = stream.muted[index] or bool(flags & 1 << index)
        self._flow(stream)

    def _flow(self, stream):
        """Output may go on."""
        worker = stream.worker
        if worker is None:
            return
        if worker.exited is not None:
            self._bury_when_drained(worker)
        elif stream.last is not None and not worker.ends:
            self._finish_when_drained(worker, stream)
        elif worker.blocked:
            self.watch(worker)

    def cancel(self, number):
        stream = self.streams.get(number)
        if stream is None:
            return
        if stream.worker is None:
            self.refuse(stream, *outcomes.cancelled(False))
        else:
            self._end(stream, outcomes.cancelled(True))

    # Deadlines.

    def _queued_too_long(self, stream):
        if stream.worker is None and not stream.over:
            self.refuse(stream, *outcomes.queued_too_long(stream.route.members["queueMs"]))

    def _out_of_time(self, stream):
        if not stream.over:
            self._end(stream, outcomes.out_of_time(stream.route.members["timeoutMs"]))

    def _idle(self, stream):
        if stream.over:
            return
        left = stream.seen + stream.route.idle - self.loop.now
        if left > 0:
            stream.timers.append(self.loop.after(left, self._idle, stream))
        else:
            self._end(stream, outcomes.idle_too_long(stream.route.members["idleMs"]))

    def _end(self, stream, reason):
        worker = stream.worker
        if stream.last is None and stream.reason is None:
            stream.reason = reason
            # A worker that still waits for the request is not interrupted by a signal.
            self._hand(worker, pack(CANCEL, stream.number))
        if stream.last is None or worker.ends:
            self._escalate(worker)
        self.watch(worker)

    def _escalate(self, worker):
        """SIGINT, then SIGTERM, then SIGKILL to the worker's group, until it gives the call back or is gone."""
        if worker.escalation is None and worker.exited is None:
            worker.escalation = [
                self.loop.after(GRACE, worker.signal, signal.SIGTERM), self.loop.after(2 * GRACE, worker.signal, signal.SIGKILL),
            ]
            worker.signal(signal.SIGINT)

    def _calm(self, worker):
        for timer in worker.escalation or ():
            self.loop.timers.cancel(timer)
        worker.escalation = None

    # Workers.

    def _start(self, route):
        self.born += 1
        number = self.born
        while (number - 1) % 65535 + 1 in self.pool.workers:
            number += 1
        self.born = number
        worker = WorkerProcess((number - 1) % 65535 + 1, dict(self.settings, first=number * IDS), route, self.umask)
        self.watch(worker)
        return worker

    def _take(self, worker, stream):
        stream.worker, worker.stream = worker, stream
        now = stream.since = stream.seen = self.loop.now
        packets, stream.packets = stream.packets, None
        route = stream.route
        if worker.blocked:
            self.watch(worker)
        for packet in packets:
            self._hand(worker, packet)
        self._grant(stream)
        if route.deadlines:
            for timer in stream.timers:
                self.loop.timers.cancel(timer)
            if route.timeout is not None:
                stream.timers.append(self.loop.timers.set(now + route.timeout, self._out_of_time, stream))
            if route.idle is not None:
                stream.timers.append(self.loop.timers.set(now + route.idle, self._idle, stream))
        if route.keep:
            self.pool.settle(stream, worker)

    def _dismiss(self, worker):
        worker.dismiss()
        worker.escalation = [self.loop.after(LINGER, self._escalate_late, worker)]

    def _escalate_late(self, worker):
        self._calm(worker)
        self._escalate(worker)

    def watch(self, worker):
        """Watches those descriptors of a worker that may be read or written now."""
        if worker.gone:
            return
        loop, stream = self.loop, worker.stream
        mask = (POLLOUT if worker.queue else 0) | (0 if self.paused and not (stream and stream.reason) else POLLIN)
        if worker.deaf:
            loop.forget(worker.channel)
        else:
            loop.watch(worker.channel, worker.on_channel or self._actions(worker), mask)
        worker.blocked = self.paused
        for index in (0, 1):
            fd = worker.outputs[index]
            if fd is None:
                continue
            if stream is None or stream.muted[index] or stream.credit[index] and not self.paused:
                loop.watch(fd, worker.on_output[index])
            else:
                worker.blocked = True
                loop.forget(fd)

    def _actions(self, worker):
        def on_channel(events):
            if events & POLLOUT and worker.queue:
                if worker.flush():
                    self.watch(worker)
                if worker.stream is not None:
                    self._grant(worker.stream)
            if events & ~POLLOUT:
                self._receive(worker)

        def on_output(index):
            return lambda _: self._output(worker, index)

        worker.on_channel = on_channel
        worker.on_output = (on_output(0), on_output(1))
        return on_channel

    def pause(self, paused):
        """Too much is on its way to the client: nothing more is read from workers."""
        self.paused = paused
        for worker in list(self.pool.workers.values()):
            self.watch(worker)

    def _receive(self, worker):
        """Reads what a worker sent. True when there may be more."""
        if worker.deaf:
            return False
        try:
            data = os.read(worker.channel, READ)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        try:
            if not data:
                raise Damaged("the end")
            for kind, flags, number, packet in worker.packets.feed(data):
                stream = worker.stream
                if kind == DATA and stream is not None and number == stream.number and stream.last is None:
                    if flags & LAST:
                        self._last(worker, stream, flags, packet)
                    elif stream.reason is None:
                        stream.seen = self.loop.now
                        self.send(packet)
                elif kind == READY:
                    worker.ready = True
                elif kind == EMPTY:
                    worker.holds = False
                    self.pool.fill()
                else:
                    raise Damaged("not what a worker sends")
        except Damaged:
            # It ends, or user code wrote to or closed what was not its own. How it ended is told when it is gone.
            worker.deaf = True
            self.loop.forget(worker.channel)
            if worker.exited is None:
                worker.ends = True
                if not worker.alone:
                    self.pool.leave(worker)
                self.loop.after(LAST_SECOND, self._kill, worker)
            return False
        return True

    def _kill(self, worker):
        if not worker.gone:
            worker.signal(signal.SIGKILL)

    def _last(self, worker, stream, flags, packet):
        if worker.escalation is not None:
            self._calm(worker)
        worker.holds = bool(flags & HOLDS)
        if flags & (CHILDREN | ENDS):
            packet = pack(DATA, stream.number, packet[16:], flags & (LAST | HOLDS), worker.number)
        stream.last = packet if stream.reason is None else outcomes.failed(stream.number, *stream.reason)
        if flags & ENDS:
            # What exit handlers write belongs to the call too.
            if not worker.alone:
                self.pool.leave(worker)
            worker.ends = True
            worker.escalation = [self.loop.after(LINGER, self._escalate_late, worker)]
            return
        worker.renew = bool(flags & CHILDREN)
        if not worker.has_output():
            self._finish(worker, stream)
        else:
            self._finish_when_drained(worker, stream)

    def _finish_when_drained(self, worker, stream):
        if self._drain(worker, stream):
            self._finish(worker, stream)
        else:
            self.watch(worker)

    def _drain(self, worker, stream):
        """Sends on what the call has written so far. False when the client has to give credit first."""
        for index in (0, 1):
            # Threads and processes of the call may go on writing for ever: no more than what a pipe can hold.
            for _ in range(17):
                if not self._room(stream, index):
                    break
                if not self._read_output(worker, stream, index):
                    break
        return not worker.has_output() or self._room(stream, 0) and self._room(stream, 1)

    @staticmethod
    def _room(stream, index):
        return CHUNK if stream is None or stream.muted[index] else min(CHUNK, stream.credit[index])

    def _read_output(self, worker, stream, index):
        """Takes one piece of output. False when there is none now."""
        fd = worker.outputs[index]
        if fd is None:
            return False
        data = worker.read_output(index, self._room(stream, index))
        if not data:
            if data is not None:
                self.loop.forget(fd)
                os.close(fd)
            return False
        if stream is not None:
            stream.seen = self.loop.now
            stream.totals[index] += len(data)
            if not stream.muted[index]:
                stream.credit[index] -= len(data)
                self.send(pack(STDERR if index else STDOUT, stream.number, data, 0, worker.number))
        return True

    def _output(self, worker, index):
        stream = worker.stream
        if self._room(stream, index):
            self._read_output(worker, stream, index)
        if worker.exited is not None:
            self._bury_when_drained(worker)
        elif stream is not None and stream.last is not None and not worker.ends:
            self._finish_when_drained(worker, stream)
        elif not self._room(stream, index):
            self.watch(worker)

    def _finish(self, worker, stream):
        self._close(stream, stream.last)
        worker.stream = None
        if worker.renew:
            worker.renew = False
            self._renew(worker)
        elif worker.blocked:
            self.watch(worker)
        self.pool.freed(worker)

    def _renew(self, worker):
        for fd in worker.outputs:
            if fd is not None:
                self.loop.forget(fd)
        try:
            old = worker.renew_pipes()
        except OSError:
            # Without new pipes, or with a broken channel, it is of no more use.
            self.pool.leave(worker)
            worker.signal(signal.SIGKILL)
            return
        for fd in old:
            self.loop.watch(fd, self._dropper(fd))
        self.watch(worker)

    def _dropper(self, fd):
        def drop(_):
            if not drop_output(fd):
                self.loop.forget(fd)
                os.close(fd)
        return drop

    def _close(self, stream, last):
        """The stream's last packet, and nothing after it."""
        if stream.muted != [False, False]:
            self.send(pack(TOTALS, stream.number, b"".join(total.to_bytes(8, "little") for total in stream.totals)))
        self.send(last)
        stream.over = True
        del self.streams[stream.number]
        for timer in stream.timers:
            self.loop.timers.cancel(timer)

    def refuse(self, stream, outcome, failure):
        """Answers a call that has no worker."""
        self._close(stream, outcomes.failed(stream.number, outcome, failure))
        stream.packets = None
        if stream.route.keep:
            self.pool.settle(stream, None)

    # Ends of workers.

    def reap(self):
        """After SIGCHLD."""
        for worker in list(self.pool.workers.values()):
            if worker.exited is None and worker.has_exited():
                worker.exited = self.loop.now
                self._calm(worker)
                # All that it sent is in the channel now.
                while self._receive(worker):
                    pass
                self.loop.after(DRAIN, self._stop_waiting, worker)
                self._bury_when_drained(worker)

    def _stop_waiting(self, worker):
        if not worker.gone:
            worker.signal(signal.SIGKILL)
            worker.late = True
            self._bury_when_drained(worker)

    def _bury_when_drained(self, worker):
        stream = worker.stream
        if worker.gone:
            return
        if stream is not None:
            for index in (0, 1):
                while self._room(stream, index) and self._read_output(worker, stream, index):
                    pass
            open_ended = any(fd is not None for fd in worker.outputs)
            if open_ended and not (worker.late and not worker.has_output()):
                self.watch(worker)
                return
        self._bury(worker, stream)

    def _bury(self, worker, stream):
        for fd in [worker.channel] + worker.outputs:
            if fd is not None:
                self.loop.forget(fd)
        worker.bury()
        if stream is not None:
            worker.stream = None
            self._close(stream, stream.last or self._describe(worker, stream))
        self.pool.ended(worker)

    def _describe(self, worker, stream):
        if stream.reason is not None:
            return outcomes.failed(stream.number, *stream.reason)
        kills = out_of_memory_kills()
        more, self.kills = kills is not None and kills != self.kills, kills
        usage = outcomes.usage(worker, self.loop.now - stream.since)
        return outcomes.result(stream.number, describe_ending(outcomes.Ended(worker), stream.route.members, more), usage)

    def stop(self, number):
        """A signal for all."""
        for worker in self.pool.workers.values():
            worker.signal(number)

    def kill(self):
        """Ends all workers now."""
        self.stop(signal.SIGKILL)
        for worker in list(self.pool.workers.values()):
            worker.bury()
