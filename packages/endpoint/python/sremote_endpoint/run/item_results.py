"""What came of many items (PROTOCOL.md, "Many items"), until it is sent: in parts where it can be, and else in the answer."""
from ..wire.errors import Refusal, Unserializable
from ..wire.limits import ATTACHMENTS, FULL_FAILURES
from ..wire.value_encode import Encoder
from .process_end import unserializable

# Stdout and stderr of a reply are attachments too.
_ROOM = ATTACHMENTS - 2
# Of failures beyond those that are told in full.
_LONG = ("frames", "cause", "context", "exceptions")
# So many numbers fit one message in any case.
_FEW = 65536
_SHORT = frozenset((int, float, bool, type(None)))


class ItemResults:
    def __init__(self, call, zone, emit):
        self.call = call
        self.zone = zone
        self.emit = emit
        # Of the items from `first` on.
        self.values = []
        self.failures = []
        self.first = 0
        self.failed = 0

    def next(self):
        """The index of the item whose value is added next."""
        return self.first + len(self.values)

    def fail(self, item, outcome, failure):
        self.failed += 1
        if self.failed > FULL_FAILURES:
            failure = {name: failure[name] for name in failure if name not in _LONG}
        self.failures.append({"item": item, "outcome": outcome, "error": failure})

    def send(self):
        """A part with what there is; several where one message does not hold it."""
        if self.emit is None or not self.values:
            return
        values, self.values = self.values, []
        first, self.first = self.first, self.first + len(values)
        failures, self.failures = self.failures, []
        self._send(values, failures, first)

    def last(self, ends):
        """(answer, attachments) with what is left. `ends`: the process does, and what it has to send must be small."""
        if ends or len(self.values) > _FEW or not _SHORT.issuperset(map(type, self.values)):
            self.send()
        wire, attachments, failures = self._encode(self.values, self.failures, self.first)
        answer = {"outcome": "value", "value": wire}
        if failures:
            answer["failures"] = failures
        return answer, attachments

    def _send(self, values, failures, first):
        try:
            wire, attachments, found = self._encode(values, failures, first)
            self._emit(wire, attachments, found)
        except Refusal as refusal:
            half = len(values) // 2
            if half == 0:
                self._emit({"json": [None]}, [], [self._unsendable(first, refusal)])
                return
            middle = first + half
            self._send(values[:half], [each for each in failures if each["item"] < middle], first)
            self._send(values[half:], [each for each in failures if each["item"] >= middle], middle)

    def _emit(self, wire, attachments, failures):
        part = {"type": "part", "value": wire}
        if failures:
            part["failures"] = failures
        self.emit(part, attachments)

    def _encode(self, values, failures, first):
        """(wire form, attachments, failures). Raises Refusal where all of them together cannot travel."""
        try:
            wire, attachments = self._together(values)
        except Unserializable:
            failures = list(failures)
            values = [self._checked(value, first + place, failures) for place, value in enumerate(values)]
            wire, attachments = self._together(values)
        if len(failures) > 1:
            failures = sorted(failures, key=lambda each: each["item"])
        return wire, attachments, failures

    def _together(self, values):
        attachments = []
        wire = Encoder(attachments, self.zone).encode(values, "return")
        if len(attachments) > _ROOM:
            message = "%d arrays and byte strings, at most %d can travel in one message" % (len(attachments), _ROOM)
            raise Refusal("limit-exceeded", message, "result", hint="use a smaller chunkSize")
        return wire, attachments

    def _checked(self, value, item, failures):
        """The value, or None where it cannot travel: then that is among the failures."""
        try:
            Encoder([], self.zone).encode(value, "return")
            return value
        except Unserializable as error:
            failures.append(self._unsendable(item, error))
            return None

    def _unsendable(self, item, error):
        return {"item": item, "outcome": "raised", "error": unserializable(self.call, error)}
