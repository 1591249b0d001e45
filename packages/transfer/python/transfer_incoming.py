"""One file that is being written."""
import errno
import os
import stat

from transfer_names import temporary
from transfer_tree import lock
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


def is_still(directory, name, fd):
    """Whether the name is still that of the open file."""
    try:
        return os.path.samestat(os.stat(name, dir_fd=directory, follow_symlinks=False), os.fstat(fd))
    except FileNotFoundError:
        return False


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
        Goes on from an unfinished file, which was held since its beginning was found to be right: whatever becomes of its name meanwhile, that stays. One that
        another process writes to is copied and left alone: it is another transfer of the same file, which ends as if this one was not there.
        """
        fd = digests.take(old)
        if fd is None:
            fd = reopen(self.directory, old, offset)
        try:
            digest = digests.of(fd, offset)
            if digest is None:
                raise Mismatch(["EDIGEST", "the unfinished file is another"])
            self.digest = digest
            self.written = offset
            if lock(fd) and is_still(self.directory, old, fd):
                hidden = temporary(self.name)
                place(self.directory, old, hidden)
                self.fd, self.hidden, fd = fd, hidden, None
                os.ftruncate(self.fd, offset)
                os.lseek(self.fd, offset, os.SEEK_SET)
                return
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
        self.drop()

    def is_there(self):
        """Whether another transfer has brought the file meanwhile."""
        try:
            found = os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_size == self.size and found.st_mtime_ns // 1000 == self.time

    def interrupt(self):
        """The client is gone."""
        if self.written >= WORTH_KEEPING and self.fd is not None and os.fstat(self.fd).st_nlink > 0 and not self.is_there():
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
