import os

from tests.session_client import SessionTest, wire

MIB = 1 << 20


class DataTest(SessionTest):
    def memory(self, pid):
        with open("/proc/%d/status" % pid) as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))

    def test_g35_large_attachments_go_both_ways_in_bounded_memory(self):
        client = self.session()
        supervisor = client.message(wire.WELCOME)["host"]["pid"]
        route = self.module("import os, array\ndef run(data):\n    return data\ndef size(data):\n    return len(data)\ndef make(n):\n    return bytes(n)\ndef pid():\n    return os.getpid()\n")
        worker = client.call("script", "pid", route=route).value
        before = self.memory(worker), self.memory(supervisor)
        data = os.urandom(MIB) * 32
        value = {"json": [{"index": 0}], "meta": {"values": {"0": [["custom", "bytes"]]}, "v": 1}}
        for size in (0, 1, 65000, 65536, 200000, 4 * MIB + 1, 32 * MIB):
            call = client.call("script", "run", args=value, attachments=[data[:size]], route=route)
            self.assertEqual(call.outcome, "value")
            self.assertEqual(bytes(call.attachments[0]), data[:size])
        call = client.call("script", "make", 64 * MIB, route=route)
        self.assertEqual(len(call.attachments[0]), 64 * MIB)
        # The frame and the value made of it; the supervisor holds what is on its way.
        self.assertLess(self.memory(worker) - before[0], 115 * MIB)
        self.assertLess(self.memory(supervisor) - before[1], 20 * MIB)

    def test_a_large_argument_holds_up_no_other_call(self):
        client = self.session(workers=2)
        route = self.module("import time\ndef run(data):\n    return len(data)\n")
        value = {"json": [{"index": 0}], "meta": {"values": {"0": [["custom", "bytes"]]}, "v": 1}}
        call = client.start("script", "run", args=value, attachments=[bytes(16 * MIB)], route=route)
        self.assertEqual(client.call("os", "getcwd").value, self.home)
        self.assertEqual(client.finish(call).value, 16 * MIB)

    def test_a_call_whose_request_stops_half_way_can_be_cancelled(self):
        client = self.session()
        pid = client.call("os", "getpid").value
        from sremote_endpoint.wire.frame import join_frame
        frame = b"".join(join_frame(b'{"type":"invoke","module":"os","function":"getpid","args":{"json":[]}}', [bytes(100000)]))
        for size in (10, 24, 100, 60000):
            client.next += 1
            from tests.session_client import Call
            call = client.calls[client.next] = Call(client.next)
            client.counted(wire.pack(wire.OPEN, call.number, b"\0\0" + frame[:size]))
            client.cancel(call)
            self.assertEqual(client.finish(call).outcome, "cancelled")
            self.assertEqual(client.call("os", "getpid").value, pid)

    def test_a_result_that_stops_half_way_is_void(self):
        client = self.session()
        route = self.module("import os\ndef run(n):\n    return b'x' * n\n")
        pid = client.call("os", "getpid", route=route).value
        client.acking = False
        for end in (lambda call: os.kill(pid, 9), client.cancel):
            call = client.start("script", "run", 32 * MIB, route=route)
            client.until(lambda: len(call.frames) > MIB)
            end(call)
            client.acking = True
            client.write(wire.pack(wire.ACK, payload=client.received.to_bytes(8, "little")))
            self.assertIn(client.finish(call).outcome, ("killed", "cancelled"))
            client.acking = False
            pid = client.call("os", "getpid", route=route).value
            client.write(wire.pack(wire.ACK, payload=client.received.to_bytes(8, "little")))

    def test_g19_a_damaged_frame_is_not_run(self):
        client = self.session()
        from sremote_endpoint.wire.frame import join_frame
        frame = b"".join(join_frame(b'{"type":"invoke","module":"os","function":"getpid","args":{"json":[]}}', []))
        for place in range(len(frame)):
            broken = bytearray(frame)
            broken[place] ^= 1
            call = client.finish(client.open(bytes(broken)))
            self.assertEqual((call.outcome, call.error["code"]), ("not-run", "protocol-error"), place)

    def test_g11_unread_output_is_held_by_the_function_and_not_in_memory(self):
        client = self.session()
        supervisor = client.message(wire.WELCOME)["host"]["pid"]
        route = self.module("import os\ndef run(n):\n    for i in range(n):\n        os.write(1, b'x' * 1048576)\n")
        client.call("os", "getcwd", route=route)
        before = self.memory(supervisor)
        call = client.start("script", "run", 100, route=route)
        client.finish(call)
        self.assertEqual(len(call.stdout), 100 * MIB)
        self.assertLess(self.memory(supervisor) - before, 16 * MIB)
