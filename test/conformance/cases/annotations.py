"""The tree of annotations itself: paths, nesting, and everything that must not be one."""

from .describe import BOTH, TS, UNDEFINED, big, date, flt, map_, obj, set_, reject as _reject, accept as _accept

DAY = "2026-11-22T00:00:00.000Z"


def wrap(json, values):
    return {"json": json, "meta": {"values": values, "v": 1}}


def accept(name, wire, value, canonical=(), **more):
    return _accept("value", "annotation: " + name, wire, value, canonical=canonical, **more)


def reject(name, wire, code="protocol-error", **more):
    return _reject("value", "annotation: " + name, wire, code, **more)


def nested_sets(depth):
    """Sets in each other: the wire and the value. The annotations nest 2 * depth - 1 deep."""
    return ['{"json":', (b"[", depth), (b"]", depth), ',"meta":{"values":', (b'["set",{"0":', depth - 1), '["set"]', (b"}]", depth - 1), ',"v":1}}']


def set_value(depth):
    value = set_()
    for _ in range(depth - 1):
        value = set_(value)
    return value


CASES = [
    # Paths
    accept("name with a dot", wrap({"a.b": None}, {"a\\.b": ["undefined"]}), obj(["a.b", UNDEFINED]), [TS]),
    accept("name with a backslash", wrap({"a\\b": None}, {"a\\\\b": ["undefined"]}), obj(["a\\b", UNDEFINED]), [TS]),
    accept("name of a backslash and a dot", wrap({"\\.": "1"}, {"\\\\\\.": ["bigint"]}), obj(["\\.", big(1)]), [TS]),
    accept("name of dots", wrap({"...": DAY}, {"\\.\\.\\.": ["Date"]}), obj(["...", date(DAY)]), [TS]),
    accept("name that ends in a backslash, and one below it", wrap({"a\\": {"b": DAY}}, {"a\\\\.b": ["Date"]}), obj(["a\\", obj(["b", date(DAY)])]), [TS]),
    accept("names with dots below each other", wrap({"a.b": {"c.d": DAY}}, {"a\\.b.c\\.d": ["Date"]}), obj(["a.b", obj(["c.d", date(DAY)])]), [TS]),
    accept("dotted name beside the path it looks like", wrap({"a.b": DAY, "a": {"b": 1}}, {"a\\.b": ["Date"]}), obj(["a.b", date(DAY)], ["a", obj(["b", 1])]), [TS]),
    accept("path beside the dotted name it looks like", wrap({"a.b": 1, "a": {"b": DAY}}, {"a.b": ["Date"]}), obj(["a.b", 1], ["a", obj(["b", date(DAY)])]), [TS]),
    accept("the empty name", wrap({"": DAY}, {"": ["Date"]}), obj(["", date(DAY)]), [TS]),
    accept("empty names below each other", wrap({"": {"": DAY}}, {".": ["Date"]}), obj(["", obj(["", date(DAY)])]), [TS]),
    accept("name of digits in an object", wrap({"0": DAY}, {"0": ["Date"]}), obj(["0", date(DAY)]), [TS]),
    accept("name 01 in an object", wrap({"01": DAY}, {"01": ["Date"]}), obj(["01", date(DAY)]), [TS]),
    accept("name beyond ASCII", wrap({"\u00e9": DAY}, {"\u00e9": ["Date"]}), obj(["\u00e9", date(DAY)]), [TS]),
    accept("name that is a lone surrogate", '{"json":{"\\ud800":"1"},"meta":{"values":{"\\ud800":["bigint"]},"v":1}}', obj(["\ud800", big(1)]), [TS]),
    accept("map in a set in an object with dots", wrap({"a.b": [[["x", DAY]]]}, {"a\\.b": ["set", {"0": ["map", {"0.1": ["Date"]}]}]}), obj(["a.b", set_(map_(["x", date(DAY)]))]), [TS],
           python={"verdict": "reject", "code": "protocol-error", "canonical": []}),
    accept("map whose key is a name with dots, with a set below", wrap([["a.b", [DAY]]], ["map", {"0.1": ["set", {"0": ["Date"]}]}]), map_(["a.b", set_(date(DAY))]), [TS]),
    accept("object with dots in a map value", wrap([[1, {"a.b": DAY}]], ["map", {"0.1.a\\.b": ["Date"]}]), map_([1, obj(["a.b", date(DAY)])]), [TS]),
    accept("member of an array in an array", wrap([[1, DAY], [DAY]], {"0.1": ["Date"], "1.0": ["Date"]}), [[1, date(DAY)], [date(DAY)]], [TS]),
    accept("index 10", wrap([1] * 10 + ["NaN"], {"10": ["number"]}), [1] * 10 + [flt("NaN")], BOTH),
    accept("names of the prototype chain as data", wrap({"__proto__": {"x": DAY}, "constructor": DAY, "prototype": DAY}, {"__proto__.x": ["Date"], "constructor": ["Date"], "prototype": ["Date"]}),
           obj(["__proto__", obj(["x", date(DAY)])], ["constructor", date(DAY)], ["prototype", date(DAY)]), [TS]),
    accept("__proto__ itself annotated", wrap({"__proto__": DAY}, {"__proto__": ["Date"]}), obj(["__proto__", date(DAY)]), [TS]),
    accept("__proto__ that is undefined", wrap({"__proto__": None}, {"__proto__": ["undefined"]}), obj(["__proto__", UNDEFINED]), [TS]),
    accept("__proto__ in a map value", wrap([[1, {"__proto__": DAY}]], ["map", {"0.1.__proto__": ["Date"]}]), map_([1, obj(["__proto__", date(DAY)])]), [TS]),
    accept("a tree below a path without an annotation between", wrap({"a": {"b": DAY}}, {"a": {"b": ["Date"]}}), obj(["a", obj(["b", date(DAY)])])),
    accept("an empty tree", wrap({"a": 1}, {}), obj(["a", 1])),
    accept("an empty inner tree", wrap([1], ["set", {}]), set_(1)),
    accept("unknown members of the wire and of meta", {"json": DAY, "meta": {"values": ["Date"], "v": 1, "later": 1}, "later": 2}, date(DAY)),

    # Paths that lead nowhere
    reject("path to a missing member", wrap({"a": 1}, {"b": ["undefined"]})),
    reject("path below a missing member", wrap({"a": 1}, {"b.c": ["undefined"]})),
    reject("path below a scalar", wrap({"a": 1}, {"a.b": ["undefined"]})),
    reject("path below null", wrap({"a": None}, {"a.b": ["undefined"]})),
    reject("path into text", wrap({"a": "xyz"}, {"a.0": ["undefined"]})),
    reject("path to the length of text", wrap({"a": "xyz"}, {"a.length": ["bigint"]})),
    reject("path in a scalar root", wrap(1, {"a": ["undefined"]})),
    reject("path in a null root", wrap(None, {"": ["undefined"]})),
    reject("index past the end", wrap([1], {"1": ["undefined"]})),
    reject("index -1", wrap([None], {"-1": ["undefined"]})),
    reject("index 00", wrap([None], {"00": ["undefined"]})),
    reject("index +0", wrap([None], {"+0": ["undefined"]})),
    reject("index 0.0 of a flat array", wrap([None], {"0.0": ["undefined"]})),
    reject("index 0e0", wrap([None], {"0e0": ["undefined"]})),
    reject("index with a space", wrap([None], {" 0": ["undefined"]})),
    reject("index in Arabic digits", wrap([None], {"\u0660": ["undefined"]})),
    reject("index beyond 2^32", wrap([None], {"4294967296": ["undefined"]})),
    reject("index beyond 2^64", wrap([None], {"18446744073709551616": ["undefined"]})),
    reject("the empty name in an array", wrap([None], {"": ["undefined"]})),
    reject("length of an array", wrap([None], {"length": ["undefined"]})),
    reject("__proto__ that is not there", wrap({"a": 1}, {"__proto__": ["undefined"]})),
    reject("path through __proto__ that is not there", wrap({"a": 1}, {"__proto__.polluted": ["undefined"]})),
    reject("path through __proto__ to toString", wrap({}, {"__proto__.toString": ["undefined"]})),
    reject("path through constructor.prototype", wrap({}, {"constructor.prototype.polluted": ["undefined"]})),
    reject("path through the prototype of an array", wrap([], {"__proto__.polluted": ["undefined"]})),
    reject("path to a method of an array", wrap([], {"push": ["undefined"]})),
    reject("path to toString", wrap({}, {"toString": ["undefined"]})),
    reject("path to __class__", wrap({}, {"__class__": ["undefined"]})),
    reject("backslash that escapes a letter", wrap({"ab": None}, {"a\\b": ["undefined"]})),
    reject("backslash at the end", wrap({"a": None, "a\\": None}, {"a\\": ["undefined"]})),
    reject("backslash alone", wrap({"\\": None}, {"\\": ["undefined"]})),
    reject("path through a set", wrap({"a": [[1]]}, {"a": ["set"], "a.0": ["set"]})),
    reject("path through a set, the longer first", wrap({"a": [[1]]}, {"a.0": ["set"], "a": ["set"]})),
    reject("path through a map", wrap({"a": [[1, DAY]]}, {"a": ["map"], "a.0.1": ["Date"]})),
    reject("path through a Date", wrap({"a": DAY}, {"a": ["Date"], "a.x": ["undefined"]})),
    reject("path through bytes", {"json": {"a": {"index": 0}}, "meta": {"values": {"a": [["custom", "bytes"]], "a.index": ["bigint"]}, "v": 1}}, attachments=[b"a"]),
    reject("path through an Error", wrap({"a": {"name": "E", "message": "m", "cause": DAY}}, {"a": ["Error"], "a.cause": ["Date"]})),
    reject("the same place twice, by a tree and a path", wrap({"a": {"b": None}}, {"a": {"b": ["undefined"]}, "a.b": ["Date"]})),
    reject("inner annotations of a scalar", wrap(DAY, ["Date", {"0": ["undefined"]}])),
    reject("inner annotations of undefined", wrap(None, ["undefined", {"a": ["undefined"]}])),

    # What is not an annotation
    reject("unknown type", wrap({}, ["Object"])),
    reject("type symbol", wrap("x", [["symbol", "x"]])),
    reject("type symbol, simple", wrap("x", ["symbol"])),
    reject("type class", wrap({}, [["class", "Foo"]])),
    reject("type class without a name", wrap({}, ["class"])),
    reject("superjson's typed-array", wrap([1, 2], [["typed-array", "Uint8Array"]])),
    reject("custom without a name", wrap({}, [["custom"]])),
    reject("custom alone", wrap({}, ["custom"])),
    reject("custom with an unknown name", wrap({}, [["custom", "pickle"]])),
    reject("custom with a third element", {"json": {"index": 0}, "meta": {"values": [["custom", "bytes", 1]], "v": 1}}, attachments=[b"a"]),
    reject("custom with a number", wrap({}, [["custom", 1]])),
    reject("custom called __proto__", wrap({}, [["custom", "__proto__"]])),
    reject("custom called toString", wrap({}, [["custom", "toString"]])),
    reject("custom written without its own brackets", {"json": {"index": 0}, "meta": {"values": ["custom", "bytes"], "v": 1}}, attachments=[b"a"]),
    reject("bytes written without custom", {"json": {"index": 0}, "meta": {"values": ["bytes"], "v": 1}}, attachments=[b"a"]),
    reject("type in other case", wrap(DAY, ["date"])),
    reject("type BigInt", wrap("1", ["BigInt"])),
    reject("type constructor", wrap({}, ["constructor"])),
    reject("type __proto__", wrap({}, ["__proto__"])),
    reject("type toString", wrap({}, ["toString"])),
    reject("type a number", wrap({}, [1])),
    reject("type null", wrap({}, [None])),
    reject("type an object", wrap({}, [{"custom": "bytes"}])),
    reject("type an empty array", wrap({}, [[]])),
    reject("no type", wrap({}, [])),
    reject("three elements", wrap([], ["set", {}, {}])),
    reject("two types (superjson's older form)", wrap([], ["set", "map"])),
    reject("inner annotations null", wrap([], ["set", None])),
    reject("inner annotations an array", wrap([["1"]], ["set", [["bigint"]]])),
    reject("tree that is text", wrap(DAY, "Date")),
    reject("tree that is null", wrap(DAY, None)),
    reject("tree that is a number", wrap(DAY, 1)),
    reject("tree that is true", wrap(DAY, True)),
    reject("text below a path", wrap({"a": DAY}, {"a": "Date"})),
    reject("null below a path", wrap({"a": DAY}, {"a": None})),

    # The wire value around it
    reject("no json", {"meta": {"values": ["undefined"], "v": 1}}),
    reject("nothing", {}),
    reject("wire an array", "[1]"),
    reject("wire null", "null"),
    reject("wire text", '"a"'),
    reject("wire a number", "1"),
    reject("json inherited", '{"__proto__":{"json":1}}'),
    accept("meta v 1.0", {"json": None, "meta": {"values": ["undefined"], "v": 1.0}}, {"$": "undefined"}),
    reject("meta v 1.5", {"json": None, "meta": {"values": ["undefined"], "v": 1.5}}),
    reject("meta null", {"json": 1, "meta": None}),
    reject("meta an array", {"json": 1, "meta": [["undefined"]]}),
    reject("meta text", {"json": 1, "meta": "undefined"}),
    reject("meta without v (superjson's older paths)", {"json": None, "meta": {"values": ["undefined"]}}),
    reject("meta v 0", {"json": None, "meta": {"values": ["undefined"], "v": 0}}),
    reject("meta v 2", {"json": None, "meta": {"values": ["undefined"], "v": 2}}),
    reject("meta v text", {"json": None, "meta": {"values": ["undefined"], "v": "1"}}),
    reject("meta v true", {"json": None, "meta": {"values": ["undefined"], "v": True}}),
    reject("meta without values", {"json": 1, "meta": {"v": 1}}),
    reject("meta empty", {"json": 1, "meta": {}}),
    reject("referential equalities", {"json": {"a": {}, "b": {}}, "meta": {"values": {}, "referentialEqualities": {"a": ["b"]}, "v": 1}}),
    reject("referential equalities without values", {"json": {"a": {}, "b": {}}, "meta": {"referentialEqualities": {"a": ["b"]}, "v": 1}}),
    reject("referential equality with the root", {"json": {"a": None}, "meta": {"values": {}, "referentialEqualities": [["a"]], "v": 1}}),
    reject("referential equalities into __proto__", {"json": {"a": 1}, "meta": {"values": {}, "referentialEqualities": {"a": ["__proto__.polluted"]}, "v": 1}}),
    reject("referential equalities null", {"json": 1, "meta": {"values": {}, "referentialEqualities": None, "v": 1}}),

    # Depth
    accept("sets 64 deep", nested_sets(64), Ellipsis, ()),
    reject("sets 129 deep", nested_sets(129), "limit-exceeded"),
    reject("sets 140 deep", nested_sets(140), "limit-exceeded"),
    reject("a path of a thousand names", ['{"json":[],"meta":{"values":{"0', (b".0", 999), '":["undefined"]},"v":1}}']),
    reject("a path of a million names", ['{"json":[],"meta":{"values":{"0', (b".0", 999999), '":["undefined"]},"v":1}}'], heavy=True),
]
for depth in (127, 128):
    CASES.append(accept("sets %d deep" % depth, nested_sets(depth), Ellipsis, ()))
# Sets in sets nest too deep for the notation of some readers: only the verdict counts.
for case in CASES:
    if case.get("value") is Ellipsis:
        del case["value"]
