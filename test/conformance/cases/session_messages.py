"""Messages and routes of sessions: SESSION.md, "Messages" and "Route". Each case changes one member of a message that is right."""

import json

from .describe import parts
from .messages import NO_CODE, NO_EACH, NO_FAILURES, NO_NAME, NO_VARIABLE, FAILURE, FULL_FAILURE, HOST, ID, deep_failure, text, without

HELLO = {"type": "hello", "protocol": 1, "token": ID, "workers": 4, "leaseMs": 30000, "heartbeatMs": 15000}
WELCOME = {"type": "welcome", "protocol": 1, "attach": "@sremote-1", "host": HOST}
RESUME = {"type": "resume", "nonce": "c1" * 32}
CHALLENGE = {"type": "challenge", "nonce": "5e" * 32, "received": 7, "proof": "1d4bc2316928569e858cb9e7846568fcfc88658a8305a610079e21c70fab7720"}
PROOF = {"type": "proof", "received": 0, "proof": "bdd0a72a32cafac0b964ff0ee76ab92bec6c11b5da0220e5b537ff36be647ebf"}
BYE = {"type": "bye"}
INVOKE = {"type": "invoke", "module": "os", "function": "getenv", "args": {"json": ["PATH"]}}
FULL_INVOKE = dict(INVOKE, kwargs={"json": {"a": 1}}, naiveTimeZone="Europe/Zurich", modules={"numpy": "2.1.0", "mine": None}, code=["c0" * 32], returns="object", leaseMs=1500.5, keep=2, each="args")
RESULT = {"type": "result", "outcome": "value", "value": {"json": 42}}
RAISED = {"type": "result", "outcome": "raised", "error": FAILURE}
PART = {"type": "part", "value": {"json": [1, None]}}
ASK = {"type": "ask", "ask": 0, "callback": 3, "args": {"json": ["a"]}}
ANSWER = {"type": "answer", "ask": 0, "value": {"json": 42}}
THREW = {"type": "answer", "ask": 0, "error": {"name": "RangeError", "message": "no"}}
ROUTE = {
    "env": [["A", "b", False], ["C", "", True]], "path": ["/opt/bin"], "cwd": "work", "tmp": "tmp", "loginEnv": True, "code": ["c0" * 32, "0d" * 32], "isolation": "call", "worker": "a", "on": 3, "after": 1, "keep": True,
    "timeoutMs": 1500.5, "queueMs": 0, "idleMs": 60000,
}
SENDER = {"hello": "client", "welcome": "host", "resume": "client", "challenge": "host", "proof": "client", "bye": "host", "invoke": "client", "result": "host", "part": "host", "ask": "host", "answer": "client"}


def bytes_of(message):
    return parts(text(message) if isinstance(message, dict) else message)


def message_case(name, kind, message, attachments, verdict, **more):
    wire = {"json": bytes_of(message), "attachments": [parts(item) for item in attachments]}
    return dict({"name": "session: " + name, "kind": "session-message", "type": kind, "sender": SENDER[kind], "wire": wire, "verdict": verdict}, **more)


def accept(name, message, attachments=(), **more):
    return message_case(name, more.pop("type", None) or message["type"], message, attachments, "accept", **more)


def reject(name, kind, message, code="protocol-error", attachments=(), **more):
    return message_case(name, kind, message, attachments, "reject", code=code, **more)


def route(name, wire, verdict="accept", **more):
    more.update({"code": more.get("code", "protocol-error")} if verdict == "reject" else {})
    return dict({"name": "route: " + name, "kind": "route", "wire": bytes_of(wire) if wire != {} else parts("{}"), "verdict": verdict}, **more)


