"""What comes after a function, in its process: for spool and sessions alike."""
import os
import sys

from ..host.lazy import load, peek
from ..host.standard import loaded
from ..wire.errors import Unserializable
from .standard_streams import flush_all


def exit_code(error):
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    try:
        sys.stderr.write("%s\n" % (error.code,))
    except Exception:  # as the interpreter itself does: nothing can be told when stderr is gone
        pass
    return 1


def unserializable(call, error):
    """The failure of a result that cannot travel. `error` is what the encoder or the frame raised."""
    path = getattr(error, "path", "return")
    reason = error.reason if isinstance(error, Unserializable) else error.message
    found = {}
    if error.__cause__:
        found = load("run.failure").describe(error.__cause__, "unserializable-result", "result")
        reason += ": " + found["message"]
    found.update({
        "code": "unserializable-result", "stage": "result", "path": path,
        "message": "%s.%s ran, but its result cannot be sent: %s: %s" % (call["module"], call["function"], path, reason),
    })
    if getattr(error, "hint", None):
        found["hint"] = error.hint
    return found


def leave():
    """What a plain interpreter does at its end: wait for threads, run exit handlers. The answer is safe by now."""
    try:
        events = peek("run.event_loop")
        if events is not None:
            events.finish()
        threading = loaded("threading")
        if threading is not None:
            threading._shutdown()
        import atexit
        atexit._run_exitfuncs()
    except BaseException:  # an interpreter prints this and goes on to end
        sys.excepthook(*sys.exc_info())
    flush_all()


def leave_copy(answer, status):
    """The function forked, and this is the copy, which came back too: only the original answers. It ends as a program does."""
    error = answer.get("error") if answer["outcome"] == "raised" else None
    if error:
        sys.stderr.write("%s: %s\n" % (error.get("type", "Error"), error["message"]))
    flush_all()
    os._exit(status or int(error is not None))
