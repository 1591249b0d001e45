"""Tables from data frames, series, indexes, Arrow tables and polars frames (PROTOCOL.md, "Tables"). Their libraries are there: one made the value."""
import sys

from ..host.lazy import load
from .arrays import DTYPES
from .limits import ATTACHMENTS
from .value_encode import member_path

LIBRARIES = ("pandas", "polars", "pyarrow")
_TEXTS = {"str": "string", "Decimal": "decimal", "date": "date", "time": "time", "bytes": "binary"}
_RENAME = 'name the columns first, for example df.columns = [str(name) for name in df.columns]'


def walk_table(encoder, value):
    """(json, annotation) of what one of the libraries made, or None where it is no table."""
    for kind in type(value).__mro__:
        library = kind.__module__.partition(".")[0]
        if library in LIBRARIES:
            break
    else:
        return None
    if kind.__name__ == "NAType":
        return None, None
    form = {"DataFrame": "frame", "Table": "frame", "RecordBatch": "frame", "LazyFrame": "lazy", "Series": "series", "ChunkedArray": "series",
            "Index": "index"}.get(kind.__name__) or "Index" in [base.__name__ for base in kind.__mro__] and "index"
    if not form and library == "pyarrow" and hasattr(value, "null_count"):
        form = "series"
    if not form and library == "pandas" and hasattr(value, "_from_sequence"):
        value, form = sys.modules["pandas"].Series(value), "series"
    if not form:
        return None
    if form == "lazy":
        encoder.fail("a polars.LazyFrame cannot travel", "call its collect() first")
    return _Writer(encoder, form, library).table(value), [["custom", "table"]]


def structured(encoder, value):
    """A structured array of numpy, whose fields become columns."""
    if value.ndim != 1:
        encoder.fail("a structured numpy array of %d dimensions cannot travel" % value.ndim, "send value.reshape(-1), and its shape beside it")
    writer = _Writer(encoder, "frame", None)
    return writer.json(len(value), [(name, value[name]) for name in value.dtype.names], writer.numpy_column), [["custom", "table"]]


