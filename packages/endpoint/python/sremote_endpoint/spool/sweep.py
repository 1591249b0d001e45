"""Removes directories of calls: those the client released, and those in which nothing changed for 24 hours."""
import os

from ..host.files import read
from . import claim

HOUR = 3600
DAY = 24 * HOUR


def release(base, ids):
    """Removes the directories of these calls (ids were checked). One whose call still runs is left."""
    for call_id in ids:
        directory = "%s/calls/%s" % (base, call_id)
        if not _runs(directory):
            _remove(directory)


def sweep_sometimes(base, own):
    """At most once in an hour, by the clock of the file system that holds the calls."""
    marker = base + "/swept"
    try:
        last = os.lstat(marker).st_mtime
    except FileNotFoundError:
        last = None
    import time
    # A clock that was set back must not stop the sweep for ever.
    if last is not None and -HOUR < time.time() - last < HOUR:
        return
    try:
        os.close(os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        os.utime(marker)
        if last is not None:
            sweep(base, os.lstat(marker).st_mtime, own)
    except OSError:
        # The sweep is a service, the reply was stored: a full or foreign directory is the next call's to report.
        return


def sweep(base, now, own=None):
    """Removes what was last changed more than 24 hours before `now` (seconds)."""
    for parent in ("calls", "tmp"):
        try:
            names = os.listdir("%s/%s" % (base, parent))
        except FileNotFoundError:
            continue
        for name in names:
            path = "%s/%s/%s" % (base, parent, name)
            if path != own and now - _last_change(path) > DAY and not _runs(path):
                _remove(path)


def _last_change(path):
    try:
        latest = os.lstat(path).st_mtime
        if os.path.isdir(path) and not os.path.islink(path):
            for entry in os.scandir(path):
                latest = max(latest, entry.stat(follow_symlinks=False).st_mtime)
        return latest
    except FileNotFoundError:
        return float("inf")


def _runs(directory):
    """Is the call claimed by a living endpoint and without a reply?"""
    try:
        content = read(directory + "/claim")
        return content is not None and not os.path.exists(directory + "/reply") and claim.is_alive(content)
    except NotADirectoryError:
        return False


def _remove(path):
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            for entry in os.scandir(path):
                if entry.is_dir(follow_symlinks=False):
                    _remove(entry.path)
                else:
                    os.unlink(entry.path)
            os.rmdir(path)
        else:
            os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
