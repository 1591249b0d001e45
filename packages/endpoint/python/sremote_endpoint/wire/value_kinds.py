"""The less usual kinds of values an endpoint sends. A class whose module was never imported cannot be the class of a value."""
import sys

from ..host.lazy import load
from ..host.standard import loaded
from .errors import Unserializable
from .limits import ATTACHMENTS, VALUE_DEPTH


_LIBRARIES = frozenset(("pandas", "polars", "pyarrow"))


def _class(module, name):
    found = getattr(sys.modules.get(module) if module == "numpy" else loaded(module), name, None)
    return found if isinstance(found, type) else ()


class Attempt:
    """Travels as `{"value": …}` where the value can travel, else as `{"problem": …}`, which says why it cannot."""

    def __init__(self, value):
        self.value = value

    def walk(self, encoder):
        count, path, others = len(encoder.attachments), list(encoder.path), set(encoder.open)
        root = "".join(path) + ".value"
        try:
            found = encoder.members(self, [("value", self.value)])
            # What is at the limits would fail the whole message.
            if len(encoder.attachments) < ATTACHMENTS // 2 and encoder.deepest < VALUE_DEPTH // 2 - 4:
                return found
            problem = "too deep, or of too many arrays and byte strings"
        except Exception as error:
            problem = str(error) if isinstance(error, Unserializable) else "reading it raised %s" % type(error).__name__
        del encoder.attachments[count:]
        encoder.path, encoder.open, encoder.deepest = path, others, 0
        return {"problem": problem.replace(root, "value")}, None


def walk_other(encoder, value):
    """(json, annotation tree or None) of a value that is none of the exact built-in types."""
    if type(value) is Attempt:
        return value.walk(encoder)
    if isinstance(value, _class("enum", "Enum")):
        return encoder.walk(value.value)
    if isinstance(value, (bytes, bytearray)):
        return encoder.attach(bytes(value), "bytes")
    if isinstance(value, memoryview):
        return encoder.attach(value.tobytes(), "bytes")
    generic, ndarray = _class("numpy", "generic"), _class("numpy", "ndarray")
    if isinstance(value, generic) or isinstance(value, ndarray) or isinstance(value, _class("array", "array")):
        return load("wire.arrays").walk_array(encoder, value, generic)
    if isinstance(value, bool):
        return bool(value), None
    if isinstance(value, int):
        return encoder.integer(int(value))
    if isinstance(value, float):
        return encoder.number(float(value))
    if isinstance(value, str):
        return str.__str__(value), None
    if isinstance(value, _class("urllib.parse", "ParseResult")):
        return value.geturl(), ["URL"]
    if isinstance(value, tuple) and isinstance(getattr(value, "_fields", None), tuple):
        return encoder.members(value, zip(value._fields, tuple.__iter__(value)))
    if isinstance(value, (list, tuple)):
        return encoder.array(value)
    if isinstance(value, dict):
        return encoder.mapping(value)
    if isinstance(value, (set, frozenset)):
        return encoder.collection(value)
    if isinstance(value, _class("datetime", "datetime")):
        return (None, None) if value != value else moment(encoder, value)  # NaT of pandas is no time
    if isinstance(value, _class("datetime", "date")):
        return value.isoformat(), None
    if isinstance(value, type(loaded("re") and loaded("re").compile(""))):
        return _pattern(encoder, value), ["regexp"]
    if isinstance(value, (_class("uuid", "UUID"), _class("pathlib", "PurePath"), _class("decimal", "Decimal"))):
        return str(value), None
    if not _LIBRARIES.isdisjoint(sys.modules):
        found = load("wire.tables").walk_table(encoder, value)
        if found:
            return found
    fields = getattr(type(value), "__dataclass_fields__", None)
    if isinstance(fields, dict) and loaded("dataclasses"):
        names = [field.name for field in loaded("dataclasses").fields(value)]
        return encoder.members(value, [(name, getattr(value, name)) for name in names])
    if isinstance(value, BaseException):
        return _error(encoder, value)
    return encoder.fail(*_reason(encoder, value))


def moment(encoder, value):
    if value.utcoffset() is None:
        if encoder.zone is None:
            encoder.fail("a datetime without a time zone", "give it one, or name a zone with the call's naiveTimeZone")
        value = value.replace(tzinfo=encoder.zone)
    from datetime import timezone
    try:
        moment = value.astimezone(timezone.utc)
    except OverflowError:
        encoder.fail("a datetime that is out of range in UTC")
    if getattr(value, "nanosecond", 0):
        encoder.fail("a time stamp with nanoseconds", "round it to microseconds")
    text = "%04d-%02d-%02dT%02d:%02d:%02d" % moment.timetuple()[:6]
    micros = moment.microsecond
    return text + (".%06dZ" % micros if micros % 1000 else ".%03dZ" % (micros // 1000)), ["Date"]


def _pattern(encoder, value):
    try:
        return load("wire.regexp").to_javascript(value)
    except ValueError as error:
        encoder.fail("a regular expression that JavaScript has no equal for: %s" % error)


def _error(encoder, value):
    found = load("run.failure").describe(value, "raised", "call")
    found["name"] = found.get("type", "Error")
    return found, ["Error"]


def _reason(encoder, value):
    name = type(value).__name__
    module = type(value).__module__
    if module not in ("builtins", "__main__"):
        name = "%s.%s" % (module, name)
    is_result = encoder.path[0].startswith("return")
    if hasattr(value, "__next__") or hasattr(value, "__anext__"):
        hint = "send a list of what it yields" + (", or read the result with items()" if is_result else "")
    elif module in ("builtins", "collections", "itertools") and hasattr(value, "__iter__"):
        hint = "send a list of its members"
    elif hasattr(type(value), "total_seconds"):
        hint = "send its total_seconds()"
    elif hasattr(type(value), "to_dict"):
        hint = "convert it, for example with .to_dict()"
    else:
        hint = "send plain data: numbers, strings, bytes, lists, dicts, dates, arrays, data frames"
    return "a %s cannot travel" % name, hint + (', or keep it on the host with returns: "object"' if is_result else "")
