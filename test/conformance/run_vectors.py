"""
Runs the conformance vectors against the Python endpoint's code, with the interpreter that runs this. See README.md.

Prints each failure and then `N passed, M failed`; exit status 1 if one failed. `--without-heavy` leaves out the heavy ones, and says how many.
"""
import datetime
import json
import os
import re
import struct
import sys
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "../../packages/endpoint/python"))

from sremote_endpoint.wire import json_text, value_decode  # noqa: E402
from sremote_endpoint.wire.errors import Refusal  # noqa: E402
from sremote_endpoint.wire.frame import read_frame, split_frame  # noqa: E402
from sremote_endpoint.wire.limits import BODY  # noqa: E402
from sremote_endpoint.spool.call_message import check_call  # noqa: E402
from sremote_endpoint.wire.value_encode import Encoder  # noqa: E402
from tests.reply_check import Wrong, check_reply  # noqa: E402

import session_vectors  # noqa: E402
import table_cells  # noqa: E402


def joined(parts):
    pieces = []
    for part in parts:
        if "hex" in part:
            pieces.append(bytes.fromhex(part["hex"]))
        elif "text" in part:
            pieces.append(part["text"].encode("utf-8"))
        else:
            pieces.append(bytes.fromhex(part["repeat"]) * part["count"])
    return b"".join(pieces)


def read_whole(data, limit):
    """One frame and nothing behind it, read as from a pipe."""
    place = [0]

    def read_into(view):
        part = data[place[0]:place[0] + len(view)]
        view[:len(part)] = part
        place[0] += len(part)
        return len(part)

    frame = read_frame(read_into, limit)
    if place[0] != len(data):
        frame = frame + data[place[0]:]
    return split_frame(frame, limit)


def run_frame(vector):
    header, parts = read_whole(joined(vector["wire"]), vector.get("maxBody", BODY))
    parsed = json_text.parse(header)[0]
    if type(parsed) is not dict or type(parsed.get("type")) is not str:
        raise Refusal("protocol-error", "the header must be an object with a type")
    return {"header": parsed, "attachments": [bytes(part).hex() for part in parts]}


def run_value(vector):
    text = b'{"type":"value","value":' + joined(vector["wire"]["json"]) + b"}"
    header, depth = json_text.parse(text)
    parts = [memoryview(bytearray(joined(part))) for part in vector["wire"]["attachments"]]
    return value_decode.decode(header["value"], value_decode.Attachments(parts), depth)


def run_message(vector):
    header, depth = json_text.parse(joined(vector["wire"]["json"]))
    attachments = value_decode.Attachments([memoryview(bytearray(joined(part))) for part in vector["wire"]["attachments"]])
    if type(header) is dict and header.get("type") == "reply":
        check_reply(header, attachments)
        return value_decode.decode(header["value"], attachments, depth) if "value" in header else None
    check_call(header)
    args = value_decode.decode(header["args"], attachments, depth)
    kwargs = value_decode.decode(header["kwargs"], attachments, depth) if "kwargs" in header else {}
    if type(args) is not list or type(kwargs) is not dict or not all(type(name) is str for name in kwargs):
        raise Refusal("protocol-error", "args must be an array and kwargs an object")
    return args


RUN = {
    "frame": run_frame, "value": run_value, "message": run_message,
    "packets": lambda vector: session_vectors.run_packets(vector, joined), "route": lambda vector: session_vectors.run_route(vector, joined),
    "session-message": lambda vector: session_vectors.run_message(vector, joined),
}


def hashable(expected):
    """The notation of a member of a set, or of a key, as what Python holds."""
    if isinstance(expected, list):
        return tuple(map(hashable, expected))
    if isinstance(expected, dict) and expected["$"] == "set":
        return frozenset(map(hashable, expected["v"]))
    return from_notation(expected)


def from_notation(expected):
    """The Python value that the notation means."""
    if isinstance(expected, list):
        return list(map(from_notation, expected))
    if not isinstance(expected, dict):
        return expected
    kind, value = expected["$"], expected.get("v")
    if kind in ("object", "error"):
        return {name: from_notation(inner) for name, inner in value}
    if kind == "float":
        return float(value)
    if kind == "bigint":
        sign, digits, number = value.startswith("-"), value.lstrip("-"), 0
        for start in range(0, len(digits), 500):
            number = number * 10 ** len(digits[start:start + 500]) + int(digits[start:start + 500])
        return -number if sign else number
    if kind == "undefined":
        return None
    if kind == "date":
        whole, fraction = value[:-1].split(".")
        moment = datetime.datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S")
        return moment.replace(microsecond=int(fraction.ljust(6, "0")), tzinfo=datetime.timezone.utc)
    if kind == "regexp":
        flags = sum(getattr(re, flag.upper()) for flag in expected["flags"] if flag in "ims")
        return re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", expected["source"]).replace("\\/", "/"), flags)
    if kind == "url":
        return urllib.parse.urlparse(value)
    if kind == "set":
        return set(map(hashable, value))
    if kind == "map":
        return {hashable(key): from_notation(inner) for key, inner in value}
    if kind == "bytes":
        return bytes.fromhex(value)
    if kind == "kept":
        return session_vectors.Kept(expected["kind"], value)
    if kind == "table":
        return table_cells.Table(expected, from_notation)
    return Array(expected)


