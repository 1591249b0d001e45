"""Whom the end of one worker must not touch."""
import os
import subprocess
import unittest
from unittest import mock

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

    def test_a_process_that_is_just_becoming_another_program_is_looked_at_again(self):
        environment = dict(os.environ, **{strays.VARIABLE: "none.2"})
        has, looks = strays._has, []

        def first_without(pid, wanted):
            """As in execve(2), for a moment."""
            if pid != process.pid:
                return False
            looks.append(pid)
            return has(pid, wanted) if len(looks) > 2 else None

        with subprocess.Popen(["sleep", "60"], env=environment) as process, mock.patch.object(strays, "_has", first_without):
            try:
                strays.end("none.2")
                self.assertEqual(process.wait(10), -9)
            finally:
                process.kill()

    def test_what_a_process_shows_while_it_has_no_environment(self):
        with subprocess.Popen(["sleep", "60"], env={}) as process:
            try:
                self.assertIsNone(strays._has(process.pid, b"\0none"))
                strays.end("none.3")
                self.assertIsNone(process.poll())
            finally:
                process.kill()
            # A zombie: its parent has not asked.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            self.assertFalse(strays._has(process.pid, b"\0none"))
            self.assertIsNotNone(strays._has(process.pid, b"\0none"))


if __name__ == "__main__":
    unittest.main()
