"""The `reply` message of PROTOCOL.md, checked member by member: what the endpoint writes is held to it in every test."""
import os
import re

OUTCOMES = ("value", "raised", "killed", "timeout", "cancelled", "not-run", "unknown")
STAGES = ("request", "setup", "queue", "import", "lookup", "arguments", "call", "result")
DEEPEST = 64
MEMBERS = 32
_SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../protocol/src/code.ts")


def codes():
    """The closed list, read where it is stated."""
    with open(_SOURCE, "rb") as file:
        return set(re.findall(r'^  "([a-z-]+)",$', file.read().decode(), re.MULTILINE))


class Wrong(Exception):
    def __init__(self, message, code="protocol-error"):
        Exception.__init__(self, message)
        self.code = code


def need(condition, message):
    if not condition:
        raise Wrong(message)


def is_integer(value):
    return type(value) is int or type(value) is float and value.is_integer() and abs(value) < 2 ** 53


def is_count(value):
    return is_integer(value) and value >= 0


def is_text(value):
    return type(value) is str


def texts(value):
    return type(value) is list and all(map(is_text, value))


def check_failure(found, known, depth=1):
    need(type(found) is dict, "a failure must be an object")
    if depth > DEEPEST:
        raise Wrong("failures nest too deep", "limit-exceeded")
    need(is_text(found.get("code")) and found["code"] in known, "error.code")
    need(is_text(found.get("stage")) and found["stage"] in STAGES, "error.stage")
    need(is_text(found.get("message")), "error.message")
    for name in ("type", "module", "path", "hint"):
        need(name not in found or is_text(found[name]), "error." + name)
    for name in ("notes", "names"):
        need(name not in found or texts(found[name]), "error." + name)
    members = found.get("members", {})
    need(type(members) is dict and all(type(value) in (str, int, float, bool) for value in members.values()), "error.members")
    if len(members) > MEMBERS:
        raise Wrong("too many members", "limit-exceeded")
    need(type(found.get("frames", [])) is list, "error.frames")
    for frame in found.get("frames", []):
        need(type(frame) is dict and is_text(frame.get("file")) and is_integer(frame.get("line")) and is_text(frame.get("function"))
             and "source" in frame and (frame["source"] is None or is_text(frame["source"])), "error.frames")
    for name in ("cause", "context"):
        if name in found:
            check_failure(found[name], known, depth + 1)
    need(type(found.get("exceptions", [])) is list, "error.exceptions")
    for inner in found.get("exceptions", []):
        check_failure(inner, known, depth + 1)


def check_items(header):
    """What a reply, result or part says of items that failed, and of those that have not begun."""
    need("begun" not in header or is_count(header["begun"]), "begun")
    failures = header.get("failures", [])
    need(type(failures) is list, "failures")
    for found in failures:
        need(type(found) is dict and is_count(found.get("item")) and found.get("outcome") in ("raised", "killed", "not-run"), "failures")
        check_failure(found.get("error"), codes())


def check_outcome(header):
    """What replies and results have in common."""
    need(header.get("outcome") in OUTCOMES if is_text(header.get("outcome")) else False, "outcome")
    if header["outcome"] == "value":
        need(type(header.get("value")) is dict, "value")
    else:
        need("error" in header, "error")
    if "error" in header:
        check_failure(header["error"], codes())
    need("exitCode" not in header or is_integer(header["exitCode"]), "exitCode")
    need("signal" not in header or is_text(header["signal"]), "signal")
    if "usage" in header:
        usage = header["usage"]
        need(type(usage) is dict and all(type(usage.get(name)) in (int, float) and usage[name] >= 0 for name in ("wallMs", "cpuMs"))
             and is_count(usage.get("maxRssBytes")), "usage")
    if "modules" in header:
        need(type(header["modules"]) is dict and all(v is None or is_text(v) for v in header["modules"].values()), "modules")
    check_items(header)


def check_host(host):
    need(type(host) is dict and host.get("runtime") in ("python", "node"), "host.runtime")
    need(all(is_text(host.get(name)) for name in ("version", "executable", "platform", "home", "base")), "host")
    need(is_count(host.get("pid")) and "endpoint" in host and (host["endpoint"] is None or is_text(host["endpoint"])), "host")


def check_protocol(header):
    need(type(header) is dict and is_integer(header.get("protocol")), "protocol")
    if header["protocol"] != 1:
        raise Wrong("protocol", "protocol-mismatch")


def check_reply(header, attachments):
    """Raises Wrong unless `header` is a reply that its receiver must accept."""
    check_protocol(header)
    need(header.get("type") == "reply", "type")
    need(is_text(header.get("id")) and re.match(r"[0-9a-f]{32}\Z", header["id"]), "id")
    check_outcome(header)
    for name in ("stdout", "stderr"):
        _check_output(header.get(name), attachments)
    check_host(header.get("host"))


def _check_output(part, attachments):
    need(type(part) is dict and is_count(part.get("bytes")) and type(part.get("truncated")) is bool, "output")
    if "index" in part:
        data = attachments.take(part)
        need(len(data) <= part["bytes"] if part["truncated"] else len(data) == part["bytes"], "output length")