class Array:
    """An array to compare with, whatever holds it."""

    def __init__(self, expected):
        self.expected = expected
        self.data = bytes.fromhex(expected["v"])

    def matches(self, value):
        expected = self.expected
        if type(value).__module__ == "numpy":
            order = expected.get("order", "C")
            shape = list(value.shape)
            return (value.dtype.name == expected["dtype"] and value.tobytes(order) == self.data
                    and (shape == expected["shape"] if "shape" in expected else value.ndim == 1))
        if isinstance(value, memoryview):
            return value.tobytes() == self.data and (list(value.shape) == expected["shape"] if "shape" in expected else value.ndim == 1)
        return value.tobytes() == self.data and "shape" not in expected


def same(value, expected):
    """Are they the same in every bit? int, float and bool are not the same, nor are 0.0 and -0.0."""
    if isinstance(expected, (Array, session_vectors.Kept, table_cells.Table)):
        return expected.matches(value)
    if type(value) is not type(expected):
        return False
    if type(value) is float:
        return struct.pack("<d", value) == struct.pack("<d", expected) or value != value and expected != expected
    if type(value) in (list, tuple):
        return len(value) == len(expected) and all(map(same, value, expected))
    if type(value) is dict:
        if len(value) != len(expected):
            return False
        # In order: the members of an object and of a map have one.
        return all(same(a, b) and same(value[a], expected[b]) for a, b in zip(value, expected))
    if type(value) in (set, frozenset):
        return len(value) == len(expected) and sorted(map(repr, value)) == sorted(map(repr, expected))
    return value == expected


def check_canonical(vector, value):
    """The encoder's wire is exactly the vector's: members in the same order, numbers written alike, the same attachments."""
    attachments = []
    made = json_text.dump(Encoder(attachments).encode(value, "return"))
    ordered = dict(object_pairs_hook=lambda pairs: pairs, parse_float=lambda text: ("float", float(text)))
    wanted = json.loads(joined(vector["wire"]["json"]).decode("utf-8"), **ordered)
    found = json.loads(made.decode("utf-8"), **ordered)
    if repr(found) != repr(wanted):
        return "encodes as %s" % made[:300]
    if [bytes(part) for part in attachments] != [joined(part) for part in vector["wire"]["attachments"]]:
        return "encodes with other attachments"
    return None


def failure_of(vector):
    """None, or what is wrong."""
    try:
        value = RUN[vector["kind"]](vector)
    except (Refusal, Wrong) as refusal:
        if needs_pandas(vector, refusal):
            return None
        if vector["verdict"] == "reject":
            return None if refusal.code == vector["code"] else "rejected with %s, not %s: %s" % (refusal.code, vector["code"], refusal)
        return None if needs_numpy(vector, refusal) else "rejected with %s: %s" % (refusal.code, refusal)
    if vector["verdict"] == "reject":
        return "accepted, as %.200r" % (value,)
    if "value" not in vector or vector["kind"] == "packets":
        return None
    if vector["kind"] == "frame":
        return compare_frame(value, vector["value"])
    if not same(value, from_notation(vector["value"])):
        return "means %.300r" % (value,)
    if "python" in vector.get("canonical", ()):
        return check_canonical(vector, value)
    return None


def needs_pandas(vector, refusal):
    """Without numpy nothing of a table is looked at, and without pandas none is made."""
    if not vector["name"].startswith("table: ") or refusal.code != "unsupported":
        return False
    return "numpy" not in sys.modules or vector["verdict"] == "accept" and "pandas" not in sys.modules


def needs_numpy(vector, refusal):
    """Without numpy the standard library has nothing to hold these arrays: a refusal that says so is what they get."""
    if "numpy" in sys.modules or refusal.code != "unsupported":
        return False
    value = vector["value"]
    shape = value.get("shape", [])
    held = value["dtype"] not in ("float16", "complex64", "complex128") and "[" not in value["dtype"] and not (len(shape) > 1 and 0 in shape)
    return not held or value.get("order") == "F" and len(shape) > 1


def compare_frame(found, expected):
    if found["attachments"] != expected["attachments"]:
        return "has attachments %.300r" % (found["attachments"],)
    header = expected["header"]
    if not same(found["header"], from_notation(header) if isinstance(header, dict) and "$" in header else header):
        return "has the header %.300r" % (found["header"],)
    return None


def main():
    passed = failed = left_out = heavy = 0
    for name in sorted(os.listdir(HERE + "/vectors")):
        with open("%s/vectors/%s" % (HERE, name), "rb") as file:
            vectors = json.loads(file.read().decode("utf-8"))
        for vector in vectors:
            vector.update(vector.get("python", {}))
            if vector.get("sender") == "host" and vector["kind"] == "packets":
                left_out += 1
                continue
            if vector.get("heavy") and "--without-heavy" in sys.argv[1:]:
                heavy += 1
                continue
            try:
                wrong = failure_of(vector)
            except Exception as error:  # a crash of the codec is a failed vector like any other
                wrong = "raised %s: %s" % (type(error).__name__, error)
            if wrong is None:
                passed += 1
            else:
                failed += 1
                sys.stdout.write("%s: %s: %s\n" % (name, vector["name"], wrong.encode("ascii", "backslashreplace").decode()))
    sys.stdout.write("numpy %s\n" % (sys.modules["numpy"].__version__ if "numpy" in sys.modules else "is not installed"))
    sys.stdout.write("pandas %s\n" % (sys.modules["pandas"].__version__ if "pandas" in sys.modules else "is not installed"))
    sys.stdout.write("left out, since only clients read such packets: %d vectors\n" % left_out)
    sys.stdout.write("left out, since they are heavy: %d vectors\n" % heavy)
    sys.stdout.write("%d passed, %d failed\n" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
