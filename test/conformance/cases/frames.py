"""The container. Frames are built here byte by byte, right ones and wrong ones."""

import struct
import zlib

from .describe import expand, obj, parts

MAGIC = b"\x89SRM"
MIB = 1 << 20
GIB = 1 << 30
X = '{"type":"x"}'


def pad(length):
    return -length % 8


def prefix(attachments, header, body, magic=MAGIC, version=1, flags=0, checksum=None):
    head = magic + struct.pack("<BBHIQ", version, flags, attachments, header, body)
    return head + struct.pack("<I", zlib.crc32(head) & 0xFFFFFFFF if checksum is None else checksum)


def frame(header=X, attachments=(), lengths=None, header_padding=None, padding=b"\0", body=None, checksum=None, tail=(), count=None, length=None, **fields):
    """Parts of a frame; each argument but the first two makes one thing wrong."""
    text = expand(header)
    content = [struct.pack("<Q", n) for n in (lengths if lengths is not None else [len(expand(a)) for a in attachments])]
    content.append(header)
    content.append(header_padding if header_padding is not None else b"\0" * pad(len(text)))
    for attachment in attachments:
        content.append(attachment)
        content.append(padding * pad(len(expand(attachment))))
    data = expand(content)
    head = prefix(len(attachments) if count is None else count, len(text) if length is None else length, len(data) if body is None else body, **fields)
    crc = zlib.crc32(data) & 0xFFFFFFFF if checksum is None else checksum
    joined = []
    for part in parts([head, content, struct.pack("<I", crc), list(tail)]):
        if joined and "hex" in part and "hex" in joined[-1]:
            joined[-1] = {"hex": joined[-1]["hex"] + part["hex"]}
        else:
            joined.append(part)
    return joined


def accept(name, wire, header=None, attachments=(), **more):
    case = {"name": "frame: " + name, "kind": "frame", "wire": wire, "verdict": "accept"}
    if header is not None:
        case["value"] = {"header": header, "attachments": list(attachments)}
    case.update(more)
    return case


def reject(name, wire, code="protocol-error", **more):
    return dict({"name": "frame: " + name, "kind": "frame", "wire": wire, "verdict": "reject", "code": code}, **more)


TYPE_X = obj(["type", "x"])
WHOLE = expand([bytes.fromhex(p["hex"]) if "hex" in p else p["text"] for p in frame(attachments=[b"abcdefghijk"])])

CASES = [
    accept("smallest header", frame(), TYPE_X),
    accept(
        "spelled out byte for byte",
        [{"hex": "8953524d" "01" "00" "0000" "0c000000" "1000000000000000" "f80b5f68" "7b2274797065223a2278227d" "00000000" "c74f6b5d"}],
        TYPE_X,
    ),
    accept("an empty attachment", frame(attachments=[b""]), TYPE_X, [""]),
    accept("three attachments, one of them empty", frame(attachments=[b"abc", b"", b"12345678"]), TYPE_X, ["616263", "", "3132333435363738"]),
    accept("header of text beyond ASCII", frame('{"type":"\u00e9\u4e16\U0001f600"}'), obj(["type", "\u00e9\u4e16\U0001f600"])),
    accept("white space in and around the header", frame(' \t\r\n{ "type" :\n"x" } \r\n'), TYPE_X),
]
for size in (1, 7, 8, 9, 15, 16, 17):
    CASES.append(accept("an attachment of %d bytes" % size, frame(attachments=[bytes(range(1, size + 1))]), TYPE_X, [bytes(range(1, size + 1)).hex()]))
for extra in range(8):
    text = '{"type":"%s"}' % ("y" * extra)
    CASES.append(accept("header of %d bytes" % len(text), frame(text), obj(["type", "y" * extra])))

for count in (4095, 4096, 4097):
    data = [(b"\0" * 8, count), X, b"\0" * 4]
    wire = parts([prefix(count, len(X), 8 * count + 16), data, struct.pack("<I", zlib.crc32(expand(data)))])
    name = "%d attachments" % count
    CASES.append(reject(name, wire, "limit-exceeded") if count > 4096 else accept(name, wire, TYPE_X, [""] * count))
for size in (64 * MIB - 1, 64 * MIB):
    text = [X, (b" ", size - len(X))]
    CASES.append(accept("header of %d bytes" % size, frame(text), TYPE_X, heavy=True))
CASES += [
    reject("header one byte over 64 MiB, told by the prefix alone", parts(prefix(0, 64 * MIB + 1, 64 * MIB + 8)), "limit-exceeded"),
    reject("header length at its greatest", parts(prefix(0, 2**32 - 1, 2**32)), "limit-exceeded"),
    reject("65535 attachments, told by the prefix alone", parts(prefix(65535, 12, 65535 * 8 + 16)), "limit-exceeded"),
    reject("body of 1 GiB of which nothing came", parts(prefix(0, 12, GIB))),
    reject("body of 1 GiB - 8 of which nothing came", parts(prefix(0, 12, GIB - 8))),
    reject("body of 1 GiB + 1", parts(prefix(0, 12, GIB + 1)), "limit-exceeded"),
    reject("body of 1 GiB + 8", parts(prefix(0, 12, GIB + 8)), "limit-exceeded"),
    reject("body of 2^32 + 16", parts([prefix(0, 12, 2**32 + 16), X, b"\0\0\0\0", struct.pack("<I", zlib.crc32(X.encode() + b"\0\0\0\0"))]), "limit-exceeded"),
    reject("body of 2^53 + 1", parts(prefix(0, 12, 2**53 + 1)), "limit-exceeded"),
    reject("body of 2^63", parts(prefix(0, 12, 2**63)), "limit-exceeded"),
    reject("body length at its greatest", parts(prefix(0, 12, 2**64 - 1)), "limit-exceeded"),
    accept("body one under the receiver's limit", frame(), TYPE_X, maxBody=17),
    accept("body at the receiver's limit", frame(), TYPE_X, maxBody=16),
    reject("body one over the receiver's limit", frame(), "limit-exceeded", maxBody=15),
    reject("receiver's limit passed by an attachment", frame(attachments=[b"12345678"]), "limit-exceeded", maxBody=31),
    accept("receiver's limit kept by an attachment", frame(attachments=[b"12345678"]), TYPE_X, ["3132333435363738"], maxBody=32),
    reject("header length 0", frame(b"", length=0)),
    reject("header length 1", frame(b"1")),
    reject("nothing at all", []),
    reject("text of a login shell", parts("Welcome to host7!\nLast login: Sun Nov 22 08:00:00 2026 from 192.0.2.1\n")),
    reject("a header without a frame", parts('{"type":"x"}')),
    reject("a gzip file", parts(bytes.fromhex("1f8b0800000000000003") + b"\0" * 40)),
    reject("magic in the other byte order", frame(magic=MAGIC[::-1])),
    reject("magic of a PNG file", frame(magic=b"\x89PNG")),
]
for at in range(4):
    wrong = bytearray(MAGIC)
    wrong[at] ^= 0x20
    CASES.append(reject("byte %d of the magic wrong" % at, frame(magic=bytes(wrong))))
