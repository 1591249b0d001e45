"""Mode `probe`: everything `doctor` wants to know of a host, as one JSON object."""
import os
import sys

from .host.directory import check
from .host.files import write_all
from .host.memory import memory_limit
from .run.search_path import prepare
from .wire.errors import Refusal
from .wire.json_text import dump

_COMMANDS = ("sbatch", "qsub", "bsub", "git", "node", "npm", "uv", "rsync", "tar")


def probe(base, home, endpoint, marker):
    """Prints the facts, behind the marker if one is given. Returns the exit status."""
    # Modules are looked for where a call would find them, also when the endpoint itself was started with -S.
    prepare(False, ())
    text = dump(_clean(facts(base, home, endpoint))) + b"\n"
    write_all(1, ("".join(reversed(marker)) if marker else "").encode() + text)
    return 0


def facts(base, home, endpoint):
    """The object that is printed. A fact that cannot be found is null."""
    return {
        "runtime": "python",
        "version": "%d.%d.%d" % sys.version_info[:3],
        "implementation": sys.implementation.name,
        "executable": sys.executable,
        "prefix": sys.prefix,
        "endpoint": endpoint,
        "platform": sys.platform,
        "machine": os.uname().machine,
        "system": "%s %s" % (os.uname().sysname, os.uname().release),
        "hostname": os.uname().nodename,
        "libc": _libc(),
        "uid": os.geteuid(),
        "user": _user(),
        "home": home,
        "homeWritable": os.access(home, os.W_OK | os.X_OK),
        "shell": os.environ.get("SHELL"),
        "base": _base(base),
        "temporary": _directory(os.environ.get("TMPDIR") or "/tmp"),
        "runtimeDirectory": _directory(os.environ["XDG_RUNTIME_DIR"]) if os.environ.get("XDG_RUNTIME_DIR") else None,
        "virtualenv": _virtualenv(base + "/env"),
        "modules": {name: _has(name) for name in ("venv", "ensurepip", "pip", "ssl", "zlib", "sqlite3", "ctypes")},
        "numpy": _numpy(),
        "commands": {name: _which(name) for name in _COMMANDS},
        "locale": {name: os.environ.get(name) for name in ("LANG", "LC_ALL", "LC_CTYPE")},
        "encoding": {"filesystem": sys.getfilesystemencoding(), "stdout": getattr(sys.stdout, "encoding", None)},
        "cpus": os.cpu_count(),
        "cpusUsable": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memoryBytes": _memory(),
        "memoryLimitBytes": memory_limit(),
        "limits": _limits(),
    }


def _clean(value):
    """Bytes of the environment that are no text are shown as their escapes: the answer must be JSON that any reader takes."""
    if isinstance(value, dict):
        return {name: _clean(inner) for name, inner in value.items()}
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value


def _base(base):
    found = dict(_directory(base), callsWaiting=None, safe=None, problem=None)
    if not found["exists"]:
        return found
    try:
        check(base)
        found["safe"] = True
    except (Refusal, OSError) as error:
        found["safe"], found["problem"] = False, str(error)
    try:
        found["callsWaiting"] = len([name for name in os.listdir(base + "/calls")])
    except OSError:
        found["callsWaiting"] = 0
    return found


def _directory(path):
    """What a directory, or the nearest one above it that exists, offers."""
    place = path
    while not os.path.isdir(place) and os.path.dirname(place) != place:
        place = os.path.dirname(place)
    found = {"path": path, "exists": os.path.isdir(path), "writable": os.access(place, os.W_OK | os.X_OK)}
    try:
        space = os.statvfs(place)
    except OSError:
        return dict(found, freeBytes=None, freeInodes=None, noexec=None, readOnly=None)
    # File systems without a fixed number of inodes report 0 of 0.
    return dict(found, freeBytes=space.f_bavail * space.f_frsize, freeInodes=space.f_favail if space.f_files else None,
                noexec=bool(space.f_flag & getattr(os, "ST_NOEXEC", 8)), readOnly=bool(space.f_flag & os.ST_RDONLY))


def _virtualenv(path):
    executable = path + "/bin/python"
    return executable if os.access(executable, os.X_OK) else None


def _has(name):
    from importlib.util import find_spec
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _numpy():
    if not _has("numpy"):
        return None
    from .run.module_versions import find_version
    try:
        return find_version("numpy")
    except Refusal:
        return None


def _which(name):
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(directory, name)
        if directory and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def _libc():
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError, AttributeError):
        pass
    for directory in ("/lib", "/usr/lib"):
        try:
            if any(name.startswith("ld-musl-") for name in os.listdir(directory)):
                return "musl"
        except OSError:
            continue
    return None


def _user():
    import pwd
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return None


def _memory():
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def _limits():
    import resource
    found = {}
    for name in ("AS", "CPU", "FSIZE", "NOFILE", "NPROC"):
        if hasattr(resource, "RLIMIT_" + name):
            soft = resource.getrlimit(getattr(resource, "RLIMIT_" + name))[0]
            found[name.lower()] = None if soft == resource.RLIM_INFINITY else soft
    return found
