"""mitogen over ssh, set up as its documentation recommends: one broker and router, a context for the host. `HOST SSH_CONFIG PYTHON`"""
import importlib
import sys

import mitogen.core
import mitogen.master
from driver import KEY_EXCHANGE, serve


class Mitogen:
    def __init__(self, host, ssh_config, python):
        self.host = host
        self.ssh_config = ssh_config
        self.python = python
        self.router = mitogen.master.Router(mitogen.master.Broker())
        self.context = None

    def open(self, compression, fair):
        options = ["-F", self.ssh_config]
        if fair:
            options += ["-o", KEY_EXCHANGE]
        self.context = self.router.ssh(
            hostname=self.host, python_path=self.python, compression=compression, ssh_args=options
        )

    @property
    def is_open(self):
        return self.context is not None

    def call(self, module, function, args):
        return self.context.call(getattr(importlib.import_module(module), function), *args)

    def outstanding(self, count):
        import os

        receivers = [self.context.call_async(os.getpid) for _ in range(count)]
        return [receiver.get().unpickle() for receiver in receivers]

    def many(self, count):
        receivers = [self.context.call_async(abs, -number) for number in range(count)]
        return [receiver.get().unpickle() for receiver in receivers]

    def binary(self, content):
        # Bytes pass as this type; plain ones are pickled as text.
        return mitogen.core.Blob(content)

    def close(self):
        self.context.shutdown(wait=True)
        self.context = None


serve(Mitogen(*sys.argv[1:]))
