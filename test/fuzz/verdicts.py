"""What the Python endpoint says of headers and values: one line of JSON for each line on standard input, for the differential fuzzer."""
import base64
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "packages", "endpoint", "python"))
from sremote_endpoint import json_text, value_decode  # noqa: E402
from sremote_endpoint.errors import Refusal  # noqa: E402


def exact(value):
    """The value with -0 as the other side writes it, since == takes it for 0."""
    if type(value) is float and str(value) == "-0.0":
        return {"$": "-0"}
    if type(value) is list:
        return list(map(exact, value))
    return {name: exact(each) for name, each in value.items()} if type(value) is dict else value


def verdict(kind, data, other):
    """The code of the refusal, or whether the value is the one that the other side read."""
    try:
        value, depth = json_text.parse(data)
        if kind == "value":
            value_decode.decode(value, value_decode.Attachments([]), depth)
            return "accepted"
    except Refusal as refusal:
        return refusal.code
    if other is None:
        return "accepted"
    return "accepted" if json.loads(other) == exact(value) else "another value: %.200r" % (value,)


def main():
    for line in sys.stdin:
        kind, data, other = json.loads(line)
        try:
            said = verdict(kind, base64.b64decode(data), other)
        except Exception as error:  # a crash of the codec is a difference like any other
            said = "raised %s: %.200s" % (type(error).__name__, error)
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
