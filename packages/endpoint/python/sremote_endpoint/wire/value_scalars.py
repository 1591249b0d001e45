"""Annotated scalars of PROTOCOL.md: big integers, special numbers, dates, regular expressions, URLs."""
from ..host.lazy import load
from .errors import limit_exceeded, protocol_error
from .limits import BIGINT_DIGITS, NUMBER_TEXT

_DIGITS = frozenset("0123456789")


def bigint(json):
    if type(json) is not str:
        raise protocol_error("a bigint must be a string in the json")
    digits = json[1:] if json[:1] == "-" else json
    if not digits or not _DIGITS.issuperset(digits):
        raise protocol_error("a bigint must be digits")
    if len(digits) > BIGINT_DIGITS:
        raise limit_exceeded("a bigint has %d digits, at most %d are allowed" % (len(digits), BIGINT_DIGITS))
    value = 0
    # In parts: an interpreter may be configured to refuse more than 640 digits at once.
    for start in range(0, len(digits), 600):
        part = digits[start:start + 600]
        value = value * 10 ** len(part) + int(part)
    return -value if json[0] == "-" else value


def number(json):
    if type(json) is not str:
        raise protocol_error("a number must be a string in the json where it is annotated")
    if json in ("NaN", "Infinity", "-Infinity", "-0"):
        return {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf"), "-0": -0.0}[json]
    if len(json) > NUMBER_TEXT:
        raise limit_exceeded("a number has %d characters, at most %d are allowed" % (len(json), NUMBER_TEXT))
    import re
    if not re.match(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z", json):
        raise protocol_error("an annotated number must be NaN, Infinity, -Infinity, -0 or a decimal")
    value = float(json)
    if value - value != 0:
        raise protocol_error("an annotated number is not finite")
    return value if set(json) & set(".eE") else int(value)


def date(json):
    import re
    from datetime import datetime, timezone
    parts = re.match(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3}|[0-9]{6})Z\Z", json) if type(json) is str else None
    if parts is None:
        raise protocol_error("a Date must be a string such as 2026-11-22T08:00:00.000Z in the json")
    fields = list(map(int, parts.groups()[:6]))
    try:
        return datetime(*fields, microsecond=int(parts.group(7).ljust(6, "0")), tzinfo=timezone.utc)
    except ValueError as error:
        raise protocol_error("a Date names no day or time: %s" % error)


def regexp(json):
    import re
    parts = re.match(r"/(.+)/([a-z]*)\Z", json, re.DOTALL) if type(json) is str else None
    if parts is None:
        raise protocol_error("a regexp must be /source/flags in the json")
    if len(set(parts.group(2))) != len(parts.group(2)) or set(parts.group(2)) - set("dgimsuvy"):
        raise protocol_error("a regexp has flags that do not exist")
    try:
        return load("wire.regexp").to_python(parts.group(1), parts.group(2))
    except (re.error, ValueError, OverflowError) as error:
        raise protocol_error("a regular expression has no equal in Python: %s" % error)


def url(json):
    if type(json) is not str:
        raise protocol_error("a URL must be a string in the json")
    from urllib.parse import urlparse
    try:
        parsed = urlparse(json)
    except ValueError as error:
        raise protocol_error("not a URL: %s" % error)
    if not parsed.scheme:
        raise protocol_error("not a URL: it has no scheme")
    return parsed
