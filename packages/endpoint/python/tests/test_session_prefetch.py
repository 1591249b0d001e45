"""Calls that are handed to a busy worker ahead of time: nothing of it may be seen but the speed."""
import os
import signal
import socket
import unittest

from tests.session_client import LIMIT, SessionTest, wire

from sremote_endpoint.session.turn_token import TurnToken
from sremote_endpoint.wire.frame import join_frame

_INVOKE = b'{"type":"invoke","module":"%s","function":"%s","args":{"json":[%s]}}'
_GATE = "def gate(path):\n    print('at the gate', flush=True)\n    with open(path) as file:\n        return file.read()\n"


class AheadTest(SessionTest):
    def burst(self, client, route, count, first=0):
        return [client.start("script", "run", first + n, route=route) for n in range(count)]

    def behind_a_gate(self, client, text, count=40):
        """(calls before, the call that waits, calls behind it, what opens the gate): before and behind are short."""
        os.mkfifo(self.home + "/gate")
        route = self.module(_GATE + text)
        before = self.burst(client, route, count)
        waiting = client.start("script", "gate", self.home + "/gate", route=route)
        behind = self.burst(client, route, count, count)
        client.until(lambda: waiting.stdout)

        def go():
            with open(self.home + "/gate", "w") as file:
                file.write("open")
        return before, waiting, behind, go

    def test_results_belong_to_their_calls_and_one_worker_keeps_their_order(self):
        client = self.session()
        route = self.module("seen = []\ndef run(n):\n    seen.append(n)\n    return n * 2\n")
        calls = self.burst(client, route, 600)
        self.assertEqual([client.finish(call).value for call in calls], [n * 2 for n in range(600)])
        self.assertEqual(client.call("builtins", "eval", "__import__('script').seen", route=route).value, list(range(600)))

    def test_g31_output_is_that_of_the_call_that_wrote_it(self):
        client = self.session(workers=2)
        route = self.module("import os\ndef run(n):\n    if n % 7 == 0:\n        os.write(1, b'out %d\\n' % n)\n    if n % 11 == 0:\n        os.write(2, b'err %d\\n' % n)\n")
        for _ in range(3):
            for n, call in enumerate(self.burst(client, route, 400)):
                client.finish(call)
                self.assertEqual(call.stdout, b"out %d\n" % n if n % 7 == 0 else b"")
                self.assertEqual(call.stderr, b"err %d\n" % n if n % 11 == 0 else b"")

    def test_a_long_call_does_not_hold_up_those_behind_it(self):
        client = self.session(workers=2)
        before, waiting, behind, go = self.behind_a_gate(client, "def run(n):\n    return n\n", 100)
        for n, call in enumerate(before + behind):
            self.assertEqual(client.finish(call).value, n)
        self.assertIsNone(waiting.result)
        go()
        self.assertEqual(client.finish(waiting).value, "open")

    def test_g01_what_is_taken_back_from_a_worker_runs_once_and_in_its_order(self):
        client = self.session()
        text = "def run(n):\n    with open('ran', 'a') as file:\n        file.write('%d ' % n)\n    return n\n"
        before, waiting, behind, go = self.behind_a_gate(client, text)
        # One that is cancelled now is taken back, with all that the worker had ahead.
        client.cancel(behind[-1])
        self.assertEqual(client.finish(behind[-1]).error["stage"], "queue")
        go()
        self.assertEqual([client.finish(call).value for call in before + [waiting] + behind[:-1]], list(range(40)) + ["open"] + list(range(40, 79)))
        with open(self.home + "/work/ran") as file:
            self.assertEqual(list(map(int, file.read().split())), list(range(79)))

    def test_a_call_is_cancelled_before_it_begins_and_no_other_is_hit(self):
        client = self.session()
        _, waiting, behind, go = self.behind_a_gate(client, "def run(n):\n    return n\n")
        cancelled = behind[:3] + behind[-3:]
        for call in cancelled:
            client.cancel(call)
            self.assertEqual(client.finish(call).outcome, "cancelled")
            self.assertEqual(call.error["stage"], "queue")
        client.cancel(waiting)
        self.assertEqual(client.finish(waiting).outcome, "cancelled")
        self.assertEqual([client.finish(call).value for call in behind if call not in cancelled], list(range(43, 77)))

    def test_g14_cancelling_the_running_one_of_many_short_calls_hits_no_other(self):
        client = self.session()
        route = self.module("def run(n):\n    for _ in range(2000):\n        n = n + 1 - 1\n    return n\n")
        for _ in range(5):
            calls = self.burst(client, route, 100)
            for call in calls[::3]:
                client.cancel(call)
            for n, call in enumerate(calls):
                client.finish(call)
                self.assertTrue(call.outcome == "value" and call.value == n or n % 3 == 0 and call.outcome == "cancelled", (n, call.result))

    def test_a_deadline_for_waiting_holds_for_calls_that_were_handed_ahead(self):
        client = self.session()
        _, waiting, behind, go = self.behind_a_gate(client, "def run(n):\n    return n\n")
        late = [client.start("script", "run", n, route={"cwd": "work", "queueMs": 100}) for n in range(3)]
        for call in late:
            self.assertEqual((client.finish(call).outcome, call.error["code"], call.error["stage"]), ("not-run", "timeout", "queue"))
        self.assertFalse(any(call.result for call in behind))
        go()
        self.assertEqual([client.finish(call).value for call in behind], list(range(40, 80)))

    def test_g01_what_a_worker_that_died_had_ahead_runs_elsewhere_once(self):
        client = self.session(workers=2)
        route = self.module("import os\ndef run(n):\n    with open('ran', 'ab', 0) as file:\n        file.write(b'%d\\n' % n)\n    if n % 25 == 20:\n        os._exit(3)\n    return n\n")
        calls = self.burst(client, route, 200)
        for n, call in enumerate(calls):
            client.finish(call)
            if n % 25 == 20:
                self.assertEqual((call.outcome, call.result["exitCode"]), ("killed", 3))
            else:
                self.assertEqual(call.value, n)
        with open(self.home + "/work/ran", "rb") as file:
            self.assertEqual(sorted(map(int, file.read().split())), list(range(200)))

    def test_calls_that_start_processes_or_end_their_own_are_followed_by_the_next(self):
        client = self.session()
        route = self.module("import subprocess, sys\ndef run(n):\n    if n % 10 == 3:\n        subprocess.check_call(['echo', str(n)])\n    if n % 10 == 7:\n        sys.exit(n)\n    return n\n")
        for n, call in enumerate(self.burst(client, route, 40)):
            client.finish(call)
            self.assertEqual(call.stdout, b"%d\n" % n if n % 10 == 3 else b"")
            self.assertEqual(call.outcome, "killed" if n % 10 == 7 else "value")

    def test_callbacks_and_objects_work_among_them(self):
        client = self.session()
        client.answer = lambda ask: {"type": "answer", "ask": ask["ask"], "value": {"json": ask["args"]["json"][0] + 1}}
        route = self.module("def run(n, back=None):\n    return n if back is None else back(n)\n")
        back = {"json": [5, {"id": 1}], "meta": {"values": {"1": [["custom", "callback"]]}, "v": 1}}
        calls = []
        for n in range(60):
            calls.append(client.start("script", "run", n, route=route) if n % 3 else client.start("script", "run", args=back, route=route))
        kept = client.start("builtins", "dict", route=route, returns="object", leaseMs=60000)
        more = self.burst(client, route, 40)
        self.assertEqual([client.finish(call).value for call in calls], [n if n % 3 else 6 for n in range(60)])
        self.assertEqual(client.finish(kept).outcome, "value")
        self.assertEqual([client.finish(call).value for call in more], list(range(40)))


