"""Counted packets of both directions: what was sent is kept until the other side has it, so that nothing is lost with a link (SESSION.md, "Packet")."""
from _collections import deque

from ..wire.limits import ACK_BYTES, ACK_PACKETS


class Sent:
    """Packets sent and not acknowledged."""

    def __init__(self):
        self.first = 0
        self.kept = deque()
        self.bytes = 0

    def add(self, packet):
        self.kept.append(packet)
        self.bytes += len(packet)

    def acknowledge(self, received):
        """Drops what the other side has. False if it cannot have that much."""
        if received > self.first + len(self.kept):
            return False
        while self.first < received:
            self.bytes -= len(self.kept.popleft())
            self.first += 1
        return True


class Received:
    """How many counted packets came, and whether that must be told."""

    def __init__(self):
        self.count = 0
        self.untold = 0
        self.bytes = 0

    def add(self, size):
        """True when an ack is due."""
        self.count += 1
        self.untold += 1
        self.bytes += size
        return self.untold >= ACK_PACKETS or self.bytes >= ACK_BYTES

    def told(self):
        self.untold = 0
        self.bytes = 0
        return self.count.to_bytes(8, "little")
