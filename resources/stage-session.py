# First stage of a Python session: reads the payload from standard input and runs it from memory. Installs nothing.
# argv: this text, candidates, bases, size, sha256, A, B, and the mode, of which there is one.
# Starts on any Python (2.7 too), so that a too old one can pass on to the next candidate.
import sys
sys.path[:] = [p for p in sys.path if p]  # the working directory must not shadow the standard library
import os
candidates, bases, size, sha, A, B = sys.argv[2:8]
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
left = int(size)
parts = []
while left:
    part = os.read(0, min(left, 65536))
    if not part:
        missing("payload", ["detail=standard input ended %d bytes early" % left])
    parts.append(part)
    left -= len(part)
payload = b"".join(parts)
try:
    from _sha256 import sha256
except ImportError:
    try:
        from _sha2 import sha256  # 3.12 and later
    except ImportError:
        from hashlib import sha256
if sha256(payload).hexdigest() != sha:
    missing("payload", ["detail=the payload arrived damaged"])
def safe(path):
    try:
        st = os.lstat(path)
    except OSError:
        return False
    return (st.st_mode & 0o170000) == 0o040000 and st.st_uid == os.geteuid() and not st.st_mode & 0o022
bases = [b for b in bases.split("\n") if b]
base = next((b for b in bases if safe(b)), bases[0])
# Names and sources of all modules, with NUL between them; in front the words for which bytes from 128 on stand. What is not needed stays short.
import zlib
parts = zlib.decompress(payload, -15).split(b"\0")
words = [(bytes((128 + number,)), word) for number, word in enumerate(parts[0].split(b"\1"))]
def spell(text):
    for byte, word in words:
        text = text.replace(byte, word)
    return text
sources = dict(zip(spell(b"\0".join(parts[1::2])).decode("ascii").split("\0"), parts[2::2]))
sources["__main__"] = spell(sources["__main__"])
entry = {"__name__": "sremote_first_stage"}
directory = base + "/endpoint"
exec(compile(sources["__main__"], directory + "/session/__main__.py", "exec"), entry)
# On a host where the endpoint is installed, compiled code is kept beside it; on any other nothing is written.
cache = "session-code-%s-%d-%s" % (sys.implementation.cache_tag, sys.flags.optimize, sha[:16])
modules = entry["Modules"](directory + "/session", sources, directory + "/" + cache if safe(base) and safe(directory) else None)
modules.words = words
del payload, parts
sys.meta_path.insert(0, modules)
if sys.stdout is not None:
    sys.stdout.flush()  # what a site file printed belongs before the marker, and not into a forked process
from sremote_endpoint.serve import serve
sys.exit(serve(base, sha, (A, B)))
