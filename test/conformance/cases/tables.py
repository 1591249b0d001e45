"""Tables: every type of column, index, form and label, in right forms and in wrong ones; times in arrays."""

import struct

from .describe import BOTH, TS, date, flt, obj, reject as _reject, accept as _accept

TABLE = [["custom", "table"]]
NAT = -(2**63)


def wire(json):
    return {"json": json, "meta": {"values": TABLE, "v": 1}}


def accept(name, json, value, attachments=(), canonical=(), **more):
    return _accept("value", "table: " + name, wire(json), dict(value, **{"$": "table"}), list(attachments), canonical, **more)


def reject(name, json, attachments=(), code="protocol-error", **more):
    return _reject("value", "table: " + name, wire(json), code, list(attachments), **more)


def ints(code, *numbers):
    return struct.pack("<%d%s" % (len(numbers), code), *numbers)


def column(name, type_, *cells, **more):
    return dict({"name": name, "type": type_, "cells": list(cells)}, **more)


def one(name, type_, attachments, parts, cells, canonical=(), shown=None, rows=2, **more):
    """A table of one column."""
    return accept(name, {"rows": rows, "columns": [dict({"name": "a", "type": type_}, **parts)]},
                  {"rows": rows, "columns": [column("a", type_, *cells, **(shown or {}))]}, attachments, canonical, **more)


TEXT = [b"a\xc3\xa9b", ints("i", 0, 3, 4)]
STRING = {"data": 0, "offsets": 1}
NUMBERS = {"float64": (struct.pack("<2d", 1.5, -2), [flt("1.5"), flt("-2")]), "float32": (struct.pack("<2f", 0.5, 4), [flt("0.5"), flt("4")]),
           "int8": (ints("b", -128, 127), [-128, 127]), "uint8": (b"\0\xff", [0, 255]), "int16": (ints("h", -5, 5), [-5, 5]), "uint16": (ints("H", 0, 65535), [0, 65535]),
           "int32": (ints("i", -(2**31), 7), [-(2**31), 7]), "uint32": (ints("I", 0, 2**32 - 1), [0, 2**32 - 1])}
CASES = []
for type_, (data, cells) in NUMBERS.items():
    CASES.append(one("column of " + type_, type_, [data], {"data": 0}, cells, [TS]))
    CASES.append(one("column of %s with a null" % type_, type_, [data, b"\0\1"], {"data": 0, "nulls": 1}, [cells[0], None]))
    CASES.append(reject("column of %s a byte short" % type_, {"rows": 2, "columns": [{"name": "a", "type": type_, "data": 0}]}, [data[:-1]]))
    CASES.append(reject("column of %s an element too long" % type_, {"rows": 1, "columns": [{"name": "a", "type": type_, "data": 0}]}, [data]))

