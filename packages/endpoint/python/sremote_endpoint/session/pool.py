"""Which worker runs which call, and which calls wait (SESSION.md, "Route")."""
import errno
from _collections import deque

from ..wire.limits import KEPT_CALLS

HINTS = {
    errno.EAGAIN: "end other processes of the user, or raise the limit (ulimit -u, or that of the control group)",
    errno.EMFILE: "call with fewer workers, or raise the limit (ulimit -n)",
    errno.ENFILE: "the host has as many files open as it can: try again later",
    errno.ENOMEM: "the host has no memory for it: try again later, or with fewer workers",
}
RETRY = 0.05
TRIES = 20
# So many times the limit of workers may be there, where free ones hold objects for calls of other environments.
ROOM = 2


class Pool:
    """
    `start(route)` makes a worker or raises OSError, `take(worker, stream)` gives it a call, `refuse(stream, outcome, failure)` answers one,
    `dismiss(worker)` ends a free one.
    """

    def __init__(self, limit, loop, start, take, refuse, dismiss):
        self.limit = limit
        self.loop = loop
        self.start = start
        self.take = take
        self.refuse = refuse
        self.dismiss = dismiss
        self.workers = {}
        # Workers for any call of their environment: how many there are, and which are free, by environment, the last busy one last.
        self.count = 0
        self.free = {}
        self.waiting = deque()
        self.named = {}
        self.alone = 0
        self.lonely = deque()
        # Calls whose worker could not be started.
        self.stuck = []
        self.problem = None
        # Where calls with `keep` run or ran: the number of the worker, calls that wait for it to have one, or the failure of a call that gave no value.
        self.ran = {}

    def place(self, stream):
        route = stream.route
        if route.on is not None:
            self._give_to(self.workers.get(route.on), stream, "object-lost", "the worker that held the object is gone")
        elif route.after is not None:
            self._follow(stream, route.after)
        elif route.name is not None:
            self._name(stream, route)
        elif route.alone:
            self.lonely.append(stream)
            self._fill_lonely()
        # A free worker of its environment holds something, or the calls that wait would have it in another's place.
        elif self.waiting and not self.free.get(route.key) or not self._run(stream):
            if self.problem is None or self._is_busy():
                self.waiting.append(stream)
                self._give_up()
            else:
                self._stick(stream)

    def _run(self, stream):
        worker = self._find(stream.route)
        if worker is not None:
            self.take(worker, stream)
        return worker is not None

    def _find(self, route):
        """A free worker of the environment, or a new one."""
        free = self.free.get(route.key)
        if free:
            return free.pop()
        if self.count >= self.limit:
            idle = [worker for free in self.free.values() for worker in free]
            other = next((worker for worker in idle if not worker.holds), None)
            if other is not None:
                self.leave(other)
                self.dismiss(other)
            # What is free and holds something runs nothing.
            elif self.count - len(idle) >= self.limit or self.count >= ROOM * self.limit:
                return None
        worker = self._start(route)
        if worker is not None:
            self.count += 1
        return worker

    def _is_busy(self):
        """Does one of the workers for any call run one? When it is over, waiting calls are tried again."""
        return self.count > sum(map(len, self.free.values()))

    def _start(self, route):
        try:
            worker = self.start(route)
        except (OSError, ImportError) as error:  # the second: of a compiled module, where no file can be opened
            self.problem = error
            return None
        self.problem = None
        self.workers[worker.number] = worker
        return worker

    def warm_up(self, route):
        """A first worker, so that it is ready when the first call comes."""
        worker = self._find(route)
        if worker is not None:
            self.free.setdefault(worker.key, []).append(worker)

    def _give_to(self, worker, stream, code, message):
        if worker is None or worker.ends:
            self.refuse(stream, "not-run", {"code": code, "stage": "arguments", "message": message})
        elif worker.stream is None and not worker.waiting and worker.exited is None:
            if worker in self.free.get(worker.key, ()):
                self.free[worker.key].remove(worker)
            self.take(worker, stream)
        else:
            worker.waiting.append(stream)

    def _follow(self, stream, earlier):
        found = self.ran.get(earlier)
        if type(found) is list:
            found.append(stream)
        elif type(found) is dict:
            message = "an argument is the result of a call that gave none: %s" % found["message"]
            self.refuse(stream, "not-run", {"code": "dependency-failed", "stage": "arguments", "message": message, "cause": found})
        else:
            self._give_to(self.workers.get(found), stream, "dependency-failed", "the result that is an argument is no longer kept")

    def _name(self, stream, route):
        worker = self.named.get((route.name, route.key))
        if worker is None or worker.ends:
            worker = self._start(route)
            if worker is None:
                self._stick(stream)
                return
            self.named[route.name, route.key] = worker
        self._give_to(worker, stream, "", "")

    def _fill_lonely(self):
        while self.lonely and self.alone < self.limit:
            stream = self.lonely.popleft()
            if stream.over:
                continue
            worker = self._start(stream.route)
            if worker is None:
                self._stick(stream)
                return
            self.alone += 1
            self.take(worker, stream)

    def _stick(self, stream):
        """No process to be had: perhaps there will be when those of an ended call are gone."""
        stream.tries += 1
        if stream.tries > TRIES:
            message = "the function's process cannot be started: %s" % (getattr(self.problem, "strerror", None) or self.problem)
            failure = {"code": "endpoint-broken", "stage": "setup", "message": message}
            hint = HINTS.get(getattr(self.problem, "errno", errno.EMFILE))
            if hint is not None:
                failure["hint"] = hint
            self.refuse(stream, "not-run", failure)
            return
        if not self.stuck:
            self.loop.after(RETRY, self._retry)
        self.stuck.append(stream)

    def _retry(self):
        stuck, self.stuck = self.stuck, []
        for stream in stuck:
            if not stream.over:
                self.place(stream)

    def announce(self, stream):
        """A call with `keep`: calls that want its result wait until it has a worker."""
        self.ran[stream.number] = []
        if len(self.ran) > KEPT_CALLS:
            # The dictionary is in the order of the calls, of which only those wait that came last.
            oldest = next(iter(self.ran))
            if type(self.ran[oldest]) is not list:
                del self.ran[oldest]

    def settle(self, stream, worker):
        """Now it has one."""
        self._settle(stream, worker.number)

    def fail(self, stream, failure):
        """It gives no value: so say those that want its result, also where its worker is gone."""
        self._settle(stream, failure)

    def _settle(self, stream, found):
        followers = self.ran.get(stream.number)
        if followers is None or type(followers) is dict:
            return
        self.ran[stream.number] = found
        if type(followers) is int:
            worker = self.workers.get(followers)
            followers = [] if worker is None else [each for each in worker.waiting if each.route.after == stream.number]
        for follower in followers:
            if not follower.over:
                self._follow(follower, stream.number)

    def freed(self, worker):
        """The worker can take its next call."""
        if worker.ends or worker.exited is not None:
            return
        own, shared = first_of(worker.waiting), None
        pooled = worker.name is None and not worker.alone
        if pooled:
            shared = first_of(self.waiting)
        if own is not None and (shared is None or own.number < shared.number):
            self.take(worker, worker.waiting.popleft())
        elif shared is not None and shared.route.key == worker.key:
            self.take(worker, self.waiting.popleft())
        elif pooled:
            self.free.setdefault(worker.key, []).append(worker)
            if shared is not None or self.count > self.limit:
                self.fill()

    def fill(self):
        """Gives calls that wait to workers that are free or may be started."""
        kept, refused = deque(), set()
        while self.waiting:
            stream = self.waiting.popleft()
            if stream.over:
                continue
            if stream.route.key in refused or not self._run(stream):
                refused.add(stream.route.key)
                kept.append(stream)
                if self.problem is not None or not any(self.free.values()):
                    break
        kept.extend(self.waiting)
        self.waiting = kept
        if self.waiting and self.problem is not None and not self._is_busy():
            for _ in range(len(self.waiting)):
                self._stick(self.waiting.popleft())
        self._give_up()
        self._trim()

    def _give_up(self):
        """Where every worker is free, holds something and is of another environment, a call could wait for ever."""
        if not self.waiting or self.count < ROOM * self.limit or sum(map(len, self.free.values())) < self.count:
            return
        message = "none of the %d workers can take the call: all hold objects or generators, and are of other environments" % self.count
        hint = "release what you no longer need, iterate generators to their end or close them, or allow more workers"
        waiting, self.waiting = self.waiting, deque()
        for stream in waiting:
            if not stream.over:
                self.refuse(stream, "not-run", {"code": "limit-exceeded", "stage": "queue", "message": message, "hint": hint})

    def _trim(self):
        """Ends workers beyond the limit when those that they were started beside hold nothing, the longest free ones first."""
        if self.count <= self.limit or self.waiting:
            return
        idle = [worker for free in self.free.values() for worker in free]
        surplus = self.count - sum(worker.holds for worker in idle) - self.limit
        for worker in [worker for worker in idle if not worker.holds][:max(0, surplus)]:
            self.leave(worker)
            self.dismiss(worker)

    def leave(self, worker):
        """The worker takes no more calls."""
        if worker.left:
            return
        worker.ends = worker.left = True
        if worker.name is not None:
            if self.named.get((worker.name, worker.key)) is worker:
                del self.named[worker.name, worker.key]
        elif worker.alone:
            self.alone -= 1
        else:
            self.count -= 1
            if worker in self.free.get(worker.key, ()):
                self.free[worker.key].remove(worker)

    def ended(self, worker):
        """Its process is gone. Calls that only it could run are placed again, and learn that."""
        self.leave(worker)
        self.workers.pop(worker.number, None)
        waiting, worker.waiting = worker.waiting, deque()
        for stream in waiting:
            if not stream.over:
                self.place(stream)
        self._fill_lonely()
        if self.waiting:
            self.fill()


def first_of(waiting):
    """The first that is not over, if any."""
    while waiting and waiting[0].over:
        waiting.popleft()
    return waiting[0] if waiting else None
