"""Runs programs that few calls need, and that come with those calls: they are no part of a payload (docs/decisions/090)."""
from ..host.lazy import load
from ..host.standard import BUILTINS, PACKAGE, ROOT
from .dispatch import Raised

# Those that have come, by their text.
_programs = {}


def run(text, name, *args):
    """What the function of that name in the program returns."""
    program = _programs.get(text)
    if program is None:
        program = {"__builtins__": BUILTINS, "__name__": PACKAGE + ".program", "load": load, "Raised": Raised}
        # Its frames are ours in a traceback.
        exec(compile(text, "%s/%s/program.py" % (ROOT, PACKAGE), "exec", 0, True), program)
        _programs[text] = program
    return program[name](*args)
