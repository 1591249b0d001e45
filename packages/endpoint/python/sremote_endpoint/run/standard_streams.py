"""
`sys.stdout` and `sys.stderr` of a function: what is printed is sent line by line, as to a terminal, since it may be watched live, and so that it stands
in the order in which Python, compiled code and other processes write it. User code may replace, close or detach them; the next call finds them whole.
"""
import io
import sys
from _thread import get_ident

from ..host.lazy import load
from ..host.standard import loaded
from . import compiled

_current = {}
# Those of stdout, stderr and stdin.
_ours = (None, None, None)
# Threads that earlier calls left at work: what these print is not for the call that runs.
_late = set()


class _Stream(io.TextIOWrapper):
    pass


class _Sifted(io.TextIOWrapper):
    def write(self, text):
        return len(text) if get_ident() in _late else io.TextIOWrapper.write(self, text)


def _lasting(kind):
    """Closing it, or dropping the last object that writes to it, leaves it open for others."""
    return type(kind.__name__, (kind,), {"close": kind.flush})


_Buffer, _Raw = _lasting(io.BufferedWriter), _lasting(io.FileIO)


def install():
    for name, fd in (("stdout", 1), ("stderr", 2)):
        old = getattr(sys, name)
        if old is None:
            continue
        flush(old)
        raw = _Raw(fd, "w", closefd=False)
        raw.name = "<%s>" % name
        # Python's option -u.
        direct = isinstance(getattr(old, "buffer", None), io.RawIOBase)
        _make(name, raw if direct else _Buffer(raw), old.encoding, old.errors, direct)
    _current["stdin"] = (sys.stdin, None)
    _know()


def _know():
    global _ours
    _ours = tuple(_current[name][0] if name in _current else None for name in ("stdout", "stderr", "stdin"))


def _make(name, buffer, encoding, errors, direct):
    stream = _Stream(buffer, encoding, errors, newline="\n", line_buffering=True, write_through=direct)
    stream.mode = "w"
    _current[name] = stream, (buffer, encoding, errors, direct)
    setattr(sys, name, stream)
    setattr(sys, "__%s__" % name, stream)


def flush(stream):
    try:
        stream.flush()
    except Exception:  # closed, or replaced by something without flush; the answer matters more
        pass


def are_ours():
    """Did a call leave them as they are?"""
    out, err, given = _ours
    try:
        return sys.stdout is out and sys.stderr is err and sys.stdin is given and not (out.closed or err.closed or given.closed)
    except (AttributeError, ValueError):  # there is none, or it was detached
        return False


def flush_all():
    """Everything that user code has printed leaves this process, what compiled code has printed too."""
    if not _flush_ours():
        for name in ("stdout", "stderr"):
            stream, original = getattr(sys, name, None), getattr(sys, "__%s__" % name, None)
            flush(stream)
            if stream is not original:
                flush(original)
    if compiled.is_needed():
        load("run.compiled_output").flush()


def _flush_ours():
    """In the usual case flushes them. False where they are not ours, or cannot be flushed."""
    out, err, _ = _ours
    try:
        if sys.stdout is not out or sys.__stdout__ is not out or sys.stderr is not err or sys.__stderr__ is not err:
            return False
        out.flush()
        err.flush()
        return True
    except Exception:  # as `flush`
        return False


def restore():
    """Puts back what a call has replaced or made unusable. What it had in its place, by name."""
    found = {}
    for name, (stream, parts) in tuple(_current.items()):
        now = getattr(sys, name, None)
        try:
            usable = stream is None or not stream.closed
        except ValueError:  # detached
            usable = False
        if now is stream and usable:
            continue
        if now is not stream:
            found[name] = now
        if not usable:
            if parts:
                _make(name, *parts)
            else:
                _current[name] = (io.open(0, closefd=False), None)
            stream = _current[name][0]
        setattr(sys, name, stream)
        setattr(sys, "__%s__" % name, stream)
    _know()
    return found


def is_sifted():
    return bool(_late)


def sift():
    """After a call: notes which threads are still at work, so that they print into no other one. One that waits to be given work is not."""
    ours, frames = get_ident(), sys._current_frames()
    _late.clear()
    for ident, frame in frames.items():
        if ident != ours and not _waits(frame):
            _late.add(ident)
    for name in ("stdout", "stderr"):
        if name in _current:
            _current[name][0].__class__ = _Sifted if _late else _Stream


def _waits(frame):
    """In the standard library, and not for a time only."""
    module = loaded(frame.f_globals.get("__name__"))
    return module is not None and vars(module) is frame.f_globals and frame.f_locals.get("timeout") is None