for version in (0, 2, 255):
    CASES.append(reject("container version %d" % version, frame(version=version), "protocol-mismatch"))
for flags in (1, 2, 0x80, 255):
    CASES.append(reject("flags %d" % flags, frame(flags=flags)))
CASES += [
    reject("magic is checked before the version", frame(magic=b"\x89SRN", version=2)),
    reject("checksum of the prefix is checked before the version", parts(prefix(0, 12, 16, version=2, checksum=0))),
    reject("version is checked before the flags", frame(version=2, flags=1), "protocol-mismatch"),
    reject("version is checked before the limits", parts(prefix(0, 2**32 - 1, 2**40, version=2)), "protocol-mismatch"),
    reject("flags are checked before the limits", parts(prefix(0, 2**32 - 1, 2**40, flags=1))),
    reject("checksum of the prefix is checked before the limits", parts(prefix(0, 2**32 - 1, 2**40, checksum=7))),
    reject("checksum of the body is checked before the header", frame("[" * 300, checksum=1)),
    reject("checksum of the prefix in the other byte order", parts([prefix(0, 12, 16)[:20] + prefix(0, 12, 16)[:19:-1], X, b"\0\0\0\0"])),
    reject("checksum of the body zero", frame(checksum=0)),
    reject("checksum of the body not inverted", frame(checksum=~zlib.crc32(X.encode() + b"\0" * 4) & 0xFFFFFFFF)),
    reject("checksum of the body without the padding", frame(checksum=zlib.crc32(X.encode()))),
    reject("checksum of the body over the whole frame", frame(checksum=zlib.crc32(prefix(0, 12, 16) + X.encode() + b"\0" * 4))),
    reject("padding of the header not zero", frame(header_padding=b"\0\0\0\1")),
    reject("padding of the header spaces", frame(header_padding=b"    ")),
    reject("padding of an attachment not zero", frame(attachments=[b"abc"], padding=b"\1")),
    reject("header not padded", frame(header_padding=b"")),
    reject("header padded by eight bytes too many", frame(header_padding=b"\0" * 12)),
    reject("header longer than the body", frame(length=64)),
    reject("header shorter than it is", frame(length=8)),
    reject("header reaching into its padding", frame(length=13)),
    reject("attachment length one too great", frame(attachments=[b"12345678"], lengths=[9])),
    reject("attachment length eight too small", frame(attachments=[b"12345678abcdefgh"], lengths=[8])),
    reject("attachment length into non-zero padding", frame(attachments=[b"12345678"], lengths=[7])),
    reject("attachment length that overflows 64 bits when padded", frame(attachments=[b"12345678"], lengths=[2**64 - 1])),
    reject("attachment length 2^63", frame(attachments=[b"12345678"], lengths=[2**63])),
    reject("attachment length 2^32 + 8", frame(attachments=[b"12345678"], lengths=[2**32 + 8])),
    reject("attachment lengths that wrap around to the right sum", frame(attachments=[b"12345678", b"12345678"], lengths=[2**64 - 8, 24])),
    reject("more attachment lengths than body", frame(attachments=[b"12345678"], lengths=[8, 8])),
    reject("count of attachments one too small", frame(attachments=[b"12345678"], count=0)),
    reject("count of attachments one too great", frame(attachments=[b"12345678"], count=2)),
    reject("one byte after the end", frame(tail=[b"\0"])),
    reject("a line feed after the end", frame(tail=[b"\n"])),
    reject("a second frame after the end", frame() + frame()),
    reject("noise before the frame", parts(b"hi\n") + frame()),
]
for length, where in (
    (1, "the magic"), (3, "the magic, again"), (4, "the prefix, after the magic"), (8, "the prefix, before the lengths"), (12, "the prefix, before the body length"),
    (20, "the prefix, before its checksum"), (23, "the checksum of the prefix"), (24, "the frame, after the prefix"), (28, "the attachment lengths"),
    (32, "the frame, before the header"), (40, "the header"), (44, "the padding of the header"), (46, "the padding of the header, again"), (48, "the frame, before the attachment"),
    (55, "the attachment"), (59, "the padding of the attachment"), (64, "the frame, before the checksum of the body"), (65, "the checksum of the body"), (67, "the checksum of the body, last byte"),
):
    CASES.append(reject("ends in " + where, parts(WHOLE[:length])))
assert len(WHOLE) == 68
