import os
import time

from tests.session_client import SessionTest, wire
from tests.support import wait_for


def custom(kind):
    return [["custom", kind]]


class ObjectTest(SessionTest):
    COUNTER = ("class Counter:\n    step = 1\n    def __init__(self, n=0):\n        self.n = n\n        self.items = {'a': 1}\n    def add(self, k):\n        self.n += k * self.step\n        return self.n\n"
               "    def me(self):\n        return self\n    def __getitem__(self, k):\n        return self.items[k]\n    def __setitem__(self, k, v):\n        self.items[k] = v\n"
               "    def __delitem__(self, k):\n        del self.items[k]\n    def __iter__(self):\n        return iter([1, 2])\n"
               "def total(*counters):\n    return sum(c.n for c in counters)\n"
               "def count(n):\n    try:\n        for i in range(n):\n            yield i\n        return 'end'\n    finally:\n        print('closed')\n"
               "async def later(n):\n    import asyncio\n    try:\n        for i in range(n):\n            await asyncio.sleep(0)\n            yield i\n    finally:\n        print('closed')\n"
               "def fails():\n    yield 1\n    raise ValueError('no')\n"
               "def each(f, n):\n    for i in range(n):\n        yield f(i)\n")

    def setUp(self):
        SessionTest.setUp(self)
        self.route = self.module(self.COUNTER)
        self.client = self.session()

    def ended(self, call, outcome, code):
        self.assertEqual((call.outcome, call.error["code"]), (outcome, code), call.error)

    def make(self, function="Counter", *args, **members):
        members.setdefault("returns", "object")
        call = self.client.call("script", function, *args, route=self.route, **members)
        found = call.value
        self.assertEqual(call.result["value"]["meta"]["values"], custom("object" if members["returns"] else "iterator"))
        return found["id"], call

    def act(self, worker, function, number, *args, **members):
        value = {"json": [{"id": number}] + list(args), "meta": {"values": {"0": custom("object")}, "v": 1}}
        return self.client.call("sremote:object", function, route=dict(self.route, on=worker), **dict(members, args=value))

    def test_an_object_stays_in_its_worker_and_is_used_there(self):
        number, made = self.make("Counter", 5)
        self.assertEqual(made.value["type"], "script.Counter")
        self.assertEqual(made.flags, wire.LAST | wire.HOLDS)
        worker = made.worker
        self.assertEqual(self.act(worker, "call", number, "add", [2], {}).value, 7)
        self.assertEqual(self.act(worker, "get", number, "n").value, 7)
        self.act(worker, "set", number, "step", 10)
        self.assertEqual(self.act(worker, "call", number, "add", [1]).value, 17)
        self.assertEqual(self.act(worker, "item", number, "a").value, 1)
        self.act(worker, "setItem", number, "b", 2)
        self.act(worker, "deleteItem", number, "a")
        self.assertEqual(self.act(worker, "get", number, "items").value, {"b": 2})
        self.ended(self.act(worker, "value", number), "raised", "unserializable-result")
        self.ended(self.act(worker, "get", number, "nothing"), "raised", "raised")
        self.ended(self.act(worker, "explode", number), "not-run", "function-not-found")
        other = self.act(worker, "call", number, "me", [], returns="object").value["id"]
        self.assertNotEqual(other, number)
        done = self.client.call("sremote:object", "release", [number, other], route=dict(self.route, on=worker))
        self.assertEqual(done.flags, wire.LAST)
        self.ended(self.act(worker, "get", number, "n"), "not-run", "object-lost")

    def test_objects_are_arguments_of_other_calls(self):
        first, made = self.make("Counter", 5)
        second, _ = self.make("Counter", 6)
        args = {"json": [{"id": first}, {"id": second}], "meta": {"values": {"0": custom("object"), "1": custom("object")}, "v": 1}}
        self.assertEqual(self.client.call("script", "total", args=args, route=dict(self.route, on=made.worker)).value, 11)
        args["json"][1]["id"] = 77
        self.ended(self.client.call("script", "total", args=args, route=dict(self.route, on=made.worker)), "not-run", "object-lost")

    def test_an_object_is_lost_with_its_lease_or_its_worker(self):
        number, made = self.make("Counter", 1, leaseMs=300)
        until = time.monotonic() + 0.6
        while time.monotonic() < until:
            self.assertEqual(self.act(made.worker, "get", number, "n").value, 1)
        time.sleep(0.4)  # the lease itself is what passes here
        self.ended(self.act(made.worker, "get", number, "n"), "not-run", "object-lost")
        number, made = self.make("Counter", 1)
        self.client.call("os", "_exit", 1, route=dict(self.route, on=made.worker))
        self.ended(self.act(made.worker, "get", number, "n"), "not-run", "object-lost")
        again, remade = self.make("Counter", 1)
        self.assertGreater(again, number)

    def test_a_worker_that_holds_something_is_not_ended_for_another_environment(self):
        number, made = self.make("Counter", 1, leaseMs=400)
        self.assertEqual(self.client.call("os", "getcwd").value, self.home)
        self.assertEqual(self.act(made.worker, "get", number, "n").value, 1)
        time.sleep(0.4)  # the lease itself is what passes here
        self.ended(self.act(made.worker, "get", number, "n"), "not-run", "object-lost")

    def advance(self, call):
        return self.act(call.worker, "next", call.value["id"])

    def test_generators_of_both_kinds_give_one_item_at_a_time(self):
        for function in ("count", "later"):
            call = self.client.call("script", function, 3, route=self.route)
            self.assertEqual(call.result["value"]["meta"]["values"], custom("iterator"))
            self.assertEqual([self.advance(call).value for _ in range(3)], [{"done": False, "value": n} for n in range(3)])
            last = self.advance(call)
            self.assertEqual(last.value, {"done": True, "value": "end" if function == "count" else None})
            self.assertEqual((last.stdout, last.flags), (b"closed\n", wire.LAST))
            self.ended(self.advance(call), "not-run", "object-lost")

    def test_a_closed_generator_runs_its_finally(self):
        for function in ("count", "later"):
            call = self.client.call("script", function, 3, route=self.route)
            self.advance(call)
            closed = self.act(call.worker, "close", call.value["id"])
            self.assertEqual((closed.stdout, closed.flags), (b"closed\n", wire.LAST))

    def test_a_generator_that_raises_is_over(self):
        call = self.client.call("script", "fails", route=self.route)
        self.advance(call)
        self.ended(self.advance(call), "raised", "raised")
        self.ended(self.advance(call), "not-run", "object-lost")

    def test_an_object_is_iterated(self):
        number, made = self.make("Counter")
        call = self.act(made.worker, "iterate", number)
        self.assertEqual([self.advance(call).value["value"] for _ in range(2)], [1, 2])
        self.assertEqual(self.advance(call).value["done"], True)

    def test_iterators_are_results_and_files_are_not(self):
        call = self.client.call("builtins", "map", route=self.route, args={"json": []})
        self.ended(call, "not-run", "bad-arguments") if call.outcome == "not-run" else self.assertEqual(call.outcome, "raised")
        call = self.client.call("builtins", "iter", [1], route=self.route)
        self.assertEqual(self.advance(call).value, {"done": False, "value": 1})
        self.ended(self.client.call("builtins", "open", "/dev/null", route=self.route), "raised", "unserializable-result")

    # Results as arguments.

    def result(self, call):
        return {"json": [{"stream": call.number}], "meta": {"values": {"0": custom("result")}, "v": 1}}

    def test_results_are_arguments_of_later_calls_that_were_sent_at_once(self):
        first = self.client.start("builtins", "complex", 3, 4, route={"keep": True}, keep=2, returns="object")
        second = self.client.start("builtins", "abs", args=self.result(first), route={"after": first.number, "keep": True}, keep=1)
        third = self.client.start("math", "sqrt", args=self.result(second), route={"after": second.number})
        fourth = self.client.start("builtins", "abs", args=self.result(first), route={"after": first.number})
        self.assertEqual([self.client.finish(call).value for call in (second, third, fourth)], [5.0, 5.0 ** 0.5, 5.0])
        fifth = self.client.call("builtins", "abs", args=self.result(first), route={"after": first.number})
        self.ended(fifth, "not-run", "dependency-failed")

    def test_a_call_whose_argument_failed_is_not_run_and_says_why(self):
        first = self.client.start("json", "loads", "{", route={"keep": True}, keep=1)
        second = self.client.start("builtins", "len", args=self.result(first), route={"after": first.number, "keep": True}, keep=1)
        third = self.client.start("builtins", "len", args=self.result(second), route={"after": second.number})
        self.ended(self.client.finish(second), "not-run", "dependency-failed")
        self.assertEqual(second.error["cause"]["type"], "JSONDecodeError")
        self.ended(self.client.finish(third), "not-run", "dependency-failed")
        self.assertEqual(third.error["cause"]["cause"]["type"], "JSONDecodeError")
        first = self.client.start("time", "sleep", 60, route={"keep": True, "timeoutMs": 100}, keep=1)
        second = self.client.start("builtins", "str", args=self.result(first), route={"after": first.number})
        self.ended(self.client.finish(second), "not-run", "dependency-failed")
        self.assertEqual(second.error["cause"]["code"], "timeout")

    def test_why_an_argument_failed_is_known_when_its_worker_is_gone(self):
        # As in "where there is none, say why" and "of a call that never got a worker" of the Node endpoint's session-workers.test.ts.
        dead = self.client.start("os", "_exit", 3, route={"keep": True}, keep=1)
        orphan = self.client.start("builtins", "len", args=self.result(dead), route={"after": dead.number})
        self.ended(self.client.finish(orphan), "not-run", "dependency-failed")
        self.assertEqual(orphan.error["cause"]["code"], "exited")
        late = self.client.call("builtins", "len", args=self.result(dead), route={"after": dead.number})
        self.ended(late, "not-run", "dependency-failed")
        self.assertEqual(late.error["cause"]["code"], "exited")
        unknown = self.client.call("builtins", "len", args=self.result(dead), route={"after": 999})
        self.ended(unknown, "not-run", "dependency-failed")
        self.assertNotIn("cause", unknown.error)
        busy = self.client.start("time", "sleep", 60)
        waiting = self.client.start("builtins", "abs", 1, route={"keep": True}, keep=1)
        follower = self.client.start("builtins", "len", args=self.result(waiting), route={"after": waiting.number})
        self.client.cancel(waiting)
        self.ended(self.client.finish(follower), "not-run", "dependency-failed")
        self.assertEqual(follower.error["cause"]["code"], "cancelled")
        self.client.cancel(busy)
        self.client.finish(busy)

    # Callbacks.

    def callback(self, *more):
        return {"json": [{"id": 7}] + list(more), "meta": {"values": {"0": custom("callback")}, "v": 1}}

    def use(self, text, answer, function="run", *more):
        self.used = getattr(self, "used", 0) + 1
        self.route = self.module(text, "using%d" % self.used)
        self.client.answer = answer
        return self.client.call("using%d" % self.used, function, args=self.callback(*more), route=self.route)

    @staticmethod
    def doubled(ask):
        return {"type": "answer", "ask": ask["ask"], "value": {"json": ask["args"]["json"][0] * 2}}

    def test_a_function_of_the_client_is_called_and_its_value_comes_back(self):
        call = self.use("def run(f, n):\n    return [f(i) for i in range(n)]\n", self.doubled, "run", 50)
        self.assertEqual(call.value, [2 * i for i in range(50)])
        self.assertEqual([ask["ask"] for ask in call.asks], list(range(50)))
        self.assertEqual({ask["callback"] for ask in call.asks}, {7})

    def test_it_is_called_from_many_threads(self):
        call = self.use("import threading\ndef run(f, n):\n    found = []\n    def go(i):\n        for k in range(20):\n            found.append((i * 100 + k, f(i * 100 + k)))\n"
                        "    threads = [threading.Thread(target=go, args=(i,)) for i in range(n)]\n    for t in threads: t.start()\n    found.append((5, f(5)))\n    for t in threads: t.join()\n"
                        "    return [len(found), all(b == 2 * a for a, b in found)]\n", self.doubled, "run", 8)
        self.assertEqual(call.value, [161, True])

    def test_with_much_data_it_is_asked_by_one_thread_at_a_time(self):
        self.route = self.module("import threading\ndef run(f):\n    for _ in range(3):\n        threading.Thread(target=f, args=(bytes(100000),), daemon=True).start()\n    f(1)\n", "using")
        call = self.client.start("using", "run", args=self.callback(), route=self.route)
        self.client.until(lambda: len(call.asks) > 1)
        self.assertEqual(sorted(len(str(ask["args"]["json"])) > 3 for ask in call.asks), [False, True])
        self.client.cancel(call)
        self.ended(self.client.finish(call), "cancelled", "cancelled")

    def test_its_errors_are_raised_and_named(self):
        call = self.use("def run(f):\n    try:\n        f(1, x=2)\n    except RuntimeError as e:\n        return [type(e).__name__, type(e).__module__, e.name, str(e)]\n",
                        lambda ask: {"type": "answer", "ask": ask["ask"], "error": {"name": "RangeError", "message": "no"}})
        self.assertEqual(call.value, ["CallbackError", "sremote_endpoint.callback", "RangeError", "no"])
        self.assertEqual(call.asks[0]["kwargs"], {"json": {"x": 2}})
        call = self.use("def run(f):\n    f(1)\n", lambda ask: {"type": "answer", "ask": ask["ask"], "error": {"name": "Error", "message": "why"}})
        self.ended(call, "raised", "raised")
        self.assertEqual((call.error["type"], call.error["message"]), ("CallbackError", "why"))
        call = self.use("def run(f):\n    f(object())\n", self.doubled)
        self.assertEqual((call.outcome, call.error["type"]), ("raised", "TypeError"))
        self.ended(self.use("def run(f):\n    return f\n", self.doubled), "raised", "unserializable-result")

    def test_an_answer_to_what_was_not_asked_fails_what_waits(self):
        call = self.use("def run(f):\n    f(1)\n", lambda ask: {"type": "answer", "ask": ask["ask"] + 5, "value": {"json": 1}})
        self.assertEqual((call.outcome, call.error["message"]), ("raised", "an answer to what was not asked"))

    def test_a_large_answer_waits_for_credit(self):
        call = self.use("def run(f):\n    return len(f(1)) + len(f(2)) + len(f(3))\n", lambda ask: {"type": "answer", "ask": ask["ask"], "value": {"json": "x" * 60000}})
        self.assertEqual(call.value, 180000)

    def test_a_call_that_waits_for_the_client_can_be_cancelled(self):
        self.route = self.module("import os\npid = os.getpid()\ndef run(f):\n    return f(1)\ndef number():\n    return pid\n", "using")
        pid = self.client.call("using", "number", route=self.route).value
        for _ in range(3):
            call = self.client.start("using", "run", args=self.callback(), route=self.route)
            self.client.until(lambda: call.asks)
            self.client.cancel(call)
            self.ended(self.client.finish(call), "cancelled", "cancelled")
            self.assertEqual(self.client.call("using", "number", route=self.route).value, pid)

    def test_a_thread_that_still_waits_when_its_call_is_over_gets_an_error_and_disturbs_nothing(self):
        self.route = self.module("import threading\nfound = []\ndef run(f):\n    global t\n    def go():\n        try:\n            f(1)\n        except Exception as e:\n            found.append(type(e).__name__)\n"
                                 "    t = threading.Thread(target=go)\n    t.start()\n    while not seen(): pass\n    return 1\ndef seen():\n    import sys\n    return any(f.f_code.co_filename.endswith('interrupt.py') for f in sys._current_frames().values())\n"
                                 "def after():\n    t.join()\n    return found\ndef late():\n    return found\n", "using")
        call = self.client.call("using", "run", args=self.callback(), route=self.route)
        self.assertEqual(call.value, 1)
        for _ in range(20):
            self.assertEqual(self.client.call("using", "after", route=self.route).value, ["CallbackError"])

    def test_between_calls_it_cannot_be_called_and_that_costs_nothing(self):
        os.mkfifo(self.home + "/work/go")
        self.route = self.module("import os, threading\ndef run(f):\n    def go():\n        open('go').read()\n        try:\n            f(1)\n        except RuntimeError as error:\n"
                                 "            with open('new', 'w') as file:\n                file.write(str(error))\n            os.rename('new', 'said')\n"
                                 "    threading.Thread(target=go, daemon=True).start()\n    return os.getpid()\n", "using")
        pid = self.client.call("using", "run", args=self.callback(), route=self.route).value
        with open(self.home + "/work/go", "w"):
            pass
        wait_for(lambda: os.path.exists(self.home + "/work/said"))
        with open(self.home + "/work/said") as file:
            # The result comes to the client a moment before the worker has ended the call.
            self.assertRegex(file.read(), "only while a call runs|the call to which this function of the client belongs is over")
        self.assertEqual(self.client.call("os", "getpid", route=self.route).value, pid)

    def test_a_generator_uses_the_function_of_the_call_that_made_it(self):
        self.client.answer = self.doubled
        call = self.client.call("script", "each", args=self.callback(3), route=self.route)
        self.assertEqual([self.advance(call).value["value"] for _ in range(3)], [0, 2, 4])
