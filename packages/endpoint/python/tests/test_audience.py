"""Calls of the spool that are no longer waited for end (PROTOCOL.md, "Spool", step 5). With an endpoint whose times are short."""
import os
import socket
import subprocess
import sys
import time

from tests.support import SOURCE, EndpointTest, Reply, is_running, new_id, request, wait_for

TEXT = "import os, time\ndef wait(path):\n    with open(path + '.new', 'w') as file:\n        file.write(str(os.getpid()))\n    os.rename(path + '.new', path)\n    while not os.path.exists(path + '.go'):\n        time.sleep(0.005)\n    return 'went on'\n"


class AudienceTest(EndpointTest):
    def begin(self, stdout):
        """A call that runs, whose endpoint has this standard output."""
        self.write("work/waits.py", TEXT)
        self.id = new_id()
        self.path = "%s/%s" % (self.home, self.id)
        self.frame = request("waits", "wait", (self.path,), cwd="work", id=self.id)
        self.endpoint = self.run_endpoint(stdout)
        wait_for(lambda: os.path.exists(self.path))
        with open(self.path) as file:
            self.pid = int(file.read())

    def run_endpoint(self, stdout):
        command = [sys.executable, "-E", SOURCE + "/tests/impatient.py", "call", "--base", self.base, "-", "-"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.DEVNULL, env=self.environment())
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        process.stdin.write(self.frame)
        process.stdin.close()
        return process

    def wait_for_other(self):
        wait_for(lambda: os.path.exists("%s/calls/%s/asked" % (self.base, self.id)))

    def reply(self):
        with open("%s/calls/%s/reply" % (self.base, self.id), "rb") as file:
            return Reply(file.read())

    def left(self):
        wait_for(lambda: not is_running(self.pid))
        self.assertEqual(self.endpoint.wait(10), 93)  # it cannot deliver what it stored
        reply = self.reply()
        self.assertEqual((reply.outcome, reply.error["code"]), ("cancelled", "cancelled"))
        self.assertIn("no client had waited", reply.error["message"])

    def test_g15_a_call_ends_whose_client_is_gone(self):
        self.begin(subprocess.PIPE)
        self.endpoint.stdout.close()
        self.left()
        ours, theirs = socket.socketpair()
        self.begin(theirs)
        theirs.close()
        # The client says that nothing more comes, as it does after each request: it is still there.
        ours.shutdown(socket.SHUT_WR)
        time.sleep(0.8)  # twice the time after which it would have been ended
        self.assertTrue(is_running(self.pid))
        ours.close()
        self.left()

    def test_a_call_that_another_endpoint_waits_for_goes_on(self):
        self.begin(subprocess.PIPE)
        other = self.run_endpoint(subprocess.PIPE)
        # On a busy machine an endpoint starts more slowly than a call without anybody ends.
        self.wait_for_other()
        self.endpoint.stdout.close()
        time.sleep(0.8)  # twice the time after which it would have been ended
        self.assertTrue(is_running(self.pid))
        self.write(self.id + ".go", "")
        self.assertEqual(self.value(Reply(other.stdout.read())), "went on")
        other.stdout.close()

    def test_g15_who_waits_keeps_it_running_no_longer_than_its_own_client_is_there(self):
        self.begin(subprocess.PIPE)
        other = self.run_endpoint(subprocess.PIPE)
        self.wait_for_other()
        self.endpoint.stdout.close()
        other.stdout.close()
        self.assertEqual(other.wait(10), 93)
        self.left()

    def test_where_the_output_is_a_file_nobody_can_tell(self):
        with open(self.home + "/out", "wb") as file:
            self.begin(file)
        time.sleep(0.8)  # twice the time after which it would have been ended
        self.assertTrue(is_running(self.pid))
        self.write(self.id + ".go", "")
        self.assertEqual(self.endpoint.wait(10), 0)
        self.assertEqual(self.value(self.reply()), "went on")
