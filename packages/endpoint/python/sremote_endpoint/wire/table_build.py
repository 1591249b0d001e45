"""What a table becomes: a class of pandas, polars or pyarrow."""
import sys

from .errors import Refusal, protocol_error

_NAT = -2 ** 63


def _decimal(text):
    from decimal import Decimal
    return Decimal(text)


def _date(text):
    from datetime import date
    return date(*map(int, text.split("-")))


def _time(text):
    from datetime import time
    whole, _, micros = text.partition(".")
    return time(*map(int, whole.split(":")), **({"microsecond": int(micros.ljust(6, "0"))} if micros else {}))


def _pieces(column):
    convert = {"decimal": _decimal, "date": _date, "time": _time}.get(column.type)
    if convert is None:
        return column.pieces()
    try:
        return [None if text is None else convert(text) for text in column.pieces()]
    except (ValueError, TypeError, ArithmeticError):
        raise protocol_error("a cell of a column of %s is none" % column.type)


def _each(columns, build, library):
    found = []
    for column in columns:
        try:
            found.append(build(column))
        except Refusal:
            raise
        except Exception as error:  # of the library, which says best what it cannot hold
            raise Refusal("unsupported", "%s cannot hold the column %.100s of %s: %s" % (library, column.name, column.type, error), "arguments")
    return found


def to_pandas(pandas, numpy, table):
    def build(column):
        found = _pandas(pandas, numpy, column)
        if column.pandas and str(found.dtype) != column.pandas:
            try:
                # What Arrow has of this name; pandas would take its own.
                return found.astype(pandas.ArrowDtype(__import__("pyarrow").string()) if column.pandas == "string[pyarrow]" else column.pandas)
            except TypeError:  # of another version of pandas, which has no such type: then the plain one
                pass
        return found

    columns = _each(table.columns, build, "pandas")
    labels = [column.label for column in table.columns]
    index = None
    if table.index or table.form == "index":
        levels = _each(table.index, build, "pandas") if table.index else columns
        names = [level.label for level in table.index or table.columns]
        index = pandas.Index(levels[0], name=names[0]) if len(levels) == 1 else pandas.MultiIndex.from_arrays(levels, names=names)
        if table.form == "index":
            return index
    if table.form == "series":
        found = columns[0].rename(labels[0])
    else:
        # Not copied together: a column stays a view of what was received.
        found = pandas.DataFrame(dict(enumerate(columns)), index=pandas.RangeIndex(table.rows), copy=False)
        if labels:
            # Of several types pandas would make one: floats of 0 and None.
            found.columns = pandas.Index(labels, name=table.columns_name, dtype=object if len(set(map(type, labels))) > 1 else None)
    if index is not None:
        found.index = index
    return found


def _pandas(pandas, numpy, column):
    kind, data, nulls = column.type, column.data, column.nulls
    if kind == "object":
        return pandas.Series(_cells(numpy, column.values), dtype=object)
    if kind == "list":
        items = _pandas(pandas, numpy, column.items)
        items = items.to_numpy() if column.pandas == "object" else items.tolist()
        ends = column.offsets.tolist()
        lists = [items[start:end] for start, end in zip(ends, ends[1:])]
        return pandas.Series(_cells(numpy, [None if nulls is not None and nulls[at] else found for at, found in enumerate(lists)]), dtype=object)
    if kind == "category":
        return pandas.Series(pandas.Categorical.from_codes(data, pandas.Index(_pandas(pandas, numpy, column.categories)), ordered=column.ordered))
    if data.dtype.kind == "i" and "[" in kind:
        found = pandas.Series(data.view(kind), copy=False)
        return found.dt.tz_localize("UTC").dt.tz_convert(column.zone) if column.zone else found
    if kind == "string" and column.rows and sys.modules.get("pyarrow"):
        return _arrow_text(sys.modules["pyarrow"], numpy, column).to_pandas()  # a twentieth of the time
    if column.offsets is not None:
        return pandas.Series(_pieces(column), dtype=None if kind == "string" and column.rows else object)
    if nulls is None or kind.startswith("complex"):
        found = pandas.Series(data, copy=False)
        return found if nulls is None else found.mask(nulls)
    if kind.startswith("float"):
        if column.pandas and column.pandas.startswith("Float"):
            return pandas.Series(pandas.arrays.FloatingArray(data, nulls))
        return pandas.Series(numpy.where(nulls, numpy.array(numpy.nan, data.dtype), data))
    return pandas.Series((pandas.arrays.BooleanArray if kind == "bool" else pandas.arrays.IntegerArray)(data, nulls))


