"""The workers of a session in the supervisor: what comes from them, and how they end (SESSION.md, "Output", "Route")."""
import os

import _signal as signal

from ..host.memory import out_of_memory_kills
from ..run.process_control import escalation
from ..wire.json_text import parse
from ..wire.limits import DRAIN, LINGER
from ..wire.packet import CHILDREN, CHUNK, DATA, EMPTY, ENDS, HOLDS, LAST, ONWARD, READY, STDERR, STDOUT, Damaged, pack
from . import outcomes
from .link import READ
from .loop import POLLIN, POLLOUT
from .worker_process import WorkerProcess, drop_output
from .worker_start import number_settings, start_worker

# Seconds for a process that closed its channel to end by itself.
LAST_SECOND = 1.0


class Workers:
    """`send(packet)` hands a counted packet to the client; `calls` is told of what ends, `pool` of who is free."""

    def __init__(self, loop, send, settings, umask, first):
        self.loop = loop
        self.send = send
        self.settings = settings
        self.umask = umask
        # The worker that was started before the supervisor was ready, until it is taken.
        self.first = first
        self.calls = self.pool = self.prefetch = None
        self.paused = False
        self.born = 0
        self.kills = out_of_memory_kills()

    def hand(self, worker, packet):
        if not worker.send(packet):
            self.watch(worker)

    def start(self, route):
        self.born += 1
        while number_settings(self.born)["number"] in self.pool.workers:
            self.born += 1
        own = number_settings(self.born)
        started, self.first = self.first, None
        if started is None:
            started = start_worker(dict(self.settings, **own), route, self.umask)
        worker = WorkerProcess(own["number"], route, started)
        self.watch(worker)
        return worker

    def dismiss(self, worker):
        worker.dismiss()
        worker.escalation = [self.loop.after(LINGER, self._escalate_late, worker)]

    def escalate(self, worker):
        """SIGINT, then SIGTERM, then SIGKILL to the worker's group, until it gives the call back or is gone."""
        if worker.escalation is None and worker.exited is None:
            (_, first), *others = escalation()
            worker.escalation = [self.loop.after(delay, worker.doom, number) for delay, number in others]
            worker.signal(first)

    def _escalate_late(self, worker):
        self._calm(worker)
        self.escalate(worker)

    def _calm(self, worker):
        for timer in worker.escalation or ():
            self.loop.timers.cancel(timer)
        worker.escalation = None

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
                    self.calls.grant(worker.stream)
            if events & ~POLLOUT:
                self.receive(worker)

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

    def receive(self, worker):
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
                        stream.begun = True
                        self.send(packet)
                elif kind == ONWARD and worker.prefetched:
                    worker.onward = True
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
        if worker.doomed:
            # The signal may reach it when it has begun its next call.
            self._kill(worker)
            flags |= ENDS
        worker.holds = bool(flags & HOLDS)
        worker.had_children = worker.had_children or bool(flags & CHILDREN)
        if flags & (CHILDREN | ENDS):
            packet = pack(DATA, stream.number, packet[16:], flags & (LAST | HOLDS), worker.number)
        stream.last = packet if stream.reason is None else outcomes.failed(stream, *stream.reason)
        if stream.reason is not None:
            stream.failure = stream.reason[1]
        worker.took(self.loop.now - stream.since)
        if worker.onward:
            worker.onward = False
            self.calls.close(stream, stream.last)
            self.prefetch.go_on(worker)
            return
        self.prefetch.empty(worker)
        if flags & ENDS:
            # What exit handlers write belongs to the call too.
            if not worker.alone:
                self.pool.leave(worker)
            worker.ends = True
            worker.escalation = [self.loop.after(LINGER, self._escalate_late, worker)]
            return
        worker.renew = bool(flags & CHILDREN)
        if stream.reason is not None and worker.had_children:
            # What a stopped call has started ends with it; its group had the signal.
            worker.end_strays()
        if not worker.has_output():
            self._finish(worker, stream)
        else:
            self.finish_when_drained(worker, stream)

    def finish_when_drained(self, worker, stream):
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
            worker.silent = 0
            stream.seen = self.loop.now
            stream.totals[index] += len(data)
            if not stream.muted[index]:
                stream.credit[index] -= len(data)
                self.send(pack(STDERR if index else STDOUT, stream.number, data, 0, worker.number))
        return True

    def _output(self, worker, index):
        if worker.prefetched and not self.prefetch.reclaim(worker):
            return  # it is between two calls: the next turn sees the output again
        stream = worker.stream
        if self._room(stream, index):
            self._read_output(worker, stream, index)
        if worker.exited is not None:
            self.bury_when_drained(worker)
        elif stream is not None and stream.last is not None and not worker.ends:
            self.finish_when_drained(worker, stream)
        elif not self._room(stream, index):
            self.watch(worker)

    def _finish(self, worker, stream):
        self.calls.close(stream, stream.last)
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

    def reap(self):
        """After SIGCHLD."""
        for worker in list(self.pool.workers.values()):
            if worker.exited is None and worker.has_exited():
                worker.exited = self.loop.now
                self._calm(worker)
                # All that it sent is in the channel now.
                while self.receive(worker):
                    pass
                if worker.prefetched:
                    self.prefetch.empty(worker)
                    self.pool.fill()
                self.loop.after(DRAIN, self._stop_waiting, worker)
                self.bury_when_drained(worker)

    def _stop_waiting(self, worker):
        if not worker.gone:
            worker.signal(signal.SIGKILL)
            worker.late = True
            self.bury_when_drained(worker)

    def bury_when_drained(self, worker):
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
            self.calls.close(stream, stream.last or self._describe(worker, stream))
        self.pool.ended(worker)

    def _describe(self, worker, stream):
        if stream.reason is not None:
            stream.failure = stream.reason[1]
            return outcomes.failed(stream, *stream.reason)
        from ..run.ending import describe_ending
        kills = out_of_memory_kills()
        more, self.kills = kills is not None and kills != self.kills, kills
        usage = worker.used(self.loop.now - stream.since)
        answer = describe_ending(outcomes.Ended(worker), stream.route.members, more)
        if stream.route.keep:
            stream.failure = parse(answer)[0]["error"]
        if worker.begun is not None:
            answer = answer[:-1] + b',"begun":%d}' % worker.begun
        return outcomes.result(stream, answer, usage)

    def stop(self, number):
        """A signal for all."""
        for worker in self.pool.workers.values():
            worker.signal(number)

    def kill(self):
        """Ends all workers now."""
        self.stop(signal.SIGKILL)
        for worker in list(self.pool.workers.values()):
            worker.bury()
