"""Modules of the working directory that were edited since this process loaded them. Installed packages are left alone, as an interpreter does."""
import os
import sys
import time

# CLOCK_REALTIME_COARSE of Linux (clock_gettime(2)), by which files get their times: it stands still for some milliseconds. Python has no name for it.
_COARSE = 5
# Seconds in which times of files may stand still elsewhere; and less than between two times that differ.
_TICK, _LEAST = 0.02, 1e-6


def clock():
    """Seconds before which a file has an earlier time if it was written before now."""
    if sys.platform.startswith("linux"):
        try:
            return time.clock_gettime(_COARSE) - _LEAST
        except (AttributeError, OSError):
            pass
    return time.time() - _TICK


def _state(path):
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns


class Loaded:
    def __init__(self):
        self.directory = os.getcwd() + "/"
        self.count = 0
        self.files = {}

    def note(self, since):
        """A call that began at `since`, by `clock`, may have loaded modules."""
        if len(sys.modules) == self.count:
            return
        self.count = len(sys.modules)
        for path in self._own().values():
            if path not in self.files:
                state = _state(path)
                # Written while the call ran: what was loaded may be older.
                self.files[path] = None if state is None or state[3] >= since * 1e9 else state

    def _own(self):
        """Files of modules, by name."""
        kind = type(sys)
        found = {}
        for name, module in list(sys.modules.items()):
            path = module.__dict__.get("__file__") if type(module) is kind else None
            if type(path) is str and path.startswith(self.directory) and "-packages/" not in path:
                found[name] = path
        return found

    def are_edited(self):
        edited = [path for path, state in self.files.items() if _state(path) != state or state is None]
        for path in edited:
            # The interpreter compares whole seconds and sizes: what it has compiled of an earlier version may look like that of this one.
            if path.endswith(".py"):
                from importlib.util import cache_from_source
                try:
                    os.unlink(cache_from_source(path))
                except OSError:
                    pass
        return bool(edited)

    def drop(self):
        """The next import loads all of them anew."""
        for name in self._own():
            del sys.modules[name]
        self.files = {}
        self.count = 0
