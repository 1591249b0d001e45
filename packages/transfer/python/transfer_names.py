"""
How a file is named while it is written: `.<name>.sremote-<tag>-<seal>`, as in TypeScript's temporary.ts. The seal is the beginning of a digest of the
rest: a file of the user's that only looks like one of these is taken for what it is.
"""
import hashlib
import os
import re

PATTERN = re.compile(br"\A\.(.+)\.sremote-([0-9a-z-]{16,40})-([0-9a-f]{8})\Z", re.DOTALL)
# NAME_MAX is 255 bytes almost everywhere; what is added takes up to 59.
LONGEST = 190


def seal(start, tag):
    return hashlib.sha256(tag + b"/" + start).hexdigest()[:8].encode("ascii")


def temporary(name):
    start, tag = name[:LONGEST], os.urandom(8).hex().encode("ascii")
    return b"." + start + b".sremote-" + tag + b"-" + seal(start, tag)


def is_temporary(name):
    found = PATTERN.match(name)
    return found is not None and found.group(3) == seal(found.group(1), found.group(2))
