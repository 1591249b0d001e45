#!/usr/bin/env python3
"""Write the conformance vectors of PROTOCOL.md and SESSION.md. See README.md. Shares no code with any codec; standard library only."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from cases import frames, headers, values, arrays, annotations, messages, packets, session_messages, session_values, tables  # noqa: E402

FILES = {
    "frames": frames.CASES,
    "headers": headers.CASES,
    "values": values.CASES,
    "arrays": arrays.CASES,
    "annotations": annotations.CASES,
    "messages": messages.CASES,
    "packets": packets.CASES,
    "session-messages": session_messages.CASES,
    "session-values": session_values.CASES,
    "tables": tables.CASES,
}
DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vectors")


def render(cases):
    return "[\n" + ",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in cases) + "\n]\n"


def main():
    names = set()
    stale = []
    total = rejected = 0
    for file, cases in FILES.items():
        for case in cases:
            if case["name"] in names:
                sys.exit("two vectors are called: " + case["name"])
            names.add(case["name"])
        total += len(cases)
        rejected += sum(case["verdict"] == "reject" for case in cases)
        path = os.path.join(DIRECTORY, file + ".json")
        text = render(cases)
        if "--check" in sys.argv:
            with open(path) as handle:
                if handle.read() != text:
                    stale.append(path)
        else:
            os.makedirs(DIRECTORY, exist_ok=True)
            with open(path, "w") as handle:
                handle.write(text)
    print("%d vectors, %d of them must be refused" % (total, rejected))
    if stale:
        sys.exit("not what the cases say: " + ", ".join(stale))


if __name__ == "__main__":
    main()
