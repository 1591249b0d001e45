"""
The header's JSON (PROTOCOL.md, "Header"), strictly.

CPython's C scanner and encoder are used directly: importing the package `json` brings in `re` and `enum`, a third of the start-up time of a call.
"""
from .errors import limit_exceeded, protocol_error
from .limits import HEADER_DEPTH, HEADER_MEMORY, NUMBER_TEXT, SAFE_INTEGER

try:
    from _json import encode_basestring, make_encoder, make_scanner
except ImportError:  # another implementation than CPython
    from json.decoder import JSONDecoder
    from json.encoder import JSONEncoder, encode_basestring

    make_encoder = None

    def make_scanner(rules):
        return JSONDecoder(object_pairs_hook=rules.object_pairs_hook, parse_float=rules.parse_float,
                           parse_int=rules.parse_int, parse_constant=rules.parse_constant).scan_once

_SPACE = " \t\n\r"
_CONTAINER, _STRING, _COMMA = 64, 24, 8
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def _integer(text):
    if len(text) > NUMBER_TEXT:
        raise limit_exceeded("a number in the header has %d characters, at most %d are allowed" % (len(text), NUMBER_TEXT))
    value = int(text)
    if not -SAFE_INTEGER <= value <= SAFE_INTEGER or text == "-0":
        raise protocol_error("the integer %s in the header is beyond what every runtime holds" % text)
    return value


def _float(text):
    if len(text) > NUMBER_TEXT:
        raise limit_exceeded("a number in the header has %d characters, at most %d are allowed" % (len(text), NUMBER_TEXT))
    value = float(text)
    if value - value != 0:
        raise protocol_error("the number %s in the header is not finite" % text)
    return value


def _constant(text):
    raise protocol_error("%s in the header is not JSON" % text)


def _object(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise protocol_error("an object in the header names a member twice")
    return found


class _Rules:
    strict = True
    object_hook = None
    object_pairs_hook = staticmethod(_object)
    parse_float = staticmethod(_float)
    parse_int = staticmethod(_integer)
    parse_constant = staticmethod(_constant)
    memo = {}


class _ShortRules(_Rules):
    parse_int = int  # the scanner's own reading takes a fifth of the time, and does where every integer is short


_scan = make_scanner(_Rules())
_scan_short = make_scanner(_ShortRules())
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
# Sixteen digits may be more than 2 ** 53; a minus zero is none.
_LONG, _MINUS_ZEROS = b"0" * 16, [b"-0%c" % end for end in b",]} \t\n\r"]


def parse(data):
    """(value, depth) of JSON text given as bytes."""
    depth = nesting(data)
    if depth > HEADER_DEPTH:
        raise limit_exceeded("the header nests deeper than %d" % HEADER_DEPTH)
    check_memory(data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise protocol_error("the header is not UTF-8")
    start = 0
    while start < len(text) and text[start] in _SPACE:
        start += 1
    try:
        value, end = (_scan_short if len(data) > 4096 and _has_short_integers(data) else _scan)(text, start)
    # SystemError: without the package json, the C scanner of some versions fails to find its exception class.
    except (ValueError, StopIteration, SystemError, RecursionError):
        raise protocol_error("the header is not JSON")
    if text[end:].strip(_SPACE):
        raise protocol_error("something follows the header's JSON")
    return value, depth


def _has_short_integers(data):
    """Also where that is so, it may say no: strings are not told apart."""
    return _LONG not in data.translate(_DIGITS) and not any(zero in data for zero in _MINUS_ZEROS) and not data.endswith(b"-0")


def nesting(data):
    """How deep the text nests. Innermost pairs are removed layer by layer, so that the work is done by C code."""
    if len(data) < 4096:
        upper = data.count(b"[") + data.count(b"{")
        if upper <= 64:
            return upper
    rest = _structure(data)[0].translate(_BRACKETS, _NOT_BRACKETS)
    depth = 0
    while rest and depth <= HEADER_DEPTH:
        fewer = rest.replace(b"[]", b"")
        if len(fewer) == len(rest):
            # Not balanced, so not JSON; still say when the limit was passed first.
            return depth + _deepest(rest)
        rest = fewer
        depth += 1
    return depth


def _structure(data):
    """What stands outside of strings, and how many strings there are."""
    parts = data.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
    return b"".join(parts[::2]), len(parts) // 2


def memory(data):
    """What the values of the text take of memory, estimated as PROTOCOL.md says, from its structure alone."""
    outside, strings = _structure(data)
    containers = outside.count(b"[") + outside.count(b"{") + outside.count(b":")
    return _CONTAINER * containers + _STRING * strings + _COMMA * outside.count(b",")


def check_memory(data):
    """Refuses a header whose values would take too much memory."""
    # No byte stands for more than an array: short texts need no check.
    if len(data) * _CONTAINER > HEADER_MEMORY and memory(data) > HEADER_MEMORY:
        raise limit_exceeded("the values of the header would take about %d bytes of memory, at most %d are allowed" % (memory(data), HEADER_MEMORY))


def _deepest(brackets):
    level = deepest = 0
    for byte in brackets:
        level += 1 if byte == 91 else -1
        deepest = max(deepest, level)
        if level < 0 or deepest > HEADER_DEPTH:
            break
    return deepest


def _unknown(value):
    raise TypeError("not JSON: %s" % type(value).__name__)


_encode = make_encoder and make_encoder(None, _unknown, encode_basestring, None, ":", ",", False, False, False)


def dump(value):
    """Compact JSON in UTF-8; lone surrogates are escaped, and nothing else that need not be: `\\u6587` would be twice as long. The value must be a tree of dict, list, str, int, float, bool, None."""
    if make_encoder is None:
        text = JSONEncoder(check_circular=False, ensure_ascii=False, separators=(",", ":")).encode(value)
    else:
        text = "".join(_encode(value, 0))
    return text.encode("utf-8", "backslashreplace")
