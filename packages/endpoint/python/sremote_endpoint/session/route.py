"""The route of a call (SESSION.md, "Route"): where and for how long it may run."""
from ..wire.errors import protocol_error
from ..wire.json_text import parse
from ..wire.message import check_members, is_count, is_duration, is_name

ENVIRONMENT = ("env", "path", "cwd", "tmp", "loginEnv", "code")
_DURATIONS = ("timeoutMs", "queueMs", "idleMs")


class Route:
    """Parsed once; calls share it. `place`: the members that make an environment, `key`: equal for equal ones."""

    def __init__(self, members):
        self.members = members
        self.place = {name: members[name] for name in ENVIRONMENT if name in members}
        self.key = repr(sorted(self.place.items()))
        self.alone = members.get("isolation") == "call"
        self.name = members.get("worker")
        self.on = members.get("on")
        self.after = members.get("after")
        self.keep = members.get("keep", False)
        self.timeout, self.queue, self.idle = [members[name] / 1000.0 if name in members else None for name in _DURATIONS]
        self.deadlines = any(limit is not None for limit in (self.timeout, self.queue, self.idle))


def read_route(data):
    """The Route of its bytes. Raises Refusal."""
    if not data:
        return Route({})
    members, _ = parse(data)
    if type(members) is not dict:
        raise protocol_error("a route must be an object")
    check_members(members, ENVIRONMENT + ("timeoutMs",), "route")
    for name, check, expected in (
        ("isolation", lambda value: value == "call", '"call"'), ("worker", is_name, "a name"), ("on", is_count, "a worker's number"),
        ("after", is_count, "a stream's number"), ("keep", lambda value: type(value) is bool, "a boolean"),
        ("queueMs", is_duration, "a number of milliseconds"), ("idleMs", is_duration, "a number of milliseconds"),
    ):
        if name in members and not check(members[name]):
            raise protocol_error("the route's %s must be %s" % (name, expected))
    return Route(members)
