# Hands standard input and output to a supervisor that has lost its link, and stays until it is done with them.
# argv: this text, the path of the supervisor's socket, A, B. Runs under python -I -S: it imports nothing but Python's own modules.
# Nothing is handed over to another user: the socket and its directory must be ours, and so must the process at the other end.
import os, sys
import _socket
address, A, B = sys.argv[2:5]
place = os.path.dirname(address)
def refuse(detail):
    text = B + A + "N\nreason=session\n" + (detail and "detail=%s %s\n" % (place, detail))
    os.write(1, text.encode("utf-8", "surrogateescape"))
    sys.exit(0)
def check():
    try:
        directory, door = os.lstat(place), os.lstat(address)
    except OSError:
        refuse("")
    if directory.st_uid != os.geteuid() or door.st_uid != os.geteuid():
        refuse("belongs to another user")
    if directory.st_mode & 0o170077 != 0o040000 or door.st_mode & 0o170000 != 0o140000:
        refuse("is not a private directory with a socket")
check()
peer = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
try:
    peer.connect(address)
except OSError as error:
    if isinstance(error, ConnectionRefusedError):
        # The supervisor was killed, and nobody else would remove what it left.
        try:
            os.unlink(address)
            os.rmdir(place)
        except OSError:
            pass
    refuse("")
check()  # again: what was ours before may have been removed, and the name taken
if hasattr(_socket, "SO_PEERCRED"):
    owner = peer.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
    if int.from_bytes(owner[4:8], sys.byteorder) != os.geteuid():
        refuse("is served by another user")
os.write(1, (B + A).encode("ascii"))
streams = b"".join(fd.to_bytes(4, sys.byteorder) for fd in (0, 1))
try:
    peer.sendmsg([b"\0"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    while peer.recv(4096):
        pass
except OSError:
    pass  # it ended, and the client sees that
