"""The functions of the module `sremote:object` (SESSION.md): they act on what stays in the worker. They run as the user's code does."""
from ..wire.errors import Refusal
from . import iterators
from .objects import MODULE


def find_function(name, objects, number):
    """The function of that name. `number`: id of the object that is its first argument, where it has one."""

    def advance(iterator):
        try:
            done, value = iterators.advance(iterator)
        except BaseException as error:
            # One that was interrupted may go on: only the user's generator knows.
            if not isinstance(error, KeyboardInterrupt):
                objects.release(number)
            raise
        if done:
            objects.release(number)
        return {"done": done, "value": value}

    def close(iterator):
        objects.release(number)
        iterators.close(iterator)

    def release(numbers):
        for each in numbers:
            objects.release(each)

    own = {"next": advance, "close": close, "release": release}
    found = own.get(name) or _FUNCTIONS.get(name)
    if found is None:
        raise Refusal("function-not-found", "%s has no function %r" % (MODULE, name), "lookup", names=sorted(list(own) + list(_FUNCTIONS)))
    return found


def _call(target, name, args, kwargs=None):
    return (target if name is None else getattr(target, name))(*args, **kwargs or {})


def _item(target, key):
    return target[key]


def _set_item(target, key, value):
    target[key] = value


def _delete_item(target, key):
    del target[key]


_FUNCTIONS = {
    "get": getattr, "set": setattr, "call": _call, "item": _item, "setItem": _set_item, "deleteItem": _delete_item,
    "value": lambda target: target, "iterate": iterators.iterate,
}
