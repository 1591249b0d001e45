"""The program that keeps shipped code. In this process, on each interpreter."""
import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
import unittest

from tests.support import SOURCE  # noqa: F401
from sremote_endpoint.programs.ship import put
from sremote_endpoint.wire.errors import Refusal
from sremote_endpoint.wire.limits import CODE_AGE, CODE_SWEEP


def digest_of(data):
    return hashlib.sha256(data).hexdigest()


class Tree:
    def __init__(self, files, executable=()):
        self.files = {path: text.encode() for path, text in files.items()}
        entries = [[path, digest_of(data), len(data), path in executable] for path, data in sorted(self.files.items())]
        self.manifest = json.dumps(entries)
        self.digest = digest_of(self.manifest.encode())
        self.by_digest = {digest_of(data): data for data in self.files.values()}

    def put(self, sent=(), previous=None):
        return put(self.digest, self.manifest, list(sent), b"".join(self.by_digest[each] for each in sent), previous)

    def put_all(self, previous=None):
        missing = self.put(previous=previous)
        return self.put(missing, previous) if missing else missing


class ShipTest(unittest.TestCase):
    def setUp(self):
        self.base = tempfile.mkdtemp() + "/base"
        self.code = self.base + "/code"
        self.before = os.environ.get("SREMOTE_BASE")
        os.environ["SREMOTE_BASE"] = self.base

    def tearDown(self):
        if self.before is None:
            del os.environ["SREMOTE_BASE"]
        else:
            os.environ["SREMOTE_BASE"] = self.before
        shutil.rmtree(os.path.dirname(self.base))

    def place(self, tree, path=""):
        return os.path.join(self.code, tree.digest, path)

    def read(self, tree, path):
        with open(self.place(tree, path), "rb") as file:
            return file.read()

    def test_what_is_missing_is_asked_for_once(self):
        one = Tree({"pack/__init__.py": "", "pack/a.py": "A = 1\n", "pack/b.py": "A = 1\n"})
        missing = one.put()
        self.assertEqual(sorted(missing), sorted({digest_of(b""), digest_of(b"A = 1\n")}))
        self.assertEqual(one.put(missing), [])
        self.assertEqual(self.read(one, "pack/b.py"), b"A = 1\n")
        # Equal bytes are kept once, over trees as well.
        two = Tree({"pack/__init__.py": "", "pack/a.py": "A = 1\n", "pack/b.py": "A = 2\n"})
        self.assertEqual(two.put(), [digest_of(b"A = 2\n")])
        two.put_all(one.digest)
        self.assertTrue(os.path.samefile(self.place(one, "pack/a.py"), self.place(two, "pack/a.py")))

    def test_bytes_of_another_digest_are_not_kept(self):
        tree = Tree({"a.py": "A = 1\n"})
        wanted = digest_of(b"A = 1\n")
        self.assertEqual(put(tree.digest, tree.manifest, [wanted], b"A = 2\n", None), [wanted])
        self.assertEqual(put(tree.digest, tree.manifest, [wanted], b"A =", None), [wanted])

    def test_a_manifest_that_leaves_the_tree_is_refused(self):
        for path in ("../a.py", "/a.py", "a/../../b.py", "a//b.py", "", ".", "a\0.py", "__pycache__/a.pyc"):
            tree = Tree({path: ""})
            with self.assertRaises(ValueError, msg=path):
                tree.put()
        tree = Tree({"a.py": ""})
        with self.assertRaises(ValueError):
            put("0" * 64, tree.manifest, [], b"", None)
        self.assertEqual(sorted(os.listdir(self.base)), ["code"])

    def test_files_cannot_be_written_to_and_directories_are_private(self):
        tree = Tree({"pack/a.py": "", "pack/run.sh": "#!/bin/sh\n"}, executable=("pack/run.sh",))
        tree.put_all()
        modes = {path: stat.S_IMODE(os.stat(self.place(tree, path)).st_mode) for path in ("", "pack", "pack/a.py", "pack/run.sh")}
        self.assertEqual(modes, {"": 0o700, "pack": 0o700, "pack/a.py": 0o400, "pack/run.sh": 0o500})

    def test_a_file_that_was_written_to_is_made_anew(self):
        tree = Tree({"a.py": "A = 1\n"})
        tree.put_all()
        os.chmod(self.place(tree, "a.py"), 0o600)
        with open(self.place(tree, "a.py"), "w") as file:
            file.write("A = 2\n")
        self.assertEqual(tree.put(), [digest_of(b"A = 1\n")])
        tree.put_all()
        self.assertEqual(self.read(tree, "a.py"), b"A = 1\n")

    def test_what_does_not_compile_is_refused_with_its_line(self):
        for source, line in (("x = 1\ndef f(:\n", 2), ("x = 1\n\nreturn\n", 3), ("\0", 1)):
            tree = Tree({"pack/a.py": source, "pack/notes.txt": "def f(:\n"})
            with self.assertRaises(Refusal) as caught:
                tree.put_all()
            failure = caught.exception.failure()
            self.assertEqual((failure["code"], failure["frames"][0]["line"]), ("code-invalid", line), source)
            self.assertEqual(failure["frames"][0]["file"], self.place(tree, "pack/a.py"))
            self.assertFalse(os.path.exists(self.place(tree)))

    def test_what_was_compiled_goes_along_where_the_source_is_the_same(self):
        one = Tree({"pack/a.py": "A = 1\n", "pack/b.py": "B = 1\n"})
        one.put_all()
        os.mkdir(self.place(one, "pack/__pycache__"))
        for name in ("a.cpython-99.pyc", "b.cpython-99.pyc", "c.cpython-99.pyc"):
            with open(self.place(one, "pack/__pycache__/" + name), "w"):
                pass
        two = Tree({"pack/a.py": "A = 1\n", "pack/b.py": "B = 2\n"})
        two.put_all(one.digest)
        self.assertEqual(os.listdir(self.place(two, "pack/__pycache__")), ["a.cpython-99.pyc"])
        # A tree that is not there is no hindrance.
        Tree({"pack/a.py": "A = 3\n"}).put_all("f" * 64)

    def test_a_file_system_without_links_gets_copies(self):
        tree = Tree({"a.py": "A = 1\n"})
        link, os.link = os.link, self.refuse
        try:
            tree.put_all()
        finally:
            os.link = link
        self.assertEqual(self.read(tree, "a.py"), b"A = 1\n")
        self.assertEqual(tree.put(), [])

    @staticmethod
    def refuse(*_):
        raise PermissionError(1, "no links")

    def test_trees_that_nothing_uses_are_swept(self):
        trees = [Tree({"a.py": "A = %d\n" % each}) for each in range(3)]
        for tree in trees[:2]:
            tree.put_all()
        old = time.time() - CODE_AGE - 60
        os.utime(self.place(trees[0]), (old, old))
        # Not before a day has passed since the last look.
        trees[2].put_all()
        self.assertTrue(os.path.exists(self.place(trees[0])))
        due = time.time() - CODE_SWEEP - 60
        os.utime(self.code + "/swept", (due, due))
        Tree({"a.py": "A = 4\n"}).put_all()
        self.assertEqual([os.path.exists(self.place(tree)) for tree in trees], [False, True, True])
        self.assertEqual([name for name in os.listdir(self.code) if name.startswith(".")], [])

    def test_a_directory_of_others_is_refused(self):
        os.makedirs(self.code)
        os.chmod(self.code, 0o777)
        with self.assertRaises(Refusal) as caught:
            Tree({"a.py": ""}).put_all()
        self.assertEqual(caught.exception.code, "unsafe-directory")
