"""Mode `call`: one request, one reply, at most one run (PROTOCOL.md, "Carriage" and "Spool")."""
import os
import sys

from ..host.files import read, remove, replace, write_all
from ..host.os_error import DISK_FULL, refuse
from ..wire.errors import Refusal
from ..wire.frame import read_frame, split_frame
from ..wire.json_text import parse
from ..wire.limits import OUTPUT
from ..wire.message import is_id
from ..wire.reply import answer_of, host_facts
from . import spool
from .call_message import NO_ID, check_call
from .reply_frame import join_reply


class Request:
    """A request as it came: its bytes, its header, its attachments."""

    def __init__(self, frame):
        self.frame = frame
        self.id = NO_ID
        header, self.parts = split_frame(frame)
        self.call, self.depth = parse(header)
        if type(self.call) is dict and is_id(self.call.get("id")):
            self.id = self.call["id"]


def call(base, home, endpoint, marker, request_path, reply_path):
    """Runs the call and delivers its reply. Returns the exit status: 0 when a reply was delivered, whatever its outcome."""
    umask = os.umask(0o077)
    host = host_facts(home, base, endpoint)
    request = None
    call_id = NO_ID
    try:
        frame = _read(request_path)
        spool.step("request")
        request = Request(frame)
        call_id = request.id
        check_call(request.call)
        chunks = _perform(base, home, host, request, request_path, umask)
    except (Refusal, OSError) as problem:
        # An OSError of what comes before the run; those of the run are answered there.
        refusal = problem if isinstance(problem, Refusal) else refuse(problem, problem.filename or base, "use")
        if request_path != "-":
            _forget(request_path)
        if refusal.code == "code-missing" and not _is_claimed(base, call_id):
            raise refusal  # no reply, which would stand for the call when it is repeated
        if _is_own(reply_path, base, call_id) and (refusal.code in ("call-conflict", "unsafe-directory") or os.path.exists(reply_path)):
            raise refusal  # that place is for the reply of the request that has the id, or not safe
        if request is None and reply_path.startswith(base + "/calls/"):
            # Below it are replies to requests that were read, and perhaps the one that is asked for here.
            sys.stderr.write("sremote-endpoint: the reply cannot be delivered: the request cannot be read: %s\n" % refusal)
            return 93
        # If the call was claimed, by this endpoint or an earlier one, it must not be said that it did not run.
        claimed = problem is not refusal and _is_claimed(base, call_id)
        chunks = join_reply(call_id, answer_of("unknown" if claimed else "not-run", refusal.failure()), [], None, host)
    else:
        if _is_own(reply_path, base, call_id) and os.path.exists(reply_path):
            spool.step("delivered")
            return 0  # stored there already; on a full disk a smaller one than was meant
    status = deliver(chunks, marker, reply_path)
    if status == 98 and _is_claimed(base, call_id):
        status = 93  # the other one says that nothing ran
    spool.step("delivered")
    return status


def _is_claimed(base, call_id):
    return os.path.lexists("%s/calls/%s/claim" % (base, call_id))


def _is_own(reply_path, base, call_id):
    """Whether the client fetches the reply from where the spool has it."""
    return reply_path == "%s/calls/%s/reply" % (base, call_id)


def _read(path):
    try:
        fd = 0 if path == "-" else os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise Refusal("no-such-file", "cannot read the request %s: %s" % (path, error.strerror))
    try:
        return read_frame(lambda view: os.readv(fd, [view]))
    finally:
        if fd:
            os.close(fd)


def _forget(path):
    """A refused request is of no further use, and may hold secrets."""
    try:
        remove(path)
    except OSError:
        # Not ours to remove; the refusal itself is what the client must hear of.
        pass


def _perform(base, home, host, request, request_path, umask):
    """The stored reply of this call, as chunks. Runs the function unless the id was ever claimed."""
    message = request.call
    if message.get("release"):
        from .sweep import release
        release(base, [name for name in message["release"] if name != request.id])
        spool.step("release")
    if message.get("code"):
        from ..run.environment import check_code
        check_code(message, base)  # before the id is taken: the client repeats the call when it has sent the code
    place = spool.Spool(base, request.id)
    place.bind(request.frame)
    if request_path != "-":
        remove(request_path)
        spool.step("request-removed")
    stored = place.reply()
    if stored is None:
        place.reserve()
        from .supervise import Signals
        # Before the claim: a signal between the two would leave a call of unknown outcome.
        signals = Signals()
        if place.take():
            return _run(place, home, host, request, umask, signals)
        signals.release()
        stored = place.wait()
    if stored is None:
        failure = {
            "code": "outcome-unknown", "stage": "call",
            "message": "an earlier endpoint took this call and died without a reply: whether the function ran cannot be known",
        }
        return join_reply(request.id, answer_of("unknown", failure), [], None, host)
    return [stored]


def _run(place, home, host, request, umask, signals):
    from .execute import execute
    from .sweep import sweep_sometimes
    message = request.call
    limit = int(message.get("outputLimit", OUTPUT))
    chunks = execute(place, message, request, home, host, limit, umask, signals)

    def full_disk():
        failure = {
            "code": "disk-full", "stage": "result",
            "message": "%s.%s ran, but its reply could not be stored: the disk is full" % (message["module"], message["function"]),
        }
        return join_reply(request.id, answer_of("raised", failure), [], None, host)

    try:
        place.store(chunks, full_disk)
    except OSError:
        # Not even the small one fits, or the disk is broken. What was found is still delivered; a retry will learn that the outcome is unknown.
        pass
    sweep_sometimes(host["base"], place.directory)
    return chunks


def deliver(chunks, marker, reply_path):
    """Hands the reply to the client that asked for it. It was stored before, so nothing is lost if that fails."""
    try:
        if reply_path != "-":
            if not os.path.exists(reply_path) or read(reply_path) != b"".join(chunks):
                replace(reply_path, chunks)
            return 0
        if marker:
            write_all(1, (marker[1] + marker[0]).encode())
        for chunk in chunks:
            write_all(1, chunk)
        return 0
    except OSError as error:
        sys.stderr.write("sremote-endpoint: the reply cannot be delivered: %s\n" % error.strerror)
        return 98 if error.errno in DISK_FULL else 93
