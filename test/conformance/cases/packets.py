"""Packets of sessions, built here byte by byte: SESSION.md, "Packet". Each case changes one thing of packets that are right."""

import struct
import zlib

from .describe import expand, parts

KINDS = {
    "hello": 1, "welcome": 2, "resume": 3, "challenge": 4, "ping": 5, "pong": 6, "ack": 7, "bye": 8, "proof": 9,
    "open": 16, "data": 17, "stdout": 18, "stderr": 19, "credit": 20, "cancel": 21, "mute": 22, "totals": 23,
}
DATA = KINDS["data"]
CLIENT = ("hello", "resume", "proof", "ping", "ack", "bye", "open", "data", "credit", "cancel", "mute")
HOST = ("welcome", "challenge", "pong", "ack", "bye", "data", "stdout", "stderr", "credit", "totals")
MIB = 1 << 20
# A right payload of each kind.
PAYLOAD = dict({name: b"" for name in KINDS}, hello=b"{}", welcome=b"{}", resume=b"{}", challenge=b"{}", proof=b"{}", bye=b"{}", ping=bytes(8), pong=bytes(8), ack=bytes(8),
               open=b"\0\0frame", data=b"frame", stdout=b"out", stderr=b"err", credit=bytes(8), totals=bytes(16))


def packet(kind, payload=b"", stream=0, flags=0, worker=0, size=None, checksum=None):
    """The parts of one packet; `size` and `checksum` stand for the right ones."""
    data = expand(payload)
    head = struct.pack("<IBBHI", len(data) if size is None else size, kind, flags, worker, stream)
    if checksum is None:
        checksum = zlib.crc32(head) if kind == DATA else zlib.crc32(data, zlib.crc32(head))
    return [head + struct.pack("<I", checksum & 0xFFFFFFFF), payload]


def means(kind, payload=b"", stream=0, flags=0, worker=0):
    return [kind, flags, worker, stream, parts(payload)]


def accept(name, wire, value, **more):
    return dict({"name": "packet: " + name, "kind": "packets", "wire": parts(wire), "verdict": "accept", "value": value}, **more)


def reject(name, wire, value=(), **more):
    return dict({"name": "packet: " + name, "kind": "packets", "wire": parts(wire), "verdict": "reject", "code": "protocol-error", "value": list(value)}, **more)


CASES = [
    accept("nothing at all", b"", []),
    accept("spelled out byte for byte", bytes.fromhex("02000000" "12" "07" "0605" "04030201" "7f05080d" "6869"), [means(18, b"hi", 0x01020304, 7, 0x0506)]),
    accept("every field at its greatest", packet(DATA, b"x", 2**32 - 1, 255, 65535), [means(DATA, b"x", 2**32 - 1, 255, 65535)]),
    accept("stream above the signed numbers", packet(DATA, b"", 2**31), [means(DATA, b"", 2**31)]),
    accept("all kinds one after the other", [packet(number, PAYLOAD[name], 3 if number > 15 else 0) for name, number in KINDS.items()],
           [means(number, PAYLOAD[name], 3 if number > 15 else 0) for name, number in KINDS.items()]),
    accept("what a client sends, in one go",
           [packet(16, b"\x02\0{}frame", 1), packet(DATA, b"more", 1), packet(20, bytes(range(8)), 1), packet(22, b"", 1, 3), packet(21, b"", 1), packet(5, bytes(8)), packet(7, bytes(8))],
           [means(16, b"\x02\0{}frame", 1), means(DATA, b"more", 1), means(20, bytes(range(8)), 1), means(22, b"", 1, 3), means(21, b"", 1), means(5, bytes(8)), means(7, bytes(8))], sender="client"),
    accept("payload that looks like a packet", packet(DATA, expand(packet(21, b"", 9)), 1), [means(DATA, expand(packet(21, b"", 9)), 1)]),
    accept("data whose payload is damaged: its frame tells", [packet(DATA, b"frame", 1)[0], b"frXme"], [means(DATA, b"frXme", 1)], sender="client"),
    reject("data whose checksum covers the payload too", packet(DATA, b"frame", 1, checksum=zlib.crc32(b"frame", zlib.crc32(struct.pack("<IBBHI", 5, DATA, 0, 0, 1))))),
    reject("checksum of the head in the other byte order", [packet(21, b"", 1)[0][:12] + packet(21, b"", 1)[0][:11:-1]]),
    reject("checksum zero", packet(21, b"", 1, checksum=0)),
    reject("checksum not inverted", packet(21, b"", 1, checksum=~zlib.crc32(struct.pack("<IBBHI", 0, 21, 0, 0, 1)))),
    reject("checksum of the payload before the head", packet(18, b"out", 1, checksum=zlib.crc32(struct.pack("<IBBHI", 3, 18, 0, 0, 1), zlib.crc32(b"out")))),
    reject("a frame in place of a packet", bytes.fromhex("8953524d" "01" "00" "0000" "0c000000" "1000000000000000" "f80b5f68" "7b2274797065223a2278227d" "00000000" "c74f6b5d")),
    reject("text in place of a packet", "Welcome to host7!\nLast login: Sun Nov 22 08:00:00 2026 from 192.0.2.1\n"),
    reject("sixteen zero bytes", bytes(16)),
    reject("noise before a packet", [b"\n", packet(21, b"", 1)]),
    reject("a damaged packet after a right one", [packet(21, b"", 1), packet(21, b"", 2, checksum=1), packet(21, b"", 3)], [means(21, b"", 1)]),
    reject("length one too great, so that it reaches into the next", [packet(DATA, b"abc", 1, size=4), packet(21, b"", 2)], [means(DATA, b"abc\0", 1)]),
    reject("length one too small, so that a byte begins the next", [packet(DATA, b"abc", 1, size=2), packet(21, b"", 2)], [means(DATA, b"ab", 1)]),
    reject("length too small with the right checksum of all", [packet(18, b"abc", 1, size=2), packet(21, b"", 2)]),
]
for size in (MIB - 1, MIB):
    for name in ("data", "stdout"):
        number = KINDS[name]
        CASES.append(accept("%s of %d bytes" % (name, size), packet(number, (b"a", size), 1), [means(number, (b"a", size), 1)]))
