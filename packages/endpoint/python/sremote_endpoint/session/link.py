"""One link: the pair of byte streams between client and supervisor."""
import os

from ..wire.packet import Packets

# Bytes read at once: a whole packet of a large frame, and less than what malloc(3) maps anew each time (128 KiB), which costs more than the read.
READ = 69632
# Chunks written at once (IOV_MAX is 1024 on Linux and macOS).
CHUNKS = 1024


class Link:
    """`reader` and `writer` are descriptors it owns; `companion` another one, whose end tells the attaching process to end."""

    def __init__(self, reader, writer, companion=None):
        self.reader = reader
        self.writer = writer
        self.companion = companion
        self.timer = None
        # On a link whose client has not proved who it is: the two nonces, and how many packets had come when it was asked for its proof.
        self.challenge = None
        # Packets that the client sends again, though they came over the link before.
        self.repeated = 0
        self.packets = Packets()
        self.unsent = []
        self.size = 0
        # Since when something waits to be written.
        self.since = 0.0
        for fd in (reader, writer):
            os.set_blocking(fd, False)

    def read(self):
        """Bytes that came, b"" at the end, None when there are none yet."""
        try:
            return os.read(self.reader, READ)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def put(self, packet):
        self.unsent.append(packet)
        self.size += len(packet)

    def flush(self):
        """Writes what it can. True when all is written, False when some is left, None when the link is broken."""
        unsent = self.unsent
        try:
            while unsent:
                done = os.write(self.writer, unsent[0]) if len(unsent) == 1 else os.writev(self.writer, unsent[:CHUNKS])
                self.size -= done
                if self.size == 0:
                    del unsent[:]
                    break
                whole = 0
                while whole < len(unsent) and done >= len(unsent[whole]):
                    done -= len(unsent[whole])
                    whole += 1
                del unsent[:whole]
                if done:
                    unsent[0] = memoryview(unsent[0])[done:]
        except BlockingIOError:
            return False
        except OSError:
            return None
        return True

    def close(self):
        for fd in {self.reader, self.writer, self.companion}:
            if fd is None:
                continue
            if fd > 2:
                os.close(fd)
            else:
                # The numbers of the standard streams are never given to anything else. Closed first: there may be room for no other descriptor.
                os.close(fd)
                null = os.open(os.devnull, os.O_RDWR)
                if null != fd:
                    os.dup2(null, fd)
                    os.close(null)
