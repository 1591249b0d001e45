"""The two errors the endpoint raises itself; both become the `error` of a reply."""

# Of a module. It names no package: one that has the name of a module of the user's is a stranger's.
NOT_FOUND = "if it is yours, ship it with ship(), or set cwd to the directory that has it; if it is a package, install it with installPackages()"


class Refusal(Exception):
    """Nothing of the function ran (outcome `not-run`), and why: a code of code.ts, a stage, and further members of a failure."""

    def __init__(self, code, message, stage="request", **members):
        Exception.__init__(self, message)
        self.code = code
        self.stage = stage
        self.message = message
        self.members = members

    def failure(self):
        found = {"code": self.code, "stage": self.stage, "message": self.message}
        found.update(self.members)
        return found


class Unserializable(Exception):
    """A value that cannot travel; `path` is written from the root the user knows."""

    def __init__(self, path, reason, hint=None):
        Exception.__init__(self, "%s: %s" % (path, reason))
        self.path = path
        self.reason = reason
        self.hint = hint


def protocol_error(message):
    return Refusal("protocol-error", message)


def limit_exceeded(message):
    return Refusal("limit-exceeded", message)
