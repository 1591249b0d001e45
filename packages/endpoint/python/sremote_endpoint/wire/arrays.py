"""Typed arrays and ndarrays, with numpy where it is installed and with the standard library where it is not."""
import sys

from ..host.lazy import load
from .errors import Refusal, protocol_error
from .limits import DIMENSIONS
from .message import is_count

# dtype: (bytes, numpy's code, code of array.array and memoryview)
DTYPES = {
    "bool": (1, "?", "?"),
    "int8": (1, "i1", "b"), "uint8": (1, "u1", "B"),
    "int16": (2, "<i2", "h"), "uint16": (2, "<u2", "H"),
    "int32": (4, "<i4", "i"), "uint32": (4, "<u4", "I"),
    "int64": (8, "<i8", "q"), "uint64": (8, "<u8", "Q"),
    "float16": (2, "<f2", None), "float32": (4, "<f4", "f"), "float64": (8, "<f8", "d"),
    "complex64": (8, "<c8", None), "complex128": (16, "<c16", None),
}
TIMES = ["%s64[%s]" % (kind, unit) for kind in ("datetime", "timedelta") for unit in "Y M W D h m s ms us ns ps fs as".split()]
_HINT = 'installPackages(["numpy"])'


def decode_array(kind, json, data):
    """The array that `json` (of kind `typed-array` or `ndarray`) describes over the attachment `data`, a writable view."""
    dtype = json.get("dtype")
    if type(dtype) is not str or dtype not in DTYPES and not (kind == "ndarray" and dtype in TIMES):
        raise protocol_error("an array has an unknown dtype")
    size, numpy_code, code = DTYPES.get(dtype) or (8, dtype, None)
    shape, order = _shape(json) if kind == "ndarray" else (None, "C")
    count = 1
    for length in shape or ():
        count *= length
    if len(data) % size if shape is None else len(data) != count * size:
        raise protocol_error("the attachment of an array has %d bytes, which does not fit its dtype and shape" % len(data))
    try:
        import numpy
    except Exception:  # not there, or there and broken, which is no failure of the function's
        return _without_numpy(data, size, code, dtype, shape, order)
    flat = numpy.frombuffer(data, dtype=numpy_code)
    return flat if shape is None else flat.reshape(shape, order=order)


def _shape(json):
    shape, order = json.get("shape"), json.get("order")
    if type(shape) is not list or not all(map(is_count, shape)):
        raise protocol_error("an ndarray's shape must be a list of lengths")
    if len(shape) > DIMENSIONS:
        raise Refusal("limit-exceeded", "an ndarray has %d dimensions, at most %d are allowed" % (len(shape), DIMENSIONS))
    if order not in ("C", "F"):
        raise protocol_error('an ndarray\'s order must be "C" or "F"')
    return list(map(int, shape)), order


def _without_numpy(data, size, code, dtype, shape, order):
    if code is None:
        raise Refusal("unsupported", "an array of %s needs numpy on the host" % dtype, "arguments", hint=_HINT)
    if sys.byteorder != "little" and size > 1:
        from array import array
        swapped = array(code, bytes(data))
        swapped.byteswap()
        data = memoryview(swapped).cast("B")
    if shape is None and code != "?":
        from array import array
        made = array(code)
        made.frombytes(data)
        return made
    view = memoryview(bytearray(data))
    if shape is None or len(shape) == 1:
        return view.cast(code)
    if order == "F" and sum(length > 1 for length in shape) > 1 or 0 in shape:
        raise Refusal("unsupported", "an ndarray of this shape and order needs numpy on the host", "arguments", hint=_HINT)
    return view.cast(code, shape)


def walk_array(encoder, value, generic):
    """(json, annotation) of a numpy scalar, a numpy array or an array.array."""
    if generic and isinstance(value, generic):
        if value.dtype.kind in "mM":
            return _time(encoder, value)
        item = value.item()
        if type(item) is type(value) or isinstance(item, (tuple, complex)):
            encoder.fail("a numpy.%s cannot travel" % type(value).__name__)
        return encoder.walk(item)
    if type(value).__module__ == "array" or not generic:
        return _plain_array(encoder, value)
    return _ndarray(encoder, value)


