"""The supervisor's loop: descriptors, and what to do when one is ready; deadlines."""
import time
from select import POLLIN, POLLOUT, poll  # noqa: F401  both are for those who watch

from .timers import Timers


class Loop:
    def __init__(self):
        self.poll = poll()
        self.actions = {}
        self.masks = {}
        self.timers = Timers()
        self.now = time.monotonic()

    def watch(self, fd, action, mask=POLLIN):
        """Calls `action(events)` when `fd` is ready. It may be called once too often, and must not block then."""
        if self.masks.get(fd) != mask:
            self.poll.register(fd, mask)
            self.masks[fd] = mask
        self.actions[fd] = action

    def forget(self, fd):
        """Before the descriptor is closed."""
        if fd in self.actions:
            self.poll.unregister(fd)
            del self.actions[fd], self.masks[fd]

    def after(self, seconds, act, *args):
        return self.timers.set(self.now + seconds, act, *args)

    def turn(self, limit=None):
        """Waits for something to do, for `limit` milliseconds at most, and does it."""
        actions = self.actions
        ready = self.poll.poll(limit if limit is not None else self.timers.pause(time.monotonic()) if self.timers.heap else None)
        self.now = time.monotonic()
        for fd, events in ready:
            action = actions.get(fd)
            if action is not None:
                action(events)
        if self.timers.heap:
            self.timers.run(self.now)
