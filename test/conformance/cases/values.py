"""Values without attachments: every annotation, in its right forms and in wrong ones."""

from .describe import BOTH, TS, UNDEFINED, big, date, flt, map_, obj, set_, reject as _reject, accept as _accept


def accept(name, wire, value, canonical=(), **more):
    return _accept("value", "value: " + name, wire, value, canonical=canonical, **more)


def reject(name, wire, code="protocol-error", **more):
    return _reject("value", "value: " + name, wire, code, **more)


def meta(json, values, **more):
    return dict({"json": json, "meta": {"values": values, "v": 1}}, **more)


CASES = [
    accept("null", {"json": None}, None, BOTH),
    accept("true", {"json": True}, True, BOTH),
    accept("false", {"json": False}, False, BOTH),
    accept("text", {"json": "abc"}, "abc", BOTH),
    accept("array", {"json": [1, "a", None, [True]]}, [1, "a", None, [True]], BOTH),
    accept("empty array", {"json": []}, [], BOTH),
    accept("empty object", {"json": {}}, obj(), BOTH),
    accept("object in order", {"json": {"b": 1, "a": {"c": [2]}}}, obj(["b", 1], ["a", obj(["c", [2]])]), BOTH),
    accept("undefined", meta(None, ["undefined"]), UNDEFINED, [TS]),
    accept("undefined in an object", meta({"a": None}, {"a": ["undefined"]}), obj(["a", UNDEFINED]), [TS]),
    accept("undefined in an array", meta([1, None, None], {"1": ["undefined"]}), [1, UNDEFINED, None], [TS]),
    reject("undefined that is not null", meta(0, ["undefined"])),
    reject("undefined that is text", meta("undefined", ["undefined"])),
]

# bigint
for number in (2**53, -(2**53), 2**63, 2**64, 10**100, -(10**100)):
    CASES.append(accept("bigint %d" % number, meta(str(number), ["bigint"]), big(number), BOTH))
for number in (0, 1, -1, 2**53 - 1):
    CASES.append(accept("bigint %d" % number, meta(str(number), ["bigint"]), big(number), [TS]))
CASES += [
    accept("bigint with leading zeros", meta("007", ["bigint"]), big(7)),
    accept("bigint -0", meta("-0", ["bigint"]), big(0)),
    accept("bigint of 4299 digits", ['{"json":"', (b"1", 4299), '","meta":{"values":["bigint"],"v":1}}'], {"$": "bigint", "v": "1" * 4299}, BOTH),
    accept("bigint of 4300 digits", ['{"json":"', (b"1", 4300), '","meta":{"values":["bigint"],"v":1}}'], {"$": "bigint", "v": "1" * 4300}, BOTH),
    accept("negative bigint of 4300 digits", ['{"json":"-', (b"1", 4300), '","meta":{"values":["bigint"],"v":1}}'], {"$": "bigint", "v": "-" + "1" * 4300}, BOTH),
    reject("bigint of 4301 digits", ['{"json":"', (b"1", 4301), '","meta":{"values":["bigint"],"v":1}}'], "limit-exceeded"),
    reject("negative bigint of 4301 digits", ['{"json":"-', (b"1", 4301), '","meta":{"values":["bigint"],"v":1}}'], "limit-exceeded"),
    reject("bigint of a million digits", ['{"json":"', (b"1", 1000000), '","meta":{"values":["bigint"],"v":1}}'], "limit-exceeded"),
]
for text in ("", "-", "+1", " 1", "1 ", "1\n", "1.0", "1e3", "0x10", "1_000", "--1", "\u0661", "abc", "1n"):
    CASES.append(reject("bigint written " + repr(text), meta(text, ["bigint"])))
for other in (1, None, [], {}, True):
    CASES.append(reject("bigint written %s without quotes" % repr(other), meta(other, ["bigint"])))

# number
for text in ("NaN", "Infinity", "-Infinity"):
    CASES.append(accept("number " + text, meta(text, ["number"]), flt(text), BOTH))
