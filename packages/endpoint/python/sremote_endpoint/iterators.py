"""Generators and iterators that stay in their worker, asynchronous ones on an event loop of the worker's own."""
import sys

_loop = None


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
        return False, _run(value.__anext__())
    except StopAsyncIteration:
        return True, None


def close(value):
    """Runs what stands in its `finally`."""
    if hasattr(type(value), "aclose"):
        _run(value.aclose())
    elif hasattr(type(value), "close"):
        value.close()


def _run(awaitable):
    global _loop
    import asyncio
    if _loop is None or _loop.is_closed():
        _loop = asyncio.new_event_loop()

    async def wait():
        return await awaitable

    asyncio.set_event_loop(_loop)
    try:
        return _loop.run_until_complete(wait())
    finally:
        asyncio.set_event_loop(None)
