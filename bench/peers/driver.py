"""The line protocol between the benchmark and a peer's driver: one JSON request on a line, one JSON answer on a line.

A peer is an object with `is_open`, `open(compression, fair)`, `call(module, function, args)`, `outstanding(count)`, `many(count)` and `close()`. Times are taken here,
beside the peer's own API, so that this protocol costs the peer nothing. They are in milliseconds.
"""
import json
import os
import sys
import time

KEY_EXCHANGE = "KexAlgorithms=curve25519-sha256"


def serve(peer):
    # What a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = ACTIONS[request.pop("do")](peer, **request)
        except Exception as error:
            answer = {"error": "%s: %s" % (type(error).__name__, error)}
        answers.write(json.dumps(answer) + "\n")
    if peer.is_open:
        peer.close()


def elapsed(work):
    begin = time.perf_counter()
    result = work()
    return (time.perf_counter() - begin) * 1000, result


def open_connection(peer, compression=False, fair=False):
    """Connects and makes a first call."""

    def work():
        peer.open(compression, fair)
        return peer.call("os", "getpid", ())

    milliseconds, _ = elapsed(work)
    return {"ms": milliseconds}


def warm(peer, count):
    pid = peer.call("os", "getpid", ())
    times = []
    for _ in range(count):
        milliseconds, answer = elapsed(lambda: peer.call("os", "getpid", ()))
        assert answer == pid, "another process answered"
        times.append(milliseconds)
    return {"times": times}


def outstanding(peer, count):
    """So many calls of os.getpid, all asked before the first is awaited."""
    milliseconds, answers = elapsed(lambda: peer.outstanding(count))
    assert len(answers) == count and len(set(answers)) == 1, "not every call was answered"
    return {"ms": milliseconds}


def many(peer, count):
    """So many calls of abs with a number each, all asked before the first is awaited."""
    milliseconds, answers = elapsed(lambda: peer.many(count))
    assert answers == list(range(count)), "not every call was answered"
    return {"ms": milliseconds}


def echo(peer, size):
    content = os.urandom(1 << 20) * (size >> 20)
    milliseconds, answer = elapsed(lambda: peer.call("copy", "copy", (peer.binary(content),)))
    assert answer == content, "the bytes came back changed"
    return {"ms": milliseconds}


def close(peer):
    peer.close()
    return {}


ACTIONS = {"open": open_connection, "warm": warm, "outstanding": outstanding, "many": many, "echo": echo, "close": close}
