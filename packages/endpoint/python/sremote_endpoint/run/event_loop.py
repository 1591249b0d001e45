"""
The event loop of this process. There is one: what a call leaves on it (connections, locks, tasks) works in later calls too. A coroutine is a task on
it, an asynchronous iterator one task for its whole life, so that its deadlines, groups of tasks and context variables hold from item to item.
"""
import asyncio
import sys

from ..host.standard import enclosed, loaded
from . import interrupt

_loop = None
_steppers = {}


def _current(module):
    """The loop that is set for this thread, without making one."""
    return getattr(getattr(module.events._event_loop_policy, "_local", None), "_loop", None)


def _open_loop():
    """The loop, set as the current one. One that user code has set while there was none becomes it."""
    global _loop
    module = loaded("asyncio") or asyncio
    if _loop is None or _loop.is_closed():
        found = _current(module)
        if found is None or found.is_closed():
            with enclosed:
                found = module.new_event_loop()
        _loop = found
    if _current(module) is not _loop:
        with enclosed:
            module.set_event_loop(_loop)
    return _loop


def restore():
    """After a call: what it has set as the current loop, closed or taken away is not for the next."""
    module = loaded("asyncio")
    if module is None:
        return
    local = getattr(module.events._event_loop_policy, "_local", None)
    # If none is set, the first use makes one.
    if _loop is not None or getattr(local, "_set_called", False):
        _open_loop()


def run(awaitable):
    """What `awaitable` comes to."""
    async def wait():
        return await awaitable

    loop = _open_loop()
    task = loop.create_task(wait())
    return _drive(loop, task, task)


def _drive(loop, future, task):
    """Runs the loop until `future` is done. SIGINT cancels `task`, which may clean up, and becomes KeyboardInterrupt then; a second one raises it at once."""
    caught = []

    def cancel():
        caught.append(True)
        task.cancel()
        loop.call_soon_threadsafe(int)  # wakes it up

    before = interrupt.catch(cancel)
    try:
        found = loop.run_until_complete(future)
    except asyncio.CancelledError:
        if caught:
            raise KeyboardInterrupt from None
        raise
    finally:
        interrupt.catch(before)
        if not task.done() and future is task:
            # The loop itself was left: by exit(), or by a second interrupt.
            task.cancel()
    if caught and type(found) is _Raised:
        raise KeyboardInterrupt from None
    return found


class _Raised:
    def __init__(self, error):
        self.error = error


class _Stepper:
    """Takes steps of an asynchronous iterator, all of them in one task."""

    def __init__(self):
        self.loop = _open_loop()
        self.task = self.method = self.answer = self.wake = None
        self.wanted = self.over = False

    async def _serve(self):
        while not self.over:
            self.wanted = late = False
            try:
                found = await self.method()
            except BaseException as error:
                found = _Raised(error)
            self.answer.set_result(found)
            while not self.wanted and not self.over:
                self.wake = self.loop.create_future()
                try:
                    await self.wake
                except asyncio.CancelledError:
                    # A deadline of the iterator's passed between two items: it meets it when it goes on.
                    late = True
                    if hasattr(self.task, "uncancel"):
                        self.task.uncancel()
            if late:
                self.task.cancel()

    def step(self, method):
        self.method = method
        self.answer = self.loop.create_future()
        self.wanted = True
        if self.task is None:
            self.task = self.loop.create_task(self._serve())
        elif not self.wake.done():
            self.wake.set_result(None)
        found = _drive(self.loop, self.answer, self.task)
        if type(found) is _Raised:
            raise found.error
        return found

    def end(self):
        self.over = True
        if self.wake is not None and not self.wake.done() and not self.loop.is_closed():
            self.wake.set_result(None)


def step(iterator, method):
    """Awaits `method()` of the iterator. Raises what it raises."""
    entry = _steppers.get(id(iterator))
    if entry is None or entry[0].loop.is_closed():
        entry = _steppers[id(iterator)] = _Stepper(), iterator
    try:
        return entry[0].step(method)
    except BaseException:
        forget(iterator)
        raise


def forget(iterator):
    """No more steps are taken."""
    entry = _steppers.pop(id(iterator), None)
    if entry is not None:
        entry[0].end()


def finish():
    """At the end of the process, as asyncio.run does at its end: tasks are cancelled, asynchronous generators closed."""
    loop = _loop
    if loop is None or loop.is_closed():
        return
    _open_loop()
    for stepper, _ in list(_steppers.values()):
        stepper.end()
    find = getattr(asyncio, "all_tasks", None) or asyncio.Task.all_tasks
    tasks = [task for task in find(loop) if not task.done()]
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks))
    loop.run_until_complete(loop.shutdown_asyncgens())
    if hasattr(loop, "shutdown_default_executor") and sys.version_info >= (3, 9):
        loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
