"""The calls of a session in the supervisor: what the client sends of them, and their deadlines (SESSION.md, "Flow", "Route")."""
from ..wire.errors import Refusal
from ..wire.packet import CANCEL, CREDIT, TOTALS, Damaged, pack
from .route import read_route
from . import outcomes
from .call import Call
from .pool import Pool
from .prefetch import Prefetch
from .worker_start import load_for_endings
from .workers import Workers

ROUTES = 1024


class Streams:
    """`send(packet)` hands a counted packet to the client."""

    def __init__(self, loop, send, settings, limit, umask, first):
        self.loop = loop
        self.send = send
        self.streams = {}
        # When the last one ended.
        self.ended = 0.0
        self.routes = {}
        self.workers = workers = Workers(loop, send, settings, umask, first)
        workers.calls = self
        workers.pool = self.pool = Pool(limit, loop, workers.start, self._take, self.refuse, workers.dismiss)
        workers.prefetch = self.prefetch = Prefetch(loop, self.pool, workers.receive, workers.hand, self._begin)
        self.pool.warm_up(self._route(b""))

    def open(self, number, packet):
        size = int.from_bytes(packet[16:18], "little")
        if number in self.streams:
            raise Damaged("a second opening of a stream")
        stream = Call(number, None, self.loop.now)
        stream.received = len(packet) - 18 - size
        stream.packets = [packet]
        try:
            if size > len(packet) - 18:
                raise Damaged("a route that is longer than its packet")
            stream.route = route = self._route(packet[18:18 + size])
        except Refusal as refusal:
            self.send(outcomes.failed(stream, "not-run", refusal.failure()))
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
        self.workers.hand(stream.worker, packet)
        self.grant(stream)

    def grant(self, stream):
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
            self.workers.bury_when_drained(worker)
        elif stream.last is not None and not worker.ends:
            self.workers.finish_when_drained(worker, stream)
        elif worker.blocked:
            self.workers.watch(worker)

    def cancel(self, number):
        stream = self.streams.get(number)
        if stream is None:
            return
        if stream.prefetched_by is not None and not self.prefetch.reclaim(stream.prefetched_by):
            self.prefetch.try_again(self.cancel, number)
        elif stream.over:
            return
        elif stream.worker is None:
            self.refuse(stream, *outcomes.cancelled(False))
        else:
            self._end(stream, outcomes.cancelled(True))

    def _queued_too_long(self, stream):
        if stream.prefetched_by is not None and not self.prefetch.reclaim(stream.prefetched_by):
            stream.timers.append(self.prefetch.try_again(self._queued_too_long, stream))
        elif stream.worker is None and not stream.over:
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
        # A signal is for this call, not for one that comes after it.
        if not self.prefetch.reclaim(worker):
            stream.timers.append(self.prefetch.try_again(self._end, stream, reason))
            return
        if stream.over:
            return
        if stream.last is None and stream.reason is None:
            stream.reason = reason
            # A worker that still waits for the request is not interrupted by a signal.
            self.workers.hand(worker, pack(CANCEL, stream.number))
        if stream.last is None or worker.ends:
            self.workers.escalate(worker)
        self.workers.watch(worker)

    def _take(self, worker, stream):
        packets = stream.packets
        self._begin(worker, stream)
        packets.extend(self.prefetch.pick(worker))
        self.workers.hand(worker, packets[0] if len(packets) == 1 else b"".join(packets))
        self.grant(stream)

    def _begin(self, worker, stream):
        stream.worker, worker.stream = worker, stream
        now = stream.since = stream.seen = self.loop.now
        stream.packets = None
        route = stream.route
        if worker.blocked:
            self.workers.watch(worker)
        if route.queue is not None:
            self.send(pack(CREDIT, stream.number, bytes(4)))  # the client keeps that deadline as well
        if route.deadlines:
            for timer in stream.timers:
                self.loop.timers.cancel(timer)
            if route.timeout is not None:
                stream.timers.append(self.loop.timers.set(now + route.timeout, self._out_of_time, stream))
            if route.idle is not None:
                stream.timers.append(self.loop.timers.set(now + route.idle, self._idle, stream))
        if route.keep:
            self.pool.settle(stream, worker)

    def close(self, stream, last):
        """The stream's last packet, and nothing after it."""
        if stream.muted != [False, False]:
            self.send(pack(TOTALS, stream.number, b"".join(total.to_bytes(8, "little") for total in stream.totals)))
        self.send(last)
        if stream.route.keep and stream.failure is not None:
            self.pool.fail(stream, stream.failure)
        stream.over = True
        if not self.ended:
            # In the next turn: this one ends with sending the result.
            self.loop.after(1e-9, load_for_endings)
        self.ended = self.loop.now
        del self.streams[stream.number]
        for timer in stream.timers:
            self.loop.timers.cancel(timer)

    def refuse(self, stream, outcome, failure):
        """Answers a call that has no worker."""
        stream.failure = failure
        self.close(stream, outcomes.failed(stream, outcome, failure))
        stream.packets = None
