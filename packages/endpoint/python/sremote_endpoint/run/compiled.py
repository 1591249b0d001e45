"""Whether compiled code that is not of the standard library was loaded, which may print by itself (compiled_output.py)."""
import sys

from ..host.standard import PLACES

_count = 0
_found = False


def is_needed():
    """Takes no time as long as no module was imported since it was last asked."""
    global _count, _found
    if not _found and len(sys.modules) != _count:
        _count = len(sys.modules)
        _found = "ctypes" in sys.modules or any(map(_is_foreign, list(sys.modules.values())))
    return _found


def _is_foreign(module):
    try:
        path = module.__spec__.origin
        return path.endswith((".so", ".dylib")) and not path.startswith(tuple(place + "/lib-dynload/" for place in PLACES)) and path.rpartition("/")[0] not in PLACES
    except Exception:  # a module of the user's making
        return False
