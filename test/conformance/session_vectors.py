"""
Vectors of sessions, read by the Python endpoint's own supervisor and worker: real links over pipes, and nothing that starts a process.

Of what only a client reads (`sender` is `host`) messages are read by the checks of the endpoint's tests, packets are left out: there is no code for them.
"""
import os
from types import SimpleNamespace

from sremote_endpoint.session import session as supervisor
from sremote_endpoint.wire import value_decode
from sremote_endpoint.session.callbacks import Asking, Callback, CallbackError
from sremote_endpoint.session.streams import Streams
from sremote_endpoint.wire.errors import Refusal
from sremote_endpoint.wire.frame import join_frame
from sremote_endpoint.wire.json_text import parse
from sremote_endpoint.session.link import Link
from sremote_endpoint.session.objects import object_id
from sremote_endpoint.wire.packet import BYE, CHALLENGE, HELLO, PROOF, RESUME, SIZE, WELCOME, Damaged, Packets, pack
from sremote_endpoint.session.proof import prove
from sremote_endpoint.session.replay import Sent
from sremote_endpoint.session.route import read_route
from sremote_endpoint.session.worker import SessionWorker
from tests.session_check import check_message

# As in the vectors.
NONCE = "c1" * 32
GIVEN = b"bdd0a72a32cafac0b964ff0ee76ab92bec6c11b5da0220e5b537ff36be647ebf"
TOKEN = "0123456789abcdef0123456789abcdef"
# Longer wires are not cut everywhere.
FEW_BYTES = 512


class Kept:
    """Stands for an object of a worker, a function of the client, or the result of another call."""

    def __init__(self, kind, number):
        self.kind = kind
        self.number = number

    def matches(self, value):
        if type(value) is Callback:
            return self.kind == "callback" and value._number == self.number
        return type(value) is Kept and (value.kind, value.number) == (self.kind, self.number)


class OpenStreams(Streams):
    """The supervisor's calls, of which none ever gets a worker."""

    def __init__(self, loop, send, *_):
        self.loop, self.send, self.streams, self.routes, self.ended = loop, send, {}, {}, 0.0
        self.workers = SimpleNamespace(paused=False)
        self.pool = SimpleNamespace(place=lambda stream: None, announce=lambda stream: None, settle=lambda *_: None)


class Door:
    """Nobody comes."""

    def __init__(self):
        self.fd, self.other = os.pipe()
        self.address = "@nobody"

    def close(self):
        os.close(self.fd)
        os.close(self.other)


class Host:
    """A supervisor whose client is this program."""

    def __init__(self):
        supervisor.Streams, supervisor.Door = OpenStreams, Door
        self.session = supervisor.Session("/home/me", "/home/me/.sremote", None, 0o22, None)
        self.open = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.session.link is not None:
            self.session.link.close()
        if self.session.door is not None:
            self.session.door.close()
        for fd in self.open:
            os.close(fd)

    def link(self, data):
        """A link over which these bytes came."""
        reader, ours = os.pipe()
        theirs, writer = os.pipe()
        self.open += [ours, theirs]
        os.write(ours, data)
        return Link(reader, writer), theirs

    def greeted(self):
        self.session.hello = {"token": TOKEN, "leaseMs": 1000, "heartbeatMs": 1000}
        self.session.calls = OpenStreams(self.session.loop, self.session.send)
        return self

    def answers(self, theirs):
        """(kind, message) of what the supervisor has sent."""
        if self.session.link is not None and self.session.link.unsent:
            self.session._flush()
        os.set_blocking(theirs, False)
        try:
            data = os.read(theirs, 65536)
        except BlockingIOError:
            data = b""
        return [(kind, parse(packet[SIZE:])[0]) for kind, _, _, packet in Packets().feed(data)]


def broken(how):
    return Refusal("protocol-error", how)


def cut(data, places):
    return [data[start:end] for start, end in zip([0] + places, places + [len(data)])]


def read_packets(pieces, prompt):
    """(packets, whether the link is broken)."""
    packets, found = Packets(), []
    try:
        for piece in pieces:
            for kind, flags, stream, packet in packets.feed(piece):
                found.append([kind, flags, int.from_bytes(packet[6:8], "little"), stream, packet[SIZE:]])
    except Damaged:
        return found, True
    return found, bool(packets.rest) and not prompt


def run_packets(vector, joined):
    wire = joined(vector["wire"])
    expected = [packet[:4] + [joined(packet[4])] for packet in vector["value"]]
    # What the supervisor itself looks at, after the bytes are packets.
    by_supervisor = vector.get("sender") == "client" and vector["verdict"] == "reject"
    results = []
    for data in flipped(wire, vector["flip"]) if "flip" in vector else [wire]:
        places = list(range(len(wire))) if len(wire) <= FEW_BYTES else [1, 15, 16, 17, len(wire) - 1]
        for chosen in [[]] if "flip" in vector else [[], places] + [[place] for place in places]:
            found, is_broken = read_packets(cut(data, chosen), vector.get("prompt", False))
            if found != expected and not (by_supervisor and found and not is_broken):
                raise AssertionError("other packets when cut at %s: %.200r" % (chosen, found))
            results.append(is_broken)
    if len(set(results)) != 1:
        raise AssertionError("broken or not, as it was cut")
    if results[0]:
        raise broken("the bytes are not packets")
    if vector.get("sender") == "client":
        supervise(wire)