RIGHT = (HELLO, WELCOME, RESUME, CHALLENGE, PROOF, BYE, INVOKE, RESULT, PART, ASK, ANSWER)
CASES = [
    accept("hello with the fewest workers and no lease", dict(HELLO, workers=1, leaseMs=0)),
    accept("hello with the most workers and times that are no integers", dict(HELLO, workers=1024, leaseMs=0.5, heartbeatMs=100.25)),
    reject("hello with no worker", "hello", dict(HELLO, workers=0)),
    reject("hello with one worker too many", "hello", dict(HELLO, workers=1025)),
    reject("hello of protocol 2 that is otherwise wrong", "hello", {"type": "hello", "protocol": 2}, "protocol-mismatch"),
    accept("welcome of a host run from source", dict(WELCOME, attach="/tmp/sremote-1/s", host=dict(HOST, endpoint=None, runtime="node"))),
    accept("challenge after no packets", dict(CHALLENGE, received=0)),
    accept("proof after some packets", dict(PROOF, received=5)),
    accept("bye with an error", dict(BYE, error=FULL_FAILURE)),
    accept("bye with 63 causes", dict(BYE, error=deep_failure(64))),
    reject("bye with 64 causes", "bye", dict(BYE, error=deep_failure(65)), "limit-exceeded"),
    accept("smallest invoke", INVOKE, value=["PATH"]),
    accept("invoke with every member", FULL_INVOKE, value=["PATH"]),
    accept("invoke with annotated arguments", dict(INVOKE, args={"json": [None, "1"], "meta": {"values": {"0": ["undefined"], "1": ["bigint"]}, "v": 1}}), value=[{"$": "undefined"}, {"$": "bigint", "v": "1"}]),
    accept("invoke with bytes", dict(INVOKE, args={"json": [{"index": 0}], "meta": {"values": {"0": [["custom", "bytes"]]}, "v": 1}}), [b"abc"], value=[{"$": "bytes", "v": "616263"}]),
    accept("invoke that keeps for no call", dict(INVOKE, keep=0)),
    accept("invoke with __proto__ as a keyword", dict(INVOKE, kwargs={"json": {"__proto__": 1}})),
    reject("invoke with one attachment for args and kwargs", "invoke", dict(
        INVOKE, args={"json": [{"index": 0}], "meta": {"values": {"0": [["custom", "bytes"]]}, "v": 1}}, kwargs={"json": {"a": {"index": 0}}, "meta": {"values": {"a": [["custom", "bytes"]]}, "v": 1}}), attachments=[b"a"]),
    accept("smallest result", RESULT, value=42),
    accept("result with usage and modules", dict(RESULT, usage={"wallMs": 1.25, "cpuMs": 0, "maxRssBytes": 10000000}, modules={"numpy": "2.1.0", "mine": None}), value=42),
    accept("result with bytes", dict(RESULT, value={"json": {"index": 0}, "meta": {"values": [["custom", "bytes"]], "v": 1}}), [b"abc"], value={"$": "bytes", "v": "616263"}),
    accept("result with a full failure", dict(RAISED, error=FULL_FAILURE)),
    accept("result of a process that a signal ended", dict(RAISED, outcome="killed", signal="SIGKILL", error=dict(FAILURE, code="killed"))),
    accept("result of a process that exited", dict(RAISED, outcome="killed", exitCode=3, error=dict(FAILURE, code="exited"))),
    accept("result of a call that waited too long", dict(RAISED, outcome="not-run", error=dict(FAILURE, code="timeout", stage="queue"))),
    accept("result of a call whose object is lost", dict(RAISED, outcome="not-run", error=dict(FAILURE, code="object-lost", stage="arguments"))),
    accept("result of a call that depended on a failed one", dict(RAISED, outcome="not-run", error=dict(FAILURE, code="dependency-failed", stage="arguments", cause=FAILURE))),
    accept("invoke for each item", dict(INVOKE, each="item"), value=["PATH"]),
    accept("part with failures", dict(PART, failures=[{"item": 1, "outcome": "raised", "error": FULL_FAILURE}])),
    accept("part with nothing", dict(PART, value={"json": []})),
    accept("result for items that failed", dict(RESULT, value={"json": [None]}, failures=[{"item": 7, "outcome": "not-run", "error": FAILURE}]), value=[None]),
    accept("result of a process that died after some items", dict(RAISED, outcome="killed", begun=3)),
    reject("result with outcome value without a value", "result", without(RESULT, "value")),
    accept("ask with keywords", dict(ASK, ask=2**53 - 1, kwargs={"json": {"a": 1}}), value=["a"]),
    accept("answer with null", dict(ANSWER, value={"json": None}), value=None),
    accept("answer with bytes", dict(ANSWER, value={"json": {"index": 0}, "meta": {"values": [["custom", "bytes"]], "v": 1}}), [b"abc"], value={"$": "bytes", "v": "616263"}),
    accept("answer with an error", THREW),
    accept("answer with an error that says nothing", dict(THREW, error={"name": "", "message": ""})),
    accept("answer with an error of more members", dict(THREW, error={"name": "E", "message": "no", "stack": 1})),
]
for outcome in ("raised", "killed", "timeout", "cancelled", "not-run", "unknown"):
    CASES.append(accept("result with outcome " + outcome, dict(RAISED, outcome=outcome)))
    CASES.append(reject("result with outcome %s without an error" % outcome, "result", dict(without(RESULT, "value"), outcome=outcome)))
