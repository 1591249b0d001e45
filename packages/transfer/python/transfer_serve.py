"""Serves the client's requests, one after the other, until its input ends."""
import json
import os
import signal
import sys

from transfer_delta import Delta
from transfer_list import Digests, hash_files, list_trees
from transfer_receive import receive_files
from transfer_send import send_files
from transfer_wire import END, Wire, described


def stop(*_):
    raise SystemExit(1)


def serve(source, marker):
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, stop)
    wire = Wire(source, 1)
    digests = Digests()
    delta = Delta()
    requests = {
        "list": list_trees,
        "hash": lambda wire, request: hash_files(wire, request, digests),
        "send": lambda wire, request: send_files(wire, request, digests),
        "delta": lambda wire, request: delta.serve(wire, request, digests),
        "receive": lambda wire, request: receive_files(wire, request, digests),
    }
    try:
        os.write(1, marker)
        while True:
            frame = wire.read()
            if frame is None:
                return 0
            request = json.loads(frame[1].decode("utf-8"))
            try:
                requests[request["op"]](wire, request)
            except BrokenPipeError:
                raise
            except OSError as error:
                wire.send_json(END, {"error": described(error)})
    except (EOFError, BrokenPipeError):
        return 1  # The client is gone; what was unfinished has been seen to.
    finally:
        delta.drop()


sys.exit(serve(source, marker))  # noqa: F821  Both are given by what starts this program.
