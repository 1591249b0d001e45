import hashlib
import json
import os
import shutil
import subprocess
import sys

from sremote_endpoint.run import packages
from tests.support import SOURCE, EndpointTest, Reply, make_payload, request


def another(payload):
    """Another payload that does the same: with a comment at the end of the zip."""
    return payload[:-2] + b"\x07\x00another"


class InstallerTest(EndpointTest):
    def test_an_installer_is_run_without_what_lies_in_the_working_directory(self):
        for name in ("json", "argparse", "runpy", "codecs", "re"):
            self.write("work/%s.py" % name, "raise SystemExit('the one of the working directory')")
        command = [sys.executable, "-c", packages._RUN_MODULE, "json.tool", "--help"]
        out = subprocess.run(command, cwd=self.home + "/work", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20).stdout
        self.assertIn(b"usage:", out)


class InstallTest(EndpointTest):
    def setUp(self):
        EndpointTest.setUp(self)
        self.payload = make_payload()
        self.path = self.write("payload.pyz", self.payload)
        self.target = "%s/endpoint/%s" % (self.base, hashlib.sha256(self.payload).hexdigest())

    def install(self, path=None, program=None):
        process = self.start("install", "--base", self.base, path or self.path, program=program or [SOURCE])
        out, err = process.communicate(timeout=60)
        return process.returncode, out.decode(), err.decode()

    def check_intact(self):
        with open(self.target + "/payload.pyz", "rb") as file:
            self.assertEqual(file.read(), self.payload)
        self.assertLess(len(self.payload), 48000)
        self.assertEqual(os.listdir(self.base + "/tmp"), [])
        self.assertEqual(os.listdir(self.base + "/endpoint"), [os.path.basename(self.target)])
        for directory, directories, names in os.walk(self.base):
            # What the interpreter itself caches lies in directories that are closed.
            for name in directories + names:
                if "__pycache__" not in os.path.join(directory, name):
                    self.assertEqual(os.lstat(os.path.join(directory, name)).st_mode & 0o077, 0, name)

    def test_an_installed_endpoint_runs_calls_and_knows_its_digest(self):
        self.assertEqual(self.install(), (0, self.target + "\n", ""))
        self.check_intact()
        reply = self.call("os", "getenv", "HOME", options={"program": [self.target]})
        self.assertEqual(self.value(reply), self.home)
        self.assertEqual(reply.header["host"]["endpoint"], os.path.basename(self.target))
        self.check_intact()
        reply = self.call("os", "getenv", "X", env=[["X", "y", False]], options={"program": [self.target + "/payload.pyz"]})
        self.assertEqual((self.value(reply), reply.header["host"]["endpoint"]), ("y", os.path.basename(self.target)))

    def test_the_payload_runs_calls_from_the_zip_and_hides_itself(self):
        self.assertEqual(self.value(self.call("os", "getenv", "X", env=[["X", "y", False]], options={"program": [self.path]})), "y")
        reply = self.script("def run():\n    import sremote_endpoint\n", options={"program": [self.path]})
        self.assertEqual((reply.error["type"], len(reply.error["frames"])), ("ModuleNotFoundError", 1))
        reply = self.script("def run():\n    return {1: [b'x', float('nan')]}\n", options={"program": [self.path]})
        self.assertEqual(reply.outcome, "value")

    def test_it_installs_itself_from_the_zip(self):
        self.assertEqual(self.install(program=[self.path]), (0, self.target + "\n", ""))
        self.check_intact()

    def test_g22_twenty_racing_installs_leave_one_intact_and_no_litter(self):
        racers = [self.start("install", "--base", self.base, self.path) for _ in range(20)]
        done = [process.communicate(timeout=120) for process in racers]
        self.assertEqual([process.returncode for process in racers], [0] * 20, done)
        self.assertEqual(set(done), {((self.target + "\n").encode(), b"")})
        self.check_intact()

    def test_an_intact_install_is_left_alone_and_a_damaged_one_replaced(self):
        self.install()
        inode = os.stat(self.target).st_ino
        self.install()
        self.assertEqual(os.stat(self.target).st_ino, inode)
        for damage in (lambda: os.unlink(self.target + "/payload.pyz"),
                       lambda: open(self.target + "/__main__.py", "w").close(),
                       lambda: os.truncate(self.target + "/payload.pyz", 100)):
            damage()
            self.assertEqual(self.install()[0], 0)
            self.check_intact()

    def test_g07_an_intact_install_where_others_may_write_is_refused(self):
        self.install()
        os.chmod(self.target, 0o777)
        status, out, err = self.install()
        self.assertEqual((status, out), (97, ""))
        self.assertIn("may be written by others", err)

    def test_versions_lie_side_by_side(self):
        self.install()
        other = self.write("other.pyz", another(self.payload))
        self.assertEqual(self.install(other)[0], 0)
        self.assertEqual(len(os.listdir(self.base + "/endpoint")), 2)
        self.assertEqual(self.value(self.call("os", "getenv", "HOME", options={"program": [self.target]})), self.home)

    def test_what_is_no_payload_of_ours_is_refused(self):
        for content in (b"", b"not a zip", self.payload[:1000], b"PK" + bytes(100)):
            status, out, err = self.install(self.write("bad", content))
            self.assertEqual((status, out), (95, ""), err)
        self.assertEqual(os.listdir(self.base + "/tmp"), [])

    def test_an_installing_endpoint_that_is_killed_leaves_no_install_that_looks_whole(self):
        process = self.start("unpacked", "install", "--base", self.base, self.path, program=[SOURCE + "/tests/drive.py"], flags=["-I"])
        self.assertEqual(process.wait(), -9)
        self.assertFalse(os.path.exists(self.target))
        self.assertEqual(self.install()[0], 0)
        self.assertTrue(os.path.exists(self.target + "/payload.pyz"))

    def test_upgrading_does_not_disturb_a_running_call(self):
        self.install()
        os.mkfifo(self.home + "/go")
        self.write("work/slow.py", "import sys\ndef run():\n    open('../go').read()\n    raise KeyError(1)\n")
        process = self.start("call", "--base", self.base, "-", "-", program=[self.target])
        process.stdin.write(request("slow", "run", cwd="work"))
        process.stdin.close()
        with open(self.home + "/go", "w"):
            self.install(self.write("other.pyz", another(self.payload)))
        self.assertEqual(Reply(process.stdout.read()).error["type"], "KeyError")


