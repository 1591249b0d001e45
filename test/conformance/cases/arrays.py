"""Attachments: bytes, typed arrays and arrays of n dimensions, of every dtype."""

import struct

from .describe import BOTH, TS, map_, obj, set_, reject as _reject, accept as _accept

SIZES = {
    "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8, "uint64": 8,
    "float16": 2, "float32": 4, "float64": 8, "complex64": 8, "complex128": 16,
}
# Two elements of each, little-endian.
SAMPLES = {
    "bool": b"\0\1", "int8": struct.pack("<2b", -128, 127), "uint8": b"\0\xff", "int16": struct.pack("<2h", -32768, 32767), "uint16": struct.pack("<2H", 1, 65535),
    "int32": struct.pack("<2i", -(2**31), 2**31 - 1), "uint32": struct.pack("<2I", 1, 2**32 - 1), "int64": struct.pack("<2q", -(2**63), 2**63 - 1), "uint64": struct.pack("<2Q", 1, 2**64 - 1),
    "float16": struct.pack("<2e", 1.5, -2.0), "float32": struct.pack("<2f", 1.5, float("nan")), "float64": struct.pack("<2d", -0.0, float("inf")),
    "complex64": struct.pack("<4f", 1, 2, 3, 4), "complex128": struct.pack("<4d", 1, 2, 3, 4),
}
# dtypes a typed array of JavaScript has, so that its encoder makes this wire.
NATIVE = ("int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64")


def accept(name, json, values, value, attachments, canonical=(), **more):
    return _accept("value", "array: " + name, {"json": json, "meta": {"values": values, "v": 1}}, value, [a for a in attachments], canonical, **more)


def reject(name, json, values, attachments, code="protocol-error", **more):
    return _reject("value", "array: " + name, {"json": json, "meta": {"values": values, "v": 1}}, code, [a for a in attachments], **more)


BYTES = [["custom", "bytes"]]
TYPED = [["custom", "typed-array"]]
ND = [["custom", "ndarray"]]


def raw(data):
    return {"$": "bytes", "v": data.hex()}


def typed(dtype, data):
    return {"$": "typed-array", "dtype": dtype, "v": data.hex()}


def nd(dtype, shape, data, order="C"):
    return {"$": "ndarray", "dtype": dtype, "shape": shape, "order": order, "v": data.hex()}


CASES = [
    accept("bytes", {"index": 0}, BYTES, raw(b"\0\xffabc"), [b"\0\xffabc"], BOTH),
    accept("no bytes", {"index": 0}, BYTES, raw(b""), [b""], BOTH),
    accept("bytes in an object", {"a": {"index": 0}}, {"a": BYTES}, obj(["a", raw(b"x")]), [b"x"], BOTH),
    accept("two of bytes in the other order", [{"index": 1}, {"index": 0}], {"0": BYTES, "1": BYTES}, [raw(b"b"), raw(b"a")], [b"a", b"b"]),
    accept("two of bytes", [{"index": 0}, {"index": 1}], {"0": BYTES, "1": BYTES}, [raw(b"a"), raw(b"b")], [b"a", b"b"], BOTH),
    accept("an attachment that nobody references", {"index": 1}, BYTES, raw(b"b"), [b"a", b"b"]),
    accept("bytes in a set", [{"index": 0}], ["set", {"0": BYTES}], set_(raw(b"a")), [b"a"], BOTH),
    accept("bytes as the key of a map", [[{"index": 0}, 1]], ["map", {"0.0": BYTES}], map_([raw(b"a"), 1]), [b"a"], BOTH),
    accept("an object that looks like bytes", {"a": {"index": 0}, "b": {"index": 0}}, {"b": BYTES}, obj(["a", obj(["index", 0])], ["b", raw(b"a")]), [b"a"], BOTH),
    accept("unknown members beside the index", {"index": 0, "later": True}, BYTES, raw(b"a"), [b"a"]),
    reject("index past the end", {"index": 1}, BYTES, [b"a"]),
    reject("index with no attachments", {"index": 0}, BYTES, []),
    reject("index -1", {"index": -1}, BYTES, [b"a"]),
    reject("index 0.5", {"index": 0.5}, BYTES, [b"a"]),
    reject("index text", {"index": "0"}, BYTES, [b"a"]),
    reject("index null", {"index": None}, BYTES, [b"a"]),
    reject("index true", {"index": True}, BYTES, [b"a", b"b"]),
    reject("index an array", {"index": [0]}, BYTES, [b"a"]),
    reject("index an object with toString", {"index": {"toString": 1}}, BYTES, [b"a"]),
    reject("no index", {}, BYTES, [b"a"]),
    reject("index inherited", {"__proto__": {"index": 0}}, BYTES, [b"a"]),
    reject("bytes that are text", "YQ==", BYTES, [b"a"]),
    reject("bytes that are an array", [0], BYTES, [b"a"]),
    reject("bytes that are null", None, BYTES, [b"a"]),
    reject("the same attachment twice", [{"index": 0}, {"index": 0}], {"0": BYTES, "1": BYTES}, [b"a"]),
    reject("the same attachment as bytes and as array", [{"index": 0}, {"index": 0, "dtype": "int8"}], {"0": BYTES, "1": TYPED}, [b"a"]),
    reject("index that is annotated", {"index": "0"}, [["custom", "bytes"], {"index": ["bigint"]}], [b"a"]),
]