A = {"name": "a", "type": "int8", "data": 0}
B = {"name": "b", "type": "int8", "data": 1}
ONE = b"\1\2"
CASES += [
    one("column of int64", "int64", [ints("q", 2**53 - 1, -1)], {"data": 0}, [2**53 - 1, -1], [TS]),
    one("column of uint64", "uint64", [ints("Q", 2**53 - 1, 0)], {"data": 0}, [2**53 - 1, 0], [TS]),
    one("column of bool", "bool", [b"\0\1"], {"data": 0}, [False, True], [TS]),
    one("column of bool with a null", "bool", [b"\0\1", b"\1\0"], {"data": 0, "nulls": 1}, [None, True]),
    one("column of text", "string", TEXT, STRING, ["a\u00e9", "b"], [TS]),
    one("column of text with a null", "string", [b"a", ints("i", 0, 1, 1), b"\0\1"], dict(STRING, nulls=2), ["a", None], [TS]),
    one("column of text with bytes below a null", "string", [b"ab", ints("i", 0, 1, 2), b"\0\7"], dict(STRING, nulls=2), ["a", None]),
    one("column of text of no rows", "string", [b"", ints("i", 0)], STRING, [], [TS], rows=0),
    one("column of text that begins with a byte order mark", "string", [b"\xef\xbb\xbfa", ints("i", 0, 4)], STRING, ["\ufeffa"], [TS], rows=1),
    one("column of decimals", "decimal", [b"1.50-2E+3", ints("i", 0, 4, 9)], STRING, ["1.50", "-2E+3"], [TS]),
    one("column of dates", "date", [b"2026-11-30", ints("i", 0, 10, 10), b"\0\1"], dict(STRING, nulls=2), ["2026-11-30", None], [TS]),
    one("column of times of day", "time", [b"08:00:00.00000123:59:59", ints("i", 0, 15, 23)], STRING, ["08:00:00.000001", "23:59:59"], [TS]),
    one("column of bytes", "binary", [b"\xff\0a", ints("i", 0, 2, 3)], STRING, [{"$": "bytes", "v": "ff00"}, {"$": "bytes", "v": "61"}], [TS]),
    one("column of moments", "datetime64[ms]", [ints("q", 1796025600000, NAT)], {"data": 0, "zone": "UTC"}, [date("2026-11-30T08:00:00.000Z"), None], [TS], {"zone": "UTC"}),
    one("column of times without a zone", "datetime64[ns]", [ints("q", 1, -1)], {"data": 0}, [date("1970-01-01T00:00:00.000Z"), date("1969-12-31T23:59:59.999Z")]),
    one("column of times in a zone", "datetime64[us]", [ints("q", 0, 1500000)], {"data": 0, "zone": "Europe/Berlin"},
        [date("1970-01-01T00:00:00.000Z"), date("1970-01-01T00:00:01.500Z")], (), {"zone": "Europe/Berlin"}),
    one("column of lengths of time", "timedelta64[ns]", [ints("q", 5, NAT)], {"data": 0}, [5, None], [TS]),
    one("column of categories", "category", [b"\0\xff", b"lowhigh", ints("i", 0, 3, 7)],
        {"codes": "int8", "data": 0, "ordered": True, "categories": {"rows": 2, "type": "string", "data": 1, "offsets": 2}}, ["low", None], [TS],
        {"ordered": True, "categories": ["low", "high"]}),
    one("column of categories that are numbers", "category", [ints("i", 1, 0), b"\5\6"],
        {"codes": "int32", "data": 0, "ordered": False, "categories": {"rows": 2, "type": "int8", "data": 1}}, [6, 5], (), {"ordered": False, "categories": [5, 6]}),
    one("column of lists", "list", [ints("i", 0, 2, 2), b"\0\1", ints("q", 1, 2)], {"offsets": 0, "nulls": 1, "items": {"rows": 2, "type": "int64", "data": 2}}, [[1, 2], None], [TS]),
    one("column of lists of lists", "list", [ints("i", 0, 2), ints("i", 0, 0, 1), struct.pack("<d", 0.5)],
        {"offsets": 0, "items": {"rows": 2, "type": "list", "offsets": 1, "items": {"rows": 1, "type": "float64", "data": 2}}}, [[[], [flt("0.5")]]], [TS], rows=1),
    one("column of objects", "object", [], {"values": {"json": [1, {"b": "x"}]}}, [1, obj(["b", "x"])], [TS]),
    one("column of objects with annotations", "object", [b"x"], {"values": {"json": [{"index": 0}, ["NaN"]], "meta": {"values": {"0": [["custom", "bytes"]], "1.0": ["number"]}, "v": 1}}},
        [{"$": "bytes", "v": "78"}, [flt("NaN")]], [TS]),
    accept("of no columns", {"rows": 0, "columns": []}, {"rows": 0, "columns": []}, canonical=[TS]),
    accept("of rows without columns", {"rows": 3, "columns": []}, {"rows": 3, "columns": []}),
    accept("of two columns", {"rows": 2, "columns": [A, B]}, {"rows": 2, "columns": [column("a", "int8", 1, 2), column("b", "int8", 3, 4)]}, [ONE, b"\3\4"], [TS]),
    accept("with an index", {"rows": 2, "columns": [A], "index": [B]}, {"rows": 2, "columns": [column("a", "int8", 1, 2)], "index": [column("b", "int8", 3, 4)]}, [ONE, b"\3\4"], [TS]),
    accept("with an index of two levels", {"rows": 2, "columns": [], "index": [A, B]}, {"rows": 2, "columns": [], "index": [column("a", "int8", 1, 2), column("b", "int8", 3, 4)]}, [ONE, b"\3\4"], [TS]),
    accept("with labels", {"rows": 2, "columns": [dict(A, label=0), dict(B, label=None)]},
           {"rows": 2, "columns": [column("a", "int8", 1, 2, label=0), column("b", "int8", 3, 4, label=None)]}, [ONE, b"\3\4"]),
    accept("that is a series", {"rows": 2, "columns": [dict(A, label=None)], "form": "series"}, {"rows": 2, "columns": [column("a", "int8", 1, 2, label=None)], "form": "series"}, [ONE]),
    accept("that is an index", {"rows": 2, "columns": [A], "form": "index"}, {"rows": 2, "columns": [column("a", "int8", 1, 2)], "form": "index"}, [ONE]),
    accept("for pandas", {"rows": 2, "columns": [A], "library": "pandas"}, {"rows": 2, "columns": [column("a", "int8", 1, 2)], "library": "pandas"}, [ONE], [TS]),
    accept("whose columns have a name together", {"rows": 2, "columns": [A], "columnsName": "year"}, {"rows": 2, "columns": [column("a", "int8", 1, 2)], "columnsName": "year"}, [ONE]),
    accept("with a type of pandas", {"rows": 2, "columns": [dict(A, pandas="Int8")]}, {"rows": 2, "columns": [column("a", "int8", 1, 2)]}, [ONE]),
    accept("with a type that pandas has not", {"rows": 2, "columns": [dict(A, pandas="quaternion")]}, {"rows": 2, "columns": [column("a", "int8", 1, 2)]}, [ONE]),
    accept("with a column called __proto__", {"rows": 2, "columns": [dict(A, name="__proto__")]}, {"rows": 2, "columns": [column("__proto__", "int8", 1, 2)]}, [ONE]),
    accept("with members that are not known", {"rows": 2.0, "columns": [dict(A, later=1)], "later": 1}, {"rows": 2, "columns": [column("a", "int8", 1, 2)]}, [ONE]),
]

