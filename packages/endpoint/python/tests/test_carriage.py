import os
import stat
import subprocess
import sys

from tests.support import MARKER, SOURCE, EndpointTest, Reply, new_id, request


class CarriageTest(EndpointTest):
    def test_a_call_over_pipes_gives_the_marker_the_reply_and_nothing_else(self):
        status, out, err = self.run_raw(request("os", "getenv", ["HOME"]))
        self.assertEqual((status, err), (0, b""))
        self.assertTrue(out.startswith((MARKER[1] + MARKER[0]).encode()))
        reply = Reply(out[32:])
        self.assertEqual(self.value(reply), self.home)
        host = reply.header["host"]
        self.assertEqual(host["runtime"], "python")
        self.assertEqual(host["version"], "%d.%d.%d" % sys.version_info[:3])
        self.assertEqual((host["home"], host["base"], host["endpoint"]), (self.home, self.base, None))

    def test_without_a_marker_there_is_only_the_frame(self):
        status, out, _ = self.run_raw(request(), "call", "--base", self.base, "-", "-")
        self.assertEqual((status, out[:4]), (0, b"\x89SRM"))

    def test_standard_input_may_stay_open(self):
        process = self.start("call", "--base", self.base, "-", "-")
        process.stdin.write(request("os", "getenv", ["HOME"]) + b"what follows is not ours")
        process.stdin.flush()
        out = process.stdout.read()
        self.assertEqual(process.wait(), 0)
        self.assertEqual(Reply(out).value, self.home)

    def test_the_base_directory_is_dot_sremote_in_the_home_directory(self):
        self.run_raw(request(), "call", "-", "-")
        self.assertEqual(sorted(os.listdir(self.home + "/.sremote")), ["calls", "swept"])

    def test_files_the_request_is_removed_and_the_reply_appears_at_both_places(self):
        call_id = new_id()
        path = self.write("request", request("os", "getenv", ["HOME"], id=call_id))
        status, out, err = self.run_raw(b"", "call", "--base", self.base, path, self.home + "/reply")
        self.assertEqual((status, out, err), (0, b"", b""))
        self.assertFalse(os.path.exists(path))
        with open(self.home + "/reply", "rb") as mine, open("%s/calls/%s/reply" % (self.base, call_id), "rb") as stored:
            content = mine.read()
            self.assertEqual(content, stored.read())
        self.assertEqual(Reply(content).value, self.home)
        self.assertEqual(stat.S_IMODE(os.stat(self.home + "/reply").st_mode), 0o600)
        self.assertEqual(sorted(os.listdir(self.home)), [".sremote", "reply"])

    def test_a_reply_to_the_place_where_it_is_stored_anyway(self):
        call_id = new_id()
        path = "%s/calls/%s/reply" % (self.base, call_id)
        status, _, err = self.run_raw(request(id=call_id), "call", "--base", self.base, "-", path)
        self.assertEqual((status, err), (0, b""))
        with open(path, "rb") as file:
            self.assertEqual(Reply(file.read()).header["id"], call_id)

    def test_a_request_that_cannot_be_read_still_gets_a_reply_file(self):
        for request_path in (self.home + "/missing", self.write("bad", b"not a frame")):
            status, _, err = self.run_raw(b"", "call", "--base", self.base, request_path, self.home + "/reply")
            self.assertEqual((status, err), (0, b""))
            with open(self.home + "/reply", "rb") as file:
                reply = Reply(file.read())
            self.assertEqual((reply.outcome, reply.header["id"]), ("not-run", "0" * 32))
            os.unlink(self.home + "/reply")

    def test_wrong_arguments_and_an_undeliverable_reply_have_their_status(self):
        for arguments in ([], ["nothing"], ["call", "-"], ["call", "--base"], ["call", "--marker", "a"], ["install"]):
            process = self.start(*arguments)
            out, err = process.communicate()
            status = process.returncode
            self.assertEqual((status, out), (91, b""), arguments)
            self.assertEqual(err.count(b"\n"), 1)
        status, out, err = self.run_raw(request(), "call", "--base", self.base, "-", self.home + "/no/such/reply")
        self.assertEqual((status, out), (93, b""))
        self.assertIn(b"cannot be delivered", err)

    def test_the_reply_is_stored_when_the_client_has_gone(self):
        call_id = new_id()
        self.write("work/slow.py", "import sys\ndef run():\n    sys.stdin.read()\n    open('waiting', 'w').close()\n"
                                   "    while open('gone').read() == '': pass\n    return 'kept'\n")
        os.mkfifo(self.home + "/work/gone")
        process = self.start("call", "--base", self.base, "-", "-")
        process.stdin.write(request("slow", "run", id=call_id, cwd="work"))
        process.stdin.close()
        process.stdout.close()
        with open(self.home + "/work/gone", "w") as fifo:
            fifo.write("x")
        self.assertEqual(process.wait(), 93)
        with open("%s/calls/%s/reply" % (self.base, call_id), "rb") as file:
            self.assertEqual(Reply(file.read()).value, "kept")
        process.stdout = open(os.devnull)
        process.stdin = open(os.devnull)

    def test_g03_a_reply_stays_where_another_request_with_its_place_cannot_be_read(self):
        call_id = new_id()
        message = request("os", "getenv", ["HOME"], id=call_id)
        path = "%s/calls/%s/reply" % (self.base, call_id)
        self.run_raw(message)
        for question in (self.home + "/missing", self.write("damaged", message[:-1] + bytes([message[-1] ^ 1]))):
            status, out, err = self.run_raw(b"", "call", "--base", self.base, question, path)
            self.assertEqual((status, out, err.count(b"\n")), (93, b"", 1))
            with open(path, "rb") as file:
                self.assertEqual(Reply(file.read()).value, self.home)

    def test_g13_the_status_of_a_full_disk_says_that_nothing_ran(self):
        marks = self.write("work/marks", b"")
        self.write("work/marking.py", "def run(path):\n    with open(path, 'a') as f:\n        f.write('x')\n    return 1\n")
        message = request("marking", "run", [marks], id=new_id(), cwd="work")
        for frame, wanted in ((b"no frame at all, but long enough", 98), (message, 93)):
            command = ["sh", "-c", 'exec "$0" "$@" > /dev/full', sys.executable, "-I", "-S", SOURCE, "call", "--base", self.base, "-", "-"]
            ended = subprocess.run(command, input=frame, stderr=subprocess.DEVNULL, env=self.environment())
            self.assertEqual(ended.returncode, wanted)
        self.assertEqual(Reply(self.run_raw(message)[1][32:]).value, 1)
        with open(marks) as file:
            self.assertEqual(file.read(), "x")

    def test_g17_an_interpreter_that_is_too_old_says_so(self):
        # The oldest syntax is checked with the oldest interpreter at hand, a real one where there is one.
        old = os.path.expanduser("~/.pyenv/versions/2.7.18/bin/python2.7")
        if os.path.exists(old):
            process = subprocess.Popen([old, SOURCE, "call", "-", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            out, err = process.communicate()
            self.assertEqual((process.returncode, out), (96, b""))
            self.assertEqual(err, b"sremote-endpoint: python 2.7 is too old, 3.6 or later is needed\n")
        else:
            sys.stderr.write("left out, since it is not here: Python 2.7\n")
        code = ("import sys, runpy; sys.version_info = (3, 5, 2, 'final', 0); sys.argv = ['x', 'call', '-', '-'];"
                "runpy.run_path(%r, run_name='__main__')" % (SOURCE + "/__main__.py"))
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate()
        self.assertEqual((process.returncode, err), (96, b"sremote-endpoint: python 3.5 is too old, 3.6 or later is needed\n"))
