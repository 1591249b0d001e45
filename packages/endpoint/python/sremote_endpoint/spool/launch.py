"""Starts the function's process: forked where that is enough, a fresh interpreter where the environment must be in place before it starts."""
import errno
import os
import sys

import _signal as signal

from ..host.files import write_all
from ..host.standard import ROOT
from ..run.environment import become, enter
from ..run.process_control import Process
from ..run.environment import VARIABLE
from ..wire.errors import Refusal
from ..wire.frame import join_frame
from ..wire.reply import answer_of


class FunctionProcess(Process):
    """A started process: the ends of its pipes that are read, and what to send it."""

    def __init__(self, pid, stdout, stderr, answer, request, request_bytes):
        Process.__init__(self, pid)
        self.stdout = stdout
        self.stderr = stderr
        self.answer = answer
        self.request = request
        self.request_bytes = request_bytes


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
                for name in ("PATH", "SREMOTE_BASE", "TMPDIR", VARIABLE):
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
