# First stage of the Python endpoint: reads the payload from standard input, installs it where it is not, and runs it.
# argv: this text, candidates, bases, size, sha256, A, B, then the endpoint's own arguments (none: only install).
# Starts on any Python (2.7 too), so that a too old one can pass on to the next candidate.
import sys
sys.path[:] = [p for p in sys.path if p]  # the working directory must not shadow the standard library
import os
candidates, bases, size, sha, A, B = sys.argv[2:8]
rest = sys.argv[8:]
def missing(reason, lines):
    head = "%s%sN\nreason=%s\nhome=%s\n" % (B, A, reason, os.environ.get("HOME", ""))
    text = head + "\n".join(lines) + "\n"
    os.write(1, text if str is bytes else text.encode("utf-8", "surrogateescape"))
    sys.exit(0)
if sys.version_info < (3, 6):
    names = candidates.split("\n")
    old = os.environ.get("SREMOTE_TOO_OLD", "") + "tooold=%s %d.%d\n" % ((names.pop(0),) + tuple(sys.version_info[:2]))
    if not names:
        missing("interpreter", old.split("\n"))
    os.environ["SREMOTE_TOO_OLD"] = old
    os.execv(names[0], [names[0], "-E", "-c", "import sys; exec(sys.argv[1])", sys.argv[1], "\n".join(names)] + sys.argv[3:])
os.environ.pop("SREMOTE_TOO_OLD", None)
os.umask(0o077)
left = int(size)
parts = []
while left:
    part = os.read(0, min(left, 65536))
    if not part:
        missing("payload", ["detail=standard input ended %d bytes early" % left])
    parts.append(part)
    left -= len(part)
def reject(path):
    st = os.lstat(path)
    if (st.st_mode & 0o170000) != 0o040000:
        return path + " is not a directory"
    if st.st_uid != os.geteuid():
        return path + " belongs to another user"
    if st.st_mode & 0o022:
        return path + " may be written by others"
def prepare(base):
    # lstat after mkdir: whoever planted the directory before us is seen.
    for path in (base, base + "/endpoint", base + "/tmp"):
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass
        why = reject(path)
        if why:
            return why
    probe = "%s/tmp/.probe-%s" % (base, A)
    fd = os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(fd, b"\0" * 4096)
    finally:
        os.close(fd)
        os.unlink(probe)
def installed(base):
    directory = "%s/endpoint/%s" % (base, sha)
    try:
        safe = not any(reject(p) for p in (base, base + "/endpoint", directory))
        return directory if safe and os.access(base, os.W_OK) else None
    except OSError:
        return None
bases = [b for b in bases.split("\n") if b]
directory = entry = None
rejected = []
for base in bases:
    directory = installed(base)
    if directory:
        break
    try:
        why = prepare(base)
    except OSError as error:
        why = "%s: %s" % (error.filename or base, error.strerror)
    if not why:
        break
    rejected.append("rejected=" + why)
else:
    missing("directory", rejected)
if not directory:
    payload = b"".join(parts)
    import hashlib
    if hashlib.sha256(payload).hexdigest() != sha:
        missing("payload", ["detail=the payload arrived damaged"])
    directory = "%s/endpoint/%s" % (base, sha)
    # The payload's first member holds all modules; its entry knows how to import them from memory.
    import zlib
    start = 30 + int.from_bytes(payload[26:28], "little")
    sources = zlib.decompress(payload[start:], -15).decode("utf-8").split("\0")
    sources = dict(zip(sources[0::2], sources[1::2]))
    entry = {"__name__": "sremote_first_stage"}
    exec(compile(sources["__main__"], directory + "/__main__.py", "exec"), entry)
    modules = entry["Modules"](directory, sources)
    sys.meta_path.insert(0, modules)
    try:
        from sremote_endpoint.errors import Refusal
        from sremote_endpoint.install import install
        install(payload, base)
    except Refusal as refusal:
        said = refusal.message.replace("\n", " ")
        if refusal.code == "unsafe-directory":
            missing("directory", ["rejected=" + said])
        missing("space" if refusal.code == "disk-full" else "install", ["detail=" + said])
    sys.meta_path.remove(modules)
if rest:
    if entry is None:
        entry = {"__name__": "sremote_first_stage"}
        with open(directory + "/__main__.py") as f:
            exec(compile(f.read(), directory + "/__main__.py", "exec"), entry)
        modules = entry["Modules"](directory)
    del parts
    sys.exit(entry["start"](modules, [rest[0], "--base", base] + rest[1:], sha))
facts = "%s%sI\nbase=%s\nexecutable=%s\nversion=%d.%d.%d\n" % ((B, A, base, sys.executable) + tuple(sys.version_info[:3]))
os.write(1, facts.encode("utf-8", "surrogateescape"))
