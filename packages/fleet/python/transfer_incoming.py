"""One file that is being written."""
import errno
import fcntl
import os
import stat

from transfer_names import temporary
from transfer_wire import CHUNK, write_all

# An unfinished file from this size on is kept when the link breaks.
WORTH_KEEPING = 1 << 20
UMASK = os.umask(0o077)
os.umask(UMASK)


class Mismatch(Exception):
    """What was written is not what was to be written; args[0] is [name, text]."""


def file_mode(mode):
    return 0o666 & ~UMASK if mode is None else mode


def create(directory, name):
    return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=directory)


def place(directory, hidden, name):
    os.rename(hidden, name, src_dir_fd=directory, dst_dir_fd=directory)


def lock(fd):
    """Whether nobody else writes to the file. Released when the descriptor is closed."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError:
        return False  # Held, or the file system knows no locks: then nothing is known.


def reopen(directory, name, length):
    """An unfinished file of ours that holds at least so many bytes."""
    if b"/" in name:
        raise OSError(errno.EPERM, "not a name")
    fd = os.open(name, os.O_RDWR | os.O_NOFOLLOW, dir_fd=directory)
    found = os.fstat(fd)
    if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_nlink == 1 and found.st_size >= length:
        return fd
    os.close(fd)
    raise Mismatch(["EDIGEST", "the unfinished file is another"])


def copy_start(source, length, target):
    os.lseek(source, 0, os.SEEK_SET)
    left = length
    while left:
        data = os.read(source, min(left, CHUNK))
        if not data:
            raise Mismatch(["EDIGEST", "the unfinished file is another"])
        write_all(target, data)
        left -= len(data)


def write_part(directory, old, hidden, offset, data):
    """
    Writes to an unfinished file at an offset; what was behind it goes. `old`: its name until now, of an earlier transfer. As with `Incoming`, nobody
    else goes on from it under its new name, and one that is still written to is copied.
    """
    if b"/" in hidden:
        raise OSError(errno.EPERM, "not a name")
    fd = create(directory, hidden) if offset == 0 else reopen(directory, old or hidden, offset)
    try:
        locked = lock(fd)
        if old is not None and locked:
            place(directory, old, hidden)
        elif old is not None:
            held, fd = fd, None
            try:
                fd = create(directory, hidden)
                copy_start(held, offset, fd)
                os.unlink(old, dir_fd=directory)
            finally:
                os.close(held)
        try:
            os.ftruncate(fd, offset)
            os.lseek(fd, offset, os.SEEK_SET)
            write_all(fd, data)
        except BaseException:
            os.unlink(hidden, dir_fd=directory)
            raise
    finally:
        if fd is not None:
            os.close(fd)


class Incoming:
    def __init__(self, directory, name, size, mode, time, resume, digests):
        # The descriptor may be closed by who owns it, in favour of another directory.
        self.directory = os.dup(directory)
        self.name = name
        self.size = size
        self.mode = mode
        self.time = time
        self.fd = None
        self.spent = None
        try:
            if resume is None:
                self.begin()
                self.digest = digests.of(self.fd, 0)
                self.written = 0
            else:
                self.resume(resume[0].encode("utf-8", "surrogateescape"), resume[1], digests)
        except BaseException:
            self.drop()
            raise

    def begin(self):
        self.hidden = temporary(self.name)
        self.fd = create(self.directory, self.hidden)
        lock(self.fd)

    def resume(self, old, offset, digests):
        """
        Goes on from an unfinished file. One that another process still writes to (of a link whose end this host has not noticed) is copied,
        and removed at the end.
        """
        fd = reopen(self.directory, old, offset)
        try:
            digest = digests.of(fd, offset)
            if digest is None:
                raise Mismatch(["EDIGEST", "the unfinished file is another"])
            self.digest = digest
            self.written = offset
            if lock(fd):
                hidden = temporary(self.name)
                place(self.directory, old, hidden)
                self.fd, self.hidden, fd = fd, hidden, None
                os.ftruncate(self.fd, offset)
                os.lseek(self.fd, offset, os.SEEK_SET)
                return
            self.spent = old
            self.begin()
            copy_start(fd, offset, self.fd)
        finally:
            if fd is not None:
                os.close(fd)

    def write(self, data):
        write_all(self.fd, data)
        self.digest.update(data)
        self.written += len(data)

    def finish(self, sha256):
        try:
            if self.written != self.size or self.digest.hexdigest() != sha256:
                raise Mismatch(["EDIGEST", "what arrived is not what was sent"])
            os.fchmod(self.fd, file_mode(self.mode))
            if self.time is not None:
                os.utime(self.fd, ns=(self.time * 1000, self.time * 1000))
            place(self.directory, self.hidden, self.name)
        except BaseException:
            self.discard()
            raise
        if self.spent is not None:
            try:
                os.unlink(self.spent, dir_fd=self.directory)
            except FileNotFoundError:
                pass
        self.drop()

    def interrupt(self):
        """The client is gone."""
        if self.written >= WORTH_KEEPING and self.fd is not None and os.fstat(self.fd).st_nlink > 0:
            self.drop()
        else:
            self.discard()

    def discard(self):
        if self.fd is not None:
            try:
                os.unlink(self.hidden, dir_fd=self.directory)
            except FileNotFoundError:
                pass
        self.drop()

    def drop(self):
        for fd in (self.fd, self.directory):
            if fd is not None:
                os.close(fd)
        self.fd = self.directory = None
