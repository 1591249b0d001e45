"""Mode `session`: the supervisor (SESSION.md). It speaks with the client and never runs user code."""
import os
import sys

import _signal as signal

from ..host.standard import PACKAGE
from ..wire.errors import Refusal, protocol_error
from ..wire.json_text import dump, parse
from ..wire.limits import GREETING, LEASE_GRACE, NEWCOMER_PATIENCE, NEWCOMERS, PROTOCOL, SILENT_INTERVALS, UNACKNOWLEDGED, WORKERS
from ..wire.message import is_count, is_duration, is_hex, is_id, whole
from ..wire.packet import (ACK, BYE, CANCEL, CHALLENGE, COUNTED, CREDIT, DATA, HELLO, MUTE, OPEN, PING, PONG, PROOF, RESUME, SIZE, WELCOME, Damaged,
                           count, pack)
from ..wire.reply import host_facts
from .link import Link
from .listener import Door, take_streams
from .loop import POLLOUT, Loop
from .replay import Received, Sent
from .streams import Streams
from .worker_start import load_all

# Seconds after which the first calls are likely to be over.
QUIET = 2.0
# While calls queue up, results are gathered up to so many bytes and seconds.
GATHER = 16384
MOMENT = 0.0005
# Seconds until a socket that could not be opened is tried again.
PAUSE = 0.1