class _Writer:
    def __init__(self, encoder, form, library):
        try:
            import numpy
        except Exception:  # not there, or broken
            encoder.fail("a table cannot travel without numpy on the host", 'installPackages(["numpy"])')
        self.numpy = numpy
        self.encoder = encoder
        self.form = form
        self.library = library

    def table(self, value):
        if self.library == "pandas":
            return self.pandas_table(value)
        if self.form == "series":
            return self.json(len(value), [(getattr(value, "name", None), value)], self.column)
        if self.library == "pyarrow":
            return self.json(value.num_rows, list(zip(value.schema.names, value.columns)), self.column)
        return self.json(len(value), [(name, value[name]) for name in value.columns], self.column)

    def pandas_table(self, value):
        pandas = sys.modules["pandas"]
        if self.form == "index":
            return self.json(len(value), self.levels(value), self.column)
        index = value.index
        plain = type(index) is pandas.RangeIndex and (index.start, index.step, index.name) == (0, 1, None)
        levels = None if plain else self.levels(index)
        if self.form == "series":
            return self.json(len(value), [(value.name, value)], self.column, levels)
        if value.columns.nlevels > 1:
            self.encoder.fail("a DataFrame with %d levels of column names cannot travel" % value.columns.nlevels,
                              'join them first: df.columns = ["_".join(map(str, name)) for name in df.columns]')
        json = self.json(len(value), [(name, value.iloc[:, at]) for at, name in enumerate(value.columns)], self.column, levels)
        if value.columns.name is not None:
            if type(value.columns.name) is not str:
                self.encoder.fail("a DataFrame whose columns together have a name that is no text", "set df.columns.name = None")
            json["columnsName"] = value.columns.name
        return json

    def levels(self, index):
        return [(name, index.get_level_values(at)) for at, name in enumerate(index.names)]

    def json(self, rows, columns, write, levels=None):
        json = {"rows": rows, "columns": self.columns(columns, write, True)}
        if levels is not None:
            json["index"] = self.columns(levels, write, False)
        if self.form != "frame":
            json["form"] = self.form
        if self.library:
            json["library"] = self.library
        return json

    def columns(self, columns, write, distinct):
        numpy, found, seen = self.numpy, [], set()
        for at, (label, values) in enumerate(columns):
            if isinstance(label, numpy.generic):
                label = label.item()
            if not isinstance(label, str) and type(label) not in (bool, int, type(None)) or type(label) is int and abs(label) >= 2 ** 53:
                self.encoder.fail("a column whose name is a %s cannot travel" % type(label).__name__, _RENAME)
            name = str(at) if label is None else str(label)
            if name in seen and distinct:
                self.encoder.fail("a second column of the name %.100r" % name, _RENAME)
            seen.add(name)
            json = {"name": name}
            if not isinstance(label, str):
                json["label"] = label
            self.encoder.path.append(member_path(name))
            json.update(write(values))
            self.encoder.path.pop()
            found.append(json)
        return found

    def column(self, values):
        if self.library == "pandas":
            return self.pandas_column(values)
        return getattr(load("wire.columnar"), self.library + "_column")(self, values)

    def attach(self, data):
        """Adds numbers (little-endian, one after the other) or bytes as an attachment; its index."""
        if len(self.encoder.attachments) >= ATTACHMENTS:
            self.encoder.fail("a table of more than %d parts cannot travel in one message" % ATTACHMENTS, "send its columns in several calls, or an array: df.to_numpy()")
        if not isinstance(data, (bytes, memoryview)):
            numpy = self.numpy
            data = numpy.ascontiguousarray(data.astype(data.dtype.newbyteorder("<"), copy=False))
            data = memoryview(data.view("u1")) if data.size else b""
        self.encoder.attachments.append(data)
        return len(self.encoder.attachments) - 1

    def pandas_column(self, values):
        numpy, pandas, dtype = self.numpy, sys.modules["pandas"], values.dtype
        name = str(dtype)
        if isinstance(dtype, numpy.dtype):
            return self.numpy_column(values.to_numpy())
        if hasattr(dtype, "pyarrow_dtype"):
            return dict(load("wire.columnar").pyarrow_column(self, sys.modules["pyarrow"].array(values)), pandas=name)
        if hasattr(dtype, "categories") and hasattr(dtype, "ordered"):
            return self.categories(values.cat.codes if hasattr(values, "cat") else values.codes, dtype.categories, dtype.ordered, self.pandas_column)
        if hasattr(dtype, "tz"):
            utc = (values.dt if hasattr(values, "dt") else values).tz_convert(None)
            return dict(self.numpy_column(utc.to_numpy()), zone=str(dtype.tz))
        nulls = values.isna()
        nulls = nulls if type(nulls) is numpy.ndarray else nulls.to_numpy()
        if getattr(dtype, "storage", "") == "pyarrow":
            return dict(load("wire.columnar").pyarrow_column(self, sys.modules["pyarrow"].array(values.array)), pandas=name)
        if name in ("string", "str") or name.startswith("string["):
            return dict(self.texts("string", [None if null else text for null, text in zip(nulls, values)]), pandas=name)
        if hasattr(dtype, "numpy_dtype") and hasattr(dtype, "na_value"):
            plain = values.to_numpy(dtype=dtype.numpy_dtype, na_value=dtype.numpy_dtype.type(0))
            return dict(self.numbers(plain, nulls), pandas=name)
        hint = {"period": "convert it with .dt.to_timestamp() or .astype(str)", "interval": "send .array.left and .array.right"}
        return self.encoder.fail("a column of %s cannot travel" % name,
                                 "convert it with .sparse.to_dense()" if name.startswith("Sparse") else hint.get(name.split("[")[0], "convert it, for example with .astype(str) or .astype(object)"))

    def categories(self, codes, categories, ordered, write):
        codes = self.numpy.asarray(codes)
        if codes.dtype.name not in ("int8", "int16", "int32"):
            codes = codes.astype("int32")
        return {"type": "category", "codes": codes.dtype.name, "data": self.attach(codes), "ordered": bool(ordered),
                "categories": dict(write(categories), rows=len(categories))}

    def numpy_column(self, values):
        if values.ndim != 1:
            self.encoder.fail("a field that is an array cannot travel as a column", "send it as an array of its own")
        kind = values.dtype.kind
        if kind == "O":
            return self.objects(list(values))
        if kind == "U":
            return self.texts("string", values.tolist())
        if kind == "S":
            return self.texts("binary", values.tolist())
        return self.numbers(values, None)

    def numbers(self, values, nulls):
        if values.dtype.kind in "mM":
            type_, values = load("wire.arrays").time_counts(self.encoder, values)
        else:
            type_ = values.dtype.name
            if type_ not in DTYPES or values.dtype.itemsize != DTYPES[type_][0]:
                self.encoder.fail("a column of %s cannot travel" % values.dtype, 'convert it, for example with .astype("float64") or .astype(str)')
        json = {"type": type_, "data": self.attach(values)}
        if nulls is not None and nulls.any():
            json["nulls"] = self.attach(nulls)
        return json

    def texts(self, type_, cells):
        """Cells of text or bytes, None where there is none."""
        numpy = self.numpy
        parts = []
        try:
            for cell in cells:
                parts.append(b"" if cell is None else cell if type_ == "binary" else (cell if type_ == "string" else str(cell)).encode("utf-8"))
        except UnicodeEncodeError:
            self.encoder.path.append("[%d]" % len(parts))
            self.encoder.fail("text with a lone surrogate cannot travel in a column", 'replace it: .str.encode("utf-8", "replace").str.decode("utf-8")')
        offsets = numpy.zeros(len(cells) + 1, "i8")
        numpy.cumsum(numpy.fromiter(map(len, parts), "i8", len(parts)), out=offsets[1:])
        if offsets[-1] >= 2 ** 31:
            self.encoder.fail("a column of more than 2 GiB of text")
        return self.pieces(type_, b"".join(parts), offsets, numpy.fromiter((cell is None for cell in cells), "?", len(cells)))

    def pieces(self, type_, data, offsets, nulls):
        json = {"type": type_, "data": self.attach(data), "offsets": self.attach(offsets.astype("<i4", copy=False))}
        if nulls.any():
            json["nulls"] = self.attach(nulls)
        return json

    def objects(self, cells):
        """Cells of any kind: a type of its own where all are of one, else value by value."""
        missing = [cell is None or type(cell).__name__ in ("NAType", "NaTType") or isinstance(cell, float) and cell != cell for cell in cells]
        kinds = set(type(cell) for cell, none in zip(cells, missing) if not none)
        only = kinds.pop().__name__ if len(kinds) == 1 else ""
        plain = [None if none else cell for cell, none in zip(cells, missing)]
        if only in _TEXTS and (only != "time" or not any(cell and cell.tzinfo for cell in plain)):
            return dict(self.texts(_TEXTS[only], plain), pandas="object")
        if only == "bool":
            return dict(self.numbers(self.numpy.array([cell is True for cell in plain]), self.numpy.array(missing)), pandas="object")
        if only == "ndarray" and len(set((cell.dtype, cell.ndim) for cell in plain if cell is not None)) == 1:
            found = self.arrays(plain)
            if found:
                return found
        values, tree = self.encoder.walk(cells)
        return {"type": "object", "values": {"json": values} if tree is None else {"json": values, "meta": {"values": tree, "v": 1}}}

    def arrays(self, cells):
        """Cells that are arrays of one type, as embeddings are: lists, of which pandas makes arrays again."""
        numpy = self.numpy
        arrays = [cell for cell in cells if cell is not None]
        if arrays[0].ndim != 1 or arrays[0].dtype.name not in DTYPES:
            return None
        offsets = numpy.zeros(len(cells) + 1, "i4")
        numpy.cumsum([0 if cell is None else len(cell) for cell in cells], out=offsets[1:])
        json = {"type": "list", "pandas": "object", "offsets": self.attach(offsets),
                "items": dict(self.numbers(numpy.concatenate(arrays), None), rows=int(offsets[-1]))}
        if len(arrays) < len(cells):
            json["nulls"] = self.attach(numpy.array([cell is None for cell in cells]))
        return json
