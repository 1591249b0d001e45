"""A worker: takes one call after the other from its channel, runs them, sends what came of them (SESSION.md)."""
import gc
import os
import sys
import time
from _thread import _count as get_thread_count

from ..host.lazy import keep_hidden, load
from ..run import compiled, dispatch, interrupt, standard_streams
from ..run.environment import VARIABLE
from ..run.search_path import prepare
from ..wire.errors import Refusal, Unserializable, protocol_error
from ..wire.frame import FramePart, join_frame, plain_header, split_frame
from ..wire.json_text import dump, parse
from ..wire.limits import ATTACHMENTS, SAFE_INTEGER, VALUE_DEPTH
from ..wire.message import check_function, check_members, is_count, is_duration
from ..wire.packet import CHILDREN, CHUNK, EMPTY, ENDS, HOLDS, LAST, READY, pack
from . import iterators
from .channel import Channel
from .objects import MODULE, Failed, Objects
from .worker_state import ProcessState, Processes, Usage

_EMPTY = {}
# Results that need no encoder.
_PLAIN = frozenset((str, bool, type(None)))
# type, module, function, args
_REQUIRED = 4
_OPTIONAL = (("returns", lambda value: value == "object"), ("leaseMs", is_duration), ("keep", is_count))


def _at_end():
    return load("run.process_end")


class _Exit(Exception):
    """The function called sys.exit()."""

    def __init__(self, answer, status):
        Exception.__init__(self)
        self.answer = answer
        self.status = status


def begin(settings):
    """Makes this process look like a plain interpreter, and serves."""
    standard_streams.install()
    interrupt.install()
    keep_hidden(prepare(settings["cwd"], settings["code"]))
    # What the supervisor has loaded is shared with it, until a collection writes into each object's header.
    getattr(gc, "freeze", int)()  # from 3.7 on
    gc.enable()
    return SessionWorker(settings).serve()