class Session:
    def __init__(self, home, base, endpoint, umask, first):
        self.host = host_facts(home, base, endpoint)
        self.umask = umask
        self.first = first
        self.loop = Loop()
        self.sent = Sent()
        self.received = Received()
        self.link = None
        self.heard = self.loop.now
        self.newcomers = set()
        self.hello = None
        self.calls = None
        self.door = None
        self.lease = None
        self.greeting = None
        self.over = False

    def run(self, link):
        """Serves until the client says `bye`, or its lease ends. Returns the exit status."""
        reader, writer = os.pipe()
        for fd in (reader, writer):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(writer)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._terminate)
        self.loop.watch(reader, lambda _: self._signalled(reader))
        self._adopt(link)
        self.greeting = self.loop.after(GREETING, self._terminate)
        try:
            limit = None
            while not self.over:
                self.loop.turn(limit)
                limit = None
                if self.link is not None and self.link.unsent:
                    if self._gathers():
                        limit = 1
                    else:
                        self._flush()
        finally:
            if self.calls is not None:
                self.calls.workers.kill()
            if self.door is not None:
                self.door.close()
        return 0

    def _terminate(self, *_):
        self.over = True

    def _signalled(self, reader):
        try:
            while os.read(reader, 4096):
                pass
        except BlockingIOError:
            pass
        if self.calls is not None:
            self.calls.workers.reap()

    def _gathers(self):
        """
        Whether what is to be sent waits for the next result. Where short calls queue up, one write for many results saves both sides more than
        the call itself costs; no one waits, since the client has sent calls that no worker could take yet.
        """
        link, now = self.link, self.loop.now
        if self.calls is None or not self.calls.pool.waiting or link.size >= GATHER:
            return False
        if link.since == 0.0:
            link.since = now
        return now - link.since < MOMENT and now - self.calls.ended < MOMENT

    # The link.

    def send(self, packet):
        """A counted packet: it reaches the client, over this link or a later one."""
        self.sent.add(packet)
        if self.link is not None:
            self.link.put(packet)
        if self.sent.bytes >= UNACKNOWLEDGED and not self.calls.workers.paused:
            self.calls.workers.pause(True)

    def _flush(self):
        link = self.link
        link.since = 0.0
        done = link.flush()
        if done is None:
            self._drop()
        elif done:
            self.loop.forget(link.writer)
        else:
            self.loop.watch(link.writer, lambda _: None, POLLOUT)

    def _adopt(self, link):
        self.link = link
        self.heard = self.loop.now
        self.loop.timers.cancel(self.lease)
        self.loop.watch(link.reader, lambda _: self._read(link))

    def _drop(self):
        """The link is lost. Workers go on until the lease ends."""
        link, self.link = self.link, None
        self._release(link)
        if self.hello is None:
            self.over = True
        else:
            self.lease = self.loop.after(self.hello["leaseMs"] / 1000.0, self._end_lease)

    def _release(self, link):
        for fd in (link.reader, link.writer):
            self.loop.forget(fd)
        link.close()

    def _end_lease(self):
        self.calls.workers.stop(signal.SIGTERM)
        self.lease = self.loop.after(LEASE_GRACE, self._terminate)

    def _read(self, link):
        data = link.read()
        if data is None:
            return
        self.heard = self.loop.now
        try:
            if not data:
                raise Damaged("the end")
            for kind, flags, stream, packet in link.packets.feed(data):
                if link is self.link:
                    self._handle(kind, flags, stream, packet)
                else:
                    self._welcome_back(link, kind, packet)
        except Damaged:
            if link is self.link:
                self._drop()
            else:
                self._reject(link)

    def _handle(self, kind, flags, stream, packet):
        if kind >= COUNTED:
            if self.hello is None or kind not in _COUNTED:
                raise Damaged("a packet of an unknown kind")
            if self.link.repeated:
                self.link.repeated -= 1
                return
            calls = self.calls
            if kind == OPEN:
                calls.open(stream, packet)
            elif kind == DATA:
                calls.data(stream, packet)
            elif kind == CREDIT:
                count(packet)
                calls.credit(stream, packet)
            elif len(packet) != SIZE:
                raise Damaged("a packet of a wrong length")
            elif kind == CANCEL:
                calls.cancel(stream)
            else:
                calls.mute(stream, flags)
            # One that makes no sense breaks the link and was not received.
            if self.received.add(len(packet) - SIZE):
                self.link.put(pack(ACK, payload=self.received.told()))
        elif kind == PING:
            self._acknowledge(count(packet))
            self.link.put(pack(PONG, payload=self.received.told()))
        elif kind == ACK:
            self._acknowledge(count(packet))
        elif kind == HELLO and self.hello is None:
            self._greet(packet)
        elif kind == BYE:
            self.over = True
        else:
            raise Damaged("a packet of an unknown kind")

    def _acknowledge(self, received):
        if not self.sent.acknowledge(received):
            raise Damaged("an acknowledgement of what was not sent")
        if self.calls is not None and self.calls.workers.paused and self.sent.bytes < UNACKNOWLEDGED:
            self.calls.workers.pause(False)

    def _greet(self, packet):
        try:
            hello = _message(packet, "hello")
            protocol = whole(hello.get("protocol"))
            if protocol is not None and protocol != PROTOCOL:
                raise Refusal("protocol-mismatch", "the client speaks protocol %d, this endpoint speaks %d" % (protocol, PROTOCOL))
            checks = (("protocol", is_count), ("token", is_id), ("workers", _is_pool), ("leaseMs", is_duration), ("heartbeatMs", is_duration))
            for name, check in checks:
                if not check(hello.get(name)):
                    raise protocol_error("the hello's %s is not what it must be" % name)
            self.door = Door()
        except Refusal as refusal:
            self._refuse(refusal)
            return
        except OSError as error:
            self._refuse(Refusal("endpoint-broken", "nothing can be made that a client could attach to: %s" % error.strerror, "setup"))
            return
        self.hello = hello
        self.loop.timers.cancel(self.greeting)
        self._open_door()
        settings = {"home": self.host["home"], "base": self.host["base"]}
        self.calls = Streams(self.loop, self.send, settings, int(hello["workers"]), self.umask, self.first)
        self.first = None
        self.link.put(pack(WELCOME, payload=dump({"type": "welcome", "protocol": PROTOCOL, "attach": self.door.address, "host": self.host})))
        self._listen()
        self.loop.after(QUIET, self._tidy)

    def _refuse(self, refusal):
        self.link.put(pack(BYE, payload=dump({"type": "bye", "error": refusal.failure()})))
        self.over = True
        os.set_blocking(self.link.writer, True)
        self.link.flush()

    def _listen(self):
        """Gives up a link over which nothing came for so many heartbeats."""
        silence = SILENT_INTERVALS * self.hello["heartbeatMs"] / 1000.0
        if not silence:
            return
        if self.link is not None and self.loop.now - self.heard >= silence:
            self._drop()
        self.loop.after(silence / 4, self._listen)

    def _tidy(self):
        """Once there is time: what was compiled makes the next start on this host faster, and places of killed sessions are removed."""
        try:
            _keep_code()
            self.door.sweep()
        except (OSError, ImportError):
            pass  # no descriptors to be had: this can wait for another session

    # A client that comes again.

    def _open_door(self):
        self.loop.watch(self.door.fd, lambda _: self._visited())

    def _visited(self):
        fd = self.door.accept()
        if fd is None:
            # Without a descriptor for it the visitor stays before the door, and would be announced without end.
            self.loop.forget(self.door.fd)
            self.loop.after(PAUSE, self._open_door)
            return
        if len(self.newcomers) >= NEWCOMERS:
            os.close(fd)
            return
        self.newcomers.add(fd)
        timer = self.loop.after(NEWCOMER_PATIENCE, self._forget, fd)
        self.loop.watch(fd, lambda _: self._take_streams(fd, timer))

    def _take_streams(self, fd, timer):
        streams = take_streams(fd)
        if streams is None:
            return
        self.loop.timers.cancel(timer)
        self._forget(fd, close=not streams)
        if not streams:
            return
        link = Link(streams[0], streams[1], fd)
        self.newcomers.add(link)
        link.timer = self.loop.after(NEWCOMER_PATIENCE, self._reject, link)
        self.loop.watch(link.reader, lambda _: self._read(link))

    def _forget(self, fd, close=True):
        self.newcomers.discard(fd)
        self.loop.forget(fd)
        if close:
            os.close(fd)

    def _reject(self, link):
        self.newcomers.discard(link)
        self.loop.timers.cancel(link.timer)
        self._release(link)

    def _welcome_back(self, link, kind, packet):
        """The first two packets of a new link. Both sides prove who they are before anything else is sent or taken."""
        try:
            if link.challenge is None and kind == RESUME:
                self._challenge(link, _message(packet, "resume").get("nonce"))
            elif link.challenge is not None and kind == PROOF:
                self._take_back(link, _message(packet, "proof"))
            else:
                raise Damaged("not the client of this session")
        except Refusal:
            raise Damaged("not a message")
        except (OSError, ImportError) as error:
            # Of a module that only now is needed, where no file can be opened: the client comes again, and the session lives.
            raise Damaged("nothing can be proved now: %s" % error)

    def _challenge(self, link, nonce):
        if not is_hex(nonce, 64):
            raise Damaged("not a resume")
        from .proof import new_nonce, prove
        received, own = self.received.count, new_nonce()
        link.challenge = nonce, own, received
        proof = prove(self.hello["token"], "host", nonce, own, received)
        link.put(pack(CHALLENGE, payload=dump({"type": "challenge", "nonce": own, "received": received, "proof": proof})))
        if not link.flush():
            raise Damaged("a link that takes nothing")

    def _take_back(self, link, message):
        """The client has come again: its old link is dropped, even if it seemed alive."""
        from .proof import is_same, prove
        client, own, told = link.challenge
        received, proof = whole(message.get("received")), message.get("proof")
        if not is_count(received) or not is_hex(proof, 64) or not is_same(proof, prove(self.hello["token"], "client", client, own, received)):
            raise Damaged("not the client of this session")
        if not self.sent.acknowledge(received):
            raise Damaged("an acknowledgement of what was not sent")
        self.newcomers.discard(link)
        self.loop.timers.cancel(link.timer)
        if self.link is not None:
            self._release(self.link)
        self._adopt(link)
        link.repeated = self.received.count - told
        self.received.told()
        for each in self.sent.kept:
            link.put(each)
        if self.calls.workers.paused and self.sent.bytes < UNACKNOWLEDGED:
            self.calls.workers.pause(False)


_COUNTED = frozenset((OPEN, DATA, CREDIT, CANCEL, MUTE))


def _keep_code():
    modules = next((finder for finder in sys.meta_path if hasattr(finder, PACKAGE)), None)
    if modules is not None and modules.cache:
        load_all()  # until now only the first worker had it
        modules.save()


def _message(packet, kind):
    message, _ = parse(packet[SIZE:])
    if type(message) is not dict or message.get("type") != kind:
        raise protocol_error("the message must be of type %s" % kind)
    return message


def _is_pool(value):
    return is_count(value) and 1 <= value <= WORKERS
