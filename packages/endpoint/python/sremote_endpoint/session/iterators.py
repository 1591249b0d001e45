"""Generators and iterators that stay in their worker."""
import sys

from ..host.lazy import load


def is_iterator(value):
    """Whether a result stays and is iterated: generators and iterators of both kinds, but no files."""
    kind = type(value)
    if hasattr(kind, "__next__"):
        return hasattr(kind, "__iter__") and not _is_file(value)
    return hasattr(kind, "__anext__") and hasattr(kind, "__aiter__")


def _is_file(value):
    io = sys.modules.get("_io")
    return io is not None and isinstance(value, io._IOBase)


def iterate(value):
    """An iterator over `value`."""
    return value.__aiter__() if hasattr(type(value), "__aiter__") and not hasattr(type(value), "__iter__") else iter(value)


def advance(value):
    """(done, next item or what the generator returned)."""
    if hasattr(type(value), "__next__"):
        try:
            return False, next(value)
        except StopIteration as end:
            return True, end.value
    try:
        return False, load("run.event_loop").step(value, value.__anext__)
    except StopAsyncIteration:
        return True, None


def close(value):
    """Runs what stands in its `finally`."""
    if hasattr(type(value), "__anext__"):
        events = load("run.event_loop")
        if hasattr(type(value), "aclose"):
            events.step(value, value.aclose)
        events.forget(value)
    elif hasattr(type(value), "close"):
        value.close()


def forget(value):
    """No more items are wanted."""
    if hasattr(type(value), "__anext__"):
        load("run.event_loop").forget(value)
