"""Values that stay where they are: SESSION.md, "Objects, iterators, callbacks, results". Accepted in their direction, refused in the other and over the spool."""

from json import dumps as json_text

from .describe import reject as reject_value
from .messages import CALL, REPLY, reject as reject_spool
from .session_messages import ANSWER, ASK, INVOKE, RESULT, accept, reject

# In arguments, and in results, with what they mean.
FROM_CLIENT = {"object": {"id": 3}, "iterator": {"id": 3}, "callback": {"id": 3}, "result": {"stream": 3}}
FROM_HOST = {"object": {"id": 3, "type": "module.Class"}, "iterator": {"id": 3}}
ALL = {"object": {"id": 3, "type": "module.Class"}, "iterator": {"id": 3}, "callback": {"id": 3}, "result": {"stream": 3}}


def wire(json, values):
    return {"json": json, "meta": {"values": values, "v": 1}}


def first(kind, json):
    """Arguments of which the first is this."""
    return wire([json], {"0": [["custom", kind]]})


def kept(kind, number=3):
    return {"$": "kept", "kind": kind, "v": number}


def found(kind):
    """In its worker an iterator is an object like others."""
    return kept("object" if kind == "iterator" else kind)


CASES = []
for kind, json in ALL.items():
    top = wire(json, [["custom", kind]])
    CASES += [
        reject_value("value", "session: %s as a value of the spool" % kind, top),
        reject_value("value", "session: %s within a value of the spool" % kind, wire({"a": [json]}, {"a.0": [["custom", kind]]})),
        reject_spool("call with a session's " + kind, dict(CALL, args=first(kind, json))),
        reject_spool("call with a session's %s as a keyword" % kind, dict(CALL, kwargs=wire({"a": json}, {"a": [["custom", kind]]}))),
        reject_spool("reply with a session's " + kind, dict(REPLY, value=top)),
    ]
    result = dict(RESULT, value=top)
    if kind in FROM_CLIENT:
        CASES.append(accept("invoke with an argument that is of kind " + kind, dict(INVOKE, args=first(kind, FROM_CLIENT[kind])), value=[found(kind)]))
        CASES.append(accept("invoke with a keyword that is of kind " + kind, dict(INVOKE, kwargs=wire({"a": FROM_CLIENT[kind]}, {"a": [["custom", kind]]}))))
        CASES.append(accept("invoke with unknown members of kind " + kind, dict(INVOKE, args=first(kind, dict(FROM_CLIENT[kind], later=1))), value=[found(kind)]))
        CASES.append(accept("invoke with an inner part of kind " + kind, dict(INVOKE, args=wire([{"a": [FROM_CLIENT[kind], 1]}], {"0.a.0": [["custom", kind]]})), value=[{"$": "object", "v": [["a", [found(kind), 1]]]}]))
        number = next(iter(FROM_CLIENT[kind]))
        for wrong in ({}, [3], 3, "3", None, {number: "3"}, {number: None}, {number: 1.5}, {number: True}, {number: [3]}):
            CASES.append(reject("invoke with a %s written as %s" % (kind, json_text(wrong)), "invoke", dict(INVOKE, args=first(kind, wrong))))
        CASES.append(reject("invoke with annotations in a " + kind, "invoke", dict(INVOKE, args=wire([dict(FROM_CLIENT[kind], a=None)], {"0": [["custom", kind], {"b": ["undefined"]}]}))))
    if kind in FROM_HOST:
        CASES.append(accept("result that is of kind " + kind, result, value=kept(kind)))
        CASES.append(accept("result with unknown members of kind " + kind, dict(RESULT, value=wire(dict(FROM_HOST[kind], later=1), [["custom", kind]])), value=kept(kind)))
        for wrong in ({}, [3], 3, "3", None, {"id": "3"}, {"id": None}, {"id": 1.5}, {"id": True}, {"id": [3]}):
            CASES.append(reject("result with %s written as %s" % (kind, json_text(wrong)), "result", dict(RESULT, value=wire(wrong, [["custom", kind]]))))
    else:
        CASES.append(reject("result that is of kind " + kind, "result", result))
    CASES.append(reject("ask with an argument that is of kind " + kind, "ask", dict(ASK, args=first(kind, json))))
    CASES.append(reject("answer that is of kind " + kind, "answer", dict(ANSWER, value=top)))
for name in ("Object", "handle", "callback ", "toString", "__proto__", ""):
    CASES.append(reject("invoke with an argument of the unknown kind %r" % name, "invoke", dict(INVOKE, args=first(name, {"id": 3}))))
    CASES.append(reject("result of the unknown kind %r" % name, "result", dict(RESULT, value=wire({"id": 3}, [["custom", name]]))))
