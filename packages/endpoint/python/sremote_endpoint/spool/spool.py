"""`BASE/calls/<id>/`: digest, claim, reserve, stdout, stderr, reply (PROTOCOL.md, "Spool")."""
import os
import time

from ..host import files
from ..host.directory import ensure, ensure_base
from ..host.os_error import DISK_FULL, refuse
from ..wire.errors import Refusal
from ..wire.limits import AUDIENCE_LOOK, RESERVE
from . import audience, claim

try:
    from _sha256 import sha256
except ImportError:
    try:
        from _sha2 import sha256
    except ImportError:
        from hashlib import sha256


def step(name):
    """Called when a step was completed. Tests replace it to end the process there."""


class Spool:
    """The directory of one call. Making it is steps 2 to 4 of the specification."""

    def __init__(self, base, call_id):
        ensure_base(base)
        ensure(base + "/calls")
        self.directory = "%s/calls/%s" % (base, call_id)
        ensure(self.directory)
        step("directory")

    def path(self, name):
        return self.directory + "/" + name

    def bind(self, frame):
        """Ties the id to this request. Another request under the same id is a conflict."""
        digest = sha256(frame).hexdigest().encode()
        try:
            if not files.link_new(self.path("digest"), [digest], flush=False) and files.read(self.path("digest")) != digest:
                raise Refusal("call-conflict", "this call id was used for another request")
        except OSError as error:
            raise refuse(error, self.path("digest"), "write")
        step("digest")

    def reply(self):
        """The stored reply, or None."""
        return files.read(self.path("reply"))

    def reserve(self):
        """Puts space aside, so that a reply can be stored on a full disk."""
        try:
            # Not zeros: a file system that compresses or leaves holes would set nothing aside.
            files.link_new(self.path("reserve"), [os.urandom(RESERVE)], flush=False)
        except OSError as error:
            # A call that was claimed needs none from us: its holder answers, or it is unknown.
            if not os.path.lexists(self.path("claim")):
                raise refuse(error, self.path("reserve"), "write")
        step("reserve")

    def take(self):
        """True if this process now holds the call. Only the one process that ever holds it runs it."""
        try:
            taken = files.link_new(self.path("claim"), [claim.own()])
        except OSError as error:
            raise refuse(error, self.path("claim"), "write")
        if taken:
            step("claim")
        else:
            files.remove(self.path("reserve")) if self.reply() else None
        return taken

    def wait(self):
        """The reply of the holder of the claim, or None if it died without one, or the client of this endpoint is gone."""
        pause, due = 0.001, 0.0
        while True:
            if time.monotonic() >= due:
                if audience.is_left():
                    return None  # who does not wait must not keep the call running
                audience.ask(self.path("asked"))
                due = time.monotonic() + AUDIENCE_LOOK
            content = files.read(self.path("claim"))
            alive = content is not None and claim.is_alive(content)
            # Looked for after the holder: it may have written the reply and ended in between.
            found = self.reply()
            if found is not None or not alive:
                return found
            time.sleep(pause)
            pause = min(pause * 1.5, 0.05)

    def store(self, chunks, fallback):
        """Stores the reply. `fallback()` makes a small one that says that the disk is full; it is stored when nothing else fits."""
        try:
            files.replace(self.path("reply"), chunks)
        except OSError as error:
            if error.errno not in DISK_FULL:
                raise
            files.remove(self.path("reserve"))
            try:
                files.replace(self.path("reply"), chunks)
            except OSError as again:
                if again.errno not in DISK_FULL:
                    raise
                files.replace(self.path("reply"), fallback())
        files.remove(self.path("reserve"))
        step("reply")
