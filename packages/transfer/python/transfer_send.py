"""Files of this host to the client: small ones many to a frame, large ones in chunks, each with its SHA-256."""
import hashlib
import json
import os
import struct

from transfer_tree import Tree
from transfer_wire import CHUNK, DATA, END, FILE, FILES, FILE_END, described, to_bytes, to_place

# Small files are read whole.
SMALL = 1 << 17
BATCH = 1 << 19
# The most of a file that says it is empty.
UNSIZED = 1 << 22
MOST = 256
CHANGED = ["ECHANGED", "the file changed while it was read"]


class Sender:
    def __init__(self, wire, request, digests):
        self.wire = wire
        self.trees = [Tree(to_place(path), follow) for path, follow in request["roots"]]
        self.digests = digests
        self.growing = request.get("growing", False)
        self.heads = []
        self.parts = []
        self.held = 0

    def changed(self, fd, before):
        after = os.fstat(fd)
        if self.growing and after.st_size > before.st_size:
            return False
        return after.st_size != before.st_size or after.st_mtime_ns != before.st_mtime_ns

    def flush(self):
        if self.heads:
            head = json.dumps(self.heads, separators=(",", ":")).encode("ascii")
            self.wire.send(FILES, struct.pack("<I", len(head)), head, *self.parts)
        self.heads, self.parts, self.held = [], [], 0

    def fits(self, size, found):
        """Whether the file is as it was listed, or has grown where that may be."""
        return found.st_size == size or (self.growing and found.st_size > size)

    def item(self, number, root, relative, size, offset, length=None):
        fd = None
        try:
            fd = self.trees[root].open(to_bytes(relative))
            before = os.fstat(fd)
            if not self.fits(size, before):
                self.heads.append([number, None] + CHANGED)
            elif length is not None:
                self.part(number, fd, before, offset, length)
            elif size <= SMALL and offset == 0:
                self.small(number, fd, before, size)
            else:
                self.flush()
                self.large(number, fd, before, offset, size)
        except OSError as error:
            self.heads.append([number, None] + described(error))
        finally:
            if fd is not None:
                os.close(fd)
        if self.held >= BATCH or len(self.heads) >= MOST:
            self.flush()

    def small(self, number, fd, before, size):
        data = read_whole(fd, size)
        if self.growing and before.st_size >= size > 0:
            data = data[:size]
        # Where nothing has changed, the file says another size than it holds, as those of /proc and /sys do.
        if len(data) > (size or UNSIZED) or self.changed(fd, before):
            self.heads.append([number, None] + CHANGED)
            return
        self.heads.append([number, hashlib.sha256(data).hexdigest(), len(data)])
        self.parts.append(data)
        self.held += len(data)

    def part(self, number, fd, before, offset, length):
        """So many bytes from an offset on, with the digest of these."""
        os.lseek(fd, offset, os.SEEK_SET)
        pieces = []
        left = length
        while left:
            pieces.append(os.read(fd, left))
            if not pieces[-1]:
                break
            left -= len(pieces[-1])
        if left or self.changed(fd, before):
            self.heads.append([number, None] + CHANGED)
            return
        data = b"".join(pieces)
        self.heads.append([number, hashlib.sha256(data).hexdigest(), length])
        self.parts.append(data)
        self.held += length

    def large(self, number, fd, before, offset, size):
        self.wire.send_json(FILE, [number, offset])
        try:
            digest = self.digests.of(fd, offset)
            left = size - offset
            while digest and left > 0:
                data = os.read(fd, min(CHUNK, left))
                if not data:
                    break
                digest.update(data)
                left -= len(data)
                self.wire.send(DATA, data)
            if digest is None or left or self.changed(fd, before):
                self.wire.send_json(FILE_END, [number, None] + CHANGED)
            else:
                self.wire.send_json(FILE_END, [number, digest.hexdigest()])
        except BrokenPipeError:
            raise
        except OSError as error:
            self.wire.send_json(FILE_END, [number, None] + described(error))


def read_whole(fd, size):
    """All of a small file; of one that holds more than it says, up to a limit."""
    most = size or UNSIZED
    parts = [os.read(fd, SMALL + 1)]
    while parts[-1] and sum(map(len, parts)) <= most:
        parts.append(os.read(fd, SMALL))
    return b"".join(parts)


def send_files(wire, request, digests):
    """{"roots": [[path, follow]], "growing": bool}, then I frames of [number, root, relative, size, offset, length of a part] until Z -> S, F, D, E frames and Z."""
    sender = Sender(wire, request, digests)
    while True:
        kind, payload = wire.expect()
        if kind == END:
            break
        for item in json.loads(payload.decode("utf-8")):
            sender.item(*item)
        sender.flush()
    for tree in sender.trees:
        tree.__exit__()
    wire.send_json(END, {})
