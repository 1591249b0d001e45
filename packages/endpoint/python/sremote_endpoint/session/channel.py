"""A worker's end of its channel to the supervisor: packets in, frames of the running stream out of them, and back."""
import os
from _collections import deque
from _thread import allocate_lock
from binascii import crc32
from select import POLLIN, POLLOUT, poll
from _struct import Struct

from ..run import interrupt
from ..wire.frame import Unchecked
from ..wire.limits import PREFIX
from ..wire.packet import AHEAD, CANCEL, CHUNK, DATA, LAST, ONWARD, OPEN, SIZE, head, pack
from .link import READ
from .same_file import SameFile
from .turn_token import TurnToken

_unpack = Struct("<IBBHI").unpack_from


class Over(Exception):
    """The running stream ended while a thread waited for something of it."""


class Channel:
    def __init__(self, fd, number, ends):
        self.fd = fd
        self.number = number
        self.data = b""
        self.at = 0
        # Bytes of the current packet's payload that were not taken yet.
        self.left = 0
        # The stream whose function runs, 0 between calls.
        self.stream = 0
        self.kind = 0
        # Is the running stream's request still to come?
        self.waiting = False
        self.writing = allocate_lock()
        self.poll = poll()
        self.poll.register(fd, POLLIN)
        self.files = SameFile()
        self.files.keep(fd)
        self.wake = None
        self.receive = os.read
        # Calls that were handed ahead: (round, stream, bytes of the frame). The one that was gone on to.
        self.prefetched = deque()
        self.next = None
        self.onward = pack(ONWARD, worker=number)
        self.look = self.turn_token = None
        if ends:
            self.turn_token = TurnToken(*ends[2:])
            self.ends = []
            self.watch_output(ends[:2])

    def watch_output(self, ends):
        """The reading ends of new pipes for its output."""
        if self.turn_token is None:
            return
        for fd in self.ends:
            try:
                os.close(fd)
            except OSError:
                pass  # user code did
        self.ends = ends
        self.look = poll()
        self.look.register(self.fd, POLLIN | POLLOUT)
        for fd in ends:
            self.look.register(fd, POLLIN)

    def skip_parcel(self):
        """Passes over bytes that are no packets, behind their length."""
        while len(self.data) - self.at < 8:
            self._fill(CHUNK)
        self.left = int.from_bytes(self.data[self.at:self.at + 8], "little")
        self.at += 8

    def is_quiet(self, seconds):
        """Waits so long for a call, at most an hour. False when one comes."""
        return self.next is None and self.at == len(self.data) and not self.poll.poll(max(0, int(min(seconds, 3600) * 1000) + 1))

    def allow_threads(self):
        """Other threads than the main one may read from now on; `stop_reading` ends that."""
        with self.writing:
            if self.wake is None:
                wake = os.pipe()
                self.poll.register(wake[0], POLLIN)
                # Known only now: a thread that finds it reads at once, and must hear of the end of its call.
                self.wake = wake

    def stop_reading(self, turn):
        """Takes back the channel from a thread that waits in it, and holds `turn`."""
        os.write(self.wake[1], b"w")
        with turn:
            os.read(self.wake[0], 1)

    def _wait(self):
        interrupt.wait(self.poll)
        if self.stream == 0:
            raise Over

    def _fill(self, size, interruptible=False):
        if interruptible:
            self._wait()
        more = self.receive(self.fd, size)
        if not more:
            raise EOFError
        self.data = self.data[self.at:] + more if self.at < len(self.data) else more
        self.at = 0

    def _next_head(self, idle):
        """Goes to the next packet and returns (kind, stream)."""
        while self.left:
            if self.at == len(self.data):
                self._fill(CHUNK, not idle)
            step = min(self.left, len(self.data) - self.at)
            self.at += step
            self.left -= step
        while len(self.data) - self.at < SIZE:
            # While a large frame comes in, no more than the head: the payload is read to where it belongs.
            self._fill(READ if idle else SIZE - len(self.data) + self.at, not idle)
        size, kind, flags, _, stream = _unpack(self.data, self.at)
        if kind == OPEN and flags & AHEAD:
            while len(self.data) - self.at < SIZE + size:
                self._fill(SIZE + size - len(self.data) + self.at, not idle)
            self._keep_prefetched()
            return AHEAD, 0
        self.left, self.kind = size, kind
        self.at += SIZE
        return kind, stream

    def _keep_prefetched(self):
        """Takes those calls handed ahead that are here as a whole."""
        data, at, end = self.data, self.at, len(self.data)
        while end - at >= SIZE:
            size, kind, flags, number, stream = _unpack(data, at)
            stop = at + SIZE + size
            if kind != OPEN or not flags & AHEAD or stop > end:
                break
            at += SIZE + 2 + int.from_bytes(data[at + SIZE:at + SIZE + 2], "little")
            self.prefetched.append((number, stream, bytearray(memoryview(data)[at:stop])))
            at = stop
        self.at = at

    def go_on(self, stream, chunks, flags):
        """Ends the running stream and begins one that was handed ahead. False when that cannot be: nothing was sent then."""
        current = self.turn_token.take()
        if current is None:
            return False
        try:
            if sum(map(len, chunks)) > CHUNK or self.left or not self._may_go_on(current):
                return False
            self.next = self.prefetched.popleft()
            if self.send(stream, chunks, flags, self.onward):
                return True
            self.next = None
            return False
        finally:
            self.turn_token.put(current)

    def _may_go_on(self, current):
        """All output was read, the supervisor takes what is sent, and there is a call that was not taken back."""
        ready = self.look.poll(0)
        if len(ready) != 1 or ready[0][0] != self.fd or not ready[0][1] & POLLOUT:
            return False
        if ready[0][1] & POLLIN:
            self._fill(READ)
            self._keep_prefetched()
        prefetched = self.prefetched
        while prefetched and prefetched[0][0] != current:
            prefetched.popleft()
        return bool(prefetched)

    def _next_whole(self):
        """The usual case of `next_open`: the call that comes next lies in what is read at once. None where it does not, and nothing is taken then."""
        self.prefetched.clear()
        if self.left:
            return None
        if self.at == len(self.data):
            self._fill(READ)
        data, at = self.data, self.at
        if len(data) - at < SIZE + 2:
            return None
        size, kind, flags, _, stream = _unpack(data, at)
        stop = at + SIZE + size
        if kind != OPEN or flags & AHEAD or stop > len(data):
            return None
        start = at + SIZE + 2 + data[at + SIZE] + 256 * data[at + SIZE + 1]
        self.stream, self.at = stream, stop
        if stop != len(data):
            self._keep_prefetched()
        return bytearray(memoryview(data)[start:stop])

    def next_open(self):
        """Waits for a call and makes its stream the running one. The first bytes of its frame if all of them are there, else None."""
        if self.next is not None:
            (_, self.stream, found), self.next = self.next, None
            return found
        found = self._next_whole()
        if found is not None:
            return found
        while True:
            # What was handed ahead holds only until the worker waits.
            self.prefetched.clear()
            kind, stream = self._next_head(True)
            if kind == OPEN:
                break
        while len(self.data) - self.at < 2:
            self._fill(CHUNK)
        skip = 2 + int.from_bytes(self.data[self.at:self.at + 2], "little")
        self.stream = stream
        while skip > len(self.data) - self.at:
            self._fill(CHUNK)
        self.at += skip
        self.left -= skip
        if self.left > len(self.data) - self.at:
            return None
        found = bytearray(memoryview(self.data)[self.at:self.at + self.left])
        self.at += self.left
        self.left = 0
        self._keep_prefetched()
        return found

    def skip_to(self, kind, receive):
        """Waits for a packet of this kind, between calls. `receive(descriptor, size)` reads meanwhile."""
        self.receive = receive
        try:
            while self._next_head(True)[0] != kind:
                pass
        finally:
            self.receive = os.read

    def read_into(self, view):
        """Fills a part of `view` with bytes of the running stream. Interruptible where nothing is lost."""
        while self.left == 0 or self.kind not in (DATA, OPEN):
            kind, stream = self._next_head(False)
            if stream != self.stream:
                self.kind = 0
            elif kind == CANCEL and self.waiting:
                raise KeyboardInterrupt
        size = min(len(view), self.left)
        have = min(size, len(self.data) - self.at)
        if have:
            view[:have] = memoryview(self.data)[self.at:self.at + have]
            self.at += have
            self.left -= have
            return have
        self._wait()
        with view[:size] as part:
            done = os.readv(self.fd, [part])
        if not done:
            raise EOFError
        self.left -= done
        return done

    def send(self, stream, chunks, flags=0, before=b""):
        """Sends a frame. With LAST in `flags` it is the stream's last one. `before`: a packet before a small frame."""
        with self.writing:
            if stream != self.stream or not self.files.is_same(self.fd):
                return False
            if flags & LAST:
                self.stream = 0
            size = sum(map(len, chunks))
            if size <= CHUNK:
                self._write([before + head(DATA, stream, size, flags, self.number)] + chunks)
            else:
                self._send_large(stream, chunks, size, flags)
        return True

    def _send_large(self, stream, chunks, size, flags):
        parts, room = [], min(size, CHUNK)
        late = type(chunks) is Unchecked
        checksum, skip = 0, PREFIX
        for chunk in chunks:
            if late and chunk is chunks[-1]:
                chunk[:] = checksum.to_bytes(4, "little")
            view = memoryview(chunk).cast("B") if len(chunk) else b""
            while len(view):
                parts.append(view[:room])
                if late:
                    # While the supervisor sends what it has got.
                    checksum = crc32(parts[-1][skip:], checksum)
                    skip = 0
                view = view[len(parts[-1]):]
                room -= len(parts[-1])
                if room == 0:
                    length = min(size, CHUNK)
                    size -= length
                    self._write([head(DATA, stream, length, 0 if size else flags, self.number)] + parts)
                    parts, room = [], min(size, CHUNK)

    def write(self, packet):
        with self.writing:
            self._write([packet])

    def _write(self, parts):
        if len(parts) > 512:
            parts = [b"".join(parts)]  # writev takes 1024
        try:
            left = sum(map(len, parts)) - os.writev(self.fd, parts)
            if left:
                rest = memoryview(b"".join(parts))[-left:]
                while len(rest):
                    rest = rest[os.write(self.fd, rest):]
        except BrokenPipeError:
            raise EOFError
