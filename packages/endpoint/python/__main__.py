# Entry of the Python endpoint: run from the sources, from payload.pyz, or installed beside payload.pyz; the first stage executes this text in memory.
# Must parse on Python 2.7 and 3.x before 3.6. A script is compiled anew at every start, so this file stays small.
import sys

if sys.version_info < (3, 6):
    sys.stderr.write("sremote-endpoint: python %d.%d is too old, 3.6 or later is needed\n" % tuple(sys.version_info[:2]))
    sys.exit(96)

import os

path = sys.path[:]
# What PYTHONPATH names must not shadow the standard library.
sys.path[:] = [entry for entry in path if entry.startswith(os.path.dirname(os.__file__))] or path
import marshal
import zlib

sys.path[:] = path

PACKAGE = "sremote_endpoint"


def unpack(payload):
    """{module: source} of a payload: its first member, one deflated text of names and sources with NUL between them."""
    size = int.from_bytes(payload[18:22], "little")
    start = 30 + int.from_bytes(payload[26:28], "little") + int.from_bytes(payload[28:30], "little")
    parts = zlib.decompress(payload[start:start + size], -15).decode("utf-8").split("\0")
    return dict(zip(parts[0::2], parts[1::2]))


class Modules:
    """Finder and loader of the endpoint's modules. Compiled code is kept beside the payload, for each kind of interpreter one file."""

    sremote_endpoint = True
    # Pairs of a byte and the word that it stands for in the sources.
    words = ()

    def __init__(self, directory, sources=None, cache=""):
        """`cache`: where compiled code is kept; None for nowhere."""
        self.directory = directory
        self.sources = sources
        self.compiled = False
        # Code depends on the interpreter's magic number and level of optimization. A torn file fails the checksum.
        external = sys.modules["_frozen_importlib_external"]
        self.stamp = external.MAGIC_NUMBER
        self.cache = "%s/code-%s-%d" % (directory, sys.implementation.cache_tag, sys.flags.optimize) if cache == "" else cache
        self.codes = {} if cache is None else self.load()

    def load(self):
        try:
            with open(self.cache, "rb", 0) as f:
                data = f.read()
        except OSError:
            return {}
        if data[:4] != self.stamp or data[4:8] != zlib.crc32(data[8:]).to_bytes(4, "little"):
            return {}
        return marshal.loads(data[8:])

    def save(self):
        """Best effort: without it the next start is slower, no more. PYTHONDONTWRITEBYTECODE is about modules of the user."""
        if not self.compiled or self.cache is None:
            return
        self.compiled = False
        data = marshal.dumps(self.marshalled())
        beside = "%s.%d" % (self.cache, os.getpid())
        try:
            fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(fd, "wb", 0) as f:
                    f.write(self.stamp + zlib.crc32(data).to_bytes(4, "little") + data)
                os.rename(beside, self.cache)
            except OSError:
                os.unlink(beside)
        except OSError:
            pass

    def marshalled(self):
        """{module: bytes} of the code that is known; what runs is kept as it is, since it is in memory anyway."""
        return {name: code if type(code) is bytes else marshal.dumps(code) for name, code in self.codes.items()}

    def read(self):
        """{module: source}"""
        if self.sources is None:
            with open(self.directory + "/payload.pyz", "rb") as f:
                self.sources = unpack(f.read())
        return self.sources

    def find_spec(self, name, path=None, target=None):
        if name != PACKAGE and not name.startswith(PACKAGE + "."):
            return None
        if name not in self.codes and name not in self.read():
            return None
        package = name == PACKAGE
        place = self.directory + "/" + name.replace(".", "/") + ("/__init__.py" if package else ".py")
        spec = type(sys.__spec__)(name, self, origin=place, is_package=package)
        spec.has_location = True
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = module.__name__
        code = self.codes.get(name)
        if code is None:
            source = self.read().pop(name)
            for byte, word in self.words:
                source = source.replace(byte, word)
            code = compile(source, module.__file__, "exec", dont_inherit=True)
            self.compiled = True
        elif type(code) is bytes:
            code = marshal.loads(code)
        self.codes[name] = code
        if name not in (PACKAGE, PACKAGE + ".standard"):
            from sremote_endpoint.standard import BUILTINS
            module.__dict__["__builtins__"] = BUILTINS
        exec(code, module.__dict__)


def start(modules, argv, endpoint=None):
    if modules is not None:
        sys.meta_path.insert(0, modules)
    if sys.stdout is not None:
        sys.stdout.flush()  # what a site file printed belongs before the marker, and not into a forked process
    from sremote_endpoint.main import main
    status = main(argv, endpoint)
    if modules is not None:
        modules.save()
    return status


if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    if os.path.isdir(here + "/" + PACKAGE):
        found = None
    elif os.path.isfile(here):
        with open(here, "rb") as archive:
            found = Modules(here, unpack(archive.read()))
    else:
        found = Modules(here)
    status = start(found, sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:  # closed: the interpreter's own end has a status for that
        sys.exit(status)
    # Nothing is left to do, and to take the interpreter apart takes a fifth of its start.
    os._exit(status)
