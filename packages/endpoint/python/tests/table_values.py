"""Tables with pandas, polars and pyarrow: run with an interpreter that has them (scripts/setup-tables.sh makes one)."""
import datetime
import decimal
import sys
import unittest

import numpy
import pandas
import polars
import pyarrow

from tests.test_values import back, encode

from sremote_endpoint.wire.errors import Refusal, Unserializable
from sremote_endpoint.wire.value_decode import Attachments, decode

D = decimal.Decimal
DAY = datetime.date(2026, 11, 30)
# Each with a cell that is missing, where the type has such.
PANDAS = {
    "float64": [1.5, numpy.nan], "float32": numpy.array([1.5, -0.0], "f4"), "int64": [2 ** 62, -1], "int8": numpy.array([-128, 127], "i1"),
    "uint64": numpy.array([2 ** 64 - 1, 0], "u8"), "bool": [True, False], "complex": [1j, 2],
    "text": ["x\u00e9\U0001f600", None], "object text": pandas.array(["x", None], object), "string": pandas.array(["", None], "string"),
    "Int64": pandas.array([2 ** 62, None], "Int64"), "UInt8": pandas.array([255, None], "UInt8"), "boolean": pandas.array([True, None], "boolean"),
    "Float64": pandas.array([1.5, None], "Float64"), "Int64 without nulls": pandas.array([1, 2], "Int64"),
    "datetime": pandas.to_datetime(["2026-11-30 08:00:00.000001", None]), "ns": numpy.array(["2026-11-30T08:00:00.123456789", "NaT"], "M8[ns]"),
    "seconds": numpy.array([2 ** 40, "NaT"], "M8[s]"), "zone": pandas.to_datetime(["2026-03-29 01:59", None]).tz_localize("Europe/Berlin"),
    "timedelta": pandas.to_timedelta([1, None], "s"), "category": pandas.Categorical(["a", None], ["b", "a"], ordered=True),
    "category of numbers": pandas.Categorical([7, None]), "Decimal": [D("1.50"), None], "date": [DAY, None],
    "time": [datetime.time(8, 0, 0, 5), datetime.time(23)], "bytes": [b"\xff", None], "mixed": [1, "x"], "lists": [[1, [2]], None],
    "objects": [{"a": [1]}, None], "integers": pandas.array([1, None], object), "nothing": [None, None],
    "arrow": pandas.array([1, None], "int32[pyarrow]"), "arrow text": pandas.array(["a", None], pandas.ArrowDtype(pyarrow.string())),
}


