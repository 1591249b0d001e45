import os
import subprocess

from tests.session_client import Lost, SessionTest, wire

ENV = {"env": [["PLACE", "a", False]]}


class StartTest(SessionTest):
    def limit(self, files):
        subprocess.run(["prlimit", "--pid", str(self.process.pid), "--nofile=%d:" % files], check=True)

    def starve(self, room=0):
        """The supervisor can open so many descriptors and no more."""
        taken = set(map(int, os.listdir("/proc/%d/fd" % self.process.pid)))
        self.limit([number for number in range(len(taken) + room + 1) if number not in taken][room])

    def begun(self):
        client = self.session(workers=3)
        # After the first call the supervisor loads, here from files, what it may need without a descriptor.
        for _ in range(2):
            self.assertEqual(client.call("math", "sqrt", 4).value, 2)
        return client

    def test_a_call_whose_worker_cannot_be_started_ends_with_the_reason_and_others_go_on(self):
        client = self.begun()
        self.starve()
        for route in (ENV, {"isolation": "call"}, {"worker": "named"}):
            call = client.start("math", "sqrt", 4, route=route)
            other = client.start("math", "sqrt", 9)
            client.finish(other)
            self.assertEqual(other.value, 3)
            client.finish(call)
            self.assertEqual((call.outcome, call.error["code"], call.error["stage"]), ("not-run", "endpoint-broken", "setup"))
            self.assertIn("Too many open files", call.error["message"])
            self.assertIn("ulimit -n", call.error["hint"])
        lost = client.call("os", "_exit", 3)
        self.assertEqual((lost.outcome, lost.result["exitCode"]), ("killed", 3))
        self.limit(1000)
        self.assertEqual(client.call("math", "sqrt", 4, route=ENV).value, 2)

    def test_a_link_that_is_lost_meanwhile_comes_back_when_there_are_descriptors_again(self):
        client = self.begun()
        address = client.message(wire.WELCOME)["attach"]
        # For the door, for one end of the link, for both, and for what only now is loaded.
        for room in range(1, 5):
            self.starve(room)
            try:
                client.resume(address)
                self.limit(1000)
            except (Lost, OSError):
                self.limit(1000)
                client.resume(address)
            self.assertEqual(client.call("math", "sqrt", 4).value, 2)
