"""The environment of the user's login shell, for calls with `loginEnv`."""
import os
import sys
import time
from select import POLLIN, poll

import _signal as signal

from ..wire.errors import Refusal
from ..wire.limits import LOGIN_SHELL


def load(home):
    """The environment as a dict. Start-up files may print what they like: the answer stands behind a random marker."""
    shell = _shell()
    marker = os.urandom(16).hex().encode()
    program = ("import os; os.write(1, bytes.fromhex('%s') + bytes(1).join(k + b'=' + v for k, v in os.environb.items()) + bytes.fromhex('%s'))"
               % (marker.hex(), marker.hex()))
    # Quotes that sh, csh and fish read alike: the program holds no double quote, backslash, $, ` or !; the path is quoted for all of them.
    command = "%s -I -S -c \"%s\"" % (_quoted(sys.executable), program)
    printed, status = _run(shell, command, home)
    parts = printed.split(marker)
    if len(parts) < 3:
        raise Refusal("endpoint-broken", "the login shell %s did not tell its environment (wait status %s)" % (shell, status), "setup")
    pairs = [pair.partition(b"=") for pair in parts[-2].split(b"\0")]
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs if name}


def _quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def _shell():
    import pwd
    try:
        shell = pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:
        shell = os.environ.get("SHELL")
    return shell if shell and os.access(shell, os.X_OK) and os.path.basename(shell) not in ("nologin", "false") else "/bin/sh"


def _run(shell, command, home):
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            null = os.open(os.devnull, os.O_RDWR)
            for source, target in ((null, 0), (writer, 1), (null, 2)):
                os.dup2(source, target)
                os.set_inheritable(target, True)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            os.chdir(home if os.path.isdir(home) else "/")
            # A leading dash makes any shell a login shell.
            os.execv(shell, ["-" + os.path.basename(shell), "-c", command])
        finally:
            os._exit(127)
    os.close(writer)
    printed, until = b"", time.monotonic() + LOGIN_SHELL
    watch = poll()
    watch.register(reader, POLLIN)
    while time.monotonic() < until:
        if not watch.poll(max(1, int((until - time.monotonic()) * 1000))):
            continue
        data = os.read(reader, 65536)
        if not data:
            break
        printed += data
    else:
        os.killpg(pid, signal.SIGKILL)
    os.close(reader)
    return printed, os.waitpid(pid, 0)[1]
