"""What a value shows of itself: text, and what notebooks know of it, HTML, images and the like. Whatever the value does, that ends well."""
import base64
import io
import reprlib
import sys

from ..host.lazy import load
from ..wire.limits import PART_BYTES, PARTS, REPR

_METHODS = (
    ("text/html", "_repr_html_"), ("text/markdown", "_repr_markdown_"), ("text/latex", "_repr_latex_"), ("image/svg+xml", "_repr_svg_"),
    ("image/png", "_repr_png_"), ("image/jpeg", "_repr_jpeg_"), ("application/json", "_repr_json_"),
)
# An object that says to have this one says so of each: a mock, for instance. IPython asks for the same name.
_CANARY = "_ipython_canary_method_should_not_exist_"
# So many values in lists and the like are written in full; of more, the first ones.
_FULL = 10000


class Parts:
    """Parts of one snippet's result, with what was left out of them, and why."""

    def __init__(self):
        self.parts = []
        self.omitted = []
        self.size = 0
        self.shown = 0

    def show(self, value):
        """All that the value shows of itself. Parts of the same value have the same number."""
        for kind, data in self._bundle(value):
            self._add(kind, data)
        self._show_text(value)
        self.shown += 1

    def _show_text(self, value):
        text = self._ask("text/plain", "__repr__", _text, value)
        if text is not None:
            self._add("text/plain", text)

    def _bundle(self, value):
        kind = type(value)
        if issubclass(kind, type) or _has(kind, _CANARY):
            return []
        found = {}
        if _has(kind, "_repr_mimebundle_"):
            made = self._ask("*/*", "_repr_mimebundle_", lambda: value._repr_mimebundle_(include=None, exclude=None))
            made = made[0] if type(made) is tuple and made else made
            if issubclass(type(made), dict):
                found.update((name, data) for name, data in dict.items(made) if type(name) is str and name != "text/plain")
        for name, method in _METHODS:
            if name not in found and _has(kind, method):
                made = self._ask(name, method, lambda: getattr(value, method)())
                if made is not None:
                    # IPython takes (data, metadata) too.
                    found[name] = made[0] if type(made) is tuple and made else made
        if not found and _is_figure(kind):
            found["image/png"] = self._ask("image/png", "savefig", _png, value)
        return [each for each in found.items() if each[1] is not None]

    def _ask(self, kind, what, function, *args):
        """What code of the user's gives, None where it raises."""
        try:
            return function(*args)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            told = load("run.failure").describe(error, "raised", "call")
            self._omit(kind, "%s raised %s: %s" % (what, told["type"], told["message"][:1000]))
            return None

    def _omit(self, kind, reason):
        if len(self.omitted) < PARTS:
            self.omitted.append({"type": kind[:100], "reason": reason, "display": self.shown})

    def _add(self, kind, data):
        is_text, is_bytes = issubclass(type(data), str), issubclass(type(data), (bytes, bytearray))
        if is_text:
            data = str.__str__(data)
            if kind.startswith("image/") and not kind.endswith("+xml"):
                data = self._ask(kind, "base64", base64.b64decode, data)
                if data is None:
                    return
        elif is_bytes:
            data = bytes(memoryview(data))
        elif kind == "application/json" or kind.endswith("+json"):
            data = load("wire.value_kinds").Attempt(data)
        else:
            return self._omit(kind, "a %s is neither text nor bytes" % type(data).__name__)
        size = len(data) if is_text or is_bytes else 0
        if len(self.parts) >= PARTS:
            return self._omit(kind, "there are %d parts already" % PARTS)
        part = {"type": kind[:100], "data": data, "display": self.shown}
        if kind == "text/plain" and size > REPR:
            part.update(data=data[:REPR], truncated=True)
            size = REPR
        if self.size + size > PART_BYTES:
            return self._omit(kind, "%d bytes are too many: all parts may have %d together" % (size, PART_BYTES))
        self.size += size
        self.parts.append(part)

    def show_figures(self, value):
        """Figures that pyplot has open are shown and closed, but for one that is the value: that was shown."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        numbers = self._ask("image/png", "get_fignums", lambda: list(pyplot.get_fignums())) if pyplot is not None else None
        for number in numbers or ():
            figure = self._ask("image/png", "figure", pyplot.figure, number)
            if figure is not None and figure is not value:
                self.show(figure)
        if numbers:
            self._ask("image/png", "close", pyplot.close, "all")


def _has(kind, name):
    try:
        return callable(getattr(kind, name, None))
    except Exception:  # a metaclass of the user's
        return False


def _is_figure(kind):
    return issubclass(kind, getattr(sys.modules.get("matplotlib.figure"), "Figure", ()))


def _png(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight")
    return file.getvalue()


class _Short(reprlib.Repr):
    """For what is too large to be written in full. In the order that it has: reprlib's own sorts."""

    def __init__(self):
        reprlib.Repr.__init__(self)
        self.maxlevel = 20
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdict = self.maxdeque = self.maxarray = 1000
        self.maxstring = self.maxlong = self.maxother = 1000

    def repr_dict(self, value, level):
        pairs = ["%s: %s" % (self.repr1(key, level - 1), self.repr1(value[key], level - 1)) for key, _ in zip(value, range(self.maxdict))]
        return "{%s}" % ", ".join(pairs + ["..."] * (len(value) > self.maxdict)) if level > 0 else "{...}"


def _text(value):
    if type(value) is str and len(value) > REPR:
        value = value[:REPR]
    return repr(value) if _is_small(value) else _Short().repr(value)


def _is_small(value):
    """Whether the built-in containers in it hold few values altogether."""
    left, count = [value], 0
    while left:
        each = left.pop()
        kind = type(each)
        if kind in (str, bytes, bytearray) and len(each) > REPR:
            return False
        if kind in (list, tuple, set, frozenset, dict):
            count += len(each)
            if count > _FULL:
                return False
            left.extend(each)
            if kind is dict:
                left.extend(each.values())
    return True
