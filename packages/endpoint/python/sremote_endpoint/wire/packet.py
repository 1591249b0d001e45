"""Packets (SESSION.md, "Packet"): sixteen bytes of head, then the payload. Knows no descriptors."""
from binascii import crc32
from _struct import Struct

from .limits import PACKET_PAYLOAD

HELLO, WELCOME, RESUME, CHALLENGE, PING, PONG, ACK, BYE, PROOF = range(1, 10)
OPEN, DATA, STDOUT, STDERR, CREDIT, CANCEL, MUTE, TOTALS = range(16, 24)
COUNTED = 16
# Flags of `data` from the host.
LAST, HOLDS, VOID = 1, 2, 4
# Between supervisor and worker only. Kinds: the worker can take calls; descriptors of its new output pipes; it no longer holds objects;
# with the packet that comes next, the last of a call, it begins the next call that it was handed ahead.
READY, PIPES, EMPTY, ONWARD = 64, 65, 66, 67
# Flag of `open`: the call is handed ahead (prefetch.py), in the round that stands where the worker's number would.
AHEAD = 32
# Flags of the last `data`: the call started processes; the worker ends.
CHILDREN, ENDS = 64, 128

SIZE = 16
# The kinds of a link: how long the payload of each may be, None where anything goes.
KINDS = {kind: None for kind in (HELLO, WELCOME, RESUME, CHALLENGE, BYE, PROOF, OPEN, DATA, STDOUT, STDERR)}
KINDS.update({PING: (8,), PONG: (8,), ACK: (8,), CREDIT: (4, 8), CANCEL: (0,), MUTE: (0,), TOTALS: (16,)})
# And between supervisor and worker.
OWN_KINDS = {READY: None, PIPES: None, EMPTY: None, ONWARD: None}
OWN_KINDS.update(KINDS)
CHUNK = 65536

_unpack = Struct("<IBBHII").unpack_from
_head = Struct("<IBBHI").pack
_check = Struct("<I").pack


class Damaged(Exception):
    """The bytes are not packets: the link they came over is given up."""


def head(kind, stream, size, flags=0, worker=0):
    """The first sixteen bytes of a `data` packet, or of any without a payload."""
    start = _head(size, kind, flags, worker, stream)
    return start + _check(crc32(start))


def pack(kind, stream=0, payload=b"", flags=0, worker=0):
    start = _head(len(payload), kind, flags, worker, stream)
    return b"".join((start, _check(crc32(start) if kind == DATA else crc32(payload, crc32(start))), payload))


def readdress(packet, flags, worker):
    """The packet for a worker, which does not look at checksums."""
    size, kind, _, _, stream, _ = _unpack(packet)
    return _head(size, kind, flags, worker, stream) + packet[12:]


class Packets:
    """Cuts a stream of bytes into packets."""

    def __init__(self, kinds=KINDS):
        self.rest = b""
        self.kinds = kinds

    def feed(self, data):
        """Yields (kind, flags, stream, packet) of each whole packet. Raises Damaged at the first that is not one."""
        if self.rest:
            data = self.rest + data
            self.rest = b""
        at, end = 0, len(data)
        while end - at >= SIZE:
            size, kind, flags, _, stream, check = _unpack(data, at)
            if size > PACKET_PAYLOAD:
                raise Damaged("a packet of %d bytes" % size)
            # A damaged length would have us take what follows for payload, for long: what the head alone tells is checked first.
            sizes = self.kinds.get(kind, ())
            if sizes is not None and size not in sizes:
                raise Damaged("a packet of a wrong kind or length")
            stop = at + SIZE + size
            if stop > end:
                if kind == DATA and crc32(data[at : at + 12]) != check:
                    raise Damaged("a packet whose checksum does not match")
                break
            packet = data[at:stop]
            found = crc32(packet[:12])
            if kind != DATA and size:
                found = crc32(packet[SIZE:], found)
            if found != check:
                raise Damaged("a packet whose checksum does not match")
            yield kind, flags, stream, packet
            at = stop
        self.rest = data[at:]


def count(packet):
    """The number of counted packets that `ping`, `pong` and `ack` tell."""
    if len(packet) != SIZE + 8:
        raise Damaged("a packet of a wrong length")
    return int.from_bytes(packet[SIZE:], "little")
