"""An exception as the `error` of a reply (PROTOCOL.md, "Failure"). Never fails itself, whatever the exception does."""
import os

from .limits import TEXT

FRAMES = 100
CHAIN = 16
_OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep


def describe(error, code, stage):
    """The failure of `error`. At most 16 exceptions of its chain and groups, 100 frames each, strings cut at 64 KiB."""
    return _describe(error, code, stage, set(), [CHAIN])


def _describe(error, code, stage, seen, left):
    seen.add(id(error))
    left[0] -= 1
    kind = type(error)
    found = {
        "code": code, "stage": stage, "message": cut(_text(error)),
        "type": cut(str(kind.__qualname__)), "module": cut(str(kind.__module__)), "frames": _frames(error),
    }
    notes = _notes(error)
    if notes:
        found["notes"] = notes
    for name, inner in _chain(error):
        if left[0] > 0 and isinstance(inner, BaseException) and id(inner) not in seen:
            found[name] = _describe(inner, "raised", stage, seen, left)
    members = []
    for inner in _group(error):
        if left[0] > 0 and isinstance(inner, BaseException) and id(inner) not in seen:
            members.append(_describe(inner, "raised", stage, seen, left))
    if members:
        found["exceptions"] = members
    return found


def cut(text):
    return text if len(text) <= TEXT else text[:TEXT] + "\u2026"


def _text(error):
    try:
        text = str(error)
        return text if type(text) is str else str.__str__(text)
    except BaseException as again:
        return "(the message cannot be read: __str__ raised %s)" % type(again).__name__


def _notes(error):
    try:
        notes = getattr(error, "__notes__", None)
        return [cut(str.__str__(note)) for note in notes[:CHAIN] if isinstance(note, str)] if isinstance(notes, list) else []
    except Exception:  # a property of the user's class
        return []


def _chain(error):
    if error.__cause__ is not None:
        return [("cause", error.__cause__)]
    if error.__context__ is not None and not error.__suppress_context__:
        return [("context", error.__context__)]
    return []


def _group(error):
    if not any(base.__name__ == "BaseExceptionGroup" and base.__module__ == "builtins" for base in type(error).__mro__):
        return ()
    try:
        return tuple(error.exceptions)
    except Exception:  # a property of the user's class
        return ()


def _frames(error):
    entries = []
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        file = frame.f_code.co_filename
        if file.startswith(_OWN):
            # Whatever is outside of our frames is the machinery that called them: asyncio's runner, for instance. The handler of SIGINT
            # is called from where user code is.
            if frame.f_code.co_name != "_interrupt":
                entries = []
        elif not file.startswith("<frozen importlib"):
            entries.append((file, trace.tb_lineno, frame.f_code.co_name, frame.f_globals))
        trace = trace.tb_next
    if len(entries) > FRAMES:
        entries = entries[:FRAMES // 2] + entries[-FRAMES // 2:]
    found = [
        {"file": cut(file), "line": line or 0, "function": cut(name), "source": _source(file, line, names)}
        for file, line, name, names in entries
    ]
    if isinstance(error, SyntaxError) and isinstance(error.filename, str) and isinstance(error.lineno, int):
        source = error.text.strip() if isinstance(error.text, str) else None
        found.append({"file": cut(error.filename), "line": error.lineno, "function": "<module>", "source": source and cut(source)})
    return found


def _source(file, line, names):
    import linecache
    try:
        text = linecache.getline(file, line or 0, names).strip()
    except Exception:  # a loader of the user's, an encoding that does not exist
        return None
    return cut(text) if text else None
