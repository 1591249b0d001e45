"""
What the Python endpoint says of inputs of the differential fuzzer: one line of JSON for each line on standard input. Messages that only hosts send are read
by the checks that the endpoint's tests hold it to. How values are shown stands in shown.ts.
"""
import base64
import json
import os
import struct
import sys
from types import SimpleNamespace

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(HERE, "../../packages/endpoint/python"), os.path.join(HERE, "../conformance")]

import session_vectors  # noqa: E402
from sremote_endpoint.session import proof as proofs  # noqa: E402
from sremote_endpoint.wire import json_text, value_decode  # noqa: E402
from sremote_endpoint.spool.call_message import check_call  # noqa: E402
from sremote_endpoint.session.callbacks import Asking, Callback, CallbackError  # noqa: E402
from sremote_endpoint.wire.errors import Refusal, Unserializable  # noqa: E402
from sremote_endpoint.wire.frame import join_frame, plain_header, read_frame, split_frame  # noqa: E402
from sremote_endpoint.wire.packet import BYE, CHALLENGE, CREDIT, HELLO, PROOF, RESUME, SIZE, WELCOME, Damaged, Packets, pack  # noqa: E402
from sremote_endpoint.session.proof import prove  # noqa: E402
from sremote_endpoint.session.route import read_route  # noqa: E402
from sremote_endpoint.wire.value_encode import Encoder, digits  # noqa: E402
from tests.reply_check import Wrong, check_reply  # noqa: E402

_CODES = {"b": "int", "h": "int", "i": "int", "l": "int", "q": "int", "B": "uint", "H": "uint", "I": "uint", "L": "uint", "Q": "uint", "f": "float", "d": "float"}
# Kinds that only hosts send.
_OF_HOSTS = (2, 4, 6, 18, 19, 23)
_NOT_YET = (HELLO, RESUME, PROOF)


