"""A small client of sessions: packets over pipes to a real supervisor, and attaching anew. Every wait has a deadline."""
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
from binascii import crc32

from tests.session_check import check_message
from tests.support import MARKER, SOURCE, EndpointTest

from sremote_endpoint.wire import packet as wire
from sremote_endpoint.wire.frame import join_frame, split_frame
from sremote_endpoint.run.reload import clock
from sremote_endpoint.session.proof import prove

LIMIT = 30.0


class Lost(Exception):
    pass


class Call:
    """What came of one stream."""

    def __init__(self, number):
        self.number = number
        self.output = {wire.STDOUT: bytearray(), wire.STDERR: bytearray()}
        self.frames = bytearray()
        self.asks = []
        self.parts = []
        self.granted = 65536
        self.totals = None
        self.result = None
        self.flags = None
        self.worker = None
        self.order = []
        self.attachments = []
        self.by_hand = False

    @property
    def stdout(self):
        return self.output[wire.STDOUT]

    @property
    def stderr(self):
        return self.output[wire.STDERR]

    @property
    def outcome(self):
        return self.result["outcome"]

    @property
    def value(self):
        if self.result["outcome"] != "value":
            raise AssertionError(self.result)
        return self.result["value"]["json"]

    @property
    def error(self):
        return self.result["error"]

    @property
    def items(self):
        """(values, failures by item) of a call with `each`, from its parts and its result."""
        messages = self.parts + [self.result]
        values = [value for message in messages if "value" in message for value in message["value"]["json"]]
        return values, {found["item"]: found for message in messages for found in message.get("failures", [])}


