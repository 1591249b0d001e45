"""Whether a descriptor is still what it was."""
import os
import unittest

from sremote_endpoint.session import same_file
from sremote_endpoint.session.same_file import SameFile


class TestSameFile(unittest.TestCase):
    def setUp(self):
        self.fd = self.pipe()
        self.kept = os.dup(self.fd)
        self.files = SameFile()
        self.files.keep(self.fd)

    def pipe(self):
        both = os.pipe()
        for fd in both:
            self.addCleanup(self.close, fd)
        return both[1]

    @staticmethod
    def close(fd):
        try:
            os.close(fd)
        except OSError:
            pass

    def test_same(self):
        self.assertTrue(self.files.is_same(self.fd))
        self.assertTrue(self.files.is_same(self.fd))

    def test_replaced(self):
        os.dup2(self.pipe(), self.fd)
        self.assertFalse(self.files.is_same(self.fd))

    def test_closed_and_put_back(self):
        os.close(self.fd)
        self.assertFalse(self.files.is_same(self.fd))
        os.dup2(self.kept, self.fd)
        self.assertTrue(self.files.is_same(self.fd))

    def test_kept_anew(self):
        self.files.forget(self.fd)
        os.dup2(self.pipe(), self.fd)
        self.files.keep(self.fd)
        self.assertTrue(self.files.is_same(self.fd))
        os.dup2(self.kept, self.fd)
        self.assertFalse(self.files.is_same(self.fd))

    def test_where_user_code_closed_what_watches(self):
        if self.files.watch is not None:
            os.close(self.files.watch.fileno())
        self.assertTrue(self.files.is_same(self.fd))
        os.dup2(self.pipe(), self.fd)
        self.assertFalse(self.files.is_same(self.fd))
        if self.files.watch is not None:
            self.files.watch = None  # its finalizer would close a number that is in other use by now


class TestSameFileElsewhere(TestSameFile):
    """Where there is no epoll."""

    def setUp(self):
        self.addCleanup(setattr, same_file, "epoll", same_file.epoll)
        same_file.epoll = None
        TestSameFile.setUp(self)
