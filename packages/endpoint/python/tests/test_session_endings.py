import os
import signal

from tests.session_client import SessionTest, wire
from tests.support import is_running, wait_for

class EndingTest(SessionTest):
    def ended(self, call, outcome, code):
        self.assertEqual((call.outcome, call.error["code"]), (outcome, code), call.error)

    def test_g24_every_way_to_end_has_its_own_name_and_costs_one_call(self):
        client = self.session()
        route = self.module("import ctypes, os, sys, threading\n"
                            "def segfault():\n    print('before', flush=True)\n    ctypes.string_at(0)\n"
                            "def leave(n):\n    os._exit(n)\ndef kill(n):\n    os.kill(os.getpid(), n)\n"
                            "def finish(n):\n    sys.exit(n)\ndef thread(n):\n    t = threading.Thread(target=os._exit, args=(n,))\n    t.start()\n    t.join()\n")
        for function, args, code, members in (
            ("segfault", [], "killed", {"signal": "SIGSEGV"}), ("leave", [3], "exited", {"exitCode": 3}), ("leave", [255], "exited", {"exitCode": 255}),
            ("kill", [9], "killed", {"signal": "SIGKILL"}), ("finish", [3], "exited", {"exitCode": 3}), ("finish", [None], "exited", {"exitCode": 0}),
            ("finish", [256 + 7], "exited", {"exitCode": 7}),
            ("thread", [4], "exited", {"exitCode": 4}),
        ):
            call = client.call("script", function, *args, route=route)
            self.ended(call, "killed", code)
            self.assertEqual({name: call.result[name] for name in ("signal", "exitCode") if name in call.result}, members)
            if function == "segfault":
                self.assertEqual(call.stdout, b"before\n")
            self.assertEqual(client.call("os", "getcwd", route=route).value, self.home + "/work")

    def test_sys_exit_runs_exit_handlers_and_what_they_write_belongs_to_the_call(self):
        route = self.module("import atexit, sys\natexit.register(lambda: print('bye'))\ndef run():\n    print('hello')\n    sys.exit('no good')\n")
        call = self.session().call("script", "run", route=route)
        self.assertEqual((call.result["exitCode"], call.stdout, call.stderr), (1, b"hello\nbye\n", b"no good\n"))

    def test_g14_a_cancelled_call_stops_and_its_worker_stays_warm(self):
        client = self.session()
        route = self.module("import os, time\ndef run():\n    print(os.getpid())\n    time.sleep(60)\n")
        for _ in range(3):
            call = client.start("script", "run", route=route)
            client.until(lambda: call.stdout)
            client.cancel(call)
            self.ended(client.finish(call), "cancelled", "cancelled")
            self.assertEqual(client.call("os", "getpid", route=route).value, int(call.stdout))

    def test_a_worker_that_was_sent_sigterm_takes_no_other_call_even_if_it_answers(self):
        client = self.session()
        route = self.module("import os, signal, time\ndef run():\n    signal.signal(signal.SIGTERM, lambda *_: over.append(1))\n    over = []\n"
                            "    try:\n        print(os.getpid())\n        time.sleep(60)\n    except KeyboardInterrupt:\n        while not over:\n            time.sleep(0.01)\n")
        call = client.start("script", "run", route=route)
        client.until(lambda: call.stdout)
        client.cancel(call)
        self.ended(client.finish(call), "cancelled", "cancelled")
        self.assertNotEqual(client.call("os", "getpid", route=route).value, int(call.stdout))

    def test_a_cancelled_call_that_returns_all_the_same_is_cancelled(self):
        client = self.session()
        route = self.module("import time\ndef run():\n    try:\n        print('here')\n        time.sleep(60)\n    except KeyboardInterrupt:\n        return 'x' * 1000000\n")
        call = client.start("script", "run", route=route)
        client.until(lambda: call.stdout)
        client.cancel(call)
        self.ended(client.finish(call), "cancelled", "cancelled")

    def test_a_call_is_cancelled_before_a_worker_takes_it(self):
        client = self.session()
        route = self.module("import time\ndef run():\n    print('here')\n    time.sleep(60)\n")
        running = client.start("script", "run", route=route)
        client.until(lambda: running.stdout)
        waiting, last = client.start("os", "getpid", route=route), client.start("os", "getpid", route=route)
        client.cancel(waiting)
        self.ended(client.finish(waiting), "cancelled", "cancelled")
        client.cancel(running)
        client.finish(running)
        self.assertGreater(client.finish(last).value, 0)

    def test_a_late_cancel_hits_nothing(self):
        client = self.session()
        for n in range(300):
            call = client.start("builtins", "str", n)
            client.cancel(call)
            follower = client.start("builtins", "sum", list(range(100)))
            self.assertIn(client.finish(call).outcome, ("value", "cancelled"))
            self.assertEqual(client.finish(follower).value, 4950)

    def test_g14_what_ignores_sigint_is_killed_with_its_children(self):
        client = self.session()
        route = self.module("import os, signal, subprocess, time\ndef run():\n    for n in (signal.SIGINT, signal.SIGTERM): signal.signal(n, signal.SIG_IGN)\n"
                            "    p = subprocess.Popen(['sleep', '61'])\n    print(os.getpid(), p.pid)\n    while True:\n        time.sleep(60)\n")
        call = client.start("script", "run", route=route)
        client.until(lambda: call.stdout.endswith(b"\n"))
        client.cancel(call)
        self.ended(client.finish(call), "cancelled", "cancelled")
        for pid in call.stdout.split():
            wait_for(lambda: not is_running(int(pid)))

    def test_g24_the_run_deadline_ends_compiled_code_too(self):
        client = self.session()
        route = dict(self.module("import re\ndef run():\n    print('here')\n    return bool(re.match('(a+)+$', 'a' * 40 + 'b'))\n"), timeoutMs=300)
        call = client.call("script", "run", route=route)
        self.ended(call, "timeout", "timeout")
        self.assertEqual((call.error["stage"], call.stdout), ("call", b"here\n"))
        self.assertEqual(client.call("os", "getcwd").value, self.home)
        self.assertEqual(client.call("math", "sqrt", 4, route={"timeoutMs": 30000}).value, 2)

    def test_the_queue_deadline_is_of_the_queue_alone(self):
        client = self.session()
        route = self.module("import time\ndef run():\n    print('here')\n    time.sleep(60)\n")
        running = client.start("script", "run", route=route)
        client.until(lambda: running.stdout)
        # The run deadline begins when a worker takes the call: it is over before this one begins otherwise.
        late = client.start("math", "sqrt", 4, route=dict(route, timeoutMs=1500))
        waiting = client.call("os", "getpid", route=dict(route, queueMs=1600))
        self.ended(waiting, "not-run", "timeout")
        self.assertEqual(waiting.error["stage"], "queue")
        client.cancel(running)
        client.finish(late)
        self.assertEqual(late.value, 2)
        self.assertEqual(client.call("time", "sleep", 0.3, route={"queueMs": 10000}).value, None)

    def test_the_idle_deadline_begins_anew_with_each_sign(self):
        client = self.session()
        route = self.module("import time\ndef run(n):\n    for i in range(n):\n        time.sleep(0.1)\n        print(i)\n    time.sleep(60)\n")
        call = client.call("script", "run", 10, route=dict(route, idleMs=800))
        self.ended(call, "timeout", "timeout")
        self.assertEqual(call.stdout, b"".join(b"%d\n" % i for i in range(10)))

    def test_a_function_that_forks_gives_one_answer(self):
        client = self.session()
        route = self.module("import os\ndef run():\n    pid = os.fork()\n    if pid:\n        os.waitpid(pid, 0)\n    return 'parent' if pid else 'child'\n")
        for _ in range(3):
            self.assertEqual(client.call("script", "run", route=route).value, "parent")

    def test_a_function_that_closes_all_descriptors_gives_none_and_is_ended(self):
        client = self.session()
        route = self.module("import os, time\ndef run(seconds):\n    os.closerange(3, 100)\n    global keep\n    keep = open('mine', 'wb')\n    time.sleep(seconds)\n    return 1\n")
        self.ended(client.call("script", "run", 0, route=route), "killed", "exited")
        self.ended(client.call("script", "run", 60, route=route), "killed", "killed")
        self.assertEqual(os.path.getsize(self.home + "/work/mine"), 0)
        self.assertEqual(client.call("os", "getcwd").value, self.home)

    def test_a_process_that_holds_the_pipes_open_delays_the_end_of_a_killed_call_only_shortly(self):
        client = self.session()
        route = self.module("import os, subprocess\ndef run():\n    p = subprocess.Popen(['sh', '-c', 'echo child; exec sleep 62'])\n    print(p.pid, flush=True)\n    os.read(p.stdout, 1) if p.stdout else None\n    os._exit(5)\n")
        call = client.call("script", "run", route=route)
        self.assertEqual(call.result["exitCode"], 5)
        pid = next(int(line) for line in call.stdout.split() if line.isdigit())
        wait_for(lambda: not is_running(pid))

    def test_g15_sigkill_of_the_supervisor_ends_workers_and_their_children_even_in_compiled_code(self):
        client = self.session(workers=3)
        supervisor = client.message(wire.WELCOME)["host"]["pid"]
        route = self.module("import os, re, subprocess\ndef run():\n    p = subprocess.Popen(['sleep', '63'])\n    print(os.getpid(), p.pid)\n    return bool(re.match('(a+)+$', 'a' * 60 + 'b'))\n")
        fresh = dict(route, env=[["LD_LIBRARY_PATH", "/somewhere", False]])
        calls = [client.start("script", "run", route=each) for each in (route, fresh)]
        idle = client.call("os", "getpid", route={"worker": "idle"}).value
        client.until(lambda: all(call.stdout.endswith(b"\n") for call in calls))
        os.kill(supervisor, signal.SIGKILL)
        for pid in [idle] + [int(pid) for call in calls for pid in call.stdout.split()]:
            wait_for(lambda: not is_running(pid), 5)

    def test_no_process_to_be_had_is_named(self):
        program = ["-c", "import errno, os, sys; sys.path.insert(0, %r)\n"
                         "def fork(): raise OSError(errno.EAGAIN, 'Resource temporarily unavailable')\n"
                         "os.fork = fork\nfrom sremote_endpoint import main\nsys.exit(main.main(sys.argv[1:]))" % os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                   "session", "--base", self.base, "--marker", "0123456789abcdef", "fedcba9876543210"]
        client = self.session(program=program)
        for route in (None, {"worker": "a"}, {"isolation": "call"}):
            call = client.call("os", "getpid", route=route)
            self.ended(call, "not-run", "endpoint-broken")
            self.assertIn("temporarily unavailable", call.error["message"])

    def test_a_signal_to_the_supervisor_ends_everything(self):
        client = self.session()
        call = client.start("time", "sleep", 60)
        pid = client.call("os", "getpid", route={"worker": "a"}).value
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(10), 0)
        wait_for(lambda: not is_running(pid))
        self.assertIsNone(call.result)
