import os
import resource
import unittest
from unittest import mock

from tests.support import EndpointTest, request

from sremote_endpoint.wire import limits
from sremote_endpoint.wire.errors import Refusal
from sremote_endpoint.wire.frame import FramePart, crc32, join_frame, read_frame, read_prefix, split_frame
from sremote_endpoint.wire.json_text import check_memory


def prefix(attachments=0, header=2, body=8, magic=b"\x89SRM", version=1, flags=0):
    data = (magic + bytes((version, flags)) + attachments.to_bytes(2, "little")
            + header.to_bytes(4, "little") + body.to_bytes(8, "little"))
    return data + crc32(data).to_bytes(4, "little")


def reader(data, step=1 << 20):
    place = [0]

    def read_into(view):
        part = data[place[0]:place[0] + min(step, len(view))]
        view[:len(part)] = part
        place[0] += len(part)
        return len(part)

    return read_into


class FrameTest(unittest.TestCase):
    def refused(self, code, action, *args):
        with self.assertRaises(Refusal) as caught:
            action(*args)
        self.assertEqual(caught.exception.code, code, caught.exception)
        return caught.exception.message

    def test_a_frame_comes_back_as_it_was_made(self):
        for sizes in ([], [0], [1, 7, 8, 9], [100000]):
            parts = [bytes(range(256)) * (size // 256 + 1) for size in sizes]
            parts = [part[:size] for part, size in zip(parts, sizes)]
            for header in (b"{}", b'{"a":12345}'):
                frame = bytearray(b"".join(join_frame(header, parts)))
                self.assertEqual(len(frame) % 8, 4)
                found, views = split_frame(frame)
                self.assertEqual((found, [bytes(view) for view in views]), (header, parts))

    def test_the_bytes_of_the_smallest_frame_are_those_of_the_specification(self):
        frame = b"".join(join_frame(b"{}", []))
        self.assertEqual(frame[:20].hex(), "8953524d01000000" "02000000" "0800000000000000")
        self.assertEqual(frame[24:32], b"{}\0\0\0\0\0\0")
        self.assertEqual(len(frame), 36)

    def test_g19_no_frame_with_a_flipped_byte_is_parsed(self):
        frame = request("os", "getenv", ["x" * 4000])
        self.assertGreaterEqual(len(frame), 4096)
        for index in range(len(frame)):
            for bit in (0x01, 0x80, 0xFF):
                damaged = bytearray(frame)
                damaged[index] ^= bit
                with self.assertRaises(Refusal, msg="byte %d" % index):
                    split_frame(damaged)

    def test_g19_no_truncated_frame_is_parsed(self):
        frame = b"".join(join_frame(b'{"type":"call"}', [b"abc"]))
        for length in range(len(frame)):
            message = self.refused("protocol-error", read_frame, reader(frame[:length]))
            if length:
                self.assertIn("truncated", message)
            self.refused("protocol-error", split_frame, bytearray(frame[:length]))

    def test_reading_takes_exactly_one_frame(self):
        frame = b"".join(join_frame(b"{}", [b"abc"]))
        for step in (1, 5, 1000):
            data = frame + b"more"
            source = reader(data, step)
            self.assertEqual(read_frame(source), frame)
            rest = bytearray(4)
            got = 0
            while got < 4:
                got += source(memoryview(rest)[got:])
            self.assertEqual(rest, b"more")

    def test_g20_limits_at_n_and_one_more(self):
        read_prefix(prefix(attachments=limits.ATTACHMENTS))
        self.refused("limit-exceeded", read_prefix, prefix(attachments=limits.ATTACHMENTS + 1))
        read_prefix(prefix(header=limits.HEADER))
        self.refused("limit-exceeded", read_prefix, prefix(header=limits.HEADER + 1))
        read_prefix(prefix(body=limits.BODY))
        self.refused("limit-exceeded", read_prefix, prefix(body=limits.BODY + 1))
        read_prefix(prefix(body=100), 100)
        self.refused("limit-exceeded", read_prefix, prefix(body=101), 100)
        read_prefix(prefix(header=2))
        self.refused("protocol-error", read_prefix, prefix(header=1))

    def test_the_checks_come_in_the_order_of_the_specification(self):
        self.refused("protocol-error", read_prefix, prefix(magic=b"abcd", version=2))
        damaged = bytearray(prefix(version=2))
        damaged[23] ^= 1
        self.refused("protocol-error", read_prefix, damaged)
        self.refused("protocol-mismatch", read_prefix, prefix(version=2, flags=1))
        self.refused("protocol-error", read_prefix, prefix(flags=1, body=limits.BODY + 1))

    def test_padding_that_is_not_zero_and_lengths_that_do_not_add_up_are_refused(self):
        frame = bytearray(b"".join(join_frame(b"{}", [])))
        frame[30] = 1
        frame[-4:] = crc32(frame[24:-4]).to_bytes(4, "little")
        self.assertIn("padding", self.refused("protocol-error", split_frame, frame))
        # With an attachment of one byte: behind the header, and behind the attachment.
        for place in (24 + 8 + 7, -5):
            frame = bytearray(b"".join(join_frame(b"{}", [b"x"])))
            frame[place] = 1
            frame[-4:] = crc32(frame[24:-4]).to_bytes(4, "little")
            self.assertIn("padding", self.refused("protocol-error", split_frame, frame))
        body = (5).to_bytes(8, "little") + b"{}\0\0\0\0\0\0"
        frame = bytearray(prefix(1, 2, len(body)) + body + crc32(body).to_bytes(4, "little"))
        self.assertIn("lengths", self.refused("protocol-error", split_frame, frame))

    def test_g20_nor_where_the_system_gives_no_more_than_it_has(self):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with mock.patch("mmap.mmap", side_effect=OSError):
            self.refused("protocol-error", read_frame, reader(prefix(body=1 << 28) + b"x" * 1000000))
        self.assertLess(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, 16384)

    def test_g20_a_header_whose_values_take_too_much_memory_is_refused(self):
        most = limits.HEADER_MEMORY // (64 + 8)
        check_memory(b"[" + b"[]," * (most - 8) + b"[]]")
        self.assertIn("memory", self.refused("limit-exceeded", check_memory, b"[" + b"[]," * most + b"[]]"))

    def test_g20_a_prefix_that_announces_a_gigabyte_takes_no_memory_by_itself(self):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self.refused("protocol-error", read_frame, reader(prefix(body=limits.BODY) + b"x" * 1000000))
        self.assertLess(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, 16384)

    def test_a_large_frame_is_checked_as_it_comes(self):
        for size in (262144, 262145, 600000, 3000001):
            part = os.urandom(size)
            frame = bytearray(b"".join(join_frame(b'{"type":"x"}', [part])))
            for step in (65536, 1000003):
                came = FramePart()
                whole = came.read(reader(frame, step))
                self.assertEqual(bytes(split_frame(whole, prefix=came.prefix, checksum=came.checksum)[1][0]), part)
            frame[size // 2] ^= 1
            came = FramePart()
            whole = came.read(reader(frame, 65536))
            with self.assertRaises(Refusal):
                split_frame(whole, prefix=came.prefix, checksum=came.checksum)