def flipped(wire, bits):
    for bit in range(*bits):
        data = bytearray(wire)
        data[bit >> 3] ^= 1 << (bit & 7)
        yield bytes(data)


def supervise(wire):
    with Host().greeted() as host:
        link, _ = host.link(wire)
        host.session._adopt(link)
        host.session._read(link)
        if host.session.link is None:
            raise broken("the supervisor dropped the link")


def run_route(vector, joined):
    read_route(joined(vector["wire"]))


def run_message(vector, joined):
    text = joined(vector["wire"]["json"])
    attachments = [joined(part) for part in vector["wire"]["attachments"]]
    found = MESSAGES.get(vector["type"], run_sent)(text, attachments, vector)
    return found[0] if type(found) is list and found else None


def run_hello(text, _, __):
    with Host() as host:
        link, theirs = host.link(pack(HELLO, payload=text))
        host.session._adopt(link)
        host.session._read(link)
        (kind, message), = host.answers(theirs)
        if kind == BYE:
            raise Refusal(message["error"]["code"], message["error"]["message"])
        if kind != WELCOME:
            raise AssertionError("answered with a packet of kind %d" % kind)


def run_resume(text, _, vector):
    with Host().greeted() as host:
        link, theirs = stranger(host, pack(RESUME, payload=text))
        if link.challenge is None:
            # A client is not told why.
            raise Refusal(vector.get("code", "protocol-error"), "the link was dropped")
        (kind, message), = host.answers(theirs)
        check_message(message, "challenge")
        proof = prove(TOKEN, "host", NONCE, message["nonce"], 0)
        if (kind, message["received"], message["proof"]) != (CHALLENGE, 0, proof):
            raise AssertionError("answered with %d %r" % (kind, message))
        link.close()


def run_proof(text, _, vector):
    """The proof that stands in a vector belongs to no challenge of ours: it is replaced by the one that does, where it has the right form."""
    with Host().greeted() as host:
        host.session.sent = Sent()
        for _ in range(5):
            host.session.sent.add(b"")
        link, _ = stranger(host, b"")
        link.challenge = NONCE, NONCE, 0
        received = 5 if b'"received":5' in text else 0
        text = text.replace(GIVEN, prove(TOKEN, "client", NONCE, NONCE, received).encode())
        try:
            host.session._welcome_back(link, PROOF, pack(PROOF, payload=text))
        except Damaged as damage:
            link.close()
            raise Refusal(vector.get("code", "protocol-error"), str(damage))
        if host.session.link is not link:
            raise AssertionError("the client was not taken back")


def stranger(host, data):
    """A link of somebody who has not proved who it is, over which these bytes came."""
    link, theirs = host.link(data)
    link.timer = None
    host.session.newcomers.add(link)
    if data:
        host.session._read(link)
    return link, theirs


def run_invoke(text, attachments, _):
    objects = SimpleNamespace(find=lambda number: SimpleNamespace(value=Kept("object", number)), result=lambda stream: Kept("result", stream))
    worker = SimpleNamespace(channel=SimpleNamespace(waiting=False, read_into=None), objects=objects, asking=lambda: None)
    call, parts, depth = SessionWorker._read(worker, bytearray(b"".join(join_frame(text, attachments))))
    args, kwargs = SessionWorker._arguments(worker, call, parts, depth)
    return [args, kwargs] if "kwargs" in call else [args]


def run_answer(text, attachments, _):
    frame = b"".join(join_frame(text, attachments))
    place = [0]

    def read_into(view):
        part = frame[place[0]:place[0] + len(view)]
        view[:len(part)] = part
        place[0] += len(part)
        return len(part)

    asking = Asking(SimpleNamespace(read_into=read_into))
    asking.stream = 1
    asking.answers = {0: None}
    try:
        return [asking._take(1, 0)]
    except CallbackError as error:
        if type(error.name) is not str or type(error.args[0]) is not str:
            raise AssertionError("an error without a name and a message")


class FromHost(value_decode.Attachments):
    """The attachments of a result, with what may stand in it for things of the worker."""

    def stand_in(self, kind, place):
        if kind not in ("object", "iterator"):
            return value_decode.Attachments.stand_in(self, kind, place)
        return Kept(kind, object_id(place))


def run_sent(text, attachments, vector):
    """What this endpoint sends, by the checks that its tests hold it to."""
    header, depth = parse(text)
    check_message(header, vector["type"])
    parts = [memoryview(bytearray(part)) for part in attachments]
    if vector["type"] == "result" and "value" in header:
        return [value_decode.decode(header["value"], FromHost(parts), depth)]
    if vector["type"] == "ask":
        references = value_decode.Attachments(parts)
        args = value_decode.decode(header["args"], references, depth)
        return [args, value_decode.decode(header["kwargs"], references, depth)] if "kwargs" in header else [args]
    return []


MESSAGES = {"hello": run_hello, "resume": run_resume, "proof": run_proof, "invoke": run_invoke, "answer": run_answer}
