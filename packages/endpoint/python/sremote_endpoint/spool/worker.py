"""The function's process: makes itself look like a plain interpreter, runs the function, sends the answer, ends."""
import os

from ..host.files import write_all
from ..host.lazy import keep_hidden, load
from ..run import compiled, dispatch, failure, interrupt, standard_streams
from ..run.environment import code_places
from ..run.process_end import exit_code, leave, leave_copy, unserializable
from ..run.search_path import prepare
from ..wire import value_encode  # noqa: F401  loaded now: user code may move files or the working directory
from ..wire.errors import Refusal, Unserializable
from ..wire.frame import join_frame
from ..wire.json_text import dump, parse
from ..wire.limits import ATTACHMENTS
from ..wire.reply import answer_of
from ..wire.value_decode import Attachments, decode


def work(call, parsed, answer_fd):
    """Runs `call` and writes the answer to `answer_fd`. `parsed` is (attachments, nesting of the header). Returns the exit status."""
    pid = os.getpid()
    opened = os.fstat(answer_fd)
    status = 0
    try:
        answer, attachments, status = _run(call, parsed)
    except Refusal as refusal:
        answer, attachments = answer_of("not-run", refusal.failure()), []
    if os.getpid() != pid:
        leave_copy(parse(answer)[0], status)
    standard_streams.flush_all()
    _send(answer_fd, opened, answer, attachments)
    leave()
    return status


def _run(call, parsed):
    parts, depth = parsed
    attachments = Attachments(parts)
    args = decode(call["args"], attachments, depth, "args")
    kwargs = decode(call["kwargs"], attachments, depth, "kwargs") if "kwargs" in call else {}
    zone = None
    if "naiveTimeZone" in call:
        zone = load("wire.zones").find_zone(call["naiveTimeZone"])
    standard_streams.install()
    keep_hidden(prepare("cwd" in call, code_places(call, os.environ["SREMOTE_BASE"])))
    report = {"modules": load("run.module_versions").check_modules(call["modules"])} if call.get("modules") else {}
    try:
        interrupt.install()
        try:
            interrupt.begin()
            target = dispatch.find(call["module"], call["function"])
            if compiled.is_needed():
                load("run.compiled_output").begin()
            if "each" in call:
                paths = ["%s/calls/%s/begun" % (os.environ["SREMOTE_BASE"], call["id"])]
                answer, found, status = load("run.many").run(call, target, args, kwargs, zone, paths)
                return dump(dict(report, **answer)), found, status or 0
            value = dispatch.call(target, call["module"], call["function"], args, kwargs)
        finally:
            interrupt.end()
    except dispatch.Raised as raised:
        return _raised(raised, report)
    return _value(value, zone, report, call)


def _raised(raised, report):
    kind = type(raised.error)
    if issubclass(kind, SystemExit) and raised.stage in ("import", "call"):
        code = exit_code(raised.error)
        error = {"code": "exited", "stage": raised.stage, "message": "the function ended its process with exit status %d" % code}
        return answer_of("killed", error, exitCode=code, **report), [], code
    if kind is Refusal:
        return answer_of("not-run", raised.error.failure(), **report), [], 0
    return answer_of("raised", failure.describe(raised.error, "raised", raised.stage), **report), [], 0


def _value(value, zone, report, call):
    attachments = []
    try:
        encoder = value_encode.Encoder(attachments, zone)
        wire = encoder.encode(value, "return")
        if len(attachments) > ATTACHMENTS - 2:
            raise Unserializable("return", "%d arrays and byte strings, at most %d can travel" % (len(attachments), ATTACHMENTS - 2))
        answer = dump(dict(report, outcome="value", value=wire))
        join_frame(answer, [])
    except (Unserializable, Refusal) as error:
        return answer_of("raised", unserializable(call, error), **report), [], 0
    except Exception as error:
        # User code runs here too: properties, __iter__, utcoffset().
        return answer_of("raised", failure.describe(error, "unserializable-result", "result"), **report), [], 0
    return answer, attachments, 0


def _send(fd, opened, answer, attachments):
    try:
        found = os.fstat(fd)
    except OSError:
        return
    # The function may have closed all descriptors, and opened something else under this number.
    if (found.st_dev, found.st_ino) != (opened.st_dev, opened.st_ino):
        return
    try:
        for chunk in join_frame(answer, attachments):
            write_all(fd, chunk)
        os.close(fd)
    except BrokenPipeError:
        pass


def serve_fresh(request_fd, answer_fd):
    """Mode `worker`, in a fresh interpreter: takes the request from a pipe."""
    from ..wire.frame import read_frame, split_frame
    for fd in (request_fd, answer_fd):
        os.set_inheritable(fd, False)
    frame = read_frame(lambda view: os.readv(request_fd, [view]))
    os.close(request_fd)
    header, parts = split_frame(frame)
    call, depth = parse(header)
    write_all(answer_fd, b"B")
    status = work(call, (parts, depth), answer_fd)
    os._exit(status)
