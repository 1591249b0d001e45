"""Parts of replies and results."""
import os
import sys

from .json_text import dump


def host_facts(home, base, endpoint):
    return {
        "runtime": "python",
        "version": "%d.%d.%d" % sys.version_info[:3],
        "executable": sys.executable or "",
        "platform": sys.platform,
        "pid": os.getpid(),
        "home": home,
        "base": base,
        "endpoint": endpoint,
    }


def answer_of(outcome, failure, **members):
    """The inner part of a reply without a value."""
    members.update(outcome=outcome, error=failure)
    return dump(members)