WRONG = {
    "that is an array": [A],
    "that is null": None,
    "without rows": {"columns": [A]},
    "of -1 rows": {"rows": -1, "columns": []},
    "of 1.5 rows": {"rows": 1.5, "columns": []},
    "without columns": {"rows": 2},
    "with columns that are an object": {"rows": 2, "columns": {"a": A}},
    "with a column that is null": {"rows": 2, "columns": [None]},
    "with a column without a name": {"rows": 2, "columns": [{"type": "int8", "data": 0}]},
    "with a name that is a number": {"rows": 2, "columns": [dict(A, name=1)]},
    "with a label that is an array": {"rows": 2, "columns": [dict(A, label=[])]},
    "with a label that is a fraction": {"rows": 2, "columns": [dict(A, label=0.5)]},
    "with two columns of one name": {"rows": 2, "columns": [A, dict(B, name="a")]},
    "with another number of rows": {"rows": 3, "columns": [A]},
    "with an attachment that is used twice": {"rows": 2, "columns": [A, dict(B, data=0)]},
    "with an attachment that is not there": {"rows": 2, "columns": [dict(A, data=9)]},
    "with a column without data": {"rows": 2, "columns": [{"name": "a", "type": "int8"}]},
    "with a column without a type": {"rows": 2, "columns": [{"name": "a", "data": 0}]},
    "with an empty index": {"rows": 2, "columns": [A], "index": []},
    "with an index that is null": {"rows": 2, "columns": [A], "index": None},
    "with an index of another length": {"rows": 2, "columns": [A], "index": [dict(B, data=2)]},
    "of an unknown form": {"rows": 2, "columns": [A], "form": "panel"},
    "of a form that is null": {"rows": 2, "columns": [A], "form": None},
    "that is a series of two columns": {"rows": 2, "columns": [A, B], "form": "series"},
    "that is an index without columns": {"rows": 2, "columns": [], "form": "index"},
    "that is an index with an index": {"rows": 2, "columns": [A], "index": [B], "form": "index"},
    "of an unknown library": {"rows": 2, "columns": [A], "library": "vaex"},
    "of a library that is null": {"rows": 2, "columns": [A], "library": None},
    "with a columnsName that is a number": {"rows": 2, "columns": [A], "columnsName": 1},
    "with a zone of numbers": {"rows": 2, "columns": [dict(A, zone="UTC")]},
    "with a zone that is a number": {"rows": 2, "columns": [{"name": "a", "type": "datetime64[ns]", "data": 3, "zone": 1}]},
    "with a long type of pandas": {"rows": 2, "columns": [dict(A, pandas="x" * 101)]},
    "with nulls of another length": {"rows": 2, "columns": [dict(A, nulls=2)]},
    "with nulls of times": {"rows": 2, "columns": [{"name": "a", "type": "datetime64[ns]", "data": 3, "nulls": 0}]},
    "with text without offsets": {"rows": 2, "columns": [{"name": "a", "type": "string", "data": 0}]},
    "with a list without items": {"rows": 2, "columns": [{"name": "a", "type": "list", "offsets": 4}]},
    "with a list whose items end elsewhere": {"rows": 2, "columns": [{"name": "a", "type": "list", "offsets": 4, "items": {"rows": 2, "type": "int8", "data": 0}}]},
    "with objects that are none": {"rows": 2, "columns": [{"name": "a", "type": "object"}]},
    "with objects that are an object": {"rows": 2, "columns": [{"name": "a", "type": "object", "values": {"json": {}}}]},
    "with too few objects": {"rows": 2, "columns": [{"name": "a", "type": "object", "values": {"json": [1]}}]},
    "with objects of an unknown annotation": {"rows": 2, "columns": [{"name": "a", "type": "object", "values": {"json": [1, 2], "meta": {"values": {"0": ["later"]}, "v": 1}}}]},
}
for name, json in WRONG.items():
    CASES.append(reject(name, json, [ONE, b"\3\4", b"\1", ints("q", 0, 0), ints("i", 0, 1, 3)]))
