import hashlib
import json
import os
import socket
import subprocess
import sys
import time

from sremote_endpoint.session.listener import Door
from sremote_endpoint.session.proof import prove
from tests.session_client import Client, Lost, SessionTest, wire
from tests.support import MARKER, ROOT, SOURCE, is_running, make_payload, wait_for

RESOURCES = ROOT + "/resources"
TEXT = "import os, time\ndef count(n):\n    for i in range(n):\n        os.write(1, b'%06d\\n' % i)\n    return n\ndef mark(path):\n    with open(path, 'a') as f:\n        f.write('x')\n    return 1\n"


def lines(n):
    return b"".join(b"%06d\n" % i for i in range(n))


class LinkTest(SessionTest):
    def begin(self, **options):
        client = self.session(**options)
        self.address = client.message(wire.WELCOME)["attach"]
        self.pid = self.process.pid
        return client

    def cut(self):
        self.process.stdin.close()
        self.process.stdout.close()

    def test_g01_nothing_is_lost_or_doubled_wherever_the_link_is_cut(self):
        route = self.module(TEXT)
        client = self.begin(workers=2)
        for n in range(24):
            call = client.start("script", "count", 3000, route=route)
            other = client.start("script", "mark", "marks", route=route)
            # Some bytes later, in the middle of packets or between them; the first ones before the supervisor can have read anything.
            wanted = (n * n * 61) % 23000
            client.until(lambda: len(call.stdout) >= min(wanted, 20990) if n else True)
            if n % 3 == 2:
                half = wire.pack(wire.OPEN, client.next + 1, b"\0\0half")[:n]
                try:
                    client.write(half)
                except OSError:
                    pass
            if n == 0:
                self.cut()
            if n % 2:
                # The old one is still open: the new one takes over.
                old, client.link, door, client.door = client.link, None, client.door, None
                client.resume(self.address)
                old.close()
                door.close()
            else:
                client.leave()
                client.resume(self.address)
            client.finish(call)
            client.finish(other)
            self.assertEqual(call.stdout, lines(3000))
        with open(self.home + "/work/marks") as file:
            self.assertEqual(file.read(), "x" * 24)

    def test_a_damaged_packet_breaks_the_link_and_not_the_session(self):
        client = self.begin()
        pid = client.call("os", "getpid").value
        opening = wire.pack(wire.OPEN, 1000, b"\0\0" + bytes(40))
        broken = [opening[:place] + bytes([opening[place] ^ 64]) + opening[place + 1 :] for place in (4, 5, 9, 13, 17, 30)]
        # A length that only the head gives away: half a megabyte more, which the supervisor must not wait for.
        for packet in (wire.pack(wire.PING, payload=bytes(8)), wire.pack(wire.CANCEL, 1000), wire.pack(wire.DATA, 1000, bytes(40))):
            broken.append(packet[:2] + bytes([packet[2] ^ 8]) + packet[3:])
        for packet in broken:
            client.write(packet)
            with self.assertRaises((Lost, OSError)):
                client.until(lambda: False, 5)
            client.resume(self.address)
            self.assertEqual(client.call("os", "getpid").value, pid)

    def test_a_packet_that_makes_no_sense_breaks_the_link_and_not_the_session_and_is_not_counted(self):
        route = self.module("import os, time\ndef wait(path):\n    while not os.path.exists(path): time.sleep(0.01)\n    return 'went on'\n")
        client = self.begin()
        for number, wrong in enumerate((
            lambda stream: wire.pack(wire.PONG, 0, bytes(8)), lambda stream: wire.pack(wire.STDOUT, stream, bytes(8)), lambda stream: wire.pack(wire.HELLO),
            lambda stream: wire.pack(wire.PROOF), lambda stream: wire.pack(wire.CREDIT, stream, bytes(4)), lambda stream: wire.pack(wire.OPEN, stream, bytes(2)),
        )):
            path = "%s/go%d" % (self.home, number)
            call = client.start("script", "wait", path, route=route)
            client.write(wrong(client.next))
            with self.assertRaises((Lost, OSError)):
                client.until(lambda: False, 5)
            client.resume(self.address)
            open(path, "w").close()
            client.finish(call)
            self.assertEqual(call.value, "went on")

    def test_who_cannot_prove_to_know_the_token_gets_nothing_and_disturbs_nothing(self):
        client = self.begin()
        self.assertEqual((os.stat(os.path.dirname(self.address)).st_mode & 0o777, os.path.dirname(self.address)[:9]), (0o700, "/dev/shm/"))
        client.resume(self.address)
        ours, (resume, proof) = (client.link, client.door), client.spoken
        client.link = client.door = None

        def stranger(*answers):
            """Says `resume`, then these packets to the challenge; nothing else is heard and the link is dropped."""
            client.attach(self.address)
            challenge = client.message(wire.CHALLENGE)
            for answer in answers:
                client.write(answer(challenge))
            with self.assertRaises((Lost, OSError)):
                client.until(lambda: False, 5)
            self.assertEqual(client.messages, [])

        def proved(challenge, token=client.token, side="client", received=0):
            told = prove(token, side, client.nonce, challenge["nonce"], received)
            return wire.pack(wire.PROOF, payload=json.dumps({"type": "proof", "received": received, "proof": told}).encode())
        stranger(lambda challenge: proved(challenge, token="0" * 32))
        stranger(lambda challenge: proved(challenge, side="host"))
        stranger(lambda challenge: wire.pack(wire.PROOF, payload=json.dumps({"type": "proof", "received": 0, "proof": challenge["proof"]}).encode()))
        stranger(lambda challenge: proved(challenge, received=10 ** 6))
        # What was heard of the client once is of no use, not even with its own nonce.
        stranger(lambda challenge: proof)
        client.attach(self.address, resume)
        client.message(wire.CHALLENGE)
        client.write(proof)
        with self.assertRaises((Lost, OSError)):
            client.until(lambda: False, 5)
        for packet in (proof, wire.pack(wire.BYE, payload=b'{"type":"bye"}'), wire.pack(wire.OPEN, 9, b"\0\0frame"), wire.pack(wire.RESUME, payload=b"{}")):
            client.attach(self.address, packet)
            with self.assertRaises((Lost, OSError)):
                client.until(lambda: False, 5)
            self.assertEqual(client.messages, [])
        client.leave()
        client.link, client.door = ours
        client.reader = client.writer = client.link.fileno()
        client.rest = b""
        self.assertEqual(client.call("os", "getcwd").value, self.home)
        self.assertNotIn(client.token.encode(), resume + proof)

    def test_g01_what_comes_over_the_old_link_while_the_client_proves_itself_runs_once(self):
        route = self.module(TEXT)
        client = self.begin()
        old = client.writer
        client.attach(self.address)
        client.until(lambda: client.messages)
        for _ in range(3):
            call = client.start("script", "mark", "marks", route=route, link=old)
        wait_for(lambda: os.path.exists(self.home + "/work/marks") and os.path.getsize(self.home + "/work/marks") == 3)
        told = client.prove()
        self.assertEqual(told, 0)
        for data in client.sent:
            client.write(data)
        client.finish(call)
        client.call("script", "mark", "marks", route=route)
        self.assertEqual(os.path.getsize(self.home + "/work/marks"), 4)

    def test_the_place_of_a_killed_supervisor_is_removed_by_the_next_session_that_has_time(self):
        self.begin()
        killed, place = self.process, os.path.dirname(self.address)
        live = self.begin()
        killed.kill()
        killed.wait(10)
        self.assertTrue(os.path.exists(place))
        own = os.path.dirname(self.address)
        self.begin()
        wait_for(lambda: not os.path.exists(place))
        self.assertTrue(os.path.exists(own))
        live.resume(own + "/s")
        self.assertEqual(live.call("os", "getcwd").value, self.home)

    def test_g15_without_a_link_everything_ends_with_the_lease(self):
        client = self.begin(lease=300)
        route = self.module("import os, subprocess, time\ndef run():\n    p = subprocess.Popen(['sleep', '64'])\n    print(os.getpid(), p.pid)\n    while True:\n        try:\n            time.sleep(60)\n        except BaseException:\n            pass\n")
        call = client.start("script", "run", route=route)
        client.until(lambda: call.stdout.endswith(b"\n"))
        self.cut()
        self.assertEqual(self.process.wait(10), 0)
        for pid in call.stdout.split():
            wait_for(lambda: not is_running(int(pid)))

    def test_g03_the_lease_is_over_with_the_return_of_the_client_and_begins_anew_with_the_next_loss(self):
        client = self.begin(lease=1200)
        pid = client.call("os", "getpid").value
        self.cut()
        client.resume(self.address)
        time.sleep(1.4)  # the lease itself
        self.assertEqual(client.call("os", "getpid").value, pid)
        client.leave()
        self.assertEqual(self.process.wait(10), 0)

    def test_g06_at_most_sixteen_wait_at_the_socket_at_once(self):
        client = self.begin()
        waiting = [self.connected() for _ in range(16)]
        self.assertEqual(self.connected().recv(1), b"")
        for each in waiting:
            each.send(b"x")  # without the streams that ought to come with it: it is sent away
            self.assertEqual(each.recv(1), b"")
        self.cut()
        client.resume(self.address)
        self.assertEqual(client.call("os", "getcwd").value, self.home)

    def connected(self):
        peer = socket.socket(socket.AF_UNIX)
        self.addCleanup(peer.close)
        peer.settimeout(10)
        peer.connect(self.address)
        return peer

    def test_g06_a_process_of_another_user_is_not_let_in(self):
        if os.geteuid() != 0:
            sys.stderr.write("left out, since only root can become another user: a stranger at the socket\n")
            return
        door = Door()
        self.addCleanup(door.close)
        self.address = door.address
        os.close(self.accepted(door))
        peer = self.connected()
        # Seen by this user the one at the other end, root, is another.
        os.seteuid(65534)
        try:
            self.assertIsNone(door.accept())
        finally:
            os.seteuid(0)
        self.assertEqual(peer.recv(1), b"")

    def accepted(self, door):
        self.connected()
        fd = door.accept()
        self.assertIsNotNone(fd)
        return fd

    def test_a_link_that_says_nothing_is_given_up(self):
        client = self.begin(lease=300, heartbeat=100)
        self.assertEqual(client.call("os", "getcwd").value, self.home)
        for n in range(10):
            time.sleep(0.1)  # the heartbeat itself
            client.write(wire.pack(wire.PING, payload=client.received.to_bytes(8, "little")))
            self.assertEqual(client.message(wire.PONG), len(client.sent))
        self.assertEqual(self.process.wait(10), 0)

    def test_an_end_of_input_before_the_hello_ends_the_supervisor(self):
        process = self.start("session", "--base", self.base, flags=["-E"])
        out, err = process.communicate(b"", timeout=10)
        self.assertEqual((out, err, process.returncode), (b"", b"", 0))

    def test_g15_a_client_that_never_says_hello_ends_the_supervisor_though_its_input_never_ends(self):
        code = "import sys; sys.path.insert(0, sys.argv[1]); from sremote_endpoint import main; from sremote_endpoint.session import session; session.GREETING = 0.3; sys.exit(main.main(sys.argv[2:]))"
        process = subprocess.Popen([sys.executable, "-E", "-c", code, SOURCE, "session", "--base", self.base], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=self.environment())
        self.addCleanup(self._end, process)
        # Signs of life are no greeting.
        process.stdin.write(wire.pack(wire.PING, payload=bytes(8)))
        process.stdin.flush()
        self.assertEqual(process.wait(10), 0)
        self.assertEqual(process.stderr.read(), b"")

    def test_a_greeting_that_came_in_time_binds_nothing_later(self):
        code = "import sys; sys.path.insert(0, sys.argv[1]); from sremote_endpoint import main; from sremote_endpoint.session import session; session.GREETING = 1; sys.exit(main.main(sys.argv[2:]))"
        client = self.session(program=["-c", code, SOURCE, "session", "--base", self.base, "--marker"] + list(MARKER))
        self.assertEqual(client.call("time", "sleep", 1.5).outcome, "value")

    def test_it_acknowledges_in_time(self):
        client = self.begin()
        calls = [client.start("builtins", "str", n) for n in range(300)]
        for call in calls:
            client.finish(call)
        acks = [number for kind, number in client.messages if kind == wire.ACK]
        self.assertEqual(acks, [256])

    def test_nothing_is_read_from_workers_while_too_much_is_not_acknowledged(self):
        client = self.begin()
        client.acking = False
        route = self.module("import os\ndef run(n):\n    for i in range(n):\n        os.write(1, b'x' * 65536)\n")
        call = client.start("script", "run", 160, route=route)
        client.until(lambda: len(call.stdout) >= 4194304)
        ping = client.start("os", "getpid", route={"worker": "other"})
        with self.assertRaises(AssertionError):
            client.until(lambda: ping.result is not None or len(call.stdout) > 4194304 + 262144, 0.5)
        client.acking = True
        client.write(wire.pack(wire.ACK, payload=client.received.to_bytes(8, "little")))
        self.assertEqual(len(client.finish(call).stdout), 160 * 65536)
        self.assertGreater(client.finish(ping).value, 0)


