"""Files from the client: each is written under a temporary name in its directory, verified, then renamed."""
import errno
import hashlib
import json
import os
import stat
from time import time as now

from transfer_incoming import Incoming, Mismatch, create, file_mode, place, write_part
from transfer_names import temporary
from transfer_tree import Tree, lock, split
from transfer_wire import ACTIONS, DATA, END, FILE, FILES, FILE_DROPPED, FILE_END, PART, REPORT, described, to_bytes, to_place, write_all

# What no other file would be spared from.
FATAL = (errno.ENOSPC, errno.EDQUOT)
# Seconds without a change after which an unfinished file was left behind.
LEFT_FOR = 600


def unpacked(payload):
    """The head of a frame that holds content too, and the content."""
    content = 4 + int.from_bytes(payload[:4], "little")
    if len(payload) < content:
        raise ValueError("a head that is longer than its frame")
    return json.loads(payload[4:content].decode("utf-8")), memoryview(payload)[content:]


class Receiver:
    def __init__(self, wire, digests):
        self.wire = wire
        self.digests = digests
        self.tree = None
        self.incoming = None
        self.failures = []
        self.done = 0
        self.fatal = False
        # Directories that had to be made writable, and the mode they had.
        self.opened = {}

    def begin(self, path, parents, make):
        try:
            if parents:
                os.makedirs(path, exist_ok=True)
            elif make and not os.path.isdir(path):
                os.mkdir(path)
            self.tree = Tree(path)
            self.tree.directory(b"")
        except OSError as error:
            self.fail(-1, error)
            self.fatal = True

    def fail(self, number, error):
        if isinstance(error, OSError) and error.errno in FATAL:
            self.fatal = True
        self.failures.append([number] + (error.args[0] if isinstance(error, Mismatch) else described(error)))

    def report(self):
        self.wire.send_json(REPORT, {"done": self.done, "failures": self.failures, "fatal": self.fatal})
        self.failures = []
        self.done = 0

    def attempt(self, number, work, *args):
        """One item: its failure is its own."""
        if self.fatal:
            return
        try:
            work(*args)
            self.done += 1
        except (OSError, OverflowError, Mismatch) as error:
            self.fail(number, error)

    def writable(self, relative, work):
        """Runs `work(descriptor, name)` on the directory that holds a path; one that is ours but not writable is made so for the while."""
        directory, name = self.tree.locate(relative)
        try:
            return work(directory, name)
        except PermissionError:
            parent = split(relative)[0]
            mode = os.fstat(directory).st_mode
            if parent in self.opened or mode & 0o300 == 0o300:
                raise
            os.fchmod(directory, stat.S_IMODE(mode) | 0o300)
            self.opened[parent] = stat.S_IMODE(mode)
            return work(directory, name)

    def small(self, item, data):
        number, path, _, sha256, mode, time = item
        if hashlib.sha256(data).hexdigest() != sha256:
            raise Mismatch(["EDIGEST", "what arrived is not what was sent"])

        def write(directory, name):
            hidden = temporary(name)
            fd = create(directory, hidden)
            try:
                try:
                    write_all(fd, data)
                    os.fchmod(fd, file_mode(mode))
                    if time is not None:
                        os.utime(fd, ns=(time * 1000, time * 1000))
                finally:
                    os.close(fd)
                place(directory, hidden, name)
            except BaseException:
                os.unlink(hidden, dir_fd=directory)
                raise
        self.writable(to_bytes(path), write)

    def part(self, payload):
        """A part of a file that comes in several requests: it lies under a temporary name until `adopt`."""
        (number, path, old, hidden, offset), data = unpacked(payload)

        def write(directory, _):
            write_part(directory, None if old is None else to_bytes(old), to_bytes(hidden), offset, data)
        try:
            self.writable(to_bytes(path), write)
        except (OSError, Mismatch) as error:
            self.fail(number, error)
        self.report()

    def batch(self, payload):
        items, view = unpacked(payload)
        for item in items:
            data, view = view[:item[2]], view[item[2]:]
            self.attempt(item[0], self.small, item, data)
        self.report()

    def action(self, name, *args):
        getattr(self, "do_" + name)(*args)

    def do_mkdir(self, path, mode):
        relative = to_bytes(path)

        def make(directory, name):
            try:
                os.mkdir(name, 0o700 if mode is not None else 0o777, dir_fd=directory)
            except FileExistsError:
                # Another transfer to the same file system was first.
                if not stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
                    raise
        self.tree.forget(relative)
        self.writable(relative, make)

    def do_link(self, path, target, time):
        def make(directory, name):
            hidden = temporary(name)
            os.symlink(to_bytes(target), hidden, dir_fd=directory)
            try:
                if time is not None:
                    os.utime(hidden, ns=(time * 1000, time * 1000), dir_fd=directory, follow_symlinks=False)
                place(directory, hidden, name)
            except BaseException:
                os.unlink(hidden, dir_fd=directory)
                raise
        self.writable(to_bytes(path), make)

    def do_delete(self, path, is_directory):
        relative = to_bytes(path)

        def remove(directory, name):
            try:
                if is_directory:
                    os.rmdir(name, dir_fd=directory)
                else:
                    os.unlink(name, dir_fd=directory)
            except FileNotFoundError:
                pass
        try:
            self.writable(relative, remove)
        except FileNotFoundError:
            pass  # Its directory has gone, too: another transfer was first.
        self.tree.forget(relative)
        self.opened.pop(relative, None)

    def do_sweep(self, path):
        """Removes an unfinished file that was left behind; not one that a transfer may still write to, in one request or the other."""
        def remove(directory, name):
            try:
                fd = os.open(name, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW, dir_fd=directory)
            except FileNotFoundError:
                return
            try:
                if now() - os.fstat(fd).st_mtime > LEFT_FOR and lock(fd):
                    os.unlink(name, dir_fd=directory)
            finally:
                os.close(fd)
        self.writable(to_bytes(path), remove)

    def do_meta(self, path, kind, mode, time):
        relative = to_bytes(path)
        if kind == "d":
            fd = os.dup(self.tree.directory(relative))
            self.opened.pop(relative, None)
        elif kind == "f":
            fd = self.tree.open(relative)
        else:
            directory, name = self.tree.locate(relative)
            os.utime(name, ns=(time * 1000, time * 1000), dir_fd=directory, follow_symlinks=False)
            return
        try:
            if mode is not None:
                os.fchmod(fd, mode)
            if time is not None:
                os.utime(fd, ns=(time * 1000, time * 1000))
        finally:
            os.close(fd)

    def do_adopt(self, hidden, path, size, sha256, mode, time):
        """A file that came by other means, under a temporary name in its directory."""
        self.start([None, path, size, mode, time, [hidden, size]])
        incoming, self.incoming = self.incoming, None
        incoming.finish(sha256)

    def start(self, head):
        _, path, size, mode, time, resume = head

        def begin(directory, name):
            return Incoming(directory, name, size, mode, time, resume, self.digests)
        self.incoming = self.writable(to_bytes(path), begin)

    def end(self, sha256):
        incoming, self.incoming = self.incoming, None
        if incoming is None:
            return False
        incoming.finish(sha256)
        return True

    def take(self, kind, payload):
        if kind == FILES:
            self.batch(payload)
        elif kind == PART:
            self.part(payload)
        elif kind == DATA:
            if self.incoming is not None:
                try:
                    self.incoming.write(payload)
                except OSError as error:
                    self.incoming.discard()
                    self.incoming = None
                    self.fail(self.number, error)
                    self.report()
        elif kind == FILE:
            head = json.loads(payload.decode("utf-8"))
            self.number = head[0]
            try:
                if not self.fatal:
                    self.start(head)
            except (OSError, Mismatch) as error:
                self.fail(self.number, error)
                self.report()
        elif kind == FILE_END:
            if self.incoming is not None:
                self.attempt(self.number, self.end, json.loads(payload.decode("utf-8")))
                self.report()
        elif kind == FILE_DROPPED:
            if self.incoming is not None:
                self.incoming.discard()
                self.incoming = None
        elif kind == ACTIONS:
            for number, name, args in json.loads(payload.decode("utf-8")):
                self.attempt(number, self.action, name, *args)
            self.report()
        else:
            raise ValueError("an unknown frame")

    def close(self):
        """Modes of directories that were opened for the while, and what is unfinished: a large part stays, for a later run to go on from."""
        if self.incoming is not None:
            self.incoming.interrupt()
            self.incoming = None
        if self.tree is None:
            return
        for relative, mode in self.opened.items():
            try:
                os.fchmod(self.tree.directory(relative), mode)
            except OSError as error:
                self.fail(-1, error)
        self.opened = {}
        self.tree.__exit__()


def receive_files(wire, request, digests):
    """{"root": path, "parents": bool, "make": bool}, then S, F, D, E, X, P, A frames until Z -> R frames and Z."""
    receiver = Receiver(wire, digests)
    try:
        receiver.begin(to_place(request["root"]), request["parents"], request["make"])
        if receiver.fatal:
            receiver.report()
        while True:
            kind, payload = wire.expect()
            if kind == END:
                break
            if not receiver.fatal or kind in (FILE_END, FILE_DROPPED):
                receiver.take(kind, payload)
    finally:
        receiver.close()
    receiver.report()
    wire.send_json(END, {})