def shown(value):
    """Not under the limit of recursion that the codec is held to: this nests deeper than the value."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20000)
    try:
        return _shown(value)
    finally:
        sys.setrecursionlimit(limit)


def _shown(value):
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return ["b", digits(value)]
    if type(value) is float:
        return ["n", "nan" if value != value else struct.pack(">d", value).hex()]
    if type(value) in (list, tuple):
        return ["[", list(map(_shown, value))]
    if type(value) is dict:
        if all(type(name) is str for name in value):
            return ["{", [[name, _shown(inner)] for name, inner in value.items()]]
        return ["m", [[_shown(key), _shown(inner)] for key, inner in value.items()]]
    if type(value) in (set, frozenset):
        return ["s", list(map(_shown, value))]
    if type(value) is bytes:
        return ["y", value.hex()]
    if type(value) is session_vectors.Kept:
        return ["k", value.kind, value.number]
    if type(value) is Callback:
        return ["k", "callback", value._number]
    return _rare(value)


def _rare(value):
    kind = type(value).__name__
    if kind == "datetime":
        return ["d", value.strftime("%%04d-%m-%dT%H:%M:%S.%%06dZ") % (value.year, value.microsecond)]
    if kind in ("Pattern", "SRE_Pattern"):
        return ["r", value.pattern, value.flags]
    if kind == "ParseResult":
        return ["l", value.geturl()]
    if kind == "array":
        return ["t", _CODES[value.typecode] + str(8 * value.itemsize), value.tobytes().hex()]
    if kind == "memoryview":
        name = "bool" if value.format == "?" else _CODES[value.format] + str(8 * value.itemsize)
        return ["a", name, list(value.shape), value.tobytes().hex()]
    if kind == "ndarray":
        order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
        return ["a", value.dtype.name, list(value.shape), value.tobytes(order).hex()]
    raise TypeError("no way to show a %s" % kind)


def header(item):
    value, _ = json_text.parse(item.data)
    # The standard library's own parser knows int from float.
    if json_of(shown(json.loads(item.data.decode("utf-8")))) != json_of(shown(value)):
        raise AssertionError("another value than json.loads() gives")
    return value


def a_value(item):
    message, depth = json_text.parse(b'{"type":"value","value":' + item.data + b"}")
    value = value_decode.decode(message["value"], item.attachments, depth)
    item.again = again(value)
    return value


def again(value):
    """The value as the endpoint sends it on; read back by itself it must be the same."""
    attachments = []
    try:
        wire = Encoder(attachments).encode(value, "value")
    except Unserializable as error:
        return "%s: %s" % (error.path, error.reason)
    text = json_text.dump(wire)
    message, depth = json_text.parse(b'{"type":"value","value":' + text + b"}")
    back = value_decode.decode(message["value"], value_decode.Attachments([memoryview(bytearray(part)) for part in attachments]), depth)
    if json_of(shown(back)) != json_of(shown(value)):
        raise AssertionError("sent on it is another value: %.200r" % (back,))
    return [text.decode("utf-8"), [base64.b64encode(bytes(part)).decode() for part in attachments]]


def json_of(value):
    sys.setrecursionlimit(20000)
    try:
        return json.dumps(sort_sets(value))
    finally:
        sys.setrecursionlimit(LIMIT)


def sort_sets(value):
    if type(value) is not list:
        return value
    parts = [sort_sets(part) for part in value]
    if parts and parts[0] == "s" and len(parts) == 2 and type(parts[1]) is list:
        return ["s", sorted(parts[1], key=repr)]
    # A view of memory is sent as bytes, a pattern has the flags that Python gives it.
    if parts and parts[0] == "a" and len(parts) == 4:
        return ["y", parts[3]]
    return parts


def call(item):
    message, depth = json_text.parse(item.data)
    check_call(message)
    args = value_decode.decode(message["args"], item.attachments, depth)
    return [args, value_decode.decode(message["kwargs"], item.attachments, depth) if "kwargs" in message else None]


def reply(item):
    message, depth = json_text.parse(item.data)
    check_reply(message, item.attachments)
    return value_decode.decode(message["value"], item.attachments, depth) if "value" in message else None


def route(item):
    return read_route(item.data).members


def frames(item):
    """All frames before the first wrong one, and what is wrong."""
    found, place, data = [], [0], item.data

    def read_into(view):
        end = next((cut for cut in item.cuts if cut > place[0]), len(data))
        part = data[place[0]:min(end, place[0] + len(view))]
        view[:len(part)] = part
        place[0] += len(part)
        return len(part)

    try:
        while place[0] < len(data):
            found.append(a_frame(bytes(read_frame(read_into))))
    except Refusal as refusal:
        return found + [refusal.code]
    return found + ["whole"]


def a_frame(frame):
    text, parts = split_frame(frame)
    if b"".join(join_frame(text, parts)) != frame:
        raise AssertionError("its encoder makes another frame")
    if plain_header(frame) != (None if parts else text):
        raise AssertionError("the short way reads another header")
    message, _ = json_text.parse(text)
    if type(message) is not dict or type(message.get("type")) is not str:
        raise Refusal("protocol-error", "the header must be an object with a type")
    return [message] + [bytes(part) for part in parts]


def packets(item):
    found, end = [], "whole"
    reader = Packets()
    with session_vectors.Host().greeted() as host:
        host.session.link = SimpleNamespace(put=lambda packet: None, unsent=[], close=lambda: None, repeated=0)
        host.session.sent.acknowledge = lambda received: True
        try:
            for start, stop in zip([0] + item.cuts, item.cuts + [len(item.data)]):
                for kind, flags, stream, packet in reader.feed(item.data[start:stop]):
                    if kind in _OF_HOSTS or kind == CREDIT and len(packet) == SIZE + 4:
                        return Packed(found, "of a host")
                    if kind not in _NOT_YET:
                        host.session._handle(kind, flags, stream, packet)
                        # A stream of that number may come again here.
                        host.session.calls.streams.clear()
                    number = int.from_bytes(packet[6:8], "little")
                    found.append(["packet", kind, flags, number, stream, packet[SIZE:].hex()])
                    if pack(kind, stream, packet[SIZE:], flags, number) != packet:
                        raise AssertionError("its encoder makes another packet")
        except Damaged:
            end = "broken"
        host.session.link = None
    return Packed(found, "within" if end == "whole" and reader.rest else end)


class Packed:
    """Packets, shown already."""

    def __init__(self, found, end):
        self.found = found + [end]


def hello(item):
    with session_vectors.Host() as host:
        link, theirs = host.link(pack(HELLO, payload=item.data))
        host.session._adopt(link)
        host.session._read(link)
        (kind, message), = host.answers(theirs)
        if kind == BYE:
            raise Refusal(message["error"]["code"], message["error"]["message"])
        if kind != WELCOME:
            raise AssertionError("answered with a packet of kind %d" % kind)
    return []


def resume(item):
    with session_vectors.Host().greeted() as host:
        link, theirs = session_vectors.stranger(host, pack(RESUME, payload=item.data))
        if link.challenge is None:
            raise Refusal("protocol-error", "the link was dropped")
        (kind, message), = host.answers(theirs)
        nonce = json.loads(item.data.decode("utf-8"))["nonce"]
        if kind != CHALLENGE or message["proof"] != prove(session_vectors.TOKEN, "host", nonce, message["nonce"], 0):
            raise AssertionError("answered with %d %r" % (kind, message))
        link.close()
    return []


def proof(item):
    """Whether it has the right form: what is proved is not asked here."""
    with session_vectors.Host().greeted() as host:
        host.session.sent = SimpleNamespace(acknowledge=lambda received: True, kept=[], bytes=0)
        link, _ = session_vectors.stranger(host, b"")
        link.challenge = session_vectors.NONCE, session_vectors.NONCE, 0
        try:
            host.session._welcome_back(link, PROOF, pack(PROOF, payload=item.data))
        except Damaged as damage:
            link.close()
            raise Refusal("protocol-error", str(damage))
    return []


def invoke(item):
    return session_vectors.run_invoke(item.data, item.parts, None)


def answer(item):
    """The answer to the first question of a call."""
    frame, place = b"".join(join_frame(item.data, item.parts)), [0]

    def read_into(view):
        part = frame[place[0]:place[0] + len(view)]
        view[:len(part)] = part
        place[0] += len(part)
        return len(part)

    asking = Asking(SimpleNamespace(read_into=read_into))
    asking.stream = 1
    asking.answers = {1: None}
    try:
        return asking._take(1, 1)
    except CallbackError as error:
        return Threw(error)


class Threw:
    def __init__(self, error):
        self.error = error


def sent(item):
    """A message of hosts."""
    return session_vectors.run_sent(item.data, item.parts, {"type": item.kind})


READERS = {
    "header": header, "value": a_value, "call": call, "reply": reply, "route": route, "frames": frames, "packets": packets, "hello": hello, "resume": resume,
    "proof": proof, "invoke": invoke, "answer": answer,
}


class Item:
    def __init__(self, kind, data, attachments, cuts):
        self.kind = kind
        self.data = base64.b64decode(data)
        self.parts = [base64.b64decode(part) for part in attachments]
        self.attachments = value_decode.Attachments([memoryview(bytearray(part)) for part in self.parts])
        self.cuts = cuts
        self.again = None


def judge(item):
    try:
        value = READERS.get(item.kind, sent)(item)
        if type(value) is Packed:
            value = ["[", value.found]
        elif type(value) is Threw:
            value = ["c", value.error.name, value.error.args[0]]
        else:
            value = shown(value)
        return {"said": "accepted", "value": value, "again": item.again}
    except (Refusal, Wrong) as refusal:
        return {"said": refusal.code, "why": str(refusal)}
    except Exception as error:  # a crash of the codec is a difference like any other
        return {"said": "raised %s: %.300s" % (type(error).__name__, error)}


LIMIT = sys.getrecursionlimit()


def main():
    proofs.is_same = lambda given, right: True
    try:
        import numpy  # noqa: F401
    except ImportError:
        pass
    sys.stdout.write(json.dumps({"numpy": "numpy" in sys.modules}) + "\n")
    sys.stdout.flush()
    for line in sys.stdin:
        verdict = judge(Item(*json.loads(line)))
        sys.setrecursionlimit(20000)
        sys.stdout.write(json.dumps(verdict) + "\n")
        sys.setrecursionlimit(LIMIT)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
