"""
Frames between the client and this host: the type, a letter, the length in four bytes (little-endian), the payload. See WIRE.md.

Names are bytes. Within JSON they are text whose lone surrogates U+DC80 ... U+DCFF stand for bytes that are not UTF-8 (PEP 383). The encoding is
named everywhere: what Python takes for the file system's depends on the locale, and before 3.7 that of a bare host was ASCII.
"""
import errno
import json
import os
import pwd
import struct

HEADER = struct.Struct("<cI")
# The types of messages. message.ts has the same.
REQUEST = b"J"
ITEMS = b"I"
FILES = b"S"
FILE = b"F"
DATA = b"D"
FILE_END = b"E"
FILE_DROPPED = b"X"
PART = b"P"
ACTIONS = b"A"
LISTING = b"L"
DIGESTS = b"H"
REPORT = b"R"
END = b"Z"
# No frame of the client's is longer.
LARGEST = 1 << 25
CHUNK = 1 << 18


def to_bytes(text):
    return text.encode("utf-8", "surrogateescape")


def to_place(text):
    """A path as the user named it: `~` and `~/x` begin in the home directory."""
    path = to_bytes(text)
    if path != b"~" and not path.startswith(b"~/"):
        return path
    home = os.environb.get(b"HOME") or os.fsencode(pwd.getpwuid(os.getuid()).pw_dir)
    return os.path.join(home, path[1:].lstrip(b"/"))


def to_text(name):
    return name.decode("utf-8", "surrogateescape")


def described(error):
    """An error as the client gets it: the system's name for it, and a text."""
    if isinstance(error, OSError) and error.errno is not None:
        return [errno.errorcode.get(error.errno, "EIO"), os.strerror(error.errno)]
    return ["EIO", "%s: %s" % (type(error).__name__, error)]


class Wire:
    def __init__(self, source, sink):
        self.source = source
        self.sink = sink

    def read(self):
        """The next frame as (letter, payload); None at the end of input. Raises EOFError within a frame."""
        head = self.source.read(HEADER.size)
        if not head:
            return None
        if len(head) < HEADER.size:
            raise EOFError
        kind, length = HEADER.unpack(head)
        if length > LARGEST:
            raise ValueError("a frame of %d bytes" % length)
        payload = self.source.read(length)
        if len(payload) < length:
            raise EOFError
        return kind, payload

    def expect(self):
        """The next frame where there must be one."""
        frame = self.read()
        if frame is None:
            raise EOFError
        return frame

    def send(self, kind, *parts):
        write_all(self.sink, HEADER.pack(kind, sum(map(len, parts))) + (b"".join(parts) if len(parts) > 1 or len(parts[0]) < 65536 else b""))
        if len(parts) == 1 and len(parts[0]) >= 65536:
            write_all(self.sink, parts[0])

    def send_json(self, kind, value):
        self.send(kind, json.dumps(value, separators=(",", ":")).encode("ascii"))


def write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]
