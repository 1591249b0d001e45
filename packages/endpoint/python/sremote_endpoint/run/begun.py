"""How many items have begun (PROTOCOL.md, "Many items"): memory in a small file, which the supervisor reads when the process has died."""
import os

_SIZE = 8


class Begun:
    """`count[0]` is the number. A list where none of the paths can be written: then it dies with the process."""

    def __init__(self, paths):
        self.count = [0]
        self.path = None
        for path in paths:
            if self._make(path):
                self.path = path
                break

    def _make(self, path):
        try:
            from mmap import mmap
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except (OSError, ImportError):
            return False
        try:
            # Written, not only made longer: on a full disk a page without a block would end the process.
            os.write(fd, bytes(_SIZE))
            self.count = memoryview(mmap(fd, _SIZE)).cast("Q")
            return True
        except OSError:
            _remove(path)
            return False
        finally:
            os.close(fd)

    def remove(self):
        if self.path is not None:
            _remove(self.path)


def take(paths):
    """The number that a process which has died left at one of these paths, and removes it. None where it left none."""
    for path in paths:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            if os.fstat(fd).st_uid == os.geteuid():
                found = os.read(fd, _SIZE)
                _remove(path)
                if len(found) == _SIZE:
                    from _struct import unpack
                    return unpack("Q", found)[0]
        except OSError:
            pass
        finally:
            os.close(fd)
    return None


def _remove(path):
    try:
        os.unlink(path)
    except OSError:
        pass  # it is gone
