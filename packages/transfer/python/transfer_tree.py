"""
A directory and what lies below it, reached by directory descriptors: no component of a path below it is followed when it is a symbolic link, not even
one that was put there a moment ago.
"""
import errno
import fcntl
import os
from collections import OrderedDict

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# A FIFO that nobody writes to must not stop us.
FILE = os.O_RDONLY | os.O_NONBLOCK
KEPT = 64


class Unsafe(OSError):
    def __init__(self):
        OSError.__init__(self, errno.EPERM, "the path leads out of its tree")


class Tree:
    """`path` is whatever the user named: links in it are followed. Below it none is."""

    def __init__(self, path, follow=True):
        self.path = path
        self.follow = follow
        self.root = None
        self.open_directories = OrderedDict()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for fd in self.open_directories.values():
            os.close(fd)
        self.open_directories.clear()
        if self.root is not None:
            os.close(self.root)
            self.root = None

    def directory(self, relative):
        """The descriptor of a directory below the root; it stays ours."""
        if relative == b"":
            if self.root is None:
                self.root = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            return self.root
        fd = self.open_directories.get(relative)
        if fd is not None:
            self.open_directories.move_to_end(relative)
            return fd
        # Down from the nearest that is open: trees may be deeper than Python's stack.
        missing = []
        while relative and relative not in self.open_directories:
            missing.append(relative)
            relative = split(relative)[0]
        fd = self.directory(relative)
        for path in reversed(missing):
            fd = os.open(split(path)[1], DIRECTORY, dir_fd=fd)
            self.open_directories[path] = fd
            if len(self.open_directories) > KEPT:
                os.close(self.open_directories.popitem(last=False)[1])
        return fd

    def locate(self, relative):
        """(descriptor of its directory, name) of something below the root."""
        parent, name = split(relative)
        return self.directory(parent), name

    def open(self, relative, writable=False):
        """A regular file for reading, or also for writing."""
        if writable:
            directory, name = self.locate(relative)
            fd = os.open(name, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW, dir_fd=directory)
        elif relative == b"":
            fd = os.open(self.path, FILE | (0 if self.follow else os.O_NOFOLLOW))
        else:
            directory, name = self.locate(relative)
            fd = os.open(name, FILE | os.O_NOFOLLOW, dir_fd=directory)
        if (os.fstat(fd).st_mode & 0o170000) != 0o100000:
            os.close(fd)
            raise OSError(errno.EINVAL, "not a regular file")
        return fd

    def forget(self, relative):
        """Something else may be at this path from now on."""
        for known in [known for known in self.open_directories if known == relative or known.startswith(relative + b"/")]:
            os.close(self.open_directories.pop(known))


def lock(fd):
    """Whether nobody else writes to the file. Released when the descriptor is closed."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError:
        return False  # Held, or the file system knows no locks: then nothing is known.


def split(relative):
    parent, _, name = relative.rpartition(b"/")
    if name in (b"", b".", b"..") or b"\0" in name or relative.startswith(b"/"):
        raise Unsafe()
    return parent, name
