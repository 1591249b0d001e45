"""Shipped code: trees of the user's source code on this host, by the digest of what is in them (PROTOCOL.md, "Shipped code")."""
import os
import time

from ..host.directory import ensure, ensure_base
from ..host.files import create, temporary, write_all
from ..host.os_error import refuse
from ..wire.errors import Refusal
from ..wire.limits import CODE_AGE, CODE_SWEEP

# Time of modification of all files, in seconds: one that was written to has another.
_TIME = 1000000000


def put(digest, manifest, sent, data, previous):
    """
    Keeps the files `sent`, whose bytes are `data`, and makes the tree once all are here. Returns the digests of files that are still missing.
    `previous`: digest of a tree that this one follows, or None. Raises Refusal: `code-invalid`, or what the operating system refused.
    """
    base = os.environ["SREMOTE_BASE"]
    try:
        ensure_base(base)
        ensure(base + "/code")
        ensure(base + "/code/files")
        return _Tree(base + "/code", digest, manifest, previous).put(sent, memoryview(data))
    except OSError as error:
        raise refuse(error, error.filename or base + "/code", "keep shipped code in")


def _digest(data):
    from hashlib import sha256
    return sha256(data).hexdigest()


class _Tree:
    def __init__(self, code, digest, manifest, previous):
        import json
        if _digest(manifest.encode()) != digest:
            raise ValueError("the manifest has another digest")
        self.code = code
        self.directory = code + "/" + digest
        self.previous = previous and code + "/" + previous
        self.entries = [_File(code, *entry) for entry in json.loads(manifest)]

    def put(self, sent, data):
        if self._is_whole():
            os.utime(self.directory)
            return []
        files = {each.digest: each for each in self.entries}
        at = 0
        for name in sent:
            each = files[name]
            each.keep(data[at:at + each.size])
            at += each.size
        missing = sorted({each.digest for each in self.entries if not each.is_at(each.kept)})
        if not missing:
            for each in self.entries:
                if each.path.endswith(".py") and not self._is_known(each):
                    each.check(self.directory)
            self._make()
            _sweep(self.code)
        return missing

    def _is_whole(self):
        return os.path.isdir(self.directory) and all(each.is_at(self.directory + "/" + each.path) for each in self.entries)

    def _is_known(self, entry):
        """Is it the same file in the tree that this one follows?"""
        try:
            return self.previous and os.path.samefile(self.previous + "/" + entry.path, entry.kept)
        except OSError:
            return False

    def _make(self):
        new = temporary(self.code, "tree")
        try:
            os.mkdir(new, 0o700)
            directories = {""}
            for each in self.entries:
                directory = each.path.rpartition("/")[0]
                if directory not in directories:
                    os.makedirs(new + "/" + directory, 0o700, exist_ok=True)
                    directories.add(directory)
                _link(each.kept, new + "/" + each.path)
            if self.previous:
                for directory in directories:
                    self._take_compiled(new, directory)
            self._become(new)
        except BaseException:
            _remove(new)
            raise

    def _take_compiled(self, new, directory):
        """What the interpreter has compiled of files that are the same here."""
        place = directory + "/__pycache__"
        try:
            names = os.listdir(self.previous + "/" + place)
        except OSError:
            return
        same = {each.path.rpartition("/")[2][:-3] for each in self.entries
                if each.path.endswith(".py") and each.path.rpartition("/")[0] == directory and self._is_known(each)}
        os.mkdir(new + "/" + place, 0o700)
        for name in names:
            if name.endswith(".pyc") and name.split(".")[0] in same:
                _link(self.previous + "/" + place + "/" + name, new + "/" + place + "/" + name)

    def _become(self, new):
        try:
            os.rename(new, self.directory)
        except OSError:
            # Another process was faster, or what is there was damaged.
            if not self._is_whole():
                old = temporary(self.code, "old")
                os.rename(self.directory, old)
                os.rename(new, self.directory)
                _remove(old)
            else:
                _remove(new)


class _File:
    def __init__(self, code, path, digest, size, executable):
        if "\0" in path or "/" in digest or any(part in ("", ".", "..", "__pycache__") for part in path.split("/")):
            raise ValueError("the manifest names a path that cannot be in a tree")
        self.path, self.digest, self.size = path, digest, size
        self.mode = 0o500 if executable else 0o400
        self.kept = "%s/files/%s%s" % (code, digest, "x" if executable else "")

    def is_at(self, path):
        try:
            found = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return found.st_size == self.size and found.st_mtime == _TIME

    def keep(self, data):
        if len(data) == self.size and _digest(data) == self.digest:
            new = temporary(os.path.dirname(self.kept), "file")
            _write(new, data, self.mode)
            os.rename(new, self.kept)

    def check(self, directory):
        """Does it compile?"""
        import warnings
        with open(self.kept, "rb") as file:
            source = file.read()
        path = directory + "/" + self.path
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(source, path, "exec", dont_inherit=True)
        except SyntaxError as error:
            raise _invalid(path, error, error.lineno, error.text, error.msg)
        except (ValueError, OverflowError, RecursionError, MemoryError) as error:
            raise _invalid(path, error, None, None, str(error))


def _write(path, data, mode):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        write_all(fd, data)
        os.utime(fd, (_TIME, _TIME))
    except BaseException:
        os.unlink(path)
        raise
    finally:
        os.close(fd)


def _invalid(path, error, line, source, message):
    frame = {"file": path, "line": line or 1, "function": "<module>", "source": source and source.strip()}
    return Refusal("code-invalid", message, "setup", type=type(error).__name__, module="builtins", frames=[frame])


def _link(source, target):
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        # A file system without links, or with no more for this file.
        with open(source, "rb") as file:
            _write(target, file.read(), os.fstat(file.fileno()).st_mode & 0o700)


def _sweep(code):
    """At most once a day: removes trees that no process has used for long, then files that are in no tree."""
    marker = code + "/swept"
    now = time.time()
    try:
        if abs(now - os.stat(marker).st_mtime) < CODE_SWEEP:
            return
        os.utime(marker)
    except FileNotFoundError:
        create(marker, [])
        return
    for parent in (code, code + "/files"):
        for entry in os.scandir(parent):
            found = entry.stat(follow_symlinks=False)
            if parent == code:
                if entry.is_dir(follow_symlinks=False) and entry.name != "files" and now - found.st_mtime > CODE_AGE:
                    old = temporary(code, "old")
                    os.rename(entry.path, old)
                    _remove(old)
            elif found.st_nlink == 1 and now - found.st_ctime > CODE_AGE:
                os.unlink(entry.path)


def _remove(path):
    import shutil
    shutil.rmtree(path, ignore_errors=True)
