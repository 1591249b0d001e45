"""
Calls that are handed to a busy worker ahead of time. Where short calls queue up, waiting for the next one costs a worker more than the call.

When a call has ended, has written nothing that was not read, and the next is there, the worker takes the token, sends ONWARD and the last packet of
the one, puts the token back and begins the other. In any other case it forgets what it was handed, and waits. So
- what is read from its output while the supervisor has the token belongs to the call that the supervisor takes for the running one;
- a call can be taken back as long as ONWARD was not sent for it: the supervisor takes the token, and puts it back with another number.
"""
from ..wire.packet import AHEAD, readdress
from .pool import first_of
from .turn_token import ROUNDS

# Calls handed ahead at most, and so many seconds of them, as the last ones went.
DEPTH = 16
SPAN = 0.003
# Seconds: a worker whose calls take longer gains nothing.
LONG = 0.05
# Bytes of a call at most: all that is ahead always fits into the channel.
LARGE = 4096
# Calls without output that a worker must have behind it.
SILENT = 4
# Seconds: between two looks at who is late; and to the next try to get the token.
LOOK = 0.003
MOMENT = 0.001
# Reads that empty a channel, which holds 208 KiB.
READS = 6


class Prefetch:
    """`receive(worker)` handles what a worker sent, `hand(worker, data)` gives it bytes, `begin(worker, stream)` notes that it runs a call."""

    def __init__(self, loop, pool, receive, hand, begin):
        self.loop = loop
        self.pool = pool
        self.receive = receive
        self.hand = hand
        self.begin = begin
        self.looking = False

    def pick(self, worker):
        """Packets with more calls for a worker that runs one."""
        waiting = self.pool.waiting
        if not waiting or worker.silent < SILENT or worker.waiting or worker.ends or worker.turn_token is None or (worker.pace or LONG) >= LONG:
            return ()
        room = (DEPTH if worker.pace * DEPTH < SPAN else max(1, int(SPAN / worker.pace))) - len(worker.prefetched)
        packets = []
        while room > 0:
            stream = first_of(waiting)
            if stream is None or stream.route.key != worker.key or stream.route.keep or stream.received > LARGE:
                break
            waiting.popleft()
            stream.prefetched_by = worker
            worker.prefetched.append(stream)
            packets.append(readdress(stream.packets[0], AHEAD, worker.round))
            room -= 1
        if packets and not self.looking:
            self.looking = True
            self.loop.after(LOOK, self._look)
        return packets

    def go_on(self, worker):
        """The worker has ended a call and begun the next."""
        stream = worker.prefetched.popleft()
        stream.prefetched_by = None
        rest = stream.packets[1:]
        self.begin(worker, stream)
        if len(worker.prefetched) < DEPTH // 2:
            rest.extend(self.pick(worker))
        if rest:
            self.hand(worker, b"".join(rest))

    def reclaim(self, worker):
        """Takes back what a worker has ahead. False while it is between two calls: to be tried again."""
        if worker.exited is not None or not worker.prefetched:
            self.empty(worker)
            return True
        current = worker.turn_token.take()
        if current is None:
            return False
        for _ in range(READS):
            if not self.receive(worker):
                break
        worker.round = (current + 1) % ROUNDS
        self.empty(worker)
        worker.turn_token.put(worker.round)
        self.pool.fill()
        return True

    def empty(self, worker):
        """What a worker was handed ahead, and will not begin, waits again."""
        while worker.prefetched:
            stream = worker.prefetched.pop()
            stream.prefetched_by = None
            self.pool.waiting.appendleft(stream)

    def try_again(self, act, *args):
        return self.loop.after(MOMENT, act, *args)

    def _look(self):
        """A call must not wait behind one that turns out to be long, least of all where another worker is free."""
        self.looking = False
        pool, now = self.pool, self.loop.now
        for worker in list(pool.workers.values()):
            if worker.prefetched and worker.stream is not None:
                free = pool.count < pool.limit or any(pool.free.values())
                if now - worker.stream.since > (LOOK if free else max(LOOK, 4 * worker.pace)):
                    self.reclaim(worker)
                self.looking = self.looking or bool(worker.prefetched)
        if self.looking:
            self.loop.after(LOOK, self._look)
