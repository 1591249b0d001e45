"""Starts the function's process: forked where that is enough, a fresh interpreter where the environment must be in place before it starts."""
import errno
import os
import sys

from .errors import Refusal
from .files import write_all
from .frame import join_frame
from .reply import answer_of

import _signal as signal

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class FunctionProcess:
    """A started process: its pid (also its group and session), the ends of its pipes that are read, and what it is to be sent."""

    def __init__(self, pid, stdout, stderr, answer, request, request_bytes):
        self.pid = pid
        self.stdout = stdout
        self.stderr = stderr
        self.answer = answer
        self.request = request
        self.request_bytes = request_bytes


def host_text(text):
    """The string that stands for this text's UTF-8 bytes here: before 3.7 the C locale means ASCII, and some hosts have others still."""
    return os.fsdecode(text.encode("utf-8", "surrogateescape"))


def needs_fresh(call):
    """Whether the call's environment must be in place before an interpreter starts."""
    env = os.environ
    if call.get("keepEnv") or sys.flags.ignore_environment and any(name.startswith("PYTHON") for name in env):
        return True
    return any(True for _ in _changes(call, env))


def _changes(call, env):
    for name, value, only_if_unset in call.get("env", ()):
        name, value = host_text(name), host_text(value)
        if not (only_if_unset and name in env or env.get(name) == value):
            yield name, value


def environment(call, home, base):
    """The environment of the call's process."""
    env = dict(os.environ)
    if call.get("keepEnv"):
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


def launch(call, frame, parsed, env, fresh, home, umask):
    """Starts the process of `call`. `frame` is the request as it came, `parsed` what a forked process takes over of it."""
    if not fresh:
        # Before the fork, so that its code is kept with the rest where it had to be compiled.
        from .worker import work
    outs, errs, answers = os.pipe(), os.pipe(), os.pipe()
    requests = os.pipe() if fresh else (None, None)
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            for fd in (outs[0], errs[0], answers[0], requests[1]):
                if fd is not None:
                    os.close(fd)
            become(outs[1], errs[1], umask)
            try:
                enter(call, home)
                if fresh:
                    _start_afresh(requests[0], answers[1], env)
                for name in ("PATH", "SREMOTE_BASE", "TMPDIR"):
                    if name in env:
                        os.environ[name] = env[name]
            except Refusal as refusal:
                # What `serve_fresh` puts before its answer.
                mark = b"B" if fresh else b""
                write_all(answers[1], mark + b"".join(join_frame(answer_of("not-run", refusal.failure()), [])))
            else:
                status = work(call, parsed, answers[1])
        except BaseException:
            # An error of ours: the call's stderr is where it can be seen.
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status)
    for fd in (outs[1], errs[1], answers[1], requests[0]):
        if fd is not None:
            os.close(fd)
    return FunctionProcess(pid, outs[0], errs[0], answers[0], requests[1], frame if fresh else None)


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
        from .directory import refuse
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
        from .directory import refuse
        raise refuse(error, path, purpose)
    return path


def _start_afresh(request, answer, env):
    for fd in (request, answer):
        os.set_inheritable(fd, True)
    # Ignored signals stay ignored over exec, and then Python would never turn SIGINT into KeyboardInterrupt.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # A plain script starts sooner than a directory; run from the archive itself there is none.
    program = ROOT + "/__main__.py" if os.path.isdir(ROOT) else ROOT
    try:
        os.execve(sys.executable, [sys.executable, program, "worker", str(request), str(answer)], env)
    except OSError as error:
        if error.errno == errno.E2BIG:
            raise Refusal("limit-exceeded", "environment and PATH are larger than the host allows", "setup")
        raise Refusal("endpoint-broken", "cannot start %s with the environment of the call: %s" % (sys.executable, error.strerror), "setup")
