"""One captured stream of the function's process: kept in a file of the call's directory up to a limit, counted beyond it."""
import os

from .directory import DISK_FULL
from .files import read


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
        except OSError as error:
            if error.errno not in DISK_FULL:
                raise
            self.full = True

    def content(self):
        return read(self.path) if self.kept else b""

    def close(self):
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