CASES += [
    accept("number -0", meta("-0", ["number"]), flt("-0"), [TS]),
    accept("number 1e20", meta("100000000000000000000", ["number"]), flt("1e20"), [TS], python={"value": big(10**20), "canonical": []}),
    accept("number 2^53", meta("9007199254740992", ["number"]), flt("9007199254740992"), [TS], python={"value": big(2**53), "canonical": []}),
    accept("number -2^53", meta("-9007199254740992", ["number"]), flt("-9007199254740992"), [TS], python={"value": big(-(2**53)), "canonical": []}),
    accept("number 1e21", meta("1e+21", ["number"]), flt("1e21"), [TS]),
    accept("greatest number", meta("1.7976931348623157e+308", ["number"]), flt("1.7976931348623157e308"), [TS]),
    accept("number without a fraction that is no double", meta("9007199254740993", ["number"]), flt("9007199254740992"), python={"value": big(2**53)}),
    accept("number of nanoseconds", meta("1795933997000000000", ["number"]), flt("1795933997000000000"), [TS], python={"value": big(1795933997000000000), "canonical": []}),
    accept("number that is small and annotated", meta("5", ["number"]), flt("5"), python={"value": 5}),
    accept("number with a fraction of zero", meta("5.0", ["number"]), flt("5")),
    accept("number written plainly", meta("1.5", ["number"]), flt("1.5")),
    accept("number with exponent", meta("-1E-2", ["number"]), flt("-0.01")),
    accept("number of 64 characters", meta("0." + "1" * 62, ["number"]), flt("0." + "1" * 62)),
    reject("number of 65 characters", meta("0." + "1" * 63, ["number"]), "limit-exceeded"),
    reject("number beyond the greatest", meta("1e999", ["number"])),
    reject("negative number beyond the greatest", meta("-1e999", ["number"])),
    reject("number without quotes", meta(1.5, ["number"])),
    accept("NaN inside", meta({"a": ["NaN", 1]}, {"a.0": ["number"]}), obj(["a", [flt("NaN"), 1]]), BOTH),
]
for text in ("", "nan", "inf", "+Infinity", "infinity", "-NaN", "+1", " 1", "1 ", "1\n", ".5", "1.", "0x10", "01", "1_0", "1e", "\u0661", "abc", "1,5"):
    CASES.append(reject("number written " + repr(text), meta(text, ["number"])))

# Date
for text in ("1970-01-01T00:00:00.000Z", "2026-11-22T08:00:00.123Z", "1969-12-31T23:59:59.999Z", "2024-02-29T00:00:00.000Z", "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"):
    CASES.append(accept("Date " + text, meta(text, ["Date"]), date(text), [TS]))
CASES += [
    accept("Date with microseconds", meta("2026-11-22T08:00:00.123456Z", ["Date"]), date("2026-11-22T08:00:00.123Z"), python={"value": date("2026-11-22T08:00:00.123456Z")}),
    accept("Date before 1970 with microseconds", meta("1969-12-31T23:59:59.999999Z", ["Date"]), date("1969-12-31T23:59:59.999Z"), python={"value": date("1969-12-31T23:59:59.999999Z")}),
    accept("Date in an object", meta({"at": "2026-11-22T08:00:00.000Z"}, {"at": ["Date"]}), obj(["at", date("2026-11-22T08:00:00.000Z")]), [TS]),
]
for text in (
    "2026-11-22T08:00:00Z", "2026-11-22T08:00:00.0Z", "2026-11-22T08:00:00.0000Z", "2026-11-22T08:00:00.000", "2026-11-22T08:00:00.000+00:00", "2026-11-22T08:00:00.000z",
    "2026-11-22t08:00:00.000Z", "2026-11-22 08:00:00.000Z", "2026-11-22", "2026-02-30T00:00:00.000Z", "2025-02-29T00:00:00.000Z", "2026-13-01T00:00:00.000Z", "2026-00-01T00:00:00.000Z",
    "2026-01-00T00:00:00.000Z", "2026-11-22T24:00:00.000Z", "2026-11-22T23:60:00.000Z", "2026-11-22T23:59:60.000Z", "0000-01-01T00:00:00.000Z", "+012026-01-01T00:00:00.000Z",
    "-000001-01-01T00:00:00.000Z", "now", "", " 2026-11-22T08:00:00.000Z", "2026-11-22T08:00:00.000Z\n", "2026-11-22T08:00:00,000Z", "\u0662026-11-22T08:00:00.000Z",
):
    CASES.append(reject("Date written " + repr(text), meta(text, ["Date"])))
CASES += [reject("Date written as milliseconds", meta(1763798400000, ["Date"])), reject("Date that is null (superjson's invalid Date)", meta(None, ["Date"]))]

# regexp
def regexp(source, flags=""):
    return {"$": "regexp", "source": source, "flags": flags}