class ProbeTest(EndpointTest):
    def probe(self, *arguments):
        process = self.start("probe", "--base", self.base, *arguments)
        out, err = process.communicate()
        self.assertEqual((process.returncode, err), (0, b""))
        return out

    def test_the_probe_tells_the_facts_behind_the_marker(self):
        out = self.probe("--marker", "aaaa", "bbbb")
        self.assertTrue(out.startswith(b"bbbbaaaa{"))
        facts = json.loads(out[8:].decode())
        self.assertEqual(facts["executable"], sys.executable)
        self.assertEqual((facts["home"], facts["base"]["path"], facts["base"]["exists"]), (self.home, self.base, False))
        self.assertGreater(facts["base"]["freeBytes"], 0)
        self.assertGreaterEqual(facts["cpus"], 1)
        self.assertEqual(facts["commands"]["sbatch"], shutil.which("sbatch"))

    def test_the_probe_makes_nothing_and_counts_waiting_calls(self):
        self.probe()
        self.assertEqual(os.listdir(self.home), [])
        self.call("os", "getpid")
        self.assertEqual(json.loads(self.probe().decode())["base"]["callsWaiting"], 1)
        os.chmod(self.base, 0o777)
        base = json.loads(self.probe().decode())["base"]
        self.assertEqual(base["safe"], False)
        self.assertIn("written by others", base["problem"])

    def test_the_probe_sees_a_file_system_that_is_noexec(self):
        if os.geteuid() == 0:
            os.mkdir(self.base, 0o700)
            subprocess.check_call(["mount", "-t", "tmpfs", "-o", "size=1m,noexec,mode=0700", "tmpfs", self.base])
            self.addCleanup(subprocess.check_call, ["umount", "-l", self.base])
            self.assertEqual(json.loads(self.probe().decode())["base"]["noexec"], True)
