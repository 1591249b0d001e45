"""Where a client reaches a supervisor whose link it lost (SESSION.md, "attach")."""
import os
import sys

import _socket
from _socket import AF_UNIX, CMSG_SPACE, SOCK_STREAM, SOL_SOCKET, socket

from ..wire.limits import NEWCOMERS
from . import private_place



class Door:
    """A listening socket in a directory that only this user may enter. Where the kernel tells who connects, that is checked too."""

    def __init__(self):
        self.socket = None
        self.directory = private_place.make(self._open)
        self.address = self.directory + private_place.SOCKET
        self.fd = self.socket.fileno()

    def _open(self, directory):
        new = socket(AF_UNIX, SOCK_STREAM)
        try:
            # Under its name it is there when it listens: a sweep of another session would take it for abandoned.
            new.bind(directory + "/new")
            new.listen(NEWCOMERS)
            os.rename(directory + "/new", directory + private_place.SOCKET)
        except OSError:
            new.close()
            raise
        new.setblocking(False)
        self.socket = new
        return directory

    def accept(self):
        """A connected descriptor of the same user, else None."""
        try:
            fd, _ = self.socket._accept()
        except OSError:
            return None
        os.set_blocking(fd, False)
        if _user_of(fd) not in (None, os.geteuid()):
            os.close(fd)
            return None
        return fd

    def sweep(self):
        private_place.sweep(self.directory)

    def close(self):
        self.socket.close()
        private_place.remove(self.directory)


def _user_of(fd):
    """Effective user of the process that connected, unix(7); None where the kernel does not tell."""
    option = getattr(_socket, "SO_PEERCRED", None)
    if option is None:
        return None
    peer = socket(AF_UNIX, SOCK_STREAM, 0, fileno=fd)
    try:
        return int.from_bytes(peer.getsockopt(SOL_SOCKET, option, 12)[4:8], sys.byteorder)
    finally:
        peer.detach()


def take_streams(fd):
    """The two descriptors that the attaching process hands over: its standard input and output. None when there are none (yet)."""
    fds = []
    peer = socket(AF_UNIX, SOCK_STREAM, 0, fileno=fd)
    try:
        _, extras, _, _ = peer.recvmsg(1, CMSG_SPACE(8))
    except BlockingIOError:
        return None
    except OSError:
        return ()
    finally:
        peer.detach()
    for extra in extras:
        fds += memoryview(extra[2][:len(extra[2]) // 4 * 4]).cast("i")
    if len(fds) == 2:
        return tuple(fds)
    for each in fds:
        os.close(each)
    return ()
