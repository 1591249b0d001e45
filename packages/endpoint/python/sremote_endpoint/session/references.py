"""Arguments that refer to what is not in the message: objects, callbacks and results of this worker. Also attachments, which most calls have none of."""
from ..host.lazy import load
from ..wire.value_decode import Attachments, decode
from .objects import object_id


class References(Attachments):
    def __init__(self, parts, worker):
        Attachments.__init__(self, parts)
        self.worker = worker

    def stand_in(self, kind, place):
        if kind == "callback":
            return load("session.callbacks").Callback(self.worker.asking(), object_id(place))
        if kind == "result":
            return self.worker.objects.result(object_id(place, "stream"))
        return self.worker.objects.find(object_id(place)).value


def decode_arguments(call, parts, depth, worker):
    """(args, kwargs) of an invoke message. Raises Refusal."""
    references = References(parts, worker)
    args = decode(call["args"], references, depth, "args")
    return args, decode(call["kwargs"], references, depth, "kwargs") if "kwargs" in call else {}
