"""Where a client reaches a supervisor whose link it lost (SESSION.md, "attach")."""
import os
import sys

from _socket import AF_UNIX, CMSG_SPACE, SOCK_STREAM, SOL_SOCKET, socket

# Seconds in which a stranger must say who it is, and how many may try at once.
PATIENCE = 10.0
STRANGERS = 16


class Door:
    """A listening socket that only this user can reach: abstract on Linux, with the peer's user checked; elsewhere in a private directory."""

    def __init__(self):
        self.directory = None
        self.socket = socket(AF_UNIX, SOCK_STREAM)
        if sys.platform.startswith("linux"):
            name = "sremote-" + os.urandom(16).hex()
            self.socket.bind("\0" + name)
            self.address = "@" + name
        else:
            from tempfile import mkdtemp
            self.directory = mkdtemp(prefix="sremote-")
            self.address = self.directory + "/attach"
            self.socket.bind(self.address)
        self.socket.listen(STRANGERS)
        self.socket.setblocking(False)
        self.fd = self.socket.fileno()

    def accept(self):
        """A connected descriptor of the same user, else None."""
        try:
            fd, _ = self.socket._accept()
        except OSError:
            return None
        os.set_blocking(fd, False)
        if self.directory is None and _user_of(fd) != os.geteuid():
            os.close(fd)
            return None
        return fd

    def close(self):
        self.socket.close()
        if self.directory is not None:
            os.unlink(self.address)
            os.rmdir(self.directory)


def _user_of(fd):
    """Effective user of the process that connected, unix(7)."""
    peer = socket(AF_UNIX, SOCK_STREAM, 0, fileno=fd)
    try:
        return int.from_bytes(peer.getsockopt(SOL_SOCKET, 17, 12)[4:8], sys.byteorder)
    finally:
        peer.detach()


def take_streams(fd):
    """The two descriptors that the attaching process hands over: its standard input and output. None when there are none (yet)."""
    from array import array
    fds = array("i")
    peer = socket(AF_UNIX, SOCK_STREAM, 0, fileno=fd)
    try:
        _, extras, _, _ = peer.recvmsg(1, CMSG_SPACE(2 * fds.itemsize))
    except BlockingIOError:
        return None
    except OSError:
        return ()
    finally:
        peer.detach()
    for extra in extras:
        fds.frombytes(extra[2][:len(extra[2]) // fds.itemsize * fds.itemsize])
    if len(fds) == 2:
        return tuple(fds)
    for each in fds:
        os.close(each)
    return ()
