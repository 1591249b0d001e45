"""Runs snippets as a notebook does: all of their statements, and the value of the last one where that is an expression."""
import __future__
import ast
import linecache

from ..host.lazy import load
from ..run.dispatch import Raised
from ..wire.limits import SNIPPET_LINES

_COROUTINE = 0x80
_AWAIT = getattr(ast, "PyCF_ALLOW_TOP_LEVEL_AWAIT", 0)  # from 3.8 on
_TREE = ast.PyCF_ONLY_AST | _AWAIT
_FUTURE = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names} - {0, 0x10})
_BLANKS = frozenset(" \t\r\n")
# Stands for the value of a snippet that ends with a statement.
NOTHING = object()


class Snippets:
    """Snippets of one namespace, numbered from 1."""

    def __init__(self, names):
        self.names = names
        self.count = 0
        # What `from __future__ import` has set so far.
        self.flags = 0
        self.kept = []
        self.size = 0

    def run(self, source, variables=()):
        """The value of the last expression, or NOTHING. Raises what the snippet raises. `variables` must be used by it."""
        # An indented one begins with an empty line, or with what it is indented by.
        codes = self._compile(_dedent(source) if source[:1] in _BLANKS else source, variables)
        found = NOTHING
        try:
            for code, _ in codes:
                if code.co_flags & _COROUTINE:
                    return load("run.event_loop").run(self._run_async(codes))
            for code, gives in codes:
                value = eval(code, self.names)
                found = value if gives else NOTHING
            return found
        except SystemExit as error:
            raise as_exception(error)

    async def _run_async(self, codes):
        found = NOTHING
        try:
            for code, gives in codes:
                value = eval(code, self.names)
                if code.co_flags & _COROUTINE:
                    value = await value
                found = value if gives else NOTHING
        except SystemExit as error:
            # In here, so that it does not end the event loop.
            raise as_exception(error)
        return found

    def _compile(self, source, variables):
        """A list of (code, whether it gives the value)."""
        self.count += 1
        name = "<snippet %d>" % self.count
        self._remember(name, source)
        tree = compile(source, name, "exec", _TREE | self.flags, True)
        if variables:
            _check_used(tree, variables)
        body = tree.body
        last = body.pop() if body and type(body[-1]) is ast.Expr else None
        codes = [(self._code(tree, name, "exec"), False)] if body else []
        if last is not None:
            codes.append((self._code(ast.Expression(last.value), name, "eval"), not source.rstrip().endswith(";")))
        return codes

    def _code(self, tree, name, mode):
        code = compile(tree, name, mode, self.flags | _AWAIT, True)
        self.flags |= code.co_flags & _FUTURE
        return code

    def _remember(self, name, source):
        """For tracebacks, of functions that earlier snippets have defined too."""
        lines = [line + "\n" for line in source.split("\n")]
        linecache.cache[name] = len(source), None, lines, name
        self.kept.append((name, len(source)))
        self.size += len(source)
        while self.size > SNIPPET_LINES and len(self.kept) > 1:
            oldest, size = self.kept.pop(0)
            self.size -= size
            linecache.cache.pop(oldest, None)


def as_exception(error):
    """The end of a snippet is not that of its process: an exception that looks like the SystemExit."""
    kind = type("SystemExit", (Exception,), {"__module__": "builtins", "code": error.code})
    return Raised(kind(*error.args).with_traceback(error.__traceback__), "call")


def _dedent(source):
    """Without the indentation of its first line: a snippet often stands within an indented program."""
    lines = source.split("\n")
    first = next((line for line in lines if line.strip()), "")
    indent = first[:len(first) - len(first.lstrip(" \t"))]
    if not indent:
        return source
    return "\n".join(line[len(indent):] if line.startswith(indent) else line for line in lines)


def _check_used(tree, variables):
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for index, name in enumerate(variables):
        if name not in used:
            raise load("wire.errors").Refusal(
                "bad-arguments", "interpolated value %d stands in a string or a comment, where it would be the text %r" % (index + 1, name), "arguments",
                hint='values are variables of the snippet: write f"{${x}}" or str(${x})')


def evaluate(source, *values):
    """Runs one snippet by itself, in which `values` are the variables `__0`, `__1` and so on. Its value, None where it has none."""
    names = dict(zip(map("__%d".__mod__, range(len(values))), values))
    found = Snippets(dict(names, __name__="__main__")).run(source, names)
    return None if found is NOTHING else found