CASES += [
    accept("regexp", meta("/a+b/", ["regexp"]), regexp("a+b"), [TS]),
    accept("regexp with flags", meta("/^a.b$/ims", ["regexp"]), regexp("^a.b$", "ims"), [TS]),
    accept("regexp with a slash in it", meta("/a\\/b/", ["regexp"]), regexp("a\\/b"), [TS]),
    accept("regexp with a slash in a class", meta("/[/]/i", ["regexp"]), regexp("[/]", "i"), [TS]),
    accept("regexp in a set", meta(["/a/"], ["set", {"0": ["regexp"]}]), set_(regexp("a")), [TS]),
]
for text in ("", "a", "/a", "a/", "/", "//", "/(/", "/[/", "/a/zz", "/a/gg", "/a/ i", "/a/I", " /a/", "/*/"):
    CASES.append(reject("regexp written " + repr(text), meta(text, ["regexp"])))
CASES += [reject("regexp written as an object", meta({"source": "a"}, ["regexp"])), reject("regexp that is a number", meta(1, ["regexp"]))]

# URL
def url(text):
    return {"$": "url", "v": text}


CASES += [
    accept("URL", meta("https://example.org/a?b=c#d", ["URL"]), url("https://example.org/a?b=c#d"), BOTH),
    accept("URL with port and user", meta("https://me@example.org:8443/", ["URL"]), url("https://me@example.org:8443/"), BOTH),
    accept("URL of a file", meta("file:///a/b", ["URL"]), url("file:///a/b"), BOTH),
    reject("URL that is a number", meta(1, ["URL"])),
    reject("URL that is null", meta(None, ["URL"])),
    reject("URL that is an object", meta({"href": "https://example.org/"}, ["URL"])),
]

# set and map
CASES += [
    accept("empty set", meta([], ["set"]), set_(), BOTH),
    accept("set of one", meta([1], ["set"]), set_(1), BOTH),
    accept("set in order", meta([3, 1, "a", None], ["set"]), set_(3, 1, "a", None), [TS]),
    accept("set of bigint", meta(["9007199254740993"], ["set", {"0": ["bigint"]}]), set_(big(2**53 + 1)), BOTH),
    accept("set of NaN", meta(["NaN"], ["set", {"0": ["number"]}]), set_(flt("NaN")), BOTH),
    accept("set of arrays", meta([[1, 2]], ["set"]), set_([1, 2]), BOTH),
    accept("set of sets", meta([[1]], ["set", {"0": ["set"]}]), set_(set_(1)), BOTH),
    accept("set in an object", meta({"a": {"b": [1]}}, {"a.b": ["set"]}), obj(["a", obj(["b", set_(1)])]), BOTH),
    reject("set of -0", meta([-0.0], ["set"])),
    reject("set of an annotated -0", meta(["-0"], ["set", {"0": ["number"]}])),
    reject("set of a set of -0", meta([[-0.0]], ["set", {"0": ["set"]}])),
    reject("map with the key -0", meta([[-0.0, 1]], ["map"])),
    accept("set of an array with -0", meta([[-0.0]], ["set"]), set_([flt("-0")])),
    accept("map with the value -0", meta([[1, -0.0]], ["map"]), map_([1, flt("-0")])),
    reject("set with equal members", meta([1, 1], ["set"])),
    reject("set with equal texts", meta(["a", "b", "a"], ["set"])),
    reject("set with two nulls", meta([None, None], ["set"])),
    reject("set that is an object", meta({}, ["set"])),
    reject("set that is null", meta(None, ["set"])),
    reject("set that is text", meta("abc", ["set"])),
    reject("set that is a number", meta(3, ["set"])),
    accept("set of objects", meta([{"a": 1}], ["set"]), set_(obj(["a", 1])), [TS], python={"verdict": "reject", "code": "protocol-error", "canonical": []}),
    accept("set of 1 and true", meta([1, True], ["set"]), set_(1, True), [TS], python={"verdict": "reject", "code": "protocol-error", "canonical": []}),
    accept("empty map", meta([], ["map"]), map_(), [TS]),
    accept("map with numbers as keys", meta([[1, "a"], [2, "b"]], ["map"]), map_([1, "a"], [2, "b"]), BOTH),
    accept("map with text as keys", meta([["a", 1]], ["map"]), map_(["a", 1]), [TS]),
    accept("map with null as key", meta([[None, 1]], ["map"]), map_([None, 1]), BOTH),
    accept("map with an array as key", meta([[[1, 2], "a"]], ["map"]), map_([[1, 2], "a"]), BOTH),
    accept("map with a bigint as key and value", meta([["9007199254740993", "9007199254740994"]], ["map", {"0.0": ["bigint"], "0.1": ["bigint"]}]), map_([big(2**53 + 1), big(2**53 + 2)]), BOTH),
    accept("map in a map", meta([[1, [[2, 3]]]], ["map", {"0.1": ["map"]}]), map_([1, map_([2, 3])]), BOTH),
    accept("map with Date as key", meta([["2026-11-22T08:00:00.000Z", 1]], ["map", {"0.0": ["Date"]}]), map_([date("2026-11-22T08:00:00.000Z"), 1]), [TS]),
    accept("map with __proto__ as key", meta([["__proto__", 1], [1, 2]], ["map"]), map_(["__proto__", 1], [1, 2]), BOTH),
    reject("map with equal keys", meta([[1, "a"], [1, "b"]], ["map"])),
    reject("map with equal text keys", meta([["a", 1], ["b", 2], ["a", 3]], ["map"])),
    accept("map with keys 1 and true", meta([[1, "a"], [True, "b"]], ["map"]), map_([1, "a"], [True, "b"]), [TS], python={"verdict": "reject", "code": "protocol-error", "canonical": []}),
    accept("map with an object as key", meta([[{"a": 1}, 2]], ["map"]), map_([obj(["a", 1]), 2]), [TS], python={"verdict": "reject", "code": "protocol-error", "canonical": []}),
    reject("map that is an object", meta({"a": 1}, ["map"])),
    reject("map with a pair of one", meta([[1]], ["map"])),
    reject("map with a pair of three", meta([[1, 2, 3]], ["map"])),
    reject("map with a pair that is text", meta(["ab"], ["map"])),
    reject("map with a pair that is an object", meta([{"0": 1, "1": 2}], ["map"])),
    reject("map with a pair that is a set", meta([[1, 2]], ["map", {"0": ["set"]}])),
    reject("map that is null", meta(None, ["map"])),
    accept("everything in everything", meta(
        {"m": [[1, ["2026-11-22T08:00:00.000Z"]]], "n": [None, {"x": "NaN"}]},
        {"m": ["map", {"0.1": ["set", {"0": ["Date"]}]}], "n.1.x": ["number"]}),
        obj(["m", map_([1, set_(date("2026-11-22T08:00:00.000Z"))])], ["n", [None, obj(["x", flt("NaN")])]]), [TS]),
]

