"""Workers that hold objects leave room for calls of other environments (SESSION.md, "Route")."""
import os

from tests.session_client import SessionTest
from tests.support import is_running, wait_for


# Each is there before the first has ended: else one worker may take them all.
MEET = 'touch "$1/$$"; while [ "$(ls "$1" | wc -l)" -lt "$2" ]; do sleep 0.01; done'


class PoolTest(SessionTest):
    def hold(self, client, count, place):
        """Objects in workers of one environment, each in one of its own. Returns their (worker, id)."""
        meeting = "%s/meeting-%s" % (self.home, place)
        os.mkdir(meeting)
        route = {"env": [["PLACE", place, False]]} if place else None
        argv = ["sh", "-c", MEET, "sh", meeting, str(count)]
        calls = [client.start("subprocess", "run", argv, returns="object", route=route) for _ in range(count)]
        return [(client.finish(call).worker, call.value["id"]) for call in calls]

    def pid(self, client, place, **route):
        return client.call("os", "getpid", route=dict({"env": [["PLACE", place, False]]}, **route)).value

    def release(self, client, worker, number):
        return client.call("sremote:object", "release", [number], route={"on": worker}).outcome

    def test_held_objects_leave_room_for_other_environments_and_for_releases(self):
        client = self.session(workers=2)
        held = self.hold(client, 2, None)
        self.assertEqual(len({worker for worker, _ in held}), 2)
        extra = self.pid(client, "a")
        # A plain call has its workers still, whatever waits.
        self.assertGreater(client.call("os", "getpid").value, 0)
        self.assertEqual(self.pid(client, "a"), extra)
        for worker, number in held:
            self.assertEqual(self.release(client, worker, number), "value")
        # What was started beside them ends: no more than two are left.
        wait_for(lambda: len(self.workers()) <= 2)

    def test_where_everything_holds_something_a_call_is_refused_with_the_reason(self):
        client = self.session(workers=2)
        held = self.hold(client, 2, None) + self.hold(client, 2, "a")
        self.assertEqual(len({worker for worker, _ in held}), 4)
        call = client.call("os", "getpid", route={"env": [["PLACE", "b", False]]})
        self.assertEqual((call.outcome, call.error["code"], call.error["stage"]), ("not-run", "limit-exceeded", "queue"))
        self.assertIn("hold objects or generators", call.error["message"])
        self.assertIn("release", call.error["hint"])
        self.assertGreater(client.call("os", "getpid").value, 0)
        self.assertEqual(self.release(client, *held[3]), "value")
        self.assertGreater(self.pid(client, "b"), 0)

    def test_generators_that_nobody_takes_are_objects_too(self):
        client = self.session(workers=1)
        route = self.module("def run():\n    yield 1\n")
        self.assertIn("id", client.call("script", "run", route=route).value)
        self.assertGreater(self.pid(client, "a"), 0)

    def test_no_more_calls_run_at_once_than_workers(self):
        client = self.session(workers=1)
        module = self.module("import os, time\ndef run(path, other):\n    open(path, 'w').close()\n    while not os.path.exists(other):\n        time.sleep(0.005)\n    return 1\n")
        self.hold(client, 1, None)
        first = client.start("script", "run", self.home + "/first", self.home + "/go", route=module)
        wait_for(lambda: os.path.exists(self.home + "/first"))
        second = client.start("os", "getpid", route={"env": [["PLACE", "b", False]]})
        # A plain call has its worker; the other waits for the one that runs.
        self.assertGreater(client.call("os", "getpid").value, 0)
        self.assertIsNone(second.result)
        self.write("go", "")
        self.assertEqual(client.finish(first).value, 1)
        self.assertGreater(client.finish(second).value, 0)

    def workers(self):
        """Processes whose parent is the supervisor."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/stat" % name) as file:
                    if int(file.read().rpartition(")")[2].split()[1]) == self.process.pid and is_running(int(name)):
                        found.append(int(name))
            except OSError:
                pass
        return found
