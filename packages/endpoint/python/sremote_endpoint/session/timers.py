"""Deadlines of the supervisor, the next one first."""
from _heapq import heapify, heappop, heappush


class Timers:
    """Moments are seconds of the monotonic clock. A timer is a list; `cancel` empties it where it is."""

    def __init__(self):
        self.heap = []
        self.count = 0
        self.cancelled = 0

    def set(self, moment, act, *args):
        """Calls `act(*args)` at `moment` unless the timer that is returned gets cancelled."""
        self.count += 1
        timer = [moment, self.count, act, args]
        heappush(self.heap, timer)
        return timer

    def cancel(self, timer):
        if timer is None or timer[2] is None:
            return
        timer[2] = None
        self.cancelled += 1
        # Deadlines are mostly cancelled: without this an hour's worth of them would pile up.
        if self.cancelled > 64 and self.cancelled * 2 > len(self.heap):
            self.heap = [kept for kept in self.heap if kept[2] is not None]
            heapify(self.heap)
            self.cancelled = 0

    def pause(self, now):
        """Milliseconds until the next one, None when there is none."""
        while self.heap and self.heap[0][2] is None:
            heappop(self.heap)
            self.cancelled -= 1
        if not self.heap:
            return None
        return min(max(0, int((self.heap[0][0] - now) * 1000) + 1), 3600000)

    def run(self, now):
        while self.heap and (self.heap[0][0] <= now or self.heap[0][2] is None):
            timer = heappop(self.heap)
            act = timer[2]
            if act is None:
                self.cancelled -= 1
            else:
                timer[2] = None
                act(*timer[3])
