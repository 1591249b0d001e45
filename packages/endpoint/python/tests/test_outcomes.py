import os
import signal
import stat
import sys

from tests.support import SOURCE, EndpointTest, Reply, is_running, new_id, request, wait_for


class OutcomeTest(EndpointTest):
    def ended(self, reply, outcome, code):
        self.assertEqual((reply.outcome, reply.error["code"]), (outcome, code), reply.error)

    def test_g24_every_way_to_end_has_its_own_name(self):
        for text, outcome, code, members in (
            ("import os, signal\ndef run():\n    os.kill(os.getpid(), signal.SIGKILL)\n", "killed", "killed", {"signal": "SIGKILL"}),
            ("import os, signal\ndef run():\n    os.kill(os.getpid(), signal.SIGSEGV)\n", "killed", "killed", {"signal": "SIGSEGV"}),
            ("import os\ndef run():\n    os._exit(7)\n", "killed", "exited", {"exitCode": 7}),
            ("import os\ndef run():\n    os._exit(0)\n", "killed", "exited", {"exitCode": 0}),
            ("import sys\ndef run():\n    sys.exit(3)\n", "killed", "exited", {"exitCode": 3}),
            ("import sys\ndef run():\n    sys.exit()\n", "killed", "exited", {"exitCode": 0}),
            ("import sys\ndef run():\n    sys.exit(256 + 7)\n", "killed", "exited", {"exitCode": 7}),
            ("import sys\nsys.exit(255)\n", "killed", "exited", {"exitCode": 255}),
            ("import resource\ndef run():\n    resource.setrlimit(resource.RLIMIT_CPU, (1, 2))\n    while True: pass\n",
             "killed", "killed", {"signal": "SIGXCPU"}),
            ("import resource\ndef run():\n    resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))\n    return len(bytearray(1 << 30))\n",
             "raised", "raised", {}),
            ("def run():\n    raise KeyboardInterrupt\n", "raised", "raised", {}),
        ):
            reply = self.script(text)
            self.ended(reply, outcome, code)
            self.assertEqual({name: reply.header[name] for name in ("signal", "exitCode") if name in reply.header}, members, text)

    def test_g24_sigkill_without_a_known_reason_hints_at_memory_and_limits_are_explained(self):
        reply = self.script("import os\ndef run():\n    os.kill(os.getpid(), 9)\n")
        self.assertIn("memory", reply.error["hint"])
        reply = self.script("import os, signal\ndef run():\n    os.kill(os.getpid(), signal.SIGXCPU)\n")
        self.assertIn("processor time", reply.error["hint"])

    def test_sys_exit_with_a_text_prints_it_like_an_interpreter(self):
        reply = self.script("import sys\ndef run():\n    sys.exit('no good')\n")
        self.assertEqual((reply.header["exitCode"], reply.stderr), (1, b"no good\n"))

    def test_g24_a_timeout_is_named_so_and_stops_even_what_ignores_it(self):
        for text in (
            "import time\ndef run():\n    time.sleep(60)\n",
            "import time\ndef run():\n    try:\n        time.sleep(60)\n    except KeyboardInterrupt:\n        return 'too late'\n",
            "import signal, time\nfor n in (signal.SIGINT, signal.SIGTERM): signal.signal(n, signal.SIG_IGN)\ndef run():\n    time.sleep(60)\n",
        ):
            reply = self.script("import os\nopen('pid', 'w').write(str(os.getpid()))\n" + text, timeoutMs=1500)
            self.ended(reply, "timeout", "timeout")
            self.assertLess(reply.header["usage"]["wallMs"], 20000)
            with open(self.home + "/work/pid") as file:
                self.assertFalse(is_running(int(file.read())))

    def test_a_timeout_of_a_call_in_time_changes_nothing(self):
        self.assertEqual(self.value(self.script("def run():\n    return 1\n", timeoutMs=30000)), 1)

    def test_a_timeout_ends_child_processes_too(self):
        text = ("import subprocess, time\ndef run():\n    p = subprocess.Popen(['sleep', '61'])\n"
                "    open('pid', 'w').write(str(p.pid))\n    time.sleep(60)\n")
        self.ended(self.script(text, timeoutMs=2500), "timeout", "timeout")
        with open(self.home + "/work/pid") as file:
            pid = int(file.read())
        wait_for(lambda: not is_running(pid))

    def test_what_was_printed_before_a_timeout_is_kept(self):
        reply = self.script("import time\ndef run():\n    print('began')\n    time.sleep(60)\n", timeoutMs=2500)
        self.assertEqual(reply.stdout, b"began\n")

    def test_a_grandchild_that_holds_the_pipes_does_not_hang_the_call(self):
        text = ("import subprocess\ndef run():\n    p = subprocess.Popen(['sleep', '62'])\n    print('said')\n    return p.pid\n")
        reply = self.script(text)
        pid = self.value(reply)
        self.assertEqual(reply.stdout, b"said\n")
        self.assertLess(reply.header["usage"]["wallMs"], 20000)
        wait_for(lambda: not is_running(pid))

    def test_a_signal_to_the_endpoint_ends_the_function_and_stores_that_it_was_cancelled(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            call_id = new_id()
            self.write("work/slow.py", "import os, time\ndef run():\n    fifo = open('started', 'w')\n"
                                       "    fifo.write(str(os.getpid()))\n    fifo.close()\n    time.sleep(60)\n")
            if os.path.exists(self.home + "/work/started"):
                os.unlink(self.home + "/work/started")
            os.mkfifo(self.home + "/work/started")
            process = self.start("call", "--base", self.base, "-", "-")
            process.stdin.write(request("slow", "run", id=call_id, cwd="work"))
            process.stdin.flush()
            with open(self.home + "/work/started") as fifo:
                pid = int(fifo.read())
            process.send_signal(number)
            out = process.stdout.read()
            self.assertEqual(process.wait(), 0)
            self.ended(Reply(out), "cancelled", "cancelled")
            with open("%s/calls/%s/reply" % (self.base, call_id), "rb") as file:
                self.assertEqual(file.read(), out)
            self.assertFalse(is_running(pid))

    def test_the_value_survives_a_crash_at_exit_and_exit_handlers_run(self):
        text = ("import atexit, os\natexit.register(lambda: os.kill(os.getpid(), 11))\natexit.register(lambda: print('bye', flush=True))\n"
                "def run():\n    return 'safe'\n")
        reply = self.script(text)
        self.assertEqual(self.value(reply), "safe")
        self.assertEqual(reply.stdout, b"bye\n")

    def test_threads_are_waited_for_as_an_interpreter_does(self):
        text = ("import threading, time\ndef later():\n    time.sleep(0.3)\n    print('from the thread')\n"
                "def run():\n    threading.Thread(target=later).start()\n    return 1\n")
        self.assertEqual(self.script(text).stdout, b"from the thread\n")

    def test_a_function_that_forks_or_closes_all_descriptors_gives_one_answer_or_says_that_it_gave_none(self):
        reply = self.script("import os\ndef run():\n    pid = os.fork()\n    if pid:\n        os.waitpid(pid, 0)\n    return 'parent' if pid else 'child'\n")
        self.assertEqual(self.value(reply), "parent")
        reply = self.script("import os\ndef run():\n    os.closerange(3, 100)\n    f = open('mine', 'wb')\n    global keep\n    keep = f\n    return 1\n")
        self.ended(reply, "killed", "exited")
        self.assertEqual(os.path.getsize(self.home + "/work/mine"), 0)


class OutputTest(EndpointTest):
    def test_g31_output_is_kept_byte_for_byte_whoever_writes_it(self):
        text = ("import os, sys, subprocess\ndef run():\n    data = bytes(range(256)) * 3\n    os.write(1, data)\n"
                "    sys.stdout.buffer.write(b'\\xff\\0\\xfe')\n    sys.stdout.flush()\n"
                "    subprocess.check_call(['sh', '-c', 'printf \"child\\\\000\\\\377\"; printf err >&2'])\n    os.write(2, b'\\x00\\x80')\n")
        reply = self.script(text)
        self.assertEqual(reply.stdout, bytes(range(256)) * 3 + b"\xff\0\xfe" + b"child\0\xff")
        self.assertEqual(reply.stderr, b"err\x00\x80")
        self.assertEqual(reply.header["stdout"], {"index": 0, "bytes": 256 * 3 + 3 + 7, "truncated": False})

    def test_output_over_the_limit_is_counted_and_dropped(self):
        for size, kept in ((9999, 9999), (10000, 10000), (10001, 10000), (500000, 10000)):
            reply = self.script("def run(n):\n    print('x' * (n - 1))\n", "run", size, outputLimit=10000)
            self.assertEqual(len(reply.stdout), kept)
            self.assertEqual(reply.header["stdout"]["bytes"], size)
            self.assertEqual(reply.header["stdout"]["truncated"], size > kept)

    def test_output_over_8_mib_stays_in_its_file(self):
        call_id = new_id()
        reply = self.script("def run():\n    import os\n    for _ in range(9): os.write(1, b'x' * (1 << 20))\n", id=call_id)
        self.assertEqual(reply.header["stdout"], {"bytes": 9 << 20, "truncated": False})
        self.assertEqual(os.path.getsize("%s/calls/%s/stdout" % (self.base, call_id)), 9 << 20)

    def test_standard_input_of_the_function_is_empty(self):
        self.assertEqual(self.value(self.script("import sys\ndef run():\n    return sys.stdin.read()\n")), "")

    def test_usage_is_reported(self):
        usage = self.script("def run():\n    x = bytearray(50 << 20)\n    return sum(range(10 ** 6))\n").header["usage"]
        self.assertGreater(usage["maxRssBytes"], 50 << 20)
        self.assertGreater(usage["cpuMs"], 1)
        self.assertGreaterEqual(usage["wallMs"] * 2.5, usage["cpuMs"])


class EnvironmentTest(EndpointTest):
    def test_variables_are_in_place_before_the_interpreter_starts(self):
        text = ("import os\ndef run(*names):\n    with open('/proc/self/environ', 'rb') as f:\n        early = f.read().split(b'\\0')\n"
                "    return [(n + '=' + os.environ.get(n, '')).encode() in early for n in names] + [os.environ.get(n) for n in names]\n")
        env = [["LD_LIBRARY_PATH", "/somewhere", False], ["HOME", "/never", True], ["EMPTY", "", False], ["U", "\u00e9 \"$x`", False]]
        options = {"env": self.environment(LC_ALL="C.UTF-8")}
        value = self.value(self.script(text, "run", "LD_LIBRARY_PATH", "U", "EMPTY", "HOME", env=env, options=options))
        self.assertEqual(value, [True] * 4 + ["/somewhere", "\u00e9 \"$x`", "", self.home])

    def test_text_reaches_the_host_as_utf_8_whatever_its_locale(self):
        text = "import os\ndef run():\n    return [b.decode('utf-8') for b in (os.environb[b'U'], os.getcwdb(), os.environb[b'TMPDIR'], os.environb[b'PATH'])]\n"
        name = "caf\u00e9"
        self.write(os.fsdecode(name.encode("utf-8")) + "/script.py", text)
        for locale in ("C", "C.UTF-8", "en_US.ISO-8859-1"):
            options = {"env": self.environment(LC_ALL=locale, PYTHONCOERCECLOCALE="0")}
            reply = self.call("script", "run", cwd=name, tmp=name + "/tmp", path=["/" + name], env=[["U", name, False]], options=options)
            value = self.value(reply)
            self.assertEqual(value[:3], [name, self.home + "/" + name, self.home + "/" + name + "/tmp"])
            self.assertTrue(value[3].endswith(":/" + name))

    def test_secrets_are_in_no_argument_and_no_file(self):
        secret = "canary-%s" % new_id()
        text = ("import os\ndef run(x):\n    found = []\n    for pid in os.listdir('/proc'):\n        if pid.isdigit():\n            try:\n"
                "                found.append(open('/proc/' + pid + '/cmdline', 'rb').read())\n            except OSError:\n                pass\n"
                "    return any(x.encode() in one for one in found)\n")
        path = self.write("request", b"")
        self.write("work/script.py", text)
        with open(path, "wb") as file:
            file.write(request("script", "run", [secret], cwd="work", env=[["TOKEN", secret, False]]))
        status, _, _ = self.run_raw(b"", "call", "--base", self.base, path, self.home + "/reply")
        self.assertEqual(status, 0)
        for directory, _, names in os.walk(self.home):
            for name in names:
                with open(os.path.join(directory, name), "rb") as file:
                    self.assertNotIn(secret.encode(), file.read(), name)
        with open(self.home + "/reply", "rb") as file:
            self.assertEqual(Reply(file.read()).value, False)

    def test_path_is_appended(self):
        path = self.value(self.call("os", "getenv", "PATH", path=["/opt/a", "/opt/b"]))
        self.assertEqual(path, os.environ["PATH"] + ":/opt/a:/opt/b")

    def test_the_login_environment_is_loaded_through_noise(self):
        self.write(".profile", "echo noise; echo more >&2\nexport FROM_PROFILE='it is'\nexport PATH=$PATH:/from/profile\n")
        self.write(".bash_profile", ". ~/.profile\n")
        value = self.call("os", "getenv", "FROM_PROFILE", loginEnv=True, options={"env": self.environment(SHELL="/bin/sh")})
        self.assertEqual((self.value(value), value.stdout), ("it is", b""))
        value = self.call("os", "getenv", "FROM_PROFILE", loginEnv=True, env=[["FROM_PROFILE", "own", False]])
        self.assertEqual(self.value(value), "own")

    def test_the_working_directory_is_made_for_us_alone(self):
        self.assertEqual(self.value(self.call("os", "getcwd", cwd="a/b")), self.home + "/a/b")
        self.assertEqual(stat.S_IMODE(os.stat(self.home + "/a/b").st_mode), 0o700)
        self.write("file", "")
        reply = self.call("os", "getcwd", cwd="file")
        self.assertEqual((reply.outcome, reply.error["code"], reply.error["stage"]), ("not-run", "not-a-file", "setup"))
        self.assertEqual(self.value(self.call("os", "getcwd", cwd="~root")), self.home + "/~root")

    def test_an_environment_larger_than_the_host_allows_is_named(self):
        reply = self.call("os", "getpid", env=[["LARGE", "x" * (1 << 20), False]])
        self.assertEqual((reply.outcome, reply.error["code"], reply.error["stage"]), ("not-run", "limit-exceeded", "setup"))

    def test_no_process_to_be_had_is_a_named_reply_and_stays_so(self):
        frame = request("os", "getpid", id="4" * 32)
        sick = ("import errno, os, sys; sys.path.insert(0, %r)\n"
                "def fork(): raise OSError(errno.EAGAIN, 'Resource temporarily unavailable')\n"
                "os.fork = fork\nfrom sremote_endpoint import main\nsys.exit(main.main(sys.argv[1:]))") % SOURCE
        for program in (["-c", sick], [SOURCE]):
            status, out, err = self.run_raw(frame, "call", "--base", self.base, "-", "-", program=program)
            self.assertEqual((status, err), (0, b""))
            error = Reply(out).error
            self.assertEqual((Reply(out).outcome, error["code"], error["stage"]), ("not-run", "endpoint-broken", "setup"))

    def test_the_umask_of_the_function_is_the_users(self):
        before = os.umask(0o027)
        self.addCleanup(os.umask, before)
        self.assertEqual(self.value(self.script("import os\ndef run():\n    return os.umask(0)\n")), 0o027)

    def test_naive_datetimes_need_a_zone(self):
        text = "import datetime\ndef run():\n    return {'at': datetime.datetime(2026, 7, 1, 12, 0, 0, 5000)}\n"
        reply = self.script(text)
        self.assertEqual((reply.error["code"], reply.error["path"]), ("unserializable-result", "return.at"))
        zones = [("UTC", "12"), ("+02:00", "10"), ("-05:30", "17")]
        if sys.version_info >= (3, 9):
            zones.append(("Europe/Berlin", "10"))
        for zone, hour in zones:
            value = self.value(self.script(text, naiveTimeZone=zone))
            self.assertEqual(value["at"][11:13], hour)
        env = self.environment(TZ="Asia/Tokyo")
        self.assertEqual(self.value(self.script(text, naiveTimeZone="local", options={"env": env}))["at"], "2026-07-01T03:00:00.005Z")
        self.assertEqual(self.script(text, naiveTimeZone="No/Where").outcome, "not-run")
