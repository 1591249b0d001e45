"""Listings and digests."""
import errno
import hashlib
import os
import stat

from transfer_names import LONGEST, is_temporary
from transfer_tree import DIRECTORY, Tree, lock
from transfer_wire import CHUNK, DIGESTS, END, LISTING, described, to_bytes, to_place, to_text

ENTRIES = 500
# PATH_MAX: what is longer is no path that a client could name.
LONGEST_PATH = 4095
# Unfinished files that are held for the client to go on from.
MOST_HELD = 64
KINDS = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l"}


def microseconds(found):
    return found.st_mtime_ns // 1000


def entry(relative, found, target):
    kind = KINDS.get(stat.S_IFMT(found.st_mode), "o")
    return [to_text(relative), kind, found.st_mode & 0o7777, found.st_size, microseconds(found), target if kind == "l" else found.st_nlink]


class Listing:
    def __init__(self, wire, root):
        self.wire = wire
        self.root = root
        self.entries = []
        self.failures = []

    def add(self, relative, found, name, directory):
        target = to_text(os.readlink(name, dir_fd=directory)) if stat.S_ISLNK(found.st_mode) else None
        self.entries.append(entry(relative, found, target))
        if len(self.entries) >= ENTRIES:
            self.flush()

    def fail(self, relative, error):
        self.failures.append([to_text(relative)] + described(error))

    def flush(self):
        self.wire.send_json(LISTING, {"root": self.root, "entries": self.entries, "failures": self.failures})
        self.entries = []
        self.failures = []

    def walk(self, relative, fd):
        """What is in the directory behind `fd`, which is closed."""
        inner = []
        try:
            # Python 3.6 cannot scan a descriptor; it gives names as its own text, which fsencode takes back exactly.
            for name in sorted(os.fsencode(name) for name in os.listdir(fd)):
                path = relative + b"/" + name if relative else name
                if len(path) > LONGEST_PATH:
                    self.fail(relative, OSError(errno.ENAMETOOLONG, ""))
                    continue
                try:
                    found = os.stat(name, dir_fd=fd, follow_symlinks=False)
                    partial = stat.S_ISREG(found.st_mode) and is_temporary(name)
                    if partial:
                        self.entries.append([to_text(path), "p", found.st_mode & 0o7777, found.st_size, microseconds(found), found.st_nlink])
                        continue
                    self.add(path, found, name, fd)
                    if stat.S_ISDIR(found.st_mode):
                        inner.append((path, name))
                except FileNotFoundError:
                    pass  # Gone before it was looked at: others work here, too.
                except OSError as error:
                    self.fail(path, error)
            for path, name in inner:
                try:
                    self.walk(path, os.open(name, DIRECTORY, dir_fd=fd))
                except FileNotFoundError:
                    pass
                except (OSError, RecursionError) as error:
                    self.fail(path, error)
        except OSError as error:
            self.fail(relative, error)
        finally:
            os.close(fd)


def list_trees(wire, request):
    """{"roots": [[path, follow, partials, recursive]]} -> L frames. A root that is not there has no entry."""
    for number, (path, follow, partials, recursive) in enumerate(request["roots"]):
        listing = Listing(wire, number)
        path = to_place(path)
        try:
            found = os.stat(path, follow_symlinks=follow)
            listing.add(b"", found, path, None)
            if recursive and stat.S_ISDIR(found.st_mode):
                listing.walk(b"", os.open(path, os.O_RDONLY | os.O_DIRECTORY))
        except FileNotFoundError:
            pass
        except OSError as error:
            listing.fail(b"", error)
        if partials:
            add_partials(listing, path)
        listing.flush()
    wire.send_json(END, {})


def add_partials(listing, path):
    """Unfinished files beside one that is named itself; their names take the place of paths."""
    parent, name = os.path.split(path)
    start = b"." + name[:LONGEST] + b".sremote-"
    try:
        names = [os.fsencode(each) for each in os.listdir(parent or b".")]
        for each in sorted(names):
            if each.startswith(start) and is_temporary(each):
                found = os.lstat(os.path.join(parent, each))
                if stat.S_ISREG(found.st_mode):
                    listing.entries.append([to_text(each), "p", found.st_mode & 0o7777, found.st_size, microseconds(found), found.st_nlink])
    except OSError:
        pass  # Nothing to go on from; what is wrong with the directory, writing to it will say.


class Digests:
    """Running digests of beginnings of files, so that nothing is read twice to go on from there."""

    def __init__(self):
        self.known = {}
        self.held = {}

    def hold(self, name, fd):
        """An unfinished file whose beginning is right: its lock keeps others from going on from it. The name is one that no other file has."""
        if len(self.held) >= MOST_HELD:
            raise OSError(errno.EMFILE, "too many unfinished files")
        lock(fd)
        self.held[name] = fd

    def take(self, name):
        return self.held.pop(name, None)

    def of(self, fd, length):
        """SHA-256 of the first `length` bytes, as an object that can go on; the position is behind them. None: the file is shorter."""
        found = os.fstat(fd)
        key = (found.st_dev, found.st_ino, length, found.st_mtime_ns)
        if key in self.known:
            os.lseek(fd, length, os.SEEK_SET)
            return self.known[key].copy()
        digest = hashlib.sha256()
        os.lseek(fd, 0, os.SEEK_SET)
        left = length
        while left:
            data = os.read(fd, min(left, CHUNK))
            if not data:
                return None
            digest.update(data)
            left -= len(data)
        if length > 1 << 20:
            self.known[key] = digest.copy()
        return digest


def hash_files(wire, request, digests):
    """{"roots": [[path, follow]], "items": [[root, relative, length or null]], "hold": bool} -> H frames of [number, sha256, length] or [number, null, errno, text]."""
    trees = [Tree(to_place(path), follow) for path, follow in request["roots"]]
    answers = []
    hold = request.get("hold", False)
    for number, (root, relative, length) in enumerate(request["items"]):
        try:
            fd = trees[root].open(to_bytes(relative), hold)
            try:
                size = os.fstat(fd).st_size
                wanted = size if length is None else min(length, size)
                digest = digests.of(fd, wanted)
                if hold:
                    digests.hold(os.path.basename(to_bytes(relative)), fd)
                    fd = None
                answers.append([number, digest.hexdigest() if digest else "", wanted])
            finally:
                if fd is not None:
                    os.close(fd)
        except OSError as error:
            answers.append([number, None] + described(error))
        if len(answers) >= ENTRIES:
            wire.send_json(DIGESTS, answers)
            answers = []
    for tree in trees:
        tree.__exit__()
    wire.send_json(DIGESTS, answers)
    wire.send_json(END, {})