class PandasTest(unittest.TestCase):
    def test_frames_of_every_type_come_back_the_same(self):
        for name, cells in PANDAS.items():
            frame = pandas.DataFrame({"a": cells})
            with self.subTest(name):
                found = back(frame)
                pandas.testing.assert_frame_equal(found, frame)
                self.assertEqual(found.dtypes["a"], frame.dtypes["a"])
        self.assertEqual(back(pandas.Series(numpy.array([1, 2], ">i4"))).tolist(), [1, 2])
        pandas.testing.assert_frame_equal(back({"x": [pandas.DataFrame(PANDAS)]})["x"][0], pandas.DataFrame(PANDAS))

    def test_frames_of_no_rows_and_of_no_columns(self):
        for frame in (pandas.DataFrame(PANDAS)[:0], pandas.DataFrame(), pandas.DataFrame(index=[4, 5, 6]), pandas.DataFrame({"a": []})):
            pandas.testing.assert_frame_equal(back(frame), frame)

    def test_indexes_and_labels_are_kept(self):
        plain = pandas.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
        grid = pandas.DataFrame(numpy.arange(6).reshape(2, 3))
        for frame in (plain.set_index("b"), plain.set_index(["b", "a"]), plain[1:], plain[::-1], plain.set_index(pandas.date_range("2026", periods=3)), grid,
                      pandas.DataFrame([[1, 2]], columns=pandas.Index([None, "b"], dtype=object)), plain.rename(columns={"a": True}), plain.rename_axis(columns="year"), plain.rename_axis(index="row"),
                      plain.rename(columns={"a": 5})):
            found = back(frame)
            with self.subTest(frame):
                pandas.testing.assert_frame_equal(found, frame, check_index_type="equiv", check_column_type="equiv" if len(frame.columns) else False, check_freq=False)
            self.assertEqual((found.columns.name, found.index.names), (frame.columns.name, frame.index.names))
        self.assertIs(type(back(plain).index), pandas.RangeIndex)

    def test_series_indexes_and_their_arrays(self):
        for name, cells in PANDAS.items():
            series = pandas.Series(cells, name="s", index=pandas.Index(["x", "y"], name="k"))
            pandas.testing.assert_series_equal(back(series), series)
        pandas.testing.assert_series_equal(back(pandas.Series([1, 2])), pandas.Series([1, 2]))
        for index in (pandas.Index(["a", "b"], name="k"), pandas.RangeIndex(3, 9, 2), pandas.MultiIndex.from_product([[1, 2], ["a"]], names=["x", None]),
                      pandas.DatetimeIndex(["2026"], tz="UTC"), pandas.CategoricalIndex(["a"]), pandas.TimedeltaIndex(["1s"])):
            pandas.testing.assert_index_equal(back(index), index, exact="equiv")
        self.assertEqual(back(pandas.array([1, None], "Int64"))[0], 1)
        self.assertEqual(back([pandas.NA, pandas.NaT]), [None, None])

    def test_columns_that_lie_together_are_not_copied(self):
        data = numpy.zeros(1000)
        frame = pandas.DataFrame({"a": data}, copy=False)
        self.assertTrue(numpy.shares_memory(numpy.frombuffer(encode(frame)[1][0]), data))
        wire, parts = encode(frame)
        received = memoryview(bytearray(parts[0]))
        found = decode(wire, Attachments([received]))
        self.assertTrue(numpy.shares_memory(found["a"].to_numpy(), numpy.frombuffer(received)))

    def test_cells_that_are_arrays_travel_as_lists_and_are_arrays_again(self):
        for cells in ([numpy.array([1.5, 2]), numpy.zeros(0), None], [numpy.array([True])], [numpy.zeros(1000, "f4")] * 5000):
            series = pandas.Series(cells)
            wire, attachments = encode(series)
            self.assertLess(len(attachments), 4)
            found = back(series)
            self.assertEqual([cell if cell is None else (cell.dtype, cell.tolist()) for cell in found],
                             [cell if cell is None else (cell.dtype, cell.tolist()) for cell in series])
        for cells in ([numpy.zeros(1), numpy.zeros(1, "i4")], [numpy.zeros((1, 1))]):
            self.assertEqual([cell.tolist() for cell in back(pandas.Series(cells))], [cell.tolist() for cell in cells])

    def test_what_cannot_travel_says_where_it_is_and_what_to_do(self):
        frame = pandas.DataFrame({"a": [1, 2]})
        for value, place, hint in (
            (frame.rename(columns={"a": numpy.nan}), "return", "df.columns"),
            (frame.assign(b=[1, object()]), "return.b[1]", "object"),
            (frame.assign(p=pandas.period_range("2026", periods=2)), "return.p", "to_timestamp"),
            (frame.assign(i=pandas.interval_range(0, 2)), "return.i", "left"),
            (frame.assign(s=pandas.arrays.SparseArray([0, 1])), "return.s", "to_dense"),
            (pandas.DataFrame([[1, 2]], columns=["a", "a"]), "return", "df.columns"),
            (pandas.DataFrame([[1, 2]], columns=["1", 1]), "return", "df.columns"),
            (pandas.DataFrame([[1]], columns=pandas.MultiIndex.from_tuples([("a", "b")])), "return", "join"),
            (pandas.DataFrame({DAY: [1]}), "return", "df.columns"),
            (frame.rename_axis(columns=5), "return", "columns.name"),
            (frame.assign(t=pandas.Series(["x", "\ud800"], dtype=object)), "return.t[1]", "replace"),
            (polars.LazyFrame({"a": [1]}), "return", "collect"),
            (frame.assign(g=numpy.zeros(2, "g")), "return.g", "astype"),
        ):
            with self.assertRaises(Unserializable, msg=hint) as caught:
                encode(value)
            self.assertEqual(caught.exception.path, place)
            self.assertIn(hint, caught.exception.hint)

    def test_more_columns_than_a_message_has_parts(self):
        with self.assertRaises(Unserializable) as caught:
            encode(pandas.DataFrame(numpy.zeros((1, 4097))))
        self.assertIn("to_numpy", caught.exception.hint)
        self.assertEqual(back(pandas.DataFrame(numpy.zeros((1, 4096)))).shape, (1, 4096))


