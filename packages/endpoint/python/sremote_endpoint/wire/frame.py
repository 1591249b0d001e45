"""The container of PROTOCOL.md, "Frame": bytes in, header and attachments out, and back. Knows no files."""
from binascii import crc32
from _struct import Struct

from .errors import Refusal, limit_exceeded, protocol_error
from .json_text import check_memory
from .limits import ATTACHMENTS, BODY, CONTAINER, HEADER, MAGIC, PREFIX

_ZEROS = bytes(8)
# Bytes of a frame above which memory and checksums are worth some trouble.
LARGE = 262144
_prefix = Struct("<4sBBHIQI")
_start = Struct("<4sBBHIQ").pack


def _number(data, start, size):
    return int.from_bytes(data[start:start + size], "little")


def read_prefix(prefix, body_limit=BODY):
    """(A, H, B) of the first 24 bytes. The order of the checks is that of the specification."""
    magic, container, flags, attachments, header, body, checksum = _prefix.unpack_from(prefix)
    if magic != MAGIC:
        raise protocol_error("these bytes are not a frame: the magic is missing")
    if crc32(prefix[:20]) != checksum:
        raise protocol_error("the checksum of the frame's prefix does not match")
    if container != CONTAINER:
        raise Refusal("protocol-mismatch", "the frame has container version %d, this endpoint knows %d" % (container, CONTAINER))
    if flags != 0:
        raise protocol_error("the frame's flags are %d, not 0" % flags)
    if attachments > ATTACHMENTS:
        raise limit_exceeded("the frame has %d attachments, at most %d are allowed" % (attachments, ATTACHMENTS))
    if header > HEADER:
        raise limit_exceeded("the header has %d bytes, at most %d are allowed" % (header, HEADER))
    if body > min(body_limit, BODY):
        raise limit_exceeded("the body has %d bytes, at most %d are allowed" % (body, min(body_limit, BODY)))
    if header < 2:
        raise protocol_error("the header has %d bytes, at least 2 are needed" % header)
    return attachments, header, body


def read_frame(read_into, body_limit=BODY):
    """The bytes of exactly one frame. `read_into(view)` fills a part of the view and returns how much, 0 at the end of the input."""
    return FramePart(body_limit).read(read_into)


