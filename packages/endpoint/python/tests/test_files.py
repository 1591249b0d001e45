"""Files that appear whole or not at all: replies, claims, what is installed (PROTOCOL.md, "Spool")."""
import os
import stat
import tempfile
import unittest

from sremote_endpoint.host import files


class FilesTest(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix="sremote-test-")
        self.addCleanup(place.cleanup)
        self.directory = place.name
        self.path = place.name + "/reply"

    def seen(self):
        """What a look finds under the name now."""
        return files.read(self.path)

    def test_g26_who_reads_while_a_file_is_written_finds_what_was_there_before_whole(self):
        for before in (None, b"before"):
            if before is not None:
                files.replace(self.path, [before])
            found = []

            def chunks():
                for part in (b"af", b"ter"):
                    found.append(self.seen())
                    yield part
                found.append(self.seen())
            files.replace(self.path, chunks())
            self.assertEqual(found, [before] * 3)
            self.assertEqual(self.seen(), b"after")
            files.remove(self.path)

    def test_g26_a_file_that_cannot_be_written_to_its_end_leaves_what_was_there_and_nothing_else(self):
        def chunks():
            yield b"half"
            raise OSError(28, "No space left on device")
        for before in (None, b"before"):
            if before is not None:
                files.replace(self.path, [before])
            for write in (files.replace, files.link_new) if before is None else (files.replace,):
                with self.assertRaises(OSError):
                    write(self.path, chunks())
            self.assertEqual(self.seen(), before)
            self.assertEqual(os.listdir(self.directory), [] if before is None else ["reply"])

    def test_g01_a_file_that_exists_is_not_made_anew_and_one_that_is_made_is_whole_from_its_first_moment(self):
        found = []

        def chunks():
            yield b"first"
            found.append(self.seen())
        self.assertTrue(files.link_new(self.path, chunks()))
        self.assertEqual(found, [None])
        self.assertFalse(files.link_new(self.path, [b"second"]))
        self.assertEqual(self.seen(), b"first")
        self.assertEqual(os.listdir(self.directory), ["reply"])

    def test_g07_files_are_0600_whatever_the_umask_and_no_link_is_read_or_written_through(self):
        before = os.umask(0)
        try:
            files.replace(self.path, [b"x"])
            files.link_new(self.directory + "/claim", [b"x"])
        finally:
            os.umask(before)
        for name in ("reply", "claim"):
            self.assertEqual(stat.S_IMODE(os.stat(self.directory + "/" + name).st_mode), 0o600)
        os.symlink(self.path, self.directory + "/link")
        with self.assertRaises(OSError):
            files.read(self.directory + "/link")
        self.assertFalse(files.link_new(self.directory + "/link", [b"y"]))
        files.replace(self.directory + "/link", [b"z"])
        self.assertEqual(self.seen(), b"x")