ARROW = pyarrow.table({
    "int": pyarrow.array([1, None], pyarrow.int16()), "float": pyarrow.array([numpy.nan, None], pyarrow.float32()), "half": pyarrow.array([numpy.float16(1)] * 2),
    "bool": pyarrow.array([True, None]), "text": pyarrow.array(["x\u00e9", None]), "bytes": pyarrow.array([b"\xff", None]),
    "dictionary": pyarrow.array(["a", None]).dictionary_encode(), "utc": pyarrow.array([1, None], pyarrow.timestamp("ns", "UTC")),
    "naive": pyarrow.array([-1, None], pyarrow.timestamp("s")), "duration": pyarrow.array([5, None], pyarrow.duration("us")),
    "lists": pyarrow.array([[1, None], None]), "nested": pyarrow.array([[["a"], []], []]), "date": pyarrow.array([DAY, None]),
    "time": pyarrow.array([datetime.time(1, 2, 3, 4), None]), "decimal": pyarrow.array([D("1.50"), None]), "struct": pyarrow.array([{"a": 1}, None]),
    "null": pyarrow.nulls(2),
})


class ArrowTest(unittest.TestCase):
    def test_tables_of_arrow_come_back_the_same(self):
        for table in (ARROW, ARROW.slice(1), ARROW.slice(0, 0), pyarrow.concat_tables([ARROW, ARROW.slice(1)])):
            untyped = ["float", "decimal", "struct"]  # equal but for NaN, and typed by their cells
            self.assertTrue(back(table).drop(untyped).equals(table.drop(untyped)))
            self.assertEqual(back(table).drop(["float"]).to_pylist(), table.drop(["float"]).to_pylist())
        self.assertEqual([value is None or value != value for value in back(ARROW)["float"].to_pylist()], [True, True])
        self.assertEqual(back(ARROW)["float"].null_count, 1)
        self.assertEqual(back(ARROW.to_batches()[0]).column_names, ARROW.column_names)

    def test_other_types_of_text_and_lists(self):
        for type_, cells in ((pyarrow.large_string(), ["a", None]), (pyarrow.string_view(), ["a", None]), (pyarrow.large_binary(), [b"a", None]),
                             (pyarrow.large_list(pyarrow.int8()), [[1], None]), (pyarrow.list_(pyarrow.int8(), 1), [[1], None, [2]]), (pyarrow.date64(), [DAY, None])):
            self.assertEqual(back(pyarrow.array(cells, type_)).to_pylist(), cells)

    def test_numbers_are_not_copied(self):
        data = numpy.zeros(1000)
        self.assertTrue(numpy.shares_memory(numpy.frombuffer(encode(pyarrow.table({"a": data}))[1][0]), data))


class PolarsTest(unittest.TestCase):
    def test_frames_of_polars_come_back_the_same(self):
        frame = polars.from_arrow(ARROW.drop(["half"])).with_columns(
            cat=polars.Series(["x", None], dtype=polars.Categorical), enum=polars.Series(["x", None], dtype=polars.Enum(["y", "x"])),
            array=polars.Series([[1, 2], None], dtype=polars.Array(polars.Int8, 2)).cast(polars.List(polars.Int8)), deep=polars.Series([[[1.5], []], None]))
        for each in (frame, frame[1:], frame[:0]):
            found = back(each)
            self.assertEqual(found.drop("float").rows(), each.drop("float").rows())
        self.assertEqual([name for name, a, b in zip(frame.columns, frame.dtypes, back(frame).dtypes) if a != b], ["decimal"])  # its precision
        self.assertEqual(back(frame["lists"]).to_list(), frame["lists"].to_list())


