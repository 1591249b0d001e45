"""Calls and replies: every member, right and wrong. Each case changes one member of a message that is right."""

import json

from .describe import accept as _accept, obj, reject as _reject

ID = "0123456789abcdef0123456789abcdef"
CALL = {"type": "call", "protocol": 1, "id": ID, "module": "os", "function": "getenv", "args": {"json": ["PATH"]}}
FULL_CALL = dict(
    CALL, kwargs={"json": {"a": 1}}, env=[["A", "b", False], ["C", "", True]], path=["/opt/bin"], cwd="work", tmp="tmp", loginEnv=True, code=["c0" * 32, "0d" * 32], timeoutMs=1500.5,
    outputLimit=1000,
    naiveTimeZone="Europe/Zurich", modules={"numpy": "2.1.0", "mine": None}, release=[ID, "f" * 32], each="args",
)
HOST = {
    "runtime": "python", "version": "3.11.2", "executable": "/usr/bin/python3", "platform": "linux", "pid": 4711, "home": "/home/me", "base": "/home/me/.sremote", "endpoint": "e" * 64,
}
NONE = {"bytes": 0, "truncated": False}
FAILURE = {"code": "raised", "stage": "call", "message": "no"}
REPLY = {"type": "reply", "protocol": 1, "id": ID, "outcome": "value", "value": {"json": 42}, "stdout": NONE, "stderr": NONE, "host": HOST, "modules": {}}
RAISED = {k: v for k, v in dict(REPLY, outcome="raised", error=FAILURE).items() if k != "value"}
FULL_FAILURE = dict(
    FAILURE, type="ValueError", module="builtins", frames=[{"file": "a.py", "line": 3, "function": "f", "source": "raise ValueError('no')"}, {"file": "<string>", "line": 0, "function": "<module>", "source": None}],
    cause=dict(FAILURE, message="inner"), context=dict(FAILURE, message="other"), notes=["a note"], exceptions=[FAILURE, FAILURE], path="return.items[3]", names=["getenvb", "getpid"], hint="Try this.",
)


def without(message, *names):
    return {name: value for name, value in message.items() if name not in names}


def text(message):
    return json.dumps(message, separators=(",", ":"))


def accept(name, message, attachments=(), **more):
    return _accept("message", "message: " + name, text(message) if isinstance(message, dict) else message, attachments=attachments, **more)


def reject(name, message, code="protocol-error", attachments=(), **more):
    return _reject("message", "message: " + name, text(message) if isinstance(message, dict) else message, code, attachments, **more)


# Of items, none of them right.
NO_FAILURES = [None, {}, [None], [{"item": 0, "outcome": "raised"}], [{"item": -1, "outcome": "raised", "error": FAILURE}], [{"item": 0.5, "outcome": "raised", "error": FAILURE}],
               [{"item": 0, "outcome": "value", "error": FAILURE}], [{"outcome": "raised", "error": FAILURE}], [{"item": 0, "outcome": "raised", "error": {}}]]
NO_EACH = ["", "items", "Item", None, True, 1, ["item"], {}]


def deep_failure(depth):
    failure = FAILURE
    for _ in range(depth - 1):
        failure = dict(FAILURE, cause=failure)
    return failure


