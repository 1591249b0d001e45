"""Runs a script as `python3 script.py` does. It comes with the calls that need it."""
import builtins
import os
import sys


def run(digest, path, args):
    """The exit status of the script, which is a file of a tree of shipped code."""
    full = "%s/code/%s/%s" % (os.environ["SREMOTE_BASE"], digest, path)
    main = type(sys)("__main__")
    main.__dict__.update(__file__=full, __builtins__=builtins, __cached__=None)
    sys.modules["__main__"] = main
    sys.argv = [full] + args
    sys.path.insert(0, os.path.dirname(full))
    with open(full, "rb") as file:
        source = file.read()
    try:
        exec(compile(source, full, "exec", 0, True), main.__dict__)
    except SystemExit as error:
        return _status(error.code)
    return 0


def _status(code):
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xff
    sys.stderr.write("%s\n" % (code,))
    return 1
