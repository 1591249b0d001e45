"""From the wire to Python values (PROTOCOL.md, "Values")."""
from ..host.lazy import load
from .errors import Refusal, limit_exceeded, protocol_error
from .limits import VALUE_DEPTH
from .message import whole


# The last four are known in sessions only (SESSION.md, "Objects, iterators, callbacks, results").
_CUSTOM = ("bytes", "typed-array", "ndarray", "table", "object", "iterator", "callback", "result")


class _Node:
    """One place of the annotation tree: what it is, and its members."""

    __slots__ = ("kind", "members")

    def __init__(self):
        self.kind = None
        self.members = {}


def decode(wire, attachments, header_depth=0, name="value"):
    """
    The value of `{"json", "meta"?}`. `attachments` is an `Attachments`, shared by all values of a message.
    `name` is how the user knows the value, for errors.
    `header_depth` is how deep the header nests at most: a value in a shallow header needs no check of its own.
    """
    if type(wire) is not dict or "json" not in wire:
        raise protocol_error("a value must be an object with the member json")
    if header_depth == 0 or header_depth > VALUE_DEPTH:
        if depth_of(wire["json"]) > VALUE_DEPTH:
            raise limit_exceeded("a value nests deeper than %d" % VALUE_DEPTH)
    if "meta" not in wire:
        return wire["json"]
    meta = wire["meta"]
    if type(meta) is not dict or type(meta.get("v")) not in (int, float) or meta["v"] != 1:
        raise protocol_error("a value's meta must be an object with v 1")
    if "referentialEqualities" in meta:
        raise protocol_error("a value is a tree: referentialEqualities is refused")
    if "values" not in meta:
        raise protocol_error("a value's meta must have the member values")
    if depth_of(meta["values"]) > VALUE_DEPTH:
        raise limit_exceeded("a value's meta nests deeper than %d" % VALUE_DEPTH)
    root = _Node()
    _plant(root, meta["values"])
    try:
        return _apply(root, wire["json"], attachments)
    except Refusal as refusal:
        _name(name, refusal)
        raise


class Attachments:
    """The attachments of one message; each may be taken once. A session also knows what stands for things that stay where they are."""

    def __init__(self, parts):
        self.parts = parts
        self.taken = set()

    def take(self, place):
        index = whole(place.get("index")) if type(place) is dict else None
        if index is None or not 0 <= index < len(self.parts):
            raise protocol_error("a reference to an attachment that does not exist")
        if index in self.taken:
            raise protocol_error("attachment %d is referenced twice" % index)
        self.taken.add(index)
        return self.parts[index]

    def stand_in(self, kind, place):
        raise protocol_error("unknown annotation of a value")


def depth_of(value):
    """How deep lists and dicts nest: 0 for a scalar, 1 for `[]`."""
    deepest = 0
    layer = [value]
    while layer:
        layer = [part for part in layer if type(part) in (list, dict)]
        if layer:
            deepest += 1
            layer = [inner for part in layer for inner in (part if type(part) is list else part.values())]
    return deepest


def _plant(node, tree):
    if type(tree) is list:
        if len(tree) not in (1, 2):
            raise protocol_error("an annotation must be [TYPE] or [TYPE, {PATH: TREE}]")
        if node.kind is not None or node.members:
            raise protocol_error("a place in a value is annotated twice")
        node.kind = _kind(tree[0])
        if len(tree) == 1:
            return
        tree = tree[1]
    if type(tree) is not dict:
        raise protocol_error("annotations must be a list or an object")
    for path, inner in tree.items():
        place = node
        for name in _names(path):
            place = place.members.setdefault(name, _Node())
            if place.kind is not None:
                raise protocol_error("a path in a value's meta leads through an annotated part")
        _plant(place, inner)


def _kind(annotation):
    if type(annotation) is str and annotation in _SCALARS:
        return annotation
    if type(annotation) is list and len(annotation) == 2 and annotation[0] == "custom" and annotation[1] in _CUSTOM:
        return annotation[1]
    raise protocol_error("unknown annotation of a value")


def _names(path):
    if "\\" not in path:
        return path.split(".")
    names, name, escaped = [], "", False
    for character in path:
        if escaped:
            if character not in "\\.":
                raise protocol_error("a path in a value's meta has a bad escape")
            name += character
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == ".":
            names.append(name)
            name = ""
        else:
            name += character
    if escaped:
        raise protocol_error("a path in a value's meta ends with a backslash")
    return names + [name]


def _apply(node, json, attachments):
    for name, inner in node.members.items():
        if type(json) is list and _is_index(name) and int(name) < len(json):
            name = int(name)
        elif type(json) is not dict or name not in json:
            raise protocol_error("a path in a value's meta leads nowhere")
        try:
            json[name] = _apply(inner, json[name], attachments)
        except Refusal as refusal:
            _name("[%d]" % name if type(json) is list else ".%.100s" % name, refusal)
            raise
    if node.kind is None:
        return json
    if node.kind in _CUSTOM:
        if node.members:
            raise protocol_error("a reference has no annotations in it")
        if node.kind in _CUSTOM[4:]:
            return attachments.stand_in(node.kind, json)
        if node.kind == "table":
            return load("wire.table_decode").decode_table(json, attachments)
        data = attachments.take(json)
        if node.kind == "bytes":
            return bytes(data)
        return load("wire.arrays").decode_array(node.kind, json, data)
    return _SCALARS[node.kind](json)


def _name(place, refusal):
    """Puts a step of the way to what is wrong before its message."""
    refusal.message = place + (": " if refusal.message[0] not in ".[" else "") + refusal.message


def _is_index(name):
    return 0 < len(name) <= 9 and all("0" <= digit <= "9" for digit in name) and (name == "0" or name[0] != "0")


def _undefined(json):
    if json is not None:
        raise protocol_error("undefined must be null in the json")
    return None


def _later(name):
    def convert(json):
        return getattr(load("wire.value_scalars"), name)(json)
    return convert


def _set(json):
    if type(json) is not list:
        raise protocol_error("a set must be an array in the json")
    found = set(map(_key, json))
    if len(found) != len(json):
        raise protocol_error("a set has two members that are equal in Python: send an array")
    return found


def _map(json):
    if type(json) is not list or any(type(pair) is not list or len(pair) != 2 for pair in json):
        raise protocol_error("a map must be an array of pairs in the json")
    found = {_key(pair[0]): pair[1] for pair in json}
    if len(found) != len(json):
        raise protocol_error("a map has two keys that are equal in Python: send an array")
    return found


def _key(value):
    if type(value) is float and not value and str(value) == "-0.0":
        raise protocol_error("-0 cannot be a member of a set or a key")
    return _hashable(value)


def _hashable(value):
    """Arrays become tuples and sets frozensets, at every depth, so that they can be members and keys."""
    if type(value) is list:
        return tuple(map(_hashable, value))
    if type(value) is set:
        return frozenset(value)
    try:
        hash(value)
    except Exception:  # a memoryview raises ValueError, an object what it likes
        raise protocol_error("a %s cannot be a member of a set or a key in Python: send an array" % type(value).__name__)
    return value


def _error(json):
    if type(json) is not dict or type(json.get("name")) is not str or type(json.get("message")) is not str:
        raise protocol_error("an Error must be an object with name and message in the json")
    return json


_SCALARS = {
    "undefined": _undefined,
    "bigint": _later("bigint"),
    "number": _later("number"),
    "Date": _later("date"),
    "regexp": _later("regexp"),
    "URL": _later("url"),
    "set": _set,
    "map": _map,
    "Error": _error,
}
