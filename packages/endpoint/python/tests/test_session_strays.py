"""Whom the end of one worker must not touch."""
import os
import unittest

from sremote_endpoint.run import strays
from tests.support import is_running


class StraysTest(unittest.TestCase):
    def fork(self, lifeline):
        """A copy of this process, as a worker is before it has closed what the supervisor has open."""
        ready, told = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(told, b"1")
            os.read(self.held, 1)
            os._exit(0)
        os.read(ready, 1)
        os.close(ready)
        os.close(told)
        return pid

    def setUp(self):
        self.held, self.holder = os.pipe()
        self.addCleanup(os.close, self.held)
        self.addCleanup(os.close, self.holder)

    def test_a_worker_that_was_just_forked_is_no_stray_of_another(self):
        line, end = os.pipe()
        worker, copy = self.fork(line), self.fork(line)
        strays.WORKERS.add(worker)
        try:
            strays.end("none.0", end)
            self.assertEqual(os.waitpid(copy, 0)[1], 9)
            self.assertTrue(is_running(worker))
        finally:
            strays.WORKERS.discard(worker)
            os.kill(worker, 9)
            os.waitpid(worker, 0)
            os.close(line)
            os.close(end)


if __name__ == "__main__":
    unittest.main()