class LibraryTest(unittest.TestCase):
    """A table that names no library, or one that is not there."""

    def wire(self, **more):
        return {"json": dict({"rows": 1, "columns": [{"name": "a", "type": "int8", "data": 0}]}, **more), "meta": {"values": [["custom", "table"]], "v": 1}}

    def made(self, hidden=(), **more):
        kept = {name: sys.modules.get(name) for name in hidden}
        sys.modules.update(dict.fromkeys(hidden))  # as if it were not installed
        try:
            return type(decode(self.wire(**more), Attachments([memoryview(bytearray(1))]))).__module__.split(".")[0]
        finally:
            sys.modules.update(kept)

    def test_the_first_that_is_installed_is_taken_or_the_one_that_is_named(self):
        self.assertEqual(self.made(), "pandas")
        self.assertEqual(self.made(["pandas"]), "polars")
        self.assertEqual(self.made(["pandas", "polars"]), "pyarrow")
        for name in ("pandas", "polars", "pyarrow"):
            self.assertEqual(self.made(library=name), name)
        for hidden, more, package in ((["polars"], {"library": "polars"}, "polars"), (["pandas", "polars", "pyarrow"], {}, "pandas"), (["numpy"], {}, "pandas")):
            with self.assertRaises(Refusal) as caught:
                self.made(hidden, **more)
            self.assertEqual(caught.exception.code, "unsupported")
            self.assertIn('installPackages(["%s"])' % package, caught.exception.members["hint"])

    def test_what_a_library_cannot_hold_is_refused_with_the_column(self):
        for column, library in (({"type": "complex64"}, "polars"), ({"type": "datetime64[ps]"}, "polars"), ({"type": "datetime64[as]"}, "pyarrow")):
            wire = self.wire(columns=[dict({"name": "odd", "data": 0}, **column)], library=library)
            with self.assertRaises(Refusal) as caught:
                decode(wire, Attachments([memoryview(bytearray(b"\1" * 8))]))
            self.assertEqual(caught.exception.code, "unsupported")
            self.assertIn("odd", caught.exception.message)
        index = [{"name": "i", "type": "int8", "data": 1}]
        with self.assertRaises(Refusal) as caught:
            decode(self.wire(library="polars", index=index), Attachments([memoryview(bytearray(1))] * 2))
        self.assertIn("index", caught.exception.message)


class ArrayTest(unittest.TestCase):
    def test_times_structured_arrays_and_arrays_of_text_and_objects(self):
        for unit in "Y M W D h m s ms us ns ps fs as".split():
            for kind in "Mm":
                array = numpy.array([[1, -5], ["NaT", 0]], "%s8[%s]" % (kind, unit))
                found = back(array)
                self.assertEqual((found.dtype, found.shape, found.tobytes()), (array.dtype, array.shape, array.tobytes()))
        self.assertEqual(back(numpy.array([1, "NaT"], "m8[7ms]")).tolist(), [datetime.timedelta(microseconds=7000), None])
        found = back(numpy.array([(1, 2.5, "x")], [("a", "i4"), ("b", ">f8"), ("c", "U3")]))
        pandas.testing.assert_frame_equal(found, pandas.DataFrame({"a": numpy.array([1], "i4"), "b": [2.5], "c": ["x"]}))
        self.assertEqual(back(numpy.array([["a", "\u00e9"]])), [["a", "\u00e9"]])
        self.assertEqual(back(numpy.array([b"a", b""])), [b"a", b""])
        self.assertEqual(back(numpy.array([[1, None], [D("1.5"), b"x"]], object)), [[1, None], ["1.5", b"x"]])
        for value, place in ((numpy.array([[0, object()]], object), "return[0][1]"), (numpy.zeros((1, 1), "i4,i4"), "return"), (numpy.zeros(1, [("a", "i4", 3)]), "return.a"),
                             (numpy.array([2 ** 60], "m8[3600000h]"), "return"), (numpy.zeros(1, "m8"), "return"), (numpy.zeros(1, "g"), "return")):
            with self.assertRaises(Unserializable, msg=repr(value)) as caught:
                encode(value)
            self.assertEqual(caught.exception.path, place)
            self.assertNotIn("list()", caught.exception.hint)


if __name__ == "__main__":
    unittest.main()
