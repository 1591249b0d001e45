"""A directory that only this user may enter, for the socket at which a supervisor is reached again; in memory where the host has such a place."""
import os
import sys

PREFIX = "sremote-"
SOCKET = "/s"


def parents():
    """Where such a directory may be made, the best place first."""
    runtime, temporary = os.environ.get("XDG_RUNTIME_DIR", ""), os.environ.get("TMPDIR", "")
    found = ["/dev/shm"] if sys.platform.startswith("linux") else []
    return found + [path for path in (runtime, temporary) if path[:1] == "/"] + ["/tmp"]


def begun(mark, pid):
    """Where a worker of this mark may leave how many items have begun (run/begun.py), the best place first."""
    return ["%s/%s%s.%d" % (parent, PREFIX, mark, pid) for parent in ("/dev/shm", "/tmp")] if mark else []


def make(fill):
    """Makes one, has `fill(directory)` put things into it and returns what that does. Raises the last OSError where no place is good."""
    for parent in parents():
        directory = "%s/%s%s" % (parent, PREFIX, os.urandom(16).hex())
        try:
            os.mkdir(directory, 0o700)
        except OSError as error:
            problem = error
            continue
        try:
            return fill(directory)
        except OSError as error:
            problem = error
            remove(directory)
    raise problem


def remove(directory):
    try:
        for name in os.listdir(directory):
            os.unlink("%s/%s" % (directory, name))
        os.rmdir(directory)
    except OSError:
        pass  # it is gone, or what is left of it is no concern of this session


def sweep(own):
    """Removes those of this user beside `own` at whose sockets nothing listens: their supervisors were killed."""
    above = os.path.dirname(own)
    try:
        names = os.listdir(above)
    except OSError:
        return
    for name in names:
        path = "%s/%s" % (above, name)
        if name.startswith(PREFIX) and path != own:
            if _is_abandoned(path):
                remove(path)
            elif _is_of_the_dead(path):
                os.unlink(path)


def _is_of_the_dead(path):
    """Left by a worker that was killed together with its supervisor: its name ends with a process number."""
    try:
        found = os.lstat(path)
        if found.st_mode & 0o170000 != 0o100000 or found.st_uid != os.geteuid():
            return False
        os.kill(int(path.rpartition(".")[2]), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        pass
    return False


def _is_abandoned(path):
    from _socket import AF_UNIX, SOCK_STREAM, socket
    try:
        directory, door = os.lstat(path), os.lstat(path + SOCKET)
        if directory.st_mode & 0o170000 != 0o040000 or {directory.st_uid, door.st_uid} != {os.geteuid()}:
            return False
        probe = socket(AF_UNIX, SOCK_STREAM)
    except OSError:
        return False
    try:
        probe.setblocking(False)
        probe.connect(path + SOCKET)
    except ConnectionRefusedError:
        return True
    except OSError:
        pass  # not a socket, one whose queue is full, or one that has just gone
    finally:
        probe.close()
    return False
