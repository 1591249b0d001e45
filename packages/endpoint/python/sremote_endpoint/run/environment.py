"""Where a function's process runs: its environment, its directories, its standard streams. For spool and sessions alike."""
import os
import sys

import _signal as signal

from ..host.os_error import refuse
from ..wire.errors import Refusal

# What a worker's processes are known by (strays.py).
VARIABLE = "SREMOTE_WORKER"
# Workers of this supervisor. One that was just forked still holds all that the supervisor has open, lifelines of others too.
WORKERS = set()


def host_text(text):
    """The string that stands for this text's UTF-8 bytes here: before 3.7 the C locale means ASCII, and some hosts have others still."""
    return os.fsdecode(text.encode("utf-8", "surrogateescape"))


def needs_fresh(call):
    """Whether the call's environment must be in place before an interpreter starts."""
    env = os.environ
    if call.get("loginEnv") or sys.flags.ignore_environment and any(name.startswith("PYTHON") for name in env):
        return True
    return any(True for _ in _changes(call, env))


def _changes(call, env):
    for name, value, only_if_unset in call.get("env", ()):
        name, value = host_text(name), host_text(value)
        if not (only_if_unset and name in env or env.get(name) == value):
            yield name, value


def code_places(call, base):
    """The directories of the call's shipped code."""
    return ["%s/code/%s" % (base, digest) for digest in call.get("code", ())]


def check_code(call, base):
    """Raises Refusal `code-missing` unless the call's shipped code is here. It is kept for as long as it is used."""
    for place in code_places(call, base):
        try:
            os.utime(place)
        except OSError as error:
            raise Refusal("code-missing", "the host lacks shipped code: %s: %s" % (place, error.strerror), "setup")


def environment(call, home, base):
    """The environment of the call's process."""
    check_code(call, base)
    env = dict(os.environ)
    if call.get("loginEnv"):
        from .login_environment import load
        env = load(home)
    for name, value in _changes(call, env):
        env[name] = value
    if call.get("path"):
        env["PATH"] = os.pathsep.join(([env["PATH"]] if env.get("PATH") else []) + [host_text(path) for path in call["path"]])
    env["SREMOTE_BASE"] = base
    if "tmp" in call:
        env["TMPDIR"] = _directory(call["tmp"], home, "use the directory for temporary files")
    return env


def become(stdout, stderr, umask):
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.umask(umask)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (stdout, 1), (stderr, 2)):
        os.dup2(source, target)
        os.set_inheritable(target, True)
        if source > 2:
            os.close(source)


def enter(call, home):
    """The working directory: the home directory, or the one the call names, made when it is missing."""
    path = _directory(call["cwd"], home, "use the working directory") if "cwd" in call else home
    try:
        os.chdir(path)
    except OSError as error:
        if "cwd" not in call:
            os.chdir("/")
            return
        raise refuse(error, path, "use the working directory")


def _directory(path, home, purpose):
    """The absolute path of a directory that the call names, made when it is missing."""
    path = os.path.normpath(os.path.join(home, host_text(path)))
    try:
        if not os.path.isdir(path):
            before = os.umask(0o077)
            try:
                os.makedirs(path, 0o700, exist_ok=True)
            finally:
                os.umask(before)
    except OSError as error:
        raise refuse(error, path, purpose)
    return path
