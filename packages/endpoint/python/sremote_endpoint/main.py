"""
The modes of the endpoint.

    call [--base DIR] [--marker A B] REQUEST REPLY    runs one call; REQUEST and REPLY are paths or - (PROTOCOL.md, "Carriage")
    session [--base DIR] [--marker A B]               serves calls on standard input and output (SESSION.md)
    probe [--base DIR] [--marker A B]                 facts about the host, as JSON
    install [--base DIR] PAYLOAD                      puts the payload to BASE/endpoint/<sha256>/, prints that directory

Exit status: 0, or with one line on standard error
    90  an error in the endpoint itself       95  the payload is not what it should be
    91  wrong arguments                       96  the interpreter is too old
    92  a file or directory cannot be used    97  a directory of ours is unsafe
    93  the reply cannot be delivered         98  no space is left
    94  the call id belongs to another request, whose reply lies where this one's was to go
    99  the host lacks shipped code; nothing of the function ran, and the call id was not taken
A call whose reply was delivered ends with 0, whatever the outcome in it.
"""
import os
import sys

from .host.home import find_home
from .wire.errors import Refusal

_STATUS = {"unsafe-directory": 97, "disk-full": 98, "install-failed": 95, "call-conflict": 94, "code-missing": 99, "invalid-argument": 91}


def main(argv, endpoint=None):
    """Runs a mode and returns the exit status. `endpoint`: SHA-256 of the payload, where the caller knows it."""
    try:
        mode, options, rest = _read_arguments(argv)
        if mode == "call":
            from .spool.call import call
            return call(options["base"], options["home"], endpoint or _endpoint(), options["marker"], *rest)
        if mode == "session":
            from .session.serve import serve
            return serve(options["base"], endpoint, options["marker"])
        if mode == "worker":
            from .spool.worker import serve_fresh
            return serve_fresh(int(rest[0]), int(rest[1]))
        if mode == "probe":
            from .probe import probe
            return probe(options["base"], options["home"], endpoint or _endpoint(), options["marker"])
        from .install import install_file
        return install_file(rest[0], options["base"])
    except Refusal as refusal:
        return _complain(refusal.message, _STATUS.get(refusal.code, 92))
    except OSError as error:
        return _complain(str(error), 92)
    except Exception as error:  # an error of the endpoint's own: a status that says so, not the interpreter's 1
        return _complain("%s: %s" % (type(error).__name__, error), 90)


def _complain(message, status):
    sys.stderr.write("sremote-endpoint: %s\n" % message.replace("\n", " "))
    return status


class _Usage(Refusal):
    def __init__(self, message):
        Refusal.__init__(self, "invalid-argument", message)


_OPERANDS = {"call": 2, "session": 0, "probe": 0, "install": 1, "worker": 2}


def _read_arguments(argv):
    if not argv or argv[0] not in _OPERANDS:
        raise _Usage("expected a mode: call, probe or install")
    mode, rest = argv[0], list(argv[1:])
    options = {"marker": None, "base": "~/.sremote"}
    while rest and rest[0] in ("--base", "--marker"):
        name = rest.pop(0)
        if len(rest) < (1 if name == "--base" else 2):
            raise _Usage("%s lacks its value" % name)
        if name == "--base":
            options["base"] = rest.pop(0)
        else:
            options["marker"] = (rest.pop(0), rest.pop(0))
    if rest[:1] == ["--"]:
        rest.pop(0)
    if len(rest) != _OPERANDS[mode]:
        raise _Usage("%s takes %d operands, got %d" % (mode, _OPERANDS[mode], len(rest)))
    home = find_home()
    base = options["base"]
    if base == "~" or base.startswith("~/"):
        base = home + base[1:]
    options["base"] = os.path.normpath(os.path.join(home, base))
    options["home"] = home
    return mode, options, rest


def _endpoint():
    """The SHA-256 of the payload this code was installed from, which names its directory; None when run from source."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for path in (root, os.path.dirname(root)):
        name = os.path.basename(path)
        if len(name) == 64 and set(name) <= set("0123456789abcdef"):
            return name
    return None
