"""A worker's end of its channel, by itself."""
import os
import socket
import unittest

from sremote_endpoint.session.channel import Channel


class TestChannel(unittest.TestCase):
    def test_threads_that_may_read_hear_of_the_end_of_their_call(self):
        """None of them finds that it may before that is so: it would begin to wait for answers alone."""
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        channel = Channel(ours.fileno(), 1, [])
        seen = []
        real = channel.poll

        class Poll:
            @staticmethod
            def register(fd, events):
                seen.append(channel.wake)
                real.register(fd, events)

        channel.poll = Poll
        channel.allow_threads()
        channel.allow_threads()
        self.assertEqual(seen, [None])
        for fd in channel.wake:
            self.addCleanup(os.close, fd)