# Error
def error(*pairs):
    return {"$": "error", "v": [list(pair) for pair in pairs]}


CASES += [
    accept("Error", meta({"name": "TypeError", "message": "no"}, ["Error"]), error(["name", "TypeError"], ["message", "no"]), [TS]),
    accept("Error with empty message", meta({"name": "E", "message": ""}, ["Error"]), error(["name", "E"], ["message", ""]), [TS]),
    accept("Error with a cause", meta({"name": "Error", "message": "a", "cause": {"name": "Error", "message": "b"}}, ["Error", {"cause": ["Error"]}]),
           error(["name", "Error"], ["message", "a"], ["cause", error(["name", "Error"], ["message", "b"])]), [TS]),
    accept("Error with a cause that is no Error", meta({"name": "Error", "message": "a", "cause": 7}, ["Error"]), error(["name", "Error"], ["message", "a"], ["cause", 7]), [TS]),
    accept("Error with the members of a failure", meta({"name": "ValueError", "message": "no", "module": "builtins", "notes": ["n"], "frames": [{"file": "a.py", "line": 1, "function": "f", "source": None}]}, ["Error"]),
           error(["name", "ValueError"], ["message", "no"], ["module", "builtins"], ["notes", ["n"]], ["frames", [obj(["file", "a.py"], ["line", 1], ["function", "f"], ["source", None])]])),
    accept("Error with __proto__", meta({"name": "E", "message": "m", "__proto__": {"polluted": True}}, ["Error"]), error(["name", "E"], ["message", "m"], ["__proto__", obj(["polluted", True])])),
    reject("Error that is text", meta("TypeError: no", ["Error"])),
    reject("Error without name", meta({"message": "no"}, ["Error"])),
    reject("Error without message", meta({"name": "Error"}, ["Error"])),
    reject("Error whose name is a number", meta({"name": 1, "message": "no"}, ["Error"])),
    reject("Error whose message is null", meta({"name": "Error", "message": None}, ["Error"])),
    reject("Error that is an array", meta(["Error", "no"], ["Error"])),
]
