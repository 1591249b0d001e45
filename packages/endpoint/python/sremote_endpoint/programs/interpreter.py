"""The interpreter that a client holds: a namespace that lasts from snippet to snippet, in a worker of its own."""
import os
import sys
import types
import warnings

from ..host.lazy import load
from ..run.dispatch import Raised
from .rich import Parts
from .snippet import NOTHING, Snippets, as_exception


class Interpreter:
    """
    To its worker it is an iterator, of nothing: what a snippet sets in its process (working directory, signal handlers) is there for the next one, as
    for the steps of a generator.
    """

    def __init__(self):
        module = sys.modules["__main__"] = types.ModuleType("__main__")
        self.names = vars(module)
        self.names["display"] = self.display
        self.snippets = Snippets(self.names)
        self.parts = Parts()
        # Figures are for the client, whatever display the host has.
        os.environ.setdefault("MPLBACKEND", "agg")
        self.is_quiet = False

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration

    def display(self, *values):
        """Shows each value, as the value of a snippet is shown."""
        for value in values:
            self.parts.show(value)

    def run(self, source):
        """What the snippet gave: None where it gave nothing, else an object with its value and parts."""
        parts = self.parts = Parts()
        value = None
        if not self.is_quiet and "show" in source:
            # What `show()` would show, the client gets. Not for all snippets: what is set in the process is put back and set again between them.
            warnings.filterwarnings("ignore", "(FigureCanvasAgg is non-interactive|Matplotlib is currently using agg)")
            self.is_quiet = True
        try:
            try:
                value = self.snippets.run(source)
                if value is not NOTHING and value is not None:
                    self.names["_"] = value
                    parts.show(value)
            finally:
                parts.show_figures(value)
        except KeyboardInterrupt:
            # The worker would end, as it does for a module that was cut off while it was imported: here its state is what matters.
            interrupt = load("run.interrupt")
            interrupt.met = interrupt.in_import = False
            raise
        except SystemExit as error:
            # Of code that shows a value.
            raise as_exception(error)
        found = self.take_parts()
        if value is not NOTHING and value is not None:
            found = found or {"parts": [], "omitted": []}
            found["result"] = load("wire.value_kinds").Attempt(value)
        return found

    def take_parts(self):
        """What was shown since they were last taken: also what a snippet has shown that raised then. None where it is nothing."""
        parts, self.parts = self.parts, Parts()
        return {"parts": parts.parts, "omitted": parts.omitted} if parts.parts or parts.omitted else None

    def ping(self):
        """Says by its answer that the process is there."""

    def set(self, name, value):
        """Sets a variable."""
        self.names[name] = value

    def get(self, name):
        """The value of a variable."""
        if name not in self.names:
            raise Raised(NameError("name %r is not defined" % name), "call")
        return self.names[name]

    def end(self):
        """Ends the process."""
        raise SystemExit(0)


def make():
    return Interpreter()
