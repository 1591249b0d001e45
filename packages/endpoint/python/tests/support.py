"""Runs the real endpoint, as a real process, with the interpreter that runs the tests."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, SOURCE)

from sremote_endpoint.wire.frame import join_frame, split_frame  # noqa: E402
from sremote_endpoint.wire.value_decode import Attachments  # noqa: E402
from tests.reply_check import check_reply  # noqa: E402

ROOT = os.path.realpath(os.path.join(SOURCE, "../../.."))
MARKER = ("0123456789abcdef", "fedcba9876543210")


def new_id():
    return os.urandom(16).hex()


def request(module="os", function="getpid", args=(), attachments=(), **members):
    """The frame of a call. `args` are plain JSON unless they are given as a value."""
    header = {"type": "call", "protocol": 1, "id": new_id(), "module": module, "function": function,
              "args": args if isinstance(args, dict) else {"json": list(args)}}
    if isinstance(members.get("kwargs"), dict) and "json" not in members["kwargs"]:
        members["kwargs"] = {"json": members["kwargs"]}
    header.update(members)
    return b"".join(join_frame(json.dumps(header).encode(), list(attachments)))


_made = {}


def make_payload(maker="packPython"):
    """A payload, made of the sources as they are by the script that makes it for clients."""
    if maker not in _made:
        program = "import { %s } from %s; process.stdout.write(%s(%s));" % (maker, json.dumps(ROOT + "/scripts/pack-python.ts"), maker, json.dumps(SOURCE))
        node = ROOT + "/node_modules/.bin/node"
        command = [node if os.path.exists(node) else "node", "--input-type=module", "--disable-warning=ExperimentalWarning", "-e", program]
        _made[maker] = subprocess.check_output(command)
    return _made[maker]


class Reply:
    def __init__(self, frame):
        header, self.attachments = split_frame(bytearray(frame))
        self.header = json.loads(header.decode())
        check_reply(self.header, Attachments(self.attachments))
        self.outcome = self.header["outcome"]
        self.error = self.header.get("error")
        self.value = self.header.get("value", {}).get("json")

    def output(self, name):
        return bytes(self.attachments[self.header[name]["index"]])

    @property
    def stdout(self):
        return self.output("stdout")

    @property
    def stderr(self):
        return self.output("stderr")


class EndpointTest(unittest.TestCase):
    """Each test has a home directory with its own base, and looks for what it left running at its end."""

    maxDiff = None

    def setUp(self):
        self.home = os.path.realpath(tempfile.mkdtemp(prefix="sremote-test-"))
        self.addCleanup(shutil.rmtree, self.home, True)
        self.base = self.home + "/.sremote"

    def environment(self, **changes):
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        env.update(HOME=self.home, **changes)
        return env

    def write(self, name, text):
        path = os.path.join(self.home, name)
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path))
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode("utf-8"))
        return path

    def start(self, *arguments, **options):
        flags = options.pop("flags", ["-I", "-S"])
        options.setdefault("env", self.environment())
        program = options.pop("program", [SOURCE])
        process = subprocess.Popen([sys.executable] + flags + program + list(arguments),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        self.addCleanup(self._end, process)
        return process

    @staticmethod
    def _end(process):
        if process.poll() is None:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()

    def run_raw(self, frame, *arguments, **options):
        """(exit status, standard output, standard error) of `call`."""
        if not arguments:
            arguments = ("call", "--base", self.base, "--marker") + MARKER + ("-", "-")
        process = self.start(*arguments, **options)
        out, err = process.communicate(frame, timeout=60)
        return process.returncode, out, err

    def send(self, frame, **options):
        """The reply to a frame over pipes."""
        status, out, err = self.run_raw(frame, **options)
        self.assertEqual((status, err), (0, b""))
        head = (MARKER[1] + MARKER[0]).encode()
        self.assertEqual(out[:len(head)], head)
        return Reply(out[len(head):])

    def call(self, module, function, *args, **members):
        options = members.pop("options", {})
        return self.send(request(module, function, args, **members), **options)

    def script(self, text, function="run", *args, **members):
        """Calls a function of a module with this text, which lies in the working directory of the call."""
        # Two texts of one size in one second would share a compiled file.
        shutil.rmtree(self.home + "/work/__pycache__", True)
        self.write("work/script.py", text)
        return self.call("script", function, *args, cwd="work", **members)

    def value(self, reply):
        self.assertEqual(reply.outcome, "value", reply.error)
        return reply.value


def wait_for(condition, seconds=20.0):
    """Polls with a deadline; for what no event can be awaited for: processes of others, files of others."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError("did not happen within %g s" % seconds)
        time.sleep(0.01)


def is_running(pid):
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except (FileNotFoundError, ProcessLookupError):
        return False
