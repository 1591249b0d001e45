# The package as it is in the payload: all modules lie in one compressed member, which is a third smaller than one by one.
import sys
import zipimport

_archive = __path__[0].rpartition("/")[0]


def _read():
    data = zipimport.zipimporter(_archive).get_data(_archive + "/modules")
    members = {}
    while data:
        head, _, data = data.partition(b"\n")
        name, size = head.decode().split(" ")
        members[name], data = data[:int(size)], data[int(size):]
    return members


class _Modules:
    def __init__(self):
        self.members = _read()

    def find_spec(self, name, path=None, target=None):
        member = name.rpartition(".")[2] + ".py"
        # Another copy of the package, the installed one for instance, is not ours to serve.
        if not path or path[0] != __path__[0] or not name.startswith(__name__ + ".") or member not in self.members:
            return None
        spec = type(__spec__)(name, self, origin=__path__[0] + "/" + member)
        spec.has_location = True
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(compile(self.get_source(module.__name__), module.__file__, "exec"), module.__dict__)

    def get_source(self, name):
        return self.members[name.rpartition(".")[2] + ".py"].decode()


sys.meta_path.append(_Modules())
