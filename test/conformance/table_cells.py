"""A table to compare with a pandas DataFrame, Series or Index."""
import sys


class Table:
    def __init__(self, expected, read):
        self.expected = expected
        self.read = read

    def matches(self, value):
        pandas = sys.modules["pandas"]
        form = self.expected.get("form", "frame")
        kind = {"frame": pandas.DataFrame, "series": pandas.Series, "index": pandas.Index}[form]
        if not isinstance(value, kind) or len(value) != self.expected["rows"]:
            return False
        if form == "frame":
            columns = [(label, value.iloc[:, at]) for at, label in enumerate(value.columns)]
        elif form == "series":
            columns = [(value.name, value)]
        else:
            columns = levels(value)
        index = [] if form == "index" or type(value.index) is pandas.RangeIndex else levels(value.index)
        together = value.columns.name if form == "frame" else None
        return (together == self.expected.get("columnsName") and self.all_match(self.expected["columns"], columns)
                and self.all_match(self.expected.get("index", []), index))

    def all_match(self, expected, columns):
        return len(expected) == len(columns) and all(
            column.get("label", column["name"]) == label and self.cells_match(column, values) for column, (label, values) in zip(expected, columns))

    def cells_match(self, column, values):
        pandas, wanted = sys.modules["pandas"], self.read(column["cells"])
        dtype = values.dtype
        if column.get("zone") and str(dtype.tz) != column["zone"]:
            return False
        if "categories" in column and (list(dtype.categories), dtype.ordered) != (column["categories"], column["ordered"]):
            return False
        if column["type"].startswith("datetime64"):
            # The notation has them to the millisecond, in UTC.
            values = [None if cell is pandas.NaT else cell if cell.tzinfo else cell.tz_localize("UTC") for cell in values]
            return [cell if cell is None else cell.floor("ms") for cell in values] == wanted
        if column["type"].startswith("timedelta64"):
            unit = column["type"][12:-1]
            return [None if cell is pandas.NaT else cell // pandas.Timedelta(1, unit) for cell in values] == wanted
        found = [None if cell is None or cell is pandas.NA or cell != cell and wanted[row] is None else cell for row, cell in enumerate(values)]
        if column["type"] in ("decimal", "date", "time"):
            found = [None if cell is None else str(cell) for cell in found]
        return [same(cell) for cell in found] == [same(cell) for cell in wanted] and len(found) == len(wanted)


def levels(index):
    return [(name, index.get_level_values(at)) for at, name in enumerate(index.names)]


def same(cell):
    """NaN is as itself, and a number of numpy as that of Python."""
    if isinstance(cell, list):
        return list(map(same, cell))
    return "NaN" if cell != cell else cell
