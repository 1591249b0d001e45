"""From Python values to the wire (PROTOCOL.md, "Values", sender's rules for Python)."""
from ..host.lazy import load
from .errors import Unserializable
from .json_text import dump
from .limits import BIGINT_DIGITS, SAFE_INTEGER, VALUE_DEPTH
from .value_decode import depth_of

_PLAIN = frozenset((str, bool, type(None)))
_SCALAR = _PLAIN | {int, float}


class Encoder:
    """Encodes the values of one message; `attachments` collects their bytes. `zone` is a tzinfo for datetimes without one."""

    def __init__(self, attachments, zone=None):
        self.attachments = attachments
        self.zone = zone
        self.path = []
        self.open = set()
        self.deepest = 0
        self.deepest_path = []

    def encode(self, value, root):
        """`{"json", "meta"?}` of the value. Raises Unserializable with a path that begins with `root`."""
        self.path = [root]
        self.open = set()
        self.deepest = 0
        try:
            json, tree = self.walk(value)
        except Unserializable:
            raise
        except Exception as error:  # user code runs here too: properties, __iter__, utcoffset()
            raise Unserializable("".join(self.path), "reading it raised %s" % type(error).__name__) from error
        # An open container is at most two levels of JSON, or of annotations; what is attached three.
        if self.deepest > VALUE_DEPTH // 2 - 3 and max(depth_of(json), depth_of(tree)) > VALUE_DEPTH:
            self.path = self.deepest_path
            self.fail("a value that nests deeper than %d" % VALUE_DEPTH)
        return {"json": json} if tree is None else {"json": json, "meta": {"values": tree, "v": 1}}

    def walk(self, value):
        """(json, annotation tree or None) of one value."""
        kind = type(value)
        if kind in _PLAIN:
            return value, None
        if kind is int:
            return self.integer(value)
        if kind is float:
            return self.number(value)
        if kind is list or kind is tuple:
            return self.array(value)
        if kind is dict:
            return self.mapping(value)
        return load("wire.value_kinds").walk_other(self, value)

    def number(self, value):
        if value - value == 0:
            return value, None
        return ("NaN" if value != value else "Infinity" if value > 0 else "-Infinity"), ["number"]

    def integer(self, value):
        if -SAFE_INTEGER <= value <= SAFE_INTEGER:
            return value, None
        if value.bit_length() > 14287:  # 10 ** 4300 has 14285 bits
            self.fail("an integer of more than %d digits" % BIGINT_DIGITS)
        text = digits(value)
        if len(text.lstrip("-")) > BIGINT_DIGITS:
            self.fail("an integer of more than %d digits" % BIGINT_DIGITS)
        return text, ["bigint"]

    def array(self, values):
        if not values:
            return [], None
        kinds = set(map(type, values))
        if kinds <= _PLAIN:
            return list(values), None
        if kinds == {int} and -SAFE_INTEGER <= min(values) and max(values) <= SAFE_INTEGER:
            return list(values), None
        self.enter(values)
        json, members = [], {}
        for index, value in enumerate(values):
            self.path.append("[%d]" % index)
            part, tree = self.walk(value)
            self.path.pop()
            json.append(part)
            if tree is not None:
                _graft(members, str(index), tree)
        self.leave(values)
        return json, members or None

    def mapping(self, values):
        if not all(type(key) is str for key in values) and not all(isinstance(key, str) for key in values):
            return self.pairs(values)
        return self.members(values, values.items())

    def members(self, owner, items):
        """An object of (name, value) pairs, on behalf of `owner` (watched for cycles)."""
        self.enter(owner)
        json, members = {}, {}
        for name, value in items:
            name = str.__str__(name)
            self.path.append(member_path(name))
            if name in json:
                self.fail("a second one of this name")
            json[name], tree = self.walk(value)
            self.path.pop()
            if tree is not None:
                _graft(members, name.replace("\\", "\\\\").replace(".", "\\."), tree)
        self.leave(owner)
        return json, members or None

    def key(self, value, seen):
        """A key, or a member of a set: JavaScript must hold it as it is and tell it from those seen before."""
        part, tree = self.walk(value)
        kind = type(part)
        if part == 0 and str(part) == "-0.0":
            self.fail("-0.0 cannot be a member of a set or a key", "send a list")
        if kind in _SCALAR and (tree is None or tree[0] in ("number", "bigint")):
            token = kind is bool, tree and tree[0], part
            if token in seen:
                self.fail("equal to another one when sent", "send a list")
            seen.add(token)
        return part, tree

    def pairs(self, values):
        self.enter(values)
        seen = set()
        json, members = [], {}
        for index, pair in enumerate(values.items()):
            both = []
            for side, value in enumerate(pair):
                self.path.append("<map %s>[%d]" % (("key", "value")[side], index))
                part, tree = self.walk(value) if side else self.key(value, seen)
                self.path.pop()
                both.append(part)
                if tree is not None:
                    _graft(members, "%d.%d" % (index, side), tree)
            json.append(both)
        self.leave(values)
        return json, ["map", members] if members else ["map"]

    def collection(self, values):
        self.enter(values)
        seen = set()
        json, members = [], {}
        for index, value in enumerate(values):
            self.path.append("<set>[%d]" % index)
            part, tree = self.key(value, seen)
            self.path.pop()
            json.append(part)
            if tree is not None:
                _graft(members, str(index), tree)
        self.leave(values)
        return json, ["set", members] if members else ["set"]

    def attach(self, data, kind, **members):
        members["index"] = len(self.attachments)
        self.attachments.append(data)
        return members, [["custom", kind]]

    def enter(self, value):
        if id(value) in self.open:
            self.fail("a value that contains itself")
        self.open.add(id(value))
        if len(self.open) > self.deepest:
            self.deepest = len(self.open)
            self.deepest_path = list(self.path)
            if self.deepest > VALUE_DEPTH:
                self.fail("a value that nests deeper than %d" % VALUE_DEPTH)

    def leave(self, value):
        self.open.discard(id(value))

    def fail(self, reason, hint=None):
        raise Unserializable("".join(self.path), reason, hint)


def _graft(members, path, tree):
    """Hangs the annotations of a member below its owner: plain containers pass theirs on with a longer path, as superjson does."""
    if type(tree) is dict:
        for inner, below in tree.items():
            members[path + "." + inner] = below
    else:
        members[path] = tree


def member_path(name):
    if name.isidentifier():
        return "." + name
    return "[%s]" % dump(name if len(name) <= 100 else name[:100] + "\u2026").decode("utf-8")


def digits(value):
    """Decimal text of an integer of any length: `str` may be configured to refuse more than 640 digits."""
    try:
        return str(value)
    except ValueError:
        parts, rest = [], abs(value)
        while rest:
            rest, part = divmod(rest, 10 ** 600)
            parts.append(str(part).rjust(600, "0"))
        return ("-" if value < 0 else "") + "".join(reversed(parts)).lstrip("0")
