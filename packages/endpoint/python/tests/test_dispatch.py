import os
import sys

from tests.support import EndpointTest, request


class DispatchTest(EndpointTest):
    def test_functions_classes_and_dotted_names_are_called(self):
        self.assertEqual(self.value(self.call("os.path", "join", "a", "b")), "a/b")
        self.assertEqual(self.value(self.call("os", "path.join", "a", "b")), "a/b")
        self.assertEqual(self.value(self.call("pathlib", "Path.home")), self.home)
        self.assertEqual(self.value(self.call("collections", "OrderedDict.fromkeys", ["a"], 1)), {"a": 1})
        self.assertEqual(self.value(self.call("decimal", "Decimal", "1.50")), "1.50")
        self.assertEqual(self.value(self.call("builtins", "dict", kwargs={"a": 1})), {"a": 1})

    def test_coroutines_and_other_awaitables_are_awaited(self):
        text = ("import asyncio\n"
                "async def run(x):\n    await asyncio.sleep(0)\n    return x + 1\n"
                "class Later:\n    def __await__(self):\n        yield\n        return 'later'\n"
                "async def fail():\n    await asyncio.sleep(0)\n    raise KeyError('x')\n")
        self.assertEqual(self.value(self.script(text, "run", 1)), 2)
        self.assertEqual(self.value(self.script(text, "Later")), "later")
        error = self.script(text, "fail").error
        self.assertEqual((error["type"], [frame["function"] for frame in error["frames"]]), ("KeyError", ["fail"]))

    def test_an_unknown_module_is_not_found_and_says_how_to_install_it(self):
        for name in ("no_such_module_here", "no_such_module_here.part", "os.no_such", ".x", "a..b"):
            reply = self.call(name, "run")
            self.assertEqual((reply.outcome, reply.error["code"], reply.error["stage"]), ("not-run", "module-not-found", "import"), name)
            self.assertIn("installPackages", reply.error["hint"])

    def test_a_module_that_lacks_another_one_has_raised(self):
        reply = self.script("import no_such_module_here\ndef run(): pass\n")
        self.assertEqual((reply.outcome, reply.error["code"], reply.error["stage"]), ("raised", "raised", "import"))
        self.assertEqual(reply.error["type"], "ModuleNotFoundError")
        self.assertEqual(reply.error["frames"][-1]["source"], "import no_such_module_here")

    def test_an_unknown_function_names_near_ones(self):
        reply = self.call("os", "getenvv")
        self.assertEqual((reply.outcome, reply.error["code"]), ("not-run", "function-not-found"))
        self.assertIn("getenv", reply.error["names"])
        reply = self.call("os", "sep")
        self.assertEqual((reply.outcome, reply.error["code"]), ("not-run", "function-not-found"))
        self.assertIn("not a function but a str", reply.error["message"])

    def test_wrong_arguments_are_told_from_a_type_error_of_the_function(self):
        text = "def run(a, *, b=1):\n    return a()\ndef deep():\n    run()\n"
        for args, kwargs in (([], {}), ([1, 2], {}), ([1], {"c": 1})):
            reply = self.script(text, "run", *args, kwargs=kwargs)
            self.assertEqual((reply.outcome, reply.error["code"], reply.error["stage"]), ("not-run", "bad-arguments", "arguments"))
            self.assertIn("script.run(a, *, b=1)", reply.error["message"])
        self.assertEqual(self.script(text, "run", 1).outcome, "raised")
        self.assertEqual(self.script(text, "deep").outcome, "raised")
        self.assertEqual(self.call("math", "sqrt", "x").outcome, "raised")

    def test_a_syntax_error_shows_file_and_line(self):
        reply = self.script("def run():\n    return (\n")
        self.assertEqual((reply.outcome, reply.error["stage"], reply.error["type"]), ("raised", "import", "SyntaxError"))
        frame = reply.error["frames"][-1]
        self.assertEqual(frame["file"], self.home + "/work/script.py")
        self.assertGreaterEqual(frame["line"], 2)

    def test_the_traceback_has_file_line_function_and_source_and_no_frame_of_the_endpoint(self):
        reply = self.script("def inner():\n    raise ValueError('no')  # here\ndef run():\n    inner()\n")
        path = self.home + "/work/script.py"
        self.assertEqual(reply.error["frames"], [
            {"file": path, "line": 4, "function": "run", "source": "inner()"},
            {"file": path, "line": 2, "function": "inner", "source": "raise ValueError('no')  # here"},
        ])

    def test_g12_an_unserialisable_result_names_the_path_and_says_that_the_function_ran(self):
        reply = self.script("def run():\n    open('ran', 'w').close()\n    return {'items': [1, {'handler': lambda: 1}]}\n")
        self.assertEqual((reply.outcome, reply.error["code"], reply.error["stage"]), ("raised", "unserializable-result", "result"))
        self.assertEqual(reply.error["path"], "return.items[1].handler")
        self.assertIn("script.run ran", reply.error["message"])
        self.assertTrue(os.path.exists(self.home + "/work/ran"))
        self.assertEqual(self.value(self.call("os", "getpid", id="0" * 31 + "1")) > 0, True)
        reply = self.script("def run():\n    yield 1\n")
        self.assertIn("items()", reply.error["hint"])

    def test_user_code_sees_a_plain_interpreter(self):
        plain = "import sys, json; print(json.dumps(sys.path))"
        import json
        import subprocess
        environment = self.environment()
        out = subprocess.check_output([sys.executable, "-c", plain], env=environment, cwd=self.home)
        expected = json.loads(out.decode())[1:]
        text = ("import sys, os\ndef run():\n    import __main__\n"
                "    private = [n for n in sys.modules if n.startswith('sremote')]\n"
                "    return [sys.path, sys.argv, private, __main__.__name__, hasattr(__main__, 'main'), os.getcwd()]\n")
        for flags in ([], ["-I"], ["-S"], ["-I", "-S"]):
            path, argv, private, main, has_main, cwd = self.value(self.script(text, options={"flags": flags}))
            self.assertEqual(path, [self.home + "/work"] + expected, flags)
            self.assertEqual((argv, private, main, has_main, cwd), ([""], [], "__main__", False, self.home + "/work"))
        self.assertEqual(self.value(self.call("os", "getcwd")), self.home)
        self.assertEqual(self.call("sremote_endpoint.main", "main").error["code"], "module-not-found")

    def test_the_users_own_site_directory_is_found_like_in_a_plain_interpreter(self):
        directory = ".local/lib/python%d.%d/site-packages" % sys.version_info[:2]
        self.write(directory + "/only_for_me.py", "def run():\n    return 'mine'\n")
        for flags in ([], ["-I"], ["-I", "-S"]):
            self.assertEqual(self.value(self.call("only_for_me", "run", options={"flags": flags})), "mine")

    def test_pythonpath_counts_also_when_the_endpoint_itself_ignores_it(self):
        self.write("elsewhere/from_path.py", "def run():\n    return 'found'\n")
        env = self.environment(PYTHONPATH=self.home + "/elsewhere")
        self.assertEqual(self.value(self.call("from_path", "run", options={"env": env})), "found")

    def test_module_names_of_the_endpoint_do_not_shadow_the_users(self):
        self.write("work/frame.py", "def run():\n    return 'mine'\n")
        self.assertEqual(self.value(self.call("frame", "run", cwd="work")), "mine")

    def test_registered_modules_are_checked_before_the_function_runs(self):
        self.write("work/versioned.py", "__version__ = '1.2'\n")
        self.write("work/script.py", "def run():\n    open('ran', 'w').close()\n")
        reply = self.call("os", "getpid", cwd="work", modules={"versioned": None, "json": None})
        self.assertEqual(reply.header["modules"]["versioned"], "1.2")
        reply = self.call("script", "run", cwd="work", modules={"versioned": "1.3"})
        self.assertEqual((reply.outcome, reply.error["code"]), ("not-run", "module-version"))
        self.assertIn("1.2", reply.error["message"])
        # A package of such a name may be anybody's.
        self.assertRegex(reply.error["hint"], "^((?!versioned).)*if it is yours, ship it((?!versioned).)*$")
        reply = self.call("script", "run", cwd="work", modules={"no_such_module_here": None})
        self.assertEqual((reply.outcome, reply.error["code"]), ("not-run", "module-missing"))
        self.assertRegex(reply.error["hint"], "^((?!no_such).)*if it is yours, ship it((?!no_such).)*$")
        self.assertFalse(os.path.exists(self.home + "/work/ran"))

    def test_arguments_arrive_by_position_and_by_name(self):
        text = "def run(*args, **kwargs):\n    return [args, sorted(kwargs.items())]\n"
        value = self.value(self.script(text, "run", 1, "\u00e9", None, kwargs={"self": 1, "__proto__": {"a": 2}}))
        self.assertEqual(value, [[1, "\u00e9", None], [["__proto__", {"a": 2}], ["self", 1]]])
        reply = self.send(request("os", "getpid", args={"json": {"0": 1}}))
        self.assertEqual((reply.outcome, reply.error["code"]), ("not-run", "protocol-error"))
