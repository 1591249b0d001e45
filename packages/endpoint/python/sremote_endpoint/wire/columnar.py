"""Columns of Arrow and polars, whose memory has the form that tables have on the wire."""
import sys

_NAT = -2 ** 63


def _lists(writer, lengths, nulls, items, write):
    offsets = writer.numpy.zeros(len(lengths) + 1, "i4")
    writer.numpy.cumsum(lengths, out=offsets[1:])
    json = {"type": "list", "offsets": writer.attach(offsets), "items": dict(write(writer, items), rows=len(items))}
    if nulls.any():
        json["nulls"] = writer.attach(nulls)
    return json


def pyarrow_column(writer, values):
    pyarrow = sys.modules["pyarrow"]
    types = pyarrow.types
    if hasattr(values, "num_chunks"):
        chunks = values.chunks
        values = chunks[0] if len(chunks) == 1 else pyarrow.concat_arrays(chunks) if chunks else pyarrow.array([], values.type)
    kind = values.type
    nulls = values.is_null().to_numpy(zero_copy_only=False)
    if types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind):
        plain = values.fill_null(False if types.is_boolean(kind) else 0) if values.null_count and str(kind) != "halffloat" else values
        return writer.numbers(plain.to_numpy(zero_copy_only=False), nulls)
    if types.is_timestamp(kind) or types.is_duration(kind):
        counts = values.cast(pyarrow.int64()).fill_null(_NAT).to_numpy(zero_copy_only=False)
        json = writer.numbers(counts.view("%s8[%s]" % ("m" if types.is_duration(kind) else "M", kind.unit)), None)
        if getattr(kind, "tz", None):
            json["zone"] = kind.tz
        return json
    if types.is_dictionary(kind):
        return writer.categories(values.indices.fill_null(-1).to_numpy(zero_copy_only=False), values.dictionary, kind.ordered,
                                 lambda categories: pyarrow_column(writer, categories))
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        if types.is_fixed_size_list(kind):
            lengths = writer.numpy.where(nulls, 0, kind.list_size)
        else:
            lengths = values.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        return _lists(writer, lengths, nulls, values.flatten(), pyarrow_column)
    name = str(kind)
    if name in ("string", "large_string", "string_view", "binary", "large_binary", "binary_view"):
        plain = "binary" if "binary" in name else "string"
        values = values.cast(plain)
        offsets, data = values.buffers()[1:]
        offsets = writer.numpy.frombuffer(offsets, "<i4")[values.offset:values.offset + len(values) + 1] if len(values) else writer.numpy.zeros(1, "i4")
        return writer.pieces(plain, memoryview(data)[offsets[0]:offsets[-1]] if data else b"", offsets - offsets[0], nulls)
    text = "decimal" if types.is_decimal(kind) else "date" if types.is_date(kind) else "time" if types.is_time(kind) else None
    return writer.texts(text, values.to_pylist()) if text else writer.objects(values.to_pylist())


def polars_column(writer, values):
    polars = sys.modules["polars"]
    kind = values.dtype
    name = str(kind).split("(")[0]
    nulls = values.is_null().to_numpy()
    if name == "Boolean" or kind.is_numeric() and name != "Decimal":
        return writer.numbers(values.fill_null(False if name == "Boolean" else 0).to_numpy(), nulls)
    if name in ("Datetime", "Duration"):
        counts = values.to_physical().fill_null(_NAT).to_numpy()
        json = writer.numbers(counts.view("%s8[%s]" % ("m" if name == "Duration" else "M", kind.time_unit)), None)
        if getattr(kind, "time_zone", None):
            json["zone"] = kind.time_zone
        return json
    if name in ("Categorical", "Enum"):
        text = values.cast(polars.String)
        categories = kind.categories if name == "Enum" else text.unique(maintain_order=True).drop_nulls()
        places = {text: code for code, text in enumerate(categories)}
        codes = writer.numpy.fromiter((places.get(cell, -1) for cell in text), "i4", len(values))
        return writer.categories(codes, categories, name == "Enum", lambda categories: polars_column(writer, categories))
    if name in ("List", "Array"):
        lists = values.cast(polars.List(kind.inner))
        lengths = lists.list.len().fill_null(0)
        return _lists(writer, lengths.to_numpy(), nulls, lists.filter(lengths > 0).explode(), polars_column)
    text = {"String": "string", "Binary": "binary", "Date": "date", "Time": "time", "Decimal": "decimal"}.get(name)
    return writer.texts(text, values.to_list()) if text else writer.objects(values.to_list())
