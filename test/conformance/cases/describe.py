"""How cases are written down: bytes as parts, values in the neutral notation."""

import json

TS = "typescript"
PY = "python"
BOTH = [TS, PY]


def parts(content):
    """A str, bytes, (hex, count) or list of these, as parts of a vector."""
    if isinstance(content, str):
        return [{"text": content}] if content else []
    if isinstance(content, (bytes, bytearray)):
        return [{"hex": bytes(content).hex()}] if content else []
    if isinstance(content, tuple):
        return [{"repeat": content[0].hex(), "count": content[1]}] if content[1] else []
    return [part for item in content for part in parts(item)]


def expand(content):
    """The bytes that parts stand for."""
    out = bytearray()
    for part in parts(content):
        if "text" in part:
            out += part["text"].encode("utf-8")
        elif "hex" in part:
            out += bytes.fromhex(part["hex"])
        else:
            out += bytes.fromhex(part["repeat"]) * part["count"]
    return bytes(out)


class Missing:
    pass


def _wire(text, attachments):
    if not isinstance(text, (str, bytes, tuple, list)):
        text = json.dumps(text, separators=(",", ":"))
    return {"json": parts(text), "attachments": [parts(item) for item in attachments]}


def accept(kind, name, text, value=Missing, attachments=(), canonical=(), **more):
    case = {"name": name, "kind": kind, "wire": _wire(text, attachments), "verdict": "accept"}
    if value is not Missing:
        case["value"] = value
    if canonical:
        case["canonical"] = list(canonical)
    case.update(more)
    return case


def reject(kind, name, text, code="protocol-error", attachments=(), **more):
    case = {"name": name, "kind": kind, "wire": _wire(text, attachments), "verdict": "reject", "code": code}
    case.update(more)
    return case


def obj(*pairs):
    return {"$": "object", "v": [list(pair) for pair in pairs]}


def flt(text):
    return {"$": "float", "v": text}


def big(number):
    return {"$": "bigint", "v": str(number)}


def set_(*items):
    return {"$": "set", "v": list(items)}


def map_(*pairs):
    return {"$": "map", "v": [list(pair) for pair in pairs]}


def date(text):
    return {"$": "date", "v": text}


UNDEFINED = {"$": "undefined"}