class FramePart:
    """As much of one frame as came. It grows with what really arrives: a prefix that announces 1 GiB takes no memory by itself."""

    def __init__(self, body_limit=BODY, data=None):
        self.body_limit = body_limit
        self.data = bytearray(PREFIX) if data is None else data
        self.have = 0 if data is None else len(data)
        self.size = self.prefix = None
        # The checksum of the body up to `checked`: of a large frame it is taken while the rest is on its way.
        self.checked = PREFIX
        self.checksum = 0

    def read(self, read_into):
        """The whole frame. When `read_into` raises, reading can go on later."""
        while True:
            if self.size is None and self.have >= PREFIX:
                self.prefix = read_prefix(self.data, self.body_limit)
                self.size = PREFIX + self.prefix[2] + 4
                if self.size > LARGE and len(self.data) <= self.size:
                    self._reserve()
            if self.have == self.size or self.have - self.checked > LARGE:
                self._check()
            if self.have == self.size:
                return self.data
            if self.have == len(self.data):
                self.data += bytes(min((self.size or PREFIX) - self.have, max(65536, self.have)))
            with memoryview(self.data)[self.have:] as rest:
                count = read_into(rest)
            if count == 0:
                self._end_early()
            self.have += count

    def _reserve(self):
        """Memory for the whole frame, which the system gives page by page as it is filled; growing would copy what is there again and again."""
        import mmap
        try:
            data = mmap.mmap(-1, self.size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        except OSError:
            return  # a system that gives out no more than it has
        if hasattr(data, "madvise") and hasattr(mmap, "MADV_HUGEPAGE"):
            data.madvise(mmap.MADV_HUGEPAGE)
        data[:self.have] = bytes(self.data[:self.have])
        self.data = data

    def _check(self):
        end = min(self.have, self.size - 4)
        if end > self.checked:
            with memoryview(self.data)[self.checked:end] as part:
                self.checksum = crc32(part, self.checksum)
            self.checked = end

    def _end_early(self):
        if self.have >= PREFIX:
            raise protocol_error("the frame is truncated: %d bytes of %d" % (self.have, self.size))
        if bytes(self.data[:min(self.have, 4)]) != MAGIC[:min(self.have, 4)]:
            raise protocol_error("these bytes are not a frame: the magic is missing")
        raise protocol_error("the frame is truncated: %d bytes of a prefix of %d" % (self.have, PREFIX))


def plain_header(frame):
    """The header of a complete frame without attachments; None for any other and for what is wrong, of which `split_frame` tells more."""
    size = len(frame)
    if size < PREFIX + 4:
        return None
    magic, container, flags, attachments, header, body, checksum = _prefix.unpack_from(frame)
    stop = PREFIX + header
    if (magic != MAGIC or container != CONTAINER or flags or attachments or size != PREFIX + body + 4 or not 2 <= header <= HEADER
            or body != header + -header % 8 or frame[stop:-4] != _ZEROS[:-header % 8] or crc32(frame[:20]) != checksum):
        return None
    with memoryview(frame) as view:
        return bytes(frame[PREFIX:stop]) if crc32(view[PREFIX:-4]) == _number(frame, size - 4, 4) else None


def split_frame(frame, body_limit=BODY, prefix=None, checksum=None):
    """
    (header bytes, attachments as views) of a complete frame. Attachments share the memory of `frame`. `prefix` and `checksum`: what a FramePart found.
    """
    view = memoryview(frame)
    if len(view) < PREFIX:
        read_frame(_reader(view), body_limit)
    count, header_length, body = prefix or read_prefix(view, body_limit)
    if len(view) < PREFIX + body + 4:
        raise protocol_error("the frame is truncated: %d bytes of %d" % (len(view), PREFIX + body + 4))
    if len(view) > PREFIX + body + 4:
        raise protocol_error("%d bytes follow the frame" % (len(view) - PREFIX - body - 4))
    if (crc32(view[PREFIX:PREFIX + body]) if checksum is None else checksum) != _number(view, PREFIX + body, 4):
        raise protocol_error("the checksum of the frame's body does not match")
    if 8 * count + _padded(header_length) > body:
        raise protocol_error("the lengths in the frame do not add up")
    lengths = [_number(view, PREFIX + 8 * i, 8) for i in range(count)]
    if 8 * count + _padded(header_length) + sum(map(_padded, lengths)) != body:
        raise protocol_error("the lengths in the frame do not add up")
    if count == 0:
        end = PREFIX + header_length
        if any(view[end:PREFIX + body]):
            raise protocol_error("the padding in the frame is not zero")
        return bytes(view[PREFIX:end]), []
    place = PREFIX + 8 * count
    parts = []
    for length in [header_length] + lengths:
        parts.append(view[place:place + length])
        if any(view[place + length:place + _padded(length)]):
            raise protocol_error("the padding in the frame is not zero")
        place += _padded(length)
    return bytes(parts[0]), parts[1:]


class Unchecked(list):
    """A frame as byte strings of which the last is the checksum, still to be filled in with that of what lies between it and the prefix."""


def join_frame(header, attachments, late=BODY):
    """The frame as a list of byte strings, to be written one after the other; an Unchecked one where there are more than `late` bytes."""
    lengths = [len(part) for part in attachments] if attachments else ()
    if len(lengths) > ATTACHMENTS:
        raise limit_exceeded("there are %d attachments, at most %d are allowed" % (len(lengths), ATTACHMENTS))
    if len(header) > HEADER:
        raise limit_exceeded("the header has %d bytes, at most %d are allowed" % (len(header), HEADER))
    if len(header) > LARGE:
        check_memory(header)
    if not lengths:
        content = header + _ZEROS[:-len(header) % 8]
        prefix = _start(MAGIC, CONTAINER, 0, 0, len(header), len(content))
        return [b"".join((prefix, crc32(prefix).to_bytes(4, "little"), content, crc32(content).to_bytes(4, "little")))]
    body = 8 * len(lengths) + _padded(len(header)) + sum(map(_padded, lengths))
    if body > BODY:
        raise limit_exceeded("the body has %d bytes, at most %d are allowed" % (body, BODY))
    prefix = _start(MAGIC, CONTAINER, 0, len(lengths), len(header), body)
    chunks = [b"".join([length.to_bytes(8, "little") for length in lengths]) + header + _padding(len(header))]
    for part in attachments:
        chunks.append(part)
        if len(part) % 8:
            chunks.append(_padding(len(part)))
    checksum = 0
    for chunk in chunks if body <= late else ():
        checksum = crc32(chunk, checksum)
    chunks[0] = prefix + crc32(prefix).to_bytes(4, "little") + chunks[0]
    chunks.append(bytearray(checksum.to_bytes(4, "little")))
    return chunks if body <= late else Unchecked(chunks)


def _padded(length):
    return length + -length % 8


def _padding(length):
    return _ZEROS[:-length % 8]


def _reader(view):
    place = [0]

    def read_into(target):
        part = view[place[0]:place[0] + len(target)]
        target[:len(part)] = part
        place[0] += len(part)
        return len(part)

    return read_into
