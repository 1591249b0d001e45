"""The rules for JSON that go beyond RFC 8259, and those of RFC 8259 that parsers like to bend. Mostly as values: what a header refuses, a value in it is refused by."""

import json

from .describe import BOTH, PY, Missing, flt, obj, reject as _reject, accept as _accept
from .frames import accept as frame_accept, frame, reject as frame_reject


def accept(name, text, value, **more):
    return _accept("value", "json: " + name, text, value, **more)


def reject(name, text, code="protocol-error", **more):
    return _reject("value", "json: " + name, text, code, **more)


def number(text, value=None, **more):
    return accept("number " + (text if len(text) < 40 else text[:20] + "… of %d characters" % len(text)), '{"json":%s}' % text, value if value is not None else int(text), **more)


def nested(depth, value=None):
    """`depth` arrays in each other, with `value` in the innermost."""
    inner = [] if value is None else [value]
    for _ in range(depth - 1):
        inner = [inner]
    return inner


SAFE = 2**53 - 1
CASES = [
    number("0", 0, canonical=BOTH),
    number("1", 1, canonical=BOTH),
    number("-1", -1, canonical=BOTH),
    number(str(SAFE), SAFE, canonical=BOTH),
    number(str(-SAFE), -SAFE, canonical=BOTH),
    number("1.5", flt("1.5"), canonical=BOTH),
    number("-1.5", flt("-1.5"), canonical=BOTH),
    number("0.1", flt("0.1"), canonical=BOTH),
    number("1.0", flt("1"), canonical=[PY]),
    number("0.0", flt("0"), canonical=[PY]),
    number("-0.0", flt("-0"), canonical=[PY]),
    number("-0e0", flt("-0")),
    number("1e0", flt("1")),
    number("1E+2", flt("100")),
    number("1e+20", flt("1e20"), canonical=[PY]),
    number("1e20", flt("1e20")),
    number("100000000000000000000.0", flt("1e20")),
    number("9007199254740992.0", flt("9007199254740992"), canonical=[PY]),
    number("9007199254740993.0", flt("9007199254740992")),
    number("5e-324", flt("5e-324"), canonical=BOTH),
    number("1e-400", flt("0")),
    number("-1e-400", flt("-0")),
    number("1.7976931348623157e+308", flt("1.7976931348623157e308"), canonical=[PY]),
    number("2.2250738585072011e-308", flt("2.2250738585072011e-308")),
    number("0.30000000000000004", flt("0.30000000000000004"), canonical=BOTH),
    number("1e%s1" % ("0" * 60), flt("10")),
    number("0." + "1" * 61, flt("0." + "1" * 61)),
    number("0." + "1" * 62, flt("0." + "1" * 62)),
    reject("number of 65 characters", '{"json":0.%s}' % ("1" * 63), "limit-exceeded"),
    reject("number of 65 characters by its exponent", '{"json":1e%s1}' % ("0" * 62), "limit-exceeded"),
    reject("integer of 65 characters", '{"json":%s}' % ("1" * 65), "limit-exceeded"),
    reject("integer of 64 characters", '{"json":%s}' % ("1" * 64)),
    reject("integer of a million digits", ['{"json":', (b"9", 1000000), "}"], "limit-exceeded"),
    reject("2^53", '{"json":9007199254740992}'),
    reject("-2^53", '{"json":-9007199254740992}'),
    reject("2^53 + 1", '{"json":9007199254740993}'),
    reject("-2^53 - 1", '{"json":-9007199254740993}'),
    reject("2^53 deep inside", '{"json":[1,{"a":[9007199254740992]}]}'),
    reject("2^53 as the last thing in an array", '{"json":[1,9007199254740992]}'),
    reject("2^64", '{"json":18446744073709551616}'),
    reject("10^20 as an integer", '{"json":100000000000000000000}'),
    reject("-0 as an integer", '{"json":-0}'),
    reject("-0 in an array", '{"json":[-0,1]}'),
    reject("1e999", '{"json":1e999}'),
    reject("-1e999", '{"json":-1e999}'),
    reject("1e309", '{"json":1e309}'),
    reject("just beyond the greatest double", '{"json":1.7976931348623159e308}'),
]
for text in ("NaN", "Infinity", "-Infinity", "nan", "01", "-01", "00", "+1", ".5", "1.", "-.5", "1.e5", "1e", "1e+", "0x10", "1_000", "0b1", "0o7", "- 1", "--1", "1 2", "1,", "\u0661", "1n"):
    CASES.append(reject("not a number: " + text, '{"json":%s}' % text))

