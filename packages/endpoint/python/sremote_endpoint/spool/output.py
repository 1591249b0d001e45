"""One captured stream of the function's process: kept in a file of the call's directory up to a limit, counted beyond it."""
import os

from ..host.files import read


class Output:
    def __init__(self, path, limit):
        self.path = path
        self.limit = limit
        self.total = 0
        self.kept = 0
        self.fd = None
        self.full = False

    def feed(self, data):
        self.total += len(data)
        room = self.limit - self.kept
        if self.full or room <= 0:
            return
        try:
            if self.fd is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                self.fd = os.open(self.path, flags, 0o600)
            part = data[:room]
            while part:
                done = os.write(self.fd, part)
                self.kept += done
                part = part[done:]
        except OSError:
            # A full disk, a broken one, something planted in the file's place. The function goes on, and its value is worth more
            # than its output: what is lost is counted, and the reply says `truncated`.
            self.full = True

    def content(self):
        """What was kept. Where it cannot be read again, nothing was kept."""
        try:
            found = read(self.path) if self.kept else b""
        except OSError:
            found = None
        if found is None or len(found) != self.kept:
            self.kept, found = 0, b""
        return found

    def close(self):
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
