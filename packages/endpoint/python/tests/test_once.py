import os
import shutil
import signal
import subprocess
import sys

from tests.support import SOURCE, EndpointTest, Reply, is_running, new_id, request, wait_for

from sremote_endpoint.spool import claim

DRIVER = SOURCE + "/tests/drive.py"
COUNT = "import os\ndef run():\n    fd = os.open('effects', os.O_WRONLY | os.O_CREAT | os.O_APPEND)\n    os.write(fd, b'x')\n    os.close(fd)\n    return 'done'\n"
# In the order in which the endpoint passes them; in the comment what a retry may find.
STEPS = ("request", "directory", "digest", "request-removed", "reserve", "claim", "started", "ended", "reply", "delivered")
BEFORE_CLAIM = STEPS[:STEPS.index("claim")]


class OnceTest(EndpointTest):
    def setUp(self):
        EndpointTest.setUp(self)
        self.write("work/effect.py", COUNT)

    def effects(self):
        try:
            return os.path.getsize(self.home + "/work/effects")
        except FileNotFoundError:
            return 0

    def test_g01_killed_at_any_step_and_tried_again_the_call_runs_at_most_once(self):
        for last in STEPS:
            frame = request("effect", "run", cwd="work")
            path = self.write("request", frame)
            process = self.start(last, "call", "--base", self.base, path, self.home + "/reply", program=[DRIVER], flags=["-I"])
            self.assertEqual(process.wait(), -9, last)
            # The function's process may still be at work: its answer has nowhere to go.
            for _ in range(2):
                reply = self.send(frame)
                if last in BEFORE_CLAIM:
                    self.assertEqual((reply.outcome, reply.value), ("value", "done"), last)
                elif last in ("reply", "delivered"):
                    self.assertEqual((reply.outcome, reply.value), ("value", "done"), last)
                else:
                    self.assertEqual((reply.outcome, reply.error["code"]), ("unknown", "outcome-unknown"), last)
            if last == "started":
                pass
            elif last == "claim":
                self.assertEqual(self.effects(), 0, last)
            else:
                self.assertEqual(self.effects(), 1, last)
            self.assertLessEqual(self.effects(), 1, last)
            if last == "started":
                wait_for(lambda: self.effects() == 1)
            if os.path.exists(self.home + "/work/effects"):
                os.unlink(self.home + "/work/effects")
            shutil.rmtree(self.base)

    def test_g01_the_steps_above_are_all_there_are(self):
        seen = subprocess.check_output([sys.executable, "-I", "-c", (
            "import sys; sys.path.insert(0, %r); sys.argv[1:] = ['none']\n"
            "from sremote_endpoint import main\nfrom sremote_endpoint.spool import spool\n"
            "spool.step = lambda name: sys.stderr.write(name + ' ')\n"
            "main.main(['call', '--base', %r, %r, %r])") % (SOURCE, self.base, self.write("request", request()), self.home + "/reply")],
            stderr=subprocess.STDOUT)
        self.assertEqual(tuple(seen.decode().split()), STEPS)

    def test_g01_racing_endpoints_run_a_call_once_and_all_deliver_its_reply(self):
        for _ in range(3):
            frame = request("effect", "run", cwd="work", id=new_id())
            racers = [self.start("call", "--base", self.base, "-", "-") for _ in range(8)]
            for process in racers:
                process.stdin.write(frame)
            for process in racers:
                process.stdin.close()
            replies = [process.stdout.read() for process in racers]
            self.assertEqual([process.wait() for process in racers], [0] * 8)
            self.assertEqual(len(set(replies)), 1)
            self.assertEqual(Reply(replies[0]).value, "done")
            self.assertEqual(self.effects(), 1)
            os.unlink(self.home + "/work/effects")

    def test_g01_a_retry_waits_for_the_endpoint_that_runs_the_call(self):
        os.mkfifo(self.home + "/work/go")
        self.write("work/slow.py", "def run():\n    open('go').read()\n    return 'slow'\n")
        frame = request("slow", "run", cwd="work")
        first = self.start("call", "--base", self.base, "-", "-")
        first.stdin.write(frame)
        first.stdin.close()
        with open(self.home + "/work/go", "w"):  # opens when the function runs
            second = self.start("call", "--base", self.base, "-", "-")
            second.stdin.write(frame)
            second.stdin.close()
        self.assertEqual(first.stdout.read(), second.stdout.read())
        self.assertEqual((first.wait(), second.wait()), (0, 0))

    def test_the_same_id_with_another_request_is_a_conflict(self):
        call_id = new_id()
        self.value(self.call("effect", "run", cwd="work", id=call_id))
        path = self.write("request", request("effect", "run", cwd="work", id=call_id, timeoutMs=5000))
        status, _, _ = self.run_raw(b"", "call", "--base", self.base, path, self.home + "/reply")
        with open(self.home + "/reply", "rb") as file:
            reply = Reply(file.read())
        self.assertEqual((status, reply.outcome, reply.error["code"]), (0, "not-run", "call-conflict"))
        self.assertFalse(os.path.exists(path))
        self.assertEqual(self.effects(), 1)

    def test_g33_a_reused_pid_or_another_boot_is_not_taken_for_a_living_holder(self):
        # The claim of this very process, which lives, with another start time; with another boot; and as it is.
        own = claim.own().split(b" ")
        for place, dead in ((None, False), (1, True), (2, True)):
            frame = request("effect", "run", cwd="work", id="%032x" % (place or 0))
            directory = "%s/calls/%032x" % (self.base, place or 0)
            process = self.start("claim", "call", "--base", self.base, self.write("request", frame), self.home + "/reply",
                                 program=[DRIVER], flags=["-I"])
            process.wait()
            parts = list(own)
            if place is not None:
                parts[place] = b"1" + parts[place][1:] if parts[place][:1] != b"1" else b"2" + parts[place][1:]
            with open(directory + "/claim", "wb") as file:
                file.write(b" ".join(parts))
            self.assertEqual(claim.is_alive(b" ".join(parts)), not dead)
            if dead:
                self.assertEqual(self.send(frame).outcome, "unknown")
            else:
                waiting = self.start("call", "--base", self.base, "-", "-")
                waiting.stdin.write(frame)
                waiting.stdin.close()
                with self.assertRaises(subprocess.TimeoutExpired):
                    waiting.wait(timeout=1)
                os.unlink(directory + "/claim")
                self.assertEqual(Reply(waiting.stdout.read()).outcome, "unknown")
        self.assertEqual(self.effects(), 0)

    def test_g33_a_claim_tells_process_start_boot_and_namespace_and_a_process_that_is_only_not_reaped_is_dead(self):
        process = subprocess.Popen(["sleep", "60"])
        with open("/proc/%d/stat" % process.pid) as stat, open("/proc/sys/kernel/random/boot_id") as boot:
            facts = (process.pid, stat.read().rpartition(") ")[2].split()[19], boot.read().strip(), os.readlink("/proc/self/ns/pid"))
        self.assertEqual(claim.identity(process.pid), "%d %s %s %s" % facts)
        content = claim.identity(process.pid).encode()
        self.assertTrue(claim.is_alive(content))
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        self.assertFalse(claim.is_alive(content))
        process.wait()

    def test_g01_a_call_that_releases_itself_runs_once(self):
        call_id = new_id()
        frame = request("effect", "run", cwd="work", id=call_id, release=[call_id])
        for _ in range(2):
            self.assertEqual(self.value(self.send(frame)), "done")
        self.assertEqual(self.effects(), 1)

    def test_g01_a_claimed_call_of_which_a_file_cannot_be_read_is_unknown_and_one_that_nobody_claimed_did_not_run(self):
        frame = request("effect", "run", cwd="work", id="4" * 32)
        self.start("claim", "call", "--base", self.base, "-", "-", program=[DRIVER], flags=["-I"]).communicate(frame)
        directory = self.base + "/calls/" + "4" * 32
        os.mkdir(directory + "/reply")
        self.assertEqual(self.send(frame).outcome, "unknown")
        os.unlink(directory + "/claim")
        self.assertEqual(self.send(frame).outcome, "not-run")
        self.assertEqual(self.effects(), 0)

    def test_released_calls_are_removed_and_running_ones_are_not(self):
        done, running = new_id(), new_id()
        self.call("os", "getpid", id=done)
        os.mkfifo(self.home + "/work/go")
        self.write("work/slow.py", "def run():\n    open('go').read()\n    return 'slow'\n")
        process = self.start("call", "--base", self.base, "-", "-")
        process.stdin.write(request("slow", "run", cwd="work", id=running))
        process.stdin.close()
        with open(self.home + "/work/go", "w"):
            last = new_id()
            self.value(self.call("os", "getpid", id=last, release=[done, running, new_id()]))
            self.assertEqual(sorted(os.listdir(self.base + "/calls")), sorted([running, last]))
        self.assertEqual(Reply(process.stdout.read()).value, "slow")
        self.assertEqual(self.send(request(release=["../.."])).error["code"], "protocol-error")

    def test_an_endpoint_that_only_waits_for_the_reply_of_another_ends_with_sigterm(self):
        frame = request("effect", "run", cwd="work", id="3" * 32)
        self.start("claim", "call", "--base", self.base, "-", "-", program=[DRIVER], flags=["-I"]).communicate(frame)
        directory = self.base + "/calls/" + "3" * 32
        with open(directory + "/claim", "wb") as file:
            file.write(claim.own())
        waiting = self.start("call", "--base", self.base, "-", "-")
        waiting.stdin.write(frame)
        waiting.stdin.close()

        def asleep():
            # Its handlers are gone and it has read the whole request: bit 14 of SigCgt is SIGTERM, proc(5).
            with open("/proc/%d/status" % waiting.pid) as file:
                caught = [line.split()[1] for line in file if line.startswith("SigCgt")][0]
            return not int(caught, 16) >> 14 & 1 and waiting.poll() is None
        wait_for(asleep)
        waiting.send_signal(signal.SIGTERM)
        self.assertEqual(waiting.wait(timeout=20), -signal.SIGTERM)

    def test_cancelled_calls_and_those_of_dead_endpoints_are_swept_when_their_day_is_over_but_no_running_call(self):
        self.write("work/slow.py", "def run(fifo, go):\n    open(fifo, 'w').close()\n    open(go).read()\n    return 'slow'\n")
        ids, processes = [new_id() for _ in range(3)], []
        for number, call_id in zip((signal.SIGTERM, signal.SIGKILL, None), ids):
            for name in ("at-", "go-"):
                os.mkfifo(self.home + "/work/" + name + call_id)
            process = self.start("call", "--base", self.base, "-", "-")
            processes.append(process)
            process.stdin.write(request("slow", "run", ["at-" + call_id, "go-" + call_id], cwd="work", id=call_id))
            process.stdin.close()
            with open(self.home + "/work/at-" + call_id) as fifo:
                fifo.read()
            if number is not None:
                process.send_signal(number)
                process.wait()
        self.call("os", "getpid")
        yesterday = os.path.getmtime(self.base + "/swept") - 25 * 3600
        for call_id in ids:
            directory = "%s/calls/%s" % (self.base, call_id)
            for path in [directory + "/" + name for name in os.listdir(directory)] + [directory]:
                os.utime(path, (yesterday, yesterday))
        os.utime(self.base + "/swept", (yesterday, yesterday))
        self.call("os", "getpid")
        left = os.listdir(self.base + "/calls")
        self.assertEqual([call_id in left for call_id in ids], [False, False, True])
        for call_id in ids[1:]:
            with open(self.home + "/work/go-" + call_id, "w"):
                pass
        self.assertEqual(Reply(processes[2].stdout.read()).value, "slow")

    def test_what_did_not_change_for_a_day_is_swept_but_no_running_call(self):
        old, fresh, older = new_id(), new_id(), new_id()
        for call_id in (old, fresh, older):
            self.call("os", "getpid", id=call_id)
        yesterday = os.path.getmtime(self.base + "/swept") - 25 * 3600
        kept = new_id()
        os.mkdir("%s/calls/%s" % (self.base, kept))
        with open("%s/calls/%s/claim" % (self.base, kept), "wb") as file:
            file.write(claim.own())
        def age(call_id, then):
            directory = "%s/calls/%s" % (self.base, call_id)
            for path in [directory + "/" + name for name in os.listdir(directory)] + [directory]:
                os.utime(path, (then, then))
        for call_id, hours in ((old, 0), (kept, 0), (fresh, 2)):
            age(call_id, yesterday + hours * 3600)
        self.call("os", "getpid")
        self.assertTrue(os.path.exists("%s/calls/%s" % (self.base, old)), "swept although the last sweep was a moment ago")
        os.utime(self.base + "/swept", (yesterday, yesterday))
        self.call("os", "getpid")
        left = os.listdir(self.base + "/calls")
        self.assertNotIn(old, left)
        self.assertIn(fresh, left)
        self.assertIn(kept, left)
        # After a clock that was wrong, too: the last sweep seems to be one of tomorrow.
        age(older, yesterday)
        os.utime(self.base + "/swept", (yesterday + 50 * 3600, yesterday + 50 * 3600))
        self.call("os", "getpid")
        self.assertNotIn(older, os.listdir(self.base + "/calls"))

    def test_g01_the_function_of_a_killed_endpoint_cannot_write_a_reply(self):
        call_id = new_id()
        self.write("work/pid.py", "import os\ndef run():\n    with open('fifo', 'w') as f: f.write(str(os.getpid()))\n    open('go').read()\n")
        os.mkfifo(self.home + "/work/fifo")
        os.mkfifo(self.home + "/work/go")
        frame = request("pid", "run", cwd="work", id=call_id)
        process = self.start("call", "--base", self.base, "-", "-")
        process.stdin.write(frame)
        process.stdin.close()
        with open(self.home + "/work/fifo") as fifo:
            pid = int(fifo.read())
        process.send_signal(signal.SIGKILL)
        process.wait()
        with open(self.home + "/work/go", "w"):
            pass
        wait_for(lambda: not is_running(pid))
        self.assertFalse(os.path.exists("%s/calls/%s/reply" % (self.base, call_id)))
        self.assertEqual(self.send(frame).outcome, "unknown")
