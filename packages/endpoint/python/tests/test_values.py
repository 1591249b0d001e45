import array
import collections
import datetime
import decimal
import enum
import json
import math
import pathlib
import re
import struct
import unittest
import urllib.parse
import uuid

from tests.support import EndpointTest

from sremote_endpoint.wire import json_text
from sremote_endpoint.wire.errors import Refusal, Unserializable
from sremote_endpoint.wire.regexp import to_javascript, to_python
from sremote_endpoint.wire.value_decode import Attachments, decode
from sremote_endpoint.wire.value_encode import Encoder


def encode(value, zone=None):
    attachments = []
    return Encoder(attachments, zone).encode(value, "return"), attachments


def back(value, zone=None):
    """Over the wire and back, through the bytes of a header."""
    wire, attachments = encode(value, zone)
    parsed, depth = json_text.parse(json_text.dump({"value": wire}))
    return decode(parsed["value"], Attachments([memoryview(bytearray(part)) for part in attachments]), depth)


class Colour(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    BIG = 3


class NaT(datetime.datetime):
    """A datetime that is no time, as that of pandas: not equal to itself, and without an offset."""

    __hash__ = datetime.datetime.__hash__

    def __eq__(self, other):
        return False

    def __ne__(self, other):
        return True

    def utcoffset(self):
        raise ValueError("NaTType does not support utcoffset")


Point = collections.namedtuple("Point", "x y")
UTC = datetime.timezone.utc


class ValueTest(unittest.TestCase):
    def test_g30_what_travels_comes_back_the_same(self):
        for value in (
            None, True, False, 0, -1, 2 ** 53 - 1, -2 ** 53 + 1, 2 ** 53, -2 ** 64, 10 ** 4299, "", "\u00e9\U0001f600", "\ud800", "a\0b", b"", b"\0\xff",
            1.0, -0.0, 0.1, 1e300, 1e20, float("inf"), float("-inf"), [], {}, [[]], {"": 1, "a.b": b"x", "c\\d": {2: 3}}, {"__proto__": 2 ** 60},
            {1: "a", (1, "b"): None, None: 2 ** 70, b"k": [b"v"]}, {1, "a", (2, 3)}, {frozenset([1]), ()}, [2 ** 53] * 3, [[[b"deep"]]],
            datetime.datetime(2026, 11, 22, 8, 0, 0, 1000, UTC), datetime.datetime(1, 1, 1, tzinfo=UTC), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
            re.compile("a(?P<n>b)+/(?P=n)", re.I | re.S), urllib.parse.urlparse("https://me@h:1/p;q?a=b#c"),
        ):
            found = back(value)
            self.assertEqual((type(found), found), (type(value), value))
            if isinstance(value, float):
                self.assertEqual(struct.pack("<d", found), struct.pack("<d", value))
        self.assertTrue(math.isnan(back([float("nan")])[0]))

    def test_what_has_no_kind_of_its_own_on_the_wire_becomes_the_nearest(self):
        for value, expected in (
            ((1, 2), [1, 2]), (bytearray(b"a"), b"a"), (memoryview(b"abcd")[::2], b"ac"), (frozenset([1]), {1}), (Colour.RED, "red"), (Size.BIG, 3),
            (Point(1, b"y"), {"x": 1, "y": b"y"}), (collections.OrderedDict(a=1), {"a": 1}), (collections.Counter("aa"), {"a": 2}),
            (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"), (pathlib.PurePosixPath("/a/b"), "/a/b"), (decimal.Decimal("1.50"), "1.50"),
            (datetime.date(2026, 1, 2), "2026-01-02"), (type("S", (str,), {})("s"), "s"), (type("I", (int,), {})(5), 5), (type("F", (float,), {})(0.5), 0.5),
            (type("L", (list,), {})([1]), [1]),
        ):
            found = back(value)
            self.assertEqual((type(found), found), (type(expected), expected))
        error = back(ValueError("bad"))
        self.assertEqual((error["name"], error["message"], error["module"]), ("ValueError", "bad", "builtins"))

    def test_dataclasses_become_objects(self):
        try:
            import dataclasses
        except ImportError:
            return  # they came with 3.7
        made = dataclasses.make_dataclass("D", ["a", "b"])(1, {2})
        self.assertEqual(back(made), {"a": 1, "b": {2}})

    def test_array_array_becomes_a_typed_array(self):
        for code in "bBhHiIlLqQfd":
            wire, attachments = encode(array.array(code, [1, 2]))
            self.assertEqual(wire["meta"]["values"], [["custom", "typed-array"]])
            self.assertEqual(len(attachments[0]), 2 * array.array(code).itemsize)
            self.assertTrue(wire["json"]["dtype"].endswith(str(8 * array.array(code).itemsize)))
        self.fails(array.array("u", "ab"), "return")

    def fails(self, value, path):
        with self.assertRaises(Unserializable) as caught:
            encode(value)
        self.assertEqual(caught.exception.path, path)
        return caught.exception

    def test_g12_what_cannot_travel_is_named_by_its_path(self):
        thing = object()
        self.fails(thing, "return")
        self.fails({"items": [0, {"handler": thing}]}, "return.items[1].handler")
        self.fails({"a b": (thing,)}, 'return["a b"][0]')
        self.fails({"x": {1: thing}}, "return.x<map value>[0]")
        self.fails({"x": {(thing,): 1}}, "return.x<map key>[0][0]")
        self.fails([{thing}], "return[0]<set>[0]")
        self.fails(Point(1, thing), "return.y")
        self.fails(10 ** 4300, "return")
        self.fails([1j], "return[0]")
        self.assertIn("items()", self.fails((n for n in "a"), "return").hint)
        self.assertIn("a list of its members", self.fails(range(3), "return").hint)
        self.assertIn('returns: "object"', self.fails(thing, "return").hint)
        self.fails([datetime.datetime(2026, 1, 1)], "return[0]")
        self.fails([re.compile(b"a")], "return[0]")
        self.fails([re.compile("a", re.X)], "return[0]")

    def test_text_beyond_ascii_takes_its_utf8_and_lone_surrogates_their_escapes(self):
        for text in ("\u6587" * 1000, "\U0001f600" * 1000, "\\\ud800\\", "\ud83d", "\"\n\x00\x7f\u2028\ufeff"):
            data = json_text.dump(text)
            self.assertEqual(json_text.parse(data)[0], text)
            self.assertEqual(json.loads(data.decode()), text)
        self.assertEqual(len(json_text.dump("\u6587" * 1000)), 3002)

    def test_what_sets_and_keys_of_javascript_cannot_hold_or_tell_apart_is_named(self):
        nan = float("nan")
        day = datetime.date(2026, 1, 1)
        for value, path in (({-0.0}, "<set>[0]"), ({-0.0: 1}, "<map key>[0]"), ({frozenset((-0.0,))}, "<set>[0]<set>[0]"),
                            ({nan: 1, float("nan"): 2}, "<map key>[1]"), ({day: 1, "2026-01-01": 2, 3: 4}, "<map key>[1]"),
                            ({Colour.RED: 1, "red": 2, 3: 4}, "<map key>[1]"), ({None: 1, NaT(2026, 1, 1): 2}, "<map key>[1]")):
            self.assertIn("list", self.fails(value, "return" + path).hint)
        for value in ({1, "1"}, {True, "true", 2}, {2 ** 60: 1, str(2 ** 60): 2}, {2.0 ** 53: 1, 2 ** 53 + 1: 2}, {None: 0, "None": 1}, {0.0: 1}, {nan, 1}):
            self.assertEqual(len(encode(value)[0]["json"]), len(value))

    def test_times_that_are_none_and_lengths_of_time(self):
        self.assertEqual(encode({"rows": [{"at": NaT(2026, 1, 1)}]})[0], {"json": {"rows": [{"at": None}]}})
        self.assertIn("total_seconds", self.fails([datetime.timedelta(1)], "return[0]").hint)

    def test_what_raises_while_it_is_read_is_named_by_its_path(self):
        class Zone(datetime.tzinfo):
            def utcoffset(self, moment):
                raise RuntimeError("broken")

        error = self.fails({"a": [1, datetime.datetime(2026, 1, 1, tzinfo=Zone())]}, "return.a[1]")
        self.assertEqual((error.reason, str(error.__cause__)), ("reading it raised RuntimeError", "broken"))

    def test_names_that_are_equal_once_they_are_sent(self):
        class Name(str):
            __hash__ = object.__hash__

            def __eq__(self, other):
                return self is other

        self.fails([{Name("a"): 1, "a": 2}], "return[0].a")

    def test_what_cannot_be_a_key_is_refused_with_its_path(self):
        array = {"index": 0, "dtype": "uint8", "shape": [2], "order": "C"}
        for kind, wire in (("set", [array]), ("map", [[array, 1]]), ("set", [[array]]), ("set", [{}]), ("set", [1, True]), ("map", [[1, 2], [1.0, 3]])):
            inner = {("0.0" if kind == "map" or type(wire[0]) is list else "0"): [["custom", "ndarray"]]} if "uint8" in str(wire) else {}
            header = {"json": [0, {"a": wire}], "meta": {"values": {"1.a": [kind, inner]}, "v": 1}}
            with self.assertRaises(Refusal) as caught:
                decode(header, Attachments([memoryview(bytearray(2))]), 0, "args")
            self.assertEqual(caught.exception.code, "protocol-error")
            self.assertTrue(caught.exception.message.startswith("args[1].a: "), caught.exception.message)
            self.assertIn("send an array", caught.exception.message)

    def test_cycles_are_refused_and_shared_parts_are_sent_twice(self):
        cycle = {"a": []}
        cycle["a"].append(cycle)
        self.assertIn("contains itself", self.fails(cycle, "return.a[0]").reason)
        shared = [b"x"]
        self.assertEqual(back([shared, shared]), [[b"x"], [b"x"]])

    def test_g20_depth_and_digits_at_n_and_one_more(self):
        def nested(depth):
            value = []
            for _ in range(depth - 1):
                value = [value]
            return value

        self.assertEqual(back(nested(256)), nested(256))
        with self.assertRaises(Unserializable):
            encode(nested(257))
        for depth, code in ((256, None), (257, "limit-exceeded")):
            parsed, header_depth = json_text.parse(json.dumps({"v": {"json": nested(depth)}}).encode())
            if code is None:
                decode(parsed["v"], Attachments([]), header_depth)
            else:
                with self.assertRaises(Refusal) as caught:
                    decode(parsed["v"], Attachments([]), header_depth)
                self.assertEqual(caught.exception.code, code)
        for value in (10 ** 4300 - 1, 1 - 10 ** 4300):
            self.assertEqual(back(value), value)
        for value in (10 ** 4300, -10 ** 4300, 10 ** 4310):
            with self.assertRaises(Unserializable):
                encode(value)
        # A map is two levels of JSON, an array of pairs.
        for levels in (128, 129):
            value = {1: 2}
            for _ in range(levels - 1):
                value = {1: value}
            if levels == 128:
                self.assertEqual(back(value), value)
            else:
                with self.assertRaises(Unserializable):
                    encode(value)

    def test_g20_a_header_nested_a_million_deep_is_refused_fast(self):
        for text in (b"[" * 10 ** 6, b"[" * 10 ** 6 + b"]" * 10 ** 6, b'{"a":' * 10 ** 6, b'["[[[[' + b"[" * 10 ** 6):
            with self.assertRaises(Refusal):
                json_text.parse(text)
        self.assertEqual(json_text.parse(b'["' + b"[{" * 500 + b'\\\\\\"["]')[1] >= 1, True)

    def test_regular_expressions_are_rewritten_where_there_is_an_equal(self):
        for source, flags, text, matches in (
            (r"(?<y>\d{4})-\k<y>", "", "2026-2026", True), (r"^a\/b$", "im", "A/B", True), (r"[\]/]", "g", "/", True), (r"a{,2}", "", "a{,2}", True),
        ):
            pattern = to_python(source, flags)
            self.assertEqual(bool(pattern.search(text)), matches, pattern)
        for source, flags in (("[]", ""), (r"\p{L}", "u"), (r"\u{1F600}", "u"), ("a", "y"), (r"\cA", ""), ("(?P<a>b)", "")):
            with self.assertRaises((ValueError, re.error), msg=source):
                to_python(source, flags)
        self.assertEqual(to_javascript(re.compile("a\n")), "/a\\n/")
        self.assertEqual(to_javascript(re.compile("(?i)a/b[]/]{,3}")), "/a\\/b[\\]/]{0,3}/i")
        for pattern in (r"(a)(?(1)b|c)", r"(?i:a)b"):
            with self.assertRaises(ValueError):
                to_javascript(re.compile(pattern))


class ValueCallTest(EndpointTest):
    def test_g30_values_cross_two_processes_unchanged(self):
        text = "def run(*values):\n    return [type(v).__name__ for v in values], values\n"
        names = self.script(text, "run", 9007199254740991, -0.0, "\ud83d", 1.0)
        self.assertEqual(self.value(names)[0], ["int", "float", "str", "float"])
        self.assertEqual(repr(self.value(names)[1]), repr([9007199254740991, -0.0, "\ud83d", 1.0]))

    def test_large_values_travel(self):
        reply = self.script("def run(n):\n    return [b'x' * n, list(range(100000))]\n", "run", 20 << 20)
        self.assertEqual(reply.attachments[0].nbytes, 20 << 20)
        self.assertEqual(self.value(reply)[1][-1], 99999)
        reply = self.script("def run(n):\n    return [b''] * n\n", "run", 4094)
        self.assertEqual(reply.outcome, "value")
        reply = self.script("def run(n):\n    return [b''] * n\n", "run", 4095)
        self.assertEqual((reply.outcome, reply.error["code"]), ("raised", "unserializable-result"))