CASES = [
    accept("smallest call", CALL, value=["PATH"]),
    accept("call with every member", FULL_CALL, value=["PATH"]),
    accept("call with empty optional members", dict(CALL, kwargs={"json": {}}, env=[], path=[], code=[], modules={}, release=[])),
    accept("call with unknown members", dict(CALL, later={"a": [1]}), value=["PATH"]),
    accept("call with annotated arguments", dict(CALL, args={"json": [None, "1"], "meta": {"values": {"0": ["undefined"], "1": ["bigint"]}, "v": 1}}), value=[{"$": "undefined"}, {"$": "bigint", "v": "1"}]),
    accept("call with bytes", dict(CALL, args={"json": [{"index": 0}], "meta": {"values": {"0": [["custom", "bytes"]]}, "v": 1}}), [b"abc"], value=[{"$": "bytes", "v": "616263"}]),
    accept("call without arguments", dict(CALL, args={"json": []}), value=[]),
    accept("call to a dotted function", dict(CALL, module="pathlib", function="Path.home")),
    accept("call for each item", dict(CALL, each="item"), value=["PATH"]),
    accept("call for no items", dict(CALL, args={"json": []}, each="item"), value=[]),
    accept("reply for items of which some failed", dict(REPLY, value={"json": [1, None, None]}, failures=[{"item": 1, "outcome": "raised", "error": FULL_FAILURE}, {"item": 2, "outcome": "killed", "error": FAILURE}]), value=[1, None, None]),
    accept("reply for items of which none failed", dict(REPLY, value={"json": [1]}, failures=[]), value=[1]),
    accept("reply of a process that died after some items", dict(RAISED, outcome="killed", begun=3)),
    accept("call with a timeout of 0", dict(CALL, timeoutMs=0)),
    accept("call with __proto__ as a module name", text(CALL)[:-1] + ',"modules":{"__proto__":"1"}}'),
    accept("call with __proto__ as a keyword", text(CALL)[:-1] + ',"kwargs":{"json":{"__proto__":1}}}'),
    accept("smallest reply", without(REPLY, "modules"), value=42),
    accept("reply with the endpoint run from source", dict(REPLY, host=dict(HOST, endpoint=None, runtime="node")), value=42),
    accept("reply with output", dict(REPLY, stdout={"index": 0, "bytes": 3, "truncated": False}, stderr={"index": 1, "bytes": 9, "truncated": True}), [b"abc", b"xyz"], value=42),
    accept("reply with output left on the host", dict(REPLY, stdout={"bytes": 9000000, "truncated": False}), value=42),
    accept("reply with output that was cut, of which all is there", dict(REPLY, stdout={"index": 0, "bytes": 3, "truncated": True}), [b"abc"], value=42),
    accept("call with integers written as floats", text(dict(CALL, outputLimit=7)).replace(":1,", ":1.0,").replace(":7}", ":7e0}"), value=["PATH"]),
    accept("reply with integers written as floats", text(dict(REPLY, stdout={"index": 0, "bytes": 3, "truncated": False})).replace(":0,", ":0.0,").replace(":1,", ":1.0,").replace(":3,", ":3e0,").replace("4711", "4711.0"),
           [b"abc"], value=42),
    reject("call of protocol 2.0", text(CALL).replace('"protocol":1', '"protocol":2.0'), "protocol-mismatch"),
    reject("failure of more members than an exception tells", dict(RAISED, error=dict(FAILURE, members={"m%d" % number: 1 for number in range(33)})), "limit-exceeded"),
    reject("failure with a member that is an array", dict(RAISED, error=dict(FAILURE, members={"errno": [1]}))),
    accept("reply with usage", dict(REPLY, usage={"wallMs": 1.25, "cpuMs": 0, "maxRssBytes": 10000000})),
    accept("reply with null as value", dict(REPLY, value={"json": None}), value=None),
    accept("reply with unknown members", dict(REPLY, later=1, host=dict(HOST, later=2), stdout=dict(NONE, later=3)), value=42),
    accept("reply that tells of an unreadable call", dict(RAISED, id="0" * 32, outcome="not-run", error=dict(FAILURE, code="protocol-mismatch", stage="request"))),
    accept("reply with a full failure", dict(RAISED, error=FULL_FAILURE)),
    accept("reply killed by a signal", dict(RAISED, outcome="killed", signal="SIGKILL", error=dict(FAILURE, code="killed"))),
    accept("reply killed by exit", dict(RAISED, outcome="killed", exitCode=3, error=dict(FAILURE, code="exited"))),
    accept("reply with 63 causes", dict(RAISED, error=deep_failure(64))),
    reject("reply with 64 causes", dict(RAISED, error=deep_failure(65)), "limit-exceeded"),
    reject("unknown type", dict(CALL, type="hello")),
    reject("type in other case", dict(CALL, type="Call")),
    reject("empty type", dict(CALL, type="")),
    reject("type toString", dict(CALL, type="toString")),
    reject("type __proto__", dict(CALL, type="__proto__")),
    reject("one attachment for both outputs", dict(REPLY, stdout={"index": 0, "bytes": 1, "truncated": False}, stderr={"index": 0, "bytes": 1, "truncated": False}), attachments=[b"a"]),
    reject("output index past the end", dict(REPLY, stdout={"index": 0, "bytes": 0, "truncated": False})),
    reject("output of other length than it says", dict(REPLY, stdout={"index": 0, "bytes": 4, "truncated": False}), attachments=[b"abc"]),
    reject("more output kept than was written", dict(REPLY, stdout={"index": 0, "bytes": 2, "truncated": True}), attachments=[b"abc"]),
    reject("one attachment for an output and the value", dict(REPLY, value={"json": {"index": 0}, "meta": {"values": [["custom", "bytes"]], "v": 1}}, stdout={"index": 0, "bytes": 1, "truncated": False}), attachments=[b"a"]),
    reject("one attachment for args and kwargs", dict(
        CALL, args={"json": [{"index": 0}], "meta": {"values": {"0": [["custom", "bytes"]]}, "v": 1}}, kwargs={"json": {"a": {"index": 0}}, "meta": {"values": {"a": [["custom", "bytes"]]}, "v": 1}}), attachments=[b"a"]),
]
for outcome in ("raised", "killed", "timeout", "cancelled", "not-run", "unknown"):
    CASES.append(accept("reply with outcome " + outcome, dict(RAISED, outcome=outcome)))
    CASES.append(reject("reply with outcome %s without an error" % outcome, dict(without(REPLY, "value"), outcome=outcome)))
