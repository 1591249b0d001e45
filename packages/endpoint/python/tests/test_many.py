"""One function for many items (PROTOCOL.md, "Many items"), over a session and over files."""
import glob
import os

from tests.session_client import SessionTest
from tests.support import wait_for

MARK = "import os, sys, time\ndef note(n):\n    with open('begun', 'a') as file:\n        file.write('%d ' % n)\n"


class ManyTest(SessionTest):
    def begun(self):
        """The items that wrote that they began, in order."""
        with open(self.home + "/work/begun") as file:
            return [int(n) for n in file.read().split()]

    def both(self, text, items, each="item", **members):
        """(values, failures, outcome) of the same over a session and over files."""
        route = self.module(text)
        client = self.session()
        pid = client.call("os", "getpid", route=route).value
        call = client.call("script", "run", *items, route=route, each=each, **members)
        session = call.items + (call.outcome,)
        reply = self.script(text, "run", *items, each=each, **members)
        spool = reply.value or [], {found["item"]: found for found in reply.header.get("failures", [])}, reply.outcome
        self.assertEqual([session[0], sorted(session[1]), session[2]], [spool[0], sorted(spool[1]), spool[2]])
        self.assertEqual(self.left(pid), [])
        return session

    def left(self, pid):
        """Files of the worker, and of calls."""
        return glob.glob("/dev/shm/sremote-*.%d" % pid) + glob.glob(self.base + "/calls/*/begun")

    def test_results_are_in_order_with_keywords_for_all_and_lists_as_arguments(self):
        values, failures, _ = self.both("def run(n, add=0):\n    return n + add\n", list(range(5000)), kwargs={"json": {"add": 7}})
        self.assertEqual((values, failures), ([n + 7 for n in range(5000)], {}))
        values, _, _ = self.both("def run(*args):\n    return len(args)\n", [[], [1], [1, 2]], each="args")
        self.assertEqual(values, [0, 1, 2])
        values, _, _ = self.both("def run(*args):\n    return args\n", [[], [1]])
        self.assertEqual(values, [[[]], [[1]]])
        self.assertEqual(self.both("def run():\n    pass\n", [])[0], [])

    def test_g49_one_failing_item_costs_one_item(self):
        text = ("class Odd:\n    pass\nasync def later(n):\n    return n\ndef run(n):\n    if n == 3: raise ValueError('three')\n    if n == 5: return Odd()\n"
                "    if n == 6: raise StopIteration\n    if n == 7: return (k for k in [n])\n    if n == 8: raise KeyboardInterrupt\n    return n\n")
        values, failures, outcome = self.both(text, list(range(10)))
        self.assertEqual((values, outcome), ([0, 1, 2, None, 4, None, None, None, None, 9], "value"))
        found = {item: (each["outcome"], each["error"]["code"], each["error"].get("type")) for item, each in failures.items()}
        self.assertEqual(found, {
            3: ("raised", "raised", "ValueError"), 5: ("raised", "unserializable-result", None), 6: ("raised", "raised", "StopIteration"),
            7: ("raised", "unserializable-result", None), 8: ("raised", "raised", "KeyboardInterrupt"),
        })
        self.assertEqual([frame["function"] for frame in failures[3]["error"]["frames"]], ["run"])
        self.assertEqual(failures[5]["error"]["path"], "return")

    def test_arguments_that_do_not_fit_are_not_run_and_the_others_are(self):
        values, failures, _ = self.both("def run(a, b):\n    return a + b\n", [[1, 2], [1], [3, 4]], each="args")
        self.assertEqual((values, failures[1]["outcome"], failures[1]["error"]["code"]), ([3, None, 7], "not-run", "bad-arguments"))

    def test_asynchronous_functions_are_awaited_one_after_the_other(self):
        text = "running = 0\nasync def run(n):\n    global running\n    import asyncio\n    running += 1\n    await asyncio.sleep(0)\n    found = running\n    running -= 1\n    if n == 2: raise ValueError\n    return [n, found]\n"
        values, failures, _ = self.both(text, list(range(4)))
        self.assertEqual((values, list(failures)), ([[0, 1], [1, 1], None, [3, 1]], [2]))

    def test_sys_exit_costs_its_item_and_those_after_it_have_not_begun(self):
        text = MARK + "def run(n):\n    note(n)\n    if n == 4: sys.exit(3)\n    return n\n"
        values, failures, outcome = self.both(text, list(range(10)))
        self.assertEqual((values, outcome), ([0, 1, 2, 3, None], "value"))
        self.assertEqual((failures[4]["outcome"], failures[4]["error"]["code"]), ("killed", "exited"))
        self.assertEqual(self.begun(), [0, 1, 2, 3, 4] * 2)

    def test_g49_a_process_that_dies_tells_how_many_items_had_begun(self):
        text = MARK + "def run(n):\n    note(n)\n    if n == 4: os.kill(os.getpid(), 9)\n    return n\n"
        client = self.session()
        pid = client.call("os", "getpid", route=self.module(text)).value
        call = client.call("script", "run", *range(10), route=self.module(text), each="item")
        self.assertEqual((call.outcome, call.error["code"], call.result["begun"], self.begun()), ("killed", "killed", 5, [0, 1, 2, 3, 4]))
        reply = self.script(text, "run", *range(10), each="item")
        self.assertEqual((reply.outcome, reply.header["begun"], self.begun()), ("killed", 5, [0, 1, 2, 3, 4] * 2))
        self.assertEqual(self.left(pid), [])

    def test_g49_results_before_the_death_are_not_lost(self):
        text = MARK + "def run(n):\n    time.sleep(0.006)\n    if n == 4: os._exit(1)\n    return n\n"
        client = self.session()
        call = client.call("script", "run", *range(10), route=self.module(text), each="item")
        self.assertEqual((call.items[0], call.outcome, call.result["begun"]), ([0, 1, 2, 3], "killed", 5))
        reply = self.script(text, "run", *range(10), each="item")
        self.assertEqual((reply.outcome, reply.header["begun"]), ("killed", 5))

    def test_a_copy_that_user_code_forked_runs_no_further_item(self):
        text = MARK + "def run(n):\n    note(n)\n    if n == 1: os.fork()\n    return n\n"
        values, _, _ = self.both(text, list(range(5)))
        self.assertEqual((values, sorted(self.begun())), (list(range(5)), sorted(list(range(5)) * 2)))

    def test_failures_are_bounded(self):
        values, failures, _ = self.both("def run(n):\n    raise ValueError(n)\n", list(range(300)))
        self.assertEqual((len(values), len(failures)), (300, 300))
        self.assertEqual([item for item in failures if "frames" in failures[item]["error"]], list(range(100)))

    def test_more_arrays_than_one_message_holds_come_in_several(self):
        client = self.session()
        call = client.call("builtins", "bytes", *[1] * 5000, each="item")
        self.assertEqual((len(call.items[0]), call.items[1]), (5000, {}))

    def test_cancelling_ends_all_items(self):
        text = MARK + "def run(n):\n    note(n)\n    try:\n        time.sleep(0 if n < 2 else 60)\n    except KeyboardInterrupt:\n        pass\n"
        client = self.session()
        call = client.start("script", "run", *range(10), route=self.module(text), each="item")
        wait_for(lambda: os.path.exists(self.home + "/work/begun") and len(self.begun()) == 3)
        client.cancel(call)
        client.finish(call)
        self.assertEqual((call.outcome, self.begun()), ("cancelled", [0, 1, 2]))

    def test_entries_that_are_no_lists_are_refused(self):
        call = self.session().call("builtins", "len", 1, each="args")
        self.assertEqual((call.outcome, call.error["code"]), ("not-run", "protocol-error"))
