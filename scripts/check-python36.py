"""
Holds the Python endpoint, and what hosts run for transfers, to Python 3.6: its syntax, and modules of its standard library only. Prints `ok` or each violation.

The interpreter that runs this parses with the grammar of 3.6 as far as it can; a real 3.6 compiles the sources too, where there is one.
"""
import ast
import glob
import os
import subprocess
import sys

PACKAGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "packages")
ROOT = os.path.join(PACKAGES, "endpoint", "python")
# What hosts run for the length of a transfer; its modules import each other by these names.
TRANSFER = os.path.join(PACKAGES, "transfer", "python")
# Of the standard library of 3.6, what exists on Linux and macOS alike and is not gone by 3.13.
LIBRARY = set("""
    __future__ array ast asyncio atexit base64 binascii builtins bisect codecs collections contextlib copy csv datetime decimal difflib enum errno
    fcntl fractions functools getpass glob gzip hashlib heapq hmac importlib inspect io itertools json keyword linecache locale marshal math mmap operator
    os pathlib platform posixpath pwd py_compile random re reprlib resource runpy secrets select shlex shutil signal site socket stat string struct
    subprocess sys gc _collections _socket _thread sysconfig tarfile tempfile textwrap threading time traceback types unittest urllib uuid venv warnings weakref
    zipfile zipimport zlib _heapq _json _locale _sha256 _signal _struct
""".split())
# Newer or not always there, each imported behind `except ImportError`.
GUARDED = {"ctypes", "zoneinfo", "pkg_resources", "numpy", "_sha2", "importlib.metadata"}
# Names that came to allowed modules after 3.6: looked for as attributes.
NEWER = {
    ("os", "posix_spawn"), ("os", "memfd_create"), ("os", "waitstatus_to_exitcode"), ("os", "pidfd_open"),
    ("time", "time_ns"), ("time", "monotonic_ns"), ("math", "prod"), ("math", "dist"), ("shlex", "join"), ("sys", "orig_argv"),
    ("functools", "cached_property"), ("functools", "cache"), ("contextlib", "nullcontext"),
}


def check(path):
    with open(path, "rb") as file:
        source = file.read()
    arguments = {"feature_version": (3, 6)} if sys.version_info >= (3, 8) else {}
    try:
        tree = ast.parse(source, path, **arguments)
    except SyntaxError as error:
        yield "line %s: %s" % (error.lineno, error.msg)
        return
    guarded = {inner for node in ast.walk(tree) if isinstance(node, ast.Try)
               and any("ImportError" in ast.dump(handler.type) or "'Exception'" in ast.dump(handler.type) for handler in node.handlers if handler.type is not None)
               for part in node.body for inner in ast.walk(part)}
    for node in ast.walk(tree):
        for name in imported(node):
            if name.partition(".")[0] in LIBRARY and name not in GUARDED:
                continue
            if not (name in GUARDED and node in guarded) and not name.startswith(("sremote_endpoint", "transfer_")):
                yield "line %d: imports %s" % (node.lineno, name)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (node.value.id, node.attr) in NEWER:
            yield "line %d: %s.%s is newer than 3.6" % (node.lineno, node.value.id, node.attr)
        # The grammar switch of ast.parse does not cover these.
        kinds = (getattr(ast, "NamedExpr", ()), getattr(ast, "Match", ()), getattr(ast, "TryStar", ()))
        if isinstance(node, tuple(kind for kind in kinds if kind)):
            yield "line %d: syntax newer than 3.6" % node.lineno
        if isinstance(node, ast.FunctionDef) and getattr(node.args, "posonlyargs", None):
            yield "line %d: positional-only parameters" % node.lineno


def imported(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        if node.module == "importlib":
            return ["importlib." + alias.name if alias.name == "metadata" else "importlib" for alias in node.names]
        return [node.module]
    return []


def main():
    paths = sorted(glob.glob(ROOT + "/*.py") + glob.glob(ROOT + "/sremote_endpoint/**/*.py", recursive=True) + glob.glob(TRANSFER + "/*.py"))
    wrong = ["%s: %s" % (os.path.relpath(path, PACKAGES), problem) for path in paths for problem in check(path)]
    for path in paths:
        with open(path, "rb") as file:
            lines = file.read().count(b"\n")
        if lines > 400:
            wrong.append("%s: %d lines, at most 400 are wanted" % (os.path.relpath(path, PACKAGES), lines))
    real = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.6.*/bin/python3")))
    for python in real:
        program = "import sys\nfor path in sys.argv[1:]: compile(open(path, encoding='utf-8').read(), path, 'exec')"
        done = subprocess.run([python, "-I", "-S", "-c", program] + paths, stderr=subprocess.PIPE)
        if done.returncode:
            wrong.append(done.stderr.decode().strip())
    if wrong:
        sys.stdout.write("\n".join(wrong) + "\n")
        return 1
    sys.stdout.write("%d files ok for Python 3.6 (%s)\n" % (len(paths), "compiled by " + real[-1] if real else "no 3.6 at hand"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
