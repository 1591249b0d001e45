"""rpyc in its classic mode over the standard streams of an ssh process. `HOST SSH_CONFIG PYTHON`

Its own way over ssh (zerodeploy) copies rpyc to the host and listens on a port there. Here the copy lies in `rpyc-host` of the account already.
"""
import sys

import rpyc
from driver import KEY_EXCHANGE, serve
from rpyc.core.service import ClassicService
from rpyc.utils.factory import connect_subproc

SERVER = "import sys; sys.path.insert(0, 'rpyc-host'); import rpyc; rpyc.classic.connect_stdpipes().serve_all(); sys.stdout = sys.__stdout__"


class Rpyc:
    def __init__(self, host, ssh_config, python):
        self.command = ["ssh", "-F", ssh_config]
        self.host = host
        self.python = python
        self.connection = None

    def open(self, compression, fair):
        options = ["-C"] if compression else []
        if fair:
            options += ["-o", KEY_EXCHANGE]
        self.connection = connect_subproc(
            self.command + options + [self.host, '%s -c "%s"' % (self.python, SERVER)], service=ClassicService
        )
        self.functions = {}

    @property
    def is_open(self):
        return self.connection is not None

    def function(self, module, name):
        # A user keeps the proxy of a function that is called often.
        if (module, name) not in self.functions:
            self.functions[module, name] = getattr(self.connection.modules[module], name)
        return self.functions[module, name]

    def call(self, module, function, args):
        return self.function(module, function)(*args)

    def outstanding(self, count):
        begin = rpyc.async_(self.function("os", "getpid"))
        answers = [begin() for _ in range(count)]
        return [answer.value for answer in answers]

    def many(self, count):
        begin = rpyc.async_(self.function("builtins", "abs"))
        answers = [begin(-number) for number in range(count)]
        return [answer.value for answer in answers]

    def binary(self, content):
        return content

    def close(self):
        self.functions = {}
        self.connection.close()
        self.connection.proc.stdin.close()
        self.connection.proc.wait(10)
        self.connection = None


serve(Rpyc(*sys.argv[1:]))