class SessionWorker:
    def __init__(self, settings):
        self.number = settings["number"]
        self.alone = settings["alone"]
        self.pid = os.getpid()
        self.channel = Channel(settings["channel"], self.number, settings["ends"])
        self.objects = Objects(settings["first"])
        self._asking = None
        self.zone = None
        self.process = ProcessState()
        self.processes = Processes()
        self.usage = Usage()
        # Digests, as calls name them.
        self.code = [place[-64:] for place in settings["code"]]
        # Calls without a working directory of their own find no modules there.
        self.loaded = load("run.reload").Loaded() if settings["cwd"] else None
        # The generator that the running call takes a step of.
        self.owner = None

    def serve(self, refusal=None, parcel=False):
        """
        Returns the exit status. With `refusal` nothing can run here: that is the answer to the one call. `parcel`: what was meant for a fresh
        interpreter comes first.
        """
        try:
            if parcel:
                self.channel.skip_parcel()
            self.channel.write(pack(READY, worker=self.number))
            while True:
                if self.objects.kept:
                    self._watch_leases()
                data = self.channel.next_open()
                status = self._perform(data, refusal)
                if status is not None:
                    break
        except EOFError:
            status = 0
        _at_end().leave()
        return status

    def _watch_leases(self):
        while self.objects.kept:
            left = self.objects.expire()
            if not self.objects:
                self.channel.write(pack(EMPTY, worker=self.number))
            if left is None or not self.channel.is_quiet(left):
                return

    def _perform(self, data, refusal):
        """One call. Its exit status when the worker is to end, else None."""
        started = time.perf_counter()
        begun = load("run.reload").clock() if self.loaded is not None else None
        stream = self.channel.stream
        interrupt.met = False
        self.owner = None
        status = 0 if self.alone or refusal is not None else None
        call = _EMPTY
        attachments = []
        try:
            if refusal is not None:
                raise refusal
            call, parts, depth = self._read(data)
            del data
            if "code" in call and call["code"] != self.code:
                raise Refusal("object-lost", "an argument is of another version of shipped code", "arguments")
            if self.loaded is not None and call["module"] != MODULE and self.loaded.are_edited():
                if not self.objects and "keep" not in call:
                    status = 0
                    raise Refusal("code-edited", "modules in the working directory were edited", "setup")
                # They stay what they are; what is imported now is new.
                self.loaded.drop()
            answer, attachments = self._run(call, parts, depth)
            del parts
        except Refusal as problem:
            answer = {"outcome": "not-run", "error": problem.failure()}
        except _Exit as ended:
            answer, status = ended.answer, ended.status
        except KeyboardInterrupt:
            interrupt.end()
            self.channel.waiting = False
            answer = {"outcome": "cancelled", "error": {"code": "cancelled", "stage": "request", "message": "the call was cancelled before it began"}}
        if os.getpid() != self.pid:
            _at_end().leave_copy(answer, status)
        if self.loaded is not None:
            self.loaded.note(begun)
        if "keep" in call and answer["outcome"] != "value":
            self.objects.keep_result(stream, Failed(answer["error"]), call["keep"])
        standard_streams.flush_all()
        if status is None and (interrupt.in_import or interrupt.met and load("session.children").are_kept() or self.process.is_spoiled()):
            status = 0  # what is left of this process is not fit for other calls
        answer["type"] = "result"
        answer["usage"] = self.usage.of_call(started)
        self._finish(stream, answer, attachments, call, status)
        # While the result is on its way, not before.
        changes = self.process.restore()
        if self.owner is not None:
            self.owner.state = changes
        if get_thread_count() or standard_streams.is_sifted():
            standard_streams.sift()
        return status

    def _finish(self, stream, answer, attachments, call, status):
        try:
            chunks = join_frame(dump(answer), attachments, CHUNK)
        except Refusal as error:
            chunks = join_frame(dump({"type": "result", "outcome": "raised", "error": _at_end().unserializable(call, error)}), [])
        children = self.processes.were_started() and not load("session.children").are_kept()
        flags = LAST | (HOLDS if self.objects else 0) | (CHILDREN if children else 0) | (ENDS if status is not None else 0)
        if not (status is None and not children and self._go_on(stream, chunks, flags) or self.channel.send(stream, chunks, flags)):
            raise EOFError  # user code closed the channel
        if self._asking is not None:
            self._asking.end()
        if children and status is None:
            self.process.leave_outputs()
            load("session.children").take_new_pipes(self.channel)
            self.process.keep_outputs()

    def _go_on(self, stream, chunks, flags):
        """Sends the last frame and begins the next call, if one was handed ahead. False when it did not."""
        if not self.channel.prefetched:
            return False
        if self._asking is None:
            return self.channel.go_on(stream, chunks, flags)
        # A thread that waits for an answer reads the channel.
        turn = self._asking.turn
        if not turn.acquire(False):
            return False
        try:
            return self.channel.go_on(stream, chunks, flags)
        finally:
            turn.release()

    def _accept(self):
        """Modules were imported."""
        self.process.accept()
        if compiled.is_needed():
            load("run.compiled_output").begin()

    def asking(self):
        """What asks functions of the client, for the first callback of this worker and all later ones."""
        if self._asking is None:
            self._asking = load("session.callbacks").Asking(self.channel)
            self._asking.begin(self.zone)
        return self._asking

    def _read(self, data):
        """(call, attachments, nesting) of the invoke frame, of which `data` came with the opening packet."""
        header, parts = data and plain_header(data), []
        if header is None:
            self.channel.waiting = True
            part = FramePart(data=data)
            frame = part.read(self.channel.read_into)
            self.channel.waiting = False
            header, parts = split_frame(frame, prefix=part.prefix, checksum=part.checksum)
            del frame, part
        call, depth = parse(header)
        if type(call) is not dict or call.get("type") != "invoke":
            raise protocol_error("the message must be of type invoke")
        check_function(call, "invoke")
        if len(call) > _REQUIRED:
            check_members(call, ("kwargs", "naiveTimeZone", "modules", "code", "each"), "invoke")
            for name, check in _OPTIONAL:
                if name in call and not check(call[name]):
                    raise protocol_error("the invoke's %s is not what it must be" % name)
        return call, parts, depth

    def _arguments(self, call, parts, depth):
        # What is nothing but JSON needs no decoder, and a first call should not wait for one to be compiled.
        if 0 < depth <= VALUE_DEPTH and "meta" not in call["args"] and "meta" not in call.get("kwargs", _EMPTY):
            return call["args"]["json"], call["kwargs"]["json"] if "kwargs" in call else _EMPTY
        return load("session.references").decode_arguments(call, parts, depth, self)

    def _run(self, call, parts, depth):
        """(answer, attachments). Raises Refusal, and _Exit for sys.exit()."""
        module, function = call["module"], call["function"]
        target = None
        if module == MODULE:
            arguments = call["args"]["json"]
            subject = arguments[0] if arguments and type(arguments[0]) is dict else _EMPTY
            target = load("session.object_functions").find_function(function, self.objects, subject.get("id"))
            self.owner = self.objects.owner(subject.get("id"))
        args, kwargs = self._arguments(call, parts, depth)
        self.zone = zone = load("wire.zones").find_zone(call["naiveTimeZone"]) if "naiveTimeZone" in call else None
        report = {"modules": load("run.module_versions").check_modules(call["modules"])} if call.get("modules") else {}
        if self._asking is not None:
            self._asking.begin(zone)
        try:
            try:
                interrupt.begin()
                if target is None:
                    count = len(sys.modules)
                    target = dispatch.find(module, function)
                    if len(sys.modules) != count:
                        self._accept()
                elif self.owner is not None:
                    self.process.resume(self.owner.state)
                if "each" in call:
                    answer, attachments, status = self._perform_many(call, target, args, kwargs)
                    report.update(answer)
                    if status is not None:
                        raise _Exit(report, status)
                    return report, attachments
                value = dispatch.call(target, module, function, args, kwargs)
                del args, kwargs
                report["value"], attachments = self._encode(value, call, zone)
            finally:
                interrupt.end()
                self.process.calm()
        except dispatch.Raised as raised:
            return self._raised(raised, report), []
        except _Exit:
            raise
        except (Unserializable, Refusal) as error:
            if type(error) is Refusal and error.stage in ("setup", "import", "lookup", "arguments"):
                raise
            report.update(outcome="raised", error=_at_end().unserializable(call, error))
            return report, []
        except BaseException as error:
            # SIGINT between the function's end and ours, or user code while its value was read: properties, __iter__, utcoffset().
            interrupt.end()
            report.update(outcome="raised", error=load("run.failure").describe(error, "unserializable-result", "result"))
            return report, []
        if "keep" in call:
            self.objects.keep_result(self.channel.stream, value, call["keep"])
        report["outcome"] = "value"
        return report, attachments

    def _perform_many(self, call, target, items, kwargs):
        stream = self.channel.stream

        def emit(part, attachments):
            if not self.channel.send(stream, join_frame(dump(part), attachments, CHUNK)):
                raise EOFError  # user code closed the channel

        return load("run.many").run(call, target, items, kwargs, self.zone, load("session.private_place").begun(os.environ.get(VARIABLE), self.pid), emit)

    def _encode(self, value, call, zone):
        """(wire form, attachments) of a result."""
        kind = type(value)
        if (kind in _PLAIN or kind is int and -SAFE_INTEGER <= value <= SAFE_INTEGER) and "returns" not in call:
            return {"json": value}, []
        iterator = iterators.is_iterator(value)
        attachments = []
        if iterator or "returns" in call:
            lease = call["leaseMs"] / 1000.0 if "leaseMs" in call else None
            kind = "object" if "returns" in call else "iterator"
            place = {"id": self.objects.keep(value, lease)}
            self.owner = self.owner or self.objects.owner(place["id"])
            if kind == "object":
                place["type"] = "%s.%s" % (type(value).__module__, type(value).__qualname__)
            return {"json": place, "meta": {"values": [["custom", kind]], "v": 1}}, attachments
        wire = load("wire.value_encode").Encoder(attachments, zone).encode(value, "return")
        if len(attachments) > ATTACHMENTS:
            raise Unserializable("return", "%d arrays and byte strings, at most %d can travel" % (len(attachments), ATTACHMENTS))
        return wire, attachments

    def _raised(self, raised, report):
        kind = type(raised.error)
        if issubclass(kind, SystemExit) and raised.stage in ("import", "call"):
            status = _at_end().exit_code(raised.error)
            message = "the function ended its process with exit status %d" % status
            report.update(outcome="killed", exitCode=status, error={"code": "exited", "stage": raised.stage, "message": message})
            raise _Exit(report, status)
        if kind is Refusal:
            raise raised.error
        report.update(outcome="raised", error=load("run.failure").describe(raised.error, "raised", raised.stage))
        return report
