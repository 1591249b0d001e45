"""The host's Python environment: called like any function (module ``sremote_endpoint.environment``), by the client's install methods.

Where the client named no interpreter (``own``), packages go into a virtual environment of ours, ``BASE/env``, that also sees the host's own packages;
otherwise into the named interpreter's environment.
"""
import os
import subprocess
import sys

from . import dispatch


class InstallFailed(Exception):
    """What failed; after a line ``hint: …`` what to do."""


def prepare(own):
    """Make the virtual environment where there is none. Idempotent; of concurrent makers one wins and the others use its work."""
    return _facts(_environment() if own else sys.executable)


def constant(module, name):
    """The value of a name in a module; dots reach into attributes."""
    return dispatch.constant(module, name)


def is_installed(name):
    """Whether a module can be imported. Parents of a dotted name are imported, the module itself is not."""
    import importlib.util

    importlib.invalidate_caches()
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def install_packages(packages, own):
    """Install requirements with pip or uv. They travel in a file, since a private index's URL may hold a token."""
    python = _environment() if own else sys.executable
    path = _beside("requirements")
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as f:
        f.write("\n".join(packages) + "\n")
    try:
        _run_installer(python, ["-r", path])
    finally:
        os.unlink(path)
    return _facts(python)


def install_git(url, branch, name, own):
    """Clone and install. ``git`` in the answer is False, and nothing was done, on a host without git."""
    git = _which("git")
    if git is None:
        return dict(_facts(sys.executable), git=False)
    python = _environment() if own else sys.executable
    tree = _beside("clone")
    address, env = _without_secret(url)
    command = [git, "clone", "--quiet", "--depth", "1"] + (["--branch", branch] if branch else []) + ["--", address, tree]
    try:
        if subprocess.call(command, env=dict(os.environ, GIT_TERMINAL_PROMPT="0", **env)) != 0:
            raise InstallFailed("git clone of %s failed" % _shown(url))
        _run_installer(python, [tree])
    finally:
        _remove(tree)
    _check_import(python, name, url)
    return dict(_facts(python), git=True)


def install_archive(path, name, own):
    """Install from a source archive that the client pushed; it is removed in any case."""
    python = _environment() if own else sys.executable
    try:
        _run_installer(python, [path])
    finally:
        os.unlink(path)
    _check_import(python, name, "the archive")
    return _facts(python)


def _facts(python):
    return {"base": os.environ["SREMOTE_BASE"], "interpreter": python}


def _environment():
    base = os.environ["SREMOTE_BASE"]
    place = base + "/env"
    python = place + "/bin/python"
    if os.path.exists(python):
        return python
    try:
        import venv
    except ImportError:
        raise InstallFailed("this Python has no module venv, so no virtual environment can be made\nhint: install it (Debian: apt-get install python3-venv)") from None
    beside = _beside("env")
    # Without pip: Debian's python3 lacks ensurepip unless python3-venv is installed, and pip is not needed until something is installed.
    venv.EnvBuilder(system_site_packages=True, symlinks=True, with_pip=False).create(beside)
    _rewrite_scripts(beside, place)
    try:
        os.rename(beside, place)
    except OSError:
        _remove(beside)
        if not os.path.exists(python):
            raise
    return python


def _rewrite_scripts(beside, place):
    """The activate scripts hold the path at which the environment was made."""
    for entry in sorted(os.listdir(beside + "/bin")):
        path = beside + "/bin/" + entry
        if os.path.islink(path) or not os.path.isfile(path):
            continue
        with open(path, "rb") as f:
            text = f.read()
        if beside.encode() in text:
            with open(path, "wb") as f:
                f.write(text.replace(beside.encode(), place.encode()))


def _run_installer(python, what):
    tried = []
    for installer in (_pip, _ensured_pip, _uv):
        command = installer(python, tried)
        if command is None:
            continue
        if subprocess.call(command + what, stdin=subprocess.DEVNULL) != 0:
            raise InstallFailed("%s install ended with an error" % tried[-1].replace("ensurepip", "pip"))
        return
    raise InstallFailed(
        "the host has no installer for Python packages; tried: %s\nhint: install one (Debian: apt-get install python3-venv or python3-pip)" % ", ".join(tried)
    )


# `python -m` would look for the module, and all that it imports, in the working directory first.
_RUN_MODULE = "import sys; sys.path[:] = [p for p in sys.path if p]; del sys.argv[0]; import runpy; runpy.run_module(sys.argv[0], None, '__main__', True)"


def _pip(python, tried):
    tried.append("pip")
    pip = [python, "-c", _RUN_MODULE, "pip"]
    if subprocess.call(pip + ["--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
        return pip + ["install", "--disable-pip-version-check", "--no-input"]
    return None


def _ensured_pip(python, tried):
    tried.append("ensurepip")
    if subprocess.call([python, "-c", _RUN_MODULE, "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
        return _pip(python, [])
    return None


def _uv(python, tried):
    tried.append("uv")
    uv = _which("uv")
    return uv and [uv, "pip", "install", "--python", python]


def _check_import(python, name, where):
    if name is None:
        return
    code = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)"
    if subprocess.call([python, "-c", code, name], cwd="/", stderr=subprocess.DEVNULL) != 0:
        raise InstallFailed("%s was installed, but it provides no module %s" % (_shown(where), name))


def _without_secret(url):
    """git asks our one-line helper for the password, so that it stands in no argument vector."""
    from urllib.parse import unquote, urlsplit, urlunsplit

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.password is None:
        return url, {}
    login, host = parts.netloc.rpartition("@")[::2]
    user = login.split(":")[0]
    helper = '!f() { echo "password=$SREMOTE_GIT_PASSWORD"; }; f'
    return urlunsplit(parts._replace(netloc=(user + "@" if user else "") + host)), {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "credential.helper",
        "GIT_CONFIG_VALUE_0": helper,
        "SREMOTE_GIT_PASSWORD": unquote(parts.password),
    }


def _shown(url):
    import re

    return re.sub(r"//[^/@]*@", "//", url)


def _which(name):
    import shutil

    return shutil.which(name)


def _beside(what):
    import binascii

    return "%s/tmp/%s-%s" % (os.environ["SREMOTE_BASE"], what, binascii.hexlify(os.urandom(8)).decode())


def _remove(tree):
    import shutil

    shutil.rmtree(tree, ignore_errors=True)
