"""The programs that come with calls: snippets and what values show of themselves. In this process, on each interpreter."""
import sys
import unittest

from tests.support import SOURCE  # noqa: F401
from sremote_endpoint.programs.rich import Parts
from sremote_endpoint.programs.snippet import NOTHING, Snippets, evaluate
from sremote_endpoint.run.dispatch import Raised
from sremote_endpoint.wire.errors import Refusal
from sremote_endpoint.wire.limits import PART_BYTES, PARTS, REPR, SNIPPET_LINES
from sremote_endpoint.wire.value_encode import Encoder
from sremote_endpoint.wire.value_kinds import Attempt


def shown(value):
    parts = Parts()
    parts.show(value)
    return [(part["type"], part["data"]) for part in parts.parts], [(each["type"], each["reason"]) for each in parts.omitted]


class SnippetTest(unittest.TestCase):
    def setUp(self):
        self.names = {}
        self.snippets = Snippets(self.names)

    def test_the_value_is_that_of_a_last_expression(self):
        for source, value in (
            ("1 + 1", 2), ("x = 2\nx * 3", 6), ("x = 3", NOTHING), ("", NOTHING), ("# nothing", NOTHING), ("x;", NOTHING), ("None", None),
            ("def f():\n    return x\n\nf()", 3), ("for x in range(3):\n    x", NOTHING), ("'é'", "\xe9"),
        ):
            self.assertIs(type(self.snippets.run(source)), type(value), source)
            self.assertEqual(self.snippets.run(source), value, source)

    def test_the_indentation_of_the_first_line_is_taken_off(self):
        self.assertEqual(self.snippets.run("\n    x = 1\n    if x:\n        x = 2\n    x\n"), 2)
        self.assertEqual(self.snippets.run("\t'''a\n\tb'''"), "a\nb")

    def test_await_may_stand_outside_of_functions(self):
        if sys.version_info < (3, 8):
            with self.assertRaises(SyntaxError):
                self.snippets.run("await 1")
            return
        self.snippets.run("import asyncio\nasync def later(x):\n    await asyncio.sleep(0)\n    return x\n")
        self.assertEqual(self.snippets.run("y = await later(4)\nawait later(y + 1)"), 5)
        self.assertEqual(self.snippets.run("[each async for each in later_all()] if False else y"), 4)
        with self.assertRaises(ZeroDivisionError):
            self.snippets.run("await later(1)\n1/0")

    def test_future_imports_hold_for_later_snippets(self):
        self.snippets.run("from __future__ import barry_as_FLUFL")
        self.assertIs(self.snippets.run("1 <> 2"), True)

    def test_an_exit_is_an_exception_of_the_snippet(self):
        for source in ("import sys; sys.exit(3)", "raise SystemExit(3)"):
            with self.assertRaises(Raised) as caught:
                self.snippets.run(source)
            error = caught.exception.error
            self.assertEqual((type(error).__name__, issubclass(type(error), SystemExit), error.code), ("SystemExit", False, 3))

    def test_lines_are_kept_for_tracebacks_up_to_a_limit(self):
        import linecache
        self.snippets.run("def f():\n    1/0\n")
        self.assertEqual(linecache.getline("<snippet 1>", 2), "    1/0\n")
        self.snippets.run("'%s'" % ("x" * SNIPPET_LINES))
        self.assertEqual(linecache.getline("<snippet 1>", 2), "")
        self.assertNotEqual(linecache.getline("<snippet 2>", 1), "")

    def test_values_are_variables_and_must_be_used(self):
        self.assertEqual(evaluate("sorted(__0)[__1]", [3, 1, 2], -1), 3)
        self.assertEqual(evaluate("f'{__0}'", "x'; import os #"), "x'; import os #")
        self.assertIsNone(evaluate("x = 1"))
        for source in ("'__0'", "# __0", "__1"):
            with self.assertRaises(Refusal) as caught:
                evaluate(source, 1)
            self.assertIn("interpolated value 1", caught.exception.message)


