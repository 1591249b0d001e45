"""An exception as the `error` of a reply (PROTOCOL.md, "Failure"). Never fails itself, whatever the exception does."""
import os

from ..host.standard import PACKAGE, ROOT, loaded
from ..wire.limits import FAILURE_CAUSES, FAILURE_FRAMES, FAILURE_MEMBER, FAILURE_PART, FAILURE_SOURCE, SAFE_INTEGER

# Names of members that are told.
MEMBERS = ("errno", "code", "status", "status_code", "returncode", "exit_code", "signal", "filename", "filename2", "winerror")
_OWN = ROOT + "/" + PACKAGE + "/"


def describe(error, code, stage):
    """The failure of `error`. At most 16 exceptions of its chain and groups, 100 frames each, strings cut at 64 KiB."""
    try:
        return _describe(error, code, stage, set(), [FAILURE_CAUSES], {})
    except BaseException as again:
        message = "(the exception cannot be described: %s)" % type(again).__name__
        return {"code": code, "stage": stage, "message": message, "type": _name(type(error), "__qualname__")}


def _describe(error, code, stage, seen, left, sources):
    seen.add(id(error))
    left[0] -= 1
    kind = type(error)
    found = {
        "code": code, "stage": stage, "message": cut(_text(error)),
        "type": _name(kind, "__qualname__"), "module": _name(kind, "__module__"), "frames": _frames(error, sources),
    }
    members = _members(error)
    if members:
        found["members"] = members
    notes = _notes(error)
    if notes:
        found["notes"] = notes
    for name, inner in _chain(error):
        if left[0] > 0 and id(inner) not in seen:
            found[name] = _describe(inner, "raised", stage, seen, left, sources)
    group = []
    for inner in _group(error):
        if left[0] > 0 and issubclass(type(inner), BaseException) and id(inner) not in seen:
            group.append(_describe(inner, "raised", stage, seen, left, sources))
    if group:
        found["exceptions"] = group
    return found


def cut(text):
    return text if len(text) <= FAILURE_PART else text[:FAILURE_PART] + "\u2026"


def _name(kind, member):
    try:
        return cut(str(getattr(kind, member)))
    except BaseException:  # a metaclass of the user's
        return "?"


def _text(error):
    try:
        text = str(error)
        return text if type(text) is str else str.__str__(text)
    except BaseException as again:
        return "(the message cannot be read: __str__ raised %s)" % type(again).__name__


def _notes(error):
    try:
        notes = getattr(error, "__notes__", None)
        return [cut(str.__str__(note)) for note in notes[:FAILURE_CAUSES] if isinstance(note, str)] if isinstance(notes, list) else []
    except BaseException:  # a property of the user's class
        return []


def _members(error):
    """What programs decide by, of the members that exceptions commonly have. Others may hold secrets, or anything."""
    found = {}
    for name in MEMBERS:
        try:
            value = getattr(error, name)
            if isinstance(value, bool):
                found[name] = value
            elif isinstance(value, int):
                value = int.__index__(value)
                if -SAFE_INTEGER <= value <= SAFE_INTEGER:
                    found[name] = value
            elif isinstance(value, str):
                value = str.__str__(value)
                found[name] = value if len(value) <= FAILURE_MEMBER else value[:FAILURE_MEMBER] + "\u2026"
        except BaseException:  # there is none, or a property of the user's class
            continue
    return found


def read_member(error, name):
    """A member that every exception has, past what its class may have put in front of it."""
    return getattr(BaseException, name).__get__(error)


def _chain(error):
    cause = read_member(error, "__cause__")
    if cause is not None:
        return [("cause", cause)]
    context = read_member(error, "__context__")
    return [("context", context)] if context is not None and not read_member(error, "__suppress_context__") else []


def _group(error):
    try:
        if not any(base.__name__ == "BaseExceptionGroup" and base.__module__ == "builtins" for base in type(error).__mro__):
            return ()
        return tuple(error.exceptions)
    except BaseException:  # a property of the user's class
        return ()


def _frames(error, sources):
    entries = []
    trace = read_member(error, "__traceback__")
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
    if len(entries) > FAILURE_FRAMES:
        entries = entries[:FAILURE_FRAMES // 2] + entries[-FAILURE_FRAMES // 2:]
    found = [
        {"file": cut(file), "line": line or 0, "function": cut(name), "source": _source(file, line, names, sources)}
        for file, line, name, names in entries
    ]
    wrong = _syntax_error(error)
    return found + [wrong] if wrong else found


def _syntax_error(error):
    """The place that a SyntaxError tells."""
    try:
        if not issubclass(type(error), SyntaxError) or not isinstance(error.filename, str) or not isinstance(error.lineno, int):
            return None
        source = error.text.strip() if isinstance(error.text, str) else None
        return {"file": cut(error.filename), "line": int(error.lineno), "function": "<module>", "source": source and cut(source)}
    except BaseException:  # a class of the user's
        return None


def _source(file, line, names, sources):
    lines = sources.get(file)
    try:
        if lines is None:
            lines = sources[file] = _read(file, names)
        text = lines[line - 1].strip() if line and line <= len(lines) else ""
        return cut(text if type(text) is str else _decode(text, lines)) or None
    except Exception:  # a loader of the user's, an encoding that does not exist
        sources[file] = ()
        return None


def _read(file, names):
    """The lines of a source, as bytes or str. Not by `linecache`, which needs ten modules more, and loads some of them late."""
    try:
        found = os.stat(file)
    except (OSError, ValueError):
        cache = getattr(loaded("linecache"), "cache", {}).get(file)
        if cache and len(cache) == 4:
            return cache[2]
        # In an archive, for instance.
        return (names["__loader__"].get_source(names["__name__"]) or "").split("\n") if "__loader__" in names else ()
    if found.st_mode & 0o170000 != 0o100000 or found.st_size > FAILURE_SOURCE:
        return ()
    with open(file, "rb") as source:
        return source.read(FAILURE_SOURCE).split(b"\n")


def _decode(text, lines):
    """PEP 263: a comment in the first two lines may name the encoding."""
    for line in lines[:2]:
        place = line.find(b"coding")
        if line.lstrip()[:1] == b"#" and place >= 0 and line[place + 6:place + 7] in (b":", b"="):
            return text.decode((line[place + 7:].split() or [b"utf-8"])[0].decode("ascii"), "replace")
    return text.decode("utf-8", "replace")
