"""What stays in a worker between calls: objects, iterators and results (SESSION.md, "Objects, iterators, callbacks, results")."""
import time

from ..wire.errors import Refusal, protocol_error
from ..wire.message import whole
from . import iterators

# The module whose functions act on objects (object_functions.py).
MODULE = "sremote:object"


class Kept:
    __slots__ = ("value", "lease", "until", "state")

    def __init__(self, value, lease):
        self.value = value
        self.lease = lease
        self.until = None
        # Of a generator: what it has set in its process, for its next step.
        self.state = {}
        self.use()

    def use(self):
        if self.lease is not None:
            self.until = time.monotonic() + self.lease


class Failed:
    """Stands for the value of a call that gave none."""

    def __init__(self, failure):
        self.failure = failure


class Objects:
    """Ids are never used again in a session: `first` is above those of any earlier worker."""

    def __init__(self, first):
        self.next = first
        self.kept = {}
        self.results = {}

    def __len__(self):
        return len(self.kept) + len(self.results)

    def keep(self, value, lease):
        """The id of `value`. `lease` in seconds, None for no end."""
        number = self.next
        self.next += 1
        self.kept[number] = Kept(value, lease)
        return number

    def find(self, number):
        """The Kept of an id; its lease begins anew."""
        self.expire()
        found = self.kept.get(number) if type(number) is int else None
        if found is None:
            raise Refusal("object-lost", "the object was released, its lease ended, or its worker did", "arguments")
        found.use()
        return found

    def owner(self, number):
        """The Kept of an iterator, else None."""
        found = self.kept.get(number) if type(number) is int else None
        return found if found is not None and iterators.is_iterator(found.value) else None

    def release(self, number):
        found = self.kept.pop(number, None)
        if found is not None:
            iterators.forget(found.value)

    def expire(self):
        """Drops what is over and returns the seconds until the next lease ends, None when none does."""
        now = time.monotonic()
        for number in [number for number, kept in self.kept.items() if kept.until is not None and kept.until <= now]:
            self.release(number)
        ends = [kept.until for kept in self.kept.values() if kept.until is not None]
        return min(ends) - now if ends else None

    def keep_result(self, stream, value, uses):
        self.results[stream] = [value, uses]

    def result(self, stream):
        """The value of an earlier call, for one of as many uses as were announced."""
        entry = self.results.get(stream)
        if entry is None:
            raise Refusal("dependency-failed", "the call whose result is an argument gave none to this worker", "arguments")
        entry[1] -= 1
        if entry[1] <= 0:
            del self.results[stream]
        if type(entry[0]) is Failed:
            raise Refusal("dependency-failed", "the call whose result is an argument gave no value", "arguments", cause=entry[0].failure)
        return entry[0]


def object_id(json, member="id"):
    number = whole(json.get(member)) if type(json) is dict else None
    if number is None:
        raise protocol_error("a reference needs its " + member)
    return number
