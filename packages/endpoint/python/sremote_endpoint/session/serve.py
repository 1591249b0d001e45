"""Mode `session`: makes this process a supervisor (SESSION.md)."""
import gc
import os
import sys

import _signal as signal

from ..host.home import find_home
# What the first worker needs as well is loaded once, here; the rest by both at the same time.
from ..wire import json_text, message  # noqa: F401
from .link import Link
from .worker_start import number_settings, start_first


def serve(base, endpoint, marker):
    """Runs a session on standard input and output, and returns the exit status."""
    umask = os.umask(0o077)
    gc.disable()
    try:
        os.setsid()
    except OSError:
        pass  # a leader of its group already
    for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    home = find_home()
    first = start_first(dict(number_settings(1), home=home, base=base), umask)
    from .session import Session
    link = Link(0, 1)
    if marker:
        link.put((marker[1] + marker[0]).encode())
    try:
        return Session(home, base, endpoint, umask, first).run(link)
    except Exception:
        # An error of our own. Workers are ended by their lifelines.
        sys.excepthook(*sys.exc_info())
        return 90
