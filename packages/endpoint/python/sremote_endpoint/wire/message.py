"""Members that the messages which call a function have in common."""
from .errors import protocol_error
from .limits import CODE_TREES, SAFE_INTEGER

_HEX = frozenset("0123456789abcdef")


def is_id(value):
    return is_hex(value, 32)


def is_hex(value, digits):
    return type(value) is str and len(value) == digits and _HEX.issuperset(value)


def _is_text(value):
    return type(value) is str and "\0" not in value and _encodable(value)


def _encodable(value):
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def is_name(value):
    return _is_text(value) and value != ""


def _is_variable(value):
    return (type(value) is list and len(value) == 3 and is_name(value[0]) and "=" not in value[0]
            and _is_text(value[1]) and type(value[2]) is bool)


def whole(value):
    """The integer that a number is, else None: `1.0` is one, since JavaScript cannot tell it from `1`."""
    if type(value) is float and value.is_integer() and -SAFE_INTEGER <= value <= SAFE_INTEGER:
        return int(value)
    return value if type(value) is int else None


def is_count(value):
    number = whole(value)
    return number is not None and number >= 0


def is_duration(value):
    return type(value) in (int, float) and value >= 0


def _all(check):
    return lambda value: type(value) is list and all(map(check, value))


_is_hexes = _all(lambda value: is_hex(value, 64))


def _is_module_table(value):
    return type(value) is dict and all(is_name(key) and (inner is None or type(inner) is str) for key, inner in value.items())


def _is_plain(kind):
    """A value whose top is an array or object without an annotation that would make something else of it."""
    def check(value):
        if type(value) is not dict or type(value.get("json")) is not kind:
            return False
        meta = value.get("meta", {})
        return type(meta) is dict and type(meta.get("values")) is not list
    return check


OPTIONAL = (
    ("kwargs", _is_plain(dict), "a value that is an object"),
    ("env", _all(_is_variable), "a list of [name, value, onlyIfUnset]"),
    ("path", _all(is_name), "a list of strings"),
    ("cwd", is_name, "a path"),
    ("tmp", is_name, "a path"),
    ("loginEnv", lambda value: type(value) is bool, "a boolean"),
    ("code", lambda value: _is_hexes(value) and len(value) <= CODE_TREES, "a list of digests"),
    ("timeoutMs", is_duration, "a number of milliseconds"),
    ("outputLimit", is_count, "a number of bytes"),
    ("naiveTimeZone", is_name, "a time zone"),
    ("modules", _is_module_table, "an object of versions"),
    ("release", _all(is_id), "a list of call ids"),
    ("each", lambda value: value in ("item", "args"), "item or args"),
)


def check_members(header, names, what):
    """Raises Refusal unless those of the optional members that are there are what they must be."""
    for name, check, expected in OPTIONAL:
        if name in header and name in names and not check(header[name]):
            raise protocol_error("the %s's %s must be %s" % (what, name, expected))


_is_array = _is_plain(list)
# Names that were checked before, of this process.
_called = set()


def check_function(header, what):
    """Raises Refusal unless the function and its positional arguments are named as they must be."""
    names = header.get("module"), header.get("function")
    if type(names[0]) is not str or type(names[1]) is not str or names not in _called:
        for name in ("module", "function"):
            if not is_name(header.get(name)):
                raise protocol_error("the %s's %s must be a string that is not empty" % (what, name))
        if len(_called) < 1024:
            _called.add(names)
    if not _is_array(header.get("args")):
        raise protocol_error("the %s's args must be a value that is an array" % what)