class StageTest(SessionTest):
    """The first stage and the attaching process, as the client starts them."""

    def stage(self):
        """(payload, command)"""
        payload = make_payload("packPythonSession")
        with open(RESOURCES + "/stage-session.py") as file:
            text = file.read()
        arguments = [text, sys.executable, self.base, str(len(payload)), hashlib.sha256(payload).hexdigest()]
        return payload, [sys.executable, "-E", "-c", "import sys; exec(sys.argv[1])"] + arguments + list(MARKER) + ["session"]

    def staged(self, **options):
        payload, command = self.stage()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(), bufsize=0)
        self.addCleanup(self._end, self.process)
        self.process.stdin.write(payload)
        client = Client(self.process.stdout.fileno(), self.process.stdin.fileno(), **options)
        head = (MARKER[1] + MARKER[0]).encode()
        self.assertEqual(self.process.stdout.read(len(head)), head, self.process.poll())
        return client

    def test_the_payload_runs_from_memory_and_nothing_is_written(self):
        client = self.staged()
        welcome = client.message(wire.WELCOME)
        self.assertEqual(len(welcome["host"]["endpoint"]), 64)
        self.assertEqual(client.call("math", "sqrt", 4).value, 2)
        self.assertEqual(client.call("os", "getenv", "X", route={"env": [["X", "1", False]]}).value, "1")
        self.assertEqual(client.call("datetime", "date", 2026, 11, 22).value, "2026-11-22")
        call = client.call("re", "compile", "a+")
        self.assertEqual(call.value, "/a+/")
        self.assertEqual(os.listdir(self.home), [])
        client.bye()
        self.assertEqual((self.process.wait(10), self.process.stderr.read()), (0, b""))

    def test_where_the_endpoint_is_installed_compiled_code_is_kept(self):
        os.makedirs(self.base + "/endpoint", 0o700)
        for _ in range(2):
            client = self.staged()
            self.assertEqual(client.call("math", "sqrt", 4).value, 2)
            wait_for(lambda: len(os.listdir(self.base + "/endpoint")) == 1)
            client.bye()
            self.assertEqual(self.process.wait(10), 0)
        self.assertRegex(os.listdir(self.base + "/endpoint")[0], "^session-code-")
        os.chmod(self.base, 0o777)
        client = self.staged()
        self.assertEqual(client.call("math", "sqrt", 4).value, 2)

    def test_a_damaged_payload_or_a_missing_end_is_told(self):
        payload, command = self.stage()
        head = (MARKER[1] + MARKER[0]).encode()
        out = subprocess.run(command, input=payload[:-1] + b"x", stdout=subprocess.PIPE, env=self.environment(), timeout=20).stdout
        self.assertTrue(out.startswith(head + b"N\nreason=payload\n"), out)
        out = subprocess.run(command, input=payload[:-10], stdout=subprocess.PIPE, env=self.environment(), timeout=20).stdout
        self.assertIn(b"10 bytes early", out)

    def test_a_new_link_comes_from_the_attaching_process(self):
        client = self.staged()
        address = client.message(wire.WELCOME)["attach"]
        pid = client.call("os", "getpid").value
        with open(RESOURCES + "/attach.py") as file:
            command = [sys.executable, "-I", "-S", "-c", "import sys; exec(sys.argv[1])", file.read(), address] + list(MARKER)
        head = (MARKER[1] + MARKER[0]).encode()
        for _ in range(2):
            other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
            self.assertEqual(other.stdout.read(len(head)), head)
            client.reader, client.writer, client.rest = other.stdout.fileno(), other.stdin.fileno(), b""
            client.ask()
            self.assertEqual(client.prove(), len(client.sent))
            self.assertEqual(client.call("os", "getpid").value, pid)
            if _ == 0:
                first = other
        # The process whose link was taken over ends.
        self.assertEqual(first.wait(10), 0)
        client.bye()
        self.assertEqual(self.process.wait(10), 0)
        self.assertEqual(other.wait(10), 0)
        late = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=10)
        self.assertEqual((late.returncode, late.stdout), (0, head + b"N\nreason=session\n"))
        for each in (first, other):
            each.stdin.close()
            each.stdout.close()
