"""Tables from the wire (PROTOCOL.md, "Tables"): all is checked here, whatever library they are for."""
from ..host.lazy import load
from .arrays import DTYPES, TIMES
from .errors import Refusal, protocol_error
from .message import whole
from .value_decode import decode

LIBRARIES = ("pandas", "polars", "pyarrow")
PIECES = ("string", "decimal", "date", "time", "binary")


def decode_table(json, attachments):
    """A DataFrame or another class of the library that the table names, else of the first that is installed."""
    try:
        import numpy
    except Exception:  # not there, or broken
        raise _unsupported("a table needs numpy on the host, and one of pandas, polars and pyarrow", "pandas")
    table = _Table(json, attachments, numpy)
    for name in (table.library,) if table.library else LIBRARIES:
        try:
            library = __import__(name)
            break
        except Exception:  # as above
            library = None
    if library is None:
        raise _unsupported("a table needs %s on the host" % (table.library or "pandas, polars or pyarrow"), table.library or "pandas")
    return getattr(load("wire.table_build"), "to_" + name)(library, numpy, table)


def _unsupported(message, package):
    return Refusal("unsupported", message, "arguments", hint='installPackages(["%s"])' % package)


class _Table:
    def __init__(self, json, attachments, numpy):
        if type(json) is not dict:
            raise protocol_error("a table must be an object")
        self.numpy = numpy
        self.attachments = attachments
        self.rows = _count(json)
        self.columns = [_Column(self, part, self.rows).named(part) for part in _list(json.get("columns"))]
        self.index = [_Column(self, part, self.rows).named(part) for part in _list(json["index"])] if "index" in json else None
        self.form, self.library, self.columns_name = json.get("form", "frame"), json.get("library"), json.get("columnsName")
        if len(set(column.name for column in self.columns)) != len(self.columns):
            raise protocol_error("a table with two columns of one name")
        if self.form not in ("frame", "series", "index") or "library" in json and self.library not in LIBRARIES:
            raise protocol_error("a table with an unknown form or library")
        if self.form == "series" and len(self.columns) != 1 or self.index == [] or self.form == "index" and (self.index or not self.columns):
            raise protocol_error("a table of form %s with other columns" % self.form)
        if "columnsName" in json and type(self.columns_name) is not str:
            raise protocol_error("the columnsName of a table must be a string")

    def take(self, json, member, code):
        data = self.attachments.take({"index": json.get(member)})
        if len(data) % self.numpy.dtype(code).itemsize:
            raise protocol_error("the attachment of a column has %d bytes, which does not fit its type" % len(data))
        return self.numpy.frombuffer(data, code)


class _Column:
    def __init__(self, table, json, rows):
        if type(json) is not dict:
            raise protocol_error("a column must be an object")
        self.rows = rows
        self.type = kind = json.get("type")
        self.zone, self.pandas = json.get("zone"), json.get("pandas")
        self.nulls = self.data = self.offsets = None
        if type(kind) is not str or kind not in DTYPES and kind not in TIMES and kind not in PIECES + ("category", "list", "object"):
            raise protocol_error("a column has an unknown type")
        for name in ("zone", "pandas"):
            if name in json and (type(json[name]) is not str or len(json[name]) > 100 or name == "zone" and not kind.startswith("datetime64")):
                raise protocol_error("a column with a wrong %s" % name)
        if kind == "object":
            self.values = decode(json.get("values"), table.attachments, 0, "values")
            self.check(type(self.values) is list and len(self.values) == rows)
            return
        if "nulls" in json:
            self.check(kind != "category" and kind not in TIMES)
            self.nulls = table.take(json, "nulls", "u1") != 0
            self.check(len(self.nulls) == rows)
        if kind in PIECES or kind == "list":
            self.offsets = table.take(json, "offsets", "<i4")
        if kind == "list":
            self.items = self.inner(table, json.get("items"))
            self.check_offsets(self.items.rows)
        elif kind == "category":
            codes = json.get("codes")
            self.ordered = json.get("ordered")
            self.check(codes in ("int8", "int16", "int32") and type(self.ordered) is bool)
            self.data = table.take(json, "data", DTYPES[codes][1])
            self.categories = self.inner(table, json.get("categories"))
            self.check(self.categories.type != "category")
            self.check(len(self.data) == rows and (not rows or self.data.min() >= -1 and self.data.max() < self.categories.rows))
        else:
            self.data = table.take(json, "data", "<i8" if kind in TIMES else "u1" if kind in PIECES else DTYPES[kind][1])
            if kind not in PIECES:
                return self.check(len(self.data) == rows)
            self.check_offsets(len(self.data))
            if kind != "binary":
                self.check_text()

    def named(self, json):
        self.name, self.label = json.get("name"), json.get("label", json.get("name"))
        if type(self.name) is not str or type(self.label) not in (str, bool, type(None)) and whole(self.label) is None:
            raise protocol_error("a column with a wrong name or label")
        self.label = whole(self.label) if type(self.label) is float else self.label
        return self

    def inner(self, table, json):
        return _Column(table, json, _count(json if type(json) is dict else {}))

    def check(self, is_right):
        if not is_right:
            raise protocol_error("a column of %s whose parts do not fit together" % self.type)

    def check_offsets(self, end):
        self.check(len(self.offsets) == self.rows + 1 and self.offsets[0] == 0 and self.offsets[-1] == end
                   and (self.offsets[1:] >= self.offsets[:-1]).all())

    def check_text(self):
        cuts = self.offsets[1:-1]
        # A piece must not end within a character: what is read of it would be another text.
        self.check(not (self.data[cuts[cuts < len(self.data)]] & 0xC0 == 0x80).any())
        try:
            self.text = self.data.tobytes().decode("utf-8")
        except UnicodeDecodeError:
            self.check(False)

    def pieces(self):
        """The texts or bytes of all cells, None where there is none."""
        data = self.data.tobytes() if self.type == "binary" or len(self.text) != len(self.data) else self.text
        ends = self.offsets.tolist()
        found = [data[start:end] for start, end in zip(ends, ends[1:])]
        if self.type != "binary" and type(data) is bytes:
            found = [piece.decode("utf-8") for piece in found]
        return found if self.nulls is None else [None if null else piece for null, piece in zip(self.nulls.tolist(), found)]


def _count(json):
    rows = whole(json.get("rows"))
    if rows is None or rows < 0:
        raise protocol_error("a table's rows must be an integer from 0 on")
    return rows


def _list(value):
    if type(value) is not list:
        raise protocol_error("the columns of a table must be a list")
    return value
