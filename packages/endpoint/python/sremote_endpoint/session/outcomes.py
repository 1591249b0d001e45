"""Results that the supervisor gives where no worker does (SESSION.md, "result")."""
from ..wire.json_text import dump
from ..wire.packet import DATA, LAST, VOID, pack


def result(stream, answer, used=None):
    """The last packet of a Call. `answer` is the inner part as JSON bytes."""
    from ..wire.frame import join_frame  # a first call does not wait for it
    outer = {"type": "result"} if used is None else {"type": "result", "usage": used}
    frame = b"".join(join_frame(dump(outer)[:-1] + b"," + answer[1:], []))
    return pack(DATA, stream.number, frame, LAST | VOID if stream.begun else LAST)


def failed(stream, outcome, failure):
    return result(stream, dump({"outcome": outcome, "error": failure}))


def cancelled(began):
    message = "the call was cancelled" if began else "the call was cancelled before it began"
    return "cancelled", {"code": "cancelled", "stage": "call" if began else "queue", "message": message}


def out_of_time(milliseconds):
    return "timeout", {"code": "timeout", "stage": "call", "message": "the function did not end within %s ms and was ended" % _plain(milliseconds)}


def idle_too_long(milliseconds):
    return "timeout", {"code": "timeout", "stage": "call", "message": "the function gave no sign within %s ms and was ended" % _plain(milliseconds)}


def queued_too_long(milliseconds):
    return "not-run", {"code": "timeout", "stage": "queue", "message": "no worker took the call within %s ms" % _plain(milliseconds)}


def _plain(milliseconds):
    return ("%f" % milliseconds).rstrip("0").rstrip(".")


class Ended:
    """What `describe_ending` wants to know."""

    reason = None

    def __init__(self, worker):
        self.begun = worker.ready
        self.status = worker.status
