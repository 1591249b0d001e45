"""One call of a session, as the supervisor sees it (SESSION.md, "Flow"): never its frames, only how much may flow."""
from ..wire.limits import OUTPUT_CREDIT, REQUEST_CREDIT, RUNNING_CREDIT


class Call:
    __slots__ = ("number", "route", "worker", "over", "packets", "received", "granted", "credit", "muted", "totals",
                 "reason", "failure", "last", "timers", "begun", "seen", "since", "followers", "tries", "prefetched_by")

    def __init__(self, number, route, now):
        self.number = number
        self.route = route
        self.worker = None
        self.over = False
        # The request until a worker takes it.
        self.packets = []
        self.received = 0
        self.granted = REQUEST_CREDIT
        self.credit = [OUTPUT_CREDIT, OUTPUT_CREDIT]
        self.muted = [False, False]
        self.totals = [0, 0]
        # Why it was ended, in words of the outcome, with the failure.
        self.reason = None
        # Why it gives no value, where the supervisor says so.
        self.failure = None
        # The packet that ends it, while output written before is still to be sent.
        self.last = None
        self.timers = []
        # Was a part of what its worker sends handed on?
        self.begun = False
        # When it last gave a sign, and when a worker took it.
        self.seen = self.since = now
        # Calls with `after` that wait until this one has a worker.
        self.followers = None
        self.tries = 0
        # The worker that it was handed to ahead of time, and that has not begun it.
        self.prefetched_by = None

    def grant(self, unhanded):
        """Bytes of credit for the request that are due now. `unhanded`: what the worker has not taken from us yet."""
        if self.received <= REQUEST_CREDIT // 2:
            return 0  # most requests end before, and need none
        target = self.received - unhanded + RUNNING_CREDIT
        if target - self.granted < RUNNING_CREDIT // 4:
            return 0
        more = target - self.granted
        self.granted = target
        return more