for dtype, sample in SAMPLES.items():
    size = SIZES[dtype]
    typed_json = {"index": 0, "dtype": dtype}
    nd_json = {"index": 0, "dtype": dtype, "shape": [2], "order": "C"}
    CASES += [
        accept("typed array of " + dtype, typed_json, TYPED, typed(dtype, sample), [sample], [TS] if dtype in NATIVE else ()),
        accept("empty typed array of " + dtype, typed_json, TYPED, typed(dtype, b""), [b""], [TS] if dtype in NATIVE else ()),
        accept("ndarray of " + dtype, nd_json, ND, nd(dtype, [2], sample), [sample], [TS]),
        accept("ndarray of " + dtype + " of one row", dict(nd_json, shape=[1, 2], order="F"), ND, nd(dtype, [1, 2], sample, "F"), [sample], [TS]),
        reject("ndarray of %s one element short" % dtype, nd_json, ND, [sample[:size]]),
        reject("ndarray of %s one byte too long" % dtype, nd_json, ND, [sample + b"\0"]),
        reject("ndarray of %s one byte short" % dtype, nd_json, ND, [sample[:-1]]),
    ]
    if size > 1:
        CASES.append(reject("typed array of %s with a byte too many" % dtype, typed_json, TYPED, [sample + b"\0"]))

SIX = bytes(range(1, 7))
BASE = {"index": 0, "dtype": "uint8", "shape": [2, 3], "order": "C"}
CASES += [
    accept("ndarray 2 by 3", BASE, ND, nd("uint8", [2, 3], SIX), [SIX], [TS]),
    accept("ndarray 2 by 3, columns first", dict(BASE, order="F"), ND, nd("uint8", [2, 3], SIX, "F"), [SIX], [TS]),
    accept("ndarray without dimensions", dict(BASE, shape=[]), ND, nd("uint8", [], b"\7"), [b"\7"], [TS]),
    accept("ndarray of no elements", dict(BASE, shape=[0]), ND, nd("uint8", [0], b""), [b""], [TS]),
    accept("ndarray 3 by 0 by 2", dict(BASE, shape=[3, 0, 2]), ND, nd("uint8", [3, 0, 2], b""), [b""], [TS]),
    accept("ndarray of 31 dimensions", dict(BASE, shape=[1] * 31), ND, nd("uint8", [1] * 31, b"\7"), [b"\7"], [TS]),
    accept("ndarray of 32 dimensions", dict(BASE, shape=[1] * 32), ND, nd("uint8", [1] * 32, b"\7"), [b"\7"], [TS]),
    accept("ndarray of which index and shape are written as floats", {"index": 0.0, "dtype": "uint8", "shape": [2.0, 3.0], "order": "C"}, ND, nd("uint8", [2, 3], SIX), [SIX]),
    reject("ndarray of 33 dimensions", dict(BASE, shape=[1] * 33), ND, [b"\7"], "limit-exceeded"),
    reject("shape that is too small", dict(BASE, shape=[2, 2]), ND, [SIX]),
    reject("shape that is too great", dict(BASE, shape=[2, 4]), ND, [SIX]),
    reject("shape that overflows 64 bits to the right size", dict(BASE, shape=[2**33, 2**31, 6]), ND, [b""]),
    reject("shape that overflows to infinity", dict(BASE, shape=[2**52] * 32), ND, [SIX]),
    reject("negative dimensions that multiply to the right size", dict(BASE, shape=[-2, -3]), ND, [SIX]),
    reject("dimension -1", dict(BASE, shape=[-1]), ND, [SIX]),
    reject("dimension 2.5", dict(BASE, shape=[2.5, 2]), ND, [SIX]),
    reject("dimension text", dict(BASE, shape=["6"]), ND, [SIX]),
    reject("dimension true", dict(BASE, shape=[True, 6]), ND, [SIX]),
    reject("dimension null", dict(BASE, shape=[None]), ND, [SIX]),
    reject("shape a number", dict(BASE, shape=6), ND, [SIX]),
    reject("shape missing", {"index": 0, "dtype": "uint8", "order": "C"}, ND, [SIX]),
    reject("order missing", {"index": 0, "dtype": "uint8", "shape": [6]}, ND, [SIX]),
    reject("order c", dict(BASE, order="c"), ND, [SIX]),
    reject("order A", dict(BASE, order="A"), ND, [SIX]),
    reject("order null", dict(BASE, order=None), ND, [SIX]),
    reject("dtype missing in an ndarray", {"index": 0, "shape": [6], "order": "C"}, ND, [SIX]),
    reject("dtype missing in a typed array", {"index": 0}, TYPED, [SIX]),
    reject("ndarray that is an array", [[1, 2], [3, 4]], ND, [SIX]),
    reject("typed array that is an array", [1, 2], TYPED, [SIX]),
    reject("ndarray with its attachment taken", [{"index": 0}, BASE], {"0": BYTES, "1": ND}, [SIX]),
]
for dtype in ("float", "object", "O", "<f8", ">f8", "str", "int128", "float128", "complex256", "datetime64[ns]", "Float64Array", "toString", "__proto__", "constructor", "", None, 8):
    CASES.append(reject("dtype %r in a typed array" % (dtype,), {"index": 0, "dtype": dtype}, TYPED, [b""]))
for dtype in ("object", ">f8", "hasOwnProperty"):
    CASES.append(reject("dtype %r in an ndarray" % (dtype,), dict(BASE, dtype=dtype, shape=[0]), ND, [b""]))