def _arrow_text(pyarrow, numpy, column):
    bits = None if column.nulls is None else pyarrow.py_buffer(numpy.packbits(~column.nulls, bitorder="little"))
    return pyarrow.Array.from_buffers(pyarrow.binary() if column.type == "binary" else pyarrow.string(), column.rows,
                                      [bits, pyarrow.py_buffer(column.offsets), pyarrow.py_buffer(column.data)])


def _cells(numpy, values):
    """As an array, so that pandas does not look into what a cell holds."""
    found = numpy.empty(len(values), object)
    for at, value in enumerate(values):
        found[at] = value
    return found


def _times(numpy, column, units):
    """Counts in one of the units, exactly, with the unit."""
    unit = column.type[column.type.index("[") + 1:-1]
    if unit in units:
        return column.data, unit
    counts = column.data.view(column.type)
    for unit in units:
        found = counts.astype("%s8[%s]" % (counts.dtype.kind, unit))
        if ((found.astype(counts.dtype) == counts) | (counts != counts)).all() and ((found < 0) == (counts < counts.dtype.type(0, column.type[:-1].split("[")[1]))).all():
            return found.view("i8"), unit
    raise ValueError("no unit that it has holds these times exactly")


def _without_index(table, library):
    if table.index:
        raise Refusal("unsupported", "%s has no index, and the table has one" % library, "arguments", hint="install pandas, or make columns of it: df.reset_index()")


def to_polars(polars, numpy, table):
    def build(column):
        kind, nulls = column.type, column.nulls
        if kind == "object":
            return polars.Series(column.values)
        if kind == "list":
            items = build(column.items)
            ends = column.offsets.tolist()
            return polars.Series([None if nulls is not None and nulls[at] else items[start:end] for at, (start, end) in enumerate(zip(ends, ends[1:]))],
                                 dtype=polars.List(items.dtype))
        if kind == "category":
            categories = build(column.categories)
            found = polars.Series([None if code < 0 else categories[code] for code in column.data.tolist()], dtype=polars.String)
            return found.cast(polars.Enum(categories) if column.ordered else polars.Categorical)
        if column.offsets is not None:
            types = {"string": polars.String, "binary": polars.Binary, "date": polars.Date, "time": polars.Time}
            return polars.Series(_pieces(column), dtype=types.get(kind))
        if kind.startswith("complex"):
            raise ValueError("it has no complex numbers")
        if "[" not in kind:
            return _emptied(polars.Series(column.data), numpy, nulls)
        counts, unit = _times(numpy, column, ("ms", "us", "ns"))
        found = _emptied(polars.Series(counts), numpy, counts == _NAT).cast((polars.Datetime if kind[0] == "d" else polars.Duration)(unit))
        return found.dt.replace_time_zone("UTC").dt.convert_time_zone(column.zone) if column.zone else found

    _without_index(table, "polars")
    columns = [found.alias(column.name) for column, found in zip(table.columns, _each(table.columns, build, "polars"))]
    return columns[0] if table.form == "series" else polars.DataFrame(columns)


def _emptied(series, numpy, nulls):
    return series if nulls is None or not nulls.any() else series.scatter(numpy.flatnonzero(nulls), None)


def to_pyarrow(pyarrow, numpy, table):
    def build(column):
        kind, nulls = column.type, column.nulls
        if kind == "object":
            return pyarrow.array(column.values)
        if kind == "list":
            offsets = pyarrow.array(column.offsets, mask=None if nulls is None else numpy.append(nulls, False))
            return pyarrow.ListArray.from_arrays(offsets, build(column.items))
        if kind == "category":
            codes = pyarrow.array(column.data, mask=column.data < 0)
            return pyarrow.DictionaryArray.from_arrays(codes, build(column.categories), ordered=column.ordered)
        if column.offsets is not None:
            if kind in ("string", "binary"):
                return _arrow_text(pyarrow, numpy, column)
            return pyarrow.array(_pieces(column), {"date": pyarrow.date32(), "time": pyarrow.time64("us")}.get(kind))
        if "[" not in kind:
            return pyarrow.array(column.data, mask=nulls)
        counts, unit = _times(numpy, column, ("s", "ms", "us", "ns"))
        found = pyarrow.array(counts, mask=counts == _NAT)
        return found.cast(pyarrow.timestamp(unit, column.zone) if kind[0] == "d" else pyarrow.duration(unit))

    _without_index(table, "pyarrow")
    columns = _each(table.columns, build, "pyarrow")
    if table.form == "series":
        return pyarrow.chunked_array(columns)
    return pyarrow.Table.from_arrays(columns, names=[column.name for column in table.columns])
