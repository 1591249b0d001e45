"""
What a warm worker puts back after each call, and what it finds out about the processes that the call started. What modules set when they are imported
stays, as they do; what a function sets is gone with its call, and what a generator sets comes back with each of its steps.
"""
import gc
import os
import sys
import time

import _locale
import _signal as signal

from ..host.lazy import load
from ..run import interrupt, standard_streams
from .same_file import SameFile

try:
    import resource
except ImportError:
    resource = None

# Of ru_maxrss, getrusage(2).
_MEMORY = 1 if sys.platform == "darwin" else 1024
_SIGNALS = [number for number in range(1, signal.NSIG) if number not in (getattr(signal, "SIGKILL", 9), getattr(signal, "SIGSTOP", 19)) and number < 32]
_LIMITS = sorted({getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}) if resource else []
_TIMERS = [getattr(signal, name) for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF") if hasattr(signal, name)]


def _directory():
    try:
        return os.getcwd()
    except OSError:
        return None  # the function removed it


def _enter(directory):
    try:
        os.chdir(directory or "/")
    except OSError:
        os.chdir("/")


def _umask(value=0o077):
    before = os.umask(value)
    os.umask(before)
    return before


def _handlers():
    return tuple(map(signal.getsignal, _SIGNALS))


def _set_handlers(handlers):
    for number, handler, now in zip(_SIGNALS, handlers, _handlers()):
        # None: of compiled code, which cannot be put back.
        if now is not handler and handler is not None:
            signal.signal(number, handler)


def _limits():
    return tuple(map(resource.getrlimit, _LIMITS))


def _set_limits(limits):
    for which, limit, now in zip(_LIMITS, limits, _limits()):
        if limit != now:
            resource.setrlimit(which, limit)


def _warnings():
    return list(getattr(sys.modules["warnings"], "filters", ()))


def _set_warnings(filters):
    module = sys.modules["warnings"]
    if not hasattr(module, "filters"):
        return  # one of the user's that has this name
    module.filters[:] = filters
    getattr(module, "_filters_mutated", getattr(module, "_filters_mutated_lock_held", int))()


def _language(value=None):
    return _locale.setlocale(_locale.LC_ALL, value)


def _interpreter():
    return sys.getrecursionlimit(), sys.gettrace(), sys.getprofile(), gc.isenabled()


def _set_interpreter(values):
    sys.setrecursionlimit(values[0])
    sys.settrace(values[1])
    sys.setprofile(values[2])
    (gc.enable if values[3] else gc.disable)()


# Name, how it is read and put back, and the module without which user code cannot have changed it.
_SETTINGS = [
    ("directory", _directory, _enter, None),
    ("arguments", lambda: sys.argv, lambda value: setattr(sys, "argv", value[:]), None),
    ("interpreter", _interpreter, _set_interpreter, None),
    ("warnings", _warnings, _set_warnings, "warnings"), ("locale", _language, _language, "locale"),
]
_SIGNAL_SETTINGS = [
    ("handlers", _handlers, _set_handlers, "signal"),
    ("mask", lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ()), lambda value: signal.pthread_sigmask(signal.SIG_SETMASK, value), "signal"),
]
if resource:
    _SIGNAL_SETTINGS.append(("limits", _limits, _set_limits, "resource"))
_ALL = _SETTINGS + _SIGNAL_SETTINGS + [("umask", _umask, os.umask, None)]
# Of each call alone, whatever a module sets.
_NEVER = frozenset(("directory", "umask", "arguments"))


