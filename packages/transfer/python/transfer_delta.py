"""
Room for rsync: a directory of its own beside the file that is to be replaced. rsync makes the new file in it out of the old one beside it (`--compare-dest=..`)
and what the client sends; then it is verified and takes the old one's place.
"""
import os

from transfer_incoming import Incoming, Mismatch
from transfer_names import temporary
from transfer_tree import Tree
from transfer_wire import END, REPORT, described, to_bytes, to_place, to_text


class Delta:
    def __init__(self):
        self.tree = None

    def serve(self, wire, request, digests):
        """{"step": "where", path} | {"step": "begin", root, path} | {"step": "finish", size, sha256, mode, time} | {"step": "drop"} -> R frame: a path, or [name, text]; and Z."""
        try:
            answer = getattr(self, request["step"])(request, digests)
        except OSError as error:
            answer = described(error)
            self.drop()
        except Mismatch as error:
            answer = error.args[0]
            self.drop()
        wire.send_json(REPORT, {"answer": answer})
        wire.send_json(END, {})

    def where(self, request, _):
        """What rsync is to read; it knows no `~`."""
        return to_text(os.path.abspath(to_place(request["path"])))

    def begin(self, request, _):
        self.drop()
        root = os.path.abspath(to_place(request["root"]))
        self.tree = Tree(root)
        self.directory, self.name = self.tree.locate(to_bytes(request["path"]))
        self.hidden = temporary(self.name)
        os.mkdir(self.hidden, 0o700, dir_fd=self.directory)
        return to_text(os.path.join(root, os.path.dirname(to_bytes(request["path"])), self.hidden, self.name))

    def finish(self, request, digests):
        inner = self.enter()
        try:
            moved = temporary(self.name)
            os.rename(self.name, moved, src_dir_fd=inner, dst_dir_fd=self.directory)
        finally:
            os.close(inner)
        try:
            incoming = Incoming(self.directory, self.name, request["size"], request["mode"], request["time"], [to_text(moved), request["size"]], digests)
            incoming.finish(request["sha256"])
        except BaseException:
            try:
                os.unlink(moved, dir_fd=self.directory)
            except FileNotFoundError:
                pass
            raise
        self.drop()
        return ""

    def enter(self):
        return os.open(self.hidden, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self.directory)

    def drop(self, *_):
        """Removes the directory with what rsync left in it."""
        if self.tree is None:
            return ""
        try:
            inner = self.enter()
            try:
                for name in os.listdir(inner):
                    os.unlink(name, dir_fd=inner)
            finally:
                os.close(inner)
            os.rmdir(self.hidden, dir_fd=self.directory)
        except FileNotFoundError:
            pass
        self.tree.__exit__()
        self.tree = None
        return ""