for right in RIGHT:
    kind = right["type"]
    CASES.append(accept(kind + " with unknown members", dict(right, later={"a": [1]})))
    # A `bye` may lack everything but its type, an answer its value where it has an error.
    for name in right:
        CASES.append(reject("%s without %s" % (kind, name), kind, without(right, name)))
    for other in ("", kind.upper(), "later", "toString", "__proto__", "call", "reply", "bye" if kind != "bye" else "welcome", None, 1, [kind]):
        CASES.append(reject("%s whose type is %s" % (kind, json.dumps(other)), kind, dict(right, type=other)))
    inside = text(right)[1:-1]
    CASES += [
        reject(kind + " that is empty", kind, ""),
        reject(kind + " that is null", kind, "null"),
        reject(kind + " in an array", kind, "[{%s}]" % inside),
        reject(kind + " with a member twice", kind, "{%s,%s}" % (inside, '"type":"%s"' % kind)),
        reject(kind + " with something after it", kind, "{%s}{}" % inside),
        reject(kind + " that is cut", kind, "{" + inside),
        reject(kind + " with a byte order mark", kind, b"\xef\xbb\xbf{" + inside.encode() + b"}"),
        reject(kind + " that is not UTF-8", kind, b"{" + inside.encode() + b',"a":"\xff"}'),
        reject(kind + " with a number beyond what every runtime holds", kind, "{%s,\"a\":9007199254740992}" % inside),
        reject(kind + " whose members are inherited", kind, '{"type":"%s","__proto__":{%s}}' % (kind, inside)) if len(right) > 1 else reject("bye inherited", kind, '{"__proto__":{"type":"bye"}}'),
        reject(kind + " 265 deep", kind, "{%s,\"a\":%s}" % (inside, "[" * 264 + "]" * 264), "limit-exceeded"),
    ]
for right in (HELLO, WELCOME):
    for version in (0, 2, 100, -1):
        CASES.append(reject("%s of protocol %d" % (right["type"], version), right["type"], dict(right, protocol=version), "protocol-mismatch"))


def wrong(right, prefix, put=lambda value: value, **members):
    kind = put(right)["type"]
    for member, values in members.items():
        for value in values:
            CASES.append(reject("%s.%s is %s" % (prefix, member, json.dumps(value)), kind, put(dict(right, **{member: value}))))


NO_COUNT = [-1, 1.5, "1", None, True, []]
NO_TIME = [-1, -0.5, "1", None, True]
NO_TOKEN = ["", ID[:-1], ID + "0", ID.upper().replace("0", "A"), "g" * 32, ID[:-1] + "\n", 1, None, [ID]]
NO_HEX = ["", "c1" * 31, "c1" * 33, "C1" * 32, "g1" * 32, "c1" * 31 + "c\n", 1, None, ["c1" * 32]]
NO_ARGS = [["PATH"], None, {}, {"json": {}}, {"json": None}, {"json": "PATH"}, {"json": [1], "meta": {"values": ["set"], "v": 1}}, {"json": [], "meta": []}, {"json": [], "meta": None}]
NO_KWARGS = [None, {"a": 1}, {"json": []}, {"json": None}, {"json": {"name": "E", "message": ""}, "meta": {"values": ["Error"], "v": 1}}]
NO_VALUE = [42, None, [], {}, {"meta": {}}, {"json": 1, "meta": 1}]
NO_VERSIONS = [None, [], {"a": 1}, {"a": ["1"]}, {"a": True}]
wrong(HELLO, "hello", protocol=["1", None, 1.5, True, [1]], token=NO_TOKEN, workers=NO_COUNT, leaseMs=NO_TIME, heartbeatMs=NO_TIME)
wrong(INVOKE, "invoke", module=NO_NAME, function=NO_NAME, naiveTimeZone=NO_NAME, modules=[{name: None} for name in NO_NAME])
CASES += [
    accept("hello with integers written as floats", text(HELLO).replace(":1,", ":1.0,").replace(":4,", ":4.0,"), type="hello"),
    accept("proof with integers written as floats", text(PROOF).replace(":0,", ":0.0,"), type="proof"),
    accept("invoke with integers written as floats", text(dict(INVOKE, keep=2)).replace(":2}", ":2.0}"), type="invoke", value=["PATH"]),
    accept("invoke with an object whose id is written as a float", text(dict(INVOKE, args={"json": [{"id": 3}], "meta": {"values": {"0": [["custom", "object"]]}, "v": 1}})).replace(":3}", ":3.0}"),
           type="invoke", value=[{"$": "kept", "kind": "object", "v": 3}]),
    accept("answer with integers written as floats", text(ANSWER).replace(":0,", ":0e0,"), type="answer", value=42),
]
wrong(WELCOME, "welcome", protocol=["1", None, 1.5, True], attach=[None, 1, []], host=[None, "host7", [], {}] + [without(HOST, name) for name in HOST] + [dict(HOST, runtime="ruby"), dict(HOST, pid=-1), dict(HOST, endpoint=1)])
wrong(RESUME, "resume", nonce=NO_HEX)
wrong(CHALLENGE, "challenge", nonce=NO_HEX, received=NO_COUNT, proof=NO_HEX)
wrong(PROOF, "proof", received=NO_COUNT, proof=NO_HEX)
wrong(BYE, "bye", error=[None, "no", [FAILURE], {}, dict(FAILURE, code="no-such-code"), dict(FAILURE, stage="later"), without(FAILURE, "message"), dict(FAILURE, cause=1)])
wrong(INVOKE, "invoke", module=[1, None, ["os"]], function=[1, None, {}], args=NO_ARGS, kwargs=NO_KWARGS, naiveTimeZone=[1, None, {}], modules=NO_VERSIONS,
      returns=["", "handle", "Object", None, True, 1, ["object"]], leaseMs=NO_TIME, keep=NO_COUNT)
