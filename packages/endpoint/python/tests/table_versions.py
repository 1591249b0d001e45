"""Tables with whatever versions of pandas and pyarrow an interpreter has, the oldest too: table_values.py needs new ones."""
import datetime
import decimal
import unittest

import numpy
import pandas
import pyarrow

from tests.test_values import back

D = decimal.Decimal
DAY = datetime.date(2026, 11, 30)
CELLS = {
    "float64": [1.5, numpy.nan], "float32": numpy.array([1.5, -0.0], "f4"), "int64": [2 ** 62, -1], "uint64": numpy.array([2 ** 64 - 1, 0], "u8"),
    "bool": [True, False], "complex": [1j, 2], "text": ["x\u00e9", None], "string": pandas.array(["", None], "string"),
    "Int64": pandas.array([2 ** 62, None], "Int64"), "boolean": pandas.array([True, None], "boolean"),
    "datetime": pandas.to_datetime(["2026-11-30 08:00:00.000001", None]), "zone": pandas.to_datetime(["2026-03-29 01:59", None]).tz_localize("Europe/Berlin"),
    "timedelta": pandas.to_timedelta([1, None], "s"), "category": pandas.Categorical(["a", None], ["b", "a"], ordered=True),
    "Decimal": [D("1.50"), None], "date": [DAY, None], "time": [datetime.time(8, 0, 0, 5), datetime.time(23)], "bytes": [b"\xff", None],
    "mixed": [1, "x"], "lists": [[1, [2]], None], "objects": [{"a": [1]}, None], "nothing": [None, None],
}
ARROW = {
    "int": pyarrow.array([1, None]), "float": pyarrow.array([1.5, None], pyarrow.float32()), "bool": pyarrow.array([True, None]),
    "text": pyarrow.array(["a", None]), "dictionary": pyarrow.array(["a", None]).dictionary_encode(), "utc": pyarrow.array([1, None], pyarrow.timestamp("us", "UTC")),
    "duration": pyarrow.array([1, None], pyarrow.duration("s")), "lists": pyarrow.array([[1, None], None]), "date": pyarrow.array([DAY, None]),
    "bytes": pyarrow.array([b"x", None]), "decimal": pyarrow.array([D("1.50"), None]), "struct": pyarrow.array([{"a": 1}, None]),
    "time": pyarrow.array([datetime.time(1, 2, 3, 4), None]),
}


class VersionsTest(unittest.TestCase):
    def test_frames_series_and_indexes_come_back_the_same(self):
        for name, cells in CELLS.items():
            with self.subTest(name):
                frame = pandas.DataFrame({"a": cells}, index=["x", "y"])
                pandas.testing.assert_frame_equal(back(frame), frame)
                pandas.testing.assert_series_equal(back(frame["a"]), frame["a"])
        grid = pandas.DataFrame(numpy.arange(6).reshape(2, 3))
        pandas.testing.assert_frame_equal(back(grid), grid)
        for index in (pandas.Index(["a"], name="k"), pandas.MultiIndex.from_product([[1, 2], ["a"]]), pandas.DatetimeIndex(["2026"], tz="UTC")):
            pandas.testing.assert_index_equal(back(index), index)

    def test_tables_of_arrow_come_back_the_same(self):
        table = pyarrow.Table.from_arrays(list(ARROW.values()), names=list(ARROW))
        both = pyarrow.concat_tables([table, table.slice(1)])
        for each in (table, table.slice(1), both):
            self.assertEqual(back(each).to_pydict(), each.to_pydict())


if __name__ == "__main__":
    unittest.main()
