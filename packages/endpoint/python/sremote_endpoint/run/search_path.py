"""Makes the function's process look like a plain `python3`: its search path, its modules, its `__main__`."""
import os
import sys

from ..host.standard import PACKAGE, ROOT, give_way


class Hidden:
    """While entered, the endpoint's own modules cannot be seen by user code. `shown()` lets the endpoint import within."""

    def __init__(self):
        self.modules = {}
        self.finders = []

    def __enter__(self):
        self.finders = [finder for finder in sys.meta_path if hasattr(finder, PACKAGE)]
        sys.meta_path[:] = [finder for finder in sys.meta_path if not hasattr(finder, PACKAGE)]
        for name in [name for name in sys.modules if name == PACKAGE or name.startswith(PACKAGE + ".")]:
            self.modules[name] = sys.modules.pop(name)
        return self

    def __exit__(self, *_):
        sys.meta_path[:0] = self.finders
        sys.modules.update(self.modules)

    def shown(self):
        return _Shown(self)


class _Shown:
    def __init__(self, hidden):
        self.hidden = hidden

    def __enter__(self):
        self.hidden.__exit__()

    def __exit__(self, *_):
        self.hidden.__enter__()


def prepare(with_cwd, code):
    """Sets up `sys` for the function and returns the Hidden to run it in. `code`: directories that come first."""
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != ROOT or entry == ""]
    if sys.flags.no_site:
        _site()
    elif sys.flags.isolated or sys.flags.no_user_site:
        _user_site()
    if with_cwd:
        sys.path.insert(0, os.getcwd())
    sys.path[:0] = code
    sys.argv = [""]
    main = type(sys)("__main__")
    main.__dict__.update(__builtins__=sys.modules["builtins"], __annotations__={})
    sys.modules["__main__"] = main
    give_way()
    return Hidden()


def _site():
    """What `site` does at the start of an interpreter without -S and -I."""
    import site
    known = site.removeduppaths()
    site.abs_paths()
    known = site.venv(known)
    # In a virtual environment without the system's packages, venv() has already switched the user's off.
    if site.ENABLE_USER_SITE is not False and _wants_user_site():
        site.ENABLE_USER_SITE = True
        known = site.addusersitepackages(known)
    site.addsitepackages(known)
    for name in ("setquit", "setcopyright", "sethelper", "execsitecustomize"):
        getattr(site, name)()
    if site.ENABLE_USER_SITE:
        site.execusercustomize()


def _wants_user_site():
    return not os.environ.get("PYTHONNOUSERSITE") and os.getuid() == os.geteuid() and os.getgid() == os.getegid()


def _user_site():
    """Adds what -I left out, before the site-packages of the interpreter, where a plain interpreter has it."""
    import site
    if not sys.flags.isolated or not _wants_user_site() or sys.prefix != sys.base_prefix:
        return
    before = list(sys.path)
    site.ENABLE_USER_SITE = None
    directory = site.getusersitepackages()
    if directory in before or not os.path.isdir(directory):
        return
    site.addsitedir(directory)
    added = [entry for entry in sys.path if entry not in before]
    places = [before.index(entry) for entry in site.getsitepackages() if entry in before]
    place = min(places) if places else len(before)
    sys.path[:] = before[:place] + added + before[place:]