for depth in (255, 256, 257, 258):
    for opening, closing, middle, name in ((b"[", b"]", "", "arrays"), (b'{"a":', b"}", "null", "objects")):
        last = "{}" if name == "objects" else None
        text = ['{"json":', (opening, depth - 1 if last else depth), last or middle, (closing, depth - 1 if last else depth), "}"]
        if depth > 256:
            CASES.append(reject("%s %d deep" % (name, depth), text, "limit-exceeded"))
        else:
            # The notation of an object nests three deep, which is more than some readers of vectors take 256 times.
            value = Missing if last else nested(depth)
            CASES.append(accept("%s %d deep" % (name, depth), text, value, canonical=() if last else BOTH))
CASES += [
    accept("a scalar 256 deep", ['{"json":', (b"[", 256), "1", (b"]", 256), "}"], nested(256, 1), canonical=BOTH),
    reject("a million open brackets", ['{"json":', (b"[", 1000000), "}"], "limit-exceeded"),
    reject("a million open braces", ['{"json":', (b'{"":', 1000000), "}"], "limit-exceeded"),
    accept("brackets in a string have no depth", ['{"json":"', (b"[", 1000), '"}'], "[" * 1000, canonical=BOTH),
    accept("brackets after an escaped quote have no depth", ['{"json":"\\"', (b"[{", 500), '"}'], '"' + "[{" * 500, canonical=BOTH),
    accept("a string that ends in a backslash", '{"json":["\\\\",1,"\\\\\\\\"]}', ["\\", 1, "\\\\"], canonical=BOTH),
    accept("numbers in a string have no rules", '{"json":"-0 9007199254740993 1e999 %s"}' % ("1" * 70), "-0 9007199254740993 1e999 " + "1" * 70, canonical=BOTH),
    accept("colons in a string are no members", '{"json":{"a:b":"c:d"}}', obj(["a:b", "c:d"]), canonical=BOTH),
    accept("a thousand arrays side by side have depth one", ['{"json":[[]', (b",[]", 999), "]}"], [[]] * 1000, canonical=BOTH),
    accept("a long string with escapes", ['{"json":"', (b"a\\\\b\\\"", 1000), '"}'], 'a\\b"' * 1000, canonical=BOTH),
]

# Names that appear twice.
for name, text in (
    ("the same name twice", '{"a":1,"a":1}'),
    ("the same name with something between", '{"a":1,"b":2,"a":3}'),
    ("the same name by an escape", '{"a":1,"\\u0061":2}'),
    ("the same name by two escapes", '{"\\u0041":1,"\\u0041":2}'),
    ("the same name by upper and lower case hexadecimal digits", '{"\\u00e9":1,"\\u00E9":2}'),
    ("the same name by escape and text beyond ASCII", '{"\\u00e9":1,"\u00e9":2}'),
    ("the same name by a surrogate pair and text", '{"\\ud83d\\ude00":1,"\U0001f600":2}'),
    ("the same name with an escaped slash", '{"a/b":1,"a\\/b":2}'),
    ("the empty name twice", '{"":1,"":2}'),
    ("__proto__ twice", '{"__proto__":1,"__proto__":2}'),
    ("__proto__ twice, with objects", '{"__proto__":{},"__proto__":{"a":1}}'),
    ("the same name of digits", '{"0":1,"0":2}'),
    ("the same name in an inner object", '{"a":{"b":1,"b":2}}'),
    ("the same name in an object in an array", '[1,[{"b":1,"b":2}]]'),
    ("the same name, objects as values", '{"a":{"b":1},"a":{"c":2}}'),
    ("the same name, one hiding a deeper pair", '{"a":{"x":1,"y":2},"a":{}}'),
):
    CASES.append(reject("name twice: " + name, '{"json":%s}' % text))
