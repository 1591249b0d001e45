"""Functions of the client as arguments: called on the host, they run there (SESSION.md, "ask" and "answer")."""
import os
from _thread import allocate_lock

from ..run import interrupt
from ..wire import value_encode
from ..wire.errors import Refusal, Unserializable, protocol_error
from ..wire.frame import FramePart, join_frame, split_frame
from ..wire.json_text import dump, parse
from ..wire.limits import LARGE_ASK
from ..wire.message import whole
from ..wire.value_decode import Attachments, decode
from .channel import Over

OVER = "the call to which this function of the client belongs is over"


class CallbackError(RuntimeError):
    """The client's function threw, or can no longer be asked. `name` is the name of its error."""

    __module__ = "sremote_endpoint.callback"  # as SESSION.md has it

    def __init__(self, message, name="Error"):
        RuntimeError.__init__(self, message)
        self.name = name


class Callback:
    """Calls a function of the client and returns what it returned. From any thread, while a call runs in this worker."""

    __slots__ = ("_asking", "_number", "__weakref__")

    def __init__(self, asking, number):
        self._asking = asking
        self._number = number

    def __call__(self, *args, **kwargs):
        return self._asking.ask(self._number, args, kwargs)

    def __reduce__(self):
        raise TypeError("a function of the client cannot be given to another process")

    def __repr__(self):
        return "<function of the client>"


class Asking:
    """Asks of all threads over one channel: of those that wait, one reads for all."""

    def __init__(self, channel):
        self.channel = channel
        self.pid = os.getpid()
        self.turn = allocate_lock()
        self.state = allocate_lock()
        self.large = allocate_lock()
        self.stream = 0
        self.count = 0
        self.answers = {}
        # Where an interrupted reader left off: the next one goes on there.
        self.part = None

    def begin(self, zone):
        self.stream = self.channel.stream
        self.zone = zone
        self.count = 0
        self.answers = {}
        self.part = None

    def end(self):
        """After the stream's last frame: threads that still wait get an error."""
        self.stream = 0
        if self.turn.locked():
            self.channel.stop_reading(self.turn)

    def ask(self, callback, args, kwargs):
        """Raises CallbackError."""
        if os.getpid() != self.pid:
            # Two processes at one channel would take each other's answers.
            raise CallbackError("a function of the client can be called only in the process of its call, not in one forked from it")
        # Nothing of what is sent or received may be cut off by KeyboardInterrupt; only the waiting may.
        main = interrupt.pause()
        try:
            stream = self.stream
            if stream == 0:
                raise CallbackError("a function of the client can be called only while a call runs in this worker")
            with self.state:
                number = self.count
                self.count += 1
                self.answers[number] = None
            if not interrupt.is_main():
                self.channel.allow_threads()
            chunks = self._frame(number, callback, args, kwargs)
            if sum(map(len, chunks)) > LARGE_ASK:
                with self.large:
                    return self._exchange(stream, number, chunks)
            return self._exchange(stream, number, chunks)
        except Over:
            raise CallbackError(OVER) from None
        except Refusal as error:
            # Not a Refusal of the call: its function has begun.
            raise CallbackError(error.message) from None
        finally:
            if main:
                interrupt.go_on()

    def _frame(self, number, callback, args, kwargs):
        attachments = []
        encoder = value_encode.Encoder(attachments, self.zone)
        try:
            message = {"type": "ask", "ask": number, "callback": callback, "args": encoder.encode(args, "args")}
            if kwargs:
                message["kwargs"] = encoder.encode(kwargs, "kwargs")
            return join_frame(dump(message), attachments)
        except Unserializable as error:
            raise TypeError("%s: %s cannot be sent to the client" % (error.path, error.reason)) from error.__cause__
        except Refusal as error:
            raise CallbackError(error.message) from None

    def _exchange(self, stream, number, chunks):
        if not self.channel.send(stream, chunks):
            raise CallbackError(OVER)
        return self._take(stream, number)

    def _take(self, stream, number):
        while True:
            with self.turn:
                if self.stream != stream:
                    raise CallbackError(OVER)
                answer = self.answers.get(number)
                if answer is None:
                    self._read()
                    continue
            del self.answers[number]
            if "error" in answer[0]:
                error = answer[0]["error"]
                raise CallbackError(error["message"], error["name"])
            return decode(answer[0]["value"], Attachments(answer[1]), answer[2])

    def _read(self):
        """Reads one frame of the stream. When it is interrupted, what came so far is kept."""
        if self.part is None:
            self.part = FramePart()
        frame = self.part.read(self.channel.read_into)
        self.part = None
        header, parts = split_frame(frame)
        answer, depth = parse(header)
        number = whole(answer.get("ask")) if type(answer) is dict and answer.get("type") == "answer" else None
        if number not in self.answers:
            raise protocol_error("an answer to what was not asked")
        error = answer.get("error")
        if type(error) is dict:
            right = type(error.get("name")) is type(error.get("message")) is str
        else:
            right = "error" not in answer and "value" in answer
        if not right:
            raise protocol_error("an answer without a value and an error")
        self.answers[number] = (answer, parts, depth)
