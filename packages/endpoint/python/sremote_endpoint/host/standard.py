"""
What the endpoint imports is the standard library as it was installed, whatever lies beside the user's program, stands in `sys.modules`, or was
patched: its modules have builtins of their own, whose `__import__` is the one here. And what the endpoint imported is not in the way of user modules.
"""
import builtins
import os
import sys
from _thread import RLock, get_ident

PACKAGE = __name__.partition(".")[0]
# The directory, or the archive, in which the package is.
ROOT = os.path.abspath(sys.modules[PACKAGE].__file__ + "/../..")
_BOOTSTRAP = sys.modules["_frozen_importlib"]
_find = sys.modules["_frozen_importlib_external"].PathFinder.find_spec
_LIBRARY = os.path.dirname(os.__file__)
_ARCHIVE = "python%d%d.zip" % sys.version_info[:2]
PLACES = [path for path in sys.path if os.path.basename(path) in (_ARCHIVE, "lib-dynload")] + [_LIBRARY, _LIBRARY + "/lib-dynload"]
_original = builtins.__import__
# Of these the endpoint has copies: user code patches their functions, to freeze the time for instance.
_COPIED = ("os", "time", "_signal", "gc", "resource")
# Modules by name as the endpoint sees them; those that user code must not see, since it has others of these names; names of all it made load.
_kept = {}
_private = {}
_loaded = set()
_known = {}
# The module that knows whether an interrupt may cut in (interrupt.py).
interrupts = None


def _is_builtin(name):
    return name in sys.builtin_module_names or _BOOTSTRAP.FrozenImporter.find_spec(name) is not None


def _exists(name):
    """Whether the standard library has a module of this name, which has no dots."""
    found = _known.get(name)
    if found is None:
        found = _known[name] = _is_builtin(name) or _find(name, PLACES) is not None
    return found


def _is_standard(spec):
    try:
        if spec.loader in (_BOOTSTRAP.BuiltinImporter, _BOOTSTRAP.FrozenImporter):
            return True
        origin = spec.origin
        return any(origin.startswith(place + "/") for place in PLACES) and "-packages/" not in origin[len(_LIBRARY):]
    except Exception:  # what user code put there
        return False


def _is_shadowed(name):
    """Whether user code that imports it gets another one."""
    if _is_builtin(name):
        return False
    spec = _find(name)
    return spec is not None and not _is_standard(spec)


class _Finder:
    """Finds nothing but the standard library, for one thread."""

    owner = None

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if get_ident() != cls.owner:
            return None
        if path is None and _is_builtin(name):
            return None  # the interpreter's own finders come to the same
        return _find(name, PLACES if path is None else path)


class _Enclosed:
    """While entered, imports of this thread find the standard library. What user code has in its place is back afterwards."""

    def __init__(self):
        self.lock = RLock()
        self.depth = 0
        self.strangers = {}
        self.before = self.hook = self.held = None

    def __enter__(self):
        held = interrupts is not None and interrupts.pause()
        self.lock.acquire()
        self.depth += 1
        if self.depth > 1:
            return
        self.held = held
        modules = sys.modules
        self.strangers = {
            name: module for name, module in list(modules.items())
            if _exists(name.partition(".")[0]) and not _is_standard(getattr(module, "__spec__", None))
        }
        for name in self.strangers:
            del modules[name]
        modules.update(_private)
        self.before = set(modules)
        self.hook, builtins.__import__ = builtins.__import__, _original
        _Finder.owner = get_ident()
        sys.meta_path.insert(0, _Finder)

    def __exit__(self, *_):
        self.depth -= 1
        if self.depth == 0:
            sys.meta_path.remove(_Finder)
            builtins.__import__ = self.hook
            modules = sys.modules
            fresh = set(modules) - self.before
            _loaded.update(fresh)
            _hide([name for name in fresh if not name.startswith(PACKAGE)])
            for name in _private:
                modules.pop(name, None)
            modules.update(self.strangers)
            self.strangers = {}
            held, self.held = self.held, None
            self.lock.release()
            if held:
                interrupts.go_on()
            return
        self.lock.release()


enclosed = _Enclosed()


def _hide(names):
    verdicts = {name: _is_shadowed(name) for name in {name.partition(".")[0] for name in names}}
    for name in names:
        if verdicts[name.partition(".")[0]] and name in sys.modules:
            _private[name] = sys.modules.pop(name)


def give_way():
    """Before user code is imported: of the modules that the endpoint loaded, those are out of its way that it has itself."""
    if sys.path and sys.path[0] not in PLACES:
        _hide(sorted(_loaded))


def loaded(name):
    """The standard library's module of that name where it was loaded, by user code or ours, else None."""
    module = sys.modules.get(name)
    if module is not None and _is_standard(getattr(module, "__spec__", None)):
        return module
    return _kept.get(name) or _private.get(name)


def standard(name):
    """The standard library's module of that name. None where it has none."""
    found = _kept.get(name)
    if found is not None or not _exists(name.partition(".")[0]):
        return found
    found = sys.modules.get(name)
    if not _is_standard(getattr(found, "__spec__", None)):
        with enclosed:
            found = _BOOTSTRAP._gcd_import(name)
    if name in _COPIED:
        module, found = found, type(sys)(name)
        found.__dict__.update(module.__dict__)
    _kept[name] = found
    return found


def _import(name, names=None, scope=None, wanted=(), level=0):
    if level == 0 and name.partition(".")[0] != PACKAGE:
        found = standard(name)
        if found is not None:
            for each in wanted or ():
                if not hasattr(found, each) and hasattr(found, "__path__"):
                    standard("%s.%s" % (name, each))
            return found if wanted else standard(name.partition(".")[0])
    return _original(name, names, scope, wanted, level)


BUILTINS = dict(vars(builtins), __import__=_import)
