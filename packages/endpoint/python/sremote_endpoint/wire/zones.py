"""Time zones for datetimes without one: `UTC`, `local`, `+02:00`, or an IANA name."""
import re
from datetime import timedelta, timezone, tzinfo

from ..host.standard import enclosed
from .errors import Refusal


class _Local(tzinfo):
    """The host's own zone, daylight saving included."""

    def utcoffset(self, moment):
        return moment.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, moment):
        return None

    def tzname(self, moment):
        return "local"


def find_zone(name):
    """The tzinfo of a zone's name. Raises Refusal if there is none."""
    if name == "UTC":
        return timezone.utc
    if name == "local":
        return _Local()
    parts = re.match(r"([+-])([0-9]{2}):([0-9]{2})\Z", name)
    if parts and int(parts.group(2)) < 24 and int(parts.group(3)) < 60:
        offset = timedelta(hours=int(parts.group(2)), minutes=int(parts.group(3)))
        return timezone(-offset if parts.group(1) == "-" else offset)
    try:
        from zoneinfo import ZoneInfo
    except ImportError:
        raise Refusal("unsupported", "the zone %r needs Python 3.9 or later on the host; UTC, local and +02:00 do not" % name, "arguments")
    try:
        with enclosed:
            return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Refusal("bad-arguments", "there is no time zone %r on the host" % name, "arguments")