for name in ("data", "stdout", "hello"):
    CASES.append(reject("%s of %d bytes" % (name, MIB + 1), packet(KINDS[name], (b"a", MIB + 1), 1)))
for size in (MIB + 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1):
    CASES.append(reject("length %d, told by the head alone" % size, packet(DATA, b"", 1, size=size), prompt=True))
for number, size in ((0, 1), (10, MIB), (15, 8), (24, 8), (64, 1), (255, 5), (5, 7), (7, 16), (20, 12), (21, 1), (22, MIB), (23, 8)):
    CASES.append(reject("kind %d and length %d, told by the head alone" % (number, size), packet(number, b"", 0, size=size), prompt=True))
CASES.append(reject("data whose head is damaged, told by the head alone", packet(DATA, b"", 1, size=9, checksum=7), prompt=True))
for size in (1, MIB):
    CASES.append(reject("length %d of which nothing came" % size, packet(DATA, b"", 1, size=size)))
for length in (1, 3, 4, 8, 12, 15, 16, 18):
    CASES.append(reject("ends after %d bytes of 19" % length, expand(packet(18, b"abc", 1))[:length]))
    CASES.append(reject("ends after %d bytes of 19, after another" % length, [packet(21, b"", 1), expand(packet(18, b"abc", 1))[:length]], [means(21, b"", 1)]))
for name, number in KINDS.items():
    payload = PAYLOAD[name]
    stream = 1 if number > 15 else 0
    wire = expand(packet(number, payload, stream))
    CASES.append(accept("a " + name, wire, [means(number, payload, stream)]))
    # Whatever is flipped, it is no other packet. The payload of data belongs to a frame, which has a checksum of its own.
    CASES.append(reject("a %s of which a bit is flipped" % name, wire, flip=[0, 128 if number == DATA else 8 * len(wire)]))
    if payload and number != DATA:
        CASES.append(reject("a %s whose checksum covers the head alone" % name, packet(number, payload, stream, checksum=zlib.crc32(struct.pack("<IBBHI", len(payload), number, 0, 0, stream)))))
for number in (0, *range(10, 16), *range(24, 33), 63, 64, 65, 66, 67, 127, 128, 144, 145, 255):
    for payload in (b"", b"12345678"):
        CASES.append(reject("unknown kind %d with %d bytes" % (number, len(payload)), packet(number, payload, 1), sender="client"))
WRONG = {"ping": (0, 7, 9, 16), "pong": (0, 7, 9, 16), "ack": (0, 7, 9, 16), "credit": (0, 3, 5, 7, 9, 12), "cancel": (1, 8), "mute": (1, 8), "totals": (0, 8, 15, 17, 24), "open": (0, 1)}
for name, lengths in WRONG.items():
    for length in lengths:
        CASES.append(reject("a %s of %d bytes" % (name, length), packet(KINDS[name], bytes(length), 1 if KINDS[name] > 15 else 0), sender="client" if name in CLIENT else "host"))
CASES += [
    accept("an open with the default route and no frame yet", packet(16, b"\0\0", 1), [means(16, b"\0\0", 1)], sender="client"),
    accept("an open of which the route is all", packet(16, b"\x02\0{}", 1), [means(16, b"\x02\0{}", 1)], sender="client"),
    reject("an open whose route is one byte longer than its payload", packet(16, b"\x03\0{}", 1), sender="client"),
    reject("an open whose route is as long as can be said", packet(16, b"\xff\xff{}", 1), sender="client"),
    accept("a credit from the host", packet(20, bytes(4), 1), [means(20, bytes(4), 1)], sender="host"),
]
assert set(CLIENT) | set(HOST) == set(KINDS)
