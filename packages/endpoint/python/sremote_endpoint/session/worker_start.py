"""Starts workers: forked where that is enough, a fresh interpreter where the environment must be in place before it starts."""
import errno
import os
import sys

import _signal as signal

from ..host.lazy import load
from ..host.standard import PACKAGE, ROOT
from ..run.environment import VARIABLE, WORKERS, become, code_places, enter, environment, needs_fresh
from ..wire.errors import Refusal
from .turn_token import TurnToken, is_possible

# Numbers of workers have two bytes.
NUMBERS = 65535
# Of this session, so that what its workers start is known.
_SESSION = os.urandom(8).hex()
# What a fresh interpreter runs: it takes the endpoint's modules from its channel, since they may be in no file.
_BOOT = """import sys
sys.path[:] = [p for p in sys.path if p]
import marshal, os
path = sys.path[:]
sys.path[:] = [p for p in path if p.startswith(os.path.dirname(os.__file__))] or path
def take(left):
    parts = []
    while left:
        parts.append(os.read(%d, left))
        if not parts[-1]: sys.exit(0)
        left -= len(parts[-1])
    return b"".join(parts)
settings, root, directory, sources, words, codes = marshal.loads(take(int.from_bytes(take(8), "little")))
if root:
    path.insert(0, root)
else:
    entry = {"__name__": "sremote_worker"}
    exec(compile(sources["__main__"], directory + "/__main__.py", "exec"), entry)
    modules = entry["Modules"](directory, sources)
    modules.words = words
    modules.codes = codes
    sys.meta_path.insert(0, modules)
sys.path[:] = path
from %s import serve_fresh
serve_fresh(settings)
"""


def start_first(settings, umask):
    """
    As `start_worker`, for the worker of calls without an environment. Called before the supervisor has loaded its own modules, so that both load
    theirs at the same time. None where a fresh interpreter is needed, or the host has no process left: the next use tries again.
    """
    if needs_fresh({}):
        return None
    try:
        return _start(settings, {}, False, umask, False)
    except OSError:
        return None


def start_worker(settings, route, umask):
    """
    Starts a process: (pid, channel, stdout, stderr, lifeline, turn_token or None, first bytes for the channel or None). `settings` is a dict for the worker.
    Raises OSError.
    """
    load_all()  # before the fork, so that it is loaded once
    return _start(settings, route.place, route.alone, umask, needs_fresh(route.place))


def load_all():
    """What workers need in most calls; the first one loads it as it goes."""
    from . import worker  # noqa: F401
    load("wire.value_encode")
    load("run.failure")
    load("session.references")
    load_for_endings()


def load_for_endings():
    """
    What a first call does not wait for, and the supervisor needs where no more files may be opened: os.wait4() loads a module when it has taken a
    process's status. Before a fork where there is one, since what both have loaded is in memory once.
    """
    try:
        import resource  # noqa: F401

        from ..wire import frame  # noqa: F401
        from ..run import ending, strays  # noqa: F401
    except (OSError, ImportError):
        pass


def number_settings(number):
    """What differs from worker to worker. Ids of objects are never used again in a session."""
    return {"number": (number - 1) % NUMBERS + 1, "first": number << 24}


def mark_of(number):
    """What the worker's processes have in their environment (strays.py)."""
    return "%s.%d" % (_SESSION, number)


def _start(settings, place, alone, umask, fresh):
    from _socket import AF_UNIX, SOCK_STREAM, socketpair
    opened = []
    try:
        ours, theirs = [end.detach() for end in socketpair(AF_UNIX, SOCK_STREAM)]
        opened += [ours, theirs]
        for _ in range(4 if is_possible() else 3):
            opened += os.pipe()
        _, _, out, stdout, err, stderr, lifeline, held = opened[:8]
        turn_token = opened[8:]
        # Of its output it gets the reading ends too, to see whether all was read.
        ends = [out, err] + turn_token if turn_token else []
        settings = dict(settings, channel=theirs, lifeline=lifeline, ends=ends, cwd="cwd" in place, alone=alone,
                        code=code_places(place, settings["base"]))
        pid = os.fork()
    except OSError:
        for fd in opened:
            os.close(fd)
        raise
    if pid == 0:
        status = 70
        try:
            _close_others([theirs, stdout, stderr, lifeline] + ends)
            become(stdout, stderr, umask)
            status = _begin(settings, place, fresh)
        except BaseException:
            # An error of ours: the call's stderr is where it can be seen.
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status)
    WORKERS.add(pid)
    for fd in (theirs, stdout, stderr, lifeline):
        os.close(fd)
    for fd in [ours, out, err] + turn_token[:1]:
        os.set_blocking(fd, False)
    if turn_token:
        turn_token = TurnToken(*turn_token)
        turn_token.put(0)
    return pid, ours, out, err, held, turn_token or None, _parcel(settings) if fresh else None


def _close_others(own):
    """Whatever the supervisor has open is none of the worker's business."""
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        numbers = range(3, 1024)
    for fd in numbers:
        if fd > 2 and fd not in own:
            try:
                os.close(fd)
            except OSError:
                pass  # the one that listed the directory, or none at all


def _begin(settings, place, fresh):
    from . import worker
    watch_lifeline(settings["lifeline"])
    try:
        env = environment(place, settings["home"], settings["base"])
        env[VARIABLE] = mark_of(settings["number"])
        enter(place, settings["home"])
        if fresh:
            _start_afresh(settings, env)
        for name in ("PATH", "SREMOTE_BASE", "TMPDIR", VARIABLE):
            if name in env:
                os.environ[name] = env[name]
    except Refusal as refusal:
        return worker.SessionWorker(settings).serve(refusal, fresh)
    return worker.begin(settings)


def _start_afresh(settings, env):
    _pass_on(settings, True)
    # Ignored signals stay ignored over exec, and then Python would never turn SIGINT into KeyboardInterrupt.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execve(sys.executable, [sys.executable, "-c", _BOOT % (settings["channel"], __name__)], env)
    except OSError as error:
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        if error.errno == errno.E2BIG:
            raise Refusal("limit-exceeded", "environment and PATH are larger than the host allows", "setup")
        raise Refusal("endpoint-broken", "cannot start %s with the environment of the call: %s" % (sys.executable, error.strerror), "setup")


def _pass_on(settings, inheritable):
    for fd in [settings["channel"], settings["lifeline"]] + settings["ends"]:
        os.set_inheritable(fd, inheritable)


def _parcel(settings):
    import marshal
    modules = next((finder for finder in sys.meta_path if hasattr(finder, PACKAGE)), None)
    if modules is None:
        data = marshal.dumps((settings, ROOT, None, None, None, None))
    else:
        data = marshal.dumps((settings, None, modules.directory, modules.sources, modules.words, modules.marshalled()))
    return len(data).to_bytes(8, "little") + data


def serve_fresh(settings):
    """In a fresh interpreter."""
    from . import worker
    _pass_on(settings, False)
    os._exit(worker.begin(settings))


def watch_lifeline(fd):
    """
    Has the kernel kill this process group when the supervisor is gone, which alone holds the other end of the pipe, even while compiled code
    runs (Linux, fcntl(2)). Elsewhere a worker ends when it next looks at its channel.
    """
    import fcntl
    if not hasattr(fcntl, "F_SETSIG"):
        return
    fcntl.fcntl(fd, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)
    from select import POLLHUP, poll
    already = poll()
    already.register(fd, 0)
    if any(event & POLLHUP for _, event in already.poll(0)):
        os._exit(0)
