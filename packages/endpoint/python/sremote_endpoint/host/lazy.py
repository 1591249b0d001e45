"""Imports modules of the endpoint when they are first needed: in a session user code runs in the same process, and they stay hidden from it."""
import sys

from .standard import PACKAGE, enclosed

_loaded = {}
_hidden = []


def keep_hidden(hidden):
    """From now on modules can only be imported by `load`."""
    _hidden.append(hidden)
    hidden.__enter__()


def load(name):
    """The module `name` of this package: `folder.module`."""
    found = _loaded.get(name)
    if found is None:
        if _hidden:
            with _hidden[0].shown(), enclosed:
                found = _import(name)
        else:
            found = _import(name)
        _loaded[name] = found
    return found


def peek(name):
    """The module if `load` was asked for it before, else None."""
    return _loaded.get(name)


def _import(name):
    full = PACKAGE + "." + name
    __import__(full)
    return sys.modules[full]