class WorkerTest(unittest.TestCase):
    """The worker's side by itself, with a supervisor that does as it is told."""

    def setUp(self):
        self.channel, theirs = socket.socketpair()
        self.channel.settimeout(LIMIT)
        (self.out, out), (self.err, err), turn_token = os.pipe(), os.pipe(), os.pipe()
        os.set_blocking(turn_token[0], False)
        self.turn_token = TurnToken(*turn_token)
        self.turn_token.put(0)
        pid = os.fork()
        if pid == 0:
            try:
                self.channel.close()
                from sremote_endpoint.session import worker
                for source, target in ((out, 1), (err, 2)):
                    os.dup2(source, target)
                ends = [self.out, self.err] + list(turn_token)
                worker.begin(dict(number=1, alone=False, first=1 << 24, channel=theirs.fileno(), ends=ends, cwd=False, code=[]))
            finally:
                os._exit(70)
        theirs.close()
        os.close(out)
        os.close(err)
        self.packets, self.came = wire.Packets(wire.OWN_KINDS), []
        self.addCleanup(self._end, pid)

    def _end(self, pid):
        self.channel.close()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self.turn_token.close()
        os.close(self.out)
        os.close(self.err)

    def packet(self, number, module=b"os", function=b"getpid", args=b"", ahead=None):
        packet = wire.pack(wire.OPEN, number, b"\0\0" + b"".join(join_frame(_INVOKE % (module, function, args), [])))
        return packet if ahead is None else wire.readdress(packet, wire.AHEAD, ahead)

    def next_events(self, last):
        """What came up to the last packet of that stream, the greeting aside: streams that ended, and `onward`."""
        while ("last", last) not in self.came:
            data = self.channel.recv(65536)
            self.assertTrue(data)
            for kind, flags, stream, _ in self.packets.feed(data):
                if kind == wire.ONWARD:
                    self.came.append("onward")
                elif kind == wire.DATA and flags & wire.LAST:
                    self.came.append(("last", stream))
        came, self.came = self.came, []
        return came

    def test_it_goes_on_by_itself_to_what_it_was_handed(self):
        self.channel.sendall(self.packet(1) + self.packet(2, ahead=0) + self.packet(3, ahead=0))
        self.assertEqual(self.next_events(3), ["onward", ("last", 1), "onward", ("last", 2), ("last", 3)])

    def test_what_was_taken_back_does_not_run(self):
        self.turn_token.take()
        self.turn_token.put(7)
        self.channel.sendall(self.packet(1) + self.packet(2, ahead=6) + self.packet(3, ahead=7))
        self.assertEqual(self.next_events(3), ["onward", ("last", 1), ("last", 3)])

    def test_it_waits_as_long_as_the_supervisor_has_the_token(self):
        self.turn_token.take()
        self.channel.sendall(self.packet(1) + self.packet(2, ahead=0))
        self.assertEqual(self.next_events(1), [("last", 1)])
        self.turn_token.put(0)
        self.channel.sendall(self.packet(3))
        self.assertEqual(self.next_events(3), [("last", 3)])

    def test_it_waits_as_long_as_its_output_was_not_read(self):
        self.channel.sendall(self.packet(3, b"builtins", b"print", b'"x"') + self.packet(4, ahead=0))
        self.assertEqual(self.next_events(3), [("last", 3)])
        self.assertEqual(os.read(self.out, 10), b"x\n")
        self.channel.sendall(self.packet(5) + self.packet(6, ahead=0))
        self.assertEqual(self.next_events(6), ["onward", ("last", 5), ("last", 6)])


class SignalTest(unittest.TestCase):
    def test_a_worker_between_two_calls_gets_no_signal_before_it_is_known_which_one_it_runs(self):
        from sremote_endpoint.session.streams import Streams
        from sremote_endpoint.session.route import read_route
        from sremote_endpoint.session.call import Call

        class Worker:
            ends, signals = False, 0

        class Fake:
            """The workers and what is ahead, as far as ending a call needs them."""
            free, waits = False, []

            def reclaim(self, worker):
                return self.free

            def try_again(self, act, *args):
                self.waits.append((act, args))

            def hand(self, worker, packet=None):
                pass

            watch = hand

            def escalate(self, worker):
                worker.signals += 1

        calls, fake, worker = Streams.__new__(Streams), Fake(), Worker()
        calls.prefetch = calls.workers = fake
        stream = Call(1, read_route(b""), 0.0)
        stream.worker = worker
        calls._end(stream, ("cancelled", {}))
        self.assertEqual((worker.signals, stream.reason), (0, None))
        fake.free = True
        act, args = fake.waits.pop()
        stream.over = True
        act(*args)
        self.assertEqual(worker.signals, 0)
        stream.over = False
        act(*args)
        self.assertEqual((worker.signals, stream.reason), (1, ("cancelled", {})))
