import sys

from tests.support import EndpointTest


class FailureTest(EndpointTest):
    def error(self, text):
        reply = self.script(text)
        self.assertEqual(reply.outcome, "raised", reply.error)
        return reply.error

    def test_type_module_message_and_cause_chain(self):
        error = self.error("class Odd(ValueError): pass\ndef run():\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        raise Odd('odd') from e\n")
        self.assertEqual((error["type"], error["module"], error["message"], error["code"]), ("Odd", "script", "odd", "raised"))
        self.assertEqual(error["cause"]["type"], "ZeroDivisionError")
        self.assertEqual(error["cause"]["frames"][0]["source"], "1 / 0")
        self.assertNotIn("context", error)

    def test_context_is_given_unless_suppressed(self):
        text = "def run():\n    try:\n        1 / 0\n    except ZeroDivisionError:\n        raise KeyError('k')%s\n"
        self.assertEqual(self.error(text % "")["context"]["type"], "ZeroDivisionError")
        suppressed = self.error(text % " from None")
        self.assertNotIn("context", suppressed)
        self.assertNotIn("cause", suppressed)

    def test_exceptions_that_misbehave_are_told_safely(self):
        for text, message in (
            ("class E(Exception):\n    def __str__(self): raise RuntimeError\ndef run(): raise E\n", "(the message cannot be read: __str__ raised RuntimeError)"),
            ("class E(Exception):\n    def __str__(self): return 5\ndef run(): raise E\n", "(the message cannot be read: __str__ raised TypeError)"),
            ("class E(Exception):\n    def __str__(self): raise SystemExit\ndef run(): raise E\n", "(the message cannot be read: __str__ raised SystemExit)"),
            ("class S(str):\n    def __len__(self): return 0\nclass E(Exception):\n    def __str__(self): return S('s')\ndef run(): raise E\n", "s"),
            ("def run(): raise ValueError('\\ud800')\n", "\ud800"),
        ):
            self.assertEqual(self.error(text)["message"], message)

    def test_huge_messages_are_cut(self):
        self.assertEqual(self.error("def run(): raise ValueError('x' * 65536)\n")["message"], "x" * 65536)
        self.assertEqual(self.error("def run(): raise ValueError('x' * 10 ** 7)\n")["message"], "x" * 65536 + "\u2026")

    def test_deep_stacks_keep_the_first_and_last_50_frames(self):
        error = self.error("def run(n=300):\n    if n == 0:\n        raise ValueError\n    run(n - 1)\n")
        self.assertEqual(len(error["frames"]), 100)
        self.assertEqual((error["frames"][0]["line"], error["frames"][-1]["line"]), (4, 3))
        error = self.error("def run():\n    run()\n")
        self.assertEqual((error["type"], len(error["frames"])), ("RecursionError", 100))

    def test_deep_and_circular_cause_chains_end(self):
        text = "def run():\n    error = ValueError(0)\n    for n in range(1, 500):\n        e = ValueError(n)\n        e.__cause__ = error\n        error = e\n    raise error\n"
        error, depth = self.error(text), 1
        while "cause" in error:
            error, depth = error["cause"], depth + 1
        self.assertEqual(depth, 16)
        error = self.error("def run():\n    a, b = ValueError('a'), ValueError('b')\n    a.__cause__, b.__cause__ = b, a\n    raise a\n")
        self.assertEqual((error["cause"]["message"], "cause" in error["cause"]), ("b", False))

    def test_notes_and_groups_where_there_are_any(self):
        if sys.version_info >= (3, 11):
            error = self.error("def run():\n    e = ExceptionGroup('g', [ValueError('a'), KeyError('b')])\n    e.add_note('see here')\n    raise e\n")
            self.assertEqual([inner["type"] for inner in error["exceptions"]], ["ValueError", "KeyError"])
            self.assertEqual(error["notes"], ["see here"])
        else:
            self.assertNotIn("notes", self.error("def run():\n    e = ValueError()\n    e.__notes__ = 5\n    raise e\n"))

    def test_arguments_and_variables_are_never_part_of_a_failure(self):
        self.write("work/script.py", "def run(secret):\n    hidden = secret + 'x'\n    raise ValueError('no')\n")
        reply = self.call("script", "run", "canary-77", cwd="work")
        self.assertNotIn("canary-77", repr(reply.header))
