"""
Runs the vectors of transfers against what hosts run, with the interpreter that runs this. See README.md.

Prints each failure and then `N passed, M failed`; exit status 1 if one failed.
"""
import io
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "../../../packages/transfer/python"))

import transfer_names  # noqa: E402
import transfer_tree  # noqa: E402
import transfer_wire as wire  # noqa: E402
from transfer_receive import unpacked  # noqa: E402


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


def letter(name):
    words = "".join("_" + each if each.isupper() else each.upper() for each in name)
    return getattr(wire, words)


def frames(vector):
    reader = wire.Wire(io.BytesIO(joined(vector["wire"])), None)
    found = []
    while True:
        frame = reader.read()
        if frame is None:
            return found == [(letter(name), joined(payload)) for name, payload in vector.get("frames", ())]
        found.append(frame)


def batches(vector):
    head, content = unpacked(joined(vector["payload"]))
    return (head, bytes(content).hex()) == (vector.get("head"), vector.get("content"))


def names(vector):
    data = wire.to_bytes(vector["text"])
    return data == bytes.fromhex(vector.get("bytes", "")) and wire.to_text(data) == vector["text"]


def temporaries(vector):
    return transfer_names.is_temporary(wire.to_bytes(vector["name"])) == (vector["of"] is not None)


def paths(vector):
    """Each directory on the way is opened by its name, and `split` gives that name."""
    rest = wire.to_bytes(vector["path"])
    try:
        while rest:
            rest = transfer_tree.split(rest)[0]
    except transfer_tree.Unsafe:
        return vector["verdict"] == "refused"
    return vector["verdict"] == "inside"


def main():
    with open(os.path.join(HERE, "vectors.json"), encoding="utf-8") as file:
        groups = json.load(file)
    passed = failed = 0
    # Listings go to the client alone.
    for check in (frames, batches, names, temporaries, paths):
        for vector in groups[check.__name__]:
            try:
                right, why = check(vector), "something else"
            except (ValueError, EOFError) as error:
                right, why = vector.get("refused", False), repr(error)
            else:
                right = right and not vector.get("refused", False)
            passed += right
            failed += not right
            if not right:
                print("%s: %s: %s" % (check.__name__, vector.get("name", vector.get("path")), why))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


sys.exit(main())