class RichTest(unittest.TestCase):
    def test_a_value_shows_what_it_knows_of(self):
        class Table:
            def _repr_html_(self):
                return "<b>1</b>"

            def _repr_markdown_(self):
                return "**1**", {"metadata": 1}

            def _repr_png_(self):
                return b"\x89PNG"

            def __repr__(self):
                return "Table"

        self.assertEqual(shown(Table()), ([
            ("text/html", "<b>1</b>"), ("text/markdown", "**1**"), ("image/png", b"\x89PNG"), ("text/plain", "Table")], []))

    def test_a_bundle_says_all_at_once(self):
        class Plot:
            def _repr_mimebundle_(self, include=None, exclude=None):
                return {"image/png": "iVBORw==", "application/vnd.plot+json": {"a": [1]}, "text/plain": "P", "x/y": 3}, {}

            def _repr_png_(self):
                raise AssertionError("was asked although the bundle has it")

            def __repr__(self):
                return "plot"

        parts, omitted = shown(Plot())
        self.assertEqual([parts[0], parts[2]], [("image/png", b"\x89PNG"), ("text/plain", "plot")])
        self.assertEqual((parts[1][0], parts[1][1].value), ("application/vnd.plot+json", {"a": [1]}))
        self.assertEqual(omitted, [("x/y", "a int is neither text nor bytes")])

    def test_what_raises_is_told(self):
        class Bad:
            def _repr_html_(self):
                raise ValueError("no")

            def _repr_png_(self):
                return "not base64"

            @property
            def _repr_svg_(self):
                raise SystemExit

            def __repr__(self):
                return 3

        parts, omitted = shown(Bad())
        self.assertEqual(parts, [])
        self.assertEqual([kind for kind, _ in omitted], ["text/html", "image/png", "text/plain"])
        self.assertEqual(omitted[0][1], "_repr_html_ raised ValueError: no")
        self.assertIn("__repr__ raised TypeError", omitted[2][1])

    def test_a_class_and_what_answers_to_any_name_show_their_text_alone(self):
        from unittest.mock import MagicMock

        class Any(type):
            def __getattr__(cls, name):
                return lambda *_: "x"

        for value in (MagicMock(), Any("Made", (), {})(), Any("Made", (), {})):
            self.assertEqual([kind for kind, _ in shown(value)[0]], ["text/plain"])

    def test_parts_have_limits(self):
        parts, omitted = shown("x" * (REPR + 10))
        self.assertEqual(len(parts[0][1]), REPR)

        class Large:
            def _repr_html_(self):
                return "x" * (PART_BYTES + 1)

        parts, omitted = shown(Large())
        self.assertEqual(([kind for kind, _ in parts], omitted[0][0]), (["text/plain"], "text/html"))
        self.assertIn("are too many", omitted[0][1])
        many = Parts()
        for each in range(3 * PARTS):
            many.show(each)
        self.assertEqual((len(many.parts), len(many.omitted)), (PARTS, PARTS))

    def test_the_text_of_a_large_value_is_not_all_of_it(self):
        for value, start in ((list(range(10 ** 6)), "[0, 1, 2"), ({str(each): each for each in range(10 ** 5, 0, -1)}, "{'100000': 100000, "),
                             ([["x" * 10 ** 6] * 100] * 100, "[['xxx")):
            (kind, text), = shown(value)[0]
            self.assertTrue(text.startswith(start), text[:40])
            self.assertLess(len(text), REPR + 1)
        self.assertEqual(shown([1, {"b": 2, "a": (1,)}])[0], [("text/plain", "[1, {'b': 2, 'a': (1,)}]")])


class AttemptTest(unittest.TestCase):
    def encode(self, value):
        attachments = []
        wire = Encoder(attachments).encode({"before": b"1", "result": Attempt(value), "after": b"2"}, "return")
        return wire["json"]["result"], attachments

    def test_a_value_that_can_travel_does(self):
        self.assertEqual(self.encode([1, b"x"]), ({"value": [1, {"index": 1}]}, [b"1", b"x", b"2"]))

    def test_one_that_cannot_is_told_of_and_leaves_nothing(self):
        deep = []
        for _ in range(200):
            deep = [deep]
        loop = []
        loop.append(loop)

        class Raises(dict):
            def items(self):
                raise ValueError("x")

        for value, problem in (
            ([b"x", {"a": object()}], "value[1].a: a object cannot travel"), (deep, "too deep"), (loop, "contains itself"),
            (Raises(a=1), "reading it raised ValueError"), ([b"x"] * 3000, "of too many arrays"),
        ):
            found, attachments = self.encode(value)
            self.assertEqual(list(found), ["problem"])
            self.assertIn(problem, found["problem"])
            self.assertEqual(attachments, [b"1", b"2"])


if __name__ == "__main__":
    unittest.main()