class Client:
    def __init__(self, reader, writer, workers=1, lease=60000, heartbeat=15000, protocol=1):
        self.reader, self.writer = reader, writer
        self.calls = {}
        self.next = 0
        self.rest = b""
        self.sent = []
        self.acknowledged = 0
        self.received = 0
        self.messages = []
        self.token = os.urandom(16).hex()
        self.answer = None
        self.acking = True
        self.link = self.door = None
        self.unwritten = []
        # The nonce of the last attempt to resume, and the packets that were said there.
        self.nonce, self.spoken = None, []
        hello = {"type": "hello", "protocol": protocol, "token": self.token, "workers": workers, "leaseMs": lease, "heartbeatMs": heartbeat}
        self.write(wire.pack(wire.HELLO, payload=json.dumps(hello).encode()))

    def write(self, data):
        self.unwritten.append(data)
        if len(self.unwritten) > 1:
            return  # within a write that reads meanwhile: packets must not be mixed
        try:
            while self.unwritten:
                self._write(self.unwritten[0])
                del self.unwritten[0]
        except BaseException:
            del self.unwritten[:]
            raise

    def _write(self, data):
        view = memoryview(data)
        until = time.monotonic() + LIMIT
        os.set_blocking(self.writer, False)
        while len(view):
            if time.monotonic() > until:
                raise AssertionError("could not write within %g s" % LIMIT)
            try:
                view = view[os.write(self.writer, view):]
            except BlockingIOError:
                ready = select.select([self.reader], [self.writer], [], 1)
                if ready[0]:
                    self.step(0)

    def counted(self, data):
        self.sent.append(data)
        self.write(data)

    def start(self, module, function, *args, **members):
        """Opens a stream and returns its Call. `route`: a dict; `attachments`; the rest goes into the invoke."""
        route = members.pop("route", None)
        attachments = members.pop("attachments", [])
        by_hand = members.pop("by_hand", False)
        link = members.pop("link", None)
        header = {"type": "invoke", "module": module, "function": function, "args": {"json": list(args)}}
        header.update(members)
        frame = b"".join(join_frame(json.dumps(header).encode(), attachments))
        return self.open(frame, route, by_hand, link)

    def open(self, frame, route=None, by_hand=False, link=None):
        """`link`: another descriptor to write to."""
        self.next += 1
        call = self.calls[self.next] = Call(self.next)
        call.by_hand = by_hand
        route = json.dumps(route, sort_keys=True).encode() if route else b""
        first = frame[:65536]
        packet = wire.pack(wire.OPEN, call.number, struct.pack("<H", len(route)) + route + first)
        if link is None:
            self.counted(packet)
        else:
            self.sent.append(packet)
            os.write(link, packet)
        done = len(first)
        while done < len(frame):
            self.until(lambda: call.granted > done or call.result)
            if call.result:
                break
            part = frame[done:min(done + 65536, call.granted)]
            self.counted(wire.pack(wire.DATA, call.number, part))
            done += len(part)
        return call

    def finish(self, call):
        self.until(lambda: call.result is not None)
        return call

    def call(self, module, function, *args, **members):
        return self.finish(self.start(module, function, *args, **members))

    def cancel(self, call):
        self.counted(wire.pack(wire.CANCEL, call.number))

    def credit(self, call, stdout, stderr=0):
        self.counted(wire.pack(wire.CREDIT, call.number, struct.pack("<II", stdout, stderr)))

    def mute(self, call, flags):
        self.counted(wire.pack(wire.MUTE, call.number, b"", flags))

    def bye(self):
        self.write(wire.pack(wire.BYE, payload=b'{"type":"bye"}'))

    def until(self, condition, seconds=LIMIT):
        until = time.monotonic() + seconds
        while not condition():
            left = until - time.monotonic()
            if left <= 0:
                raise AssertionError("did not happen within %g s" % seconds)
            self.step(left)

    def step(self, seconds):
        if not select.select([self.reader], [], [], seconds)[0]:
            return
        data = os.read(self.reader, 65536)
        if not data:
            raise Lost("the supervisor closed the link")
        self.feed(data)

    def feed(self, data):
        self.rest += data
        while len(self.rest) >= 16:
            size, kind, flags, worker, stream, check = struct.unpack_from("<IBBHII", self.rest)
            if len(self.rest) < 16 + size:
                break
            payload, head = self.rest[16:16 + size], self.rest[:12]
            self.rest = self.rest[16 + size:]
            if check != (crc32(head) if kind == wire.DATA else crc32(payload, crc32(head))):
                raise AssertionError("a packet with a wrong checksum")
            if kind >= 16:
                self.received += 1
                if self.acking and self.received % 32 == 0:
                    self.write(wire.pack(wire.ACK, payload=self.received.to_bytes(8, "little")))
            self.take(kind, flags, worker, stream, payload)

    def take(self, kind, flags, worker, stream, payload):
        if kind < 16:
            if kind in (wire.PING, wire.PONG, wire.ACK):
                self.acknowledged = int.from_bytes(payload, "little")
                self.messages.append((kind, self.acknowledged))
            else:
                message = json.loads(payload.decode())
                check_message(message, {wire.WELCOME: "welcome", wire.CHALLENGE: "challenge", wire.BYE: "bye"}[kind])
                self.messages.append((kind, message))
            return
        call = self.calls[stream]
        if call.result is not None:
            raise AssertionError("a packet after the stream's last one")
        call.worker = worker or call.worker
        if kind in (wire.STDOUT, wire.STDERR):
            call.output[kind] += payload
            call.order.append(kind)
            if not call.by_hand:
                self.counted(wire.pack(wire.CREDIT, stream, struct.pack("<II", *((len(payload), 0) if kind == wire.STDOUT else (0, len(payload))))))
        elif kind == wire.CREDIT:
            call.granted += int.from_bytes(payload, "little")
        elif kind == wire.TOTALS:
            call.totals = struct.unpack("<QQ", payload)
        elif kind == wire.DATA:
            if flags & wire.VOID:
                del call.frames[:]
            call.frames += payload
            self.frames(call, flags)
        else:
            raise AssertionError("kind %d" % kind)

    def frames(self, call, flags):
        while len(call.frames) >= 24:
            size = 28 + int.from_bytes(call.frames[12:20], "little")
            if len(call.frames) < size:
                break
            frame = call.frames[:size]
            call.frames = call.frames[size:]
            header, parts = split_frame(frame)
            message = json.loads(header.decode())
            check_message(message, "result", "part", "ask")
            if message["type"] == "part":
                call.parts.append(message)
            elif message["type"] == "result":
                call.result, call.attachments, call.flags = message, parts, flags
            else:
                call.asks.append(message)
                if self.answer is not None:
                    self.reply(call, self.answer(message))
        if bool(flags & wire.LAST) != (call.result is not None):
            raise AssertionError("the last packet ends with the result, and no other")

    def reply(self, call, answer):
        self.counted(wire.pack(wire.DATA, call.number, b"".join(join_frame(json.dumps(answer).encode(), []))))

    def message(self, kind):
        """Waits for a message of this kind and takes it."""
        self.until(lambda: any(found == kind for found, _ in self.messages))
        index = [found for found, _ in self.messages].index(kind)
        return self.messages.pop(index)[1]

    def attach(self, address, first=None):
        """A new link, as the attaching process would make it, but over a socket pair of this process; and the first packet on it."""
        self.leave()
        ours, theirs = socket.socketpair()
        door = socket.socket(socket.AF_UNIX)
        door.connect(address)
        door.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("ii", theirs.fileno(), theirs.fileno()))])
        theirs.close()
        self.door = door
        self.link = ours
        self.reader = self.writer = ours.fileno()
        self.rest = b""
        if first is None:
            self.ask()
        else:
            self.write(first)

    def ask(self):
        """The first packet on a new link."""
        self.nonce = os.urandom(32).hex()
        self.spoken = [wire.pack(wire.RESUME, payload=json.dumps({"type": "resume", "nonce": self.nonce}).encode())]
        self.write(self.spoken[0])

    def prove(self, received=None):
        """Waits until the supervisor has proved who it is, and does the same. Returns how many packets it has."""
        challenge = self.message(wire.CHALLENGE)
        told = challenge["received"]
        if challenge["proof"] != prove(self.token, "host", self.nonce, challenge["nonce"], told):
            raise AssertionError("a supervisor that cannot prove itself")
        received = self.received if received is None else received
        proof = prove(self.token, "client", self.nonce, challenge["nonce"], received)
        self.spoken.append(wire.pack(wire.PROOF, payload=json.dumps({"type": "proof", "received": received, "proof": proof}).encode()))
        self.write(self.spoken[1])
        return told

    def leave(self):
        """Closes a link made by `attach`."""
        for each in (self.link, self.door):
            if each is not None:
                each.close()
        self.link = self.door = None

    def resume(self, address):
        self.attach(address)
        done = self.prove()
        for data in self.sent[done:]:
            self.write(data)
        return done


class SessionTest(EndpointTest):
    """Each test has its own supervisors and looks for what they left."""

    def session(self, workers=1, program=None, flags=("-E",), env=None, **options):
        self.process = subprocess.Popen([sys.executable] + list(flags) + (program or [SOURCE, "session", "--base", self.base, "--marker"] + list(MARKER)),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env or self.environment(), bufsize=0)
        self.addCleanup(self._end, self.process)
        client = Client(self.process.stdout.fileno(), self.process.stdin.fileno(), workers, **options)
        self.addCleanup(client.leave)
        head = (MARKER[1] + MARKER[0]).encode()
        got = b""
        while len(got) < len(head):
            part = os.read(client.reader, len(head) - len(got))
            if not part:
                raise AssertionError(self.process.stderr.read())
            got += part
        self.assertEqual(got, head)
        return client

    def module(self, text, name="script"):
        """Puts a module into the working directory `work` and returns the route of calls there."""
        path = self.write("work/%s.py" % name, text)
        # What is written in the tick in which it is loaded may have been edited since, and is loaded anew.
        while os.stat(path).st_ctime >= clock():
            time.sleep(0.001)
        return {"cwd": "work"}
