"""Who says which call a worker runs next: the supervisor, or, as long as calls were handed to it ahead of time, the worker itself (prefetch.py)."""
import os

SIZE = 2
ROUNDS = 65536


class TurnToken:
    """
    A pipe with one number in it. The side that takes it out decides until it puts it back. The number is the round: calls that were handed ahead
    in an earlier one are taken back.
    """

    def __init__(self, reader, writer):
        self.fds = reader, writer

    def take(self):
        """The round, or None while the other side has it. Neither keeps it for long."""
        try:
            data = os.read(self.fds[0], SIZE)
        except OSError:
            return None  # not now, or user code closed what was not its own
        return int.from_bytes(data, "little") if len(data) == SIZE else None

    def put(self, number):
        try:
            os.write(self.fds[1], number.to_bytes(SIZE, "little"))
        except OSError:
            pass  # then neither side gets it, and the worker waits for each call

    def close(self):
        for fd in self.fds:
            os.close(fd)


def is_possible():
    """
    Only where the kernel ends a worker whose supervisor is gone (Linux): with a reading end of its own output in its hands it would never
    hear of that from a write.
    """
    import fcntl
    return hasattr(fcntl, "F_SETSIG")
