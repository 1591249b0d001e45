"""One function for many items (PROTOCOL.md, "Many items"): results in order, and a failure costs its item."""
import os
import sys
from functools import partial
from itertools import starmap
from time import perf_counter

from ..host.lazy import load
from ..wire.errors import Refusal
from ..wire.limits import PART_PACE
from . import dispatch, interrupt
from .begun import Begun
from .item_results import ItemResults
from .process_end import exit_code

# Not empty in a copy that user code forked: it must not go on with the next item.
_copies = []


def _watch_forks():
    """Whether copies are told."""
    register = getattr(os, "register_at_fork", None)  # from 3.7 on
    if register is not None:
        register(after_in_child=lambda: _copies.append(True))
    return register is not None


_PID = None if _watch_forks() else os.getpid


def run(call, target, items, kwargs, zone, paths, emit=None):
    """
    (answer, attachments, exit status or None). `paths`: where the number of items that have begun can be left. `emit(part, attachments)` sends a part;
    without it everything is in the answer.
    """
    if call["each"] == "args" and not all(type(item) is list for item in items):
        raise Refusal("protocol-error", "an entry of the args must be an array of arguments", "arguments")
    begun = Begun(paths)
    try:
        return _Many(call, target, items, kwargs, begun.count, ItemResults(call, zone, emit)).run()
    finally:
        if not _copies:
            begun.remove()


class _Many:
    def __init__(self, call, target, items, kwargs, count, results):
        self.call = call
        self.target = target
        self.items = items
        self.kwargs = kwargs
        self.count = count
        self.results = results
        self.is_spread = call["each"] == "args"
        self.function = partial(target, **kwargs) if kwargs else target
        self.is_awaited = False
        self.rest = iter(items)
        self.at = 0
        self.pid = _PID and _PID()
        # Kinds of values that cannot be awaited.
        self.plain = set()
        self.status = None

    def run(self):
        results, pace = self.results, 0.0
        while self.at < len(self.items) and self.status is None:
            self._perform(pace)
            if _copies or self.pid is not None and _PID() != self.pid:
                _copies.append(True)
                return {"outcome": "value", "value": {"json": []}}, [], self.status
            if sys.gettrace() is not None or sys.getprofile() is not None:
                sys.settrace(None)
                sys.setprofile(None)
            if interrupt.met:
                # Also where the function did not let it pass.
                raise dispatch.Raised(KeyboardInterrupt(), "call")
            pace = PART_PACE
            if self.at < len(self.items):
                interrupt.hold()
                results.send()
                interrupt.begin()
        interrupt.hold()
        return results.last(self.status is not None) + (self.status,)

    def _perform(self, pace):
        """Items for so many seconds, one at least."""
        source = self._begin(perf_counter() + pace)
        calls = starmap(self.function, source) if self.is_spread else map(self.function, source)
        values = self.results.values
        known = len(values)
        while True:
            try:
                # In C, up to the first item that fails: it is the one behind those that gave a value.
                values.extend(calls)
                if source.gi_frame is None:
                    break
                raise StopIteration  # of the function
            except BaseException as error:
                if interrupt.met:
                    raise dispatch.Raised(error, "call") from None
                self._fail(self.results.next(), error)
                values.append(None)
                if self.status is not None:
                    source.close()
                    break
        if not self.plain.issuperset(map(type, values[known:])):
            self._settle(known)

    def _begin(self, limit):
        """The items, each as it begins."""
        count, at, pid, clock, copies = self.count, self.at, self.pid, perf_counter, _copies
        try:
            for at, item in enumerate(self.rest, at + 1):
                count[0] = at
                yield item
                if clock() > limit or interrupt.met or copies or pid is not None and _PID() != pid:
                    break
        finally:
            self.at = at

    def _settle(self, place):
        """Awaits what can be awaited; from then on with each item, before the next begins."""
        values, first = self.results.values, self.results.first
        for place in range(place, len(values)):
            kind = type(values[place])
            if not hasattr(kind, "__await__"):
                self.plain.add(kind)
                continue
            try:
                values[place] = load("run.event_loop").run(values[place])
            except BaseException as error:
                if interrupt.met:
                    raise dispatch.Raised(error, "call") from None
                self._fail(first + place, error)
                values[place] = None
            if not self.is_awaited:
                self.is_awaited = True
                self.function = self._awaited

    def _awaited(self, *args):
        value = self.target(*args, **self.kwargs)
        return load("run.event_loop").run(value) if hasattr(type(value), "__await__") else value

    def _fail(self, item, error):
        call, results = self.call, self.results
        try:
            if issubclass(type(error), TypeError) and self._is_ours(error.__traceback__.tb_next):
                arguments = self.items[item] if self.is_spread else [self.items[item]]
                dispatch.check_arguments(self.target, call["module"], call["function"], arguments, self.kwargs)
        except Refusal as refusal:
            results.fail(item, "not-run", refusal.failure())
            return
        if issubclass(type(error), SystemExit):
            self.status = exit_code(error)
            results.fail(item, "killed", {"code": "exited", "stage": "call", "message": "the function ended its process with exit status %d" % self.status})
        else:
            results.fail(item, "raised", load("run.failure").describe(error, "raised", "call"))

    def _is_ours(self, trace):
        """No frame of the function has seen it."""
        return trace is None or self.is_awaited and trace.tb_next is None