CASES += [
    reject("name twice: json", '{"json":1,"json":2}'),
    reject("name twice: meta", '{"json":null,"meta":{"values":["undefined"],"v":1},"meta":{"values":["undefined"],"v":1}}'),
    reject("name twice: in meta", '{"json":null,"meta":{"values":["undefined"],"v":1,"v":1}}'),
    accept("names that differ only in case", '{"json":{"a":1,"A":2}}', obj(["a", 1], ["A", 2]), canonical=BOTH),
    accept("names that differ only by normalisation", '{"json":{"\u00e9":1,"e\u0301":2}}', obj(["\u00e9", 1], ["e\u0301", 2]), canonical=BOTH),
    accept("the same name in two objects", '{"json":[{"a":1},{"a":2},{"a":{"a":3}}]}', [obj(["a", 1]), obj(["a", 2]), obj(["a", obj(["a", 3])])], canonical=BOTH),
    accept("a name that looks like a path", '{"json":{"a.b":1,"a":{"b":2}}}', obj(["a.b", 1], ["a", obj(["b", 2])]), canonical=BOTH),
    accept("the empty name", '{"json":{"":1}}', obj(["", 1]), canonical=BOTH),
]
for name in ("__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "__defineGetter__", "length", "then", "json", "meta", "__class__", "$"):
    CASES.append(accept("member called " + name, '{"json":{"%s":{"%s":1}}}' % (name, name), obj([name, obj([name, 1])]), canonical=BOTH))
CASES += [
    accept("member called toJSON that is data", '{"json":{"toJSON":1}}', obj(["toJSON", 1]), canonical=BOTH),
    accept("__proto__ with null", '{"json":{"__proto__":null,"a":1}}', obj(["__proto__", None], ["a", 1]), canonical=BOTH),
    accept("__proto__ by an escape", '{"json":{"\\u005f_proto__":{"polluted":true}}}', obj(["__proto__", obj(["polluted", True])])),
]

# Names that V8's parser confuses once it has read objects of the same shape (see plain-json.ts).
for name, raw, value in (("\u00e9", "\\u00e9", "\u00e9"), ("a lone surrogate", "\\ud800", "\ud800"), ("a quote", '\\"', '"'), ("a line feed", "\\n", "\n"), ("a pair", "\\ud83d\\ude00", "\U0001f600")):
    for first in ("\\\\", "\\\\u", raw):
        decoded = json.loads('"%s"' % first)
        shape = "%s after %s" % (name, decoded)
        one, two = json.dumps(shape)[1:-1], '{"%s":1,"%s":2}'
        CASES.append(accept("name of %s after one of %s" % (name, json.dumps(decoded)), '{"json":[%s,%s,%s]}' % (two % (one, first), two % (one, first), two % (one, raw)),
                            [obj([shape, 1], [decoded, 2])] * 2 + [obj([shape, 1], [value, 2])]))

# Strings.
for name, text, value in (
    ("lone high surrogate", "\\ud800", "\ud800"),
    ("lone low surrogate", "\\udfff", "\udfff"),
    ("surrogates the wrong way round", "\\udc00\\ud800", "\udc00\ud800"),
    ("high surrogate before a letter", "\\ud83dx", "\ud83dx"),
    ("high surrogate before a pair", "\\ud83d\\ud83d\\ude00", "\ud83d\U0001f600"),
    ("pair by escapes", "\\ud83d\\ude00", "\U0001f600"),
    ("NUL", "\\u0000", "\0"),
    ("line separator", "\u2028", "\u2028"),
    ("not a character", "\uffff", "\uffff"),
    ("byte order mark inside", "\ufeff", "\ufeff"),
    ("all short escapes", '\\"\\\\\\/\\b\\f\\n\\r\\t', '"\\/\b\f\n\r\t'),
    ("text beyond ASCII", "\u00e9\u4e16\U0001f600", "\u00e9\u4e16\U0001f600"),
    ("delete", "\x7f", "\x7f"),
    ("empty", "", ""),
):
    CASES.append(accept("string: " + name, '{"json":"%s"}' % text, value, canonical=BOTH))
CASES.append(accept("name with a lone surrogate", '{"json":{"\\ud800":1}}', obj(["\ud800", 1]), canonical=BOTH))
for name, raw in (
    ("raw line feed", b'"\n"'),
    ("raw tab", b'"\t"'),
    ("raw NUL", b'"\0"'),
    ("raw escape", b'"\x1b"'),
    ("unknown escape", b'"\\x41"'),
    ("escaped apostrophe", b'"\\\'"'),
    ("short unicode escape", b'"\\u12"'),
    ("unicode escape in braces", b'"\\u{41}"'),
    ("unicode escape with a sign", b'"\\u+041"'),
    ("unicode escape with white space", b'"\\u 041"'),
    ("capital U escape", b'"\\U00000041"'),
    ("single quotes", b"'a'"),
    ("not closed", b'"a'),
    ("closing quote escaped", b'"a\\"'),
    ("raw surrogate", b'"\xed\xa0\x80"'),
    ("raw surrogate pair (CESU-8)", b'"\xed\xa0\xbd\xed\xb8\x80"'),
    ("overlong slash", b'"\xc0\xaf"'),
    ("overlong NUL", b'"\xc0\x80"'),
    ("overlong in three bytes", b'"\xe0\x80\xaf"'),
    ("beyond U+10FFFF", b'"\xf4\x90\x80\x80"'),
    ("five-byte sequence", b'"\xf8\x88\x80\x80\x80"'),
    ("byte FF", b'"\xff"'),
    ("byte FE", b'"\xfe"'),
    ("continuation byte alone", b'"\x80"'),
    ("sequence cut short", b'"\xe4\xb8"'),
    ("sequence cut by a quote", b'"\xf0\x9f\x98"'),
    ("Latin-1", b'"caf\xe9"'),
):
    CASES.append(reject("string: " + name, [b'{"json":', raw, b"}"]))

# Structure.
for name, text in (
    ("trailing comma in an array", "[1,]"), ("trailing comma in an object", '{"a":1,}'), ("leading comma", "[,1]"), ("two commas", "[1,,2]"), ("comment", "1/* one */"),
    ("line comment", "1 // one\n"), ("name without quotes", "{a:1}"), ("name that is a number", "{1:1}"), ("no value", '{"a":}'), ("no colon", '{"a" 1}'), ("two colons", '{"a"::1}'),
    ("wrong bracket", "[1}"), ("True", "True"), ("None", "None"), ("undefined", "undefined"), ("no-break space", "\u00a01"), ("byte order mark before a value", "\ufeff1"),
    ("vertical tab as white space", "\x0b1"), ("form feed as white space", "\x0c1"), ("a function", "function(){}"), ("nothing", ""), ("one closing bracket too many", "1]"),
):
    CASES.append(reject("structure: " + name, '{"json":%s}' % text))

for name, raw in (
    ("an array on top", "[]"), ("a string on top", '"type"'), ("a number on top", "12"), ("null on top", "null"), ("no type", "{}"), ("no type but others", '{"a":1}'),
    ("type a number", '{"type":1}'), ("type null", '{"type":null}'), ("type an array", '{"type":["x"]}'), ("type in an inner object", '{"a":{"type":"x"}}'), ("type inherited", '{"__proto__":{"type":"x"}}'),
    ("type twice", '{"type":"x","type":"x"}'), ("two documents", '{"type":"x"}{"type":"x"}'), ("a word after", '{"type":"x"}x'), ("a NUL after", '{"type":"x"}\0'), ("only spaces", "        "),
    ("not closed", '{"type":"x"'), ("byte order mark", b'\xef\xbb\xbf{"type":"x"}'), ("UTF-16", '{"type":"x"}'.encode("utf-16-le")), ("UTF-16 with mark", b"\xff\xfe" + '{"type":"x"}'.encode("utf-16-le")),
    ("invalid UTF-8", b'{"type":"\xff"}'), ("raw surrogate", b'{"type":"\xed\xa0\x80"}'), ("invalid UTF-8 in a name", b'{"type":"x","\xc3":1}'),
):
    CASES.append(frame_reject("header: " + name, frame(raw)))
CASES += [
    frame_accept("header: type empty", frame('{"type":""}'), obj(["type", ""])),
    frame_accept("header: 264 deep", frame(['{"type":"x","a":', (b"[", 263), (b"]", 263), "}"])),
    frame_accept("header: 263 deep", frame(['{"type":"x","a":', (b"[", 262), (b"]", 262), "}"])),
    frame_reject("header: 265 deep", frame(['{"type":"x","a":', (b"[", 264), (b"]", 264), "}"]), "limit-exceeded"),
    frame_reject("header: -0", frame('{"type":"x","a":-0}')),
    frame_reject("header: 2^53", frame('{"type":"x","a":9007199254740992}')),
    frame_reject("header: 1e999", frame('{"type":"x","a":1e999}')),
    frame_accept("header: __proto__", frame('{"type":"x","__proto__":{"a":1}}'), obj(["type", "x"], ["__proto__", obj(["a", 1])])),
]