class ProcessState:
    """How this process was when the worker began, or a module was imported."""

    def __init__(self):
        # So that its name says whether user code has it.
        sys.modules.pop("resource", None)
        self.base = {name: read() for name, read, _, module in _ALL if module != "warnings"}
        self.base["arguments"] = [""]
        # What stands for descriptors 1 and 2, should they be closed or replaced.
        self.outputs = []
        self.files = SameFile()
        self.changes = {}
        self.keep_outputs()

    def leave_outputs(self):
        """Others will be descriptors 1 and 2."""
        self._restore_outputs()
        for number, fd in self.outputs:
            self.files.forget(number)
            os.close(fd)
        self.outputs = []

    def keep_outputs(self):
        """Remembers descriptors 1 and 2, which are new ones."""
        for number in (1, 2):
            try:
                self.outputs.append((number, os.dup(number)))
            except OSError:
                continue
            self.files.keep(number)

    def accept(self):
        """A module was imported: what it has set belongs to it."""
        for name, read, _, module in _ALL:
            if name not in _NEVER and (module is None or module in sys.modules):
                self.base[name] = read()
        if self.base["handlers"][_SIGNALS.index(signal.SIGINT)] is not interrupt.handler:
            handlers = list(self.base["handlers"])
            handlers[_SIGNALS.index(signal.SIGINT)] = interrupt.handler
            self.base["handlers"] = tuple(handlers)

    def resume(self, changes):
        """Sets again what a generator had set."""
        for name, value in changes.items():
            if name == "timers":
                for which, timer in value:
                    signal.setitimer(which, *timer)
            elif name == "streams":
                for stream, each in value.items():
                    setattr(sys, stream, each)
            else:
                next(write for each, _, write, _ in _ALL if each == name)(value)

    def calm(self):
        """The function has returned: its alarms and handlers no longer fire."""
        self.changes = {}
        if "signal" not in sys.modules:
            return
        timers = [(which, signal.setitimer(which, 0)) for which in _TIMERS]
        timers = [timer for timer in timers if timer[1][0]]
        if timers:
            self.changes["timers"] = timers
        self._put_back(_SIGNAL_SETTINGS[:2])
        signal.set_wakeup_fd(-1)

    def _put_back(self, settings):
        for name, read, write, module in settings:
            if module is not None and module not in sys.modules:
                continue
            now, base = read(), self.base.get(name)
            if base is None:
                self.base[name] = now
            elif now != base:
                self.changes[name] = now
                write(base)

    def restore(self):
        """Everything else. What the call had changed is returned."""
        # Reading the mask sets it.
        umask = os.umask(self.base["umask"])
        if umask != self.base["umask"]:
            self.changes["umask"] = umask
        if not self._is_as_before():
            self._put_back(_SETTINGS)
        if not standard_streams.are_ours():
            streams = standard_streams.restore()
            if streams:
                self.changes["streams"] = streams
        if not self._are_outputs_as_before():
            self._restore_outputs()
        if "asyncio" in sys.modules:
            load("run.event_loop").restore()
        return self.changes

    def _is_as_before(self):
        """Whether all settings are, in the usual case: every call waits for the answer, and a look at each by itself takes three times as long."""
        base = self.base
        modules = sys.modules
        return (
            sys.argv == base["arguments"] and _directory() == base["directory"] and _interpreter() == base["interpreter"]
            and "locale" not in modules and ("warnings" not in modules or _warnings() == base.get("warnings"))
        )

    def _are_outputs_as_before(self):
        ask, is_blocking = self.files.ask, os.get_blocking
        try:
            # As `is_same` does.
            ask(1, 0)
            ask(2, 0)
            return len(self.outputs) == 2 and is_blocking(1) and is_blocking(2)
        except (OSError, ValueError, TypeError):
            return False

    def _restore_outputs(self):
        for number, fd in self.outputs:
            if not self.files.is_same(number):
                os.dup2(fd, number)
            if not os.get_blocking(number):
                os.set_blocking(number, True)

    def is_spoiled(self):
        """Did the function set limits that cannot be lifted?"""
        if "resource" not in sys.modules or _limits() == self.base["limits"]:
            return False
        self.changes["limits"] = _limits()
        try:
            _set_limits(self.base["limits"])
        except (ValueError, OSError):
            pass
        return _limits() != self.base["limits"]


class Processes:
    """Notices that processes were started: some are there, or the resources of those that ended have grown."""

    def __init__(self):
        self.before = self._ended()

    @staticmethod
    def _ended():
        found = resource and resource.getrusage(resource.RUSAGE_CHILDREN)
        return found and (found.ru_minflt, found.ru_utime, found.ru_stime)

    def were_started(self):
        ended = self._ended()
        if ended != self.before or ended is None:
            self.before = ended
            return True
        if not hasattr(os, "waitid"):
            return True
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return True


class Usage:
    """Times of calls and the memory of this process. Between calls nothing runs, so that one look at the end of each is enough."""

    def __init__(self):
        self.before = self._look()[0]

    @staticmethod
    def _look():
        """(seconds of processor time, bytes of memory at its largest)"""
        if resource is None:
            return time.process_time(), 0
        found = resource.getrusage(resource.RUSAGE_SELF)
        return found.ru_utime + found.ru_stime, found.ru_maxrss * _MEMORY

    def of_call(self, started):
        """For the call that began at `started` of the performance counter."""
        before = self.before
        self.before, memory = self._look()
        return {
            # To the microsecond; round() takes longer.
            "wallMs": int((time.perf_counter() - started) * 1e6) / 1e3, "cpuMs": int((self.before - before) * 1e6) / 1e3,
            "maxRssBytes": memory,
        }