wrong(RESULT, "result", outcome=["", "Value", "ok", None, 1, "toString"], value=NO_VALUE, exitCode=["1", None, 1.5, True], signal=[9, None, []], modules=NO_VERSIONS,
      usage=[None, [], {}, {"wallMs": 1, "cpuMs": 1}, {"wallMs": "1", "cpuMs": 1, "maxRssBytes": 1}, {"wallMs": -1, "cpuMs": 1, "maxRssBytes": 1}, {"wallMs": 1, "cpuMs": 1, "maxRssBytes": 0.5}])
wrong(INVOKE, "invoke", each=NO_EACH)
wrong(INVOKE, "invoke", code=NO_CODE)
wrong(RESULT, "result", failures=NO_FAILURES, begun=NO_COUNT)
wrong(PART, "part", value=NO_VALUE + [{"json": 42}, {"json": {}}, {"json": [], "meta": {"values": ["set"], "v": 1}}], failures=NO_FAILURES)
wrong(RAISED, "result", error=[None, "no", [FAILURE], {}, dict(FAILURE, code="no-such-code"), dict(FAILURE, stage="later"), without(FAILURE, "message"), dict(FAILURE, cause=1)])
wrong(ASK, "ask", ask=NO_COUNT, callback=NO_COUNT, args=NO_ARGS, kwargs=NO_KWARGS)
wrong(ANSWER, "answer", ask=NO_COUNT, value=NO_VALUE)
wrong(THREW, "answer", error=[None, "no", [], {}, {"name": "E"}, {"message": "no"}, {"name": 1, "message": "no"}, {"name": "E", "message": None}])

CASES += [
    route("none at all", ""),
    route("an empty object", {}),
    route("every member", ROUTE),
    route("unknown members", dict(ROUTE, later={"a": [1]})),
    route("empty lists", {"env": [], "path": []}),
    route("__proto__ as a member", '{"__proto__":{"on":"1"}}'),
]
CASES.append(route("integers written as floats", '{"on":3.0,"after":1e0}'))
for member, values in {"worker": NO_NAME, "cwd": NO_NAME, "tmp": NO_NAME, "path": [[name] for name in NO_NAME], "env": NO_VARIABLE}.items():
    for value in values:
        CASES.append(route("%s is %s, no name" % (member, json.dumps(value)), {member: value}, "reject"))
for member, value in ROUTE.items():
    CASES.append(route(member + " alone", {member: value}))
for wire in ("null", "[]", "[{}]", '"call"', "1", "true", "{", "{}{}", " ", '{"on":1,"on":1}', '{"on":9007199254740992}', '{"worker":"\n"}', b"\xef\xbb\xbf{}", b'{"worker":"\xff"}', b"\0"):
    CASES.append(route("what is %s" % (wire if isinstance(wire, str) else wire.hex()), wire, "reject"))
CASES.append(route("265 deep", '{"a":' + "[" * 264 + "]" * 264 + "}", "reject", code="limit-exceeded"))
for member, values in {
    "env": [None, {}, {"A": "b"}, [["A", "b"]], [["A", "b", False, 1]], [["A", 1, False]], [[1, "b", False]], [["A", "b", 0]], [["A", "b", None]], ["A=b"]],
    "path": [None, "/bin", [1], [None], {}], "cwd": [1, None, []], "tmp": [1, None, []], "loginEnv": [0, 1, "true", None], "code": NO_CODE,
    "isolation": [None, "", "Call", "none", True, 1, ["call"]], "worker": [None, 1, True, ["a"]], "on": NO_COUNT, "after": NO_COUNT, "keep": [0, 1, "true", None, []],
    "timeoutMs": NO_TIME, "queueMs": NO_TIME, "idleMs": NO_TIME,
}.items():
    for value in values:
        CASES.append(route("%s is %s" % (member, json.dumps(value)), {member: value}, "reject"))