def _time(encoder, value):
    """A numpy.datetime64 or timedelta64: the same in every unit. `.item()` gives a date, a datetime or a bare integer, by the unit."""
    numpy = sys.modules["numpy"]
    if numpy.isnat(value):
        return None, None
    if value.dtype.kind == "m":
        encoder.fail("a numpy.timedelta64 cannot travel", 'send a number, such as value / numpy.timedelta64(1, "s")')
    try:
        found = value.astype("M8[us]")
        moment = found.item()
        # Conversions wrap around and cut off, or raise: what came through whole comes back. What no datetime holds is an int.
        exact = "[" in value.dtype.str and found.astype(value.dtype) == value and type(moment) is not int
    except (ValueError, OverflowError):
        exact = False
    if not exact:
        encoder.fail("a %r is no datetime" % value, 'round it: .astype("datetime64[us]")')
    return load("wire.value_kinds").moment(encoder, moment)


def _plain_array(encoder, value):
    name = {"b": "int", "h": "int", "i": "int", "l": "int", "q": "int", "f": "float", "d": "float"}.get(value.typecode)
    if name is None and value.typecode in "BHILQ":
        name = "uint"
    if name is None:
        encoder.fail("an array.array of characters cannot travel", "send a str")
    if sys.byteorder != "little":
        value = value[:]
        value.byteswap()
    return encoder.attach(value.tobytes(), "typed-array", dtype="%s%d" % (name, value.itemsize * 8))


def time_counts(encoder, value):
    """The dtype on the wire of an array of times or lengths of time, and their counts."""
    unit, times = sys.modules["numpy"].datetime_data(value.dtype)
    if unit == "generic":
        encoder.fail("a numpy array of %s without a unit cannot travel" % value.dtype, 'give it one, such as .astype("%s8[s]")' % value.dtype.kind)
    name = "%s64[%s]" % ("datetime" if value.dtype.kind == "M" else "timedelta", unit)
    if times == 1:
        return name, value.astype(value.dtype.newbyteorder("="), copy=False).view("i8")
    found = value.astype(name)
    # Counts of a smaller unit may not fit; conversions wrap around then.
    if not ((found.astype(value.dtype) == value) | (value != value)).all():
        encoder.fail("times of %s that do not fit %s" % (value.dtype, name), "convert them to a greater unit")
    return name, found.view("i8")


def _ndarray(encoder, value):
    numpy = sys.modules["numpy"]
    dtype = value.dtype.name
    if type(value) is not numpy.ndarray and hasattr(value, "mask"):
        encoder.fail("a masked numpy array cannot travel", "send .filled() and .mask")
    if value.ndim > DIMENSIONS:
        encoder.fail("a numpy array of %d dimensions, at most %d are allowed" % (value.ndim, DIMENSIONS))
    value = numpy.asarray(value)
    if value.dtype.kind in "OUTS":
        # Text and objects have no bytes of their own: element by element, and what cannot travel is named by its place.
        return encoder.walk(value.tolist())
    if value.dtype.names:
        return load("wire.tables").structured(encoder, value)
    order = "C" if value.flags.c_contiguous or not value.flags.f_contiguous else "F"
    if value.dtype.kind in "mM":
        dtype, value = time_counts(encoder, value)
    elif dtype not in DTYPES or value.dtype.itemsize != DTYPES[dtype][0]:
        encoder.fail("a numpy array of dtype %s cannot travel" % value.dtype, 'convert it, for example with .astype("float64")')
    value = value.astype(DTYPES.get(dtype, DTYPES["int64"])[1], order="K", copy=False)
    flat = numpy.ascontiguousarray(value if order == "C" else value.T).reshape(-1)
    data = memoryview(flat.view("u1")) if flat.size else b""
    return encoder.attach(data, "ndarray", dtype=dtype, shape=list(value.shape), order=order)