CASES.append(reject("reply with outcome value without a value", without(REPLY, "value")))
for stage in ("request", "setup", "import", "lookup", "arguments", "call", "result"):
    CASES.append(accept("failure in stage " + stage, dict(RAISED, error=dict(FAILURE, stage=stage))))
for version in (0, 2, 100, -1):
    CASES.append(reject("call of protocol %d" % version, dict(CALL, protocol=version), "protocol-mismatch"))
    CASES.append(reject("reply of protocol %d" % version, dict(REPLY, protocol=version), "protocol-mismatch"))
CASES += [
    reject("call of protocol 2 that is otherwise wrong", {"type": "call", "protocol": 2}, "protocol-mismatch"),
    reject("unknown type of protocol 2", {"type": "later", "protocol": 2}, "protocol-mismatch"),
]
for name in ("protocol", "id", "module", "function", "args"):
    CASES.append(reject("call without " + name, without(CALL, name)))
for name in ("protocol", "id", "outcome", "stdout", "stderr", "host"):
    CASES.append(reject("reply without " + name, without(REPLY, name)))
for name in HOST:
    CASES.append(reject("host without " + name, dict(REPLY, host=without(HOST, name))))
for name in ("code", "stage", "message"):
    CASES.append(reject("failure without " + name, dict(RAISED, error=without(FAILURE, name))))
for name in ("bytes", "truncated"):
    CASES.append(reject("output without " + name, dict(REPLY, stdout=without(NONE, name))))


def wrong(right, prefix, put=lambda value: value, **members):
    for member, values in members.items():
        for value in values:
            shown = json.dumps(value)
            CASES.append(reject("%s.%s is %s" % (prefix, member, shown if len(shown) < 60 else shown[:50] + "…"), put(dict(right, **{member: value}))))


# What no host can take as a name: nothing, NUL, half a surrogate pair.
NO_NAME = ["", "a\0b", "a\ud800", "\udc80"]
NO_VARIABLE = [[[name, "b", False]] for name in NO_NAME + ["A=b", "="]] + [[["A", value, False]] for value in NO_NAME[1:]]
wrong(CALL, "call", module=NO_NAME, function=NO_NAME, cwd=NO_NAME, tmp=NO_NAME, naiveTimeZone=NO_NAME, path=[[name] for name in NO_NAME], env=NO_VARIABLE,
      modules=[{name: None} for name in NO_NAME])