for type_ in ("float128", "str", "datetime64", "datetime64[x]", "timedelta64[D", "Category", "toString", "__proto__", "", None, 3):
    CASES.append(reject("with a column of type %r" % (type_,), {"rows": 0, "columns": [{"name": "a", "type": type_, "data": 0, "offsets": 1}]}, [b"", ints("i", 0)]))
for name, data, offsets in (
    ("that do not begin at 0", b"ab", ints("i", 1, 1, 2)), ("that end early", b"ab", ints("i", 0, 1, 1)), ("that end late", b"ab", ints("i", 0, 1, 3)),
    ("that go back", b"ab", ints("i", 0, 3, 2)), ("that are negative", b"ab", ints("i", 0, -1, 2)), ("too few", b"ab", ints("i", 0, 2)), ("too many", b"ab", ints("i", 0, 1, 2, 2)),
    ("with a byte too many", b"ab", ints("i", 0, 1, 2) + b"\0"), ("that cut a character", b"\xc3\xa9", ints("i", 0, 1, 2)), ("of text that is not UTF-8", b"\xff\xfe", ints("i", 0, 1, 2)),
    ("of an encoded surrogate", b"\xed\xa0\x80", ints("i", 0, 3, 3)), ("none", b"", b""),
):
    CASES.append(reject("with offsets " + name, {"rows": 2, "columns": [dict({"name": "a", "type": "string"}, **STRING)]}, [data, offsets]))
CATEGORY = {"name": "a", "type": "category", "codes": "int8", "data": 0, "ordered": False, "categories": {"rows": 2, "type": "int8", "data": 1}}
for name, more, codes in (
    ("whose code is too great", {}, b"\0\2"), ("whose code is below -1", {}, b"\xfe\0"), ("of codes of uint8", {"codes": "uint8"}, b"\0\1"), ("of codes without a type", {"codes": None}, b"\0\1"),
    ("that do not say if they are ordered", {"ordered": None}, b"\0\1"), ("of no categories", {"categories": None}, b"\0\1"), ("of categories without rows", {"categories": {"type": "int8", "data": 1}}, b"\0\1"),
    ("of categories", {"categories": dict(CATEGORY, rows=2, data=2, categories={"rows": 2, "type": "int8", "data": 1})}, b"\0\1"),
    ("with nulls", {"nulls": 2}, b"\0\1"), ("too few", {}, b"\0"),
):
    CASES.append(reject("with categories " + name, {"rows": 2, "columns": [dict(CATEGORY, **more)]}, [codes, b"\5\6", b"\0\1"]))

for unit in "Y M W D h m s ms us ns ps fs as".split():
    for kind in ("datetime64", "timedelta64"):
        dtype, data = "%s[%s]" % (kind, unit), ints("q", 1, NAT)
        CASES.append(_accept("value", "ndarray of " + dtype, {"json": {"index": 0, "dtype": dtype, "shape": [2], "order": "C"}, "meta": {"values": [["custom", "ndarray"]], "v": 1}},
                             {"$": "ndarray", "dtype": dtype, "shape": [2], "order": "C", "v": data.hex()}, [data], [TS]))
CASES.append(_reject("value", "ndarray of times a byte short", {"json": {"index": 0, "dtype": "datetime64[ns]", "shape": [1], "order": "C"}, "meta": {"values": [["custom", "ndarray"]], "v": 1}}, "protocol-error", [b"\0" * 7]))
for dtype in ("datetime64", "datetime64[]", "datetime64[2s]", "timedelta64[Q]"):
    CASES.append(_reject("value", "ndarray of dtype %s" % dtype, {"json": {"index": 0, "dtype": dtype, "shape": [1], "order": "C"}, "meta": {"values": [["custom", "ndarray"]], "v": 1}}, "protocol-error", [b"\0" * 8]))
