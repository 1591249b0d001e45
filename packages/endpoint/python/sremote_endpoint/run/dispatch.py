"""Finds the function a call names and calls it."""
import builtins
import sys

from ..host.lazy import load
from ..host.standard import enclosed
from ..wire.errors import NOT_FOUND, Refusal

OWN = "sremote_endpoint.environment"
"""A module of the endpoint that calls may name: the client's install methods do."""
EXTENSION = "sremote_endpoint.extension"
"""The other one: it runs programs that come with their calls."""


class Raised(Exception):
    """User code raised `error` while it was imported, looked up or called."""

    def __init__(self, error, stage):
        Exception.__init__(self)
        self.error = error
        self.stage = stage


def find(module, function):
    """The function of that name."""
    own = load("run.packages") if module == OWN else load("run.extension") if module == EXTENSION else None
    return _find(own or _import(module), module, function)


def call(target, module, function, args, kwargs):
    """What `target` returns, awaited where it can be. The names are for errors."""
    try:
        try:
            value = target(*args, **kwargs)
            if hasattr(type(value), "__await__"):
                value = load("run.event_loop").run(value)
        finally:
            # What traces the function is not to trace, and fail, what follows. The next call has it again where it was there before this one.
            if sys.gettrace() is not None or sys.getprofile() is not None:
                sys.settrace(None)
                sys.setprofile(None)
    except (Refusal, Raised):
        raise  # of a function of ours
    except BaseException as error:
        if issubclass(type(error), TypeError) and sys.exc_info()[2].tb_next is None:
            check_arguments(target, module, function, args, kwargs)
        raise Raised(error, "call") from None
    return value


def _import(name):
    try:
        found = sys.modules.get(name)
        if found is None or getattr(getattr(found, "__spec__", None), "_initializing", False):
            # As user code would: the endpoint's own is another one (standard.py).
            builtins.__import__(name)
            found = sys.modules[name]
        return found
    except BaseException as error:
        # Only when the asked module (or a package around it) is what is missing; any other is the module's own failure.
        missing = type(error) is ModuleNotFoundError and (name + ".").startswith((error.name or ".") + ".") and _raised_by_import(error)
        if missing or "" in name.split("."):
            raise _no_module(name) from None
        raise Raised(error, "import") from None


def _raised_by_import(error):
    """No frame but ours and those of the import system: no code of a module asked for it."""
    trace = error.__traceback__.tb_next
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith("<frozen importlib"):
            return False
        trace = trace.tb_next
    return True


def _no_module(name):
    return Refusal("module-not-found", "there is no module %r for %s" % (name, sys.executable), "import",
                   hint=NOT_FOUND)


def constant(module, name):
    """The value of that name, which is not called."""
    value = _look_up(_import(module), module, name)
    if callable(value):
        raise Refusal("function-not-found", "%s.%s is no constant but a %s" % (module, name, type(value).__name__), "lookup", hint="call it")
    return value


def _find(module, name, function):
    target = _look_up(module, name, function)
    if not callable(target):
        done = "%s.%s" % (name, function)
        raise Refusal("function-not-found", "%s is not a function but a %s" % (done, type(target).__name__), "lookup")
    return target


def _look_up(module, name, function):
    target, done = module, name
    for part in function.split("."):
        try:
            target = getattr(target, part)
        except AttributeError:
            near = _near(part, target)
            hint = "did you mean %s?" % " or ".join(near) if near else None
            members = {"names": near} if near else {}
            if hint:
                members["hint"] = hint
            raise Refusal("function-not-found", "%s has no function %r" % (done, part), "lookup", **members) from None
        except BaseException as error:
            raise Raised(error, "lookup") from None
        done += "." + part
    return target


def _near(name, owner):
    from difflib import get_close_matches
    try:
        known = [known for known in dir(owner) if isinstance(known, str) and not known.startswith("_")]
    except Exception:  # dir() runs user code (__dir__)
        return []
    return get_close_matches(name, known, 5)


def check_arguments(target, module, function, args, kwargs):
    """Raises Refusal where they do not fit. A TypeError that no frame of the function has seen may be a wrong call: then nothing ran."""
    import inspect
    try:
        with enclosed:
            signature = inspect.signature(target)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise Refusal("bad-arguments", "%s.%s%s: %s" % (module, function, signature, error), "arguments") from None
