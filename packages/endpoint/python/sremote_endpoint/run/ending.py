"""The answer for a function whose process ended without one: timeout, cancelled, signal, exit, out of memory."""
import os

from ..wire.limits import AUDIENCE_PATIENCE
from ..wire.reply import answer_of

_HINTS = {
    "SIGKILL": "lack of memory is the usual reason for SIGKILL; the administrator or a batch system is another",
    "SIGXCPU": "its limit of processor time was passed (ulimit -t)",
    "SIGXFSZ": "its limit of file size was passed (ulimit -f)",
    "SIGSEGV": "compiled code touched memory that was not its own",
    "SIGABRT": "compiled code gave up; its last words are in stderr",
    "SIGBUS": "a mapped file became shorter, or a disk is full",
    "SIGILL": "compiled code was made for another processor",
}


def signal_name(number):
    import signal
    try:
        return signal.Signals(number).name
    except ValueError:
        return "SIG%d" % number


def describe_ending(ending, call, oom):
    """The inner part of the reply."""
    if ending.reason == "timeout":
        message = "the function did not end within %s ms and was ended" % ("%f" % call["timeoutMs"]).rstrip("0").rstrip(".")
        return answer_of("timeout", {"code": "timeout", "stage": "call", "message": message})
    if ending.reason == "cancelled":
        return answer_of("cancelled", {"code": "cancelled", "stage": "call", "message": "the call was cancelled and its process ended"})
    if ending.reason == "left":
        message = "no client had waited for the call for %d s, so its process was ended" % AUDIENCE_PATIENCE
        return answer_of("cancelled", {"code": "cancelled", "stage": "call", "message": message})
    if not ending.begun:
        return _before_it_began(ending)
    if os.WIFSIGNALED(ending.status):
        name = signal_name(os.WTERMSIG(ending.status))
        failure = {"code": "killed", "stage": "call", "message": "the function's process was ended by %s" % name}
        if name in _HINTS:
            failure["hint"] = _HINTS[name]
        if name == "SIGKILL" and oom:
            failure = {"code": "out-of-memory", "stage": "call", "message": "the function's process was ended by the kernel for lack of memory"}
        return answer_of("killed", failure, signal=name)
    code = os.WEXITSTATUS(ending.status)
    failure = {"code": "exited", "stage": "call", "message": "the function ended its process with exit status %d" % code}
    return answer_of("killed", failure, exitCode=code)


def _before_it_began(ending):
    signaled = os.WIFSIGNALED(ending.status)
    how = signal_name(os.WTERMSIG(ending.status)) if signaled else "exit status %d" % os.WEXITSTATUS(ending.status)
    return answer_of("not-run", {
        "code": "endpoint-broken", "stage": "setup", "message": "the function's process ended before it began (%s)" % how,
        "hint": "variables such as PYTHONHOME act on an interpreter before it begins",
    })