wrong(CALL, "call", protocol=["1", None, 1.5, True, [1]], id=["", ID[:-1], ID + "0", ID.upper(), "g" * 32, 1, None, ID[:-1] + "\n"], module=[1, None, ["os"]], function=[1, None, {}],
      args=[["PATH"], None, {}, {"json": {}}, {"json": None}, {"json": "PATH"}, {"json": [1], "meta": {"values": ["set"], "v": 1}}, {"json": [], "meta": []}, {"json": [], "meta": None}],
      kwargs=[None, {"a": 1}, {"json": []}, {"json": None}, {"json": {"name": "E", "message": ""}, "meta": {"values": ["Error"], "v": 1}}],
      env=[None, {}, {"A": "b"}, [["A", "b"]], [["A", "b", False, 1]], [["A", 1, False]], [[1, "b", False]], [["A", "b", 0]], [["A", "b", None]], ["A=b"]],
      path=[None, "/bin", [1], [None], {}], cwd=[1, None, []], tmp=[1, None, []], loginEnv=[0, 1, "true", None], timeoutMs=["1", None, -1, True, -0.5], outputLimit=["1", None, -1, 1.5, True],
      naiveTimeZone=[1, None, {}], modules=[None, [], {"a": 1}, {"a": ["1"]}, {"a": True}], release=[None, ID, [1], [ID.upper()], ["../../etc"], [ID, ID[:-1]], {}])
NO_CODE = [None, "c0" * 32, [1], ["C0" * 32], ["../" + "0" * 61], ["c0", "c0" * 32], {}, ["c0" * 32] * 65]
wrong(CALL, "call", code=NO_CODE)
wrong(REPLY, "reply", protocol=["1", None, True], id=["", ID.upper(), None, "../../../../etc/passwd000000000000"[:32]], outcome=["", "Value", "ok", None, 1, "toString"], value=[42, None, [], {}, {"meta": {}}, {"json": 1, "meta": 1}],
      stdout=[None, "", [], 0], stderr=[None, "", {"index": 0}], host=[None, "host7", [], {}], exitCode=["1", None, 1.5, True], signal=[9, None, []], modules=[None, [], {"a": 1}],
      usage=[None, [], {}, {"wallMs": 1, "cpuMs": 1}, {"wallMs": "1", "cpuMs": 1, "maxRssBytes": 1}, {"wallMs": -1, "cpuMs": 1, "maxRssBytes": 1}, {"wallMs": 1, "cpuMs": 1, "maxRssBytes": 0.5}])
wrong(NONE, "stdout", lambda part: dict(REPLY, stdout=part), index=[-1, "0", None, 0.5, True], bytes=[-1, "0", None, 0.5, False], truncated=[0, "false", None])
wrong(HOST, "host", lambda host: dict(REPLY, host=host), runtime=["ruby", None, 1], version=[3, None, [3, 11]], executable=[None, 1], platform=[None, 1], pid=["1", None, -1, 1.5], home=[None, 1], base=[None, 1], endpoint=[1, {}, False])
wrong(FAILURE, "error", lambda error: dict(RAISED, error=error), code=["", "no-such-code", None, 1, "toString", "__proto__"], stage=["", "later", None, 1], message=[None, 1, ["no"]], type=[None, 1], module=[None, 1],
      frames=[None, {}, "f", [None], [{}], [{"file": "a", "line": "1", "function": "f", "source": None}], [{"file": "a", "line": 1.5, "function": "f", "source": None}], [{"file": None, "line": 1, "function": "f", "source": None}],
              [{"file": "a", "line": 1, "function": "f"}], [{"file": "a", "line": 1, "function": "f", "source": 1}]],
      cause=[None, "x", [], {}, dict(FAILURE, code="x"), dict(FAILURE, cause=1)], context=[None, "x", {}], notes=[None, "x", [1], [None]], exceptions=[None, {}, FAILURE, [None], [{}]], path=[None, 1], names=[None, "x", [1]], hint=[None, 1])
CASES += [
    reject("error is text", dict(RAISED, error="no")),
    reject("error is null", dict(RAISED, error=None)),
    reject("error is an array", dict(RAISED, error=[FAILURE])),
    reject("id inherited", '{"type":"call","protocol":1,"module":"os","function":"f","args":{"json":[]},"__proto__":{"id":"%s"}}' % ID),
]
wrong(CALL, "call", each=NO_EACH)
wrong(REPLY, "reply", failures=NO_FAILURES, begun=[-1, 1.5, "1", None, True, []])
