"""What comes after a function, in its process: for spool and sessions alike."""
import sys

from .errors import Unserializable


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
    found = {
        "code": "unserializable-result", "stage": "result", "path": path,
        "message": "%s.%s ran, but its result cannot be sent: %s: %s" % (call["module"], call["function"], path, reason),
    }
    if getattr(error, "hint", None):
        found["hint"] = error.hint
    return found


def flush():
    for name in ("stdout", "stderr"):
        stream, original = getattr(sys, name), getattr(sys, "__%s__" % name)
        for each in (stream,) if stream is original else (stream, original):
            try:
                each.flush()
            except Exception:  # closed, or replaced by something without flush; the answer matters more
                pass


def leave():
    """What a plain interpreter does at its end: wait for threads, run exit handlers. The answer is safe by now."""
    try:
        if "threading" in sys.modules:
            sys.modules["threading"]._shutdown()
        import atexit
        atexit._run_exitfuncs()
    except BaseException:  # an interpreter prints this and goes on to end
        sys.excepthook(*sys.exc_info())
    flush()
