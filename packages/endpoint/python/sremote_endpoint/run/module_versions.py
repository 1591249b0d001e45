"""Versions of registered modules, checked before the function runs."""
import builtins
import sys

from ..wire.errors import NOT_FOUND, Refusal


def check_modules(expected):
    """{name: version or None}. Raises Refusal for a module that is missing, or has another version than expected."""
    found = {}
    for name, wanted in expected.items():
        if not _exists(name):
            raise Refusal("module-missing", "the registered module %s is not installed for %s" % (name, sys.executable), "setup",
                          names=[name], hint=NOT_FOUND)
        found[name] = find_version(name)
        if wanted is not None and found[name] != wanted:
            raise Refusal("module-version", "the registered module %s has version %s on the host, expected %s" % (name, found[name], wanted),
                          "setup", names=[name], hint="if it is yours, ship it with ship(), or set cwd to the directory that has it; "
                          "if it is a package, install the expected version of it with installPackages()")
    return found


def _exists(name):
    from importlib.util import find_spec
    try:
        return name in sys.modules or find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def find_version(name):
    """The version of a module that exists: of its distribution, else its __version__, else None."""
    top = name.partition(".")[0]
    try:
        from importlib import metadata
    except ImportError:
        return _attribute(name) or _old_metadata(top)
    try:
        return metadata.version(top)
    except Exception:  # not found, or metadata that cannot be read
        return _attribute(name)


def _attribute(name):
    try:
        builtins.__import__(name)
    except Exception as error:
        raise Refusal("module-missing", "the registered module %s cannot be imported: %s: %s" % (name, type(error).__name__, error), "setup",
                      names=[name])
    version = getattr(sys.modules[name], "__version__", None)
    return version if isinstance(version, str) else None


def _old_metadata(name):
    try:
        import pkg_resources
        return pkg_resources.get_distribution(name).version
    except Exception:  # no setuptools, or the distribution has another name
        return None
