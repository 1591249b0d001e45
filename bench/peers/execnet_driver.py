"""execnet over ssh: a loop on the host that calls what comes over a channel. `HOST SSH_CONFIG PYTHON`"""
import sys

import execnet
import execnet.gateway_io
from driver import KEY_EXCHANGE, serve

LOOP = """
import importlib
for module, function, args in channel:
    channel.send(getattr(importlib.import_module(module), function)(*args))
"""

with_compression = execnet.gateway_io.ssh_args


def without_compression(spec):
    # execnet always says -C, which nothing in a configuration file can take back.
    return [each for each in with_compression(spec) if each != "-C"]


class Execnet:
    def __init__(self, host, ssh_config, python):
        self.host = host
        self.ssh_config = ssh_config
        self.python = python
        self.group = None

    def open(self, compression, fair):
        execnet.gateway_io.ssh_args = with_compression if compression else without_compression
        ssh = "-o %s %s" % (KEY_EXCHANGE, self.host) if fair else self.host
        self.group = execnet.Group()
        gateway = self.group.makegateway("ssh=%s//ssh_config=%s//python=%s" % (ssh, self.ssh_config, self.python))
        self.channel = gateway.remote_exec(LOOP)

    @property
    def is_open(self):
        return self.group is not None

    def call(self, module, function, args):
        self.channel.send((module, function, args))
        return self.channel.receive()

    def outstanding(self, count):
        for _ in range(count):
            self.channel.send(("os", "getpid", ()))
        return [self.channel.receive() for _ in range(count)]

    def many(self, count):
        for number in range(count):
            self.channel.send(("builtins", "abs", (-number,)))
        return [self.channel.receive() for _ in range(count)]

    def binary(self, content):
        return content

    def close(self):
        self.group.terminate(timeout=5)
        self.group = None


serve(Execnet(*sys.argv[1:]))
