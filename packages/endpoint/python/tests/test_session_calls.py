import os

from tests.session_client import SessionTest, wire
from tests.support import is_running, wait_for


class CallTest(SessionTest):
    def ended(self, call, outcome, code):
        self.assertEqual((call.outcome, call.error["code"]), (outcome, code), call.error)

    def test_values_and_errors_are_those_of_the_spool(self):
        client = self.session()
        welcome = client.message(wire.WELCOME)
        self.assertEqual((welcome["protocol"], welcome["host"]["home"], welcome["host"]["runtime"]), (1, self.home, "python"))
        self.assertEqual(client.call("math", "sqrt", 16).value, 4)
        self.assertEqual(client.call("os.path", "join", "a", "b").value, "a/b")
        for module, function, args, outcome, code, stage in (
            ("nothing_of_that_name", "f", [], "not-run", "module-not-found", "import"),
            ("os", "getpidd", [], "not-run", "function-not-found", "lookup"),
            ("os", "getpid", [1], "not-run", "bad-arguments", "arguments"),
            ("textwrap", "dedent", [], "not-run", "bad-arguments", "arguments"),
            ("json", "loads", ["{"], "raised", "raised", "call"),
            ("builtins", "object", [], "raised", "unserializable-result", "result"),
        ):
            call = client.call(module, function, *args)
            self.ended(call, outcome, code)
            self.assertEqual(call.error["stage"], stage)
        self.assertEqual(client.call("json", "loads", "[1]").value, [1])

    def test_a_worker_stays_warm_and_forgets_directory_umask_and_arguments(self):
        route = self.module("import os, sys, signal\nn = 0\ndef run():\n    global n\n    n += 1\n    found = [n, os.getcwd(), os.umask(0o777), sys.argv]\n"
                            "    os.chdir('/'); sys.argv = ['x']\n    signal.signal(signal.SIGINT, signal.SIG_IGN)\n    return found\n")
        client = self.session()
        first, second = [client.call("script", "run", route=route).value for _ in range(2)]
        self.assertEqual((first[0], second[0]), (1, 2))
        self.assertEqual(first[1:], second[1:])
        self.assertEqual(first[1], self.home + "/work")

    def test_user_code_sees_a_plain_interpreter(self):
        route = self.module("import sys, os\ndef run():\n    try:\n        import sremote_endpoint\n    except ImportError:\n        pass\n    else:\n        return 'seen'\n"
                            "    return [n for n in sys.modules if n.startswith('sremote')] + [p for p in sys.path if p == '' or 'endpoint' in p] + [sys.argv[0], sys.modules['__main__'].__dict__.get('__file__')]\n")
        client = self.session()
        for _ in range(2):
            client.call("array", "array", "i", [1, 2])
            self.assertEqual(client.call("script", "run", route=route).value, ["", None])

    def test_g31_output_is_complete_in_order_and_attributed_whoever_writes_it(self):
        route = self.module("import os, sys, subprocess\ndef run(n):\n    os.write(1, b'c%d ' % n)\n    sys.stdout.write('p%d ' % n)\n    sys.stdout.flush()\n"
                            "    subprocess.check_call(['sh', '-c', 'printf \"s%d \"; printf \"\\\\000\\\\377\" >&2' % n])\n    print('end', n)\n    return n\n")
        client = self.session()
        for n in range(20):
            call = client.call("script", "run", n, route=route)
            self.assertEqual((call.value, call.stdout, call.stderr), (n, ("c%d p%d s%d end %d\n" % (n, n, n, n)).encode(), b"\0\xff"))

    def test_what_a_process_writes_after_its_call_is_not_taken_for_the_next_calls(self):
        os.mkfifo(self.home + "/gate")
        route = self.module("import subprocess\ndef run(path):\n    global p\n    p = subprocess.Popen(['sh', '-c', 'read line < %s; echo late; echo late >&2' % path])\n"
                            "def wait():\n    return p.wait()\n")
        client = self.session()
        self.assertEqual(client.call("script", "run", self.home + "/gate", route=route).value, None)
        with open(self.home + "/gate", "w") as gate:
            gate.write("go\n")
        call = client.call("script", "wait", route=route)
        self.assertEqual((call.value, call.stdout, call.stderr), (0, b"", b""))

    def test_output_comes_while_the_function_runs(self):
        os.mkfifo(self.home + "/gate")
        route = self.module("def run(path):\n    print('before')\n    open(path).read()\n    print('after')\n")
        client = self.session()
        call = client.start("script", "run", self.home + "/gate", route=route)
        client.until(lambda: call.stdout == b"before\n")
        open(self.home + "/gate", "w").close()
        self.assertEqual(client.finish(call).stdout, b"before\nafter\n")

    def test_output_waits_for_credit_and_nothing_is_lost(self):
        route = self.module("import os\ndef run(n):\n    for i in range(n):\n        os.write(1, b'%07d\\n' % i)\n    return n\n")
        client = self.session()
        call = client.start("script", "run", 100000, route=route, by_hand=True)
        client.until(lambda: len(call.stdout) == 262144)
        self.assertEqual(client.call("os", "getcwd", route={"worker": "other"}).value, self.home)
        self.assertEqual(len(call.stdout), 262144)
        client.credit(call, 1000)
        client.until(lambda: len(call.stdout) == 263144)
        client.credit(call, 536855)
        client.until(lambda: len(call.stdout) == 799999)
        self.assertEqual(client.call("os", "getcwd", route={"worker": "other"}).value, self.home)
        self.assertIsNone(call.result)
        client.credit(call, 1)
        self.assertEqual(client.finish(call).stdout, b"".join(b"%07d\n" % i for i in range(100000)))

    def test_muted_output_is_counted(self):
        route = self.module("import os\ndef run(n):\n    os.write(2, b'e')\n    for i in range(n):\n        os.write(1, b'x' * 1000)\n    return n\n")
        client = self.session()
        call = client.start("script", "run", 1000, route=route, by_hand=True)
        client.until(lambda: len(call.stdout) == 262144)
        client.mute(call, 1)
        client.finish(call)
        self.assertEqual((call.totals, call.stderr), ((1000000, 1), b"e"))

    def test_calls_run_at_once_on_several_workers_and_wait_in_order(self):
        gates = ["%s/gate%d" % (self.home, n) for n in range(4)]
        for gate in gates:
            os.mkfifo(gate)
        route = self.module("import os\ndef run(path):\n    print('here')\n    open(path).read()\n    return os.getpid()\ndef add(n):\n    with open('order', 'a') as f:\n        f.write('%d ' % n)\n")
        client = self.session(workers=4)
        calls = [client.start("script", "run", gate, route=route) for gate in gates]
        client.until(lambda: all(call.stdout for call in calls))
        later = [client.start("script", "add", n, route=route) for n in range(10)]
        open(gates[0], "w").close()
        for call in later:
            client.finish(call)
        with open(self.home + "/work/order") as file:
            self.assertEqual(file.read(), "0 1 2 3 4 5 6 7 8 9 ")
        for gate in gates[1:]:
            open(gate, "w").close()
        self.assertEqual(len({client.finish(call).value for call in calls}), 4)

    def test_a_free_worker_of_another_environment_makes_room(self):
        client = self.session()
        first = client.call("os", "getpid").value
        other = client.call("os", "getpid", route={"env": [["X", "1", False]]}).value
        self.assertNotEqual(first, other)
        wait_for(lambda: not is_running(first))
        self.assertEqual(client.call("os", "getenv", "X", route={"env": [["X", "1", False]]}).value, "1")
        self.assertEqual(client.call("os", "getenv", "X").value, None)

    def test_isolated_calls_have_a_process_each_and_what_it_says_at_its_end(self):
        route = dict(self.module("import atexit, os\natexit.register(lambda: print('bye', flush=True))\nn = 0\ndef run():\n    global n\n    n += 1\n    return [n, os.getpid()]\n"),
                     isolation="call")
        client = self.session()
        calls = [client.start("script", "run", route=route) for _ in range(3)]
        values = [client.finish(call).value for call in calls]
        self.assertEqual([n for n, _ in values], [1, 1, 1])
        self.assertEqual([call.stdout for call in calls], [b"bye\n"] * 3)
        self.assertEqual(len({pid for _, pid in values}), 3)
        for _, pid in values:
            self.assertFalse(is_running(pid))

    def test_named_workers_share_state_and_the_others_do_not(self):
        route = self.module("n = 0\ndef run():\n    global n\n    n += 1\n    return n\n")
        client = self.session()
        named = [client.call("script", "run", route=dict(route, worker=name)).value for name in ("a", "b", "a", "a")]
        self.assertEqual(named, [1, 1, 2, 3])
        self.assertEqual(client.call("script", "run", route=route).value, 1)
        # Those that wait for one worker have their turn in the order in which they were made.
        waiting = [client.start("script", "run", route=dict(route, worker="b")) for _ in range(5)]
        self.assertEqual([client.finish(call).value for call in waiting], [2, 3, 4, 5, 6])

    def test_variables_are_in_place_before_a_fresh_interpreter_starts(self):
        route = dict(self.module("def run():\n    with open('/proc/self/environ') as f:\n        return 'LD_LIBRARY_PATH=/somewhere' in f.read().split(chr(0))\n"),
                     env=[["LD_LIBRARY_PATH", "/somewhere", False]], path=["/opt/a"], tmp="scratch")
        client = self.session()
        self.assertIs(client.call("script", "run", route=route).value, True)
        self.assertEqual(client.call("os", "getenv", "TMPDIR", route=route).value, self.home + "/scratch")
        self.assertTrue(client.call("os", "getenv", "PATH", route=route).value.endswith(":/opt/a"))

    def test_the_login_environment_is_loaded_through_noise(self):
        self.write(".profile", "echo noise\nexport FROM_PROFILE='it is'\n")
        self.write(".bash_profile", ". ~/.profile\n")
        client = self.session()
        call = client.call("os", "getenv", "FROM_PROFILE", route={"loginEnv": True})
        self.assertEqual((call.value, call.stdout), ("it is", b""))
        self.assertEqual(client.call("os", "getenv", "FROM_PROFILE").value, None)

    def test_registered_modules_are_checked_and_zones_known(self):
        client = self.session()
        self.ended(client.call("os", "getcwd", modules={"no_such_module": None}), "not-run", "module-missing")
        self.assertEqual(client.call("os", "getcwd", modules={"json": None}).result["modules"], {"json": "2.0.9"})
        value = client.call("datetime", "datetime", 2026, 7, 1, 12, naiveTimeZone="+02:00").value
        self.assertEqual(value, "2026-07-01T10:00:00.000Z")
        self.ended(client.call("datetime", "datetime", 2026, 7, 1), "raised", "unserializable-result")

    def test_usage_is_of_the_call(self):
        client = self.session()
        client.call("time", "sleep", 0.2)
        usage = client.call("builtins", "sum", [1, 2]).result["usage"]
        self.assertLess(usage["wallMs"], 150)
        self.assertGreater(usage["maxRssBytes"], 1 << 20)

    def test_an_environment_that_cannot_be_made_is_named(self):
        self.write("file", "")
        client = self.session()
        for _ in range(2):
            call = client.call("os", "getcwd", route={"cwd": "file"})
            self.ended(call, "not-run", "not-a-file")
        call = client.call("os", "getcwd", route={"env": [["PYTHONHOME", "/nowhere", False]]})
        self.ended(call, "not-run", "endpoint-broken")
        self.assertEqual(client.call("os", "getcwd").value, self.home)

    def test_g21_a_protocol_mismatch_is_refused_before_anything_runs(self):
        client = self.session(protocol=2)
        self.assertEqual(client.message(wire.BYE)["error"]["code"], "protocol-mismatch")
        self.assertEqual(self.process.wait(10), 0)

    def test_the_first_and_the_last_free_worker_of_an_environment_is_the_one_that_was_busy_last(self):
        client = self.session(workers=3)
        calls = [client.start("time", "sleep", 0.05) for _ in range(3)]
        for call in calls:
            client.finish(call)
        pids = {client.call("os", "getpid").value for _ in range(20)}
        self.assertEqual(len(pids), 1)

    def test_bye_ends_everything(self):
        route = self.module("import os, subprocess, time\ndef run():\n    p = subprocess.Popen(['sleep', '77'])\n    print(os.getpid(), p.pid)\n    time.sleep(60)\n")
        client = self.session()
        call = client.start("script", "run", route=route)
        client.until(lambda: call.stdout.endswith(b"\n"))
        client.bye()
        self.assertEqual(self.process.wait(10), 0)
        for pid in call.stdout.split():
            wait_for(lambda: not is_running(int(pid)))

    def test_g40_nothing_is_left_after_200_mixed_calls(self):
        route = self.module("import os, subprocess, threading\ndef run(n):\n    if n % 10 == 3:\n        os._exit(3)\n    if n % 10 == 4:\n        raise ValueError(n)\n"
                            "    if n % 10 == 5:\n        subprocess.check_call(['true'])\n    if n % 10 == 6:\n        os.kill(os.getpid(), 9)\n    print(n)\n    return n\n")
        client = self.session(workers=2)

        def count():
            pid = client.message(wire.WELCOME)["host"]["pid"] if not hasattr(self, "pid") else self.pid
            self.pid = pid
            children = open("/proc/%d/task/%d/children" % (pid, pid)).read().split()
            return len(os.listdir("/proc/%d/fd" % pid)), len(children)

        for n in (0, 1):
            client.finish(client.start("time", "sleep", 0.01)), client.call("os", "getpid")
        calls = [client.start("script", "run", n, route=dict(route, isolation="call") if n % 10 == 7 else route) for n in range(200)]
        for n, call in enumerate(calls):
            client.finish(call)
            self.assertEqual(call.outcome, {3: "killed", 4: "raised", 6: "killed"}.get(n % 10, "value"), call.result)
        both = [client.start("time", "sleep", 0.05, route=route) for _ in range(2)]
        for call in both:
            client.finish(call)
        # Standard streams, signal pipe (2), door, and six for each of two workers.
        wait_for(lambda: count() == (3 + 2 + 1 + 12, 2))
