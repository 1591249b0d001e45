"""Regular expressions between JavaScript and Python: the same text where it means the same, rewritten where there is an equal, else ValueError."""
import re

# Letters that mean the same after a backslash in both languages.
_SHARED = frozenset("dDwWsSbBfnrtvxu0123456789")
_FLAGS = (("i", re.IGNORECASE), ("m", re.MULTILINE), ("s", re.DOTALL))


def to_python(source, flags):
    """The re.Pattern of JavaScript's /source/flags. `g` and `d` only concern how JavaScript searches, `u` is how Python always reads."""
    for flag in "yv":
        if flag in flags:
            raise ValueError("the flag %s" % flag)
    value = 0
    for flag, meaning in _FLAGS:
        if flag in flags:
            value |= meaning
    return re.compile(_rewrite(source, _PYTHON), value)


def to_javascript(pattern):
    """`/source/flags` of a re.Pattern."""
    if not isinstance(pattern.pattern, str):
        raise ValueError("a pattern of bytes")
    if pattern.flags & re.VERBOSE:
        raise ValueError("the flag VERBOSE")
    source = re.sub(r"\A\(\?[aiLmsu]+\)", "", pattern.pattern)
    flags = "".join(flag for flag, meaning in _FLAGS if pattern.flags & meaning)
    return "/%s/%s" % (_rewrite(source, _JAVASCRIPT) or "(?:)", flags)


def _rewrite(source, language):
    """Walks over the tokens that differ; everything else is copied."""
    escape, group, plain = language
    made, place, in_class = [], 0, False
    while place < len(source):
        character = source[place]
        if character == "\\":
            text, place = escape(source, place, in_class)
        elif in_class:
            in_class = character != "]"
            text, place = plain(source, place, True)
        elif character == "[":
            in_class = True
            opening = "[^" if source.startswith("[^", place) else "["
            text, place = opening, place + len(opening)
            if source.startswith("]", place):
                text, place = _first_bracket(language, text, place)
        elif source.startswith("(?", place):
            text, place = group(source, place)
        else:
            text, place = plain(source, place, False)
        made.append(text)
    return "".join(made)


def _first_bracket(language, opening, place):
    # `[]` is an empty class in JavaScript, in Python the bracket is a member.
    if language is _PYTHON:
        raise ValueError("an empty character class")
    return opening + "\\]", place + 1


def _name(source, start, end):
    stop = source.find(end, start)
    if stop < 0 or not source[start:stop].isidentifier():
        raise ValueError("a group name that is not an identifier")
    return source[start:stop], stop + 1


def _python_escape(source, place, in_class):
    letter = source[place + 1:place + 2]
    if letter == "k" and source.startswith("<", place + 2):
        name, place = _name(source, place + 3, ">")
        return "(?P=%s)" % name, place
    if letter == "u" and source.startswith("{", place + 2):
        raise ValueError("the escape \\u{...}")
    if letter.isalnum() and letter not in _SHARED or letter == "":
        raise ValueError("the escape \\%s" % letter)
    return ("/" if letter == "/" else "\\" + letter), place + 2


def _python_group(source, place):
    if source.startswith("(?<", place) and source[place + 3:place + 4] not in ("=", "!"):
        name, place = _name(source, place + 3, ">")
        return "(?P<%s>" % name, place
    if source[place + 2:place + 3] in ("P", "#", ">", "("):
        raise ValueError("the group (?%s" % source[place + 2:place + 3])
    return "(?", place + 2


def _python_plain(source, place, in_class):
    if not in_class and re.match(r"\{,[0-9]*\}", source[place:place + 20]):
        return "\\{", place + 1
    return source[place], place + 1


def _javascript_escape(source, place, in_class):
    letter = source[place + 1:place + 2]
    if letter == "A" and not in_class:
        return "(?<![\\s\\S])", place + 2
    if letter in ("Z", "z") and not in_class:
        return "(?![\\s\\S])", place + 2
    if letter == "a":
        return "\\x07", place + 2
    if letter == "U":
        return chr(int(source[place + 2:place + 10], 16)), place + 10
    if letter.isalnum() and letter not in _SHARED:
        raise ValueError("the escape \\%s" % letter)
    return "\\" + {"\n": "n", "\r": "r"}.get(letter, letter), place + 2


def _javascript_group(source, place):
    if source.startswith("(?P<", place):
        name, place = _name(source, place + 4, ">")
        return "(?<%s>" % name, place
    if source.startswith("(?P=", place):
        name, place = _name(source, place + 4, ")")
        return "\\k<%s>" % name, place
    if source.startswith("(?#", place):
        return "", source.index(")", place) + 1
    if source[place + 2:place + 3] not in (":", "=", "!", "<"):
        raise ValueError("the group %s" % source[place:place + 3])
    return "(?", place + 2


def _javascript_plain(source, place, in_class):
    character = source[place]
    if character in "\n\r\u2028\u2029":
        return {"\n": "\\n", "\r": "\\r", "\u2028": "\\u2028", "\u2029": "\\u2029"}[character], place + 1
    if in_class:
        return character, place + 1
    if character == "/":
        return "\\/", place + 1
    if character in "*+?}" and source.startswith("+", place + 1):
        raise ValueError("a possessive quantifier")
    if re.match(r"\{,[0-9]+\}", source[place:place + 20]):
        return "{0", place + 1
    return character, place + 1


_PYTHON = (_python_escape, _python_group, _python_plain)
_JAVASCRIPT = (_javascript_escape, _javascript_group, _javascript_plain)
