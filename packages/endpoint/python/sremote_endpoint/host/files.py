"""Files that appear whole or not at all."""
import os

_count = 0


def temporary(directory, name):
    """A name in `directory` that no other process uses."""
    global _count
    _count += 1
    return "%s/.%s.%d.%s" % (directory, name, os.getpid(), os.urandom(6).hex() + str(_count))


def write_all(fd, data):
    view = memoryview(data)
    while len(view):
        view = view[os.write(fd, view):]


def create(path, chunks, flush=True):
    """Writes a new file of mode 0600 and flushes it to the disk. Leaves nothing behind when it fails."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            for chunk in chunks:
                write_all(fd, chunk)
            if flush:
                os.fsync(fd)
        finally:
            os.close(fd)
    except BaseException:
        os.unlink(path)
        raise


def replace(path, chunks):
    """The file at `path` becomes these bytes in one step, whether it existed or not."""
    new = temporary(os.path.dirname(path) or ".", os.path.basename(path))
    create(new, chunks)
    try:
        os.rename(new, path)
    except BaseException:
        os.unlink(new)
        raise


def link_new(path, chunks, flush=True):
    """Makes the file at `path` unless it exists, by link(): exactly one of racing processes gets True."""
    new = temporary(os.path.dirname(path), os.path.basename(path))
    try:
        create(new, chunks, flush=False)
    except OSError:
        if os.path.lexists(path):
            return False  # No room for another one, and none is needed.
        raise
    try:
        try:
            os.link(new, path)
        except FileExistsError:
            return False
        if flush:
            # After the link, so that the journal carries the new name too.
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
        return True
    finally:
        os.unlink(new)


def read(path):
    """The bytes of a file, or None when there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        parts = []
        while True:
            part = os.read(fd, 1 << 20)
            if not part:
                return b"".join(parts)
            parts.append(part)
    finally:
        os.close(fd)


def remove(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
