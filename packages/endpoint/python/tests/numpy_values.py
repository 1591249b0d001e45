"""Arrays with numpy: run with an interpreter that has it (scripts/setup-numpy.sh makes one)."""
import datetime
import unittest

import numpy

from tests.support import EndpointTest, request
from tests.test_values import back, encode

from sremote_endpoint.wire.arrays import DTYPES
from sremote_endpoint.wire.errors import Unserializable


class NumpyTest(unittest.TestCase):
    def test_arrays_of_every_dtype_shape_and_order_come_back_the_same(self):
        for name in DTYPES:
            for shape in ((), (0,), (3,), (2, 3), (2, 3, 4), (3, 0, 2), (1, 5)):
                count = int(numpy.prod(shape))
                base = (numpy.arange(count) % 7).astype(name).reshape(shape)
                views = [base, numpy.asfortranarray(base), base[::-1] if shape and shape[0] else base, base.T]
                views.append(base.astype(base.dtype.newbyteorder(">")))
                for array in views:
                    found = back([array])[0]
                    self.assertEqual((found.dtype.name, found.shape), (name, array.shape))
                    self.assertTrue(numpy.array_equal(found, array))
                    self.assertTrue(found.dtype.isnative)

    def test_bits_of_nan_and_negative_zero_survive(self):
        array = numpy.array([0x7FF8000000000123, 0x8000000000000000], dtype="u8").view("f8")
        self.assertEqual(back(array).tobytes(), array.tobytes())

    def test_decoded_arrays_are_writable_and_share_the_memory_of_the_frame(self):
        found = back(numpy.zeros(4))
        found[0] = 1
        self.assertFalse(found.flags.owndata)

    def test_contiguous_arrays_are_not_copied(self):
        array = numpy.zeros((4, 5))
        for view in (array, array.T):
            self.assertTrue(numpy.shares_memory(numpy.frombuffer(encode(view)[1][0]), array))

    def test_scalars_become_plain_values(self):
        for scalar, value in ((numpy.float32(0.5), 0.5), (numpy.int64(-5), -5), (numpy.uint64(2 ** 63), 2 ** 63), (numpy.bool_(True), True),
                              (numpy.str_("s"), "s"), (numpy.bytes_(b"b"), b"b"), (numpy.float64("inf"), float("inf"))):
            found = back([scalar])[0]
            self.assertEqual((type(found), found), (type(value), value))

    def test_what_has_no_equal_is_refused(self):
        for value in (numpy.zeros((2, 2), dtype="i4,f8"), numpy.longdouble(1), numpy.complex128(1j), numpy.ma.masked_array([1, 2], [0, 1]), numpy.zeros(2, dtype="g")):
            with self.assertRaises(Unserializable, msg=repr(value)) as caught:
                encode({"a": [value]})
            self.assertEqual(caught.exception.path, "return.a[0]")

    def test_times_are_the_same_in_every_unit(self):
        utc = datetime.timezone.utc
        for unit, count in (("Y", 2), ("M", 24), ("D", 730), ("h", 17520), ("m", 1051200), ("s", 63072000), ("ms", 63072000000),
                            ("us", 63072000000000), ("ns", 63072000000000000)):
            for sign, year in ((1, 1972), (-1, 1968)):
                value = numpy.datetime64(sign * count, unit)
                expected = datetime.datetime(1972, 1, 1, tzinfo=utc) if sign == 1 else datetime.datetime(1968, 1, 1 if unit in "YM" else 2, tzinfo=utc)
                self.assertEqual(back([value], utc), [expected], unit)
                with self.assertRaises(Unserializable) as caught:
                    encode([value])
                self.assertIn("naiveTimeZone", caught.exception.hint)
        for unit, count, micros in (("W", 1, 604800000000), ("ps", 5 * 10 ** 6, 5), ("fs", -10 ** 9, -1), ("as", 10 ** 12, 1)):
            self.assertEqual(back(numpy.datetime64(count, unit), utc), datetime.datetime(1970, 1, 1, tzinfo=utc) + datetime.timedelta(microseconds=micros))
        self.assertEqual(back(numpy.datetime64(3, ("ms", 7)), utc).microsecond, 21000)

    def test_times_that_are_none_too_fine_or_out_of_range_and_lengths_of_time(self):
        for unit in ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"):
            self.assertEqual(back([numpy.datetime64("NaT", unit), numpy.timedelta64("NaT", unit)]), [None, None])
            values = [numpy.timedelta64(5, unit)]
            if unit in ("ns", "ps", "fs", "as"):
                values.append(numpy.datetime64(1, unit))
            elif unit != "us":
                values.append(numpy.datetime64(2 ** 60, unit))
            for value in values:
                with self.assertRaises(Unserializable, msg=repr(value)) as caught:
                    encode({"a": [value]}, datetime.timezone.utc)
                self.assertEqual(caught.exception.path, "return.a[0]")
        for value in (numpy.timedelta64(5), numpy.zeros(1, "M8")[0], numpy.datetime64(2 ** 62, "us")):
            with self.assertRaises(Unserializable):
                encode(value, datetime.timezone.utc)


class NumpyCallTest(EndpointTest):
    def test_a_numpy_function_takes_and_gives_arrays(self):
        data = numpy.arange(6.0)
        args = {"json": [{"index": 0, "dtype": "float64", "shape": [2, 3], "order": "C"}],
                "meta": {"values": {"0": [["custom", "ndarray"]]}, "v": 1}}
        reply = self.send(request("numpy", "mean", args, [data.tobytes()]))
        self.assertEqual(self.value(reply), 2.5)
        reply = self.send(request("numpy", "transpose", args, [data.tobytes()]))
        self.assertEqual(reply.value, {"index": 0, "dtype": "float64", "shape": [3, 2], "order": "F"})
        self.assertEqual(bytes(reply.attachments[0]), data.tobytes())
